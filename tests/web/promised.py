"""What every answer of the public stack keeps to, whatever was asked: the promised statuses, bodies and headers.

Plain pages and refusals in JSON are compared with the few that exist, to the byte: they cannot repeat anything that was
sent. Only the form that comes back holds what was typed, and the page that offers to send it as a correction, and only
in their bodies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

import msgspec

from chalicelib import log
from chalicelib.passage.decoding import PASSAGE, TRAVELLER
from chalicelib.passage.form import RULES
from chalicelib.passage.receipt import Receipt
from chalicelib.web import answers, plain, words
from chalicelib.web.language import LANGUAGES, messages

PLAIN: Mapping[int, tuple[str, ...]] = {
    200: ("home",),
    400: ("undecodable",),
    404: ("code_refused", "not_found", "typed_refused"),
    405: ("not_found",),
    409: ("another_passage",),
    410: ("revoked",),
    413: ("too_large",),
    415: ("unsupported_type",),
    429: ("too_many_tries",),
}
STATUSES = frozenset({*PLAIN, 201, 422})

_FIELD = re.compile(f"travellers|{'|'.join(PASSAGE)}|travellers\\.[0-8]\\.(?:{'|'.join(TRAVELLER)})")
_HEADERS: Mapping[str, str] = {
    "content-type": "text/html; charset=utf-8|application/json",
    "content-language": "|".join(language.tag for language in LANGUAGES),
    "content-encoding": "gzip",
    "cache-control": "no-store|private, no-cache",
    "vary": "Accept-Language, Accept-Encoding|Accept-Encoding",
    "content-security-policy": re.escape(answers.policy()),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
}
_ALWAYS = {
    "content-type", "cache-control", "vary", "x-content-type-options", "referrer-policy", "strict-transport-security",
}  # fmt: skip
_GATEWAY = re.compile("content-length|connection|date|server|x-amz.*|via|access-control-.*")
"""Headers that a gateway adds; the canary looks into them too."""


@cache
def _plain_pages(status: int) -> frozenset[bytes]:
    return frozenset(
        plain.plain_page(language, kind, never)
        for language in LANGUAGES
        for kind in PLAIN.get(status, ())
        for never in (False, status in (404, 410))
    )


@cache
def _plain_documents(status: int) -> frozenset[bytes]:
    return frozenset(
        msgspec.json.encode({"error": kind, "message": messages(language).gettext(plain.PLAIN[kind].title)})
        for language in LANGUAGES
        for kind in PLAIN.get(status, ())
    )


@cache
def _sentences(field: str, rule: str) -> frozenset[str]:
    message = words.sentence(field, rule)
    return frozenset(messages(language).gettext(message) for language in LANGUAGES)


def broken(status: int, headers: Mapping[str, str], body: bytes, *, as_json: bool) -> str | None:
    """Which promise an answer breaks, or None. `headers` go by lower-case name, `body` is uncompressed, `as_json` says
    that a JSON document was posted, so that the answer is one too."""
    if status not in STATUSES:
        return f"status {status}"
    for name, value in headers.items():
        if name in _HEADERS:
            if not re.fullmatch(_HEADERS[name], value):
                return f"header {name}: {value!r}"
        elif not _GATEWAY.fullmatch(name):
            return f"header {name}"
    missing = _ALWAYS - headers.keys()
    if missing:
        return f"without {sorted(missing)}"
    if headers.get("content-type") == "application/json":
        return _broken_document(status, body) if as_json else "JSON for people"
    return "a page for a program" if as_json and status != 405 else _broken_page(status, headers, body)


def _broken_document(status: int, body: bytes) -> str | None:
    if body in _plain_documents(status):
        return None
    try:
        document = json.loads(body)
    except ValueError:
        return "no JSON"
    if status == 201:
        if document.keys() != set(Receipt.__struct_fields__):
            return f"a receipt of {sorted(document)}"
        return None if all(re.fullmatch(r".\*\*", name, re.S) for name in document["names"]) else "names in clear"
    if status != 422 or document.keys() != {"error", "problems"} or not document["problems"]:
        return "no document of ours"
    for problem in document["problems"]:
        if problem.keys() != {"field", "rule", "choices", "message"}:
            return f"a problem of {sorted(problem)}"
        if not _FIELD.fullmatch(problem["field"]) or problem["rule"] not in RULES:
            return f"a problem at {problem['field']!r}, {problem['rule']!r}"
        if problem["message"] not in _sentences(problem["field"], problem["rule"]):
            return "a sentence of nobody's"
        if not all(re.fullmatch("[0-9]{6}", choice) for choice in problem["choices"]):
            return "choices that are no divisions"
    return None


def _broken_page(status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    if headers.get("content-type") != "text/html; charset=utf-8" or "content-security-policy" not in headers:
        return "no page of ours"
    if status != 409 and body in _plain_pages(status):
        return None
    if not body.startswith(b"<!doctype html>") or not body.endswith(b"</html>"):
        return "no page of ours"
    if status == 201:
        return None if re.search(rb"KR1-[A-Z2-7]+-[A-Z2-7]{103}", body) else "no receipt"
    if status == 409:
        return None if b'name="replaces"' in body else "a form that is registered, and no way to correct it"
    return None if status in (200, 422) and b'name="submission"' in body else "no page that is promised"


def broken_line(line: str) -> str | None:
    """Which promise a line of the log breaks, or None: listed fields, of codes and numbers only."""
    try:
        fields = json.loads(line)
    except ValueError:
        return "no JSON"
    if not isinstance(fields, dict) or not fields.keys() <= log.FIELDS:
        return "unlisted fields"
    odd = [name for name, value in fields.items() if not re.fullmatch("[A-Za-z0-9_.:/-]{1,40}", str(value))]
    return f"{odd} holds text" if odd else None
