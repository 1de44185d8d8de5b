"""The trend: day over day, what happened in the city and at each checkpoint, and what cannot be said.

A pure function of the summaries of the last days: extended by a day or rebuilt after a revision, the same bytes. Whole
numbers only: a mean is its sum and the number of days that it is over, which a reader divides (`tenths`). Nothing is
interpolated. A day counts in a mean where it is whole and the place had passages: silence is not zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from chalicelib.passage.hour import LOCAL, stamp
from chalicelib.summary import layout
from chalicelib.summary.counting import Counts
from chalicelib.summary.document import AtCheckpoint, Reference, Summary

WEEK = 7
"""Days of a mean: each weekday once."""

DAYS = 42
"""Days that a trend shows at most: three times the 14 days of an incubation."""

ROWS = 20_000
"""Rows (a day at a checkpoint) that a trend shows at most, where there are very many checkpoints; yet never fewer than
`FEWEST` days. So a trend's size, and what making it costs, has a bound that the operation's length does not move."""

FEWEST = 8
"""A week, and the day before."""

CITY = "city"
"""The whole city, among the ids of checkpoints."""


class Measures(Struct, frozen=True):
    """What a trend follows; in a difference also below zero."""

    passages: int = 0
    vehicles: int = 0
    travellers: int = 0
    from_key_regions: int = 0
    key_region_stay: int = 0
    fever: int = 0


class Week(Struct, frozen=True):
    """Sums over those of the last 7 days, up to and with the day itself, that count; the mean is the sum divided by
    `days`. Fewer than 7 days: the others are missing, not whole, or the place was silent or closed."""

    days: int
    sums: Measures


class Trended(Struct, frozen=True, kw_only=True):
    """The city or a checkpoint on one day."""

    name_zh: str
    name_en: str
    state: str
    """`counted`, `silent` or `closed`, as the day's summary has it."""
    counts: Measures
    change: Measures | None
    """Against the day before; None unless both days are whole and there were passages on both."""
    week: Week
    key_region_per_mille: int | None
    """Travellers from key regions among all, per mille, rounded; None without travellers."""


class TrendDay(Struct, frozen=True, kw_only=True):
    """One day (Asia/Shanghai), marked with what it is worth."""

    date: str
    state: Literal["whole", "partial", "expired", "missing"]
    """`partial`: the operation began inside it; `expired`: passages may have expired before they were counted;
    `missing`: there is no summary of it, and no number here."""
    city: Trended | None
    """None of a day that is missing."""
    checkpoints: dict[str, Trended]
    """Those that the day's summary lists."""


class Usual(Struct, frozen=True):
    """What is usual at a checkpoint, by the hours of the day."""

    days: int
    """How many of the last 7 days count."""
    passages: tuple[int, ...]
    """24 sums over these days, for the hours 00 to 23 in Asia/Shanghai."""


class Trend(Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "until"}):
    """The last days beside one another, up to the last one that is over."""

    schema: Literal["kakou.trend.v1"] = "kakou.trend.v1"
    state: Literal["final"] = "final"
    revision: int = 1
    begins: str
    """First moment of the first day shown, UTC."""
    ends: str
    """First moment after the last one, UTC."""
    days: tuple[TrendDay, ...]
    """In order, without a gap: what is missing is marked. The last `DAYS` of the operation, or fewer."""
    usual: dict[str, Usual]
    """Checkpoint -> its usual hours, where any day counts."""
    merged_from: tuple[Reference, ...]
    """The summaries of the days shown, and of those before them that are in their means."""

    @property
    def last(self) -> TrendDay:
        return self.days[-1]


decode_trend = msgspec.json.Decoder(Trend).decode


class Place(NamedTuple):
    """The city or a checkpoint on one day, as it was counted."""

    name_zh: str
    name_en: str
    state: str
    counts: Measures


class Day(NamedTuple):
    """One day as it was counted: what a trend is made of."""

    date: date
    state: Literal["whole", "partial", "expired"]
    summary: Reference
    places: Mapping[str, Place]
    """By checkpoint, and `CITY`."""


def day_of(summary: Summary, reference: Reference, day: date) -> Day:
    """What a trend needs of the summary of `day`."""
    state: Literal["whole", "partial", "expired"] = "whole"
    if summary.expired:
        state = "expired"
    elif summary.begins > _midnight(day) or summary.ends < _midnight(day + timedelta(days=1)):
        state = "partial"
    there = AtCheckpoint("全市", "Whole city", "counted" if summary.city.passages else "silent", None, summary.city)
    places = {CITY: there, **summary.checkpoints}
    return Day(
        day,
        state,
        reference,
        {each: Place(at.name_zh, at.name_en, at.state, _measured(at.counts)) for each, at in places.items()},
    )


def days_again(trend: Trend) -> dict[Reference, Day]:
    """The days that `trend` shows, as they were counted, by the summaries they are taken from."""
    named = {layout.day_of(reference.key): reference for reference in trend.merged_from}
    found = {}
    for row in trend.days:
        day = date.fromisoformat(row.date)
        if row.city and row.state != "missing":
            rows = {CITY: row.city, **row.checkpoints}
            places = {each: Place(at.name_zh, at.name_en, at.state, at.counts) for each, at in rows.items()}
            found[named[day]] = Day(day, row.state, named[day], places)
    return found


def covers(standing: Trend, trend: Trend) -> bool:
    """Whether `standing` was made of all the days that `trend` was made of, in those revisions or later ones."""
    revisions = {layout.day_of(each.key): layout.revision_of(each.key) for each in standing.merged_from}
    return all(revisions.get(layout.day_of(each.key), 0) >= layout.revision_of(each.key) for each in trend.merged_from)


def trend_of(days: Iterable[Day], usual: Mapping[str, Usual], *, shown: int) -> Trend:
    """The trend of `days` (at least one, in whatever order), of which the last `shown` are shown; those before them
    are in the means."""
    known = {day.date: day for day in days}
    last = max(known)
    first = max(min(known), last - timedelta(days=shown - 1))
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return Trend(
        begins=_midnight(first),
        ends=_midnight(last + timedelta(days=1)),
        days=tuple(_shown(day, known) for day in dates),
        usual=dict(usual),
        merged_from=tuple(known[day].summary for day in sorted(known)),
    )


def usual_of(days: Sequence[tuple[Day, Summary]]) -> dict[str, Usual]:
    """The usual hours of each checkpoint, from the days (the last seven) that count there."""
    found: dict[str, Usual] = {}
    for day, summary in days:
        for checkpoint, there in summary.checkpoints.items():
            # A summary from before the hours of day were counted says nothing of them.
            by_hour = there.counts.by.get("passage_by_hour")
            if not by_hour or not _counts_in(day, checkpoint):
                continue
            before = found.get(checkpoint, Usual(0, (0,) * 24))
            sums = tuple(number + by_hour.get(f"{hour:02d}", 0) for hour, number in enumerate(before.passages))
            found[checkpoint] = Usual(before.days + 1, sums)
    return found


def span(checkpoints: int) -> int:
    """Days that a trend of so many checkpoints shows at most."""
    return max(FEWEST, min(DAYS, ROWS // max(1, checkpoints)))


def tenths(total: int, days: int) -> int | None:
    """The mean of `total` over `days` in tenths, rounded half up; None over no day."""
    return (20 * total + days) // (2 * days) if days else None


def _measured(counts: Counts) -> Measures:
    return Measures(*(getattr(counts, name) for name in Measures.__struct_fields__))


def _counts_in(day: Day | None, place: str) -> bool:
    """Whether the day counts in a mean of `place`."""
    return day is not None and day.state == "whole" and place in day.places and day.places[place].state == "counted"


def _shown(day: date, known: Mapping[date, Day]) -> TrendDay:
    there = known.get(day)
    if there is None:
        return TrendDay(date=day.isoformat(), state="missing", city=None, checkpoints={})
    rows = {place: _trended(place, there, known) for place in there.places}
    return TrendDay(date=day.isoformat(), state=there.state, city=rows.pop(CITY), checkpoints=rows)


def _trended(place: str, day: Day, known: Mapping[date, Day]) -> Trended:
    at = day.places[place]
    week = [known.get(day.date - timedelta(days=back)) for back in range(WEEK)]
    in_mean = [each.places[place].counts for each in week if each and _counts_in(each, place)]
    before = week[1]
    change = None
    if before and _counts_in(day, place) and _counts_in(before, place):
        change = _difference(at.counts, before.places[place].counts)
    travellers, from_key_regions = at.counts.travellers, at.counts.from_key_regions
    return Trended(
        name_zh=at.name_zh,
        name_en=at.name_en,
        state=at.state,
        counts=at.counts,
        change=change,
        week=Week(len(in_mean), _sum(in_mean)),
        key_region_per_mille=(2000 * from_key_regions + travellers) // (2 * travellers) if travellers else None,
    )


def _sum(some: Sequence[Measures]) -> Measures:
    return Measures(*(sum(getattr(each, name) for each in some) for name in Measures.__struct_fields__))


def _difference(after: Measures, before: Measures) -> Measures:
    return Measures(*(getattr(after, name) - getattr(before, name) for name in Measures.__struct_fields__))


def _midnight(day: date) -> str:
    return stamp(datetime(day.year, day.month, day.day, tzinfo=LOCAL))
