"""MiniStack: the AWS of this machine, from PyPI, on loopback alone, with IAM enforced.

One mode, whoever starts it: `AUTH=true`, so that a missing right fails here and not on AWS.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

REGION = "us-east-1"
ACCOUNT = "210381000000"
"""Ours; any other access key of twelve digits is the root of an account of its own."""


class NotStarted(RuntimeError):
    """MiniStack did not come up; holds the end of its log."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    access_key: str
    secret_key: str


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody holds it on loopback, otherwise one that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise NotStarted("no free port on 127.0.0.1")


def interpreter() -> Path:
    """The Python of MiniStack's own environment, inside ours: it pins its own botocore."""
    return Path(sys.prefix) / "ministack" / "bin" / "python"


class MiniStack:
    """A running MiniStack whose state is kept under `home` over a clean stop (not over `kill -9`)."""

    def __init__(
        self,
        python: Path,
        home: Path,
        port: int,
        credentials: Credentials,
        *,
        keep: bool = True,
        holds: tuple[int, ...] = (),
    ) -> None:
        """`holds` are file descriptors that stay open until it has ended: a lock on its state, say."""
        self.home = home
        self.port = port
        self.credentials = credentials
        self.log = home / "ministack.log"
        self._python = python
        self._keep = keep
        self._holds = holds
        self._process: subprocess.Popen[bytes] | None = None
        self._session: Any = None
        self._clients: dict[tuple[str, Credentials, str], Any] = {}
        self._making = threading.Lock()

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def region(self) -> str:
        return REGION

    @property
    def access_key(self) -> str:
        return self.credentials.access_key

    @property
    def secret_key(self) -> str:
        return self.credentials.secret_key

    def start(self, seconds: float = 60) -> None:
        """Start and wait until it answers. Raises NotStarted."""
        if not self._python.exists():
            raise NotStarted(f"no MiniStack environment at {self._python}: scripts/environment makes it")
        state, temporary = self.home / "state", self.home / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)  # unpacked functions of a run before
        for folder in (state, temporary):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._python), "-m", "ministack"],
                cwd=self.home,
                env=self._environment(state, temporary),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self._holds,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop it in order
                preexec_fn=_stop_with_parent if sys.platform == "linux" else None,
            )
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError, ValueError):
                with urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=2) as answer:  # noqa: S310
                    json.load(answer)
                return
            time.sleep(0.1)
        self.stop()
        raise NotStarted(f"MiniStack did not start on {self.endpoint_url}; the end of {self.log}:\n{self.log_tail()}")

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self, seconds: float = 60) -> None:
        """Stop in order, so that the state is written."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def client(self, service: str, credentials: Credentials | None = None, region: str = REGION) -> Any:
        """The client of `service` here, as the root of its account or with other `credentials`: one for all threads,
        as making one takes a tenth of a second."""
        import botocore.session
        from botocore.config import Config

        asking = credentials or self.credentials
        with self._making:
            made = self._clients.get((service, asking, region))
            if made is None:
                self._session = self._session or botocore.session.Session()
                made = self._clients[service, asking, region] = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint_url,
                    aws_access_key_id=asking.access_key,
                    aws_secret_access_key=asking.secret_key,
                    config=Config(
                        connect_timeout=5,
                        read_timeout=60,
                        retries={"total_max_attempts": 2},
                        max_pool_connections=32,
                    ),
                )
        return made

    def log_tail(self, characters: int = 3000) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-characters:] if self.log.exists() else ""

    def _environment(self, state: Path, temporary: Path) -> dict[str, str]:
        # The functions inherit what MiniStack is given: nothing of the caller's, least of all his AWS account.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        return {
            **kept,
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "GATEWAY_PORT": str(self.port),
            "AWS_ACCESS_KEY_ID": self.credentials.access_key,
            # Who calls an API unsigned is taken for this account: it must be the one that owns the API.
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_key,
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "PERSIST_STATE": "1" if self._keep else "0",
            "STATE_DIR": str(state),
            "S3_PERSIST": "1" if self._keep else "0",
            "S3_DATA_DIR": str(state / "s3"),
            "TMPDIR": str(temporary),
            "PYTHONUNBUFFERED": "1",
            "TZ": "UTC",
        }

    def __enter__(self) -> MiniStack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _stop_with_parent() -> None:
    """In the child, before it runs: SIGTERM when the parent dies, however it dies (Linux's PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
