"""A bounded load on the local stack, over loopback: ten times the usual at one checkpoint beside the usual at others.

Calm and rush take turns, so that a busy machine hits both. Every passage has a submission id of its own; afterwards
each that was answered with 201 must be in the table. The last seconds go as fast as they can: what MiniStack bears on
this machine, which says where its limit lies and nothing of AWS.
"""

from __future__ import annotations

import http.client
import os
import secrets
import tempfile
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from scripts.benches import Figure, beside, of
from scripts.simulated import passages
from scripts.stacks.local import LocalStack

USUAL = 0.5
"""Passages a second at a checkpoint: ten times the mean of the seed's fortnight at its busiest one."""
RUSH = 10
OTHERS = 4
TURN_SECONDS = 8.0
TURNS = 3
FULL_SECONDS = 10.0


class _Answers:
    """What came back: 201s by submission id, latencies by phase and checkpoint, everything else by status."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.seconds: dict[tuple[str, bool], list[float]] = defaultdict(list)
        self.else_: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def note(self, phase: str, hot: bool, submission: str, status: int | str, seconds: float) -> None:
        with self._lock:
            if status == 201:
                self.acknowledged.add(submission)
                self.seconds[phase, hot].append(seconds)
            else:
                self.else_[str(status)] += 1


def measure(count: int | None = None) -> list[Figure]:
    """The figures of `count` turns of calm and rush."""
    answers = _Answers()
    with tempfile.TemporaryDirectory() as home, LocalStack(Path(home)) as stack:
        addresses = dict(islice(sorted(stack.urls["form_urls"].items()), OTHERS + 1))
        hot = next(iter(addresses))
        made = passages(7, list(addresses))
        bodies: dict[str, list[tuple[str, str]]] = {checkpoint: [] for checkpoint in addresses}
        while min(map(len, bodies.values())) < 200 or len(bodies[hot]) < 1200:
            passage = next(made)
            submission = secrets.token_hex(16)
            body = urlencode(passage.fields | {"submission": submission}, doseq=True)
            bodies[passage.checkpoint].append((submission, body))
        _send(addresses, {each: [bodies[each].pop()] for each in addresses}, "warm", hot, answers, 2.0, {})
        for turn in range(count or TURNS):
            for phase in ("calm", "rush") if turn % 2 == 0 else ("rush", "calm"):
                rates = {each: USUAL * (RUSH if each == hot and phase == "rush" else 1) for each in addresses}
                _send(addresses, bodies, phase, hot, answers, TURN_SECONDS, rates)
        pid = _ministack(stack)
        before, began = _processor(pid), time.monotonic()
        _as_fast_as_it_goes(addresses, bodies, hot, answers)
        elapsed, after = time.monotonic() - began, _processor(pid)
        stored = _stored(stack)
    missing = len(answers.acknowledged - stored)
    full = answers.seconds["full", True]
    calm, rush = ([1000 * each for each in answers.seconds[phase, False]] for phase in ("calm", "rush"))
    name = "the other checkpoints while nothing else happens"
    shortest = min(len(calm), len(rush))
    cpus = os.cpu_count() or 1
    gateway, functions = (after[at] - before[at] for at in range(2))
    return [
        of(name, calm, "ms", bare=True),
        beside(
            f"the other checkpoints while one has {RUSH} times its usual", sorted(rush)[:shortest], "ms", name,
            sorted(calm)[:shortest], at_most=1.25,
        ),
        of(f"that one, at {USUAL * RUSH:g} a second", [1000 * each for each in answers.seconds["rush", True]], "ms"),
        Figure("answered 201", len(answers.acknowledged), "passages", at_least=1),
        Figure("of these not in the table", missing, "passages", at_most=0),
        Figure("answered otherwise", sum(answers.else_.values()), "requests"),
        Figure("as fast as it goes, for each processor", len(full) / elapsed / cpus, "a second", at_least=0),
        of("the same: until the answer", [1000 * each for each in full], "ms"),
        Figure("processor time of each, MiniStack's own", 1000 * gateway / len(full), "ms"),
        Figure("processor time of each, our functions'", 1000 * functions / len(full), "ms"),
        Figure("of the processors, what these two got", (gateway + functions) / elapsed / cpus, "of 1", at_least=0),
    ]  # fmt: skip


def _send(
    addresses: dict[str, str],
    bodies: dict[str, list[tuple[str, str]]],
    phase: str,
    hot: str,
    answers: _Answers,
    seconds: float,
    rates: dict[str, float],
) -> None:
    """Send at `rates` for so long, each passage at its time whether or not the one before was answered."""
    due = sorted(
        (at / rates[each] + (0.37 * number) % (1 / rates[each]), each)
        for number, each in enumerate(rates)
        for at in range(int(seconds * rates[each]))
    ) or [(0.0, each) for each in addresses]  # fmt: skip
    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        for at, checkpoint in due:
            time.sleep(max(0.0, began + at - time.monotonic()))
            submission, body = bodies[checkpoint].pop()
            pool.submit(_post, addresses[checkpoint], submission, body, phase, checkpoint == hot, answers)


def _as_fast_as_it_goes(
    addresses: dict[str, str], bodies: dict[str, list[tuple[str, str]]], hot: str, answers: _Answers
) -> None:
    until = time.monotonic() + FULL_SECONDS
    left = [(addresses[each], *taken) for each, some in bodies.items() for taken in some]
    lock = threading.Lock()

    def work() -> None:
        while time.monotonic() < until:
            with lock:
                if not left:
                    return
                address, submission, body = left.pop()
            _post(address, submission, body, "full", True, answers)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()


def _post(address: str, submission: str, body: str, phase: str, hot: bool, answers: _Answers) -> None:
    place = urlsplit(address)
    began = time.monotonic()
    status: int | str
    try:
        connection = http.client.HTTPConnection(place.netloc.lower(), timeout=35)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        connection.request("POST", place.path, body, headers)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        status = type(error).__name__
    answers.note(phase, hot, submission, status, time.monotonic() - began)


def _stored(stack: LocalStack) -> set[str]:
    """The submission ids of every passage in the table."""
    client = stack.client("dynamodb")
    found: set[str] = set()
    start: dict[str, Any] = {}
    while True:
        page = client.scan(TableName=stack.urls["table"], ConsistentRead=True, **start)
        found |= {
            item["sk"]["S"].rpartition("#")[2] for item in page["Items"] if item["pk"]["S"].startswith("CP#")
        }  # fmt: skip
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _ministack(stack: LocalStack) -> int:
    """The process of MiniStack: the one that listens on its port."""
    port = f"{urlsplit(stack.urls['endpoint_url']).port}"
    for each in Path("/proc").glob("[0-9]*"):
        try:
            environment = (each / "environ").read_bytes().split(b"\0")
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if f"GATEWAY_PORT={port}".encode() in environment and parent == os.getpid():
            return int(each.name)
    return 0


def _processor(pid: int) -> tuple[float, float]:
    """Processor seconds of the process `pid`, and of all that it started."""
    ticks = os.sysconf("SC_CLK_TCK")
    used: dict[int, tuple[int, float]] = {}
    for each in Path("/proc").glob("[0-9]*"):
        try:
            told = (each / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used[int(each.name)] = (int(told[1]), (int(told[11]) + int(told[12])) / ticks)
    below = {pid}
    while more := {each for each, (parent, _) in used.items() if parent in below} - below:
        below |= more
    return used.get(pid, (0, 0.0))[1], sum(used[each][1] for each in below - {pid} if each in used)
