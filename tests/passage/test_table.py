"""The table's contract: the same promises over the client in memory and over the local stack's DynamoDB."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, cast

import pytest
from botocore.exceptions import ClientError

from chalicelib.passage import facts
from chalicelib.passage.facts import Facts, Scan, TravellerFacts
from chalicelib.passage.hour import Hour, stamp
from chalicelib.passage.table import (
    PassageReader,
    PassageTable,
    PassageWriter,
    Place,
    Record,
    ScanWriter,
    as_it_comes,
)
from tests.conftest import MiniStack
from tests.simulation.dynamo import MemoryDynamo

NOW = datetime(2020, 2, 10, 7, 30, tzinfo=UTC)
HOUR = Hour.of(NOW)


if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Table(PassageWriter, PassageReader, ScanWriter, Protocol):
    pass


@pytest.fixture(params=["memory", "real", "real as it comes"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    if request.param == "memory":
        yield PassageTable(cast("DynamoDBClient", MemoryDynamo()), "memory")
        return
    ministack: MiniStack = request.getfixturevalue("ministack")
    client = ministack.client("dynamodb")
    name = f"table-{request.node.name}"[:100].translate({ord(c): "-" for c in "[] "})
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    yield PassageTable(as_it_comes(client) if request.param.endswith("comes") else client, name)
    client.delete_table(TableName=name)


def record(
    number: int,
    *,
    at: datetime = NOW,
    proof: bytes = b"p",
    sealed: bytes = b"s",
    days: int = 30,
    corrects: Record | None = None,
    poster: int = 1,
    retiring: bool = False,
    waited: int | None = None,
) -> Record:
    counted = Facts(
        1,
        poster,
        "A",
        "car",
        f"{number:016x}",
        (TravellerFacts("none", "210381", "elsewhere", "home", False, ("none",), None),),
        retiring,
        waited,
    )
    return Record(
        submission=f"{number:032x}",
        checkpoint="101",
        received_at=stamp(at),
        proof=proof,
        facts=facts.encode(counted),
        sealed=sealed,
        expires_at=corrects.expires_at if corrects else int((at + timedelta(days=days)).timestamp()),
        corrects=Place(corrects.checkpoint, corrects.received_at, corrects.submission) if corrects else None,
    )


def stored(table: Table, hour: Hour = HOUR, checkpoint: str = "101", now: datetime = NOW) -> list[str]:
    return [registered.submission for registered in table.facts(checkpoint, hour, now)]


def test_a_new_passage_is_stored_and_read_back(table: Table) -> None:
    sent = record(7)
    guard = table.register(sent)
    assert (guard.received_at, guard.proof) == (sent.received_at, b"p")
    (found,) = table.facts("101", HOUR, NOW)
    assert found.submission == sent.submission
    assert found.received_at == sent.received_at
    assert facts.encode(found.facts) == sent.facts


def test_the_same_id_again_changes_nothing_and_returns_the_first_guard(table: Table) -> None:
    table.register(record(7))
    for again in (
        record(7, at=NOW + timedelta(minutes=5)),
        record(7, at=NOW + timedelta(hours=1)),  # the hour has turned
        record(7, at=NOW + timedelta(days=1), proof=b"other"),
    ):
        guard = table.register(again)
        assert (guard.received_at, guard.proof) == (stamp(NOW), b"p")
        assert stored(table, Hour.of(NOW + timedelta(hours=1))) == []
        assert stored(table, Hour.of(NOW + timedelta(days=1))) == []
    assert stored(table) == [f"{7:032x}"]


def test_many_at_once_store_one(table: Table) -> None:
    guards = []
    lock = threading.Lock()

    def send(number: int) -> None:
        guard = table.register(record(1, at=NOW + timedelta(milliseconds=number)))
        with lock:
            guards.append(guard)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(guards) == 20
    assert len({guard.received_at for guard in guards}) == 1
    assert stored(table) == [f"{1:032x}"]


def test_hours_and_checkpoints_are_kept_apart(table: Table) -> None:
    table.register(record(1, at=HOUR.start))
    table.register(record(2, at=HOUR.end - timedelta(milliseconds=1)))
    table.register(record(3, at=HOUR.end))
    assert stored(table) == [f"{1:032x}", f"{2:032x}"]
    assert stored(table, HOUR.next()) == [f"{3:032x}"]
    assert stored(table, checkpoint="102") == []
    assert stored(table, checkpoint="10") == []


def test_what_has_expired_is_not_read(table: Table) -> None:
    table.register(record(1, days=1))
    table.register(record(2, days=2))
    day = timedelta(days=1)
    assert stored(table, now=NOW + day - timedelta(seconds=1)) == [f"{1:032x}", f"{2:032x}"]
    assert stored(table, now=NOW + day) == [f"{2:032x}"]


def test_every_page_is_read_in_order_of_arrival(table: Table) -> None:
    # Six records of 300 kB: more than one megabyte, so more than one page.
    for number in (3, 1, 5, 0, 4, 2):
        table.register(record(number, at=NOW + timedelta(milliseconds=number), sealed=b"x" * 300_000))
    assert stored(table) == [f"{number:032x}" for number in range(6)]


def test_the_other_way_reads_every_record_of_every_page_from_the_last_to_the_first(table: Table) -> None:
    """For the daily check: what `facts` might lose must show there."""
    first = record(1)
    for number in (3, 5, 4):
        table.register(record(number, at=NOW + timedelta(milliseconds=number), sealed=b"x" * 300_000))
    table.register(first)
    table.register(record(2, at=NOW + timedelta(hours=3), corrects=first))
    table.register(record(9, at=NOW - timedelta(minutes=1), days=-1))  # has expired
    found = list(table.again("CP", "101", HOUR, NOW))
    assert [int(each.name[-32:], 16) for each in found] == [5, 4, 3, 2, 1]
    assert found[3].name.startswith(f"{found[4].name}#"), "a correction is a record of its own"
    assert facts.decode(found[0].facts).plate == f"{5:016x}"
    table.scanned(scan(1), int((NOW + timedelta(days=1)).timestamp()))
    assert [each.name for each in table.again("SCAN", "101", HOUR, NOW)] == [f"{stamp(NOW)}#{1:016x}"]
    assert list(table.again("CP", "102", HOUR, NOW)) == []


def scan(number: int, *, at: datetime = NOW, checkpoint: str = "101", poster: int = 1) -> Scan:
    return Scan(checkpoint, stamp(at), f"{number:016x}", poster, "A")


def test_a_correction_counts_in_the_place_of_what_it_corrects_and_the_last_one_counts(table: Table) -> None:
    first, later = record(5), NOW + timedelta(hours=30)
    for each in (
        record(4),
        first,
        record(6),
        record(7, at=NOW + timedelta(milliseconds=1)),
        record(9, at=later, corrects=first),
        record(2, at=later + timedelta(seconds=1), corrects=first),
        record(1, at=later + timedelta(seconds=1), corrects=first),
        record(8, at=NOW + timedelta(minutes=1), corrects=record(4)),
    ):
        table.register(each)
    found = list(table.facts("101", HOUR, NOW))
    assert [(int(each.submission, 16), each.corrections) for each in found] == [(8, 1), (2, 3), (6, 0), (7, 0)]
    assert [each.facts.plate for each in found] == [f"{number:016x}" for number in (8, 2, 6, 7)]
    assert [each.received_at for each in found[:3]] == [stamp(NOW)] * 3
    assert stored(table, Hour.of(later)) == []


def test_a_correction_changes_the_answers_and_not_the_arrival(table: Table) -> None:
    """Which sheet hung, and how long a phone waited, is of the moment at the roadside."""
    first = record(1, poster=2, waited=7200)
    table.register(first)
    for number, hours in ((2, 4), (3, 5)):
        at = NOW + timedelta(hours=hours)
        table.register(record(number, at=at, corrects=first, poster=3, retiring=True, waited=5))
    (found,) = table.facts("101", HOUR, NOW)
    assert (found.facts.poster, found.facts.retiring, found.facts.waited) == (2, False, 7200)
    assert found.facts.plate == f"{3:016x}"


def test_a_correction_says_under_the_hour_of_its_arrival_which_hour_it_changed(table: Table) -> None:
    first, second = record(1), record(2, at=NOW - timedelta(days=9))
    table.register(first)
    table.register(second)
    later = HOUR.end + timedelta(hours=7)
    for number, corrected in ((3, first), (4, first), (5, second)):
        table.register(record(number, at=later, corrects=corrected))
    assert table.changed(Hour.of(later), NOW) == {HOUR, Hour.of(NOW - timedelta(days=9))}
    assert table.changed(HOUR, NOW) == set()
    assert table.changed(Hour.of(later), NOW + timedelta(days=25)) == {HOUR}, "what has expired is nobody's work"


def test_a_correction_sent_twice_is_one(table: Table) -> None:
    first = record(1)
    table.register(first)
    for later in (timedelta(0), timedelta(hours=5)):
        guard = table.register(record(2, at=NOW + later, corrects=first))
        assert guard.received_at == stamp(NOW)
    ((counts, corrections),) = [(each.submission, each.corrections) for each in table.facts("101", HOUR, NOW)]
    assert (counts, corrections) == (f"{2:032x}", 1)
    assert table.changed(Hour.of(NOW + timedelta(hours=5)), NOW) == set()


def test_guards_say_where_a_passage_counts_and_nothing_of_it(table: Table) -> None:
    first = record(1)
    table.register(first)
    table.register(record(2, at=NOW + timedelta(hours=5), corrects=first))
    unknown, original, corrected = table.guards(f"{3:032x}", f"{1:032x}", f"{2:032x}")
    assert unknown is None
    assert original
    assert corrected
    assert original.place == corrected.place == Place("101", stamp(NOW), f"{1:032x}")
    assert (original.expires_at, corrected.expires_at) == (first.expires_at, first.expires_at)
    assert corrected.received_at == stamp(NOW + timedelta(hours=5))
    assert table.guards(f"{3:032x}", f"{4:032x}") == (None, None)


def test_a_passage_and_its_corrections_expire_together(table: Table) -> None:
    first = record(1, days=1)
    table.register(first)
    table.register(record(2, at=NOW + timedelta(hours=23), corrects=first))
    day = timedelta(days=1)
    assert stored(table, now=NOW + day - timedelta(seconds=1)) == [f"{2:032x}"]
    assert stored(table, now=NOW + day) == []


IN_A_DAY = int((NOW + timedelta(days=1)).timestamp())


def test_a_scan_is_stored_once_and_read_back_beside_the_passages(table: Table) -> None:
    table.register(record(1))
    for each in (scan(1), scan(1), scan(2, poster=3), scan(3, at=HOUR.end), scan(4, checkpoint="102")):
        table.scanned(each, IN_A_DAY)
    assert list(table.scans("101", HOUR, NOW)) == [scan(1), scan(2, poster=3)]
    assert list(table.scans("101", HOUR.next(), NOW)) == [scan(3, at=HOUR.end)]
    assert list(table.scans("102", HOUR, NOW)) == [scan(4, checkpoint="102")]
    assert list(table.scans("10", HOUR, NOW)) == []
    assert stored(table) == [f"{1:032x}"]


def test_a_scan_that_has_expired_is_not_read(table: Table) -> None:
    table.scanned(scan(1), IN_A_DAY)
    assert list(table.scans("101", HOUR, NOW + timedelta(days=1, seconds=-1))) == [scan(1)]
    assert list(table.scans("101", HOUR, NOW + timedelta(days=1))) == []


def test_every_page_of_scans_is_read(table: Table) -> None:
    many = [scan(number, at=NOW + timedelta(milliseconds=number)) for number in range(7)]
    for each in reversed(many):
        table.scanned(each, IN_A_DAY)
    assert list(table.scans("101", HOUR, NOW)) == many


def test_an_error_is_an_error_where_answers_are_taken_as_they_come(ministack: MiniStack) -> None:
    table = PassageTable(as_it_comes(ministack.client("dynamodb")), "not-there")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        list(table.facts("101", HOUR, NOW))
