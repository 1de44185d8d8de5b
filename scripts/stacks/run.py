"""`scripts/run`: the local stack in the foreground, with what a newcomer needs to know, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from scripts.stacks.cloudformation import NotDeployed
from scripts.stacks.local import AlreadyRunning, LocalStack
from scripts.stacks.ministack import NotStarted
from scripts.stacks.packaging import ROOT, NotPackaged

HOME = ROOT / ".local"
PORT = 8420
"""Where the local stack listens when nobody says otherwise and nobody else does."""


class Stopped(BaseException):
    """The person or the machine wants us to stop."""


def main() -> int:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _stop)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {line}", flush=True)

    try:
        port = _port(os.environ.get("KAKOU_PORT", ""))
        stack = LocalStack(HOME, port, say)
        stack.start()
    except (AlreadyRunning, NotStarted, NotPackaged, NotDeployed, ValueError) as error:
        print(f"not started: {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 130
    try:
        if stack.ministack.port != port:
            say(f"port {port} is taken: using {stack.ministack.port}")
        _print_posters(say)
        _introduce(stack)
        while stack.ministack.running():
            time.sleep(0.5)
        print(f"MiniStack ended by itself; the end of its log:\n{stack.ministack.log_tail()}", file=sys.stderr)
        return 1
    except Stopped:
        print("\nstopping; the data stays in .local/stack", flush=True)
        return 0
    finally:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not cut the saving short
        stack.stop()


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _port(text: str) -> int:
    if not text:
        return PORT
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise ValueError(f"KAKOU_PORT is a port from 1 to 65535, not {text!r}")


def _print_posters(say: object) -> None:
    """Print the posters unless those of these very addresses are there."""
    printed = HOME / "posters" / "printed"
    wanted = (HOME / "urls.json").read_text(encoding="utf-8")
    if printed.exists() and printed.read_text(encoding="utf-8") == wanted:
        return
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "print_posters"), "--all", "--out", str(HOME / "posters"), "--urls",
         str(HOME / "urls.json")],
        cwd=ROOT,
        check=False,
    )  # fmt: skip
    if done.returncode:
        print("the posters were not printed; the form works without them", file=sys.stderr)
    else:
        printed.write_text(wanted, encoding="utf-8")


def _introduce(stack: LocalStack) -> None:
    checkpoint, form = next(iter(stack.urls["form_urls"].items()))
    print(
        f"""
Kakou runs on this machine, on loopback alone.

  form        {form}
              (checkpoint {checkpoint}; open it in a browser, register a passage)
  posters     {_near(HOME / "posters")}/
  summaries   written every minute; scripts/fetch_summaries --out DIR brings them
  more        scripts/simulate 100 sends made-up passages; every address is in {_near(stack.urls_file)}
  stop        Ctrl-C; the next start finds the data
""",
        flush=True,
    )


def _near(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    sys.exit(main())
