"""Signing in and out: the limits, the provider, the token's verification, the session and the journal, in turn."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

from msgspec import Struct, structs

from chalicelib.command.accounts import (
    Accounts,
    CodeWrong,
    PasswordTooWeak,
    SignInRefused,
    Step,
    TooManyAttempts,
)
from chalicelib.command.journal import Journal
from chalicelib.command.people import Person, name_of
from chalicelib.command.sessions import Asker, Sessions
from chalicelib.command.tokens import TokenRefused, Trust, key_id, keys_in, verify

KEYS_KEPT = 3600
"""Seconds that the provider's keys are kept."""

KEYS_APART = 30
"""Seconds between two looks for a key that was unknown: forged key ids cost the provider nothing."""


class Keys:
    """The provider's public keys, as last read."""

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._kept: Mapping[str, Any] = {}
        self._read = float("-inf")
        self._lock = threading.Lock()

    def of(self, token: str, now: datetime) -> Mapping[str, Any]:
        """The keys, read anew when they are old, or do not have the token's. Raises TokenRefused,
        AccountsUnavailable."""
        wanted, at = key_id(token), now.timestamp()
        with self._lock:
            age = at - self._read
            if age >= KEYS_KEPT or (wanted not in self._kept and age >= KEYS_APART):
                self._kept, self._read = keys_in(self._source.keys()), at
            return self._kept


class KeySource(Protocol):
    def keys(self) -> dict[str, Any]: ...


class Opened(Struct, frozen=True):
    """Somebody is signed in: the id of the session is for their cookie alone."""

    id: str
    person: Person
    device: str
    """By which this browser is recognised the next time: for its cookie, too."""


class Waiting(Struct, frozen=True):
    """A step is still to be taken, under this id."""

    id: str
    step: Step
    problem: Literal["", "weak", "code"] = ""
    """Why the same step is asked for once more: the new password is too weak, or the digits are wrong."""


class Access:
    """The way in and out."""

    def __init__(self, accounts: Accounts, sessions: Sessions, journal: Journal, keys: Keys, trust: Trust) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._journal = journal
        self._keys = keys
        self._trust = trust

    def begin(self, typed: str, password: str, by: Asker, now: datetime) -> Opened | Waiting:
        """Raises SignInRefused (one answer for every reason), TooManyAttempts, TokenRefused, and what the provider and
        the tables raise when they are not there."""
        name = name_of(typed)
        if not self._sessions.attempt(name or "", by, now):
            raise TooManyAttempts
        try:
            if name is None or not 1 <= len(password) <= 256:
                raise SignInRefused
            return self._outcome(self._accounts.begin(name, password), name, int(now.timestamp()), by, now)
        except SignInRefused:
            # A name that nobody has may be a password typed into the wrong field: it is not written down.
            self._journal.add("-", "sign_in_refused", "", now)
            raise

    def answer(self, id: str, given: str, by: Asker, now: datetime) -> Opened | Waiting:
        """The next step's answer. Raises as `begin`; a step that is answered wrongly is at an end, but for a new
        password that is too weak and a new app's digits: the key that it was given stays the same."""
        step = self._step(id, by, now)
        if step.challenge == "ENROL":
            raise SignInRefused
        try:
            outcome = self._accounts.answer(step, given)
            if step.challenge == "MFA_SETUP":
                self._journal.add(step.name, "enrolled", "", now)
            return self._outcome(outcome, step.name, step.began, by, now)
        except PasswordTooWeak:
            return self._again(step, "weak", now)
        except SignInRefused as error:
            if isinstance(error, CodeWrong) and step.challenge == "MFA_SETUP":
                return self._again(step, "code", now)
            self._journal.add(step.name, "sign_in_refused", step.challenge, now)
            raise

    def enrol(self, person: Person, password: str, by: Asker, now: datetime) -> Waiting:
        """Begins a second factor for somebody who is signed in and shows the password once more. Raises
        AlreadyEnrolled, and as `begin`."""
        if not self._sessions.attempt(person.name, by, now):
            raise TooManyAttempts
        try:
            step = self._accounts.enrol(person.name, password)
        except SignInRefused:
            self._journal.add(person.name, "sign_in_refused", "ENROL", now)
            raise
        return Waiting(self._sessions.keep_step(step, now), step)

    def enrolled(self, id: str, given: str, person: Person, by: Asker, now: datetime) -> Waiting | None:
        """The six digits of the new app: None, and they are asked for from now on. Raises as `begin`."""
        step = self._step(id, by, now)
        if step.challenge != "ENROL" or step.name != person.name:
            self._journal.add(person.name, "sign_in_refused", "ENROL", now)
            raise SignInRefused
        try:
            self._accounts.prove(step, given)
        except CodeWrong:
            return self._again(step, "code", now)
        self._journal.add(person.name, "enrolled", "", now)
        self._accounts.prefer(step)
        return None

    def leave(self, id: str, person: Person, now: datetime) -> None:
        """Signs out: the session is at an end. Raises SessionsUnavailable, JournalUnavailable."""
        self._sessions.end(id)
        self._journal.add(person.name, "signed_out", "", now)

    def _step(self, id: str, by: Asker, now: datetime) -> Step:
        step = self._sessions.take_step(id, now)
        if step is None:
            raise SignInRefused
        if not self._sessions.attempt(step.name, by, now):
            raise TooManyAttempts
        return step

    def _again(self, step: Step, problem: Literal["weak", "code"], now: datetime) -> Waiting:
        return Waiting(self._sessions.keep_step(step, now), step, problem)

    def _outcome(self, outcome: str | Step, name: str, began: int, by: Asker, now: datetime) -> Opened | Waiting:
        if isinstance(outcome, Step):
            step = structs.replace(outcome, began=began)
            return Waiting(self._sessions.keep_step(step, now), step)
        person = verify(outcome, self._keys.of(outcome, now), self._trust, now)
        if person.name.lower() != name:
            raise TokenRefused("name")
        self._journal.add(person.name, "signed_in", " ".join(person.roles), now)
        device = self._sessions.recognise(by.device, name, now)
        return Opened(self._sessions.open(person, began, now), person, device)
