"""Sealing with a real KMS key (the local stack's)."""

from __future__ import annotations

import pytest

from chalicelib.passage.seal import Envelope, NotOpened, NotSealed
from tests.conftest import MiniStack


@pytest.fixture(scope="module")
def key(ministack: MiniStack) -> str:
    return str(ministack.client("kms").create_key()["KeyMetadata"]["Arn"])


def envelope(ministack: MiniStack, key: str, deployment: str = "test") -> Envelope:
    return Envelope(ministack.client("kms"), key, deployment)


def test_what_is_sealed_opens_and_looks_like_nothing(ministack: MiniStack, key: str) -> None:
    sealer = envelope(ministack, key)
    plain = "王小明 210381198001010011".encode()
    sealed = sealer.seal(plain)
    assert plain not in sealed
    assert sealer.seal(plain) != sealed
    assert envelope(ministack, key).open(sealed) == plain


def test_one_altered_byte_and_it_does_not_open(ministack: MiniStack, key: str) -> None:
    sealer = envelope(ministack, key)
    sealed = bytearray(sealer.seal(b"passage" * 20))
    for at in range(0, len(sealed), 37):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(NotOpened):
            sealer.open(bytes(altered))


def test_a_blob_of_another_deployment_or_key_does_not_open(ministack: MiniStack, key: str) -> None:
    sealed = envelope(ministack, key, "trial").seal(b"passage")
    with pytest.raises(NotOpened):
        envelope(ministack, key).open(sealed)
    other = str(ministack.client("kms").create_key()["KeyMetadata"]["Arn"])
    with pytest.raises(NotOpened):
        envelope(ministack, other, "trial").open(sealed)


def test_an_unknown_key_seals_nothing_and_says_no_content(ministack: MiniStack, key: str) -> None:
    with pytest.raises(NotSealed) as refused:
        envelope(ministack, key[:-12] + "000000000000").seal("王小明".encode())
    assert "王小明" not in str(refused.value)
