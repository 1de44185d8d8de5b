"""The time of a run: the function's own clock, believed only while the store's agrees.

A clock that runs ahead closes hours while their passages still arrive; one that is behind leaves them open. Both heal,
but what was final too early takes a revision more than an honest clock would have given. So a run asks first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.passage.hour import stamp

MOST = timedelta(seconds=30)
"""By which the two may differ: with the longest request (27 s) it is half of the grace, and the store may take ten
seconds for its answer."""


class Timekeeper(Protocol):
    """A store that says what time it is there, UTC, in whole seconds."""

    def time(self) -> datetime: ...


class ClockOff(RuntimeError):
    """The function's clock and the store's differ by more than `MOST`: both, and the remedy. Nothing was written."""


def agreed(clock: Callable[[], datetime], store: Timekeeper) -> datetime:
    """Now, by `clock`. Raises ClockOff, and what the store raises."""
    there = store.time()
    here = clock()  # after the answer: how long the store was silent, or had to be asked again, does not count
    if abs(here - there) > MOST:
        raise ClockOff(
            f"this clock says {stamp(here)}, the store's {stamp(there)}: set the one that is wrong right;"
            " nothing was written, and the next run does it all"
        )
    return here
