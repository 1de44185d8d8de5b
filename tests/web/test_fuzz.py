"""Fuzzing the whole app in-process: whatever is asked, the answer is a promised one, and only a 201 stores.

`scripts/test --fuzz 100000` runs that many requests; the seed is printed with a failure.
"""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

import pytest

from chalicelib.passage.decoding import TooLarge, Undecodable, UnsupportedType, decode
from chalicelib.passage.form import Unacceptable, parse
from chalicelib.passage.hour import LOCAL
from tests.parties import CITY
from tests.web import fuzzed
from tests.web.conftest import Stack
from tests.web.gateway import ask
from tests.web.promised import broken, broken_line

STORED = {201: (0, 2), 410: (0, 1)}
"""Items that an answer may have stored: guard and passage; the scan of a poster that was replaced."""


def due(asked: fuzzed.Asked, stack: Stack) -> set[int]:
    """The answers that a POST to a genuine code may have: what its body alone decides."""
    assert asked.body is not None
    told = {name.lower(): value for name, value in asked.headers.items()}
    try:
        fields = decode(asked.body, told.get("content-type"), told.get("content-encoding"))
        action = fields.pop("action", None)
        if action is not None and asked.as_json:
            return {400}
        if action not in (None, "send"):
            return {200, 400}
        parse(fields, checkpoint="101", city=CITY, today=stack.now.astimezone(LOCAL).date())
    except TooLarge:
        return {413}
    except UnsupportedType:
        return {415}
    except Undecodable:
        return {400}
    except Unacceptable:
        return {422}
    return {201, 409}


def test_whatever_is_asked_the_answer_is_a_promised_one(
    stack: Stack, fuzz: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    others = (stack.poster(2, "revoked"), stack.poster(3, "retiring"), stack.address.lower())
    statuses: Counter[int] = Counter()
    for number, asked in enumerate(islice(fuzzed.requests(rng, stack.address, others), fuzz)):
        before = len(stack.dynamo.items)
        answer = ask(asked.method, asked.path, asked.query, asked.headers, asked.body)
        stored = len(stack.dynamo.items) - before
        wrong = broken(answer.status, answer.headers, answer.body, as_json=asked.as_json)
        if asked.method == "POST" and asked.path == stack.address and answer.status not in due(asked, stack):
            wrong = f"{answer.status} where {due(asked, stack)} is due"
        if stored not in STORED.get(answer.status, (0,)):
            wrong = f"{stored} items stored by a {answer.status}"
        assert not wrong, f"seed {seed}, request {number}: {wrong}, for {asked} {asked.body!r}"
        statuses[answer.status] += 1
        if number % 1000 == 0:
            stack.dynamo.items.clear()
            odd = [line for line in capsys.readouterr().out.splitlines() if broken_line(line)]
            assert not odd, f"seed {seed}: the log holds {odd[:3]}"
    assert {200, 201, 400, 404, 405, 409, 410, 413, 415, 422} <= statuses.keys(), statuses
    assert statuses[422] > fuzz // 20, statuses
