"""A schedule whose clock lies, by hours and by days: the run asks the store's clock and refuses, and what is published
afterwards is what an honest clock gives, to the byte. Where both lie, what was done wrong is made good, and `latest`
never goes back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from chalicelib.passage.hour import hours
from chalicelib.summary import layout
from chalicelib.summary.bucket import SummaryBucket
from chalicelib.summary.clock import MOST, ClockOff, agreed
from tests.simulation.s3 import MemoryS3
from tests.summary.test_reclassifying import told
from tests.summary.test_run import CLOSED, EVENING, after, watch
from tests.summary.town import Town

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LIES = {
    "five hours ahead": timedelta(hours=5),
    "more than a day ahead": timedelta(hours=26),
    "five hours behind": timedelta(hours=-5),
    "days behind": timedelta(days=-3),
    "ahead beyond midnight": timedelta(hours=2, minutes=30),
}
LONG = 36
"""Hours: longer than the longest lie."""


def grown(lie: timedelta, *, asked: bool = False) -> Town:
    """Passages arrive hour by hour, and a run follows each; the sixth and seventh have a clock that lies, and the
    store's has the right time, if it is `asked`."""
    town = Town(EVENING)
    seen: list[str] = []
    for number, hour in enumerate(hours(EVENING, after(EVENING, LONG))):
        for checkpoint in ("101", "102"):
            for minute in range(town.rng.randint(0, 2)):
                town.register(checkpoint, hour.start + timedelta(minutes=20 + minute))
        now = hour.start + CLOSED
        told_time = now + lie if number in (5, 6) else now
        if asked and abs(lie) > MOST and told_time != now:
            with pytest.raises(ClockOff):
                asking(told_time, now)
        else:
            town.run(asking(told_time, now) if asked else told_time)
        watch(town, seen)
    return town


def asking(told: datetime, really: datetime) -> datetime:
    """Now, as the schedule has it whose clock says `told`."""
    s3 = MemoryS3(clock=lambda: really)
    return agreed(lambda: told, SummaryBucket(cast("S3Client", s3), "b"))


@pytest.fixture(scope="module")
def straight() -> Town:
    return grown(timedelta(0))


@pytest.mark.parametrize("lie", [*LIES, "seconds ahead", "seconds behind"])
def test_where_the_store_is_asked_a_lie_changes_no_byte(straight: Town, lie: str) -> None:
    seconds = {"seconds ahead": MOST, "seconds behind": -MOST}
    town = grown({**LIES, **seconds}[lie], asked=True)
    town.check()
    # `latest` names all that is final, by digest.
    assert town.files()[layout.LATEST] == straight.files()[layout.LATEST]


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_of_the_clock_is_made_good(straight: Town, lie: str) -> None:
    town = grown(LIES[lie])
    town.check()
    assert told(town) == told(straight)
    assert town.reconciliation.equal
