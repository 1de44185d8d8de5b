"""The schedule fails loudly, and says nothing that is stored: Lambda writes an exception's text into the log."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from chalice.app import Chalice

from chalicelib import jobs, wiring
from chalicelib.passage.facts import Registered
from chalicelib.passage.hour import Hour
from chalicelib.passage.table import PassageTable
from chalicelib.settings import Settings, first_settings
from chalicelib.summary.bucket import Stored, SummaryBucket
from chalicelib.summary.revisions import SummaryDamaged
from tests.simulation.dynamo import MemoryDynamo
from tests.simulation.s3 import MemoryS3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 11, 24, 7, 15, tzinfo=UTC)
SETTINGS = first_settings("test", "https://kakou.example", "2026-11-24T06:00:00.000Z")
MARKER = "王小明13800138000"
EVENT = dict.fromkeys(
    ("version", "account", "region", "detail", "detail-type", "source", "time", "id", "resources"), ""
)


class InForce:
    def current(self) -> Settings:
        return SETTINGS


class Unreadable:
    """A table and a bucket whose reading fails with `error`."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def facts(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Registered]:
        raise self._error

    def changed(self, hour: Hour, now: datetime) -> set[Hour]:
        raise self._error

    def read(self, key: str) -> Stored | None:
        raise self._error

    def time(self) -> datetime:
        return NOW


def table(dynamo: MemoryDynamo) -> PassageTable:
    return PassageTable(cast("DynamoDBClient", dynamo), "memory")


def bucket(clock: datetime = NOW) -> SummaryBucket:
    return SummaryBucket(cast("S3Client", MemoryS3(clock=lambda: clock)), "memory")


def damaged() -> PassageTable:
    """A table with a record whose facts are not facts, but what nobody may read."""
    dynamo = MemoryDynamo()
    key = "CP#101#2026-11-24T06", "2026-11-24T06:10:00.000Z#" + "0" * 32
    facts = json.dumps([1, 1, "A", MARKER, MARKER, [[MARKER]]], ensure_ascii=False)
    dynamo.items[key] = {
        "pk": {"S": key[0]}, "sk": {"S": key[1]}, "facts": {"S": facts}, "sealed": {"B": b""},
        "expires_at": {"N": "9999999999"},
    }  # fmt: skip
    return table(dynamo)


def run(reader: Any, store: Any) -> str:
    """What the schedule writes, its exception included, as a runtime would print it."""
    app = Chalice("test")
    app.register_blueprint(jobs.blueprint)
    written = io.StringIO()
    parts = {"passage_reader": reader, "summary_bucket": store, "current_settings": InForce(), "clock": lambda: NOW}
    with wiring.use(**parts), redirect_stdout(written):
        try:
            jobs.summarise_schedule(EVENT, None)
        except Exception as error:
            return written.getvalue() + "".join(traceback.format_exception(error)) + str(error)
    return written.getvalue()


@pytest.mark.parametrize(
    ("reader", "store", "kind"),
    [
        (Unreadable(ValueError(MARKER)), bucket(), "ValueError"),
        (Unreadable(KeyError(MARKER)), bucket(), "KeyError"),
        (damaged(), bucket(), "ValidationError"),
        (table(MemoryDynamo()), Unreadable(RuntimeError(MARKER)), "RuntimeError"),
    ],
)
def test_a_schedule_that_fails_names_the_kind_and_place_and_no_value(reader: Any, store: Any, kind: str) -> None:
    said = run(reader, store)
    assert "NotSummarised" in said
    assert f'"kind": "{kind}"' in said
    for spelling in (MARKER, json.dumps(MARKER)[1:-1], "13800138000"):
        assert spelling not in said


def test_the_key_of_a_summary_at_fault_is_named() -> None:
    said = run(Unreadable(SummaryDamaged("summaries/v1/hour/2026/11/24/06/r001.json")), bucket())
    assert "NotSummarised: SummaryDamaged summaries/v1/hour/2026/11/24/06/r001.json" in said


def test_a_schedule_that_succeeds_says_up_to_when() -> None:
    said = run(table(MemoryDynamo()), bucket())
    assert json.loads(said)["event"] == "summarised"
    assert json.loads(said)["hour"] == "2026-11-24T07:00:00.000Z"


@pytest.mark.parametrize("seconds", [-86_400, -32, 31, 1800])
def test_a_clock_that_the_store_contradicts_is_refused_and_nothing_is_written(seconds: int) -> None:
    memory = MemoryS3(clock=lambda: NOW - timedelta(seconds=seconds))
    said = run(table(MemoryDynamo()), SummaryBucket(cast("S3Client", memory), "memory"))
    assert "NotSummarised: ClockOff this clock says 2026-11-24T07:15:00.000Z" in said
    assert "set the one that is wrong right" in said
    assert not memory.history


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_a_clock_that_is_off_by_seconds_is_believed(seconds: int) -> None:
    """Its hours are closed by it, and the grace bears that."""
    said = run(table(MemoryDynamo()), bucket(NOW - timedelta(seconds=seconds)))
    assert json.loads(said)["event"] == "summarised"
