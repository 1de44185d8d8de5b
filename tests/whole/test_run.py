"""`scripts/run` itself: what a newcomer sees, and that Ctrl-C ends it in order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stacks.ministack import free_port
from tests.whole.traveller import get


def start(root: Path, home: Path, port: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "scripts.stacks.run", "--home", str(home)],
        cwd=root,
        env={**os.environ, "KAKOU_PORT": port},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(run: subprocess.Popen[str], words: str) -> str:
    """What `run` says, up to the line that holds `words`."""
    assert run.stdout is not None
    said = ""
    for line in run.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} was never said:\n{said}")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield int(other.getsockname()[1])


def test_a_newcomer_is_told_what_there_is_and_ctrl_c_ends_it(root: Path, tmp_path: Path, taken: int) -> None:
    run = start(root, tmp_path, str(taken))
    try:
        said = until(run, "stop ")
        urls = json.loads((tmp_path / "urls.json").read_text(encoding="utf-8"))
        assert {"endpoint_url", "region", "access_key", "secret_key", "public_url", "command_url", "form_urls", "table",
                "bucket"} <= urls.keys()  # fmt: skip
        assert urls["command_url"].startswith("http://127.0.0.1:")
        assert (tmp_path / "operator").stat().st_mode & 0o777 == 0o600
        assert len(urls["form_urls"]) == 18
        assert f"port {taken} is taken" in said
        assert urls["form_urls"]["101"] in said
        assert f"scripts/simulate 100 --urls {os.path.relpath(tmp_path / 'urls.json', root)} sends" in said
        assert get(urls["form_urls"]["101"]).status == 200
        assert len([*(tmp_path / "posters").glob("*.pdf")]) == 18
        assert (tmp_path / "urls.json").stat().st_mode & 0o077 == 0, "it holds the stack's secret key"

        run.send_signal(signal.SIGINT)
        assert run.stdout is not None
        assert f"the data stays in {os.path.relpath(tmp_path / 'stack', root)}\n" in run.stdout.read()
        assert run.wait(60) == 0
        port = int(urls["endpoint_url"].rpartition(":")[2])
        assert free_port(port) == port, "nothing listens any more"
    finally:
        run.kill()
        run.wait()


def test_a_port_that_is_none_is_refused_in_words(root: Path, tmp_path: Path) -> None:
    for port in ("abc", "0", "65536", "-1", "８４２０"):
        run = start(root, tmp_path, port)
        said, _ = run.communicate(timeout=60)
        assert run.returncode == 1
        assert said == f"not started: KAKOU_PORT is a port from 1 to 65535, not {port!r}\n"
    assert not [*tmp_path.iterdir()], "nothing was made"
