"""The made-up passages are lawful, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import islice
from urllib.parse import urlencode

from chalicelib.passage import codes
from chalicelib.passage.decoding import decode
from chalicelib.passage.form import parse
from scripts.simulated import CITY, passages

CHECKPOINTS = ["101", "102", "103"]


def test_every_made_up_passage_is_lawful() -> None:
    kinds: Counter[str] = Counter()
    for each in islice(passages(1, CHECKPOINTS), 500):
        sent = urlencode(each.fields, doseq=True).encode()
        fields = decode(sent, "application/x-www-form-urlencoded", None)
        passage = parse(fields, checkpoint=each.checkpoint, city=CITY, today=date(2020, 2, 10))
        kinds[passage.vehicle] += 1
    assert set(kinds) == set(codes.VEHICLES)


def test_the_same_seed_makes_the_same_passages_and_another_seed_others() -> None:
    def ten(seed: int) -> list[object]:
        return [(each.checkpoint, each.fields) for each in islice(passages(seed, CHECKPOINTS), 10)]

    assert ten(7) == ten(7)
    assert ten(7) != ten(8)
    assert len({str(each) for each in ten(7)}) == 10
