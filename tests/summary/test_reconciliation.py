"""The daily reconciliation: the table counted by other code, published whatever comes of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import chain, islice, permutations
from typing import Any

import pytest
from hypothesis import given
from msgspec import structs

from chalicelib.passage.facts import Registered, Scan
from chalicelib.passage.hour import hours, stamp
from chalicelib.passage.table import Raw
from chalicelib.summary import layout, reconciliation, run
from chalicelib.summary.document import Reference, digest, of_hour, reading
from chalicelib.summary.pointers import plainly
from chalicelib.summary.reconciliation import AGAIN, QUANTITIES, SUBJECTS, Recount, decode_reconciliation, reconciled
from chalicelib.summary.run import PassagesMissing
from tests.simulation.fate import Crash
from tests.summary import made_up
from tests.summary.raw import raw, raw_scan
from tests.summary.test_reclassifying import with_list
from tests.summary.test_run import CLOSED, EVENING, after
from tests.summary.town import Mishaps, Town, crash_after, crash_before, twice

MIDNIGHT = after(EVENING, 3)
DAY = date(2020, 2, 10)


def yesterday() -> Town:
    """A town just before the run that makes its first day whole."""
    town = Town(EVENING)
    town.busy(MIDNIGHT)
    town.scan("101", EVENING.start)
    town.run(after(EVENING, 2).start + timedelta(minutes=30))
    return town


def test_a_day_is_checked_as_soon_as_it_is_whole_and_once() -> None:
    town = yesterday()
    assert town.latest.reconciled is None
    now = MIDNIGHT.start + timedelta(seconds=130)
    town.run(now)
    told, there = town.latest.reconciled, town.reconciliation
    assert told is not None
    assert (told.equal, there.equal, told.checked_at, there.checked_at) == (True, True, stamp(now), stamp(now))
    assert told.key == layout.ROOT + "reconciliation/2020/02/10/r001.json"
    assert told.day == there.day == Reference(town.latest.days[0].key, town.latest.days[0].digest)
    assert (there.date, there.begins, there.ends) == ("2020-02-10", stamp(EVENING.start), stamp(MIDNIGHT.start))
    day = town.day(DAY)
    assert set(there.city) == set(QUANTITIES)
    for quantity, compared in there.city.items():
        assert (compared.summary, compared.table, compared.difference) == (getattr(day.city, quantity),) * 2 + (0,)
    assert there.city["passages"].table == town.plain_totals(EVENING.start, MIDNIGHT.start).passages > 0
    assert there.city["scans"].table == 1
    assert there.checkpoints.keys() == day.checkpoints.keys()
    readings = len(town.passages.readings)
    town.run(now + timedelta(minutes=2))
    assert len(town.passages.readings) - readings == 4 * 3, "two hours read again and one open, the day no more"
    assert not town.now.alarms


def test_what_came_late_is_healed_first_and_the_revision_is_checked() -> None:
    town = yesterday()
    town.run(MIDNIGHT.start + timedelta(seconds=130))
    town.register("102", EVENING.start)  # older than what is read again each time
    town.register("102", after(EVENING, 2).start)
    town.run(MIDNIGHT.start + timedelta(minutes=5))
    town.check()
    assert town.day(DAY, 3).late + town.day(DAY, 2).late == 2
    assert town.reconciliation.equal
    assert town.reconciliation.day.key.endswith("r003.json")
    assert town.reconciliation.city["passages"].table == town.plain_totals(EVENING.start, MIDNIGHT.start).passages
    assert town.latest.reconciled
    assert town.latest.reconciled.key.endswith("r002.json")


def test_a_record_that_is_gone_is_a_difference_that_nothing_hides() -> None:
    town = yesterday()
    # The hour is final and will not be read again but for the check; then a record vanishes.
    town.run(MIDNIGHT.start + timedelta(seconds=60))
    gone = next(each for each in town.passages.all["101"] if each.received_at[:13] == EVENING.key)
    town.passages.all["101"].remove(gone)
    with pytest.raises(PassagesMissing):
        town.run(MIDNIGHT.start + timedelta(seconds=130))
    there = town.reconciliation
    assert not there.equal
    assert there.city["passages"].difference == there.checkpoints["101"]["passages"].difference == -1
    assert there.city["travellers"].difference == -len(gone.facts.travellers)
    assert there.checkpoints["102"]["passages"].difference == 0
    assert town.latest.reconciled == town.latest.differing[0]
    alarms = [each for each in town.now.alarms if each.kind == "reconciliation_differs"]
    passages = [(each.checkpoint, each.value, each.expected) for each in alarms if each.code == "passages"]
    assert passages == [
        (place, numbers["passages"].table, numbers["passages"].summary)
        for place, numbers in ((None, there.city), ("101", there.checkpoints["101"]))
    ]
    # A good day follows: the bad one is still said.
    town.busy(after(MIDNIGHT, 24))
    end = after(MIDNIGHT, 24)
    town.passages.all["101"] = [each for each in town.passages.all["101"] if each.received_at >= stamp(MIDNIGHT.start)]
    town.run(end.start + timedelta(minutes=3))
    assert town.latest.reconciled.equal
    assert [each.day.key for each in town.latest.differing] == [there.day.key]
    assert any(each.kind == "reconciliation_differs" for each in town.now.alarms)


def test_a_wrong_count_of_ours_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutation is in counting: the recount, which shares nothing with it, does not agree."""
    real = reading

    def forgetful(checkpoint: str, registered: list[Registered], *others: Any, **more: Any) -> Any:
        return real(checkpoint, registered[1:] if checkpoint == "102" else registered, *others, **more)

    monkeypatch.setattr("chalicelib.summary.records.reading", forgetful)
    town = yesterday()
    town.run(MIDNIGHT.start + timedelta(seconds=130))
    assert not town.reconciliation.equal
    assert town.reconciliation.checkpoints["102"]["passages"].difference > 0


@given(made_up.registrations(EVENING), made_up.scans(EVENING))
def test_both_counts_agree_on_any_facts(registered: list[Registered], scans: list[Scan]) -> None:
    settings = made_up.settings(EVENING)
    summary = of_hour(EVENING, {"101": reading("101", registered, settings, scans, hour=EVENING)}, settings)
    recount = Recount()
    recount.add(EVENING, "101", chain.from_iterable(map(raw, registered)), map(raw_scan, scans))
    table = recount.of([summary], {7: settings.key_regions[0].codes})
    found = reconciled(Reference("", ""), summary, table, EVENING.end)
    assert found.equal, (found.city, found.differing)
    assert found.codes == sum(len(summary.city.by.get(subject, {})) for subject in SUBJECTS)


def test_of_a_passage_with_corrections_the_last_answers_and_the_first_arrival_count_in_whatever_order() -> None:
    def record(name: str, poster: int, vehicle: str, origin: str, waited: int) -> Raw:
        person = ["none", origin, "elsewhere", "home", False, ["none"], 365]
        return Raw(name, json.dumps([1, poster, "A", vehicle, None, [person], False, waited]))

    first = f"{stamp(EVENING.start)}#{1:032x}"
    later = [f"{first}#{stamp(EVENING.end)}#{number:032x}" for number in (8, 9)]
    records = [
        record(first, 1, "car", "210381", 700), record(later[0], 2, "foot", "420100", 0),
        record(later[1], 3, "truck", "110101", 0),
    ]  # fmt: skip
    settings = made_up.settings(EVENING)
    summary = of_hour(EVENING, {"101": reading("101", [], settings, hour=EVENING)}, settings)
    for order in permutations(records):
        recount = Recount()
        recount.add(EVENING, "101", order, [])
        found = recount.of([summary], {7: ("110000",)})
        numbers, by = found.numbers["101"], found.by["101"]
        assert (found.records, numbers["passages"], numbers["corrected"], numbers["filled_late"]) == (3, 1, 1, 1)
        assert (numbers["from_key_regions"], dict(by["origin"])) == (1, {"110101": 1})
        assert (dict(by["passage_by_poster"]), dict(by["passage_by_vehicle"])) == ({"101-1-A": 1}, {"truck": 1})


@pytest.mark.parametrize("way", ["facts", "again"])
def test_records_that_one_way_of_reading_loses_are_a_difference(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """A spreadsheet that was full lost 15,841 cases, and what went in was never compared with what came out."""
    town = Town(EVENING)
    town.busy(MIDNIGHT)
    real = getattr(town.passages, way)
    monkeypatch.setattr(town.passages, way, lambda *asked: islice(real(*asked), 1))
    town.run(MIDNIGHT.start + timedelta(seconds=130))
    there = town.reconciliation
    assert not there.equal
    assert there.records
    assert (there.records.difference > 0) == (way == "facts")
    assert any(each.code == "records" for each in town.now.alarms)


def test_an_answer_that_is_counted_as_another_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every total stays what it was."""
    real = reading

    def confused(checkpoint: str, registered: list[Registered], *others: Any, **more: Any) -> Any:
        found = real(checkpoint, registered, *others, **more)
        by = dict(found.counts.by)
        if "township" in by:
            by["township"] = {"elsewhere": found.counts.travellers}
        return structs.replace(found, counts=structs.replace(found.counts, by=by))

    monkeypatch.setattr("chalicelib.summary.records.reading", confused)
    town = yesterday()
    town.run(MIDNIGHT.start + timedelta(seconds=130))
    there = town.reconciliation
    assert not any(each.difference for each in there.city.values())
    assert not there.equal
    assert there.codes_differing == len(there.differing) > 0
    assert {each.subject for each in there.differing} == {"township"}
    codes = [each.code for each in town.now.alarms if each.kind == "reconciliation_differs"]
    assert codes
    assert all(code and code.startswith("township ") for code in codes)


def test_what_comes_between_the_two_readings_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    town = yesterday()
    real, came = town.passages.again, list[bool]()

    def again(*asked: Any) -> Any:
        if not came:
            came.append(True)
            town.register("101", after(EVENING, 1).start)
        return real(*asked)

    monkeypatch.setattr(town.passages, "again", again)
    town.run(MIDNIGHT.start + timedelta(seconds=130))
    assert town.reconciliation.equal
    assert town.day(DAY, 2).late == 1
    town.check()


def test_each_hour_is_recounted_under_its_own_list_and_threshold() -> None:
    town = Town(EVENING)
    town.busy(MIDNIGHT, most=9)
    town.run(after(EVENING, 1).start + CLOSED)
    changed = structs.replace(with_list(town.settings, after(EVENING, 1), "210000", "500000"), fever=380)
    town.run(MIDNIGHT.start + timedelta(seconds=130), settings=changed)
    assert town.day(DAY, 1).fever_from == (373, 380)
    assert town.reconciliation.equal
    assert town.reconciliation.city["from_key_regions"].table > 0


def test_a_day_that_was_told_anew_is_checked_again() -> None:
    town = yesterday()
    town.run(MIDNIGHT.start + timedelta(seconds=130))
    town.run(MIDNIGHT.start + timedelta(minutes=5), settings=with_list(town.settings, EVENING, "210000"))
    assert town.latest.reconciled
    assert town.latest.reconciled.day.key.endswith("r002.json")
    assert town.reconciliation.equal


@pytest.mark.parametrize("befall", [crash_before, crash_after, twice])
def test_killed_or_doubled_at_any_call_it_is_published(befall: Callable[[Callable[[], Any]], Any]) -> None:
    now = MIDNIGHT.start + timedelta(seconds=130)
    town = yesterday()
    counted = Mishaps(town.s3, -1, befall)
    town.run(now, counted)
    for number in range(counted.calls):
        town = yesterday()
        try:
            town.run(now, Mishaps(town.s3, number, befall))
        except Crash:
            town.run(now)
        town.check()
        assert town.reconciliation.equal
        assert town.latest.reconciled
        assert digest(town.file(town.latest.reconciled.key)) == town.latest.reconciled.digest


def test_the_newest_day_is_read_first_and_never_what_has_expired() -> None:
    town = Town(EVENING)
    end = after(EVENING, 75)
    town.busy(end)
    town.run(end.start + timedelta(minutes=3))
    assert [key for key in town.s3.objects if "/reconciliation/" in key[1]] == [
        ("b", layout.ROOT + "reconciliation/2020/02/13/r001.json")
    ]
    town.run(end.start + timedelta(minutes=4))
    checked = sorted(key[-18:-10] for _, key in town.s3.objects if "/reconciliation/" in key)
    assert checked == ["20/02/12", "20/02/13"]
    assert [str(layout.day_of(each.day.key)) for each in town.latest.checks] == ["2020-02-12", "2020-02-13"]
    town.check_named()
    short = Town(EVENING, retention_days=1)
    short.busy(end)
    for hour in hours(EVENING, end):
        short.run(hour.start + CLOSED)
    assert short.latest.reconciled is None or short.latest.reconciled.equal


def test_a_day_that_is_too_large_for_one_run_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MOST", 3)
    town = yesterday()
    town.run(MIDNIGHT.start + timedelta(seconds=130))
    assert town.latest.reconciled is None
    assert reconciliation.MOST >= 1_000_000


def days_later(count: int) -> tuple[Town, datetime]:
    """A town whose last whole day is the `count`-th after its first, all of them checked, and the time of its runs."""
    town = Town(EVENING)
    town.register("101", EVENING.start)
    town.register("102", after(EVENING, 1).start)
    town.busy(after(MIDNIGHT, 24 * count), most=1)
    for number in range(count + 1):
        now = after(MIDNIGHT, 24 * number).start + timedelta(seconds=130)
        town.run(now)
        assert not town.latest.unchecked
    return town, now


def test_a_day_of_long_ago_that_has_a_new_revision_is_checked_again() -> None:
    town, now = days_later(2)
    first = town.latest.days[0].key
    town.correct("101", now + timedelta(minutes=1), which=0)
    town.run(now + timedelta(minutes=5))
    assert town.latest.days[0].key != first
    folder = layout.reconciliation_folder(DAY)
    newest = decode_reconciliation(town.file(town.s3_reconciliations(folder)[-1]))
    assert newest.day == plainly(town.latest.days[0])
    assert newest.equal
    assert town.latest.unchecked == ()
    assert town.latest.reconciled
    assert layout.day_of(town.latest.reconciled.day.key) == DAY + timedelta(days=2), "of the last whole day"


def test_a_difference_of_long_ago_heals_when_the_record_is_there_again() -> None:
    town, now = days_later(0)
    gone = town.passages.all["101"].pop(0)
    town.correct("102", now + timedelta(minutes=1), which=0)  # a new revision, so that the day is read again
    with pytest.raises(PassagesMissing):
        town.run(now + timedelta(minutes=5))
    assert not town.reconciliation.equal
    assert len(town.latest.differing) == 1
    later = after(MIDNIGHT, 24).start + timedelta(seconds=130)
    town.run(later)  # checks the next day
    assert len(town.latest.differing) == 1
    town.passages.all["101"].insert(0, gone)  # restored
    town.run(later + AGAIN)
    assert not town.latest.differing
    assert not any(each.kind == "reconciliation_differs" for each in town.now.alarms)


def test_a_difference_that_stays_is_looked_at_once_an_hour() -> None:
    town, now = days_later(0)
    town.passages.all["101"].pop(0)
    town.correct("102", now + timedelta(minutes=1), which=0)
    checks = []
    for minutes in range(5, 75, 10):
        with contextlib.suppress(PassagesMissing):
            town.run(now + timedelta(minutes=minutes))
        checks.append(len(town.s3_reconciliations(layout.reconciliation_folder(DAY))))
    assert checks == [2, 2, 2, 2, 2, 2, 3]
    assert town.latest.differing


def test_of_many_days_that_are_told_anew_a_run_reads_one() -> None:
    town, now = days_later(3)
    told = with_list(town.settings, EVENING, "210000")
    waiting = []
    for minutes in range(5, 13, 2):
        before = len(town.passages.readings)
        town.run(now + timedelta(minutes=minutes), settings=told)
        assert len(town.passages.readings) - before <= (24 + 4) * len(told.checkpoints)
        waiting.append(len(town.latest.unchecked))
    assert waiting == [3, 2, 1, 0]
    for day in town.latest.days:
        newest = town.s3_reconciliations(layout.reconciliation_folder(layout.day_of(day.key)))[-1]
        assert decode_reconciliation(town.file(newest)).day == plainly(day)
