"""The run that keeps the summaries: gather, decide, apply.

It asks which closed hours lack a final summary and makes those, whatever woke it and however late. Everything it writes
is a pure function of what it read, written once under a name of its own, and named by `latest` only after it is there:
so a run may be skipped, doubled, overlapped or killed between any two writes, and the next one goes on from what it
finds. The two newest final hours are read again each time, and those hours, of any age, that corrections which arrived
since then have changed; what came late is a new revision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar

from msgspec import Struct, structs

from chalicelib.passage.hour import GRACE, LOCAL, Hour, hours, hours_of, moment, stamp
from chalicelib.passage.table import PassageReader
from chalicelib.settings import Settings
from chalicelib.summary import layout
from chalicelib.summary.alarms import Alarms
from chalicelib.summary.bucket import Overtaken, SummaryStore
from chalicelib.summary.document import (
    Reading,
    Reference,
    Summary,
    decode,
    digest,
    encode,
    has_less,
    is_older,
    merged,
    of_hour,
    reading,
    revised,
    same_records,
    same_sources,
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
from chalicelib.summary.reconciliation import MOST, Recount, decode_reconciliation, reconciled
from chalicelib.summary.reporting import Drawing, with_reports
from chalicelib.summary.reports import now_table, table, trend_table
from chalicelib.summary.schema import published
from chalicelib.summary.trend import WEEK, Trend, covers, day_of, days_again, decode_trend, span, trend_of, usual_of

Document = TypeVar("Document")

RECHECKED = timedelta(hours=2)
"""How far back final hours are read again."""

READINGS = 2_000
"""Checkpoint-hours that are read before `latest` moves on, so that a long catching-up keeps what it has done."""

RACES = 5
"""Runs that may overtake this one before it gives up: they did its work."""


class SummaryDamaged(RuntimeError):
    """A file does not hold what names it says: its key."""


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
    for _ in range(RACES):
        try:
            return _Run(reader, store, settings, now, workers, drawing).go()
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
    ) -> None:
        self._reader = reader
        self._store = store
        self._settings = settings
        self._now = now
        self._workers = workers
        self._drawing = drawing
        self._read: dict[str, Summary] = {}
        self._made: list[str] = []
        self._late = 0
        self._corrections = 0
        self._missing: list[str] = []
        self._behind = False
        """Whether an hour was found under an older list of key regions than is in force for it."""
        self._known: Collection[str] = ()
        self._recount: Recount | None = None
        """While yesterday is read again: what counts it once more."""

    def go(self) -> Outcome:
        standing_now = self._store.read(layout.NOW)
        standing = self._store.read(layout.LATEST)
        starts = Hour.of(moment(self._settings.starts_at))
        latest = decode_latest(standing.content) if standing else nothing_final(starts)
        if latest.operation is None:
            latest = structs.replace(nothing_final(min(starts, latest.first)), key_regions_version=self._newest_list)
        tag = standing.tag if standing else None

        if latest.operation:
            self._known = self._fetch(latest.operation).checkpoints.keys()

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
            latest = structs.replace(latest, schemas=self._settle_schemas(latest))
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
        again = [hour for hour in hours(max(latest.first, begin), latest.open_from) if not self._expired(hour)]
        until = max(latest.open_from, Hour.of(self._now).next())
        arrived = [*hours(begin, latest.open_from), *hours(self._first_open, until)]
        return again + self._corrected(arrived, latest, again)

    def _corrected(self, arrived: Iterable[Hour], latest: Latest, known: Collection[Hour]) -> list[Hour]:
        """The final hours, other than those `known`, that the corrections which arrived in the hours `arrived` have
        changed. One that has expired stays as it is, and one that is open is read when its time comes."""
        found = {hour for each in set(arrived) for hour in self._reader.changed(each, self._now)}
        final = (hour for hour in found.difference(known) if latest.first <= hour < latest.open_from)
        return sorted(hour for hour in final if not self._expired(hour))

    @property
    def _first_open(self) -> Hour:
        return Hour.of(self._now - GRACE)

    @property
    def _newest_list(self) -> int:
        return self._settings.key_regions[-1].version

    def _expired(self, hour: Hour) -> bool:
        return self._now >= hour.start + timedelta(days=self._settings.retention_days)

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
        standing = standing or self._newest(layout.hour_folder(hour))
        regions = self._settings.key_regions_at(stamp(hour.start))
        while (before := self._fetch(standing)).key_regions_versions < (regions.version,):
            standing = self._settle(layout.hour_folder(hour), reclassified(before, regions), standing)
        return standing

    def _reconcile(self, latest: Latest, tag: str | None) -> tuple[Latest, str | None]:
        """One whole day that waits for it: read once more, what came late made a revision, and the rest counted by
        other code beside what the summary in the bucket says."""
        kept = self._now - timedelta(days=self._settings.retention_days)
        wanted = to_check(latest, self._now, kept.astimezone(LOCAL).date() + timedelta(days=1))
        if wanted is None:
            return latest, tag
        before = self._fetch(_day(latest, wanted))
        inside = [layout.hour_of(reference.key) for reference in before.merged_from]
        if before.passages_read > MOST:
            latest = without_waiting(latest, wanted)
            return latest, self._store.replace(layout.LATEST, encode(latest), tag)
        self._recount = Recount()
        latest, tag = self._advance(latest, tag, inside)
        recount, self._recount = self._recount, None

        day = plainly(_day(latest, wanted))
        summary = self._load(day, decode)
        parts = [self._fetch(reference) for reference in summary.merged_from]
        lists = {each.version: each.codes for each in self._settings.key_regions}
        if any(part.key_regions_versions[0] not in lists for part in parts):
            return latest, tag  # settings of a minute ago; those of the next run will do
        found = reconciled(day, summary, recount.of(parts, lists), self._now)
        content, folder = encode(found), layout.reconciliation_folder(layout.day_of(day.key))
        revision = 1 + max(map(layout.revision_of, self._store.names(folder + "/")), default=0)
        while not self._store.create(key := layout.revision_key(folder, revision), content):
            standing = self._store.read(key)
            if standing and standing.content == content:
                break  # ours, whose answer was lost
            revision += 1
        there = Reconciled(key, digest(content), day=day, checked_at=found.checked_at, equal=found.equal)
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
            there = settle(hour, known.get(hour))
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
                    self._settle_merged("day", layout.day_folder(day), [known[hour] for hour in inside])
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
        operation = self._settle_merged(
            "operation",
            layout.operation_folder(through),
            moved.sources,
            # What was only added to costs no reading of history; what was changed is merged anew.
            [self._fetch(latest.operation), *map(self._fetch, changed.values())]
            if appended and latest.operation
            else None,
        )
        moved = structs.replace(
            moved,
            operation=operation,
            totals=self._fetch(operation).city.totals,
            today=self._settle_today(latest, moved.hours, through),
            trend=self._settle_trend(latest, moved.days),
            schemas=self._settle_schemas(latest),
        )
        return moved, self._store.replace(layout.LATEST, encode(moved), tag)

    def _settle_today(self, latest: Latest, open_hours: Sequence[Reference], through: Hour) -> Reported | None:
        """The hours of the day that is not whole, together: those of `latest`'s today, where they are the same, and
        the new ones."""
        if not open_hours:
            return None
        before, known = latest.today, len(latest.hours)
        if before is None or tuple(open_hours[:known]) != latest.hours:
            return _unreported(self._settle_merged("today", layout.today_folder(through), open_hours))
        if len(open_hours) == known:
            return before
        parts = [self._fetch(before), *map(self._fetch, open_hours[known:])]
        return _unreported(self._settle_merged("today", layout.today_folder(through), open_hours, parts))

    def _settle_trend(self, latest: Latest, days: Sequence[Tabled]) -> Tabled | None:
        """The trend of the last of `days`. What the trend before shows of them is taken from there; the week that gives
        the usual hours, and the days that are only in means, are read: a bounded number, however long the operation."""
        if not days or (latest.trend and tuple(days) == latest.days):
            return latest.trend
        named = {layout.day_of(day.key): Reference(day.key, day.digest) for day in days}
        last = max(named)
        shown = span(len(self._fetch(named[last]).checkpoints))
        wanted = {day: named[day] for day in sorted(named) if (last - day).days < shown + WEEK - 1}
        before = self._load(latest.trend, decode_trend) if latest.trend else None
        if latest.trend and before and before.merged_from == tuple(wanted.values()):
            return latest.trend
        known = days_again(before) if before else {}
        made, week = [], []
        for date_, there in wanted.items():
            day = known.get(there)
            if day is None or (last - date_).days < WEEK:
                summary = self._read.get(there.digest) or self._load(there, decode)
                day = day_of(summary, there, date_)
                if (last - date_).days < WEEK:
                    week.append((day, summary))
            made.append(day)
        trend = trend_of(made, usual_of(week), shown=shown)
        return self._settle_revision(layout.trend_folder(last), trend)

    def _settle_revision(self, folder: str, trend: Trend) -> Tabled:
        """Writes `trend`, and the CSV beside it, as the next revision in `folder`, unless one stands that was made from
        the same days, or later revisions of them."""
        while True:
            key = layout.revision_key(folder, trend.revision)
            content = encode(trend)
            if self._store.create(key, content):
                break
            newest = max(self._store.names(folder + "/"), key=layout.revision_of)
            found = self._store.read(newest)
            standing = decode_trend(found.content) if found else trend
            if found and covers(standing, trend):
                trend, key, content = standing, newest, found.content
                break
            trend = structs.replace(trend, revision=standing.revision + 1)
        return Tabled(key, digest(content), self._settle_table(layout.csv_key(key), trend_table(trend)))

    def _settle_schemas(self, latest: Latest) -> tuple[Reference, ...]:
        """The JSON Schemas, written where `latest` does not name them yet."""
        wanted = tuple(there for there, _ in published())
        if latest.schemas != wanted:
            for there, content in published():
                self._store.create(there.key, content)
        return wanted

    def _hours_of_days(self, latest: Latest, days: Iterable[date]) -> dict[Hour, Reference]:
        """The final hours of the day that is not whole yet, and of `days`."""
        references = list(latest.hours)
        for day in latest.days:
            if layout.day_of(day.key) in days:
                references += self._fetch(day).merged_from
        return {layout.hour_of(reference.key): reference for reference in references}

    def _settle_hour(self, hour: Hour, standing: Reference | None) -> Reference:
        """The final summary of `hour`, made unless what stands has everything."""
        before = self._fetch(standing) if standing else None
        readings = self._readings(hour)
        summary = of_hour(hour, readings, self._settings, expired=self._expired(hour))
        if before and has_less(summary, before):
            self._missing.append(layout.revision_key(layout.hour_folder(hour), before.revision))
        if standing and before and same_records(summary, before):
            return standing  # under another list, too: that is not for reading anew
        found = self._settle(layout.hour_folder(hour), summary, standing)
        if found != standing:
            self._behind |= self._fetch(found).key_regions_versions < summary.key_regions_versions
            self._made.append(found.key)
            self._late += self._fetch(found).late
            self._corrections += self._fetch(found).late_corrections
        return found

    def _settle_merged(
        self,
        window: Literal["today", "day", "operation"],
        folder: str,
        sources: Sequence[Reference],
        parts: Sequence[Summary] | None = None,
    ) -> Tabled:
        """The final summary merged from `sources`, and the CSV beside it; `parts` where they make the same total in
        fewer steps."""
        summary = merged(window, parts or [self._fetch(source) for source in sources], sources)
        found = self._settle(folder, summary, None)
        return Tabled(found.key, found.digest, self._settle_table(layout.csv_key(found.key), table(self._fetch(found))))

    def _settle_table(self, key: str, content: bytes) -> Reference:
        """Writes the CSV, unless one stands."""
        if not self._store.create(key, content):
            standing = self._store.read(key)
            content = standing.content if standing else content
        return Reference(key, digest(content))

    def _settle(self, folder: str, summary: Summary, standing: Reference | None) -> Reference:
        """Writes `summary` as the next revision in `folder`, unless one stands that has the same sources, or more
        passages or scans: they only ever get more, so a run that read earlier must not undo what a later one knew."""
        while True:
            before = self._fetch(standing) if standing else None
            if standing and before:
                if same_sources(before, summary) or is_older(summary, before):
                    return standing
                summary = revised(summary, before)
            content = encode(summary)
            there = Reference(layout.revision_key(folder, summary.revision), digest(content))
            if self._store.create(there.key, content):
                self._read[there.digest] = summary
                return there
            standing = self._newest(folder)

    def _newest(self, folder: str) -> Reference:
        """The newest revision in `folder`, where there is one."""
        key = max(self._store.names(folder + "/"), key=layout.revision_of, default=folder)
        found = self._store.read(key)
        if found is None:
            raise SummaryDamaged(key)
        there = Reference(key, digest(found.content))
        self._read[there.digest] = decode(found.content)
        return there

    def _publish_now(self, latest: Latest, tag: str | None) -> None:
        day = self._now.astimezone(LOCAL).date()
        finals = [self._fetch(whole) for whole in latest.days if layout.day_of(whole.key) == day]
        here = [hour for hour in latest.hours if layout.hour_of(hour.key).day == day]
        finals += [self._fetch(latest.today)] if here and latest.today else [self._fetch(hour) for hour in here]
        open_hours = {hour: self._readings(hour) for hour in hours(latest.open_from, Hour.of(self._now).next())}
        operation = self._fetch(latest.operation) if latest.operation else None
        trend = self._load(latest.trend, decode_trend) if latest.trend else None
        differing = [self._load(each, decode_reconciliation) for each in latest.differing]
        now = now_of(self._now, latest, operation, finals, open_hours, self._settings, trend, differing)
        content = now_table(now)
        alarms = encode(Alarms(as_of=now.as_of, final_up_to=now.final_up_to, alarms=now.alarms))
        now = structs.replace(
            now,
            csv=Reference(layout.NOW_CSV, digest(content)),
            alarms_file=Reference(layout.ALARMS, digest(alarms)),
        )
        try:
            self._store.replace(layout.NOW, encode(now), tag)
        except Overtaken:
            return  # by a run that began after this one, and knows more
        self._store.put(layout.NOW_CSV, content)
        self._store.put(layout.ALARMS, alarms)

    def _report(self, latest: Latest, tag: str | None) -> Latest:
        """The reports come last: whatever befalls them, the numbers are out."""
        if self._drawing is None:
            return latest
        moved, failed = with_reports(latest, self._store, self._load, self._drawing)
        if moved != latest:
            self._store.replace(layout.LATEST, encode(moved), tag)
        if failed:
            raise failed[0]
        return moved

    # Gather

    def _readings(self, hour: Hour) -> dict[str, Reading]:
        """What every checkpoint registered in `hour`; of those that have left the settings, what there still was."""
        listed = [each.id for each in self._settings.checkpoints]
        unlisted = sorted(set(self._known) - set(listed))
        # Only a poster that was replaced can be scanned in vain; a function learns of that from these same settings, a
        # minute before the grace is over.
        replaced = {each.checkpoint for each in self._settings.posters if each.state != "active"}.union(unlisted)

        def read(checkpoint: str) -> Reading:
            passages = list(self._reader.facts(checkpoint, hour, self._now))
            scans = list(self._reader.scans(checkpoint, hour, self._now)) if checkpoint in replaced else []
            if self._recount is not None:
                self._recount.add(hour, checkpoint, passages, scans)
            return reading(checkpoint, passages, self._settings, scans, hour=hour)

        found = dict(zip(listed + unlisted, self._side_by_side(read, listed + unlisted), strict=True))
        return {each: part for each, part in found.items() if part.submissions or part.scans or each not in unlisted}

    def _side_by_side(self, read: Callable[[str], Reading], checkpoints: list[str]) -> list[Reading]:
        if self._workers == 1:
            return [read(checkpoint) for checkpoint in checkpoints]
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(read, checkpoints))

    def _fetch(self, reference: Reference) -> Summary:
        """The summary that `reference` names. Raises SummaryDamaged when it is not that."""
        if reference.digest not in self._read:
            self._read[reference.digest] = self._load(reference, decode)
        return self._read[reference.digest]

    def _load(self, reference: Reference, decoder: Callable[[bytes], Document]) -> Document:
        """What `reference` names, read and not kept. Raises SummaryDamaged when it is not that."""
        found = self._store.read(reference.key)
        if found is None or digest(found.content) != reference.digest:
            raise SummaryDamaged(reference.key)
        return decoder(found.content)


def _day(latest: Latest, day: date) -> Reported:
    """The whole day's summary."""
    return next(each for each in latest.days if layout.day_of(each.key) == day)


def _unreported(tabled: Tabled) -> Reported:
    """A summary whose report is still to be made, or to be found."""
    return Reported(tabled.key, tabled.digest, tabled.csv)
