"""Signing in, with an identity provider that cannot be trusted: only a good token opens a session."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from chalicelib.command.access import Access, Keys, Opened
from chalicelib.command.accounts import Accounts, SignInRefused, TooManyAttempts
from chalicelib.command.journal import Journal
from chalicelib.command.people import Person
from chalicelib.command.sessions import Asker, Sessions
from chalicelib.command.tokens import TokenRefused
from tests.command.forged import TRUST, forged, key_set, signed

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HERE = Asker("198.51.100.1", "")
FORGED = list(forged(NOW))


class Stage:
    """Accounts, sessions and a journal in memory."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.opened: list[Person] = []
        self.written: list[tuple[str, str]] = []
        self.free = True

    def begin(self, name: str, password: str) -> str:
        if password != "right":
            raise SignInRefused
        return self.token

    def keys(self) -> dict[str, Any]:
        return key_set()

    def attempt(self, name: str, by: Asker, now: datetime) -> bool:
        return self.free

    def recognise(self, device: str, name: str, now: datetime) -> str:
        return "device"

    def open(self, person: Person, began: int, now: datetime) -> str:
        self.opened.append(person)
        return "id"

    def add(self, who: str, deed: str, what: str, now: datetime) -> None:
        self.written.append((who, deed))

    @property
    def access(self) -> Access:
        return Access(cast(Accounts, self), cast(Sessions, self), cast(Journal, self), Keys(self), TRUST)


def test_a_good_token_opens_a_session_and_is_written_down() -> None:
    stage = Stage(signed(NOW))
    assert stage.access.begin(" Wang ", "right", HERE, NOW) == Opened("id", Person("wang", ("centre",)), "device")
    assert stage.written == [("wang", "signed_in")]


@pytest.mark.parametrize("token", [each[1] for each in FORGED], ids=[each[0] for each in FORGED])
def test_whatever_else_the_provider_answers_opens_none(token: str) -> None:
    stage = Stage(token)
    with pytest.raises(TokenRefused):
        stage.access.begin("wang", "right", HERE, NOW)
    assert not stage.opened


def test_somebody_elses_good_token_opens_none() -> None:
    stage = Stage(signed(NOW))
    with pytest.raises(TokenRefused):
        stage.access.begin("li", "right", HERE, NOW)
    assert not stage.opened


@pytest.mark.parametrize("name", ["wang", "", "' or 1=1", "x" * 1000, "wang\n", "王"])
def test_a_refusal_is_written_down_without_the_name_that_was_typed(name: str) -> None:
    stage = Stage(signed(NOW))
    with pytest.raises(SignInRefused):
        stage.access.begin(name, "wrong", HERE, NOW)
    assert stage.written == [("-", "sign_in_refused")]


def test_over_the_limit_the_provider_is_not_even_asked() -> None:
    stage = Stage(signed(NOW))
    stage.free = False
    with pytest.raises(TooManyAttempts):
        stage.access.begin("wang", "right", HERE, NOW)
    assert not stage.opened
