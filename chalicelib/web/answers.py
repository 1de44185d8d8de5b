"""Answers of the public stack: a status and bytes -> the response of HTTP, with the headers every page of ours has."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from functools import cache

import msgspec
from chalice.app import Response

from chalicelib.web import rendering
from chalicelib.web.language import Language

SMALL = 400
"""Bytes of a body below which compressing it gains nothing."""


def page(
    body: bytes, status: int, language: Language, request: Mapping[str, str], *, personal: bool = True
) -> Response:
    """An HTML answer to a request with these headers. `personal` pages are never stored by anyone; a fresh form is not,
    so that Back returns to it, with what was typed and the same submission id."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": language.tag,
        "Cache-Control": "no-store" if personal else "private, no-cache",
        "Vary": "Accept-Language, Accept-Encoding",
        "Content-Security-Policy": policy(),
    }
    return _response(body, status, headers, request)


def elsewhere(location: str) -> Response:
    """Leads to another of our pages (303), on the same host."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Location": location}
    return _response(b"", 303, {**headers, "Vary": "Accept-Language, Accept-Encoding"}, {})


def document(value: object, status: int, request: Mapping[str, str], *, seconds: int = 0) -> Response:
    """A JSON answer; anybody may keep it for `seconds`, nobody at all if that is 0."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": "application/json",
        "Cache-Control": f"public, max-age={seconds}" if seconds else "no-store",
        "Vary": "Accept-Encoding",
    }
    return _response(msgspec.json.encode(value), status, headers, request)


def script(body: bytes, request: Mapping[str, str], *, lasting: bool) -> Response:
    """A script. `lasting` where its name tells its content: then it is kept for ever and never asked for again."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/javascript; charset=utf-8",
        "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": "default-src 'none'; connect-src 'self'; script-src 'self'",
    }
    return _response(body, 200, headers, request)


@cache
def policy() -> str:
    """The Content Security Policy of every page (CSP Level 3): our own style, script and form, nothing else."""
    return (
        f"default-src 'none'; style-src {rendering.style_source()}; "
        f"script-src 'self' {rendering.script_source('receipt')}; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def with_headers(body: bytes, status: int, headers: dict[str, str | list[str]], request: Mapping[str, str]) -> Response:
    """An answer with these headers and those that every answer of ours has, compressed where the request takes it."""
    return _response(body, status, headers, request)


def _response(body: bytes, status: int, headers: dict[str, str | list[str]], request: Mapping[str, str]) -> Response:
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",
        **headers,
    }
    if status == 503:
        headers["Retry-After"] = "5"
    if len(body) >= SMALL and takes_gzip(request.get("accept-encoding")):
        # The local stack's gateway does not compress, and AWS's leaves alone what is compressed.
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 6, mtime=0)
    return Response(body=body, status_code=status, headers=headers)


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether an Accept-Encoding header (RFC 9110, 12.5.3) names gzip and does not refuse it."""
    for part in (accept_encoding or "").lower().split(","):
        if match := re.fullmatch(r"[ \t]*(?:x-)?gzip[ \t]*(?:;[ \t]*q=([01](?:\.[0-9]*)?)[ \t]*)?", part):
            return float(match[1] or 1) > 0
    return False
