"""Starts the whole system on this machine, on loopback alone, and stays in the foreground until Ctrl-C.

    scripts/run                     on port 8420, or another one if that is taken
    KAKOU_PORT=9000 scripts/run     on this port
    scripts/run --home DIR          another system beside the first: DIR holds all it makes, instead of .local

Exit codes: 0 stopped by Ctrl-C (or SIGTERM), 1 not started or failed (the reason is said), 2 the command was not
understood.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from chalicelib.summary.bucket import SummaryBucket, Unreachable
from chalicelib.summary.counting import Totals
from chalicelib.summary.fetching import NothingPublished, Untrusted, fetch
from scripts.stacks.cloudformation import NotDeployed
from scripts.stacks.local import AlreadyRunning, LocalStack
from scripts.stacks.ministack import NotStarted
from scripts.stacks.packaging import ROOT, NotPackaged
from scripts.where import LOCAL_URLS

PORT = 8420
"""Where the local stack listens when nobody says otherwise and nobody else does."""

FETCH_SECONDS = 10.0


class Stopped(BaseException):
    """The person or the machine wants us to stop."""


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(
        prog="scripts/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--home", type=Path, default=ROOT / ".local", metavar="DIR", help="holds all that it makes")
    home: Path = asked.parse_args(arguments).home.resolve()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _stop)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {line}", flush=True)

    try:
        port = _port(os.environ.get("KAKOU_PORT", ""))
        stack = LocalStack(home, port, say)
        stack.start()
    except (AlreadyRunning, NotStarted, NotPackaged, NotDeployed, ValueError) as error:
        print(f"not started: {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 130
    try:
        if stack.ministack.port != port:
            say(f"port {port} is taken: using {stack.ministack.port}")
        _print_posters(stack)
        _introduce(stack)
        summaries = Summaries(stack)
        while stack.ministack.running():
            summaries.bring(say)
            time.sleep(0.5)
        print(f"MiniStack ended by itself; the end of its log:\n{stack.ministack.log_tail()}", file=sys.stderr)
        return 1
    except Stopped:
        print(f"\nstopping; the data stays in {_near(home / 'stack')}", flush=True)
        return 0
    finally:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not cut the saving short
        stack.stop()


class Summaries:
    """The summaries as the command centre fetches them, kept beside the stack and told when they change."""

    def __init__(self, stack: LocalStack) -> None:
        self._folder = stack.home / "summaries"
        self._bucket = SummaryBucket(stack.client("s3"), stack.urls["bucket"])
        self._next = 0.0
        self._told: Totals | None = None

    def bring(self, say: Callable[[str], None]) -> None:
        """Bring what is new, now and then."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + FETCH_SECONDS
        try:
            now = fetch(self._bucket, self._folder).now
        except (NothingPublished, Unreachable):
            return  # the schedule has not woken yet, or is writing
        except (Untrusted, OSError) as error:
            say(f"summaries: {error}")
            return
        if now is not None and now.totals != self._told:
            self._told = now.totals
            say(
                f"summaries: {now.totals.passages} passages, {now.totals.vehicles} vehicles, "
                f"{now.totals.travellers} travellers, in {_near(self._folder / 'now.csv')}"
            )


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _port(text: str) -> int:
    if not text:
        return PORT
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise ValueError(f"KAKOU_PORT is a port from 1 to 65535, not {text!r}")


def _print_posters(stack: LocalStack) -> None:
    """Print the posters unless those of these very addresses are there."""
    folder = stack.home / "posters"
    printed = folder / "printed"
    wanted = "\n".join(stack.urls["form_urls"].values())
    if printed.exists() and printed.read_text(encoding="utf-8") == wanted:
        return
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "print_posters"), "--all", "--out", str(folder), "--urls",
         str(stack.urls_file)],
        check=False,
    )  # fmt: skip
    if done.returncode:
        print("the posters were not printed; the form works without them", file=sys.stderr)
    else:
        printed.write_text(wanted, encoding="utf-8")


def _introduce(stack: LocalStack) -> None:
    checkpoint, form = next(iter(stack.urls["form_urls"].items()))
    name, password = stack.operator_file.read_text(encoding="utf-8").split()
    # The scripts look for the one beside them.
    elsewhere = "" if stack.urls_file == LOCAL_URLS else f" --urls {_near(stack.urls_file)}"
    print(
        f"""
Kakou runs on this machine, on loopback alone.

  form        {form}
              (checkpoint {checkpoint}; open it in a browser, register a passage)
  command     {stack.command_url}
              sign in as {name} with the password {password} (kept in {_near(stack.operator_file)})
  posters     {_near(stack.home / "posters")}/
  summaries   {_near(stack.home / "summaries")}/now.json and now.csv, every minute; final ones once an hour is over
  more        scripts/simulate 100{elsewhere} sends made-up passages; every address is in {_near(stack.urls_file)}
  stop        Ctrl-C; the next start finds the data
""",
        flush=True,
    )


def _near(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
