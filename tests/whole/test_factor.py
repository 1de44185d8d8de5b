"""Everybody needs a second factor (`SecondFactor=ON`): who has none sets one up at sign-in, before any session.

MiniStack lets such a person in with the password alone, and knows none of the steps between. `Provider` stands before
it and answers as Amazon Cognito documents them: the challenge MFA_SETUP, and sessions that are good for one call each.
"""

from __future__ import annotations

import http.client
import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from scripts.stacks.ministack import free_port
from tests.conftest import LocalStack
from tests.whole.desk import Desk, digits, key_shown, operator, wrong

TARGET = "AWSCognitoIdentityProviderService."


class Provider:
    """Cognito with a second factor for all, before the MiniStack at port `behind`."""

    def __init__(self, behind: int) -> None:
        self.behind = behind
        self.waiting: dict[str, str] = {}
        """Session -> the call that it is good for."""
        self.calls: list[str] = []
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": f"http://127.0.0.1:{self._server.server_port}"}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def turned(self, call: str, asked: dict[str, Any], status: int, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The answer of Cognito in place of MiniStack's."""
        if call == "AdminRespondToAuthChallenge" and asked["ChallengeName"] == "MFA_SETUP":
            return status, said
        if "AuthenticationResult" in said:
            return 200, {"ChallengeName": "MFA_SETUP", "Session": self._session("AssociateSoftwareToken"),
                         "ChallengeParameters": {"MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]'}}  # fmt: skip
        if status == 200 and call == "AssociateSoftwareToken":
            self.waiting[said["Session"]] = "VerifySoftwareToken"
        if status == 200 and call == "VerifySoftwareToken":
            said = {**said, "Session": self._session("AdminRespondToAuthChallenge")}
        return status, said

    def refuses(self, call: str, asked: dict[str, Any]) -> bool:
        """Whether the session of this call is none, or good for another."""
        ours = call in ("AssociateSoftwareToken", "VerifySoftwareToken") or asked.get("ChallengeName") == "MFA_SETUP"
        return ours and self.waiting.get(asked.get("Session", "")) != call

    def _session(self, good_for: str) -> str:
        session = secrets.token_urlsafe(30)
        self.waiting[session] = good_for
        return session


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def answer(self) -> None:
        provider = self.server.provider
        call = self.headers.get("X-Amz-Target", "").removeprefix(TARGET)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = json.loads(body) if call else {}
        provider.calls.append(call)
        if provider.refuses(call, asked):
            self._say(400, json.dumps({"__type": "NotAuthorizedException", "message": "Invalid session."}).encode())
            return
        line = http.client.HTTPConnection("127.0.0.1", provider.behind, timeout=20)
        line.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            line.putheader(name, value)
        line.endheaders(body)
        got = line.getresponse()
        status, content = got.status, got.read()
        line.close()
        if call:
            status, said = provider.turned(call, asked, status, json.loads(content or b"{}"))
            content = json.dumps(said).encode()
        self._say(status, content)

    do_GET = do_POST = answer  # noqa: N815 (http.server's names)

    def _say(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider(free_port())
    yield made
    made.close()


@pytest.fixture(scope="module")
def stack(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    home = tmp_path_factory.mktemp("factor")
    with LocalStack(home, provider.behind, environment=provider.environment) as running:
        assert running.ministack.port == provider.behind
        yield running


def test_who_has_none_sets_one_up_and_is_let_in_by_its_digits_alone(stack: LocalStack, provider: Provider) -> None:
    temporary = stack.accounts().add("sun", "centre")
    desk = Desk(stack)
    assert desk.keep(desk.post("sign-in", {"name": "sun", "password": temporary})).status == 200
    new = {"answer": "Another-horse-1", "again": "Another-horse-1"}
    given = desk.keep(desk.post("sign-in", new))
    secret = key_shown(given.text)
    assert (given.status, "__Host-kakou" in desk.cookies, desk.get().status) == (200, False, 401)
    assert key_shown(desk.get("sign-in").text) == secret, "loaded again, it is the same key"
    again = desk.keep(desk.post("sign-in", {"answer": wrong(digits(secret))}))
    assert (again.status, key_shown(again.text)) == (422, secret)
    assert desk.get().status == 401
    assert desk.keep(desk.post("sign-in", {"answer": digits(secret)})).status == 303
    assert desk.get().status == 200
    assert [each for each in provider.calls if "Token" in each or "Respond" in each] == [
        "AdminRespondToAuthChallenge", "AssociateSoftwareToken", "VerifySoftwareToken", "VerifySoftwareToken",
        "AdminRespondToAuthChallenge",
    ]  # fmt: skip


def test_nobody_gets_past_it(stack: LocalStack) -> None:
    password = operator(stack, "zhou", "admin")
    desk = Desk(stack)
    desk.keep(desk.post("sign-in", {"name": "zhou", "password": password}))
    step = dict(desk.cookies)
    for guess in ("", "000000", "x", "1" * 300):
        desk.keep(desk.post("sign-in", {"answer": guess}))
        assert desk.get().status == 401
    other = Desk(stack)
    other.cookies = step
    assert other.post("sign-in", {"answer": "000000"}).status == 401, "a step is good for one answer"
    for path in ("second-factor", "", "journal"):
        assert desk.get(path).status == 401
