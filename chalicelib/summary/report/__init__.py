"""The report: what the director reads at 08:00, as a page and as a workbook.

Both are pure functions of a `Report`: the final summary of a day, of today up to the last final hour, or of another
window that somebody asked for, and what it is set beside. All of that is named by key and digest and printed at the
report's foot, so that each number can be traced to the file it stands in. No clock is asked; the same report gives the
same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

import msgspec
from msgspec import Struct

from chalicelib.passage.hour import LOCAL, moment, on_the_clock
from chalicelib.summary import alarms
from chalicelib.summary.alarms import Alarm
from chalicelib.summary.document import Reference, Summary
from chalicelib.summary.reconciliation import Reconciliation
from chalicelib.summary.trend import WEEK, Measures, Trend, Trended, Week

Measure = Literal["passages", "vehicles", "travellers", "from_key_regions", "key_region_stay", "fever"]
MEASURES: tuple[Measure, ...] = ("passages", "vehicles", "travellers", "from_key_regions", "key_region_stay", "fever")
"""What is followed from day to day: the fields of `Measures`."""

HOURS = tuple(f"{hour:02d}" for hour in range(24))

SHOWN = 60
"""Checkpoints that the page lists at most; alarms, too."""


class TooManyRows(ValueError):
    """A table has more rows than a sheet of the workbook holds; says which and how many. The CSV has them all."""


class CityAlone(Struct, frozen=True):
    """What is read of a summary that is only set beside another one: of its checkpoints, when each had its last
    passage."""

    city: CityNumbers
    begins: str = msgspec.field(name="from")
    ends: str = msgspec.field(name="until")
    expired: bool = False
    key_regions_versions: tuple[int, ...] = ()
    fever_from: tuple[int, ...] = ()
    checkpoints: dict[str, LastSeen] = {}


class LastPassage(Struct, frozen=True):
    """Of a checkpoint's counts, what its silence wants."""

    last_passage_at: str | None = None


class LastSeen(Struct, frozen=True):
    """A checkpoint, likewise."""

    counts: LastPassage


class CityNumbers(Struct, frozen=True):
    """The city's counts, as far as they are compared."""

    passages: int
    vehicles: int
    travellers: int
    from_key_regions: int
    key_region_stay: int
    fever: int
    by: dict[str, dict[str, int]] = {}

    @property
    def measures(self) -> Measures:
        return Measures(*(getattr(self, name) for name in MEASURES))


class Beside(Struct, frozen=True):
    """A summary that is set beside the one shown."""

    content: CityAlone
    source: Reference

    @property
    def day(self) -> date:
        """The day (Asia/Shanghai) that it begins in."""
        return moment(self.content.begins).astimezone(LOCAL).date()


class Differing(Struct, frozen=True):
    """A check that found a difference."""

    content: Reconciliation
    source: Reference


decode_beside = msgspec.json.Decoder(CityAlone).decode


class Report(Struct, frozen=True, kw_only=True, dict=True):
    """What a report is made of. What is None, or empty, was not there, and the report says so."""

    summary: Summary
    source: Reference
    """The summary that is shown."""
    operation: Beside | None = None
    """The operation so far: up to the end of what is shown, or later."""
    trend: Trend | None = None
    """Of the days up to the one before, or with the one that is shown."""
    trend_source: Reference | None = None
    before: tuple[Beside, ...] = ()
    """The whole days before, at most seven, the last one first; what is not whole, or not there, is left out, and so is
    a day on which nobody came."""
    reconciliation: Reconciliation | None = None
    """The daily check, which counts the table again without the summaries: that of the day shown, else the last."""
    reconciliation_source: Reference | None = None
    differing: tuple[Differing, ...] = ()
    """The checks of other days that found a difference, which stands."""

    @property
    def whole(self) -> bool:
        """Whether the day that is shown is over."""
        return self.summary.window == "day"

    @property
    def compared(self) -> bool:
        """Whether it is set beside days before: a day is, and today so far. An hour, several days and the operation
        stand alone."""
        return self.summary.window in ("day", "today")

    @property
    def single(self) -> bool:
        """Whether it shows a file that has revisions; several days are made of several."""
        return self.summary.window != "days"

    @property
    def begins(self) -> datetime:
        return moment(self.summary.begins).astimezone(LOCAL)

    @property
    def ends(self) -> datetime:
        return moment(self.summary.ends).astimezone(LOCAL)

    @property
    def day(self) -> date:
        """The day that is shown: of a longer window, the last one."""
        return (self.ends - timedelta(microseconds=1)).date()

    @property
    def sources(self) -> tuple[Reference, ...]:
        """All that the report is made of, the summary that is shown first."""
        rest = [
            *(() if self.single else self.summary.merged_from),
            self.operation and self.operation.source,
            self.trend_source,
            *(each.source for each in self.before),
            self.reconciliation_source,
            *(each.source for each in self.differing),
        ]
        return (self.source, *(each for each in rest if each))

    @property
    def yesterday(self) -> Beside | None:
        """The whole day before the one that is shown."""
        return next((each for each in self.before if each.day == self.day - timedelta(days=1)), None)

    @property
    def hours(self) -> int:
        """How many hours of the day are in it: those before 08:00 are 8."""
        return 24 if self.ends.date() != self.day else self.ends.hour

    @property
    def clock(self) -> frozenset[int]:
        """The hours of the day, 0 to 23, that the window has a part of; the others are not known, which is not 0."""
        return on_the_clock(self.begins, self.ends)

    def until_then(self, beside: Beside, subject: str) -> int | None:
        """The sum of `passage_by_hour` or `traveller_by_hour` of a day before, up to the same hour: mornings are set
        beside mornings. None where that summary does not tell its hours."""
        by_hour = beside.content.city.by.get(subject)
        if not by_hour:
            return None
        return sum(by_hour.get(hour, 0) for hour in HOURS[: self.hours])

    def week_until_then(self, subject: str) -> tuple[int, int]:
        """The sum of that over the days before, and over how many."""
        known = [number for each in self.before if (number := self.until_then(each, subject)) is not None]
        return sum(known), len(known)

    def week(self, measure: Measure) -> tuple[int, int]:
        """The sum of whole days before, and over how many."""
        return sum(getattr(each.content.city, measure) for each in self.before), len(self.before)

    def counted_alike(self, measure: Measure, beside: Sequence[Beside]) -> bool:
        """Whether all of `beside` were counted under the list of key regions and the threshold that ours was."""
        if measure == "from_key_regions":
            return all(each.content.key_regions_versions == self.summary.key_regions_versions for each in beside)
        return measure != "fever" or all(each.content.fever_from == self.summary.fever_from for each in beside)

    def silent_since(self, checkpoint: str) -> str | None:
        """Since when no passage came: after the last one in the window, else the last one before it that is known."""
        there = self.summary.checkpoints[checkpoint]
        if there.counts.last_passage_at or there.since is None or there.since > self.summary.begins:
            return there.counts.last_passage_at or there.since
        others = [*([self.operation] if self.operation else []), *self.before]
        seen = [each.content.checkpoints[checkpoint] for each in others if checkpoint in each.content.checkpoints]
        earlier = [at for each in seen if (at := each.counts.last_passage_at) and at < self.summary.begins]
        return max(earlier, default=there.since)

    @cached_property
    def alarms(self) -> tuple[Alarm, ...]:
        """What somebody should look at, as it was at the end of what is shown."""
        summary, at = self.summary, moment(self.summary.ends)
        usual = self.trend.usual if self.trend else {}
        found = [
            *(alarms.differences(self.reconciliation) if self.reconciliation else ()),
            *(each for other in self.differing for each in alarms.differences(other.content)),
            alarms.key_regions_changed(summary.key_regions_versions),
            *([alarms.fever_spike(None, summary.city.fever, self._week(None))] if self.compared else ()),
        ]
        for checkpoint, there in summary.checkpoints.items():
            if self.compared:  # with a whole day's
                found.append(alarms.fever_spike(checkpoint, there.counts.fever, self._week(checkpoint)))
            found.append(alarms.same_temperature(checkpoint, there.counts))
            found += alarms.sheets(checkpoint, there.counts)
            since = self.silent_since(checkpoint)
            if there.state != "closed" and since:
                found.append(alarms.silence(checkpoint, since, usual.get(checkpoint), at))
        return alarms.in_order(found)

    def _week(self, checkpoint: str | None) -> Week | None:
        """The week before the day that is shown."""
        there = self.trended(self.day - timedelta(days=1), checkpoint)
        return there.week if there else None

    def trended(self, day: date, checkpoint: str | None) -> Trended | None:
        """What the trend says of a checkpoint, or the city (None), on a day."""
        for each in self.trend.days if self.trend else ():
            if each.date == day.isoformat():
                return each.checkpoints.get(checkpoint) if checkpoint else each.city
        return None


def days_before(day: date) -> list[date]:
    """The days that a report of `day` is set beside, the last one first."""
    return [day - timedelta(days=back) for back in range(1, WEEK + 1)]
