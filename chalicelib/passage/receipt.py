"""The receipt: what the traveller shows and staff can verify without a network. Signed, deterministic, no secret."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from chalicelib.passage.hour import stamp
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.passage import Passage

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_ID = "1"
"""Names the key that signs; staff's verifiers hold the public keys by these names."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""


KEYS_SCHEMA = "kakou.receipt-keys.v1"


class KeysRefused(ValueError):
    """Not a document of published keys; says what is wrong with it."""


class ReceiptRefused(ValueError):
    """Not a receipt of ours: malformed, altered, or signed by an unknown key."""


class Claim(Struct, frozen=True, array_like=True):
    """What a receipt says under its signature: enough to compare with the party at the lane, no name, no number."""

    version: int
    deployment: str
    checkpoint: str
    received_at: str
    """Time of arrival at the server, UTC, to the minute: `2020-02-10T07:15Z`."""
    vehicle: str
    plate_tail: str
    """The plate's last three characters, or ""."""
    travellers: int
    reference: str


class Receipt(Struct, frozen=True):
    """The receipt of one stored passage. The same passage has the same receipt, to the byte."""

    reference: str
    """Eight characters without look-alikes, for speaking about a passage; no secret and no key to anything."""
    checkpoint: str
    received_at: str
    vehicle: str
    plate_tail: str
    names: tuple[str, ...]
    """Masked: enough for the party to know its own."""
    signed: str
    """The claim and its signature (`verify`), upper-case letters, digits and hyphens only."""


def mask(name: str) -> str:
    """The first character of `name`, and nothing of its length."""
    return name[0] + "**"


def issue(passage: Passage, received_at: datetime, keys: PassageKeys, deployment: str) -> Receipt:
    """The receipt of `passage`, stored at `received_at`."""
    digest = hmac.digest(keys.reference, passage.submission.encode(), "sha256")
    number = int.from_bytes(digest[:5], "big")
    reference = "".join(_LETTERS[(number >> shift) & 31] for shift in range(35, -1, -5))
    arrival = stamp(received_at)
    claim = Claim(
        1, deployment, passage.checkpoint, arrival[:16] + "Z", passage.vehicle, (passage.plate or "")[-3:],
        len(passage.travellers), reference,
    )  # fmt: skip
    return Receipt(
        reference, passage.checkpoint, arrival, passage.vehicle, claim.plate_tail,
        tuple(mask(traveller.name) for traveller in passage.travellers), _sign(claim, keys.receipt),
    )  # fmt: skip


def _sign(claim: Claim, key: bytes) -> str:
    body = msgspec.json.encode(claim)
    signature = _signer(key).sign(_signed_bytes(body))
    return f"KR{KEY_ID}-{_base32(body)}-{_base32(signature)}"


@lru_cache(maxsize=2)
def _signer(key: bytes) -> Ed25519PrivateKey:
    """Kept, because making it costs more than signing with it."""
    # Imported when somebody registers: whoever opens the form does not wait for it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key)


def public_key(keys: PassageKeys) -> bytes:
    """The 32 bytes that verifiers need, to be published under `KEY_ID`."""
    return _signer(keys.receipt).public_key().public_bytes_raw()


class PublishedKeys(Struct, frozen=True):
    """What everybody may know who verifies receipts: published by the public stack, kept by verifiers as a file."""

    schema: str
    """`KEYS_SCHEMA`."""
    deployment: str
    """Whose receipts the keys verify; another's are not genuine here."""
    keys: dict[str, str]
    """Key id -> the 32 bytes of an Ed25519 public key (RFC 8032) in base64 (RFC 4648, 4)."""


def published(keys: PassageKeys, deployment: str) -> PublishedKeys:
    """The public keys of `deployment`."""
    return PublishedKeys(KEYS_SCHEMA, deployment, {KEY_ID: base64.b64encode(public_key(keys)).decode()})


def read_published(document: bytes) -> tuple[str, Mapping[str, bytes]]:
    """The deployment and its public keys in a JSON document of `PublishedKeys`. Raises KeysRefused."""
    try:
        read = msgspec.json.decode(document, type=PublishedKeys)
        keys = {name: base64.b64decode(key, validate=True) for name, key in read.keys.items()}
    except ValueError as error:
        raise KeysRefused(str(error)) from None
    if read.schema != KEYS_SCHEMA:
        raise KeysRefused(f"not the schema {KEYS_SCHEMA}")
    if not keys or any(len(key) != 32 for key in keys.values()):
        raise KeysRefused("a public key has 32 bytes")
    return read.deployment, keys


def verify(signed: str, public_keys: Mapping[str, bytes]) -> Claim:
    """What a genuine receipt says. Needs the published keys (id -> 32 bytes) and no network. Raises ReceiptRefused."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    match = re.fullmatch("KR([0-9A-Z]+)-([A-Z2-7]+)-([A-Z2-7]{103})", signed)
    if not match or match[1] not in public_keys:
        raise ReceiptRefused("not a receipt, or signed by an unknown key")
    try:
        body, signature = _from_base32(match[2]), _from_base32(match[3])
        Ed25519PublicKey.from_public_bytes(public_keys[match[1]]).verify(signature, _signed_bytes(body))
        return msgspec.json.decode(body, type=Claim)
    except (InvalidSignature, ValueError):
        raise ReceiptRefused("altered, or not signed by us") from None


def _signed_bytes(body: bytes) -> bytes:
    return b"kakou/receipt/v1\0" + body


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def _from_base32(text: str) -> bytes:
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    if _base32(data) != text:
        raise ValueError("one accepted spelling")
    return data
