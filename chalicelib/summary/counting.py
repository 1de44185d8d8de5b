"""Counting and merging: from the facts of passages to numbers that add up.

Marginals only, no joint table: what is counted per checkpoint and hour merges by plain addition into any longer window
and into the city. `merge` is associative and commutative and has `Counts()` as its identity, so that it does not matter
in which order, or from which parts, a total was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import TypeVar

from msgspec import Struct

from chalicelib.passage.codes import NO_VEHICLE
from chalicelib.passage.facts import Registered, Scan
from chalicelib.passage.hour import LOCAL, Hour

Answer = TypeVar("Answer")

SUBJECTS = {
    "passage_by_vehicle": "passages",
    "passage_by_poster": "passages",
    "passage_by_retiring_poster": "on_retiring_posters",
    "scan_by_poster": "scans",
    "passage_by_hour": "passages",
    "traveller_by_hour": "travellers",
    "vehicle": "vehicles",
    "document": "travellers",
    "origin": "travellers",
    "origin_city": "travellers",
    "origin_province": "travellers",
    "township": "travellers",
    "journey": "travellers",
    "purpose": "travellers",
    "symptom": "travellers",
    "temperature": "travellers",
    "degrees": "travellers",
}
"""What is classified -> what its numbers count. Every subject adds up to the total of what it counts, but `symptom`,
where a traveller may name several.

`journey` is origin and destination: the city one comes from and the township one goes to, `420100>210381001`; the
origin's county would make ten times as many numbers. `..._by_hour` is the hour of the day in Asia/Shanghai, `00` to
`23`, of arrival. `degrees` is the temperature itself, `36.5`: so finely, that a thermometer nobody reads shows."""

NOT_TOLD = "not_told"
"""The temperature of a traveller whom nobody measured, or who did not say."""

MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""Beijing, Tianjin, Shanghai, Chongqing: provinces that are one city."""

FILLED_LATE = 600
"""Seconds on the phone after which a passage counts as received late."""

BAND = 5
"""Width of a temperature band, in tenths of a degree."""


class Totals(Struct, frozen=True):
    """The three numbers that every summary leads with."""

    passages: int = 0
    vehicles: int = 0
    """Distinct plates per checkpoint and hour, and passages of a vehicle without a plate."""
    travellers: int = 0


class Counts(Struct, frozen=True):
    """What was counted of some passages. Never changed after it is made, the maps in it included."""

    passages: int = 0
    vehicles: int = 0
    travellers: int = 0
    from_key_regions: int = 0
    """Travellers whose origin lies in a key region, by the list that was in force."""
    key_region_stay: int = 0
    """Travellers who say that they stayed in a key region in the last 14 days."""
    fever: int = 0
    """Travellers at or above the threshold of fever."""
    last_passage_at: str | None = None
    """Arrival of the latest passage, as `hour.stamp` writes it; None without any."""
    by: dict[str, dict[str, int]] = {}
    """Subject (of `SUBJECTS`) -> code -> number. What nobody answered is absent, never 0. A poster is named by
    checkpoint, version and key: `101-2-A`."""
    on_retiring_posters: int = 0
    """Passages on posters that were retiring at that moment: which sheet still hangs, `by` says."""
    scans: int = 0
    """Genuine codes on revoked posters that were scanned: no passage, but someone stood before a dead sheet."""
    corrected: int = 0
    """Passages that count as corrected since."""
    filled_late: int = 0
    """Passages received more than ten minutes after they were filled in, as the phone tells."""

    @property
    def totals(self) -> Totals:
        return Totals(self.passages, self.vehicles, self.travellers)


def count(
    checkpoint: str,
    registered: Iterable[Registered],
    scans: Iterable[Scan] = (),
    *,
    key_regions: Collection[str],
    fever: int,
) -> Counts:
    """The counts of the passages, and scans of revoked posters, of one checkpoint in one hour, in whatever order.

    `key_regions` are codes of GB/T 2260 (a division counts with all that lies in it); `fever` is the threshold in
    tenths of a degree Celsius.
    """
    # The earliest passage of a plate says what kind of vehicle it is: by arrival, then by submission id.
    passages = sorted(registered, key=attrgetter("received_at", "submission"))
    facts_of_all = [passage.facts for passage in passages]
    travellers = list(chain.from_iterable(map(attrgetter("travellers"), facts_of_all)))
    moving = [facts for facts in facts_of_all if facts.vehicle not in NO_VEHICLE]
    plates = {facts.plate: facts.vehicle for facts in reversed(moving) if facts.plate is not None}
    vehicles = Counter(plates.values())
    vehicles.update(facts.vehicle for facts in moving if facts.plate is None)

    def poster(scanned: tuple[int, str]) -> str:
        return f"{checkpoint}-{scanned[0]}-{scanned[1]}"

    sheet = attrgetter("poster", "key")
    posters = _regrouped(Counter(map(sheet, facts_of_all)), poster)
    retiring = _regrouped(Counter(sheet(facts) for facts in facts_of_all if facts.retiring), poster)
    dead = _regrouped(Counter(map(sheet, scans)), poster)
    hours = Counter([passage.received_at[:13] for passage in passages])
    travellers_by_hour = Counter(dict.fromkeys(hours, len(travellers)))
    if len(hours) > 1:
        travellers_by_hour = Counter(
            passage.received_at[:13] for passage in passages for _ in range(len(passage.facts.travellers))
        )
    journeys = Counter(map(attrgetter("origin", "township"), travellers))
    origins = Counter(map(attrgetter("origin"), travellers))
    townships = Counter(map(attrgetter("township"), travellers))
    temperatures = Counter(map(attrgetter("temperature"), travellers))
    by = {
        "passage_by_vehicle": Counter(map(attrgetter("vehicle"), facts_of_all)),
        "passage_by_poster": posters,
        "passage_by_retiring_poster": retiring,
        "scan_by_poster": dead,
        "passage_by_hour": _regrouped(hours, _local_hour),
        "traveller_by_hour": _regrouped(travellers_by_hour, _local_hour),
        "vehicle": vehicles,
        "document": Counter(map(attrgetter("document"), travellers)),
        "origin": origins,
        "origin_city": _regrouped(origins, city),
        "origin_province": _regrouped(origins, province),
        "township": townships,
        "journey": _journeys(journeys),
        "purpose": Counter(map(attrgetter("purpose"), travellers)),
        "symptom": Counter(chain.from_iterable(map(attrgetter("symptoms"), travellers))),
        "temperature": _regrouped(temperatures, band),
        "degrees": _regrouped(temperatures, degrees),
    }
    return Counts(
        passages=len(passages),
        vehicles=vehicles.total(),
        travellers=len(travellers),
        from_key_regions=from_regions(origins, key_regions),
        key_region_stay=sum(map(attrgetter("key_region_stay"), travellers)),
        fever=sum(number for tenths, number in temperatures.items() if tenths is not None and tenths >= fever),
        last_passage_at=passages[-1].received_at if passages else None,
        by={subject: dict(numbers) for subject, numbers in by.items() if numbers},
        on_retiring_posters=retiring.total(),
        scans=dead.total(),
        corrected=sum(passage.corrections > 0 for passage in passages),
        filled_late=sum((passage.facts.waited or 0) > FILLED_LATE for passage in passages),
    )


def merge(parts: Iterable[Counts]) -> Counts:
    """The sum of `parts`."""
    passages = vehicles = travellers = from_key_regions = key_region_stay = fever = on_retiring_posters = scans = 0
    corrected = filled_late = 0
    last = ""
    by: dict[str, dict[str, int]] = {}
    for part in parts:
        passages += part.passages
        vehicles += part.vehicles
        travellers += part.travellers
        from_key_regions += part.from_key_regions
        key_region_stay += part.key_region_stay
        fever += part.fever
        on_retiring_posters += part.on_retiring_posters
        scans += part.scans
        corrected += part.corrected
        filled_late += part.filled_late
        last = max(last, part.last_passage_at or "")
        for subject, numbers in part.by.items():
            sums = by.setdefault(subject, {})
            for code, number in numbers.items():
                sums[code] = sums.get(code, 0) + number
    return Counts(
        passages, vehicles, travellers, from_key_regions, key_region_stay, fever, last or None, by,
        on_retiring_posters, scans, corrected, filled_late,
    )  # fmt: skip


def from_regions(origins: Mapping[str, int], key_regions: Collection[str]) -> int:
    """How many of `origins` (code -> travellers) lie in a key region, or are one."""
    regions = frozenset(key_regions)
    return sum(number for origin, number in origins.items() if regions & {origin, city(origin), province(origin)})


@lru_cache(maxsize=8192)
def city(origin: str) -> str:
    """The code of the city that `origin` lies in; answers that are no code stay as they are.

    By the digits alone (GB/T 2260), so that a newer list of divisions changes no number: the first four name the city,
    but a municipality's districts have none other than the municipality, and `90` in the middle marks counties that lie
    directly in a province and stand for themselves.
    """
    if not origin.isdecimal():
        return origin
    if origin[:2] in MUNICIPALITIES:
        return province(origin)
    return origin if origin[2:4] == "90" else origin[:4] + "00"


@lru_cache(maxsize=8192)
def province(origin: str) -> str:
    """The code of the province that `origin` lies in: its first two digits; other answers stay as they are."""
    return origin[:2] + "0000" if origin.isdecimal() else origin


@lru_cache(maxsize=8192)
def band(tenths: int | None) -> str:
    """The band of a temperature in tenths of a degree Celsius: `37.0-37.4`, or `not_told`."""
    if tenths is None:
        return NOT_TOLD
    low = tenths - tenths % BAND
    return f"{degrees(low)}-{degrees(low + BAND - 1)}"


@lru_cache(maxsize=8192)
def degrees(tenths: int | None) -> str:
    """A temperature in tenths of a degree Celsius as `36.5`, or `not_told`."""
    return NOT_TOLD if tenths is None else f"{tenths // 10}.{tenths % 10}"


def _regrouped(numbers: Counter[Answer], larger: Callable[[Answer], str]) -> Counter[str]:
    grouped: dict[str, int] = {}
    for answer, number in numbers.items():
        name = larger(answer)
        grouped[name] = grouped.get(name, 0) + number
    return Counter(grouped)


def _journeys(journeys: Counter[tuple[str, str]]) -> Counter[str]:
    return _regrouped(journeys, lambda journey: f"{city(journey[0])}>{journey[1]}")


@lru_cache(maxsize=4096)
def _local_hour(hour: str) -> str:
    return f"{Hour.parse(hour).start.astimezone(LOCAL).hour:02d}"
