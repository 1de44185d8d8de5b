"""The document: the same facts give the same bytes, and nothing that is missing looks like zero."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.passage.facts import Registered
from chalicelib.passage.hour import Hour
from chalicelib.summary.document import (
    AtCheckpoint,
    Reference,
    Summary,
    decode,
    digest,
    encode,
    has_less,
    joined,
    merged,
    of_hour,
    reading,
    revised,
    same_sources,
)
from tests.summary import made_up

HOUR = Hour(datetime(2020, 2, 10, 7, tzinfo=UTC))
SETTINGS = made_up.settings(HOUR)
IDS = [each.id for each in SETTINGS.checkpoints]


def summary_of(there: dict[str, list[Registered]], hour: Hour = HOUR) -> Summary:
    return of_hour(hour, {each: reading(each, there.get(each, []), SETTINGS, hour=hour) for each in there}, SETTINGS)


hour_facts = st.fixed_dictionaries({each: made_up.registrations(HOUR, most=3) for each in IDS})


@given(hour_facts, st.randoms(use_true_random=False))
def test_the_same_facts_give_the_same_bytes(there: dict[str, list[Registered]], rng: random.Random) -> None:
    shuffled = {each: rng.sample(registered, len(registered)) for each, registered in there.items()}
    other_way = dict(rng.sample(list(shuffled.items()), len(shuffled)))
    assert encode(summary_of(other_way)) == encode(summary_of(there))


@given(hour_facts)
def test_the_bytes_are_canonical_json_and_read_back(there: dict[str, list[Registered]]) -> None:
    summary = summary_of(there)
    content = encode(summary)
    assert decode(content) == summary

    def no_float(text: str) -> None:
        raise AssertionError(text)

    plain = json.loads(content, parse_float=no_float)
    assert json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() == content


def test_the_bytes_are_those_that_were_published() -> None:
    """Changed bytes are a change of what was published: add to the layout, and say so here.

    Since the first: passages on retiring posters, and scans of revoked ones; journeys, hours of the day, degrees; what
    it was reclassified from; corrections, and what was filled in long before it came."""
    rng = random.Random(210381)
    there = {each: [made_up.passage(rng, HOUR.start + timedelta(minutes=n)) for n in range(5)] for each in IDS}
    assert digest(encode(summary_of(there))) == "6ac986340f0959f059cacd87322122ea580e6d6125d73837092492dbcea88b32"


def test_one_passage_more_or_another_one_changes_what_was_read() -> None:
    rng = random.Random(1)
    one, two, three = (made_up.passage(rng, HOUR.start) for _ in range(3))
    digests = {summary_of({"101": some}).passages_digest for some in ([], [one], [one, two], [one, three])}
    assert len(digests) == 4


def test_one_scan_more_or_another_one_changes_what_was_read() -> None:
    rng = random.Random(1)
    passage = [made_up.passage(rng, HOUR.start)]
    one, two, three = (made_up.scan(rng, "101", HOUR.start) for _ in range(3))
    made = [
        of_hour(HOUR, {"101": reading("101", passage, SETTINGS, some, hour=HOUR)}, SETTINGS)
        for some in ([], [one], [one, two], [two, one], [one, three])
    ]
    assert [summary.scans_read for summary in made] == [0, 1, 2, 2, 2]
    assert made[0].scans_digest is None
    assert len({summary.scans_digest for summary in made}) == 4
    assert len({summary.passages_digest for summary in made}) == 1
    for at, summary in enumerate(made):
        for other_at, other in enumerate(made):
            assert same_sources(summary, other) is (at == other_at or {at, other_at} == {2, 3})
            assert has_less(summary, other) is (summary.scans_read < other.scans_read)


def test_a_correction_changes_what_was_read_even_where_a_later_one_counts() -> None:
    rng = random.Random(1)
    one, two = (made_up.passage(rng, HOUR.start) for _ in range(2))
    made = [
        summary_of({"101": [each]})
        for each in (one, two._replace(corrections=1), two._replace(corrections=2), one._replace(corrections=1))
    ]
    assert [(each.passages_read, each.corrections_read) for each in made] == [(1, 0), (1, 1), (1, 2), (1, 1)]
    for at, summary in enumerate(made):
        for other_at, other in enumerate(made):
            assert same_sources(summary, other) is (at == other_at)
            assert has_less(summary, other) is (summary.corrections_read < other.corrections_read)
    assert merged("day", made[:1], []).corrections_read == 0
    later = summary_of({"101": [one._replace(corrections=3)]}, HOUR.next())
    assert merged("day", [made[2], later], []).corrections_read == 5
    again = revised(made[2], made[0])
    assert (again.revision, again.late, again.late_corrections) == (2, 0, 2)


def test_what_does_not_join_is_not_merged() -> None:
    first, second, third = (summary_of({"101": []}, Hour(HOUR.start + timedelta(hours=n))) for n in range(3))
    refs = [Reference("a", "b")]
    assert merged("day", [first, second, third], refs).ends == third.ends
    for parts in ([first, third], [second, first], [first, first]):
        with pytest.raises(ValueError, match="do not join"):
            merged("day", parts, refs)


def test_a_revision_says_how_many_came_late() -> None:
    rng = random.Random(1)
    passages = [made_up.passage(rng, HOUR.start) for _ in range(5)]
    before = revised(summary_of({"101": passages[:1]}), summary_of({"101": []}))
    after = revised(summary_of({"101": passages}), before)
    assert (before.revision, before.late, after.revision, after.late) == (2, 1, 3, 4)


def entry(state: str, since: str | None = None, passages: int = 0) -> AtCheckpoint:
    counts = reading(
        "101", [made_up.passage(random.Random(n), HOUR.start) for n in range(passages)], SETTINGS, hour=HOUR
    ).counts
    return AtCheckpoint("卡口", "Checkpoint", state, since, counts)


def test_silence_over_several_windows() -> None:
    silent, later = entry("silent", "2020-02-10T07:00:00.000Z"), entry("silent", "2020-02-10T08:00:00.000Z")
    assert (joined([silent, later]).state, joined([silent, later]).since) == ("silent", silent.since)
    assert (joined([entry("closed"), later]).state, joined([entry("closed"), later]).since) == ("silent", later.since)
    assert joined([silent, entry("counted", None, 2), later]).state == "counted"
    assert joined([silent, entry("counted", None, 2), later]).since is None
    assert joined([entry("closed"), entry("closed")]).state == "closed"


def test_joining_checkpoints_is_associative() -> None:
    parts = [entry("closed"), entry("silent", "2020-02-10T07:00:00.000Z"), entry("counted", None, 1), entry("closed")]
    for cut in range(1, len(parts)):
        assert joined([joined(parts[:cut]), joined(parts[cut:])]) == joined(parts)
