"""Registering: a receipt means exactly one stored passage, over retries, hours, encodings and look-alikes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from chalicelib.passage import seal
from chalicelib.passage.decoding import decode
from chalicelib.passage.form import parse
from chalicelib.passage.hour import Hour
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.passage import Passage
from chalicelib.passage.receipt import Receipt
from chalicelib.passage.registration import AnotherPassage, register
from chalicelib.passage.seal import NotOpened, NotSealed
from chalicelib.passage.table import NotStored, PassageTable
from tests.parties import CITY, FORM, JSON, TODAY, as_form, as_json, one, three
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


def send(store: Store, sent: Passage, now: datetime = NOW, sealer: seal.Sealer | None = None) -> Receipt:
    return register(
        sent, poster=1, key="A", now=now, retention_days=30, deployment="test", keys=KEYS,
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
