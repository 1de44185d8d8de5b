"""The daily reconciliation: a day's records read again and counted by other code, beside what its summary says.

The count here is a plain loop that shares nothing with `counting`: one passage, one traveller, one question at a time.
What it finds is published whether the difference is zero or not, and a difference is an alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from chalicelib.passage.facts import Registered, Scan
from chalicelib.passage.hour import LOCAL, Hour, moment, stamp
from chalicelib.summary.document import Reference, Summary

QUANTITIES = ("passages", "vehicles", "travellers", "fever", "from_key_regions", "scans")

MOST = 2_000_000
"""Passages of a day that one run can read again beside its other work; of a larger day there is no reconciliation."""

AGAIN = timedelta(hours=1)
"""After so long a day that was found to differ is read once more: it may be mended."""


class Compared(Struct, frozen=True):
    """One number, twice."""

    summary: int
    """As the day's summary says."""
    table: int
    """As counted from the records in the table."""
    difference: int
    """`table` less `summary`."""


class Reconciliation(Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "until"}):
    """A day's summary beside an independent count of the table."""

    schema: Literal["kakou.reconciliation.v1"] = "kakou.reconciliation.v1"
    date: str
    """Of the day, Asia/Shanghai."""
    begins: str
    """As the day's summary has it, UTC."""
    ends: str
    checked_at: str
    """When the table was read, UTC."""
    day: Reference
    """The revision of the day's summary that it was checked against."""
    equal: bool
    """Whether every difference is zero."""
    city: dict[str, Compared]
    """Each of `passages`, `vehicles`, `travellers`, `fever`, `from_key_regions`, `scans`."""
    checkpoints: dict[str, dict[str, Compared]]
    """The same at each checkpoint that is in the summary, or has records in the table."""


decode_reconciliation = msgspec.json.Decoder(Reconciliation).decode


class Recount:
    """What was read of each hour and checkpoint, counted the plain way."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Hour, str], dict[str, int]] = {}
        self._temperatures: dict[tuple[Hour, str], list[int]] = {}
        self._origins: dict[tuple[Hour, str], list[str]] = {}

    def add(self, hour: Hour, checkpoint: str, registered: Iterable[Registered], scans: Iterable[Scan]) -> None:
        """Counts all that one checkpoint has in `hour`."""
        numbers = {"passages": 0, "vehicles": 0, "travellers": 0, "scans": 0}
        temperatures: list[int] = []
        origins: list[str] = []
        plates: list[str] = []
        for passage in registered:
            numbers["passages"] += 1
            if passage.facts.vehicle not in ("rail", "foot"):
                if passage.facts.plate is None:
                    numbers["vehicles"] += 1
                else:
                    plates.append(passage.facts.plate)
            for traveller in passage.facts.travellers:
                numbers["travellers"] += 1
                origins.append(traveller.origin)
                if traveller.temperature is not None:
                    temperatures.append(traveller.temperature)
        for _ in scans:
            numbers["scans"] += 1
        numbers["vehicles"] += len(set(plates))
        self._numbers[hour, checkpoint] = numbers
        self._temperatures[hour, checkpoint] = temperatures
        self._origins[hour, checkpoint] = origins

    def of(self, hours: Sequence[Summary], key_regions: Mapping[int, Sequence[str]]) -> dict[str, dict[str, int]]:
        """Checkpoint -> quantity -> number over `hours`, each under the threshold of fever and the list of key regions
        (version -> codes) that its summary names."""
        found: dict[str, dict[str, int]] = {}
        for summary in hours:
            hour = Hour(moment(summary.begins))
            fever = summary.fever_from[0]
            # A province ends in four zeros, a city in two: what lies in it begins with the digits before them.
            inside = []
            for code in key_regions[summary.key_regions_versions[0]]:
                digits = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
                inside.append(digits)
            for there, checkpoint in self._numbers:
                if there != hour:
                    continue
                sums = found.setdefault(checkpoint, dict.fromkeys(QUANTITIES, 0))
                for quantity, number in self._numbers[hour, checkpoint].items():
                    sums[quantity] += number
                for temperature in self._temperatures[hour, checkpoint]:
                    sums["fever"] += temperature >= fever
                for origin in self._origins[hour, checkpoint]:
                    sums["from_key_regions"] += any(origin.startswith(digits) for digits in inside)
        return found


def reconciled(
    day: Reference, summary: Summary, table: Mapping[str, Mapping[str, int]], now: datetime
) -> Reconciliation:
    """`summary`, the day's, beside what `table` (checkpoint -> quantity -> number) was found to hold at `now`."""
    checkpoints = {
        each: _compared(_told(summary, each), table.get(each, {})) for each in sorted({*summary.checkpoints, *table})
    }
    city = _compared(
        {quantity: getattr(summary.city, quantity) for quantity in QUANTITIES},
        {quantity: sum(there[quantity] for there in table.values()) for quantity in QUANTITIES},
    )
    return Reconciliation(
        date=moment(summary.begins).astimezone(LOCAL).date().isoformat(),
        begins=summary.begins,
        ends=summary.ends,
        checked_at=stamp(now),
        day=day,
        equal=not any(each.difference for there in (city, *checkpoints.values()) for each in there.values()),
        city=city,
        checkpoints=checkpoints,
    )


def _told(summary: Summary, checkpoint: str) -> dict[str, int]:
    there = summary.checkpoints.get(checkpoint)
    return {quantity: getattr(there.counts, quantity) for quantity in QUANTITIES} if there else {}


def _compared(summary: Mapping[str, int], table: Mapping[str, int]) -> dict[str, Compared]:
    return {
        quantity: Compared(
            summary.get(quantity, 0),
            table.get(quantity, 0),
            table.get(quantity, 0) - summary.get(quantity, 0),
        )
        for quantity in QUANTITIES
    }
