"""A traveller's phone: posts to the real form endpoint of the running stack, as any browser would."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Mapping, Sequence
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from scripts.simulated import as_json, passages
from tests.parties import FORM, JSON


class Answer:
    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()


def party(seed: int, checkpoint: str = "101") -> dict[str, str | list[str]]:
    """The fields of a made-up, lawful passage under a submission id of its own."""
    (made,) = itertools.islice(passages(seed, [checkpoint]), 1)
    return {**made.fields, "submission": secrets.token_hex(16)}


def get(url: str, **headers: str) -> Answer:
    return _ask(Request(url, headers={"Accept": "text/html", **headers}))


def post_form(url: str, fields: Mapping[str, str | Sequence[str]], **headers: str) -> Answer:
    return post(url, urlencode(fields, doseq=True).encode(), FORM, Accept="text/html", **headers)


def post_json(url: str, fields: Mapping[str, str | Sequence[str]]) -> Answer:
    listed = {name: value if isinstance(value, str) else tuple(value) for name, value in fields.items()}
    return post(url, as_json(listed), JSON, Accept="application/json")


def post(url: str, body: bytes, content_type: str, **headers: str) -> Answer:
    return _ask(Request(url, body, headers={"Content-Type": content_type, **headers}))


def reference(answer: Answer) -> str:
    """The reference on a receipt, page or JSON."""
    found = re.search(r'"reference": ?"([^"]+)"|class="ref"[^>]*>.*?<b[^>]*>([^<]+)</b>', answer.text, re.DOTALL)
    assert found, answer.text[:2000]
    return found[1] or found[2]


def _ask(request: Request) -> Answer:
    try:
        with urlopen(request, timeout=35) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read())
    except HTTPError as error:
        return Answer(error.code, dict(error.headers), error.read())
