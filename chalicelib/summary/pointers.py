"""What points to the summaries: `latest`, which names all that is final, and `now`, which adds what is not.

`latest` is all that a reader needs to be sure of having everything: it names each file by key and digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct, structs

from chalicelib.passage.hour import LOCAL, Hour, moment, stamp
from chalicelib.settings import Settings
from chalicelib.summary import alarms, layout
from chalicelib.summary.alarms import Alarm
from chalicelib.summary.counting import Counts, Totals, merge
from chalicelib.summary.document import AtCheckpoint, Reading, Reference, Summary, joined, of_hour
from chalicelib.summary.reconciliation import AGAIN, Reconciliation
from chalicelib.summary.trend import Trend

SILENT_AFTER = timedelta(hours=1)
"""Without a passage for that long, an open checkpoint is silent now."""


class Tabled(Reference, frozen=True):
    """Names a summary and the CSV beside it."""

    csv: Reference


class Reported(Tabled, frozen=True):
    """Names a summary, the CSV beside it, and the report for people: a page and a workbook."""

    html: Reference | None = None
    """None until the report is made: some minutes after the summary, after an outage later."""
    xlsx: Reference | None = None
    """None of a page that stands alone: the workbook has more rows than a sheet holds."""


class Reconciled(Reference, frozen=True, kw_only=True):
    """Names a reconciliation, and says what came of it."""

    day: Reference
    """The revision of the day's summary that was checked against the table."""
    checked_at: str
    """UTC."""
    equal: bool
    """Whether the table and the summary have the same numbers."""


class Latest(Struct, frozen=True, kw_only=True, rename={"begins": "from"}):
    """What is final. Moves forwards only: `final_up_to` and the passages never fall; vehicles and travellers may, by a
    correction."""

    schema: Literal["kakou.latest.v1"] = "kakou.latest.v1"
    begins: str
    """First moment of the operation, UTC."""
    final_up_to: str
    """First moment that is not final yet, UTC: all that arrived before is in, passages, scans and corrections of any
    hour."""
    totals: Totals
    """Of the operation up to then."""
    operation: Tabled | None
    """None until the first hour is final."""
    hour: Reference | None
    """The last final hour."""
    hours: tuple[Reference, ...]
    """The final hours of the day that is not whole yet, in order."""
    days: tuple[Reported, ...]
    """The whole days, in order."""
    today: Reported | None = None
    """`hours` together: since 00:00 (Asia/Shanghai), up to `final_up_to`. None when no hour of the day is final."""
    trend: Tabled | None = None
    """The last whole days beside one another. None until a day is whole."""
    schemas: tuple[Reference, ...] = ()
    """The JSON Schema of each kind of document, by name; this one's included."""
    key_regions_version: int = 0
    """Every hour is counted under the list of key regions that is in force for it if this version is the newest."""
    checks: tuple[Reconciled, ...] = ()
    """The last check of each whole day against the table, in the order of the days. Of an older revision while the
    newest was not checked yet; a day that was never checked has none."""
    unchecked: tuple[str, ...] = ()
    """Dates of the whole days whose newest revision was not checked against the table yet, in order. Each run checks
    one; a day whose passages have begun to expire stays here, and one of more than 1,000,000 records is never here."""

    @property
    def reconciled(self) -> Reconciled | None:
        """The check of the last day that has one."""
        return self.checks[-1] if self.checks else None

    @property
    def differing(self) -> tuple[Reconciled, ...]:
        """The days whose last check found a difference."""
        return tuple(each for each in self.checks if not each.equal)

    @property
    def first(self) -> Hour:
        return Hour(moment(self.begins))

    @property
    def open_from(self) -> Hour:
        """The first hour that is not final."""
        return Hour(moment(self.final_up_to))

    @property
    def sources(self) -> tuple[Reference, ...]:
        """What the operation up to `final_up_to` is merged from."""
        return (*(Reference(day.key, day.digest) for day in self.days), *self.hours)


def nothing_final(first: Hour) -> Latest:
    """Where an operation begins."""
    begins = stamp(first.start)
    return Latest(begins=begins, final_up_to=begins, totals=Totals(), operation=None, hour=None, hours=(), days=())


def plainly(reference: Reference) -> Reference:
    """The file alone, without what belongs to it."""
    return Reference(reference.key, reference.digest)


def with_reconciliation(latest: Latest, new: Reconciled) -> Latest:
    """`latest` after a whole day was checked: what was found stays until that day is checked again."""
    day = layout.day_of(new.day.key)
    checks = {layout.day_of(each.day.key): each for each in latest.checks} | {day: new}
    return structs.replace(without_waiting(latest, day), checks=tuple(checks[each] for each in sorted(checks)))


def without_waiting(latest: Latest, day: date) -> Latest:
    """`latest`, in which the check of `day` is no longer waited for."""
    return structs.replace(latest, unchecked=tuple(each for each in latest.unchecked if each != day.isoformat()))


def to_check(latest: Latest, now: datetime, kept: Callable[[date], bool]) -> date | None:
    """The whole day, all of it still `kept`, that is to be checked at `now`: the newest that has a revision nobody
    checked, else the one whose difference was found first, if that is `AGAIN` ago or longer."""
    waiting = next(filter(kept, map(date.fromisoformat, reversed(latest.unchecked))), None)
    if waiting:
        return waiting
    found = sorted((each.checked_at, layout.day_of(each.day.key)) for each in latest.differing)
    due = (day for checked_at, day in found if moment(checked_at) + AGAIN <= now and kept(day))
    return next(due, None)


decode_latest = msgspec.json.Decoder(Latest).decode


class Today(Struct, frozen=True, kw_only=True, rename={"begins": "from"}):
    """Since 00:00 today in Asia/Shanghai, or since the operation began."""

    date: str
    begins: str
    city: Counts


class UsualHour(Struct, frozen=True):
    """A checkpoint's passages in one hour of the day (Asia/Shanghai) over the last 7 days, as far as they count."""

    hour: str
    """`00` to `23`."""
    passages: int
    """The sum; the mean is it divided by `days`."""
    days: int


class CheckpointNow(Struct, frozen=True):
    """One checkpoint as it stands now."""

    name_zh: str
    name_en: str
    state: str
    """`counted`: a passage within the last hour; `silent`: open, and none; `closed`."""
    since: str | None
    """Of a silent checkpoint: its last passage, when it came into the summaries, or when it was opened again."""
    last_passage_at: str | None
    totals: Totals
    today: Totals
    usual: UsualHour | None = None
    """What is usual in this hour of the day; None while no day counts."""
    unusual: bool = False
    """Whether it is silent for so long that it is alarming (`alarms.silence`)."""


class OpenHour(Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "until"}):
    """An hour that is not final, as far as it has come: counted as its summary will be."""

    begins: str
    ends: str
    city: Counts
    checkpoints: dict[str, AtCheckpoint]


class Now(Struct, frozen=True, kw_only=True, rename={"begins": "from"}):
    """What is known now: all that is final, and what has come in the open hours so far."""

    schema: Literal["kakou.now.v1"] = "kakou.now.v1"
    state: Literal["provisional"] = "provisional"
    as_of: str
    """When the open hours were read, UTC."""
    begins: str
    final_up_to: str
    final_totals: Totals
    """`latest`'s totals: of what is final."""
    totals: Totals
    """Of the operation so far: the final ones and those of the open hours."""
    open_hours: tuple[OpenHour, ...]
    """The hours that are counted but not final, in order."""
    operation: Reference | None
    """The final summary that the open hours were added to."""
    settings_version: int
    key_regions_version: int
    """Of the list in force at `as_of`."""
    fever_from: tuple[int, ...]
    """Thresholds of fever that were in force, as a summary has them."""
    city: Counts
    """The operation so far."""
    today: Today
    checkpoints: dict[str, CheckpointNow]
    csv: Reference | None = None
    """The same as a table."""
    alarms: tuple[Alarm, ...] = ()
    """What somebody should look at, sorted by kind, checkpoint (the city first) and code; `alarms.Alarm` says what each
    kind means."""
    alarms_file: Reference | None = None
    """`alarms.json`, which holds these alarms alone."""
    trend: Reference | None = None
    """The trend that `usual` and what alarms expect is taken from."""


decode_now = msgspec.json.Decoder(Now).decode


def now_of(
    now: datetime,
    latest: Latest,
    operation: Summary | None,
    today: Sequence[Summary],
    open_hours: Mapping[Hour, Mapping[str, Reading]],
    settings: Settings,
    trend: Trend | None = None,
    differing: Sequence[Reconciliation] = (),
) -> Now:
    """What is known at `now`: `operation` and `trend` are the final ones that `latest` names, `today` the final
    summaries of this day, `open_hours` what was read of each hour that is not final, `differing` the reconciliations
    that found a difference."""
    parts = [of_hour(hour, readings, settings) for hour, readings in sorted(open_hours.items())]
    so_far = [*([operation] if operation else []), *parts]
    day = now.astimezone(LOCAL).date()
    this_day = [*today, *(part for part in parts if Hour(moment(part.begins)).day == day)]
    midnight = datetime(day.year, day.month, day.day, tzinfo=LOCAL)
    ids = [each.id for each in settings.checkpoints]
    ids += sorted({checkpoint for part in so_far for checkpoint in part.checkpoints} - set(ids))
    city = merge(part.city for part in so_far)
    city_today = merge(part.city for part in this_day)
    today_at = {
        each: merge(part.checkpoints[each].counts for part in this_day if each in part.checkpoints) for each in ids
    }
    there = {each: _checkpoint_now(each, now, latest, so_far, today_at[each], settings, trend) for each in ids}
    return Now(
        as_of=stamp(now),
        begins=latest.begins,
        final_up_to=latest.final_up_to,
        final_totals=latest.totals,
        totals=city.totals,
        open_hours=tuple(
            OpenHour(begins=part.begins, ends=part.ends, city=part.city, checkpoints=part.checkpoints) for part in parts
        ),
        operation=Reference(latest.operation.key, latest.operation.digest) if latest.operation else None,
        settings_version=settings.version,
        key_regions_version=settings.key_regions_at(stamp(now)).version,
        fever_from=tuple(sorted({each for part in so_far for each in part.fever_from})),
        city=city,
        today=Today(
            date=day.isoformat(),
            begins=max(stamp(midnight), latest.begins),
            city=city_today,
        ),
        checkpoints=there,
        alarms=alarms.in_order(_alarms(now, latest, this_day, city_today, today_at, there, trend, differing)),
        trend=Reference(latest.trend.key, latest.trend.digest) if trend and latest.trend else None,
    )


def _alarms(
    now: datetime,
    latest: Latest,
    this_day: Sequence[Summary],
    city: Counts,
    today_at: Mapping[str, Counts],
    checkpoints: Mapping[str, CheckpointNow],
    trend: Trend | None,
    differing: Sequence[Reconciliation],
) -> Iterator[Alarm | None]:
    last = trend.days[-1] if trend else None
    yield alarms.late(latest.final_up_to, now)
    for each_day in differing:
        yield from alarms.differences(each_day)
    yield alarms.key_regions_changed({version for part in this_day for version in part.key_regions_versions})
    yield alarms.fever_spike(None, city.fever, last.city.week if last and last.city else None)
    for each, today in today_at.items():
        there = checkpoints[each]
        if there.unusual and there.since:
            yield alarms.silence(each, there.since, trend.usual.get(each) if trend else None, now)
        usually = last.checkpoints.get(each) if last else None
        yield alarms.fever_spike(each, today.fever, usually.week if usually else None)
        yield alarms.same_temperature(each, today)
        yield from alarms.sheets(each, today)


def _checkpoint_now(
    checkpoint: str,
    now: datetime,
    latest: Latest,
    so_far: Sequence[Summary],
    today: Counts,
    settings: Settings,
    trend: Trend | None,
) -> CheckpointNow:
    there = [part.checkpoints[checkpoint] for part in so_far if checkpoint in part.checkpoints]
    listed = settings.checkpoint(checkpoint)
    known = joined(there) if there else AtCheckpoint(checkpoint, checkpoint, "silent", None, Counts())
    last = known.counts.last_passage_at
    if last is not None and moment(last) > now - SILENT_AFTER:
        state, since = "counted", None
    elif listed is not None and listed.active:
        state, since = "silent", max(last or known.since or latest.final_up_to, listed.opened_at or "")
    else:
        state, since = "closed", None
    usual = trend.usual.get(checkpoint) if trend else None
    hour = now.astimezone(LOCAL).hour
    return CheckpointNow(
        name_zh=listed.name_zh if listed else known.name_zh,
        name_en=listed.name_en if listed else known.name_en,
        state=state,
        since=since,
        last_passage_at=last,
        totals=known.counts.totals,
        today=today.totals,
        usual=UsualHour(f"{hour:02d}", usual.passages[hour], usual.days) if usual else None,
        unusual=since is not None and alarms.silence(checkpoint, since, usual, now) is not None,
    )
