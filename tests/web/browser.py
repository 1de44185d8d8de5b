"""Debian's Chromium at the size of a cheap phone, in front of the app."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.web.gateway import send

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

CHROMIUM = shutil.which("chromium")
PHONE: ViewportSize = {"width": 360, "height": 740}
PREFIX = "/some/stage"
"""Where the pages live below: links that are not relative break here."""

HALT = 0.04
"""Seconds that each half of a page keeps one waiting, as over a poor signal. A test that looks at a page before all of
it is there fails for that every time, and not one time in a thousand."""

PORTAL = b"<!doctype html><html><title>Free WiFi</title><body><h1>Log in to the network</h1></body></html>"


class Line:
    """What lies between the phone and us, and how it breaks."""

    def __init__(self) -> None:
        self.state = "up"
        """`down`: nothing passes; `silent`: nor is anything said of it; `upload`: it breaks while we are told;
        `answer`: before we answer; `half`: amid our answer."""
        self.portal: tuple[int, bytes] | None = None
        """What a captive portal answers in our place."""
        self.posts: list[bytes] = []
        """The bodies that reached us whole."""


class _Server(ThreadingHTTPServer):
    line: Line


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._pass(None)

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        self._pass(self.rfile.read(length // 2 if self.server.line.state == "upload" else length))

    def _pass(self, body: bytes | None) -> None:
        line = self.server.line
        if line.state in ("down", "upload", "silent"):
            while line.state == "silent":
                time.sleep(0.05)
            self._break()
            return
        if line.portal:
            status, page = line.portal
            self.send_response(status)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(page)))
            if status in (302, 307):
                self.send_header("location", "http://127.0.0.1:9/login")
            self.end_headers()
            self.wfile.write(page)
            return
        if body is not None:
            line.posts.append(body)
        headers = {name.lower().replace("-", "_"): value for name, value in self.headers.items()}
        headers.pop("accept_encoding", None)
        answer = send(self.command, self.path.removeprefix(PREFIX), body, **headers)
        if line.state == "answer":
            self._break()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        half = len(answer.body) // 2
        if line.state == "half":
            self.wfile.write(answer.body[:half])
            self._break()
            return
        for part in (answer.body[:half], answer.body[half:]):
            if answer.headers["content-type"].startswith("text/html"):
                time.sleep(HALT)
            self.wfile.write(part)

    def _break(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(line: Line | None = None) -> Iterator[str]:
    """The address below which the app answers, over real HTTP, at the other end of `line`."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.line = line or Line()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()
