"""The run that keeps the summaries: gather, decide, apply.

It asks which closed hours lack a final summary and makes those, whatever woke it and however late. Everything it writes
is a pure function of what it read, written once under a name of its own, and named by `latest` only after it is there:
so a run may be skipped, doubled, overlapped or killed between any two writes, and the next one goes on from what it
finds. The two newest final hours are read again each time, and those hours, of any age, that corrections which arrived
since then have changed; what came late is a new revision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct, structs

from chalicelib.passage.hour import GRACE, LOCAL, Hour, hours, hours_of, moment, stamp
from chalicelib.passage.table import PassageReader
from chalicelib.settings import Settings
from chalicelib.summary import layout
from chalicelib.summary.alarms import Alarms
from chalicelib.summary.bucket import Overtaken, SummaryStore
from chalicelib.summary.document import (
    Reference,
    decode,
    digest,
    encode,
    has_less,
    of_hour,
    same_records,
)
from chalicelib.summary.pointers import (
    Latest,
    Reconciled,
    Reported,
    Tabled,
    decode_latest,
    nothing_final,
    now_of,
    plainly,
    to_check,
    with_reconciliation,
    without_waiting,
)
from chalicelib.summary.reclassifying import BATCHES, reclassified, touched
from chalicelib.summary.reconciliation import MOST, decode_reconciliation, reconciled
from chalicelib.summary.records import Records
from chalicelib.summary.reporting import Drawing, with_reports
from chalicelib.summary.reports import now_table
from chalicelib.summary.revisions import Revisions
from chalicelib.summary.trend import WEEK, day_of, days_again, decode_trend, span, trend_of, usual_of

RECHECKED = timedelta(hours=2)
"""How far back final hours are read again."""

READINGS = 2_000
"""Checkpoint-hours that are read before `latest` moves on, so that a long catching-up keeps what it has done."""

RACES = 5
"""Runs that may overtake this one before it gives up: they did its work."""


class PassagesMissing(RuntimeError):
    """A final hour has more passages, corrections or scans in its summary than the table still gives, before any could
    have expired: its key. The summary stands; everything else was published."""


class Outcome(Struct, frozen=True):
    """What a run found and did."""

    latest: Latest
    made: tuple[str, ...]
    """Keys of the hours that became final, or got a new revision."""
    late: int
    """Passages that came after the revision before."""
    corrections: int = 0
    """Corrections, likewise."""


def summarise(
    reader: PassageReader,
    store: SummaryStore,
    settings: Settings,
    now: datetime,
    *,
    workers: int = 8,
    drawing: Drawing | None = None,
) -> Outcome:
    """Publishes what is missing at `now`, then what is known now, then some of the reports that are missing, where
    `drawing` says how they are made. Reads `workers` checkpoints at a time.

    Raises what the reader, the store and the drawing raise, SummaryDamaged, and PassagesMissing. Whatever happened,
    running it again is safe and goes on where it broke off.
    """
    for race in range(RACES):
        try:
            return _Run(reader, store, settings, now, workers, drawing, again=race > 0).go()
        except Overtaken:
            continue
    raise Overtaken(layout.LATEST)


class _Run:
    """One run: what it has read so far, and where it stands."""

    def __init__(
        self,
        reader: PassageReader,
        store: SummaryStore,
        settings: Settings,
        now: datetime,
        workers: int,
        drawing: Drawing | None = None,
        *,
        again: bool = False,
    ) -> None:
        self._again = again
        """Whether another run got ahead of this one: then its hours count, though `latest` may not name them."""
        self._records = Records(reader, settings, now, workers)
        self._revisions = Revisions(store)
        self._store = store
        self._settings = settings
        self._now = now
        self._drawing = drawing
        self._made: list[str] = []
        self._late = 0
        self._corrections = 0
        self._missing: list[str] = []
        self._behind = False
        """Whether an hour was found under an older list of key regions than is in force for it."""

    def go(self) -> Outcome:
        standing_now = self._store.read(layout.NOW)
        standing = self._store.read(layout.LATEST)
        starts = Hour.of(moment(self._settings.starts_at))
        latest = decode_latest(standing.content) if standing else nothing_final(starts)
        if latest.operation is None:
            latest = structs.replace(nothing_final(min(starts, latest.first)), key_regions_version=self._newest_list)
        tag = standing.tag if standing else None

        if latest.operation:
            self._records.known = self._revisions.fetch(latest.operation).checkpoints.keys()

        again = self._to_read_again(latest)
        for batch in self._missing_hours(latest, starts):
            # `latest` names these hours together with what was corrected in them: also in hours of long ago.
            latest, tag = self._advance(latest, tag, again + batch + self._corrected(batch, latest, again + batch))
            again = []
        if again:
            latest, tag = self._advance(latest, tag, again)
        latest, tag = self._reclassify(latest, tag)
        latest, tag = self._reconcile(latest, tag)
        if tag is None:
            latest = structs.replace(latest, schemas=self._revisions.settle_schemas(latest.schemas))
            self._store.replace(layout.LATEST, encode(latest), None)

        self._publish_now(latest, standing_now.tag if standing_now else None)
        latest = self._report(latest, tag)
        if self._missing:
            raise PassagesMissing(", ".join(self._missing))
        return Outcome(latest, tuple(self._made), self._late, self._corrections)

    # Decide

    def _missing_hours(self, latest: Latest, starts: Hour) -> Iterator[list[Hour]]:
        """The closed hours without a final summary, in batches after each of which `latest` moves."""
        if starts < latest.first < latest.open_from:
            yield list(hours(starts, latest.first))  # the operation's beginning was moved back
        batch: list[Hour] = []
        most = max(1, READINGS // len(self._settings.checkpoints))
        for hour in hours(latest.open_from, self._first_open):
            batch.append(hour)
            if len(batch) == most or hour.next().day != hour.day:
                yield batch
                batch = []
        if batch:
            yield batch

    def _to_read_again(self, latest: Latest) -> list[Hour]:
        """The final hours that may have got late passages: the newest two that are closed, and any that are not, made
        final by a clock that ran ahead. Not those whose passages may have expired since."""
        newest = min(latest.open_from, self._first_open)
        begin = Hour(newest.start - RECHECKED)
        again = [hour for hour in hours(max(latest.first, begin), latest.open_from) if not self._records.expired(hour)]
        until = max(latest.open_from, Hour.of(self._now).next())
        arrived = [*hours(begin, latest.open_from), *hours(self._first_open, until)]
        return again + self._corrected(arrived, latest, again)

    def _corrected(self, arrived: Iterable[Hour], latest: Latest, known: Collection[Hour]) -> list[Hour]:
        """The final hours, other than those `known`, that the corrections which arrived in the hours `arrived` have
        changed. One that has expired stays as it is, and one that is open is read when its time comes."""
        found = self._records.corrected(arrived).difference(known)
        return sorted(
            each for each in found if latest.first <= each < latest.open_from and not self._records.expired(each)
        )

    @property
    def _first_open(self) -> Hour:
        return Hour.of(self._now - GRACE)

    @property
    def _newest_list(self) -> int:
        return self._settings.key_regions[-1].version

    # Apply

    def _reclassify(self, latest: Latest, tag: str | None) -> tuple[Latest, str | None]:
        """The final hours for which another list of key regions has come into force, made anew under it some
        days at a time; once all are, `latest` says so."""
        if latest.operation is None or latest.key_regions_version >= self._newest_list:
            return latest, tag
        changed = 0
        for batch in touched(self._settings, latest.key_regions_version, latest.first, latest.open_from):
            moved, tag = self._advance(latest, tag, batch, self._reclassify_hour)
            changed += moved is not latest
            latest = moved
            if changed == BATCHES:
                return latest, tag
        latest = structs.replace(latest, key_regions_version=self._newest_list)
        return latest, self._store.replace(layout.LATEST, encode(latest), tag)

    def _reclassify_hour(self, hour: Hour, standing: Reference | None) -> Reference:
        """The summary of `hour` under the list in force for it, newer passages that another run found included."""
        standing = standing or self._revisions.newest(layout.hour_folder(hour))
        regions = self._settings.key_regions_at(stamp(hour.start))
        while (before := self._revisions.fetch(standing)).key_regions_versions < (regions.version,):
            standing = self._revisions.settle(layout.hour_folder(hour), reclassified(before, regions), standing)
        return standing

    def _reconcile(self, latest: Latest, tag: str | None) -> tuple[Latest, str | None]:
        """One whole day that waits for it: read once more, what came late made a revision, and all of it read another
        way and counted by other code, beside what the summary in the bucket says."""
        wanted = to_check(latest, self._now, lambda day: not self._records.expired(hours_of(day)[0]))
        if wanted is None:
            return latest, tag
        before = self._revisions.fetch(_day(latest, wanted))
        inside = [layout.hour_of(reference.key) for reference in before.merged_from]
        if before.passages_read + before.corrections_read > MOST:
            latest = without_waiting(latest, wanted)
            return latest, self._store.replace(layout.LATEST, encode(latest), tag)
        for _ in range(2):  # what comes between the two readings is in the second alone: once more, then it is in both
            latest, tag = self._advance(latest, tag, inside)
            day = plainly(_day(latest, wanted))
            summary = self._revisions.load(day, decode)
            parts = [self._revisions.fetch(reference) for reference in summary.merged_from]
            lists = {each.version: each.codes for each in self._settings.key_regions}
            if any(part.key_regions_versions[0] not in lists for part in parts):
                return latest, tag  # settings of a minute ago; those of the next run will do
            found = reconciled(day, summary, self._records.again(inside).of(parts, lists), self._now)
            if found.equal:
                break
        written = self._revisions.settle_reconciliation(layout.reconciliation_folder(layout.day_of(day.key)), found)
        there = Reconciled(written.key, written.digest, day=day, checked_at=found.checked_at, equal=found.equal)
        latest = with_reconciliation(latest, there)
        return latest, self._store.replace(layout.LATEST, encode(latest), tag)

    def _advance(
        self,
        latest: Latest,
        tag: str | None,
        wanted: Sequence[Hour],
        settle: Callable[[Hour, Reference | None], Reference] | None = None,
    ) -> tuple[Latest, str | None]:
        """Makes the summaries of the hours `wanted` (with `settle`) and of all that contains them, then moves `latest`
        on to them."""
        settle = settle or self._settle_hour
        known = self._hours_of_days(latest, {hour.day for hour in wanted})
        changed: dict[Hour, Reference] = {}
        for hour in wanted:
            standing = known.get(hour)
            if standing and self._again:
                standing = self._revisions.newest(layout.hour_folder(hour))
            there = settle(hour, standing)
            if there != known.get(hour):
                changed[hour] = there
        if not changed:
            return latest, tag
        known |= changed

        through = max(*changed, Hour(latest.open_from.start - timedelta(hours=1)))
        first = min(*changed, latest.first)
        days = {layout.day_of(day.key): day for day in latest.days}
        told_anew = {hour.day for hour in changed}
        for day in sorted(told_anew):
            inside = [hour for hour in hours_of(day) if hour >= first]
            if inside[-1] <= through:
                days[day] = _unreported(
                    self._revisions.settle_merged("day", layout.day_folder(day), [known[hour] for hour in inside])
                )
        open_hours = [ref for hour, ref in sorted(known.items()) if hour.day not in days]
        moved = structs.replace(
            latest,
            begins=stamp(first.start),
            final_up_to=stamp(through.end),
            hour=known.get(through, latest.hour),
            hours=tuple(open_hours),
            days=tuple(day for _, day in sorted(days.items())),
            unchecked=tuple(sorted({*latest.unchecked, *(day.isoformat() for day in days if day in told_anew)})),
            key_regions_version=0 if self._behind else min(latest.key_regions_version, self._newest_list),
        )
        appended = latest.operation is not None and min(changed) >= latest.open_from
        operation = self._revisions.settle_merged(
            "operation",
            layout.operation_folder(through),
            moved.sources,
            # What was only added to costs no reading of history; what was changed is merged anew.
            [self._revisions.fetch(latest.operation), *map(self._revisions.fetch, changed.values())]
            if appended and latest.operation
            else None,
        )
        moved = structs.replace(
            moved,
            operation=operation,
            totals=self._revisions.fetch(operation).city.totals,
            today=self._settle_today(latest, moved.hours, through),
            trend=self._settle_trend(latest, moved.days),
            schemas=self._revisions.settle_schemas(latest.schemas),
        )
        return moved, self._store.replace(layout.LATEST, encode(moved), tag)

    def _settle_today(self, latest: Latest, open_hours: Sequence[Reference], through: Hour) -> Reported | None:
        """The hours of the day that is not whole, together: those of `latest`'s today, where they are the same, and
        the new ones."""
        if not open_hours:
            return None
        before, known = latest.today, len(latest.hours)
        if before is None or tuple(open_hours[:known]) != latest.hours:
            return _unreported(self._revisions.settle_merged("today", layout.today_folder(through), open_hours))
        if len(open_hours) == known:
            return before
        parts = [self._revisions.fetch(before), *map(self._revisions.fetch, open_hours[known:])]
        return _unreported(self._revisions.settle_merged("today", layout.today_folder(through), open_hours, parts))

    def _settle_trend(self, latest: Latest, days: Sequence[Tabled]) -> Tabled | None:
        """The trend of the last of `days`. What the trend before shows of them is taken from there; the week that gives
        the usual hours, and the days that are only in means, are read: a bounded number, however long the operation."""
        if not days or (latest.trend and tuple(days) == latest.days):
            return latest.trend
        named = {layout.day_of(day.key): Reference(day.key, day.digest) for day in days}
        last = max(named)
        shown = span(len(self._revisions.fetch(named[last]).checkpoints))
        wanted = {day: named[day] for day in sorted(named) if (last - day).days < shown + WEEK - 1}
        before = self._revisions.load(latest.trend, decode_trend) if latest.trend else None
        if latest.trend and before and before.merged_from == tuple(wanted.values()):
            return latest.trend
        known = days_again(before) if before else {}
        made, week = [], []
        for date_, there in wanted.items():
            day = known.get(there)
            if day is None or (last - date_).days < WEEK:
                summary = self._revisions.at_hand(there)
                day = day_of(summary, there, date_)
                if (last - date_).days < WEEK:
                    week.append((day, summary))
            made.append(day)
        trend = trend_of(made, usual_of(week), shown=shown)
        return self._revisions.settle_trend(layout.trend_folder(last), trend)

    def _hours_of_days(self, latest: Latest, days: Iterable[date]) -> dict[Hour, Reference]:
        """The final hours of the day that is not whole yet, and of `days`."""
        references = list(latest.hours)
        for day in latest.days:
            if layout.day_of(day.key) in days:
                references += self._revisions.fetch(day).merged_from
        return {layout.hour_of(reference.key): reference for reference in references}

    def _settle_hour(self, hour: Hour, standing: Reference | None) -> Reference:
        """The final summary of `hour`, made unless what stands has everything."""
        before = self._revisions.fetch(standing) if standing else None
        readings = self._records.of_hour(hour)
        summary = of_hour(hour, readings, self._settings, expired=self._records.expired(hour))
        if before and has_less(summary, before):
            self._missing.append(layout.revision_key(layout.hour_folder(hour), before.revision))
        if standing and before and same_records(summary, before):
            return standing  # under another list, too: that is not for reading anew
        found = self._revisions.settle(layout.hour_folder(hour), summary, standing)
        if found != standing:
            self._behind |= self._revisions.fetch(found).key_regions_versions < summary.key_regions_versions
            self._made.append(found.key)
            self._late += self._revisions.fetch(found).late
            self._corrections += self._revisions.fetch(found).late_corrections
        return found

    def _publish_now(self, latest: Latest, tag: str | None) -> None:
        day = self._now.astimezone(LOCAL).date()
        told = [whole for whole in latest.days if layout.day_of(whole.key) == day]
        if latest.today and layout.hour_of(latest.today.key).day == day:
            told.append(latest.today)
        finals = [self._revisions.fetch(each) for each in told]
        open_hours = {hour: self._records.of_hour(hour) for hour in hours(latest.open_from, Hour.of(self._now).next())}
        operation = self._revisions.fetch(latest.operation) if latest.operation else None
        trend = self._revisions.load(latest.trend, decode_trend) if latest.trend else None
        differing = [self._revisions.load(each, decode_reconciliation) for each in latest.differing]
        now = now_of(self._now, latest, operation, finals, open_hours, self._settings, trend, differing)
        content = now_table(now)
        alarms = encode(Alarms(as_of=now.as_of, final_up_to=now.final_up_to, alarms=now.alarms))
        now = structs.replace(
            now,
            csv=Reference(layout.NOW_CSV, digest(content)),
            alarms_file=Reference(layout.ALARMS, digest(alarms)),
        )
        known = encode(now)
        try:
            self._store.replace(layout.NOW, known, tag)
        except Overtaken:
            return  # by another run, which knows as much or will soon
        for key, beside in ((layout.NOW_CSV, content), (layout.ALARMS, alarms)):
            self._put_beside(known, key, beside)

    def _put_beside(self, now: bytes, key: str, content: bytes) -> None:
        """Writes what `now` names, unless another run has written over `now` since: that one's stays."""
        while True:
            standing, there = self._store.read(layout.NOW), self._store.read(key)
            if standing is None or standing.content != now:
                return
            try:
                self._store.replace(key, content, there.tag if there else None)
            except Overtaken:
                continue
            return

    def _report(self, latest: Latest, tag: str | None) -> Latest:
        """The reports come last: whatever befalls them, the numbers are out."""
        if self._drawing is None:
            return latest
        moved, failed = with_reports(latest, self._store, self._revisions.load, self._drawing)
        if moved != latest:
            self._store.replace(layout.LATEST, encode(moved), tag)
        if failed:
            raise failed[0]
        return moved


def _day(latest: Latest, day: date) -> Reported:
    """The whole day's summary."""
    return next(each for each in latest.days if layout.day_of(each.key) == day)


def _unreported(tabled: Tabled) -> Reported:
    """A summary whose report is still to be made, or to be found."""
    return Reported(tabled.key, tabled.digest, tabled.csv)
