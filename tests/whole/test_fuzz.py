"""Fuzzing over HTTP on the running stack: 2,000 requests, promised answers only, and only a 201 stores."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import islice

from tests.conftest import LocalStack
from tests.web import fuzzed
from tests.web.promised import broken
from tests.whole.phones import Phones, Sent, items, target

REQUESTS = 2_000


def wire(asked: fuzzed.Asked) -> Sent:
    # To an Accept that names no type the local gateway answers in base64, as to none.
    headers = [
        (name, "*/*" if name == "Accept" and "/" not in value else value) for name, value in asked.headers.items()
    ]
    return Sent(asked.method, asked.target, headers, own(asked.body))


def own(body: bytes | None) -> bytes | None:
    """`body` under submission ids that no other test of the shared stack uses."""
    return body and body.replace(b"0" * 32, b"f0" * 16).replace(b"1" * 32, b"f1" * 16)


def sendable(asked: fuzzed.Asked) -> bool:
    """Whether the gateway lets it through to us: it answers other methods itself (403), as on AWS, and a HEAD of ours
    would be a GET."""
    return asked.method in ("GET", "POST") and not (asked.method == "POST" and asked.path == "/")


def test_whatever_is_asked_over_http_the_answer_is_a_promised_one(stack: LocalStack) -> None:
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    genuine = target(stack)
    others = (genuine.lower(), target(stack, "102"))
    asked = [*islice(filter(sendable, fuzzed.requests(rng, genuine, others)), REQUESTS)]
    before = items(stack)
    answers = Phones(stack.urls["public_url"]).all(map(wire, asked))
    statuses: Counter[int] = Counter()
    for request, answer in zip(asked, answers, strict=True):
        wrong = broken(answer.status, answer.headers, answer.body, as_json=request.as_json)
        assert not wrong, f"seed {seed}: {wrong}, for {request} {request.body!r}: {answer.body[:300]!r}"
        statuses[answer.status] += 1
    assert {200, 201, 400, 404, 413, 415, 422} <= statuses.keys(), statuses

    after = items(stack)
    assert before.items() <= after.items(), f"seed {seed}"
    ids = {
        found[0].decode()
        for request, answer in zip(asked, answers, strict=True)
        if answer.status == 201 and (found := re.search(rb"[0-9a-f]{32}", own(request.body) or b""))
    }
    stored = {pk.removeprefix("SUB#") for pk, _ in after.keys() - before.keys() if pk.startswith("SUB#")}
    assert stored <= ids, f"seed {seed}"
    assert len(after) - len(before) == 2 * len(stored), f"seed {seed}"
