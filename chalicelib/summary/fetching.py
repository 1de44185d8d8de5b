"""Fetching: the summaries in a folder of one's own, complete, verified, forwards only.

The folder mirrors the bucket below `summaries/v1/`. Everything that `latest.json` names is there, with the digest it
names, before `latest.json` itself is put in place: whoever finds it in the folder has it all. Breaking off anywhere
leaves whole files and the old `latest.json`; fetching again brings what is missing.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from chalicelib.summary import layout
from chalicelib.summary.bucket import SummaryStore
from chalicelib.summary.document import Reference, decode, digest
from chalicelib.summary.pointers import Latest, Now, Reported, decode_latest, decode_now

T = TypeVar("T")

TRIES = 5
"""Of `now.json`, its table and its alarms, which are written over one after the other while we read."""


class NothingPublished(LookupError):
    """No run has published anything yet."""


class Untrusted(RuntimeError):
    """What was published contradicts itself, or what was fetched before. Nothing that contradicts was kept."""


class Fetched(Struct, frozen=True):
    """What a fetch brought."""

    latest: Latest
    now: Now | None
    new: tuple[str, ...]
    """Keys of the files that were not there, in the order in which they came."""
    checked: int
    """Files that `latest` names, directly or through its days, all there and verified."""


def fetch(
    store: SummaryStore,
    folder: Path,
    *,
    seen: Callable[[str], object] = lambda key: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Brings everything that is final, and what is known now, to `folder`; calls `seen` with the key of each final file
    once it is there. Raises Unreachable, NothingPublished, Untrusted, OSError."""
    published = store.read(layout.LATEST)
    if published is None:
        raise NothingPublished("no summary has been published yet")
    latest = _understood(decode_latest, published.content, layout.LATEST)
    _refuse_going_back(latest, folder)
    new: list[str] = []
    checked = 0
    for file in _named(latest, folder):
        if _bring(store, folder, file):
            new.append(file.key)
        checked += 1
        seen(file.key)
    _keep(folder, layout.LATEST, published.content)
    return Fetched(latest, _bring_now(store, folder, sleep), tuple(new), checked)


def place(folder: Path, key: str) -> Path:
    """Where the file of `key` lies in `folder`. Raises Untrusted for no name of ours: it might lead elsewhere."""
    if not layout.is_file(key):
        raise Untrusted("latest.json names a file that no summary is called by")
    return folder / key.removeprefix(layout.ROOT)


def _named(latest: Latest, folder: Path) -> Iterator[Reference]:
    """All that `latest` names: each day, then the hours that the day, by now in the folder, was merged from."""
    for day in latest.days:
        yield day
        yield day.csv
        yield from _report(day)
        yield from _understood(decode, place(folder, day.key).read_bytes(), day.key).merged_from
    yield from latest.hours
    for tabled in (latest.today, latest.trend, latest.operation):
        if tabled:
            yield tabled
            yield tabled.csv
    if latest.today:
        yield from _report(latest.today)
    yield from latest.schemas
    yield from latest.checks


def _report(of: Reported) -> Iterator[Reference]:
    yield from (each for each in (of.html, of.xlsx) if each)


def _bring(store: SummaryStore, folder: Path, file: Reference) -> bool:
    """Whether the file had to be brought."""
    there = place(folder, file.key)
    if there.is_file() and digest(there.read_bytes()) == file.digest:
        return False
    found = store.read(file.key)
    if found is None:
        raise Untrusted(f"{file.key} is named and not there")
    if digest(found.content) != file.digest:
        raise Untrusted(f"{file.key} does not have the digest it is named with")
    _keep(folder, file.key, found.content)
    return True


def _refuse_going_back(latest: Latest, folder: Path) -> None:
    there = place(folder, layout.LATEST)
    if not there.exists():
        return
    try:
        before = decode_latest(there.read_bytes())
    except msgspec.DecodeError:
        return  # ours is damaged: the published one replaces it
    if _age(latest) < _age(before):
        raise Untrusted(f"latest.json went back, from {before.final_up_to} to {latest.final_up_to}")


def _age(latest: Latest) -> tuple[str, int]:
    return latest.final_up_to, layout.revision_of(latest.operation.key) if latest.operation else 0


def _bring_now(store: SummaryStore, folder: Path, sleep: Callable[[float], None]) -> Now | None:
    """What is known now, its table and its alarms, or None while they do not belong together: the next run mends it."""
    for again in range(TRIES):
        if again:
            sleep(0.2 * 2**again)
        published = store.read(layout.NOW)
        if published is None:
            return None
        now = _understood(decode_now, published.content, layout.NOW)
        if now.csv is None:
            return None
        named = [(layout.NOW_CSV, now.csv)] + ([(layout.ALARMS, now.alarms_file)] if now.alarms_file else [])
        beside = [(key, file.digest, store.read(key)) for key, file in named]
        found = [(key, there.content) for key, wanted, there in beside if there and digest(there.content) == wanted]
        if len(found) == len(named):
            for key, content in [*found, (layout.NOW, published.content)]:
                _keep(folder, key, content)
            return now
    return None


def _keep(folder: Path, key: str, content: bytes) -> None:
    """Puts the file in place in one step, so that nobody ever reads half of it."""
    there = place(folder, key)
    there.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=there.parent, prefix=f".{there.name}.")
    try:
        with os.fdopen(handle, "wb") as partial:
            partial.write(content)
            partial.flush()
            os.fsync(partial.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(there)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _understood(decoder: Callable[[bytes], T], content: bytes, key: str) -> T:
    try:
        return decoder(content)
    except msgspec.DecodeError as error:
        raise Untrusted(f"{key} is not what its name says") from error
