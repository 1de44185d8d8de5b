"""A person at the command centre's desk, without a browser: cookies, forms and nothing that a browser would add."""

from __future__ import annotations

import base64
import gzip
import hmac
import http.client
import re
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

from chalicelib.command.accounts import AccountExists
from tests.conftest import LocalStack

OWN = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that our own page sends."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    """Those that it sets, with their attributes."""
    body: bytes
    """Uncompressed."""
    wire: int
    """Bytes of the answer as sent, headers and all."""

    @property
    def text(self) -> str:
        return self.body.decode()


class Desk:
    """Somebody in front of the desk of `stack`."""

    def __init__(self, stack: LocalStack, address: str = "") -> None:
        """At a computer of their own. MiniStack takes its address from a header; AWS takes it from the connection."""
        self.url = stack.command_url
        self.address = address or f"10.{'.'.join(str(each) for each in secrets.token_bytes(3))}"
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    def get(self, path: str = "", **headers: str) -> Answer:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        """Sends a form as our own page would; `headers` by name with `_` for `-`, those that are empty left out."""
        fields = {"token": self.csrf, **fields} if self.csrf else fields
        return self.ask("POST", path, urlencode(fields).encode(), {**OWN, **headers})

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        parts = urlsplit(urljoin(self.url, path))
        told = {"Accept": "text/html", "Accept-Encoding": "gzip", "X-Forwarded-For": self.address}
        if self.cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            told["Content-Type"] = "application/x-www-form-urlencoded"
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=40)
        try:
            where = parts.path + (f"?{parts.query}" if parts.query else "")
            line.request(method, where, body, {name: value for name, value in told.items() if value})
            got = line.getresponse()
            raw = got.read()
            set_cookies = {
                each.partition("=")[0]: each.partition("=")[2] for each in got.headers.get_all("Set-Cookie") or []
            }
            found = {name.lower(): value for name, value in got.headers.items()}
            whole = gzip.decompress(raw) if found.get("content-encoding") == "gzip" else raw
            head = sum(len(name) + len(value) + 4 for name, value in got.headers.items())
            return Answer(got.status, found, set_cookies, whole, len(raw) + head)
        finally:
            line.close()

    def keep(self, answer: Answer) -> Answer:
        """Takes over the cookies of `answer`, as a browser does."""
        for name, told in answer.cookies.items():
            value, _, attributes = told.partition(";")
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def sign_in(self, name: str, password: str) -> Answer:
        answer = self.keep(self.post("sign-in", {"name": name, "password": password}))
        if answer.status == 303:
            page = self.get()
            found = re.search('name="token" value="([^"]+)"', page.text)
            assert found, page.text
            self.csrf = found[1]
        return answer


def digits(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238: SHA-1, six digits, half a minute)."""
    tag = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), _half_minute(), "sha1")
    at = tag[-1] & 15
    return f"{(int.from_bytes(tag[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06d}"


def _half_minute() -> bytes:
    return int(time.time() // 30).to_bytes(8, "big")


def key_shown(page: str) -> str:
    """The key that a page gives to an app; it is there as a drawing, too."""
    found = re.search("<code>([A-Z2-7]{16,})</code>", page)
    assert found, page
    assert 'class="code"' in page
    return found[1]


def operator(stack: LocalStack, name: str, role: str, password: str = "Right-horse-7-battery") -> str:
    """Makes an operator who need not change the password; returns that."""
    accounts = stack.accounts()
    try:
        accounts.add(name, role)
    except AccountExists:
        accounts.enable(name)
    accounts.set_password(name, password)
    return password


def signed_in(stack: LocalStack, name: str, role: str) -> Desk:
    """That operator, signed in."""
    desk = Desk(stack)
    assert desk.sign_in(name, operator(stack, name, role)).status == 303
    return desk
