"""Published files for machines, whose requests are signed (SigV4) and judged by the gateway before they are here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from chalice.app import Request, Response

from chalicelib import log, wiring
from chalicelib.summary import layout
from chalicelib.web import answers
from chalicelib.web.desk.answering import refusal
from chalicelib.web.desk.visit import Unauthorised

FILE_TYPES = {
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

LARGEST = 3_000_000
"""Bytes of a file that goes through the gateway (a function's answer has 6 MB, in base64); larger ones by a link."""


def file(request: Request) -> Response:
    """A published file as it is: `machine/latest.json`, `machine/day/2020/02/10/r001.csv`. Its entity tag is its
    digest, as `latest` names it; asked with If-None-Match, what is still the same costs nothing (304)."""
    headers: Mapping[str, str] = request.headers
    name = str((request.uri_params or {}).get("proxy", ""))
    try:
        # The gateway has asked IAM; without a caller this is no request that came through it.
        if not request.context.get("identity", {}).get("userArn"):
            raise Unauthorised
        content = wiring.numbers().file(layout.ROOT + name)
    except Exception as error:
        reason, status = refusal(error)
        return answers.document({"error": reason}, status, headers)
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    told: dict[str, str | list[str]] = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "Content-Type": FILE_TYPES[name.rpartition(".")[2]],
    }
    known = {each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        log.note("machine", status=304)
        return answers.with_headers(b"", 304, told, {})
    if len(content) > LARGEST:
        log.note("machine", status=303)
        return answers.with_headers(b"", 303, {**told, "Location": wiring.links().to(name)}, {})
    log.note("machine", status=200)
    return answers.with_headers(content, 200, told, headers)
