"""Published files for machines, whose requests are signed (SigV4) and judged by the gateway before they are here.

Who fetched which file with which digest is in the journal before the file is sent. Where it cannot be written down the
file is not sent: 503, which says to ask again, and a line in the log; so no fetch is missing there, and none fails
unseen. A 304 brings nothing, and leaves no entry: polling writes only when there was something new, one write unit
each, which is less than a millionth of a dollar.
"""

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
        who = _caller(request)
        content = wiring.numbers().file(layout.ROOT + name)
        digest = hashlib.sha256(content).hexdigest()
        tag = f'"{digest}"'
        known = {each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")}
        same = tag in known or "*" in known
        if not same:
            wiring.journal().add(who, "fetched", f"{name} {digest}", wiring.clock(), machine=True)
    except Exception as error:
        reason, status = refusal(error)
        return answers.document({"error": reason}, status, headers)
    told: dict[str, str | list[str]] = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "Content-Type": FILE_TYPES[name.rpartition(".")[2]],
    }
    if same:
        log.note("machine", status=304)
        return answers.with_headers(b"", 304, told, {})
    if len(content) > LARGEST:
        log.note("machine", status=303)
        return answers.with_headers(b"", 303, {**told, "Location": wiring.links().to(name)}, {})
    log.note("machine", status=200)
    return answers.with_headers(content, 200, told, headers)


def _caller(request: Request) -> str:
    """The role and the name of its session (`kakou-command-Machines/fetcher`), or the user, as IAM told the gateway.
    Raises Unauthorised: without one this is no request that came through it."""
    arn = str((request.context.get("identity") or {}).get("userArn") or "")
    if not arn:
        raise Unauthorised
    return arn.rpartition(":")[2].partition("/")[2] or "root"
