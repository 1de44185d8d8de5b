"""Several phones at once, each on a connection that it keeps open, which send what no browser would."""

from __future__ import annotations

import gzip
import http.client
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import LocalStack


@dataclass(frozen=True)
class Sent:
    """One request, to the byte. Each header may come more than once."""

    method: str
    target: str
    """Below the stack's address: `/C/…`."""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    chunked: bool = False


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes
    """Uncompressed."""


class Phones:
    """A few phones in front of the public stack at `public_url`."""

    def __init__(self, public_url: str, many: int = 4) -> None:
        parts = urlsplit(public_url)
        assert parts.hostname
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path
        self._many = many
        self._own = threading.local()
        self.pressed = 0
        """Requests that were sent, if by one phone at a time."""

    def send(self, sent: Sent, presses: int = 6) -> Answer:
        """Its answer; at "not confirmed, press again" (503) it is pressed again, as the page says, so often at most."""
        for again in range(presses):
            self.pressed += 1
            answer = self._once(sent)
            if answer.status != 503:
                break
            time.sleep(0.5 * 2**again)
        return answer

    def all(self, requests: Iterable[Sent]) -> list[Answer]:
        """The answers to `requests`, in their order."""
        with ThreadPoolExecutor(self._many) as pool:
            return list(pool.map(self.send, requests))

    def _once(self, sent: Sent) -> Answer:
        for fresh in (False, True):
            line: http.client.HTTPConnection | None = getattr(self._own, "line", None)
            if line is None or fresh:
                line = self._own.line = http.client.HTTPConnection(self._host, self._port, timeout=40)
            try:
                line.putrequest(sent.method, self._prefix + sent.target, skip_accept_encoding=True)
                for name, value in sent.headers:
                    line.putheader(name, value.encode("utf-8"))
                if sent.chunked:
                    line.putheader("Transfer-Encoding", "chunked")
                elif sent.body is not None:
                    line.putheader("Content-Length", str(len(sent.body)))
                body: Any = iter([sent.body]) if sent.chunked else sent.body
                line.endheaders(body, encode_chunked=sent.chunked)
                got = line.getresponse()
                wire = got.read()
            except (http.client.HTTPException, ConnectionError):
                line.close()
                if fresh:
                    raise
                continue  # the other side had closed the connection that was kept
            headers = {name.lower(): value for name, value in got.getheaders()}
            whole = gzip.decompress(wire) if headers.get("content-encoding") == "gzip" else wire
            return Answer(got.status, headers, whole)
        raise AssertionError("not reached")


def target(stack: LocalStack, checkpoint: str = "101") -> str:
    """The form of `checkpoint`, below the stack's address."""
    return str(stack.urls["form_urls"][checkpoint]).removeprefix(stack.urls["public_url"])


def items(stack: LocalStack) -> dict[tuple[str, str], dict[str, Any]]:
    """All that lies in the table, raw."""
    found = {}
    for page in (
        stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.urls["table"], ConsistentRead=True)
    ):
        for item in page["Items"]:
            found[item["pk"]["S"], item["sk"]["S"]] = item
    return found
