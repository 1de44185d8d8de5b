"""The alarms: what somebody should look at now, as a list that a machine can read.

Each is a pure function of what is known; a threshold is a constant with its reason. `expected` is what is usual, by the
last 7 days that count; without enough of them nothing is unusual, and no alarm is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from chalicelib.passage.hour import LOCAL, Hour, hours, moment
from chalicelib.summary.counting import NOT_TOLD, Counts
from chalicelib.summary.reconciliation import Compared, Reconciliation
from chalicelib.summary.trend import Usual, Week

KINDS = (
    "late", "reconciliation_differs", "key_regions_changed", "silence", "fever_spike", "same_temperature",
    "retiring_poster", "revoked_poster",
)  # fmt: skip


class Alarm(Struct, frozen=True, kw_only=True):
    """One thing that somebody should look at. By `kind`:

    `late`: the hour that begins `since` is not final, `value` minutes after its end.
    `reconciliation_differs`: of the day that begins `since`, the daily re-count of the table found `value` of `code`
    (`passages`, `travellers`, ..., `records`, or a subject and its code), the summaries have `expected`.
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
    """Sorted by kind, checkpoint (the city first) and code."""


decode_alarms = msgspec.json.Decoder(Alarms).decode

ENOUGH_DAYS = 3
"""Days that must count before anything is unusual: of one or two, the mean is chance."""

LATE = timedelta(minutes=5)
"""After its end an hour is promised to be final."""

CODES = 5
"""Codes found otherwise that are alarms of their own: the reconciliation has more of them."""

SILENCE = 8
"""Usual passages by now, of which none came: by chance alone that happens once in 3,000 times (e to the power of -8).
An open checkpoint that is usually empty at 03:00 is silent and alarms nobody."""

SPIKE_LEAST = 3
"""Travellers with fever: fewer are one family."""

SPIKE_TIMES = 3
"""More than so many times a usual *whole* day, today so far: the alarm rather comes late than wrongly."""

SAME_LEAST = 20
"""Measured travellers: fewer may well agree."""

SAME_PER_CENT = 90
"""Of people whose temperature is really read, to a tenth, hardly a third have the same."""

_DAY = timedelta(days=1)


def late(final_up_to: str, now: datetime) -> Alarm | None:
    """Whether an hour should be final by `now`, and is not."""
    hour = Hour(moment(final_up_to))
    since = now - hour.end
    if since <= LATE:
        return None
    return Alarm(kind="late", since=final_up_to, value=since // timedelta(minutes=1))


def differences(found: Reconciliation) -> list[Alarm]:
    """Each number of a day that the daily re-count found otherwise; of the codes the first few."""
    records = {"records": found.records} if found.records else {}
    told: list[tuple[str | None, str, Compared]] = [
        (place, quantity, each)
        for place, numbers in ((None, records), (None, found.city), *found.checkpoints.items())
        for quantity, each in numbers.items()
    ]
    told += [(each.checkpoint, f"{each.subject} {each.code}", each.numbers) for each in found.differing[:CODES]]
    return [
        Alarm(kind="reconciliation_differs", checkpoint=place, since=found.begins, value=each.table,
              expected=each.summary, code=code)
        for place, code, each in told
        if each.difference
    ]  # fmt: skip


def silence(checkpoint: str, since: str, usual: Usual | None, now: datetime) -> Alarm | None:
    """Whether the silence of an open `checkpoint` since `since` is unusual. A day of it says all there is to say."""
    if usual is None or usual.days < ENOUGH_DAYS:
        return None
    begin = max(moment(since), now - _DAY)
    total = 0  # passages times seconds, over all the days
    for hour in hours(Hour.of(begin), Hour.of(now).next()):
        lasted = min(hour.end, now) - max(hour.start, begin)
        total += usual.passages[hour.start.astimezone(LOCAL).hour] * int(lasted.total_seconds())
    expected = total // (3600 * usual.days)
    if expected < SILENCE:
        return None
    return Alarm(kind="silence", checkpoint=checkpoint, since=since, value=0, expected=expected, days=usual.days)


def fever_spike(checkpoint: str | None, fever: int, week: Week | None) -> Alarm | None:
    """Whether `fever`, the travellers with fever today at `checkpoint` or in the city, are far more than in a day of
    the last `week`."""
    if week is None or week.days < ENOUGH_DAYS or fever < SPIKE_LEAST:
        return None
    if fever * week.days <= SPIKE_TIMES * week.sums.fever:
        return None
    expected = (2 * week.sums.fever + week.days) // (2 * week.days)
    return Alarm(kind="fever_spike", checkpoint=checkpoint, value=fever, expected=expected, days=week.days)


def same_temperature(checkpoint: str, today: Counts) -> Alarm | None:
    """Whether nearly all who were measured at `checkpoint` today have one temperature: written down, not read."""
    measured = {code: number for code, number in today.by.get("degrees", {}).items() if code != NOT_TOLD}
    of = sum(measured.values())
    if of < SAME_LEAST:
        return None
    code = max(sorted(measured), key=measured.__getitem__)
    if 100 * measured[code] < SAME_PER_CENT * of:
        return None
    return Alarm(kind="same_temperature", checkpoint=checkpoint, value=measured[code], of=of, code=code)


def sheets(checkpoint: str, today: Counts) -> list[Alarm]:
    """The sheets at `checkpoint` that were scanned today and should not hang there any more."""
    kinds: tuple[tuple[Literal["retiring_poster", "revoked_poster"], str], ...] = (
        ("retiring_poster", "passage_by_retiring_poster"),
        ("revoked_poster", "scan_by_poster"),
    )
    return [
        Alarm(kind=kind, checkpoint=checkpoint, value=number, code=code)
        for kind, subject in kinds
        for code, number in today.by.get(subject, {}).items()
    ]


def key_regions_changed(versions: Collection[int]) -> Alarm | None:
    """Whether today's hours were counted by several `versions` of the key regions: their sum mixes two lists."""
    if len(set(versions)) < 2:
        return None
    return Alarm(kind="key_regions_changed", value=max(versions), expected=min(versions))


def in_order(found: Iterable[Alarm | None]) -> tuple[Alarm, ...]:
    """The alarms that there are, sorted by kind (as `KINDS` has them), checkpoint (the city first) and code."""
    there = [alarm for alarm in found if alarm is not None]
    return tuple(sorted(there, key=lambda each: (KINDS.index(each.kind), each.checkpoint or "", each.code or "")))
