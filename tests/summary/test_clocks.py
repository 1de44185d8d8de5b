"""A schedule whose clock lies, by hours and by days: what it did wrong is made good, and `latest` never goes back.

On AWS a clock that is more than 15 minutes off cannot do harm: S3 and DynamoDB refuse what it signs. Here nothing is
refused, so that the run itself must bear it.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.passage.hour import hours
from tests.summary.test_reclassifying import told
from tests.summary.test_run import CLOSED, EVENING, after, watch
from tests.summary.town import Town

LIES = {
    "five hours ahead": timedelta(hours=5),
    "more than a day ahead": timedelta(hours=26),
    "five hours behind": timedelta(hours=-5),
    "days behind": timedelta(days=-3),
    "ahead beyond midnight": timedelta(hours=2, minutes=30),
}
LONG = 36
"""Hours: longer than the longest lie."""


def grown(lie: timedelta) -> Town:
    """Passages arrive hour by hour, and a run follows each; the sixth and seventh have a clock that lies."""
    town = Town(EVENING)
    seen: list[str] = []
    for number, hour in enumerate(hours(EVENING, after(EVENING, LONG))):
        for checkpoint in ("101", "102"):
            for minute in range(town.rng.randint(0, 2)):
                town.register(checkpoint, hour.start + timedelta(minutes=20 + minute))
        now = hour.start + CLOSED
        town.run(now + lie if number in (5, 6) else now)
        watch(town, seen)
    return town


@pytest.fixture(scope="module")
def straight() -> Town:
    return grown(timedelta(0))


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_of_the_clock_is_made_good(straight: Town, lie: str) -> None:
    town = grown(LIES[lie])
    town.check()
    assert told(town) == told(straight)
    assert town.reconciliation.equal
