"""The alarms: what somebody should look at now, as a list that a machine can read.

Each is a pure function of what is known; a threshold is a constant with its reason. `expected` is what is usual, by the
last 7 days that count; without enough of them nothing is unusual, and no alarm is raised.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

KINDS = (
    "late", "reconciliation_differs", "key_regions_changed", "silence", "fever_spike", "same_temperature",
    "retiring_poster", "revoked_poster",
)  # fmt: skip


class Alarm(Struct, frozen=True, kw_only=True):
    """One thing that somebody should look at. By `kind`:

    `late`: `value` minutes have passed since the hour that begins `since` could have been final.
    `reconciliation_differs`: the daily re-count found `value` passages, the summaries have `expected`.
    `key_regions_changed`: the list in force is version `value`; some of today was counted by version `expected`.
    `silence`: no passage at `checkpoint` since `since`, where `expected` would be usual by now; `value` is 0.
    `fever_spike`: `value` travellers with fever today, where a whole day usually has `expected`.
    `same_temperature`: `value` of `of` measured travellers today have the very same temperature, `code`.
    `retiring_poster`, `revoked_poster`: the sheet `code` was scanned `value` times today, and should not hang there.
    """

    kind: Literal[
        "late", "reconciliation_differs", "key_regions_changed", "silence", "fever_spike", "same_temperature",
        "retiring_poster", "revoked_poster",
    ]  # fmt: skip
    checkpoint: str | None = None
    """None: the whole city."""
    since: str | None = None
    """UTC."""
    value: int
    expected: int | None = None
    """In the unit of `value`, rounded."""
    days: int | None = None
    """Over how many days `expected` is a mean."""
    of: int | None = None
    code: str | None = None


class Alarms(Struct, frozen=True, kw_only=True):
    """The alarms of `now.json` alone: small, for who asks often. An `as_of` that is more than five minutes old is an
    alarm itself: the schedule does not run."""

    schema: Literal["kakou.alarms.v1"] = "kakou.alarms.v1"
    state: Literal["provisional"] = "provisional"
    as_of: str
    final_up_to: str
    alarms: tuple[Alarm, ...]
    """Sorted by kind, checkpoint and code."""


decode_alarms = msgspec.json.Decoder(Alarms).decode
