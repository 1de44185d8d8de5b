"""A proxy between the functions and MiniStack that fails as services and networks fail, one service at a time."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from scripts.stacks.ministack import free_port

Kind = Literal["throttled", "broken", "denied", "conflict", "lost", "cut", "slow", "refused"]
"""What befalls a call.

throttled, broken, denied, conflict: the service says so and does nothing
lost: it takes effect, and the connection ends before the answer
cut: it takes effect, and the connection ends in the middle of the answer
slow: it takes effect late, and is answered only then
refused: nobody listens
"""

SERVICES = ("dynamodb", "kms", "secretsmanager", "s3")
_VARIABLES = {"secretsmanager": "SECRETS_MANAGER"}

_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
_SAID: dict[tuple[str, Kind], tuple[int, str]] = {
    ("dynamodb", "throttled"): (400, _DYNAMODB + "ThrottlingException"),
    ("dynamodb", "broken"): (500, _DYNAMODB + "InternalServerError"),
    ("dynamodb", "denied"): (400, "com.amazon.coral.service#AccessDeniedException"),
    ("dynamodb", "conflict"): (400, _DYNAMODB + "TransactionCanceledException"),
    ("kms", "throttled"): (400, "ThrottlingException"),
    ("kms", "broken"): (500, "KMSInternalException"),
    ("kms", "denied"): (400, "DisabledException"),
    ("secretsmanager", "throttled"): (400, "ThrottlingException"),
    ("secretsmanager", "broken"): (500, "InternalServiceError"),
    ("secretsmanager", "denied"): (400, "AccessDeniedException"),
    ("s3", "throttled"): (503, "SlowDown"),
    ("s3", "broken"): (500, "InternalError"),
    ("s3", "denied"): (403, "AccessDenied"),
}
"""What each service says itself: the status and the name of its error."""


class Fault:
    """What befalls the calls of one service: of those that hold `about` in their request line or body, the first of
    each `every`, `times` in all (None: always). `delays`, in seconds, are those of its slow calls, in turn."""

    def __init__(self, kind: Kind, about: bytes, every: int, times: int | None, delays: Sequence[float]) -> None:
        self.kind = kind
        self.met = 0
        """Calls that it befell."""
        self._seen = 0
        self._about = about
        self._every = every
        self._times = times
        self._delays = delays
        self._lock = threading.Lock()

    def befalls(self, call: bytes) -> float | None:
        """None when it spares the call, otherwise the seconds by which it delays it."""
        with self._lock:
            if self._about not in call or self.met == self._times:
                return None
            self._seen += 1
            if (self._seen - 1) % self._every:
                return None
            self.met += 1
            return self._delays[(self.met - 1) % len(self._delays)] if self.kind == "slow" else 0.0


class Proxy:
    """An endpoint on loopback for each service, in front of the MiniStack at `port`. `environment` leads there."""

    def __init__(self, port: int) -> None:
        self._endpoints = {service: _Endpoint(service, port) for service in SERVICES}

    @property
    def environment(self) -> dict[str, str]:
        return {
            f"AWS_ENDPOINT_URL_{_VARIABLES.get(service, service.upper())}": f"http://127.0.0.1:{endpoint.port}"
            for service, endpoint in self._endpoints.items()
        }

    @contextlib.contextmanager
    def fault(
        self,
        service: str,
        kind: Kind,
        *,
        about: bytes = b"",
        every: int = 1,
        times: int | None = None,
        delays: Sequence[float] = (),
    ) -> Iterator[Fault]:
        """While it lasts, calls of `service` meet a Fault."""
        endpoint = self._endpoints[service]
        endpoint.fault = Fault(kind, about, every, times, delays)
        if kind == "refused":
            endpoint.close()
        try:
            yield endpoint.fault
        finally:
            endpoint.fault = None
            if kind == "refused":
                endpoint.open()

    def settle(self) -> None:
        """Waits until no call is under way: what was slow has taken effect."""
        until = time.monotonic() + 30
        while any(endpoint.under_way for endpoint in self._endpoints.values()):
            assert time.monotonic() < until
            time.sleep(0.02)

    def close(self) -> None:
        for endpoint in self._endpoints.values():
            endpoint.close()


class _Endpoint:
    def __init__(self, service: str, behind: int) -> None:
        self.service = service
        self.port = free_port()
        self.behind = behind
        self.fault: Fault | None = None
        self.under_way = 0
        self.lock = threading.Lock()
        self._server: _Server | None = None
        self.open()

    def open(self) -> None:
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, endpoint: _Endpoint) -> None:
        self.endpoint = endpoint
        super().__init__(("127.0.0.1", endpoint.port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    """One connection; `server.endpoint` tells what becomes of its calls."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # whoever asked has given up
            super().handle()

    def answer(self) -> None:
        endpoint = self.server.endpoint
        with endpoint.lock:
            endpoint.under_way += 1
        try:
            self._answer(endpoint)
        finally:
            with endpoint.lock:
                endpoint.under_way -= 1

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 (http.server's names)

    def _answer(self, endpoint: _Endpoint) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = endpoint.fault
        delay = fault.befalls(f"{self.command} {self.path} ".encode() + body) if fault else None
        if fault is None or delay is None:
            self._say(*self._ask(body))
            return
        said = _SAID.get((endpoint.service, fault.kind))
        if said is not None:
            self._say(*_error(endpoint.service, *said))
        elif fault.kind == "slow":
            time.sleep(delay)
            self._say(*self._ask(body))
        elif fault.kind == "refused":  # on a connection from before
            self.close_connection = True
        else:
            status, headers, answer = self._ask(body)
            if fault.kind == "cut":
                self._say(status, headers, answer, sent=len(answer) // 2)
            self.close_connection = True

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What MiniStack answers to this call, as it came: Host is among what was signed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.endpoint.behind, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _say(self, status: int, headers: Sequence[tuple[str, str]], body: bytes, sent: int | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        pass


def _error(service: str, status: int, name: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """The answer by which `service` says that it failed."""
    if service == "s3":
        xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{name}</Code><Message>Told to.</Message></Error>'
        return status, [("Content-Type", "application/xml")], xml.encode()
    told: dict[str, object] = {"__type": name, "message": "Told to."}
    if name.endswith("TransactionCanceledException"):
        told["CancellationReasons"] = [{"Code": "TransactionConflict", "Message": "Told to."}, {"Code": "None"}]
    return status, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(told).encode()
