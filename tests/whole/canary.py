"""The canary: unmistakable markers in whatever a person can send, and a search for them in all that a run leaves.

A marker is looked for in every spelling that programs give text: UTF-8, JSON's and HTML's escapes, percent-encoding,
`repr`, hexadecimal, UTF-16, GB 18030, and base64 at each of its three alignments, whatever the case.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from tests.parties import resident_id

MARKERS: Mapping[str, str] = {
    "name": "卡那莉雅",
    "second name": "Kanarija",
    "document number": resident_id("21038119770707707"),
    "second document number": "KNRJ77345",
    "phone": "13977664553",
    "plate": "CKNR75",
    "address": "丝雀巷七弄",
    "unlawful text": "kanarientext",
    "unknown field": "kanarienfeld",
    "code": "kanariencode",
    "query": "kanarienfrage",
    "header": "kanarienkopf",
}


def spellings(text: str) -> set[bytes]:
    """`text` as programs write it, in small letters."""
    utf8 = text.encode()
    escaped = json.dumps(text)[1:-1]
    small = {
        text, escaped, escaped.replace("\\", "\\\\"), quote(text), quote(quote(text)), utf8.hex(), repr(utf8)[2:-1],
        "".join(f"&#{ord(letter)};" for letter in text), "".join(f"&#x{ord(letter):x};" for letter in text),
    }  # fmt: skip
    other = {text.encode(encoding) for encoding in ("utf-16-le", "utf-16-be", "gb18030")}
    return {each.lower() for each in {spelt.encode() for spelt in small} | other}


def base64s(text: str) -> set[bytes]:
    """What base64 of anything that holds `text` holds too: its middle, at each alignment."""
    found = set()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text.encode())
        inner = whole[(0, 2, 3)[before] :].rstrip(b"=")
        inner = inner[: len(inner) - (1 if (before + len(text.encode())) % 3 else 0)]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


@cache
def _needles(text: str) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return tuple(spellings(text)), tuple(base64s(text))


def heard(data: bytes, markers: Mapping[str, str]) -> set[str]:
    """The names of the markers that `data` holds in any spelling, compressed or not."""
    names: set[str] = set()
    for layer in _layers(data):
        small = layer.lower()
        for name, text in markers.items():
            folded, exact = _needles(text)
            if any(needle in small for needle in folded) or any(needle in layer for needle in exact):
                names.add(name)
    return names


def _layers(data: bytes) -> Iterator[bytes]:
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    elif data[:1] == b"\x78":
        try:
            yield zlib.decompress(data)
        except zlib.error:
            return


@dataclass(frozen=True)
class Place:
    """Something that the run wrote, and where it lies."""

    kind: str
    """`log`, `table`, `bucket`, `file`, `header`, `answer`."""
    name: str
    content: bytes


def songs(places: Iterable[Place], markers: Mapping[str, str]) -> dict[str, set[str]]:
    """Where markers were found: `kind: name` -> the markers' names."""
    return {
        f"{place.kind}: {place.name}": found
        for place in places
        if (found := heard(place.content, markers) | heard(place.name.encode(), markers))
    }


def files(home: Path, aside: tuple[str, ...]) -> Iterator[Place]:
    """All files under `home` but those in folders named in `aside`."""
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        if path.is_file() and not path.is_symlink() and not any(part.startswith(aside) for part in inside.parts):
            yield Place("file", inside.as_posix(), path.read_bytes())
