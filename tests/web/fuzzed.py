"""Fuzzed requests: bodies, headers, codes, query strings and methods that nobody should send.

One generator for both: in-process (tests/web/test_fuzz.py) and over HTTP (tests/whole/test_fuzz.py).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from scripts.simulated import as_json
from tests.corpus import cases
from tests.parties import FORM, JSON, as_form, one, three
from tests.passage.test_fuzz import misfilled, mutated

_BODIES = [
    *((as_form(fields), FORM) for fields in (one(), three())),
    *((as_json(fields), JSON) for fields in (one(), three())),
    *((case.body[:20_000], case.content_type) for case in cases()),
]
_TYPES = (
    FORM, JSON, "", "application/JSON", "application/json;charset=utf-8", f'{FORM}; charset="UTF-8"', "a/b" * 900,
    "multipart/form-data", "multipart/form-data; boundary=--x", "text/html", "application/json; charset=utf-16", "json",
    "é", "*/*", ";",
)  # fmt: skip
_ODD = (
    "", "*", "zh", "en;q=0", "zz-ZZ,qq;q=9", "gzip", "br, *;q=0", ";;;", ",", "identity", "q=", "\t", "ÿ", "0" * 3000,
    "%00", "{}", "'\"><x>", "-1", "1e999",
)  # fmt: skip
_HEADERS = (
    "Accept", "Accept-Language", "Accept-Encoding", "Content-Encoding", "Cookie", "Referer", "User-Agent", "Origin",
    "X-Forwarded-For", "If-None-Match", "Range", "Authorization", "X-HTTP-Method-Override", "Content-MD5", "Prefer",
)  # fmt: skip
_WOUNDS = (
    "-", "0", "O", "ı", "ß", "１", "²", "%00", "%2F", "..", ";", " ", "\n", "\x00", "𠮷", "A" * 70, "'", "{code}", "+",
    "\u202e",
)  # fmt: skip
_ACTIONS = (
    "send", "add", "remove-1", "remove-2", "remove-99", "lang-en", "lang-zh", "lang-qq", "remove--1", "x", "send\n",
)  # fmt: skip
_ELSEWHERE = ("/", "/", "/x", "/C", "/c/", "/C/1/2", "/favicon.ico", "/../C", "/c//", "/" + "a" * 3000)
_METHODS = ("POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "x")


@dataclass(frozen=True)
class Asked:
    """One request. `path` and `query` are as a gateway hands them over, decoded; `target` spells them for a wire."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes | None = field(repr=False)

    @property
    def as_json(self) -> bool:
        """Whether the answer is for a program."""
        return self.method == "POST" and "json" in self.headers.get("Content-Type", "").lower()

    @property
    def target(self) -> str:
        pairs = [f"{quote(name, safe='')}={quote(each, safe='')}" for name, all in self.query.items() for each in all]
        return quote(self.path, safe="/") + ("?" + "&".join(pairs) if pairs else "")


def code(rng: random.Random, genuine: str) -> str:
    """`genuine` with one to three wounds; now and then one that heals."""
    text = list(genuine)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(5):
            case 0:
                text[at : at + rng.choice((1, 1, 4))] = []
            case 1:
                text[at:at] = rng.choice(_WOUNDS)
            case 2:
                text[at : at + 1] = rng.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")
            case 3:
                text[at : at + 1] = chr(rng.choice((rng.randrange(128), rng.randrange(0xD800), 0x10FFFF)))
            case 4:
                text = list("".join(text).swapcase())
        text = text or ["-"]
    return "".join(text)


def requests(rng: random.Random, address: str, others: tuple[str, ...]) -> Iterator[Asked]:
    """Requests without end: most at `address`, a genuine form; some at `others`, at no code and at no page."""
    while True:
        method = rng.choices(_METHODS, (80, 12, 1, 1, 1, 1, 1, 1))[0]
        kind = rng.random()
        if kind < 0.75:
            path = address
        elif kind < 0.8:
            path = rng.choice(others)
        elif kind < 0.97:
            path = address[:3] + code(rng, address[3:]).replace("/", "-")
        else:
            path = rng.choice(_ELSEWHERE)
        query = _typed(rng) if path == "/" else _query(rng)
        yield Asked(method, path, query, *_sent(rng, method))


def _query(rng: random.Random) -> dict[str, list[str]]:
    if rng.random() < 0.8:
        return {}
    name = rng.choice(("lang", "lang", "Lang", "q", "lang[]", "", "verified"))
    return {name: [rng.choice(("zh", "en", *_ODD)) for _ in range(rng.choice((1, 1, 3)))]}


def _typed(rng: random.Random) -> dict[str, list[str]]:
    """What people who cannot scan type, all of it wrong."""
    checkpoint = rng.choice(("118", "118", "999", "１１８", *_ODD))
    tag = rng.choice(("00000000", "oooo-llll", "A" * 26, *_WOUNDS, *_ODD))
    return {name: [text] for name, text in (("checkpoint", checkpoint), ("tag", tag)) if rng.random() < 0.8}


def _sent(rng: random.Random, method: str) -> tuple[dict[str, str], bytes | None]:
    headers = {"Accept": "*/*"}
    for name in rng.sample(_HEADERS, rng.choice((0, 0, 1, 2, 4))):
        headers[name] = rng.choice(_ODD)
    if method != "POST":
        return headers, None if rng.random() < 0.8 else b"x"
    kind = rng.random()
    if kind < 0.5:
        body, content_type = misfilled(rng)
        if content_type == FORM and rng.random() < 0.5:  # a form that comes back takes ten times as long as a document
            body, content_type = misfilled(rng)
    else:
        body, content_type = rng.choice(_BODIES)
        if kind < 0.9:
            body = mutated(rng, body)
    if rng.random() < 0.1 and content_type == FORM:
        body += b"&action=" + quote(rng.choice(_ACTIONS)).encode()
    if rng.random() < 0.02:  # the corpus alone has so few that, once, none of 2,000 was too large
        body += b"&x=" + b"9" * 20_000
    if rng.random() < 0.1:
        content_type = rng.choice(_TYPES)
    if content_type:
        headers["Content-Type"] = content_type
    return headers, body
