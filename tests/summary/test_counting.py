"""Counting and merging: against a count written separately, and the laws of addition."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.passage.facts import Facts, Registered, Scan, TravellerFacts
from chalicelib.passage.hour import Hour
from chalicelib.summary.counting import SUBJECTS, Counts, Totals, band, city, count, merge, province
from tests.summary import made_up

HOUR = Hour(datetime(2020, 2, 10, 7, tzinfo=UTC))
REGIONS = ("420000", "110000", "210102")


def counted(registered: Iterable[Registered], scans: Iterable[Scan] = (), checkpoint: str = "101") -> Counts:
    return count(checkpoint, registered, scans, key_regions=REGIONS, fever=373)


def plainly(registered: list[Registered]) -> dict[str, dict[str, int]]:
    """The same numbers, found the plain way: one passage, one traveller, one question at a time."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    earliest: dict[str, Registered] = {}
    for one in registered:
        found["total"]["passages"] += 1
        found["passage_by_vehicle"][one.facts.vehicle] += 1
        found["passage_by_hour"]["15"] += 1  # 07:00 in UTC
        found["passage_by_poster"][f"101-{one.facts.poster}-{one.facts.key}"] += 1
        if one.facts.retiring:
            found["total"]["on_retiring_posters"] += 1
            found["passage_by_retiring_poster"][f"101-{one.facts.poster}-{one.facts.key}"] += 1
        if one.facts.vehicle not in ("rail", "foot"):
            if one.facts.plate is None:
                found["total"]["vehicles"] += 1
                found["vehicle"][one.facts.vehicle] += 1
            else:
                rival = earliest.get(one.facts.plate)
                if rival is None or (one.received_at, one.submission) < (rival.received_at, rival.submission):
                    earliest[one.facts.plate] = one
        for person in one.facts.travellers:
            found["total"]["travellers"] += 1
            found["document"][person.document] += 1
            found["origin"][person.origin] += 1
            found["township"][person.township] += 1
            found["traveller_by_hour"]["15"] += 1
            from_city = {
                "420106": "420100", "420500": "420500", "429004": "429004", "110105": "110000", "210381": "210300",
                "210102": "210100", "500101": "500000", "820000": "820000", "441900": "441900", "abroad": "abroad",
            }[person.origin]  # fmt: skip
            found["journey"][f"{from_city}>{person.township}"] += 1
            found["degrees"]["not_told" if person.temperature is None else f"{person.temperature / 10:.1f}"] += 1
            found["purpose"][person.purpose] += 1
            for symptom in person.symptoms:
                found["symptom"][symptom] += 1
            if person.origin.startswith(("42", "11")) or person.origin == "210102":
                found["total"]["from_key_regions"] += 1
            if person.key_region_stay:
                found["total"]["key_region_stay"] += 1
            if person.temperature is not None and person.temperature >= 373:
                found["total"]["fever"] += 1
    for one in earliest.values():
        found["total"]["vehicles"] += 1
        found["vehicle"][one.facts.vehicle] += 1
    return {subject: dict(numbers) for subject, numbers in found.items()}


@given(made_up.registrations(HOUR))
def test_counts_equal_a_plain_count(registered: list[Registered]) -> None:
    counts, plain = counted(registered), plainly(registered)
    assert {name: getattr(counts, name) for name in plain.get("total", {})} == plain.pop("total", {})
    for subject in ("document", "origin", "township", "purpose", "symptom", "vehicle", "passage_by_vehicle"):
        assert counts.by.get(subject, {}) == plain.get(subject, {})
    for subject in ("journey", "degrees", "passage_by_hour", "traveller_by_hour"):
        assert counts.by.get(subject, {}) == plain.get(subject, {})
    for subject in ("passage_by_poster", "passage_by_retiring_poster"):
        assert counts.by.get(subject, {}) == plain.get(subject, {})
    assert counts.last_passage_at == max((one.received_at for one in registered), default=None)


@given(made_up.registrations(HOUR), made_up.scans(HOUR))
def test_a_scan_of_a_revoked_poster_is_counted_and_is_no_passage(
    registered: list[Registered], scans: list[Scan]
) -> None:
    counts = counted(registered, scans)
    assert counts.scans == len(scans)
    assert counts.by.get("scan_by_poster", {}) == {
        f"101-{version}-A": sum(scan.poster == version for scan in scans) for version in {scan.poster for scan in scans}
    }
    without = {subject: numbers for subject, numbers in counts.by.items() if subject != "scan_by_poster"}
    assert msgspec.structs.replace(counts, scans=0, by=without) == counted(registered)


@given(made_up.registrations(HOUR), made_up.scans(HOUR))
def test_every_subject_adds_up_to_what_it_counts(registered: list[Registered], scans: list[Scan]) -> None:
    counts = counted(registered, scans)
    assert set(counts.by) <= set(SUBJECTS)
    for subject, unit in SUBJECTS.items():
        numbers = counts.by.get(subject, {})
        assert all(number > 0 for number in numbers.values())
        if subject != "symptom":
            assert sum(numbers.values()) == getattr(counts, unit), subject


@given(made_up.registrations(HOUR), st.randoms(use_true_random=False))
def test_the_order_of_reading_does_not_matter(registered: list[Registered], rng: random.Random) -> None:
    shuffled = registered.copy()
    rng.shuffle(shuffled)
    assert counted(shuffled) == counted(registered)


some_counts = st.builds(counted, made_up.registrations(HOUR, most=4), made_up.scans(HOUR))


@given(some_counts, some_counts, some_counts)
def test_merging_is_associative_and_commutative_with_an_identity(one: Counts, two: Counts, three: Counts) -> None:
    whole = merge([one, two, three])
    assert merge([merge([one, two]), three]) == whole
    assert merge([one, merge([two, three])]) == whole
    assert merge([three, one, two]) == whole
    assert merge([one, Counts()]) == merge([Counts(), one]) == merge([one]) == one
    assert merge([]) == Counts()


@given(some_counts, some_counts)
def test_merging_adds_every_number_and_changes_no_part(one: Counts, two: Counts) -> None:
    before = msgspec.json.encode([one, two])
    whole = merge([one, two])
    assert msgspec.json.encode([one, two]) == before
    names = {field for field in Counts.__struct_fields__ if isinstance(getattr(Counts(), field), int)}
    assert len(names) == 10
    for name in names:
        assert getattr(whole, name) == getattr(one, name) + getattr(two, name)
    for subject in SUBJECTS:
        first, second, both = (counts.by.get(subject, {}) for counts in (one, two, whole))
        assert both == {code: first.get(code, 0) + second.get(code, 0) for code in first | second}


def one(number: int, vehicle: str, plate: str | None, *, people: int = 1, minute: int = 0) -> Registered:
    person = TravellerFacts("resident_id", "210381", "elsewhere", "home", False, ("none",), None)
    received_at = f"2020-02-10T07:{minute:02d}:00.000Z"
    return Registered(received_at, f"{number:032x}", Facts(1, 1, "A", vehicle, plate, (person,) * people))


def test_passengers_on_separate_phones_are_one_vehicle() -> None:
    counts = counted([one(1, "coach", "p", people=9), one(2, "coach", "p", people=9), one(3, "coach", "p", people=4)])
    assert counts.totals == Totals(passages=3, vehicles=1, travellers=22)
    assert counts.by["vehicle"] == {"coach": 1}
    assert counts.by["passage_by_vehicle"] == {"coach": 3}


def test_the_earliest_passage_of_a_plate_says_what_kind_it_is() -> None:
    later, earlier = one(1, "truck", "p", minute=30), one(2, "car", "p", minute=10)
    assert counted([later, earlier]).by["vehicle"] == {"car": 1}
    assert counted([one(2, "truck", "p"), one(1, "car", "p")]).by["vehicle"] == {"car": 1}


def test_vehicles_without_a_plate_count_each_and_rail_and_foot_bring_none() -> None:
    counts = counted([one(1, "other", None), one(2, "other", None), one(3, "rail", None), one(4, "foot", None)])
    assert counts.vehicles == 2
    assert counts.by["vehicle"] == {"other": 2}


def test_a_plate_at_two_checkpoints_is_a_vehicle_at_each() -> None:
    assert merge([counted([one(1, "car", "p")]), counted([one(2, "car", "p")], checkpoint="102")]).vehicles == 2


def test_nothing_counts_as_the_identity() -> None:
    assert counted([]) == Counts()


def test_where_an_origin_lies() -> None:
    assert [(city(code), province(code)) for code in ("210381", "429004", "110105", "500101", "441900", "820000")] == [
        ("210300", "210000"),
        ("429004", "420000"),
        ("110000", "110000"),
        ("500000", "500000"),
        ("441900", "440000"),
        ("820000", "820000"),
    ]
    assert city("abroad") == province("abroad") == "abroad"


def test_bands_of_temperature() -> None:
    assert [band(degrees) for degrees in (None, 340, 364, 365, 369, 370, 373, 430)] == [
        "not_told", "34.0-34.4", "36.0-36.4", "36.5-36.9", "36.5-36.9", "37.0-37.4", "37.0-37.4", "43.0-43.4",
    ]  # fmt: skip


def test_the_threshold_itself_is_fever() -> None:
    def feverish(degrees: int) -> int:
        person = TravellerFacts("none", "210381", "elsewhere", "home", False, ("none",), degrees)
        return counted([Registered("2020-02-10T07:00:00.000Z", "0", Facts(1, 1, "A", "foot", None, (person,)))]).fever

    assert [feverish(degrees) for degrees in (372, 373, 374)] == [0, 1, 1]


@given(made_up.registrations(HOUR))
def test_what_was_corrected_and_what_was_filled_in_long_before_are_counted_apart(registered: list[Registered]) -> None:
    counts = counted(registered)
    assert counts.corrected == len([each for each in registered if each.corrections])
    assert counts.filled_late == len([each for each in registered if each.facts.waited in (601, 90_000)])
