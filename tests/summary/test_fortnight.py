"""The made-up fortnight is what it says: exact, lawful, the same again."""

from __future__ import annotations

import random
from pathlib import Path

from msgspec import to_builtins

from chalicelib.passage.decoding import Fields, decode
from chalicelib.passage.form import parse
from chalicelib.passage.hour import LOCAL
from chalicelib.passage.passage import Passage
from chalicelib.summary.fetching import fetch
from tests.parties import CITY, FORM, as_form
from tests.summary import fortnight
from tests.summary.fortnight import PASSAGES, TRAVELLERS


def fields(passage: Passage) -> Fields:
    """What somebody typed to register `passage`."""
    told: Fields = {"submission": passage.submission, "vehicle": passage.vehicle}
    if passage.plate:
        told["plate"] = passage.plate
    for at, traveller in enumerate(passage.travellers):
        for name, value in to_builtins(traveller).items():
            if name == "temperature":
                value = None if value is None else f"{value / 10:.1f}"
            if name == "key_region_stay":
                value = "yes" if value else "no"
            if value is not None:
                told[f"travellers.{at}.{name}"] = tuple(value) if name == "symptoms" else value
    return told


def test_the_whole_volume_is_exact() -> None:
    sizes = fortnight._parties(random.Random(1), PASSAGES, TRAVELLERS)
    assert (len(sizes), sum(sizes), min(sizes), max(sizes)) == (PASSAGES, TRAVELLERS, 1, 9)
    made = fortnight.arrivals(1 / 100)
    assert len(made) == 1230
    assert sum(len(each.passage.travellers) for each in made) == 2632
    assert {each.passage.checkpoint for each in made} == {each.id for each in fortnight.settings().checkpoints}
    assert [each.at for each in made] == sorted(each.at for each in made)
    assert made == fortnight.arrivals(1 / 100)


def test_every_passage_could_have_been_typed() -> None:
    for each in fortnight.arrivals(1 / 200):
        today = each.at.astimezone(LOCAL).date()
        assert parse(decode(as_form(fields(each.passage)), FORM), checkpoint=each.passage.checkpoint, city=CITY,
                     today=today) == each.passage  # fmt: skip


def test_its_summaries_have_it_all(tmp_path: Path) -> None:
    made = fortnight.summaries(1 / 400)
    assert (made.latest.totals.passages, made.latest.totals.travellers) == (307, 658)
    assert len(made.latest.days) == fortnight.DAYS
    assert made.now.totals == made.latest.totals
    assert fetch(made.store, tmp_path).latest == made.latest
