"""Fourteen days of operation through the storage layer, summarised by the scheduled function's own code as the days go
by; then every number of every window against an independent count in SQL.

`scripts/test --town 1.0 tests/whole/test_town.py` is the seed's volume on the deployed local stack: 122,992 passages
with 263,239 travellers, sealed and stored one by one. Without `--town` it is a hundredth of it, on stores in memory.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from msgspec import structs

from chalicelib import jobs, wiring
from chalicelib.checkpoint import lifecycle
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.passage.hour import GRACE, LOCAL, Hour, stamp
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.registration import register
from chalicelib.passage.seal import Sealer
from chalicelib.passage.table import PassageTable
from chalicelib.patience import UNHURRIED
from chalicelib.settings import KeyRegions, Settings, following
from chalicelib.summary import layout
from chalicelib.summary.bucket import SummaryBucket
from chalicelib.summary.document import digest
from tests.conftest import LocalStack
from tests.simulation.dynamo import MemoryDynamo
from tests.simulation.s3 import MemoryS3
from tests.summary import fortnight
from tests.summary.fortnight import DAYS, Arrival
from tests.test_jobs import EVENT
from tests.whole.census import census, census_of, prepare, told, window
from tests.whole.functions import Function

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

SMALL = 1 / 100
"""Up to this scale the stores are in memory."""
CHANGED, LISTED, LOOKED = 5, 10, 12
"""Days after which: the threshold of fever changes and a checkpoint is added; a new list of key regions is set, valid
from the 7th day on; what is known now is compared."""


class Then(SummaryBucket):
    """The bucket at the time of the run: the schedule asks it."""

    now = datetime.max.replace(tzinfo=UTC)

    def time(self) -> datetime:
        return self.now


class Operation(NamedTuple):
    """The stores, and how the schedule is run over them at a time of ours."""

    settings: Settings
    keys: PassageKeys
    table: PassageTable
    sealer: Sealer
    store: Then
    items: Callable[[], Any]
    """The independent count's base."""
    publish: Callable[[Settings, Settings, str], Settings]
    """Before, after, when: what comes into force."""
    afterwards: Callable[[], None]
    """What must change nothing any more."""


class Plain:
    def seal(self, plain: bytes) -> bytes:
        return b"sealed"


class InForce:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def current(self) -> Settings:
        return self.settings


@pytest.fixture
def operation(town: float, request: pytest.FixtureRequest) -> Iterator[Operation]:
    if town <= SMALL:
        dynamo, s3 = MemoryDynamo(page=50), MemoryS3()
        yield Operation(
            fortnight.settings(),
            fortnight.KEYS,
            PassageTable(cast("DynamoDBClient", dynamo), "t"),
            Plain(),
            Then(cast("S3Client", s3), "b"),
            lambda: census_of(dynamo.items.values()),
            lambda before, after, at: following(before, structs.replace(after, version=after.version + 1), at),
            lambda: None,
        )
        return
    stack: LocalStack = request.getfixturevalue("own_stack")
    events = stack.client("events")
    for rule in events.list_rules()["Rules"]:
        events.disable_rule(Name=rule["Name"])
    wiring.reach(stack.urls_file)
    for key in (layout.LATEST, layout.NOW):
        stack.client("s3").delete_object(Bucket=stack.urls["bucket"], Key=key)
    # The newest whole fortnight: what is older than the retention, the table would delete under our hands.
    today = wiring.clock().astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = Hour.of(today - timedelta(days=DAYS))
    before = wiring.settings_bucket().current()
    made = fortnight.settings(starts)
    settings = structs.replace(before, starts_at=made.starts_at, posters=made.posters)
    settings = wiring.settings_bucket().publish(settings, stamp(wiring.clock()))

    def deployed() -> None:
        """The function as it is deployed, with the clock of today, finds nothing to mend in what is final."""
        schedule = Function(stack, "command", "SummariseSchedule")
        assert b"rror" not in schedule.run()

    try:
        yield Operation(
            settings,
            PassageKeys.of(wiring.public_secret(), settings.deployment),
            wiring.passage_table(),
            wiring.sealer(),
            Then(wiring.client("s3", UNHURRIED), stack.urls["bucket"]),
            lambda: census(stack.client("dynamodb"), stack.urls["table"]),
            lambda before, after, at: wiring.settings_bucket().publish(after, at),
            deployed,
        )
    finally:
        wiring.forget()


def load(made: Operation, arrivals: Sequence[Arrival], threads: int) -> None:
    """Registers them, each at its own time, as the function does."""

    def one(arrival: Arrival) -> None:
        register(
            arrival.passage, poster=arrival.poster, key="A", retiring=arrival.retiring, waited=arrival.waited,
            now=arrival.at, retention_days=made.settings.retention_days, deployment=made.settings.deployment,
            keys=made.keys, sealer=made.sealer, table=made.table,
        )  # fmt: skip

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(one, arrivals, chunksize=16):
            pass


def warmer_and_one_more(before: Settings, hour: Hour) -> Settings:
    new = Checkpoint("201", "新卡口", "New checkpoint", "road", f"{before.city}001", True)
    return lifecycle.add_checkpoint(structs.replace(before, fever=380), new, hour.start)


def listed_anew(before: Settings, starts: Hour) -> Settings:
    since = stamp(starts.start + timedelta(days=6, hours=9))
    regions = (*before.key_regions, KeyRegions(2, ("110000", "210100", "429004"), since))
    return structs.replace(before, key_regions=regions)


def prepared(operation: Operation, settings: Settings) -> sqlite3.Connection:
    """The independent count of what lies in the table, by what the settings say was in force when."""
    base: sqlite3.Connection = operation.items()
    lists = [(each.version, (each.valid_from or "")[:13], each.codes) for each in settings.key_regions]
    prepare(base, lists, [*((each.until, each.fever) for each in settings.before), ("~", settings.fever)])
    return base


def now_is_told(operation: Operation, settings: Settings) -> int:
    """Compares what is provisional with the table as it stands: the operation, today, the open hours, each checkpoint;
    and today as far as it is final. How many numbers there were."""
    found, read = operation.store.read(layout.NOW), operation.store.read(layout.LATEST)
    assert found
    assert read
    now, latest = json.loads(found.content), json.loads(read.content)
    base = prepared(operation, settings)
    compared = 0
    for name, begins in (("city", now["from"]), ("today", now["today"]["from"])):
        counts = now["city"] if name == "city" else now["today"]["city"]
        want = {key: number for key, number in window(base, begins[:13], "9").items() if key[0] == "city"}
        assert told({"city": counts, "checkpoints": {}}) == want, name
        compared += len(want)
        for checkpoint, there in now["checkpoints"].items():
            totals = there["totals" if name == "city" else "today"]
            all_of_it = window(base, begins[:13], "9")
            assert totals == {each: all_of_it.get((checkpoint, "total", each), 0) for each in totals}, checkpoint
            compared += len(totals)
    assert now["open_hours"]
    final = json.loads(operation.store.read(latest["today"]["key"]).content)  # type: ignore[union-attr]
    for each in (*now["open_hours"], final):
        want = window(base, each["from"][:13], each["until"][:13])
        assert told(each) == want, each["from"]
        compared += len(want)
    return compared


def test_a_fortnight_equals_an_independent_count_in_every_dimension(
    operation: Operation, town: float, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, store = operation.settings, operation.store
    starts = Hour.of(datetime.fromisoformat(settings.starts_at))
    small = town <= SMALL
    threads, every = (1, 6) if small else (8, 1)
    arrivals = fortnight.arrivals(town, starts=starts)
    end = Hour(starts.start + timedelta(days=DAYS))
    corrections = [each for each in fortnight.corrections(arrivals) if each.at < end.start]
    scans = fortnight.scans(town, starts=starts)
    in_force = InForce(settings)
    changes = [(CHANGED, warmer_and_one_more), (LISTED, lambda before, hour: listed_anew(before, starts))]
    added = stamp(starts.start + timedelta(days=CHANGED))
    looked = 0
    spent = {"loading": 0.0, "summarising": 0.0}

    def summarise(now: datetime) -> None:
        store.now = now
        with wiring.use(
            passage_reader=operation.table, summary_bucket=store, current_settings=in_force, clock=lambda: now
        ):
            jobs.summarise_schedule(EVENT, None)

    for number, (_, group) in enumerate(itertools.groupby(arrivals, key=lambda each: Hour.of(each.at).start)):
        there = list(group)
        mended = [each for each in corrections if each.at < Hour.of(there[0].at).end]
        corrections = corrections[len(mended) :]
        hour = Hour.of(there[0].at)
        runs = number % every == every - 1
        late = there[:1] if runs and number // every % (2 if small else 28) == 0 else []
        began = time.monotonic()
        load(operation, there[len(late) :], threads)
        load(operation, mended, 1)
        for scan in scans:
            if scan.at[:13] == hour.key:
                operation.table.scanned(scan, int((hour.end + timedelta(days=30)).timestamp()))
        spent["loading"] += time.monotonic() - began
        while changes and (at := starts.start + timedelta(days=changes[0][0])) <= hour.start:  # nobody came since `at`
            before, change = in_force.settings, changes.pop(0)[1]
            in_force.settings = operation.publish(before, change(before, Hour(at)), stamp(at))
        if runs:
            began = time.monotonic()
            summarise(hour.end + GRACE)
            spent["summarising"] += time.monotonic() - began
            if not looked and hour.day >= starts.day + timedelta(days=LOOKED):
                looked += now_is_told(operation, in_force.settings)
        load(operation, late, 1)
    assert looked > 100
    load(operation, corrections, 1)
    summarise(end.start + GRACE)
    summarise(end.start + GRACE + timedelta(minutes=1))
    operation.afterwards()

    base = prepared(operation, in_force.settings)
    if town == 1:
        assert base.execute("select count(*) from passage").fetchone() == (fortnight.PASSAGES,)
        assert base.execute("select count(*) from person").fetchone() == (fortnight.TRAVELLERS,)

    def document(reference: dict[str, str]) -> Any:
        found = store.read(reference["key"])
        assert found is not None
        assert digest(found.content) == reference["digest"]
        return json.loads(found.content)

    read = store.read(layout.LATEST)
    assert read is not None
    latest = json.loads(read.content)
    assert latest["final_up_to"] >= stamp(end.start)
    days = [document(day) for day in latest["days"]][:DAYS]
    windows = [document(latest["operation"]), *days]
    windows += [document(hour) for day in days for hour in day["merged_from"]]
    compared = 0
    for summary in windows:
        want = window(base, summary["from"][:13], summary["until"][:13])
        assert told(summary) == want, (summary["window"], summary["from"])
        assert len(summary["checkpoints"]) == 18 + (summary["until"] > added)
        compared += len(want)
    assert [len(day["merged_from"]) for day in days] == [24] * DAYS
    assert windows[0]["corrections_read"] >= windows[0]["city"]["corrected"] > 0
    assert windows[0]["city"]["filled_late"] > 0
    assert any(summary["late"] for summary in windows[DAYS + 1 :])
    assert any(summary["key_regions_versions"] == [1, 2] for summary in windows[1 : DAYS + 1])
    assert windows[0]["key_regions_versions"] == [1, 2]
    if not small:
        with capsys.disabled():
            sys.stdout.write(
                f"\n{latest['totals']}: {len(windows)} windows, {compared:,} numbers equal; loading"
                f" {spent['loading']:.0f} s, summarising {spent['summarising']:.0f} s\n"
            )
