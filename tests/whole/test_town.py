"""Fourteen days of operation through the storage layer, summarised by the scheduled function's own code as the days go
by; then every number of every window against an independent count in SQL.

`scripts/test --town 1.0 tests/whole/test_town.py` is the seed's volume on the deployed local stack: 122,992 passages
with 263,239 travellers, sealed and stored one by one. Without `--town` it is a hundredth of it, on stores in memory.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from msgspec import structs

from chalicelib import jobs, wiring
from chalicelib.passage.hour import GRACE, LOCAL, Hour, stamp
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.registration import register
from chalicelib.passage.seal import Sealer
from chalicelib.passage.table import PassageTable
from chalicelib.patience import UNHURRIED
from chalicelib.settings import KeyRegions, Settings
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
LISTED = 10
"""Day after which a new list of key regions is set, valid from the 7th day on."""


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
    publish: Callable[[Settings], Settings]
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
            lambda settings: structs.replace(settings, version=settings.version + 1),
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
            lambda settings: wiring.settings_bucket().publish(settings, stamp(wiring.clock())),
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
        if in_force.settings is settings and (hour.start - starts.start).days >= LISTED:
            since = stamp(starts.start + timedelta(days=6, hours=9))
            regions = (*settings.key_regions, KeyRegions(2, ("110000", "210100", "429004"), since))
            in_force.settings = operation.publish(structs.replace(settings, key_regions=regions))
        if runs:
            began = time.monotonic()
            summarise(hour.end + GRACE)
            spent["summarising"] += time.monotonic() - began
        load(operation, late, 1)
    load(operation, corrections, 1)
    summarise(end.start + GRACE)
    summarise(end.start + GRACE + timedelta(minutes=1))
    operation.afterwards()

    base = operation.items()
    lists = [(each.version, (each.valid_from or "")[:13], each.codes) for each in in_force.settings.key_regions]
    prepare(base, lists, settings.fever)
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
        assert len(summary["checkpoints"]) == 18
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
