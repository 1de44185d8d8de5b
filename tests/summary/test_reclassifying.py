"""A new list of key regions: the final hours it touches are told anew, to a fresh count's bytes, whatever befalls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chalicelib.passage.facts import Registered
from chalicelib.passage.hour import Hour, hours, stamp
from chalicelib.settings import KeyRegions, Settings
from chalicelib.summary import layout
from chalicelib.summary.document import Summary, decode, encode, of_hour, reading, revised
from chalicelib.summary.pointers import decode_latest
from chalicelib.summary.reclassifying import BATCHES, DAYS, reclassified
from tests.simulation.fate import Crash
from tests.summary import made_up
from tests.summary.test_run import CLOSED, EVENING, after, at, watch
from tests.summary.town import PROVISIONAL, Mishaps, Town, crash_after, crash_before, twice

CODES = st.lists(
    st.sampled_from([*made_up.ORIGINS[:-1], "420000", "110000", "500000", "420100", "210000"]), unique=True
)


def with_list(settings: Settings, valid_from: Hour, *codes: str) -> Settings:
    """`settings` after another list was set."""
    listed = settings.key_regions
    new = KeyRegions(listed[-1].version + 1, codes, stamp(valid_from.start))
    return structs.replace(settings, version=settings.version + 1, key_regions=(*listed, new))


@given(made_up.registrations(EVENING), made_up.registrations(EVENING), CODES, CODES)
def test_it_gives_the_bytes_of_a_fresh_count(
    one: list[Registered], two: list[Registered], before: list[str], later: list[str]
) -> None:
    settings = structs.replace(made_up.settings(EVENING), key_regions=(KeyRegions(1, tuple(before)),))

    def fresh(settings: Settings) -> Summary:
        there = {"101": one, "102": two, "103": []}
        readings = {each: reading(each, found, settings, hour=EVENING) for each, found in there.items()}
        return of_hour(EVENING, readings, settings)

    first, changed = fresh(settings), with_list(settings, EVENING, *later)
    anew = fresh(structs.replace(changed, version=settings.version))
    assert encode(reclassified(decode(encode(first)), changed.key_regions[-1])) == encode(anew)


def grown(hours_: int = 30, **settings: Any) -> tuple[Town, datetime]:
    """A town whose hours are all final, and a minute after."""
    town = Town(EVENING, **settings)
    end = after(EVENING, hours_)
    town.busy(end)
    town.run(end.start + timedelta(seconds=120))
    return town, end.start + timedelta(seconds=180)


def from_regions(town: Town, begins: Hour, ends: Hour, *prefixes: str) -> int:
    """Travellers from key regions, counted without the summaries."""
    return sum(
        traveller.origin.startswith(prefixes)
        for there in town.passages.all.values()
        for one in there
        if stamp(begins.start) <= one.received_at < stamp(ends.start)
        for traveller in one.facts.travellers
    )


def test_a_list_valid_from_a_past_hour_revises_from_there_and_names_both() -> None:
    town, now = grown()
    before = town.files()
    since = after(EVENING, 10)
    changed = with_list(town.settings, since, "210000", "500000")
    outcome = town.run(now, settings=changed)
    town.check()
    assert outcome.made == ()
    assert outcome.late == 0
    assert all(town.file(key) == content for key, content in before.items() if key != layout.LATEST)
    assert town.latest.key_regions_version == 8
    assert [len(town.s3_names(layout.hour_folder(hour))) for hour in hours(EVENING, after(EVENING, 30))] == (
        [1] * 10 + [2] * 20
    )
    for hour in hours(since, after(EVENING, 30)):
        first, second = town.hour(hour, 1), town.hour(hour, 2)
        assert (first.key_regions_versions, first.reclassified_from) == ((7,), ())
        assert (second.key_regions_versions, second.reclassified_from, second.late) == ((8,), (7,), 0)
        assert second.city.from_key_regions == from_regions(town, hour, hour.next(), "21", "50")
        assert second.passages_digest == first.passages_digest
    day, operation = town.day(date(2020, 2, 11), 2), town.operation
    assert (day.key_regions_versions, day.reclassified_from) == ((7, 8), (7,))
    assert (operation.key_regions_versions, operation.reclassified_from) == ((7, 8), (7,))
    old_part = from_regions(town, EVENING, since, "42", "11")
    new_part = from_regions(town, since, after(EVENING, 30), "21", "50")
    assert operation.city.from_key_regions == old_part + new_part
    assert len([key for key in town.files() if "/day/2020/02/10/" in key]) == 2, "an untouched day stands"
    town.run(now, settings=changed)  # the other day that was told anew is checked
    written = len(town.s3.history)
    town.run(now, settings=changed)
    assert [key for key, _ in town.s3.history[written:]] == list(PROVISIONAL)


def test_a_list_for_later_touches_nothing_before_and_everything_after() -> None:
    town, now = grown(5)
    before = town.files()
    changed = with_list(town.settings, after(EVENING, 6), "210000")
    town.run(now, settings=changed)
    assert {key for key, content in town.files().items() if before.get(key) != content} == {layout.LATEST}
    town.run(after(EVENING, 7).start + CLOSED, settings=changed)
    versions = [town.hour(hour).key_regions_versions for hour in hours(EVENING, after(EVENING, 8))]
    assert versions == [(7,)] * 6 + [(8,)] * 2


def test_it_works_long_after_the_passages_expired() -> None:
    town, now = grown(retention_days=3)
    changed = with_list(town.settings, EVENING, "210000")
    town.run(now, settings=changed)
    well = {key: content for key, content in town.files().items() if "/hour/" in key}
    town, now = grown(retention_days=3)
    town.run(now + timedelta(days=9), settings=changed)
    assert well.items() <= town.files().items()
    assert town.operation.city.from_key_regions == from_regions(town, EVENING, after(EVENING, 30), "21")


@pytest.mark.parametrize("befall", [crash_before, crash_after, twice])
def test_killed_or_doubled_at_any_call_it_converges(befall: Callable[[Callable[[], Any]], Any]) -> None:
    town, now = grown(6)
    changed = with_list(town.settings, after(EVENING, 2), "210000")
    counted = Mishaps(town.s3, -1, befall)
    town.run(now, counted, changed)
    well = town.files()
    assert counted.calls > 10
    for number in range(counted.calls):
        town, now = grown(6)
        seen = watch(town)
        try:
            town.run(now, Mishaps(town.s3, number, befall), changed)
        except Crash:
            watch(town, seen)
        town.run(now, settings=changed)
        watch(town, seen)
        town.check()
        # A day that was revised once for each of its parts says so; what it counts is the same.
        assert told(town) == told_of(well), number


def told(town: Town) -> dict[str, Any]:
    return told_of(town.files())


def told_of(files: dict[str, bytes]) -> dict[str, Any]:
    """Of what `latest` names: the counts, and under which lists."""
    latest = decode_latest(files[layout.LATEST])
    named = [*latest.hours, *latest.days, *([latest.operation] if latest.operation else [])]
    told: dict[str, Any] = {"": (latest.key_regions_version, latest.final_up_to, latest.totals)}
    for ref in named:
        summary = decode(files[ref.key])
        told[ref.key.rpartition("/")[0]] = (summary.key_regions_versions, summary.city, summary.checkpoints)
    return told


@pytest.mark.parametrize("newer", [False, True])
def test_a_run_with_older_or_newer_settings_at_any_call_changes_nothing_in_the_end(newer: bool) -> None:
    """A function may believe the settings of a minute ago; whoever believes the newest wins."""
    town, now = grown(6)
    older, changed = town.settings, with_list(town.settings, after(EVENING, 2), "210000")
    town.run(now, settings=changed)
    well = told(town)
    number = 0
    while True:
        town, now = grown(6)

        def meanwhile(call: Callable[[], Any], town: Town = town, now: datetime = now) -> Any:
            town.run(now, settings=changed if newer else older)
            return call()

        slow = Mishaps(town.s3, number, meanwhile)
        town.run(now, slow, older if newer else changed)
        if slow.calls <= number:
            break
        town.run(now, settings=changed)
        town.check()
        assert told(town) == well, number
        number += 1
    assert number > 5


def test_hours_that_a_run_with_old_settings_made_final_are_mended() -> None:
    town = Town(EVENING)
    older, changed = town.settings, with_list(town.settings, after(EVENING, 2), "210000")
    town.busy(after(EVENING, 9))
    town.run(after(EVENING, 6).start + CLOSED, settings=changed)
    town.run(after(EVENING, 7).start + CLOSED, settings=older)
    assert town.hour(after(EVENING, 7)).key_regions_versions == (7,)
    town.run(after(EVENING, 7).start + CLOSED + timedelta(minutes=1), settings=changed)
    town.check()
    assert town.hour(after(EVENING, 7), 2).key_regions_versions == (8,)
    assert town.operation.key_regions_versions == (7, 8)
    assert town.operation.city.from_key_regions == from_regions(
        town, EVENING, after(EVENING, 2), "42", "11"
    ) + from_regions(town, after(EVENING, 2), after(EVENING, 8), "21")


def test_late_passages_and_a_new_list_at_once() -> None:
    town, now = grown(6)
    town.register("103", after(EVENING, 5).start)
    changed = with_list(town.settings, EVENING, "210000")
    town.run(now, settings=changed)
    town.check()
    last = town.hour(after(EVENING, 5), 2)
    assert (last.late, last.key_regions_versions, last.reclassified_from) == (1, (8,), (7,))
    assert town.operation.city.from_key_regions == from_regions(town, EVENING, after(EVENING, 6), "21")


def test_a_lost_pointer_does_not_forget_that_a_list_is_new() -> None:
    town, now = grown(retention_days=3)
    changed = with_list(town.settings, EVENING, "210000")
    del town.s3.objects["b", layout.LATEST]
    town.run(now + timedelta(days=9), settings=changed)
    assert town.latest.key_regions_version == 8
    assert town.operation.city.from_key_regions == from_regions(town, EVENING, after(EVENING, 30), "21")


def test_pointers_of_the_time_before_are_looked_through_once() -> None:
    town, now = grown(6)
    document = msgspec.json.decode(town.file(layout.LATEST))
    del document["key_regions_version"]
    town.s3.objects["b", layout.LATEST] = msgspec.json.encode(document)
    before = {key for key, _ in town.s3.history}
    town.run(now)
    assert {key for key, _ in town.s3.history} == before
    assert town.latest.key_regions_version == 7


def test_a_run_does_not_reclassify_more_than_it_has_time_for() -> None:
    town = Town(EVENING, retention_days=90, checkpoints=1, closed=0)
    end = after(EVENING, 24 * (BATCHES * DAYS + 2) + 3)
    town.register("101", *(at(hour, 5) for hour in hours(EVENING, end)))
    town.run(end.start + timedelta(minutes=3))
    changed = with_list(town.settings, EVENING, "210000")
    now = end.start + timedelta(minutes=4)
    town.run(now, settings=changed)
    assert town.latest.key_regions_version == 7
    days = [town.summary(day.key).key_regions_versions for day in town.latest.days]
    assert days == [(8,)] * (BATCHES * DAYS) + [(7,)] * 3
    assert town.now.as_of == stamp(now), "what is known now is not kept waiting"
    town.run(now + timedelta(minutes=1), settings=changed)
    town.check_named()
    assert town.latest.key_regions_version == 8
    assert town.operation.city.from_key_regions == from_regions(town, EVENING, end, "21")


def test_a_second_list_takes_the_place_of_one_that_was_to_come() -> None:
    town, now = grown(6)
    first = with_list(town.settings, after(EVENING, 4), "210000")
    town.run(now, settings=first)
    second = with_list(first, after(EVENING, 2), "500000")
    town.run(now, settings=second)
    versions = [newest(town, hour).key_regions_versions for hour in hours(EVENING, after(EVENING, 6))]
    assert versions == [(7,)] * 2 + [(9,)] * 4
    assert newest(town, after(EVENING, 5)).reclassified_from == (8,)


def newest(town: Town, hour: Hour) -> Summary:
    return town.summary(max(town.s3_names(layout.hour_folder(hour))))


def test_a_revision_for_another_reason_names_no_second_list() -> None:
    town, _ = grown(3)
    before = town.hour(EVENING)
    assert revised(before, before).reclassified_from == ()
