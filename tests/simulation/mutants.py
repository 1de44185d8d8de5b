"""Faults introduced on purpose, each a world that differs in one thing. The simulator must find every one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

import chalicelib.passage.table
import chalicelib.summary.document
import chalicelib.summary.pointers
import chalicelib.summary.run
from chalicelib.passage import facts
from chalicelib.passage.facts import Registered
from chalicelib.passage.hour import Hour
from chalicelib.passage.table import PassageTable
from chalicelib.settings import Settings
from chalicelib.summary import counting
from chalicelib.summary.counting import Counts
from chalicelib.summary.document import Summary
from tests.simulation import dynamo, world
from tests.simulation.world import Mutation


class Altered:
    """A client with some of its methods altered."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class HourInIdentity(Altered):
    """The guard knows a submission id only within the hour."""

    def transact_write_items(self, *, TransactItems: list[Any]) -> Any:  # noqa: N803
        if len(TransactItems) == 1 or "Put" not in TransactItems[0]:
            return self._client.transact_write_items(TransactItems=TransactItems)
        guard = TransactItems[0]["Put"]
        hour = guard["Item"]["received_at"]["S"][:13]
        item = guard["Item"] | {"pk": {"S": guard["Item"]["pk"]["S"] + "#" + hour}}
        return self._client.transact_write_items(TransactItems=[{"Put": guard | {"Item": item}}, *TransactItems[1:]])


class PlainConditionalPut(Altered):
    """The passage alone, on the condition that it is not there: under another time of arrival it never is."""

    def transact_write_items(self, *, TransactItems: list[Any]) -> Any:  # noqa: N803
        if len(TransactItems) == 1 or "Put" not in TransactItems[0]:
            return self._client.transact_write_items(TransactItems=TransactItems)
        with contextlib.suppress(self._client.exceptions.TransactionCanceledException):
            self._client.transact_write_items(TransactItems=TransactItems[1:])
        return {}


class FirstPageOnly(Altered):
    def query(self, **arguments: Any) -> Any:
        page = self._client.query(**arguments)
        page.pop("LastEvaluatedKey", None)
        return page


class IndexRead(Altered):
    """Read through an index, which is never consistent and may lag for minutes."""

    def query(self, **arguments: Any) -> Any:
        return self._client.query(**arguments | {"ConsistentRead": False})


class Eventual(Altered):
    """Read without asking for consistency."""

    def query(self, **arguments: Any) -> Any:
        arguments.pop("ConsistentRead")
        return self._client.query(**arguments)


class NoIfMatch(Altered):
    """The pointer is put whatever stands there."""

    def put_object(self, **arguments: Any) -> Any:
        if arguments["Key"].endswith("latest.json"):
            arguments.pop("IfMatch", None)
            arguments.pop("IfNoneMatch", None)
        return self._client.put_object(**arguments)


def same_passages(one: Summary, other: Summary) -> bool:
    """Two summaries of other scans are taken for the same."""
    return (one.passages_digest, one.merged_from) == (other.passages_digest, other.merged_from)


def every_record(table: PassageTable, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Registered]:
    """What is corrected counts, beside what corrects it."""
    for sk, counted in table._counted(f"CP#{checkpoint}#{hour.key}", now):
        received_at, *_, submission = sk.split("#")
        yield Registered(received_at, submission, facts.decode(counted), sk.count("#") // 3)


def one_fewer(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, checkpoints=settings.checkpoints[:-1])


def lopsided_merge(parts: Iterable[Counts]) -> Counts:
    """A sum whose vehicles are right for two parts and for no more: (a + b) + c is not a + (b + c)."""
    listed = list(parts)
    whole = counting.merge(listed)
    if len(listed) <= 2:
        return whole
    return msgspec.structs.replace(whole, vehicles=max(part.vehicles for part in listed))


@dataclass(frozen=True)
class Mutant:
    name: str
    mutation: Mutation
    patch: tuple[tuple[Any, str, Any], ...] = ()

    @contextlib.contextmanager
    def introduced(self) -> Iterator[Mutation]:
        """The mutation, for as long as it lasts."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            for place, name, value in self.patch:
                monkeypatch.setattr(place, name, value)
            yield self.mutation


MUTANTS = (
    Mutant("the hour in the identity", Mutation("hour", dynamo=HourInIdentity)),
    Mutant("a plain conditional put", Mutation("put", dynamo=PlainConditionalPut)),
    Mutant("missing pagination", Mutation("page", dynamo=FirstPageOnly)),
    Mutant("no grace", Mutation("grace"), ((chalicelib.summary.run, "GRACE", timedelta(0)),)),
    Mutant("an index read", Mutation("index", dynamo=IndexRead), ((dynamo, "STALE", 900.0),)),
    # Consistency is not a matter of milliseconds on a bad day: here a replica lags by three minutes.
    Mutant("eventual consistency", Mutation("eventual", dynamo=Eventual), ((dynamo, "STALE", 180.0),)),
    Mutant("a clock that is believed", Mutation("clock"), ((world, "agreed", lambda clock, _: clock()),)),
    Mutant("the pointer without If-Match", Mutation("pointer", s3=NoIfMatch)),
    Mutant(
        "a non-associative merge",
        Mutation("merge"),
        (
            (chalicelib.summary.document, "merge", lopsided_merge),
            (chalicelib.summary.pointers, "merge", lopsided_merge),
        ),
    ),
    Mutant(
        "scans not among the sources",
        Mutation("scans"),
        (
            (chalicelib.summary.run, "same_records", same_passages),
            (chalicelib.summary.document, "same_records", same_passages),
        ),
    ),
    Mutant(
        "what is corrected counts beside its correction",
        Mutation("beside"),
        ((chalicelib.passage.table.PassageTable, "facts", every_record),),
    ),
    Mutant(
        "nobody asks which hours were corrected",
        Mutation("unasked"),
        ((chalicelib.passage.table.PassageTable, "changed", lambda *_: set()),),
    ),
    Mutant("a dropped checkpoint", Mutation("checkpoint", settings=one_fewer)),
)
