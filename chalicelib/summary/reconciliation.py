"""The daily reconciliation: a day's records read again and counted by other code, beside what its summary says.

Nothing is shared with the way to the summaries but the names of the table's keys: the records come from the last to the
first (`PassageReader.again`), corrections are put into the place of what they correct here, and a plain loop counts one
passage, one traveller, one answer at a time. What is found is published whether the difference is zero or not, and a
difference is an alarm.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct

from chalicelib.passage.hour import LOCAL, Hour, moment, stamp
from chalicelib.passage.table import Raw
from chalicelib.summary.document import Reference, Summary

QUANTITIES = (
    "passages", "vehicles", "travellers", "fever", "from_key_regions", "key_region_stay", "on_retiring_posters",
    "scans", "corrected", "filled_late",
)  # fmt: skip

SUBJECTS = (
    "passage_by_vehicle", "passage_by_poster", "passage_by_retiring_poster", "scan_by_poster", "document", "origin",
    "township", "purpose", "symptom", "degrees",
)  # fmt: skip
"""What is compared code by code; the other subjects are made of these, or of the hour."""

MOST = 1_000_000
"""Records of a day that one run can read again beside its other work; of a larger day there is no reconciliation."""

AGAIN = timedelta(hours=1)
"""After so long a day that was found to differ is read once more: it may be mended."""

SHOWN = 100
"""Codes with a difference that are published; how many there are is said."""


class Compared(Struct, frozen=True):
    """One number, twice."""

    summary: int
    """As the day's summary says."""
    table: int
    """As counted from the records in the table."""
    difference: int
    """`table` less `summary`."""


class Differing(Struct, frozen=True):
    """A code of a subject whose number differs."""

    checkpoint: str
    subject: str
    code: str
    numbers: Compared


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
    records: Compared | None = None
    """Passages and corrections, each as a record of its own. None in a file of the time before it was compared."""
    city: dict[str, Compared]
    """Each of `passages`, `vehicles`, `travellers`, `fever`, `from_key_regions`, `key_region_stay`,
    `on_retiring_posters`, `scans`, `corrected`, `filled_late`."""
    checkpoints: dict[str, dict[str, Compared]]
    """The same at each checkpoint that is in the summary, or has records in the table."""
    codes: int = 0
    """How many numbers of `by` (checkpoint, subject, code) were compared besides."""
    codes_differing: int = 0
    """How many of them differ."""
    differing: tuple[Differing, ...] = ()
    """The first hundred of these."""


decode_reconciliation = msgspec.json.Decoder(Reconciliation).decode


class Recount:
    """What lies in the table of each hour and checkpoint, counted the plain way."""

    def __init__(self) -> None:
        self._records: dict[tuple[Hour, str], int] = {}
        self._numbers: dict[tuple[Hour, str], dict[str, int]] = {}
        self._by: dict[tuple[Hour, str], dict[str, dict[str, int]]] = {}
        self._temperatures: dict[tuple[Hour, str], dict[int, int]] = {}

    def add(self, hour: Hour, checkpoint: str, records: Iterable[Raw], scans: Iterable[Raw]) -> None:
        """Counts all records that one checkpoint has in `hour`, in whatever order. Threads may call it at once."""
        passages: dict[str, list[tuple[str, str]]] = defaultdict(list)
        read = 0
        for record in records:
            read += 1
            names = record.name.split("#")
            passages["#".join(names[:2])].append(("#".join(names[2:]), record.facts))
        numbers = dict.fromkeys(QUANTITIES, 0)
        by: dict[str, dict[str, int]] = {subject: defaultdict(int) for subject in SUBJECTS}
        temperatures: dict[int, int] = defaultdict(int)
        plates = set()
        for versions in passages.values():
            versions.sort()
            arrived: list[Any] = json.loads(versions[0][1])
            answers: list[Any] = json.loads(versions[-1][1])
            sheet = f"{checkpoint}-{arrived[1]}-{arrived[2]}"
            vehicle, plate, travellers = answers[3:6]
            numbers["passages"] += 1
            by["passage_by_vehicle"][vehicle] += 1
            by["passage_by_poster"][sheet] += 1
            if len(versions) > 1:
                numbers["corrected"] += 1
            if len(arrived) > 6 and arrived[6]:
                numbers["on_retiring_posters"] += 1
                by["passage_by_retiring_poster"][sheet] += 1
            if len(arrived) > 7 and arrived[7] is not None and arrived[7] > 600:
                numbers["filled_late"] += 1
            if vehicle not in ("rail", "foot"):
                if plate is None:
                    numbers["vehicles"] += 1
                else:
                    plates.add(plate)
            for document, origin, township, purpose, stay, symptoms, temperature in travellers:
                numbers["travellers"] += 1
                numbers["key_region_stay"] += stay
                by["document"][document] += 1
                by["origin"][origin] += 1
                by["township"][township] += 1
                by["purpose"][purpose] += 1
                for symptom in symptoms:
                    by["symptom"][symptom] += 1
                if temperature is None:
                    by["degrees"]["not_told"] += 1
                else:
                    temperatures[temperature] += 1
                    by["degrees"][f"{temperature / 10:.1f}"] += 1
        numbers["vehicles"] += len(plates)
        for scan in scans:
            _, poster, key = json.loads(scan.facts)
            numbers["scans"] += 1
            by["scan_by_poster"][f"{checkpoint}-{poster}-{key}"] += 1
        self._records[hour, checkpoint] = read
        self._numbers[hour, checkpoint] = numbers
        self._by[hour, checkpoint] = by
        self._temperatures[hour, checkpoint] = temperatures

    def of(self, hours: Sequence[Summary], key_regions: Mapping[int, Sequence[str]]) -> Counted:
        """The sums over `hours`, each under the threshold of fever and the list of key regions (version -> codes) that
        its summary names."""
        found = Counted(sum(self._records.values()), {}, {})
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
                sums = found.numbers.setdefault(checkpoint, dict.fromkeys(QUANTITIES, 0))
                by = found.by.setdefault(checkpoint, {subject: defaultdict(int) for subject in SUBJECTS})
                for quantity, number in self._numbers[hour, checkpoint].items():
                    sums[quantity] += number
                for subject, numbers in self._by[hour, checkpoint].items():
                    for code, number in numbers.items():
                        by[subject][code] += number
                for temperature, number in self._temperatures[hour, checkpoint].items():
                    if temperature >= fever:
                        sums["fever"] += number
                for origin, number in self._by[hour, checkpoint]["origin"].items():
                    if any(origin.startswith(digits) for digits in inside):
                        sums["from_key_regions"] += number
        return found


class Counted(Struct, frozen=True):
    """What the table was found to hold of a day."""

    records: int
    numbers: dict[str, dict[str, int]]
    """Checkpoint -> quantity -> number."""
    by: dict[str, dict[str, dict[str, int]]]
    """Checkpoint -> subject -> code -> number."""


def reconciled(day: Reference, summary: Summary, table: Counted, now: datetime) -> Reconciliation:
    """`summary`, the day's, beside what the `table` was found to hold at `now`."""
    places = sorted({*summary.checkpoints, *table.numbers})
    checkpoints = {each: _quantities(_told(summary, each), table.numbers.get(each, {})) for each in places}
    city = _quantities(
        {quantity: getattr(summary.city, quantity) for quantity in QUANTITIES},
        {quantity: sum(there[quantity] for there in table.numbers.values()) for quantity in QUANTITIES},
    )
    records = _compared(summary.passages_read + summary.corrections_read, table.records)
    codes = [each for place in places for each in _codes(place, summary, table)]
    differing = [each for each in codes if each.numbers.difference]
    numbers = (records, *(each for there in (city, *checkpoints.values()) for each in there.values()))
    return Reconciliation(
        date=moment(summary.begins).astimezone(LOCAL).date().isoformat(),
        begins=summary.begins,
        ends=summary.ends,
        checked_at=stamp(now),
        day=day,
        equal=not differing and not any(each.difference for each in numbers),
        records=records,
        city=city,
        checkpoints=checkpoints,
        codes=len(codes),
        codes_differing=len(differing),
        differing=tuple(differing[:SHOWN]),
    )


def _told(summary: Summary, checkpoint: str) -> dict[str, int]:
    there = summary.checkpoints.get(checkpoint)
    return {quantity: getattr(there.counts, quantity) for quantity in QUANTITIES} if there else {}


def _quantities(summary: Mapping[str, int], table: Mapping[str, int]) -> dict[str, Compared]:
    return {quantity: _compared(summary.get(quantity, 0), table.get(quantity, 0)) for quantity in QUANTITIES}


def _codes(checkpoint: str, summary: Summary, table: Counted) -> list[Differing]:
    """Every code of every subject at `checkpoint`, in the one or in the other."""
    there = summary.checkpoints.get(checkpoint)
    told = there.counts.by if there else {}
    found = table.by.get(checkpoint, {})
    return [
        Differing(checkpoint, subject, code, _compared(told_of.get(code, 0), found_of.get(code, 0)))
        for subject in SUBJECTS
        for told_of, found_of in [(told.get(subject, {}), found.get(subject, {}))]
        for code in sorted({*told_of, *found_of})
    ]


def _compared(summary: int, table: int) -> Compared:
    return Compared(summary, table, table - summary)
