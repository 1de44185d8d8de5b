"""The code: the signed short string in a poster's address, `101-1-A-<tag>`.

It says checkpoint, poster version and key id; the tag is an HMAC-SHA-256 (RFC 2104) cut to its left-most 128 bits (NIST
SP 800-107), in Crockford's base 32: no letter that looks like another. Only digits, capitals and hyphens, so that a QR
holds it in alphanumeric mode (ISO/IEC 18004). A signature does not stop a photographed code from being used elsewhere:
a submission is a claim.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct

from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import Settings

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, by value."""

TAG_LENGTH = 26
"""Characters of a tag: 128 bits in fives, the last two bits zero."""

SHORT_TAG = 8
"""Characters of a tag that people type who cannot scan: 40 bits, for limited tries only."""

_CODE = re.compile(f"([1-9][0-9]{{1,4}})-([1-9][0-9]{{0,3}})-([A-Z]{{1,2}})-([{ALPHABET}]{{{TAG_LENGTH}}})")


class Code(Struct, frozen=True):
    """A code; `str` gives its one spelling."""

    checkpoint: str
    version: int
    """Of the poster, from 1."""
    key: str
    """Id of the key it is signed with: one or two capitals."""
    tag: str

    def __str__(self) -> str:
        return f"{self.checkpoint}-{self.version}-{self.key}-{self.tag}"


class CodeRefused(ValueError):
    """Not a code of ours, or no longer one. People see one plain page; `reason` is for the metrics: `form`, `key`,
    `tag` (not signed by us), `checkpoint`, `closed`, `poster`, `withdrawn` (signed by us, not in force), `typed` (what
    was typed by hand is on no poster)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Scanned(Struct, frozen=True):
    """What a genuine code stands for under the settings in force."""

    checkpoint: Checkpoint
    poster: int
    """The poster's version."""
    key: str
    state: str
    """Of the poster: `active`; `retiring` (the form, but flagged); `revoked` (no form: this poster was replaced)."""


def sign(keys: Mapping[str, bytes], deployment: str, checkpoint: str, version: int, key: str) -> Code:
    """The code of poster `version` of `checkpoint`, signed with `keys[key]`, good in `deployment` only. Raises KeyError
    for a key that is not there, ValueError for parts that no code can have."""
    code = Code(checkpoint, version, key, _tag(keys[key], deployment, checkpoint, version, key))
    if not _CODE.fullmatch(str(code)):
        raise ValueError("no code can have such a checkpoint, version or key id")
    return code


def read(text: str, keys: Mapping[str, bytes], deployment: str) -> Code:
    """The code that `text` spells, in capitals or small letters and in no other way, if one of `keys` signed it for
    this `deployment`. Raises CodeRefused. The tag is compared in constant time."""
    # Beyond ASCII, upper() turns other letters into ours (ß to SS, ı to I): one accepted spelling means none of them.
    spelt = _CODE.fullmatch(text.upper()) if text.isascii() and len(text) <= 64 else None
    if spelt is None:
        raise CodeRefused("form")
    checkpoint, version, key, tag = spelt.groups()
    secret = keys.get(key)
    if secret is None:
        raise CodeRefused("key")
    if not hmac.compare_digest(tag, _tag(secret, deployment, checkpoint, int(version), key)):
        raise CodeRefused("tag")
    return Code(checkpoint, int(version), key, tag)


def judge(code: Code, settings: Settings, now: datetime) -> Scanned:
    """What `code`, as `read` returned it, stands for under `settings` at `now`. Raises CodeRefused for a withdrawn key,
    a poster that was never issued (or with another key), and a checkpoint that is closed."""
    checkpoint = settings.checkpoint(code.checkpoint)
    if checkpoint is None:
        raise CodeRefused("checkpoint")
    if settings.key_state(code.key) in (None, "withdrawn"):
        raise CodeRefused("withdrawn")
    poster = settings.poster(code.checkpoint, code.version)
    if poster is None or poster.key != code.key:
        raise CodeRefused("poster")
    if not checkpoint.active:
        raise CodeRefused("closed")
    return Scanned(checkpoint, code.version, code.key, poster.state_at(now))


def typed(checkpoint: str, short: str, settings: Settings, keys: Mapping[str, bytes]) -> Code:
    """The code of the poster that someone read `checkpoint` and the first `SHORT_TAG` characters of the tag from, the
    newest such poster of the checkpoint. Raises CodeRefused.

    Typed by hand, so forgiving where `read` is not: small letters, full-width ones of a Chinese keyboard, spaces and
    hyphens, and look-alikes as Crockford folds them. Every poster is compared, each in constant time. 40 bits resist
    guessing only where tries are limited; whoever asks must limit them.
    """
    number, begins = folded(checkpoint), folded(short)
    length = max(SHORT_TAG, len(begins))  # who types more of the tag has typed all of it right
    found = None
    for poster in settings.posters:
        if poster.checkpoint == number and poster.key in keys and settings.key_state(poster.key) != "withdrawn":
            code = sign(keys, settings.deployment, number, poster.version, poster.key)
            same = hmac.compare_digest(code.tag[:length].encode(), begins.encode("utf-8", "replace"))
            if same and (found is None or found.version < code.version):
                found = code
    if found is None:
        raise CodeRefused("typed")
    return found


def issue(settings: Settings, keys: Mapping[str, bytes], checkpoint: str) -> Code:
    """The code of the active poster of `checkpoint`. Raises LookupError when there is no such poster or its key is
    withdrawn, KeyError when the key's secret is missing."""
    version = settings.active_poster(checkpoint)
    poster = settings.poster(checkpoint, version) if version is not None else None
    if poster is None:
        raise LookupError(f"checkpoint {checkpoint} has no active poster")
    if settings.key_state(poster.key) in (None, "withdrawn"):
        raise LookupError(f"the active poster of checkpoint {checkpoint} has key {poster.key}, which is withdrawn")
    return sign(keys, settings.deployment, checkpoint, poster.version, poster.key)


def address(base: str, code: Code) -> str:
    """The address a poster carries, under `base` (the settings' `public_url`). Scheme and host are written in capitals
    where nothing else stands before the code: then the whole fits a QR's alphanumeric mode, a third smaller. A path is
    case-sensitive, so such a base stays as it is."""
    return f"{base if urlsplit(base).path else base.upper()}/C/{code}"


def folded(text: str) -> str:
    """`text` as a tag could be spelt: NFKC, capitals, no spaces and hyphens, O as 0, I and L as 1."""
    text = unicodedata.normalize("NFKC", text[:64]).upper()
    return "".join(text.split()).replace("-", "").translate(_LOOK_ALIKES)


_LOOK_ALIKES = str.maketrans("OIL", "011")


def _tag(secret: bytes, deployment: str, checkpoint: str, version: int, key: str) -> str:
    # The first line separates this use of the key from any other; no part can hold a line break.
    message = f"kakou/code/v1\n{deployment}\n{checkpoint}\n{version}\n{key}".encode()
    bits = int.from_bytes(hmac.digest(secret, message, hashlib.sha256)[:16], "big") << 2
    return "".join(ALPHABET[bits >> shift & 31] for shift in range(5 * (TAG_LENGTH - 1), -1, -5))
