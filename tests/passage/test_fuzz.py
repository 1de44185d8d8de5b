"""Fuzzing: whatever bytes come, decoding and the form answer with one of their own errors or a whole passage.

`scripts/test --fuzz 100000` runs that many; the seed is printed with a failure.
"""

from __future__ import annotations

import random

import msgspec
import pytest

from chalicelib.passage.decoding import TooLarge, Undecodable, UnsupportedType, decode
from chalicelib.passage.form import Unacceptable, parse
from scripts.simulated import as_json
from tests.corpus import cases
from tests.parties import CITY, FORM, JSON, TODAY, as_form, one, three

_TOKENS = [
    *(part.encode() for part in ("\u202e", "\u0000", "𠮷", "²", "１", "\u200b", "=cmd", "%ff", "%00", "&&", "[]", "{}", "null", "1e999", "\\ud800")),
    b"\xff\xfe", b"\xed\xa0\x80", b"travellers.8.name=", b'"travellers":[', b"\\u0000", b"-0", b"'", b'"', b"<", b"\r\n", b"&submission=", b"%", b"+",
]  # fmt: skip


def mutated(rng: random.Random, body: bytes) -> bytes:
    """`body` with one to eight wounds."""
    wounded = bytearray(body)
    for _ in range(rng.randint(1, 8)):
        at = rng.randint(0, len(wounded))
        until = min(len(wounded), at + rng.choice((0, 1, 1, 2, 8, 40)))
        match rng.randrange(5):
            case 0:
                wounded[at:until] = b""
            case 1:
                wounded[at:until] = rng.choice(_TOKENS)
            case 2:
                wounded[at:until] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 4)))
            case 3:
                wounded[at:at] = wounded[at:until] * rng.randint(1, 5)
            case 4:
                other = rng.randint(0, len(wounded))
                wounded[at:at] = wounded[other : other + 30]
    return bytes(wounded)


def misfilled(rng: random.Random) -> tuple[bytes, str]:
    """A body that decodes, of answers nobody should give."""
    fields = rng.choice((one, three))()
    for name in rng.sample(sorted(fields), rng.randint(1, 3)):
        value = fields[name]
        text = (value if isinstance(value, str) else rng.choice(value)).encode()
        odd = mutated(rng, text).decode("utf-8", "ignore")
        fields[name] = odd if isinstance(value, str) else (odd,)
    return (as_form(fields), FORM) if rng.random() < 0.5 else (as_json(fields), JSON)


def test_no_bytes_bring_anything_but_a_promised_answer(fuzz: int) -> None:
    seeds = [(as_form(f), FORM) for f in (one(), three())] + [(as_json(f), JSON) for f in (one(), three())]
    seeds += [(case.body[:20_000], case.content_type) for case in cases()]
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    answers: dict[str, int] = {}
    for _ in range(fuzz):
        if rng.random() < 0.5:
            body, kind = misfilled(rng)
        else:
            body, kind = rng.choice(seeds)
            body = mutated(rng, body)
        try:
            passage = parse(decode(body, kind), checkpoint="101", city=CITY, today=TODAY)
            assert msgspec.json.decode(msgspec.json.encode(passage), type=type(passage)) == passage
            answer = "passage"
        except (Undecodable, TooLarge, UnsupportedType, Unacceptable) as error:
            answer = type(error).__name__
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__} from {body!r} as {kind}")
        answers[answer] = answers.get(answer, 0) + 1
    assert answers.get("Undecodable", 0) > fuzz // 20, answers
    assert answers.get("Unacceptable", 0) > fuzz // 20, answers
    assert answers.get("passage", 0) > 0, answers
