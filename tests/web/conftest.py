"""A public stack in memory: settings, keys, a sealer that hides nothing, and the real table over DynamoDB in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from chalicelib import wiring
from chalicelib.checkpoint.code import issue, sign
from chalicelib.passage.seal import NotSealed
from chalicelib.passage.table import PassageTable
from chalicelib.settings import CodeKey, Poster, Settings, SettingsUnavailable, first_settings
from chalicelib.web import scans
from tests.simulation.dynamo import MemoryDynamo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 24, 7, 15, 33, 123000, tzinfo=UTC)
KEYS = {"A": b"a" * 64, "B": b"b" * 64}


@dataclass
class Stack:
    """What the routes stand on, and switches to make it fail."""

    settings: Settings
    dynamo: MemoryDynamo = field(default_factory=MemoryDynamo)
    now: datetime = NOW
    sealing_fails: Exception | None = None
    settings_fail: bool = False

    def current(self) -> Settings:
        if self.settings_fail:
            raise SettingsUnavailable("S3 said nothing")
        return self.settings

    def seal(self, plain: bytes) -> bytes:
        if self.sealing_fails is not None:
            raise self.sealing_fails
        return plain[::-1]

    def change(self, **fields: Any) -> None:
        self.settings = msgspec.structs.replace(self.settings, **fields)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    @property
    def address(self) -> str:
        """Of the form of checkpoint 101."""
        return f"/C/{issue(self.settings, KEYS, '101')}"

    def poster(self, version: int, state: str, until: str | None = None) -> str:
        """The address on another poster of checkpoint 101, in that state."""
        self.change(posters=(*self.settings.posters, Poster("101", version, state, until=until)))
        return f"/C/{sign(KEYS, self.settings.deployment, '101', version, 'A')}"

    @property
    def stored(self) -> int:
        """Passages in the table."""
        return sum(key[0].startswith("CP#") for key in self.dynamo.items)


@contextmanager
def standing() -> Iterator[Stack]:
    """The stack, while it lasts."""
    public = Stack(first_settings("test", "https://kakou.example", "2026-11-24T00:00:00.000Z"))
    table = PassageTable(cast("DynamoDBClient", public.dynamo), "memory", sleep=lambda _: None)
    for allowance in (scans.SCANS, scans.TRIES):
        allowance.renew()
    with wiring.use(
        current_settings=public,
        code_keys=KEYS,
        public_secret=b"s" * 64,
        sealer=public,
        passage_table=table,
        scan_table=table,
        clock=lambda: public.now,
    ):
        yield public


@pytest.fixture
def stack() -> Iterator[Stack]:
    with standing() as public:
        yield public


__all__ = ["CodeKey", "NotSealed", "Stack"]
