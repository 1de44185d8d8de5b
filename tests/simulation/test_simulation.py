"""The simulator over many seeds, and over worlds with a fault in them that it must find.

`scripts/test --faults 10000 tests/simulation` runs ten thousand. A failing seed prints its story; run it alone with
`World(seed).run()`, and keep it in `FOUND`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.world import Violation, World

FOUND: tuple[int, ...] = ()
"""Seeds that once showed a fault of ours."""

ENOUGH = 60
"""Seeds within which every mutant must be found."""


def several(seeds: range) -> tuple[Counter[str], list[str]]:
    """What happened in the worlds of `seeds`, and the violations."""
    counts: Counter[str] = Counter()
    violations = []
    for seed in seeds:
        try:
            counts += World(seed).run()
        except Violation as violation:
            violations.append(str(violation))
    return counts, violations


def test_no_seed_breaks_a_promise(faults: int) -> None:
    parts = [range(first, min(first + 25, faults)) for first in range(0, faults, 25)]
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(several, parts))
    violations = list(itertools.chain.from_iterable(found for _, found in results))
    assert not violations, f"{len(violations)} of {faults} seeds\n\n" + "\n\n".join(violations[:3])
    happened = sum((counts for counts, _ in results), Counter())
    # The worlds were hostile: else the silence says nothing.
    for mishap in ("201", "409", "503", "runs", "runs broken off", "clocks refused", "scans", "corrections"):
        assert happened[mishap] > faults // 4, happened
    assert happened["checks"] > faults // 20, happened


@pytest.mark.parametrize("seed", FOUND)
def test_what_was_found_once_stays_mended(seed: int) -> None:
    World(seed).run()


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_fault_introduced_on_purpose_is_found(mutant: Mutant) -> None:
    with mutant.introduced() as mutation:
        for seed in range(ENOUGH):
            try:
                World(seed, mutation).run()
            except Violation:
                return
    pytest.fail(f"{mutant.name}: not found in {ENOUGH} seeds")


def test_a_seed_tells_the_same_story_twice() -> None:
    worlds = World(7), World(7)
    for world in worlds:
        world.run()
    assert worlds[0].story == worlds[1].story
