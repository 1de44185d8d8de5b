"""From bytes to fields: one strict door for form posts and JSON.

Whatever the encoding, what comes out is one flat map from field names to text, of known names only. JSON nests the
same names: `travellers.0.name` is `{"travellers": [{"name": ...}]}`. No error carries anything that was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn
from urllib.parse import parse_qsl

LIMIT = 16 * 1024
"""Bytes of a body at most: nine travellers with long names and addresses of their own, percent-encoded, take 14,000."""

Fields = dict[str, str | tuple[str, ...]]
"""Field name -> text; the fields of several choices (`symptoms`) hold a tuple."""

PASSAGE = ("submission", "replaces", "waited", "lang", "action", "vehicle", "plate")
TRAVELLER = (
    "name", "document", "number", "phone", "origin", "same_as_first", "township", "address", "purpose",
    "key_region_stay", "symptoms", "temperature",
)  # fmt: skip
SEVERAL = frozenset({"symptoms"})

_NAME = re.compile(f"{'|'.join(PASSAGE)}|travellers\\.([0-9]|[1-9][0-9])\\.({'|'.join(TRAVELLER)})")
_MEDIA_TYPE = re.compile(
    r"""[ \t]*([A-Za-z0-9!#$&^_.+/-]+)[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*("?)utf-?8\2[ \t]*;?[ \t]*)?""", re.I
)


class Undecodable(ValueError):
    """The body is not what its content type says, or holds what no form of ours sends (400).

    `reason`: empty, encoding, syntax, duplicate, unknown_field, shape.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLarge(ValueError):
    """The body is longer than `LIMIT` (413)."""


class UnsupportedType(ValueError):
    """Neither a form post nor JSON in UTF-8, or compressed (415)."""


def media_type(content_type: str | None) -> str:
    """`application/json` or `application/x-www-form-urlencoded`; raises UnsupportedType for all else, other charsets
    included."""
    match = _MEDIA_TYPE.fullmatch(content_type or "")
    if match:
        kind = match[1].lower()
        if kind in ("application/json", "application/x-www-form-urlencoded"):
            return kind
    raise UnsupportedType


def decode(body: bytes, content_type: str | None, content_encoding: str | None = None) -> Fields:
    """The fields of `body`. Raises TooLarge, UnsupportedType or Undecodable, in that order of precedence."""
    if len(body) > LIMIT:
        raise TooLarge
    kind = media_type(content_type)
    if (content_encoding or "identity").strip(" \t").lower() not in ("", "identity"):
        raise UnsupportedType
    if not body:
        raise Undecodable("empty")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Undecodable("encoding") from None
    if text.startswith("\ufeff"):
        raise Undecodable("encoding")
    return _gather(_json_pairs(text) if kind == "application/json" else _form_pairs(text))


def _gather(pairs: Iterable[tuple[str, str]]) -> Fields:
    fields: Fields = {}
    for name, value in pairs:
        if not _NAME.fullmatch(name):
            raise Undecodable("unknown_field")
        if name.rpartition(".")[2] in SEVERAL:
            chosen = fields.get(name, ())
            if value in chosen:
                raise Undecodable("duplicate")
            fields[name] = (*chosen, value)
        elif name in fields:
            raise Undecodable("duplicate")
        else:
            fields[name] = value
    return fields


def _form_pairs(text: str) -> Iterable[tuple[str, str]]:
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        raise Undecodable("syntax")
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise Undecodable("encoding") from None
    except ValueError:
        raise Undecodable("syntax") from None


def _refuse(_: str) -> NoReturn:
    # Every answer of ours is text: numbers, NaN and Infinity have no place, whatever their length.
    raise Undecodable("shape")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs):
        raise Undecodable("duplicate")
    return whole


def _json_pairs(text: str) -> list[tuple[str, str]]:
    try:
        document = json.loads(
            text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_refuse, parse_int=_refuse
        )
    except Undecodable:
        raise
    except (ValueError, RecursionError):
        raise Undecodable("syntax") from None
    if not isinstance(document, dict):
        raise Undecodable("shape")
    return list(_flat(document))


def _flat(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if name == "travellers":
            if not isinstance(value, list) or not all(isinstance(person, dict) for person in value):
                raise Undecodable("shape")
            for at, person in enumerate(value):
                for part, answer in person.items():
                    for text in _texts(answer, several=part in SEVERAL):
                        yield f"travellers.{at}.{part}", text
        elif "." in name:
            raise Undecodable("unknown_field")
        else:
            for text in _texts(value, several=False):
                yield name, text


def _texts(value: object, *, several: bool) -> list[str]:
    texts = value if several else [value]
    if not isinstance(texts, list):
        raise Undecodable("shape")
    for text in texts:
        if not isinstance(text, str):
            raise Undecodable("shape")
        if re.search("[\ud800-\udfff]", text):
            raise Undecodable("encoding")
    return texts
