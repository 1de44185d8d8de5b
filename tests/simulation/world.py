"""The deterministic simulator: one seed, one small operation in a hostile world, and the invariants it must keep.

Everything that is ours is real: parsing is done once, then `register`, the table, `summarise` and `fetch` run over
stores in memory whose every call may fail before or after it took effect, be sent twice, or be the last thing a process
did.
Travellers press again for hours, requests are late, clocks are skewed or lie, runs are skipped, doubled, killed,
overtaken.
A violation tells the seed and the story that led there.
"""

from __future__ import annotations

import heapq
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.passage.decoding import decode
from chalicelib.passage.facts import Scan
from chalicelib.passage.form import parse
from chalicelib.passage.hour import GRACE, Hour, hours_of, moment, stamp
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.passage import Passage
from chalicelib.passage.registration import AnotherPassage, NothingToCorrect, register
from chalicelib.passage.table import NotStored, PassageTable
from chalicelib.settings import Poster, Settings, first_settings
from chalicelib.summary import layout
from chalicelib.summary.bucket import Overtaken, SummaryBucket, Unreachable
from chalicelib.summary.clock import ClockOff, agreed
from chalicelib.summary.document import decode as decode_summary
from chalicelib.summary.document import digest, encode
from chalicelib.summary.fetching import NothingPublished, fetch
from chalicelib.summary.pointers import Latest, decode_latest
from chalicelib.summary.run import PassagesMissing, summarise
from chalicelib.summary.trend import decode_trend
from tests.parties import CITY, FORM, as_form, one, three
from tests.simulation.dynamo import MemoryDynamo
from tests.simulation.fate import Crash, Fate, Fated
from tests.simulation.s3 import MemoryS3

KEYS = PassageKeys.of(b"k" * 64, "simulated")
BUCKET = "summaries"
BEGINNINGS = (
    datetime(2020, 2, 10, 6, 40, tzinfo=UTC),
    datetime(2020, 2, 10, 14, 40, tzinfo=UTC),  # midnight in Haicheng
    datetime(2020, 2, 29, 14, 50, tzinfo=UTC),  # out of a leap day there
    datetime(2020, 12, 31, 22, 30, tzinfo=UTC),  # the year's end in UTC
)
LONGEST = timedelta(seconds=27)
"""How long a request can live."""
MARKERS = ("王小明", "阿卜杜拉", "13800138000", "210381198001010", "辽CA1234", "中心街")
"""Of the made-up parties: nowhere but in `sealed`."""
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where what is fetched lies: a disk that is told to keep it takes longer than all the rest of a world."""
WENT_WRONG = (NotStored, Unreachable, Overtaken, ClientError, BotoCoreError, Crash, PassagesMissing)
"""What may go wrong in a hostile world, and is healed."""


PROVISIONAL = (layout.NOW, layout.NOW_CSV, layout.ALARMS)
"""Written over at each run, and says when."""


def _unchecked(latest: bytes) -> bytes:
    """`latest` without what it says of the reconciliations, which name the moment of their run."""
    return encode(msgspec.structs.replace(decode_latest(latest), checks=(), unchecked=()))


class Violation(AssertionError):
    """An invariant does not hold; tells the seed and the last of its story."""


@dataclass
class Mutation:
    """A fault introduced on purpose: how the world differs from the real one."""

    name: str = "none"
    dynamo: Callable[[Any], Any] = lambda client: client
    s3: Callable[[Any], Any] = lambda client: client
    settings: Callable[[Settings], Settings] = lambda settings: settings
    """What the schedule believes."""


@dataclass
class Party:
    """A traveller with a phone: one form, pressed until it is registered."""

    submission: str
    checkpoint: str
    passage: Passage
    presses: int
    began: datetime
    """When it was pressed first."""
    receipts: set[str] = field(default_factory=set)


@cache
def _passages() -> tuple[Passage, ...]:
    """Lawful passages to draw from; who sends them gives them an id and a checkpoint."""
    day = datetime(2020, 2, 10, tzinfo=UTC).date()
    made = []
    for fields in (
        one(),
        three(),
        one(plate="辽CB1234"),
        one(vehicle="foot", plate=None),
        one(vehicle="other", plate=None),
    ):
        made.append(parse(decode(as_form(fields), FORM), checkpoint="101", city=CITY, today=day))
    return tuple(made)


@cache
def _settings() -> Settings:
    settings = first_settings("simulated", "https://example.org", stamp(BEGINNINGS[0].replace(minute=0)))
    kept = settings.checkpoints[:4]
    ids = {checkpoint.id for checkpoint in kept}
    posters = tuple(poster for poster in settings.posters if poster.checkpoint in ids)
    # At two of the four a sheet was replaced, and hangs there still.
    posters += (Poster(kept[0].id, 2, "revoked"), Poster(kept[1].id, 2, "retiring"))
    return msgspec.structs.replace(settings, version=1, checkpoints=kept, posters=posters)


class World:
    """One seed's operation. `run()` raises Violation, or returns what it counted."""

    def __init__(self, seed: int, mutation: Mutation | None = None) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        mutation = mutation or Mutation()
        self.begin = self.rng.choice(BEGINNINGS)
        self.now = self.begin
        self.hanging = self.rng.random() < 0.5
        """Whether a run may hang for an hour, which another one sees before what arrives in it: then hours may need a
        revision, and else never, however the schedule's clock lies."""
        self.lies = self.rng.choice((0.0, 0.1, 0.4))
        """How often it does."""
        calm = self.rng.choice((0.0, 0.3, 1.0))
        self.fate = Fate(
            self.rng,
            {
                "before": 0.06 * calm, "after": 0.06 * calm, "twice": 0.05 * calm, "conflict": 0.04 * calm,
                "crash_before": 0.01 * calm, "crash_after": 0.02 * calm, "meanwhile": 0.02,
            },
        )  # fmt: skip
        self.fate.meanwhile = self._another_run
        self.dynamo = MemoryDynamo(page=3, clock=lambda: self.now.timestamp())
        self.s3 = MemoryS3(page=4, clock=lambda: self.now)
        table = mutation.dynamo(Fated(self.dynamo, self.fate))
        self.table = PassageTable(table, "table", sleep=lambda _: None)
        self.bucket = SummaryBucket(mutation.s3(Fated(self.s3, self.fate)), BUCKET, sleep=lambda _: None)
        starts = stamp(self.begin.replace(minute=0))
        self.settings = msgspec.structs.replace(_settings(), starts_at=starts)
        self.believed = mutation.settings(self.settings)
        self.slips = self.rng.choice((0, 0, 0, 2, 6))
        """Corrections at most: each revises what it touches, and would heal much else that was forgotten there."""
        self.revised = self.hanging or self.slips > 0
        self.parties: dict[str, Party] = {}
        self.story: list[str] = []
        self.counts: Counter[str] = Counter()
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._seen: Latest | None = None

    # The world

    def run(self) -> Counter[str]:
        hours = self.rng.randint(2, 4)
        end = self.begin + timedelta(hours=hours)
        turns = [self.begin.replace(minute=0) + timedelta(hours=n + 1) for n in range(hours)]
        for _ in range(self.rng.randint(6, 16)):
            at = self.begin + timedelta(seconds=self.rng.uniform(0, hours * 3500))
            if self.rng.random() < 0.3:  # in the last seconds of an hour
                at = self.rng.choice(turns) - timedelta(seconds=self.rng.uniform(0, 20))
            self._at(at, self._arrive if self.rng.random() < 0.8 else self._scan)
        wakes = [self.begin + timedelta(minutes=5 * n, seconds=self.rng.uniform(-5, 5)) for n in range(hours * 12)]
        wakes += [turn + timedelta(seconds=self.rng.uniform(0, span)) for turn in turns for span in (25, 180)]
        for wake in wakes:
            if self.rng.random() > 0.15:  # else skipped
                self._at(wake, self._scheduled_run)
        while self._agenda:
            self.now, _, act = heapq.heappop(self._agenda)
            act()
            self._look_at_latest()
        self._settle(max(end, self.now))
        return self.counts

    def _at(self, when: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (when, len(self._agenda) + self.rng.getrandbits(40), act))

    def _tell(self, line: str) -> None:
        self.story.append(f"{self.now:%H:%M:%S.%f}"[:12] + f"  {line}")

    def _must(self, holds: bool, claim: str) -> None:
        if not holds:
            story = "\n".join(self.story[-40:])
            raise Violation(f"seed {self.seed}: {claim}\nruns hang: {self.hanging}\n{story}")

    def _skewed(self) -> datetime:
        return self.now + timedelta(seconds=self.rng.uniform(-2, 2))

    # Travellers

    def _arrive(self) -> None:
        submission = f"{self.rng.getrandbits(128):032x}"
        checkpoint = self.rng.choice(self.settings.checkpoints).id
        passage = msgspec.structs.replace(self.rng.choice(_passages()), submission=submission, checkpoint=checkpoint)
        self._begin(passage)

    def _begin(self, passage: Passage) -> None:
        party = Party(passage.submission, passage.checkpoint, passage, self.rng.randint(1, 9), self.now)
        self.parties[passage.submission] = party
        self._press(party)

    def _correct(self, party: Party) -> None:
        """Other answers under an id of their own; the first, or what corrected it, may be corrected again and again."""
        submission = f"{self.rng.getrandbits(128):032x}"
        other = self.rng.choice(_passages())
        self._begin(
            msgspec.structs.replace(
                other, submission=submission, checkpoint=party.checkpoint, replaces=party.submission
            )
        )
        self.counts["corrections"] += 1

    def _press(self, party: Party) -> None:
        party.presses -= 1
        for _ in range(self.rng.choice((1, 1, 1, 2))):  # a double tap
            turning = self.now.minute == 59 and self.now.second > 35
            slow = self.rng.random() < (0.7 if turning else 0.2)
            delay = timedelta(seconds=self.rng.uniform(0, LONGEST.total_seconds()) if slow else 0.1)
            received = self._skewed()
            self._at(self.now + delay, partial(self._submission, party, received))

    def _submission(self, party: Party, received: datetime) -> None:
        """The function's work takes effect now; it noted its time of arrival when it began."""
        passage = party.passage
        retiring = party.checkpoint == self.settings.checkpoints[1].id
        if self.rng.random() < 0.05:
            passage = msgspec.structs.replace(passage, vehicle="foot", plate=None)  # the same id, another passage
        try:
            receipt = register(
                passage, poster=1 + retiring, key="A", retiring=retiring, now=received, retention_days=30,
                waited=round((self.now - party.began).total_seconds()),
                deployment="simulated", keys=KEYS, sealer=self, table=self.table,
            )  # fmt: skip
        except AnotherPassage:
            self._tell(f"{party.submission[:4]} at {party.checkpoint}: 409")
            self.counts["409"] += 1
        except NothingToCorrect:
            self._must(False, f"what {party.submission[:4]} corrects is not there")
        except (NotStored, Crash) as error:
            self._tell(f"{party.submission[:4]} at {party.checkpoint}: 503 ({type(error).__name__})")
            self.counts["503"] += 1
        else:
            self._tell(f"{party.submission[:4]} at {party.checkpoint}: 201, stored {receipt.received_at}")
            self.counts["201"] += 1
            stored = self._stored(party.submission)
            self._must(len(stored) == 1, f"a receipt means exactly one stored passage, not {len(stored)}")
            if passage is party.passage:
                party.receipts.add(receipt.signed)
            else:
                party.passage = passage  # the changed one came first, and stands
                party.receipts = {receipt.signed}
            if self.slips and self.rng.random() < 0.1:
                self.slips -= 1
                wait = self.rng.choice((5, 600, 4000, 9000))
                self._at(self.now + timedelta(seconds=self.rng.uniform(0, wait)), partial(self._correct, party))
        if party.presses > 0:
            wait = self.rng.choice((2, 30, 300, 1800, 4000, 8000))
            self._at(self.now + timedelta(seconds=self.rng.uniform(1, wait)), lambda: self._press(party))

    def _scan(self) -> None:
        """A phone scans the revoked poster; its page comes whether the scan is stored or not."""
        at = self._skewed()
        scan = Scan(self.settings.checkpoints[0].id, stamp(at), f"{self.rng.getrandbits(64):016x}", 2, "A")
        delay = timedelta(seconds=self.rng.uniform(0, LONGEST.total_seconds()))
        self._at(self.now + delay, partial(self._scanned, scan, int((at + timedelta(days=30)).timestamp())))

    def _scanned(self, scan: Scan, expires_at: int) -> None:
        try:
            self.table.scanned(scan, expires_at)
        except (NotStored, Crash) as error:
            self._tell(f"a scan at {scan.checkpoint}: perhaps not stored ({type(error).__name__})")
        else:
            self._tell(f"a scan at {scan.checkpoint}: stored {scan.at}")
            self.counts["scans"] += 1
            self._must(("SCAN#" + scan.checkpoint + "#" + scan.at[:13], f"{scan.at}#{scan.id}") in self.dynamo.items,
                       "a scan that is acknowledged is stored")  # fmt: skip

    def seal(self, plain: bytes) -> bytes:
        return bytes(byte ^ 0x5A for byte in plain)

    def _stored(self, submission: str) -> list[tuple[str, str]]:
        return [key for key in self.dynamo.items if key[0].startswith("CP#") and key[1].endswith(submission)]

    # The schedule

    def _scheduled_run(self) -> None:
        clock = self._skewed()
        if self.rng.random() < self.lies:
            # By seconds, which are believed and must do no harm; by minutes, hours, days; ahead and behind, by turns.
            most = self.rng.choice((29, 60, 20 * 60, 5 * 3600, 3 * 86400))
            clock = self.now + timedelta(seconds=self.rng.uniform(-most, most))
            self._tell("a lying clock wakes the schedule")
        self._summarise(clock)

    def _another_run(self) -> None:
        """Another run, from beginning to end, while one of ours is stuck; that one may have been stuck for long."""
        stuck = timedelta(minutes=self.rng.choice((0, 1, 70)))
        before, self.now = self.now, self.now + stuck
        self._tell(f"another run overtakes, {stuck} later")
        # What arrived meanwhile is not simulated: the hours between are empty, or half told, and healed afterwards.
        honest_enough = stuck < timedelta(minutes=2)
        if honest_enough or self.hanging:
            self._summarise(self.now)
            self._look_at_latest()
        self.now = before

    def _summarise(self, clock: datetime) -> None:
        """What the schedule does."""
        try:
            now = agreed(lambda: clock, self.bucket)
            outcome = summarise(self.table, self.bucket, self.believed, now, workers=1)
        except ClockOff:
            self._tell(f"run at {clock:%d %H:%M:%S} refused its clock")
            self.counts["clocks refused"] += 1
        except WENT_WRONG as error:
            self._tell(f"run at {clock:%H:%M:%S} broke off: {type(error).__name__} {error}")
            self.counts["runs broken off"] += 1
        else:
            self._tell(f"run at {clock:%H:%M:%S}: final up to {outcome.latest.final_up_to[11:16]}, {outcome.late} late")
            self.counts["runs"] += 1

    # The invariants

    def _object(self, key: str) -> bytes | None:
        return self.s3.objects.get((BUCKET, key))

    def _look_at_latest(self) -> None:
        """A reader polls: never back, never at nothing, never at what has another digest."""
        content = self._object(layout.LATEST)
        if content is None:
            self._must(self._seen is None, "latest does not vanish")
            return
        latest = decode_latest(content)
        named: list[Any] = [*latest.hours, *latest.days]
        for tabled in (latest.operation, latest.today, latest.trend):
            named += [tabled, tabled.csv] if tabled else []
        named += latest.schemas
        for reference in named:
            there = self._object(reference.key)
            self._must(there is not None, f"latest points at nothing: {reference.key}")
            self._must(digest(there or b"") == reference.digest, f"latest names another {reference.key}")
        if self._seen:
            self._must(latest.final_up_to >= self._seen.final_up_to, "latest goes back in time")
            self._must(latest.totals.passages >= self._seen.totals.passages, "latest loses passages")
        self._seen = latest

    def _settle(self, end: datetime) -> None:
        """The faults end; two more runs, and everything must be right."""
        self.fate.quiet = True
        self.now = max(end, moment(self._seen.final_up_to) if self._seen else end) + timedelta(hours=1) + GRACE * 2
        self._tell("quiet")
        for _ in range(2):
            try:
                summarise(self.table, self.bucket, self.believed, self.now, workers=1)
            except WENT_WRONG as error:
                self._must(False, f"a run fails though nothing is wrong any more: {type(error).__name__} {error}")
            self._look_at_latest()
        self._one_passage_each()
        self._summaries_equal_the_table()
        self._same_facts_same_bytes()
        self._written_once()
        self._nobody_is_named()
        self._fetched_is_complete()

    def _one_passage_each(self) -> None:
        for party in self.parties.values():
            stored = self._stored(party.submission)
            self._must(len(stored) <= 1, f"{party.submission[:4]} is stored {len(stored)} times")
            self._must(len(party.receipts) <= 1, f"{party.submission[:4]} has {len(party.receipts)} receipts")
            self._must(bool(stored) or not party.receipts, f"{party.submission[:4]} has a receipt and no passage")

    def _counted(self) -> dict[str, dict[str, dict[str, int]]]:
        """Hour -> checkpoint -> passages, vehicles, travellers; from the raw items, with none of our counting."""
        found: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
        plates = set()
        for pk, records in self._groups():
            _, checkpoint, hour = pk.split("#")
            _, _, _, vehicle, plate, travellers, *_ = records[-1]
            there = found[hour].setdefault(checkpoint, {"passages": 0, "vehicles": 0, "travellers": 0})
            there["passages"] += 1
            there["travellers"] += len(travellers)
            if vehicle not in ("rail", "foot") and (plate is None or (pk, plate) not in plates):
                there["vehicles"] += 1
                plates.add((pk, plate))
        return found

    def _groups(self) -> list[tuple[str, list[Any]]]:
        """Of each passage its partition, and the facts of it and its corrections, in the order of their arrival."""
        groups: dict[tuple[str, str], list[tuple[str, str, Any]]] = defaultdict(list)
        for (pk, sk), item in self.dynamo.items.items():
            if pk.startswith("CP#"):
                at, first, arrived, submission = (sk.split("#") * 2)[:4]
                groups[pk, first].append((arrived, submission, msgspec.json.decode(item["facts"]["S"])))
                self._must(at[:13] == pk.rpartition("#")[2], f"{first[:4]} is in another hour")
        return [(pk, [facts for _, _, facts in sorted(records)]) for (pk, _), records in groups.items()]

    def _on_posters(self) -> dict[str, tuple[Counter[str], Counter[str]]]:
        """Hour -> passages on retiring posters, scans of revoked ones, by poster; from the raw items too."""
        found: dict[str, tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(), Counter()))
        scans = [(pk, msgspec.json.decode(item["facts"]["S"])) for (pk, _), item in self.dynamo.items.items()
                 if pk.startswith("SCAN#")]  # fmt: skip
        for pk, facts in [*scans, *((pk, records[0]) for pk, records in self._groups())]:
            kind, checkpoint, hour = pk.split("#")
            _, version, key, *more = facts
            if kind == "SCAN" or more[3]:
                found[hour][kind == "SCAN"][f"{checkpoint}-{version}-{key}"] += 1
        return found

    def _summaries_equal_the_table(self) -> None:
        counted, on_posters = self._counted(), self._on_posters()
        latest = decode_latest(self._object(layout.LATEST) or b"")
        differing = [each.key for each in latest.differing]
        self._must(not differing, f"the daily check differs: {differing}")
        self.counts["checks"] += len(latest.checks)
        total: Counter[str] = Counter()
        hour = latest.first
        while hour < latest.open_from:
            newest = max(key for bucket, key in self.s3.objects if key.startswith(layout.hour_folder(hour)))
            summary = decode_summary(self._object(newest) or b"")
            listed = {checkpoint.id for checkpoint in self.settings.checkpoints}
            self._must(summary.checkpoints.keys() == listed, f"hour {hour.key} lists {sorted(summary.checkpoints)}")
            for checkpoint, there in summary.checkpoints.items():
                want = counted.get(hour.key, {}).get(checkpoint, {"passages": 0, "vehicles": 0, "travellers": 0})
                got = msgspec.to_builtins(there.counts.totals)
                self._must(got == want, f"hour {hour.key} at {checkpoint}: counted {got}, stored {want}")
                self._must((there.state == "silent") == (not want["passages"]), f"{checkpoint} is {there.state}")
                total.update(want)
            posters = (summary.city.by.get(subject, {}) for subject in ("passage_by_retiring_poster", "scan_by_poster"))
            for got_there, stored_there in zip(posters, on_posters[hour.key], strict=True):
                self._must(got_there == stored_there, f"hour {hour.key}: {got_there}, stored {dict(stored_there)}")
            self._must(summary.scans_read == on_posters[hour.key][1].total(), f"hour {hour.key} has other scans")
            inside = [records for pk, records in self._groups() if pk.endswith(f"#{hour.key}")]
            want_there = (
                sum(len(records) - 1 for records in inside),
                sum(len(records) > 1 for records in inside),
                sum(records[0][7] > 600 for records in inside),
            )
            got_corrected = (summary.corrections_read, summary.city.corrected, summary.city.filled_late)
            self._must(got_corrected == want_there, f"hour {hour.key}: {got_corrected} corrected, stored {want_there}")
            if not self.hanging:
                made = [decode_summary(self._object(key) or b"") for bucket, key in self.s3.objects
                        if key.startswith(layout.hour_folder(hour))]  # fmt: skip
                self._must(
                    not any(each.late or each.late_scans for each in made),
                    f"hour {hour.key} was made final too early: {len(made)} revisions",
                )
                self._must(len(made) == 1 or summary.corrections_read > 0, f"hour {hour.key} was revised for nothing")
            hour = hour.next()
        stored = sum(there["passages"] for hour_ in counted.values() for there in hour_.values())
        self._must(total["passages"] == stored, f"{total['passages']} passages are in the hours, {stored} in the table")
        self._must(msgspec.to_builtins(latest.totals) == {k: total[k] for k in ("passages", "vehicles", "travellers")},
                   f"latest says {latest.totals}, the hours {dict(total)}")  # fmt: skip
        self._windows_equal_the_hours(latest, counted)
        now = msgspec.json.decode(self._object(layout.NOW) or b"{}")
        self._must(now["totals"]["passages"] == stored, "now.json disagrees with the table")
        self._must(now["final_totals"] == msgspec.to_builtins(latest.totals), "now.json disagrees with latest.json")
        expired = self.now + timedelta(days=31)
        for key in {*counted, *on_posters}:
            for each in self.settings.checkpoints:
                at = (each.id, Hour.parse(key), expired)
                left = [*self.table.facts(*at), *self.table.scans(*at)]
                self._must(not left, "what has expired is returned")

    def _windows_equal_the_hours(self, latest: Latest, counted: dict[str, dict[str, dict[str, int]]]) -> None:
        """Today and the days of the trend hold the passages of their hours in the table."""

        def stored(day: date) -> int:
            final = [hour.key for hour in hours_of(day) if latest.first <= hour < latest.open_from]
            return sum(there["passages"] for key in final for there in counted.get(key, {}).values())

        self._must((latest.today is None) == (not latest.hours), "today is there when an hour of it is final")
        if latest.today:
            today = decode_summary(self._object(latest.today.key) or b"")
            want = stored(layout.hour_of(latest.today.key).day)
            self._must(today.city.passages == want, f"today has {today.city.passages} passages, the table {want}")
            self._must(today.merged_from == latest.hours, "today is not merged from the hours that latest names")
        self._must((latest.trend is None) == (not latest.days), "there is a trend when a day is whole")
        if latest.trend:
            trend = decode_trend(self._object(latest.trend.key) or b"")
            days = [layout.day_of(day.key) for day in latest.days]
            self._must([row.date for row in trend.days] == [f"{day}" for day in days], "the trend shows other days")
            self._must([ref.digest for ref in trend.merged_from] == [day.digest for day in latest.days],
                       "the trend was made from other revisions")  # fmt: skip
            for row, day in zip(trend.days, days, strict=True):
                got = row.city.counts.passages if row.city else None
                self._must(got == stored(day), f"the trend says {got} passages for {day}, the table {stored(day)}")

    def _same_facts_same_bytes(self) -> None:
        """A run that sees it all for the first time, with an honest clock, writes what this history wrote: to the byte
        where nothing had to be revised, else revisions' numbers aside."""
        fresh = MemoryS3(page=4)
        summarise(self.table, SummaryBucket(cast(Any, fresh), BUCKET), self.believed, self.now, workers=1)
        for (_, key), content in fresh.objects.items():
            if not self.revised and key not in PROVISIONAL and "/reconciliation/" not in key:
                same = _unchecked(self._object(key) or b"") == _unchecked(content) if key == layout.LATEST else (
                    self._object(key) == content)  # fmt: skip
                self._must(same, f"{key} has other bytes than an honest run's")
            if "/hour/" not in key:
                continue
            newest = max(k for _, k in self.s3.objects if k.startswith(key.rpartition("/")[0]))
            made = decode_summary(self._object(newest) or b"")
            ours = msgspec.structs.replace(made, revision=1, late=0, late_scans=0, late_corrections=0)
            self._must(msgspec.json.encode(ours, order="sorted") == content, f"{newest} depends on how it came about")

    def _written_once(self) -> None:
        written: dict[str, bytes] = {}
        for key, content in self.s3.history:
            if key != layout.LATEST and key not in PROVISIONAL:
                self._must(written.setdefault(key, content) == content, f"{key} was written over")

    def _nobody_is_named(self) -> None:
        outside = [content.decode() for content in self.s3.objects.values()]
        for key, item in self.dynamo.items.items():
            outside.append(repr((key, {name: value for name, value in item.items() if name != "sealed"})))
        outside += self.story
        for marker in MARKERS:
            self._must(not any(marker in text for text in outside), "a person is named outside what is sealed")

    def _fetched_is_complete(self) -> None:
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            try:
                fetched = fetch(self.bucket, Path(folder))
            except NothingPublished:
                self._must(False, "nothing was published")
            self._must(msgspec.to_builtins(fetched.latest.totals) is not None, "fetched nothing")
            kept = (Path(folder) / "latest.json").read_bytes()
            self._must(kept == self._object(layout.LATEST), "the fetched latest is another")
