"""A small town for tests of the run: passages in memory, summaries in S3 in memory, runs at any time."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
from msgspec import structs

from chalicelib.passage.facts import Registered, Scan
from chalicelib.passage.hour import LOCAL, Hour, hours, moment, stamp
from chalicelib.passage.table import Raw
from chalicelib.settings import Settings
from chalicelib.summary import layout
from chalicelib.summary.bucket import SummaryBucket
from chalicelib.summary.counting import Totals
from chalicelib.summary.document import Reference, Summary, decode, digest, encode
from chalicelib.summary.pointers import Latest, Now, decode_latest, decode_now
from chalicelib.summary.reconciliation import Reconciliation, decode_reconciliation
from chalicelib.summary.run import Outcome, summarise
from chalicelib.summary.trend import Trend, decode_trend
from tests.simulation.fate import Crash
from tests.simulation.s3 import MemoryS3
from tests.summary import made_up
from tests.summary.raw import raw, raw_scan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


PROVISIONAL = (layout.NOW, layout.NOW_CSV, layout.ALARMS)
"""What is written over at each run."""
RECONCILIATIONS = layout.ROOT + "reconciliation/"


class Passages:
    """A PassageReader over a list that tests add to. Expired ones are left out, as the table does."""

    def __init__(self, retention: timedelta = timedelta(days=30)) -> None:
        self.all: dict[str, list[Registered]] = defaultdict(list)
        self.scanned: list[Scan] = []
        self.corrected: list[tuple[Hour, Hour]] = []
        """Of each correction: the hour it arrived in, the hour it changed."""
        self.retention = retention
        self.readings: list[tuple[str, Hour]] = []

    def facts(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Registered]:
        self.readings.append((checkpoint, hour))
        for registered in self.all[checkpoint]:
            if registered.received_at[:13] == hour.key and moment(registered.received_at) + self.retention > now:
                yield registered

    def changed(self, hour: Hour, now: datetime) -> set[Hour]:
        return {there for arrived, there in self.corrected if arrived == hour and there.start + self.retention > now}

    def scans(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Scan]:
        for scan in self.scanned:
            if (scan.checkpoint, scan.at[:13]) == (checkpoint, hour.key) and moment(scan.at) + self.retention > now:
                yield scan

    def again(self, kind: Literal["CP", "SCAN"], checkpoint: str, hour: Hour, now: datetime) -> Iterator[Raw]:
        """As the table keeps them: of a passage with corrections each record, all with the last one's facts."""
        if kind == "SCAN":
            yield from (raw_scan(scan) for scan in self.scans(checkpoint, hour, now))
            return
        for registered in self.all[checkpoint]:
            if registered.received_at[:13] == hour.key and moment(registered.received_at) + self.retention > now:
                yield from raw(registered)


class Mishaps:
    """An S3 client whose n-th call (from 0) meets with `befall(client call) -> answer`."""

    def __init__(self, client: MemoryS3, at: int, befall: Callable[[Callable[[], Any]], Any]) -> None:
        self._client = client
        self._at = at
        self._befall = befall
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if name == "exceptions":
            return attribute

        def call(**arguments: Any) -> Any:
            number, self.calls = self.calls, self.calls + 1
            return self._befall(lambda: attribute(**arguments)) if number == self._at else attribute(**arguments)

        return call


def crash_before(call: Callable[[], Any]) -> Any:
    raise Crash


def crash_after(call: Callable[[], Any]) -> Any:
    call()
    raise Crash


def twice(call: Callable[[], Any]) -> Any:
    call()
    return call()


class Town:
    """Runs over the passages it was given, by one seed."""

    def __init__(self, starts: Hour, seed: int = 1, **settings: Any) -> None:
        self.starts = starts
        self.rng = random.Random(seed)
        self.settings: Settings = made_up.settings(starts, **settings)
        self.passages = Passages(timedelta(days=self.settings.retention_days))
        self.s3 = MemoryS3()

    def register(self, checkpoint: str, *moments: datetime) -> None:
        self.passages.all[checkpoint] += [made_up.passage(self.rng, at) for at in moments]

    def correct(self, checkpoint: str, at: datetime, which: int = -1) -> None:
        """The passage number `which` of the checkpoint is corrected at that moment."""
        there = self.passages.all[checkpoint]
        corrected = made_up.passage(self.rng, moment(there[which].received_at))
        there[which] = corrected._replace(corrections=there[which].corrections + 1)
        self.passages.corrected.append((Hour.of(at), Hour.of(moment(corrected.received_at))))

    def scan(self, checkpoint: str, *moments: datetime) -> None:
        self.passages.scanned += [made_up.scan(self.rng, checkpoint, at) for at in moments]

    def busy(self, until: Hour, *, checkpoints: Iterable[str] = ("101", "102"), most: int = 4) -> None:
        """Some passages in each hour from the start on."""
        for hour in hours(self.starts, until):
            for checkpoint in checkpoints:
                for _ in range(self.rng.randint(0, most)):
                    self.register(checkpoint, hour.start + timedelta(milliseconds=self.rng.randrange(3_600_000)))

    def run(
        self,
        now: datetime,
        client: Any = None,
        settings: Settings | None = None,
        workers: int = 1,
        bucket: str = "b",
    ) -> Outcome:
        store = SummaryBucket(cast("S3Client", client or self.s3), bucket, sleep=lambda _: None)
        return summarise(self.passages, store, settings or self.settings, now, workers=workers)

    def files(self, *, provisional: bool = False) -> dict[str, bytes]:
        """All that was published, but for what says when it was made: what is provisional, and the reconciliations."""
        found = {key: content for (_, key), content in self.s3.objects.items() if provisional or key not in PROVISIONAL}
        if provisional:
            return found
        if layout.LATEST in found:
            latest = decode_latest(found[layout.LATEST])
            found[layout.LATEST] = encode(structs.replace(latest, checks=(), unchecked=()))
        return {key: content for key, content in found.items() if not key.startswith(RECONCILIATIONS)}

    def s3_names(self, folder: str) -> list[str]:
        """The summaries in a folder, in order."""
        return sorted(key for key in self.files() if key.startswith(folder + "/") and key.endswith(".json"))

    def s3_reconciliations(self, folder: str) -> list[str]:
        """The reconciliations in a folder, in order."""
        return sorted(key for _, key in self.s3.objects if key.startswith(folder + "/"))

    def file(self, key: str) -> bytes:
        return self.s3.objects["b", key]

    def summary(self, key: str) -> Summary:
        return decode(self.file(key))

    def hour(self, hour: Hour, revision: int = 1) -> Summary:
        return self.summary(layout.revision_key(layout.hour_folder(hour), revision))

    def day(self, day: date, revision: int = 1) -> Summary:
        return self.summary(layout.revision_key(layout.day_folder(day), revision))

    @property
    def latest(self) -> Latest:
        return decode_latest(self.file(layout.LATEST))

    @property
    def now(self) -> Now:
        return decode_now(self.file(layout.NOW))

    @property
    def operation(self) -> Summary:
        assert self.latest.operation
        return self.summary(self.latest.operation.key)

    def plain_totals(self, begins: datetime, ends: datetime, checkpoints: Iterable[str] | None = None) -> Totals:
        """The totals of a window, counted without the summaries."""
        passages = travellers = vehicles = 0
        for checkpoint, all_there in self.passages.all.items():
            if checkpoints is not None and checkpoint not in checkpoints:
                continue
            seen: set[tuple[str, str]] = set()
            for one in all_there:
                if not stamp(begins) <= one.received_at < stamp(ends):
                    continue
                passages += 1
                travellers += len(one.facts.travellers)
                if one.facts.vehicle in ("rail", "foot"):
                    continue
                plate = (one.received_at[:13], one.facts.plate or one.submission)
                vehicles += plate not in seen
                seen.add(plate)
        return Totals(passages, vehicles, travellers)

    def check_today(self) -> None:
        """Today is the day of the first hour that is not final, from its midnight up to there."""
        latest = self.latest
        assert (latest.today is None) == (not latest.hours)
        if latest.today:
            today = self.summary(latest.today.key)
            midnight = datetime.combine(layout.hour_of(latest.hours[-1].key).day, time.min, LOCAL)
            assert (today.window, today.begins) == ("today", max(stamp(midnight), latest.begins))
            assert (today.ends, today.merged_from) == (latest.final_up_to, latest.hours)
            assert layout.hour_of(latest.today.key).end == moment(latest.final_up_to)

    def check_trend(self) -> None:
        """The trend shows every whole day, and its numbers are those that are stored."""
        latest = self.latest
        assert (latest.trend is None) == (not latest.days)
        if latest.trend is None:
            return
        trend = self.trend
        assert [row.date for row in trend.days] == [str(layout.day_of(day.key)) for day in latest.days]
        assert trend.merged_from == tuple(Reference(day.key, day.digest) for day in latest.days)
        in_week: dict[str, list[int]] = defaultdict(list)
        for row, day in zip(trend.days, latest.days, strict=True):
            summary = self.summary(day.key)
            midnight = datetime.combine(layout.day_of(day.key), time.min, LOCAL)
            expected = "expired" if summary.expired else "whole" if summary.begins == stamp(midnight) else "partial"
            assert row.state == expected
            window = moment(summary.begins), moment(summary.ends)
            assert row.city is not None
            for place, there in {"": row.city, **row.checkpoints}.items():
                totals = self.plain_totals(*window, [place] if place else None)
                counted = Totals(there.counts.passages, there.counts.vehicles, there.counts.travellers)
                assert counted == totals, (row.date, place)
                in_week[place].append(totals.passages if row.state == "whole" else 0)
                days = [number for number in in_week[place][-7:] if number]
                assert (there.week.sums.passages, there.week.days) == (sum(days), len(days)), (row.date, place)

    @property
    def trend(self) -> Trend:
        assert self.latest.trend
        return decode_trend(self.file(self.latest.trend.key))

    @property
    def reconciliation(self) -> Reconciliation:
        """The last one."""
        assert self.latest.reconciled
        return decode_reconciliation(self.file(self.latest.reconciled.key))

    def named(self) -> list[Reference]:
        """All that `latest` names, directly or by a day."""
        latest = self.latest
        files: list[Reference] = [*latest.hours, *latest.days, *(day.csv for day in latest.days)]
        files += [latest.hour] if latest.hour else []
        for tabled in (latest.operation, latest.today, latest.trend):
            files += [tabled, tabled.csv] if tabled else []
        files += [*latest.schemas, *latest.checks]
        for day in latest.days:
            files += self.summary(day.key).merged_from
        return files

    def check_named(self) -> None:
        """`latest` never points at nothing, nor at anything else than it says."""
        for named in self.named():
            assert digest(self.file(named.key)) == named.digest, named.key

    def check(self) -> None:
        """`latest` names what is there, all of it, and it adds up to what is stored."""
        self.check_named()
        latest, files = self.latest, self.named()
        begins, ends = moment(latest.begins), moment(latest.final_up_to)
        assert latest.totals == self.plain_totals(begins, ends)
        final_hours = [layout.hour_of(ref.key) for ref in files if ref.key.startswith(layout.ROOT + "hour/")]
        assert sorted(set(final_hours)) == list(hours(latest.first, latest.open_from))
        summaries = re.compile(layout.ROOT + "(hour|today|day|operation)/.*json")
        for key in {ref.key for ref in files if summaries.fullmatch(ref.key)}:
            summary = self.summary(key)
            window = (moment(summary.begins), moment(summary.ends))
            assert summary.city.totals == self.plain_totals(*window), key
            assert summary.passages_read == summary.city.passages
            scans = [each for each in self.passages.scanned if summary.begins <= each.at < summary.ends]
            assert summary.scans_read == summary.city.scans == len(scans)
            inside = [
                each
                for there in self.passages.all.values()
                for each in there
                if summary.begins <= each.received_at < summary.ends
            ]
            assert summary.corrections_read == sum(each.corrections for each in inside)
            assert summary.city.corrected == sum(each.corrections > 0 for each in inside)
            for listed in self.settings.checkpoints:
                there = summary.checkpoints[listed.id]
                assert there.counts.totals == self.plain_totals(*window, [listed.id]), key
                state = "counted" if there.counts.passages else "silent" if listed.active else "closed"
                assert (there.state, there.since is not None) == (state, state == "silent"), key
        self.check_today()
        self.check_trend()
        if latest.operation:
            assert self.operation.merged_from == latest.sources
            assert self.operation.city.totals == latest.totals
            assert msgspec.json.decode(self.file(latest.operation.key))["schema"] == "kakou.summary.v1"
