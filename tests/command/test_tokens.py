"""Tokens: one good one is believed, and each forged one refused for its own reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.command.access import Keys
from chalicelib.command.people import Person
from chalicelib.command.tokens import TokenRefused, keys_in, verify
from tests.command.forged import OURS, THEIRS, TRUST, forged, key_set, signed

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
FORGED = list(forged(NOW))


def test_a_good_token_names_a_person_with_our_roles_alone() -> None:
    assert verify(signed(NOW), keys_in(key_set()), TRUST, NOW) == Person("wang", ("centre",))


@pytest.mark.parametrize(("token", "reason"), [each[1:] for each in FORGED], ids=[each[0] for each in FORGED])
def test_a_forged_token_is_refused(token: str, reason: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(token, keys_in(key_set()), TRUST, NOW)
    assert refused.value.reason == reason
    assert str(refused.value) == reason, "nothing of the token is in the error"


class Source:
    def __init__(self) -> None:
        self.kid = OURS
        self.asked = 0

    def keys(self) -> dict[str, object]:
        self.asked += 1
        return key_set(kid=self.kid)


def test_keys_are_kept_and_read_again_when_they_change_but_not_for_every_forgery() -> None:
    source = Source()
    keys = Keys(source)
    for _ in range(5):
        verify(signed(NOW), keys.of(signed(NOW), NOW), TRUST, NOW)
    assert source.asked == 1
    source.kid = "newer"
    later = NOW + timedelta(minutes=1)
    newer = signed(later, kid="newer")
    assert verify(newer, keys.of(newer, later), TRUST, later).name == "wang"
    assert source.asked == 2
    for _ in range(5):
        keys.of(signed(later, by=THEIRS, kid=THEIRS), later)
    assert source.asked == 2
