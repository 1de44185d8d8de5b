"""Registering: a receipt means exactly one stored passage, over retries, hours, encodings and look-alikes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from chalicelib.passage import seal
from chalicelib.passage.decoding import decode
from chalicelib.passage.form import parse, waited
from chalicelib.passage.hour import Hour
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.passage import Passage
from chalicelib.passage.receipt import Receipt
from chalicelib.passage.registration import AnotherPassage, NothingToCorrect, register
from chalicelib.passage.seal import NotOpened, NotSealed
from chalicelib.passage.table import NotStored, PassageTable
from scripts.simulated import as_json
from tests.parties import CITY, FORM, JSON, TODAY, as_form, one, three
from tests.simulation.dynamo import Item, MemoryDynamo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS = PassageKeys.of(b"k" * 64, "test")
NOW = datetime(2020, 2, 10, 15, 59, 59, tzinfo=UTC)  # a second before midnight in Haicheng


class Store:
    """The real table code over DynamoDB in memory, and what is in there."""

    def __init__(self) -> None:
        self.dynamo = MemoryDynamo()
        self.table = PassageTable(cast("DynamoDBClient", self.dynamo), "memory")

    @property
    def passages(self) -> dict[str, Item]:
        """Record name -> item."""
        return {"/".join(key): item for key, item in self.dynamo.items.items() if key[0].startswith("CP#")}


class Reversing:
    """A Sealer and Opener that hides nothing; sealing itself is proved in test_seal.py."""

    def seal(self, plain: bytes) -> bytes:
        return plain[::-1]

    def open(self, sealed: bytes) -> bytes:
        return sealed[::-1]


class Refusing:
    def seal(self, plain: bytes) -> bytes:
        raise NotSealed("EndpointConnectionError")


def passage(fields: dict[str, str | tuple[str, ...]], kind: str = FORM) -> Passage:
    body = as_form(fields) if kind == FORM else as_json(fields)
    return parse(decode(body, kind), checkpoint="101", city=CITY, today=TODAY)


def send(
    store: Store, sent: Passage, now: datetime = NOW, sealer: seal.Sealer | None = None, days: int = 30
) -> Receipt:
    return register(
        sent, poster=1, key="A", now=now, retention_days=days, deployment="test", keys=KEYS,
        sealer=sealer or Reversing(), table=store.table,
    )  # fmt: skip


def test_again_after_the_hour_after_midnight_and_in_the_other_encoding_is_one_passage_and_one_receipt() -> None:
    store = Store()
    receipts = {
        send(store, passage(three(), kind), NOW + later).signed
        for kind in (FORM, JSON)
        for later in (timedelta(0), timedelta(seconds=1), timedelta(hours=1), timedelta(days=1))
    }
    assert len(receipts) == 1
    assert len(store.passages) == 1


def test_the_same_id_with_another_passage_is_refused_and_changes_nothing() -> None:
    store = Store()
    first = send(store, passage(three()))
    with pytest.raises(AnotherPassage):
        send(store, passage(one("1" * 32)))
    assert send(store, passage(three())) == first
    assert len(store.passages) == 1


def test_what_identifies_is_sealed_and_what_is_counted_does_not_identify() -> None:
    store = Store()
    sent = passage(three())
    send(store, sent)
    ((name, record),) = store.passages.items()
    for secret in ("王小明", "21038119800101", "13800138000", "辽CA1234", "CA1234", "中心街"):
        assert secret not in record["facts"]["S"]
        assert secret not in name
    assert seal.reopen(Reversing(), record["sealed"]["B"], name) == sent


def test_a_sealed_blob_moved_to_another_record_does_not_open() -> None:
    store = Store()
    send(store, passage(three()))
    (record,) = store.passages.values()
    with pytest.raises(NotOpened):
        seal.reopen(Reversing(), record["sealed"]["B"], "CP#102#2020-02-10T15/elsewhere")
    with pytest.raises(NotOpened):
        seal.reopen(Reversing(), b"not json", "x")


def test_without_the_sealing_key_nothing_is_stored() -> None:
    store = Store()
    with pytest.raises(NotStored):
        send(store, passage(three()), sealer=Refusing())
    assert store.passages == {}
    assert store.dynamo.items == {}


def test_the_plate_hash_lasts_a_day_in_haicheng_and_not_beyond() -> None:
    store = Store()
    minute = timedelta(minutes=1)
    for number, at in enumerate((NOW - minute, NOW, NOW + minute)):  # the last is after midnight there
        send(store, passage(one(f"{number:032x}")), at)
    plates = [
        registered.facts.plate
        for hour in (Hour.of(NOW), Hour.of(NOW + minute))
        for registered in store.table.facts("101", hour, NOW)
    ]
    assert plates[0] == plates[1] != plates[2]
    assert KEYS.plate_hash("辽CA1234", NOW.date()) != KEYS.plate_hash("辽CA1235", NOW.date())


def test_it_expires_when_the_retention_says() -> None:
    store = Store()
    send(store, passage(three()))
    (record,) = store.passages.values()
    assert int(record["expires_at"]["N"]) == int((NOW + timedelta(days=30)).timestamp())


def correction(number: int, replaces: int = 0, **changes: str | None) -> Passage:
    return passage(one(f"{number:032x}", replaces=f"{replaces:032x}", **changes))


def counted(store: Store, now: datetime = NOW) -> list[tuple[int, int, str | None]]:
    """Of each passage of the first hour: the id that counts, corrections, hash of the plate."""
    found = store.table.facts("101", Hour.of(NOW), now)
    return [(int(each.submission, 16), each.corrections, each.facts.plate) for each in found]


def test_a_correction_of_a_correction_counts_in_the_place_of_the_first_with_receipts_of_their_own() -> None:
    store = Store()
    first = send(store, passage(one("0" * 32)))
    day = timedelta(days=1)
    second = send(store, correction(1, plate="辽CB1234"), NOW + day)
    third = send(store, correction(2, 1, plate="辽CA1234"), NOW + day * 2)
    assert [each.received_at for each in (first, second, third)] == [f"2020-02-{n}T15:59:59.000Z" for n in (10, 11, 12)]
    assert len({each.reference for each in (first, second, third)}) == 3
    assert counted(store) == [(2, 2, KEYS.plate_hash("辽CA1234", NOW.date()))], "the hash is that of the first's day"
    assert len(store.passages) == 3
    assert {record["expires_at"]["N"] for record in store.passages.values()} == {
        str(int((NOW + timedelta(days=30)).timestamp()))
    }
    for name, record in store.passages.items():
        assert seal.reopen(Reversing(), record["sealed"]["B"], name).vehicle == "car"


def test_a_correction_sent_again_in_the_other_encoding_and_after_all_has_expired_has_the_same_receipt() -> None:
    store = Store()
    send(store, passage(one("0" * 32)))
    fields = one("1" * 32, replaces="0" * 32)
    receipts = {
        send(store, passage(fields, kind), NOW + later).signed
        for kind in (FORM, JSON)
        for later in (timedelta(0), timedelta(hours=1), timedelta(days=40))
    }
    assert len(receipts) == 1
    assert len(store.passages) == 2


def test_what_replaces_a_correction_counts_though_its_clock_is_behind() -> None:
    store = Store()
    send(store, passage(one("0" * 32)))
    for number, behind in ((9, 0), (1, 2), (5, 2)):
        send(store, correction(number, {9: 0, 1: 9, 5: 1}[number]), NOW - timedelta(seconds=behind))
    assert [each[:2] for each in counted(store)] == [(5, 3)]


def test_a_correction_with_the_id_of_another_passage_is_refused() -> None:
    store = Store()
    for number in (0, 1):
        send(store, passage(one(f"{number:032x}")))
    with pytest.raises(AnotherPassage):
        send(store, correction(1))
    send(store, correction(2))
    with pytest.raises(AnotherPassage):
        send(store, correction(2, 1))
    with pytest.raises(AnotherPassage):
        send(store, passage(one(f"{2:032x}")))
    assert [each[:2] for each in counted(store)] == [(2, 1), (1, 0)]


def test_what_was_never_registered_or_elsewhere_or_has_expired_cannot_be_corrected() -> None:
    store = Store()
    send(store, msgspec.structs.replace(passage(one("0" * 32)), checkpoint="102"))
    send(store, passage(one(f"{1:032x}")), days=2)
    day = timedelta(days=1)
    for sent, now in ((correction(5), NOW), (correction(5, 9), NOW), (correction(5, 1), NOW + 2 * day)):
        with pytest.raises(NothingToCorrect):
            send(store, sent, now)
    assert len(store.passages) == 2
    send(store, correction(5, 1), NOW + 2 * day - timedelta(seconds=1))


def test_a_passage_from_before_there_were_corrections_can_be_corrected() -> None:
    store = Store()
    send(store, passage(one("0" * 32)))
    del store.dynamo.items["SUB#" + "0" * 32, "SUB"]["until"]
    send(store, correction(1), NOW + timedelta(days=1))
    assert [each[:2] for each in counted(store)] == [(1, 1)]
    assert len({record["expires_at"]["N"] for record in store.passages.values()}) == 1


def test_the_bytes_that_prove_a_passage_are_those_from_before_there_were_corrections() -> None:
    assert b"replaces" not in msgspec.json.encode(passage(three()))


def test_how_long_it_waited_is_kept_of_the_first_arrival_and_is_no_part_of_the_passage() -> None:
    store = Store()
    for number, seconds in enumerate((None, 700, 900)):
        register(
            passage(one("0" * 32)), poster=1, key="A", waited=seconds, now=NOW + timedelta(minutes=number),
            retention_days=30, deployment="test", keys=KEYS, sealer=Reversing(), table=store.table,
        )  # fmt: skip
    assert [each.facts.waited for each in store.table.facts("101", Hour.of(NOW), NOW)] == [None]


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("0", 0), ("601", 601), ("999999", 999_999), ("1000000", None), ("-1", None), ("1.5", None), ("x", None),
     ("", None), ("\u0661", None)],
)  # fmt: skip
def test_how_long_it_waited_is_told_in_seconds_or_not_at_all(told: str, seconds: int | None) -> None:
    assert waited({"waited": told}) == seconds
    assert waited({}) is None
