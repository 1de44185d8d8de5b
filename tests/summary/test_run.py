"""The run: what it publishes, and that it converges to the same bytes whatever befell it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from msgspec import structs

from chalicelib.checkpoint import lifecycle
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.passage.hour import Hour, hours, moment, stamp
from chalicelib.settings import following
from chalicelib.summary import layout
from chalicelib.summary.document import digest, encode, merged
from chalicelib.summary.pointers import decode_latest
from chalicelib.summary.revisions import SummaryDamaged
from chalicelib.summary.run import PassagesMissing
from tests.simulation.fate import Crash
from tests.summary import made_up
from tests.summary.town import PROVISIONAL, Mishaps, Town, crash_after, crash_before, twice

EVENING = Hour(datetime(2020, 2, 10, 13, tzinfo=UTC))
"""21:00 in Asia/Shanghai: three hours before its midnight."""
H = timedelta(hours=1)
CLOSED = timedelta(hours=1, seconds=120)
"""From the start of an hour until it is closed."""


def at(hour: Hour, minutes: float = 0) -> datetime:
    return hour.start + timedelta(minutes=minutes)


def after(hour: Hour, count: int) -> Hour:
    return Hour(hour.start + count * H)


def test_a_first_run_has_nothing_final_and_says_so() -> None:
    town = Town(EVENING)
    town.register("101", at(EVENING, 5))
    town.run(at(EVENING, 10))
    assert town.latest.final_up_to == town.latest.begins == stamp(EVENING.start)
    assert town.latest.operation is None
    assert town.now.totals == town.plain_totals(EVENING.start, EVENING.end)
    assert town.now.final_totals == town.latest.totals
    assert [hour.begins for hour in town.now.open_hours] == [stamp(EVENING.start)]
    assert town.now.today.begins == stamp(EVENING.start)
    assert town.latest.today is None
    assert town.latest.trend is None
    schemas = {schema.key for schema in town.latest.schemas}
    assert set(town.files(provisional=True)) == {layout.LATEST, *PROVISIONAL, *schemas}


def test_an_hour_is_final_at_its_end_and_the_grace_and_not_before() -> None:
    town = Town(EVENING)
    town.register("101", at(EVENING, 59.99))
    town.run(EVENING.start + CLOSED - timedelta(milliseconds=1))
    assert town.latest.final_up_to == stamp(EVENING.start)
    assert len(town.now.open_hours) == 2
    town.run(EVENING.start + CLOSED)
    assert town.latest.final_up_to == stamp(EVENING.end)
    assert town.latest.totals == town.now.totals
    town.check()


def test_every_window_equals_what_is_stored() -> None:
    town = Town(EVENING)
    end = after(EVENING, 60)
    town.busy(end)
    for hour in hours(EVENING, end):
        town.run(hour.start + CLOSED)
    town.check()
    assert town.latest.final_up_to == stamp(end.start)
    assert [layout.day_of(day.key) for day in town.latest.days] == [date(2020, 2, day) for day in (10, 11, 12)]
    assert [len(town.day(date(2020, 2, day)).merged_from) for day in (10, 11, 12)] == [3, 24, 24]
    assert len(town.latest.hours) == 9


def test_a_month_end_in_a_leap_year() -> None:
    start = Hour(datetime(2020, 2, 28, 15, tzinfo=UTC))
    town = Town(start)
    end = after(start, 50)
    town.busy(end)
    town.run(end.start + CLOSED)
    town.check()
    days = [layout.day_of(day.key) for day in town.latest.days]
    assert days == [date(2020, 2, 28), date(2020, 2, 29), date(2020, 3, 1)]


def test_a_long_outage_heals_in_one_run_to_the_same_bytes() -> None:
    end = after(EVENING, 75)
    hourly, once = Town(EVENING), Town(EVENING)
    for town in (hourly, once):
        town.busy(end)
    for hour in hours(EVENING, end):
        hourly.run(hour.start + CLOSED)
    once.run(end.start + timedelta(seconds=120), workers=4)
    while once.latest.unchecked:  # the days before the last are final, and wait for their check
        once.run(end.start + timedelta(seconds=120))
    assert structs.replace(once.latest, checks=()) == structs.replace(hourly.latest, checks=())
    checked = [[(each.day, each.equal) for each in town.latest.checks] for town in (once, hourly)]
    assert checked[0] == checked[1], "at other times, so by other bytes"
    assert once.files().items() <= hourly.files().items()
    skipped = hourly.files().keys() - once.files().keys()
    assert all(key.startswith((layout.ROOT + "operation/", layout.ROOT + "today/")) for key in skipped)


def test_adding_an_hour_gives_the_same_bytes_as_merging_all_anew() -> None:
    town = Town(EVENING)
    end = after(EVENING, 30)
    town.busy(end)
    for hour in hours(EVENING, end):
        town.run(hour.start + CLOSED)
        anew = merged("operation", [town.summary(ref.key) for ref in town.latest.sources], town.latest.sources)
        assert encode(anew) == encode(town.operation)


def test_running_again_writes_nothing_final() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 30))
    now = after(EVENING, 30).start + timedelta(minutes=30)
    town.run(now)
    town.run(now)  # of the two days that are whole, the other is checked
    before = len(town.s3.history)
    town.run(now + timedelta(minutes=1))
    assert [key for key, _ in town.s3.history[before:]] == list(PROVISIONAL)


def late_town(*, when: int, late: Hour) -> tuple[Town, datetime]:
    """A town that has run for `when` hours, and then one passage of the hour `late` comes to light."""
    town = Town(EVENING)
    end = after(EVENING, when)
    town.busy(end)
    for hour in hours(EVENING, end):
        town.run(hour.start + CLOSED)
    town.register("103", late.end - timedelta(milliseconds=1))
    return town, end.start + timedelta(minutes=3)


@pytest.mark.parametrize("back", [1, 2])
def test_late_passages_make_a_new_revision_and_leave_the_old_one(back: int) -> None:
    late = after(EVENING, 10 - back)
    town, now = late_town(when=10, late=late)
    before = town.files()
    outcome = town.run(now)
    town.check()
    assert outcome.late == 1
    assert town.hour(late, 2).late == 1
    assert town.hour(late, 2).passages_read == town.hour(late, 1).passages_read + 1
    assert town.operation.revision == 2
    assert all(town.file(key) == content for key, content in before.items() if key != layout.LATEST)
    assert town.run(now + timedelta(minutes=1)).made == ()


def test_a_late_scan_makes_a_new_revision_and_none_is_forgotten() -> None:
    town, now = late_town(when=10, late=after(EVENING, 3))
    town.passages.all["103"].clear()
    late = after(EVENING, 9)
    town.scan("101", late.end - timedelta(milliseconds=1), late.start)
    made = town.run(now)
    town.check()
    second = town.hour(late, 2)
    assert (made.made, made.late, second.late, second.late_scans) == (
        (layout.revision_key(layout.hour_folder(late), 2),),
        0,
        0,
        2,
    )
    assert town.operation.city.scans == town.now.city.scans == 2
    assert town.run(now + timedelta(minutes=1)).made == ()
    # A run that read before the last of them changes nothing, and is told that something is missing.
    town.passages.scanned.pop()
    with pytest.raises(PassagesMissing):
        town.run(now + timedelta(minutes=2))
    assert town.operation.city.scans == 2


@pytest.mark.parametrize("back", [0, 1, 9, 25, 40])
def test_a_correction_of_a_passage_of_any_age_revises_its_hour_its_day_and_the_operation(back: int) -> None:
    town, now = late_town(when=42, late=after(EVENING, 3))
    town.passages.all["103"].clear()
    hour = after(EVENING, 42 - back)
    town.register("103", hour.start)
    for moment_ in (now, now + timedelta(minutes=1)):
        town.run(moment_)  # where the hour is final, the passage is late, or lost with an hour that nobody reads again
    if back > 2:
        town.passages.all["103"].clear()
        town.correct("101", now, which=0)
        hour = Hour.of(moment(town.passages.all["101"][0].received_at))
    else:
        town.correct("103", now)
    before, totals = town.files(), town.latest.totals
    made = town.run(now + timedelta(minutes=2))
    town.check()
    assert town.now.city.corrected == 1
    assert town.latest.totals.passages == totals.passages
    if back == 0:
        assert made.made == ()  # the hour is open
        return
    (key,) = made.made
    assert layout.hour_of(key) == hour
    summary = town.summary(key)
    assert (summary.late, summary.late_corrections, made.corrections) == (0, 1, 1)
    assert town.operation.city.corrected == town.operation.corrections_read == 1
    assert all(town.file(key) == content for key, content in before.items() if key != layout.LATEST)
    if hour.day < after(EVENING, 41).day:
        assert town.day(hour.day, 2).late_corrections == 1
    assert town.run(now + timedelta(minutes=3)).made == ()


def test_a_correction_is_found_until_its_own_hour_is_two_hours_final() -> None:
    """So an hour that is final has all the corrections that arrived in it, whatever was missed meanwhile."""
    for late in (0, 1, 5, 30):
        town = Town(EVENING)
        town.register("101", EVENING.start)
        for hour in hours(EVENING, after(EVENING, 40)):
            town.run(hour.start + CLOSED)
        arrival = after(EVENING, 41)
        town.correct("101", arrival.end - timedelta(milliseconds=1))
        made = town.run(after(arrival, late).end + timedelta(minutes=2))
        assert layout.revision_key(layout.hour_folder(EVENING), 2) in made.made, late
        town.check()


def test_corrections_at_the_end_of_an_hour_and_of_its_grace() -> None:
    for seconds in (-0.001, 0.001, 119, 121):
        town = Town(EVENING)
        town.busy(after(EVENING, 5))
        town.register("103", EVENING.start)
        end = after(EVENING, 5).start
        for minute in range(0, 60 * 5, 5):
            town.run(EVENING.start + timedelta(minutes=minute))
        at_ = end + timedelta(seconds=seconds)
        town.correct("103", at_)
        for later in (1, 60, 180, 3600 * 3):
            town.run(at_ + timedelta(seconds=later))
            assert town.now.city.corrected == 1
            assert town.operation.city.corrected == 1
            town.check()


def test_a_correction_of_what_has_expired_or_was_never_counted_changes_nothing() -> None:
    town = Town(EVENING, retention_days=1)
    town.busy(after(EVENING, 40))
    for hour in hours(EVENING, after(EVENING, 40)):
        town.run(hour.start + CLOSED)
    town.passages.corrected += [
        (after(EVENING, 39), each) for each in (EVENING, after(EVENING, 10), after(EVENING, -5), after(EVENING, 41))
    ]
    assert town.run(after(EVENING, 40).start + timedelta(minutes=3)).made == ()


def test_two_runs_that_each_saw_what_the_other_did_not_agree_in_what_is_named() -> None:
    """The one saw a correction, wrote its operation and was killed before `latest`; the other a late passage."""
    town = Town(EVENING)
    town.busy(after(EVENING, 2), most=6)
    town.register("101", at(EVENING, 5), at(after(EVENING, 1), 5))
    now = after(EVENING, 1).start + CLOSED
    town.run(now)
    before = copy.deepcopy(town.passages)
    town.correct("101", now, which=-1)

    class Killed:
        def __getattr__(self, name: str) -> Any:
            def call(**asked: Any) -> Any:
                if name == "put_object" and asked["Key"] == layout.LATEST:
                    raise Crash
                return getattr(town.s3, name)(**asked)

            return getattr(town.s3, name) if name == "exceptions" else call

    with pytest.raises(Crash):
        town.run(now + timedelta(minutes=1), Killed())
    late = made_up.passage(town.rng, at(EVENING, 59))
    truth = town.passages
    truth.all["102"].append(late)
    before.all["102"].append(late)
    town.passages = before
    with pytest.raises(PassagesMissing):  # it sees the correction in the summary, and not in its view of the table
        town.run(now + timedelta(minutes=2))
    town.passages = truth
    town.check()
    town.run(now + timedelta(minutes=4))
    town.check()


def test_what_lies_beside_now_is_never_older_than_it() -> None:
    """A run that stalls between the two files does not write over those of a later one."""
    town = Town(EVENING)
    town.register("101", at(EVENING, 5))
    town.run(at(EVENING, 6))

    class Stalling:
        stalled = False

        def __getattr__(self, name: str) -> Any:
            def call(**asked: Any) -> Any:
                if name == "put_object" and asked["Key"] == layout.NOW_CSV and not self.stalled:
                    self.stalled = True
                    town.register("101", at(EVENING, 9))
                    town.run(at(EVENING, 12))
                return getattr(town.s3, name)(**asked)

            return getattr(town.s3, name) if name == "exceptions" else call

    town.run(at(EVENING, 10), Stalling())
    now = town.now
    assert now.as_of == stamp(at(EVENING, 12))
    assert now.csv
    assert now.alarms_file
    for named in (now.csv, now.alarms_file):
        assert digest(town.file(named.key)) == named.digest


def test_a_run_that_read_before_a_correction_does_not_undo_one_that_read_after() -> None:
    town = Town(EVENING)
    town.register("101", EVENING.start, EVENING.start)
    town.run(EVENING.start + CLOSED)
    town.correct("101", EVENING.start + CLOSED, 0)
    town.correct("101", EVENING.start + CLOSED, 0)
    town.run(EVENING.start + CLOSED + timedelta(minutes=1))
    assert town.hour(EVENING, 2).late_corrections == 2
    there = town.passages.all["101"]
    there[0] = there[0]._replace(corrections=1)  # as it was before the second one
    with pytest.raises(PassagesMissing):
        town.run(EVENING.start + CLOSED + timedelta(minutes=2))
    assert town.operation.corrections_read == 2


def test_a_dead_sheet_at_a_checkpoint_that_left_the_settings_is_still_counted() -> None:
    town = Town(EVENING)
    town.register("104", EVENING.start)
    town.run(EVENING.start + CLOSED)
    left = structs.replace(town.settings, checkpoints=town.settings.checkpoints[:3])
    town.scan("104", EVENING.end)
    town.run(EVENING.end + CLOSED, settings=left)
    there = town.hour(EVENING.next()).checkpoints["104"]
    assert (there.state, there.counts.scans) == ("closed", 1)


def test_a_checkpoint_without_a_replaced_poster_costs_no_second_reading() -> None:
    town = Town(EVENING)
    town.scan("102", EVENING.start)  # which no function can have written: poster 102 was never replaced
    town.run(EVENING.end + timedelta(minutes=3))
    assert town.operation.city.scans == 0


def test_late_passages_of_a_day_that_is_whole_revise_the_day() -> None:
    late = after(EVENING, 2)
    town, now = late_town(when=3, late=late)
    assert len(town.latest.days) == 1
    assert town.latest.hours == ()
    town.run(now)
    town.check()
    assert town.day(date(2020, 2, 10), 2).late == 1
    assert town.latest.days[0].key.endswith("r002.json")
    assert town.latest.hour is not None
    assert town.latest.hour.key.endswith("r002.json")


def test_an_hour_older_than_the_newest_two_is_left_alone() -> None:
    town, now = late_town(when=10, late=after(EVENING, 7))
    assert town.run(now).made == ()


def scene(kind: str) -> tuple[Town, datetime]:
    """A town just before a run that has much to do."""
    return copy.deepcopy(_scene(kind))


@cache
def _scene(kind: str) -> tuple[Town, datetime]:
    if kind == "corrected":
        town, now = late_town(when=30, late=after(EVENING, 28))
        town.correct("101", now, which=0)  # long ago, in a day that is whole
        return town, now
    if kind == "late":
        return late_town(when=4, late=after(EVENING, 2))
    town = Town(EVENING)
    town.busy(after(EVENING, 6))
    if kind == "midnight":
        town.run(after(EVENING, 2).start + CLOSED - H)
        return town, after(EVENING, 3).start + CLOSED
    return town, after(EVENING, 5).start + CLOSED


SCENES = ("first", "midnight", "late", "corrected")


def mishaps(kind: str, befall: Callable[[Callable[[], Any]], Any]) -> None:
    """Whatever call it befalls, the next run brings the same bytes as a run that nothing befell."""
    town, now = scene(kind)
    counted = Mishaps(town.s3, -1, befall)
    town.run(now, counted)
    well = town.files()
    assert counted.calls > 5
    for number in range(counted.calls):
        town, now = scene(kind)
        seen = watch(town)
        try:
            town.run(now, Mishaps(town.s3, number, befall))
        except Crash:
            watch(town, seen)
        town.run(now)
        watch(town, seen)
        town.check()
        assert town.files() == well, number


def watch(town: Town, before: list[str] | None = None) -> list[str]:
    """A reader of `latest`: it never dangles and never goes back."""
    seen = before if before is not None else []
    if ("b", layout.LATEST) in town.s3.objects:
        town.check_named()
        final_up_to = town.latest.final_up_to
        assert not seen or final_up_to >= seen[-1]
        seen.append(final_up_to)
    return seen


@pytest.mark.parametrize("kind", SCENES)
@pytest.mark.parametrize("befall", [crash_before, crash_after, twice])
def test_killed_or_doubled_at_any_call_it_converges(kind: str, befall: Callable[[Callable[[], Any]], Any]) -> None:
    mishaps(kind, befall)


@pytest.mark.parametrize("kind", SCENES)
def test_another_whole_run_at_any_call_changes_nothing(kind: str) -> None:
    town, now = scene(kind)
    counted = Mishaps(town.s3, -1, twice)
    town.run(now, counted)
    well = town.files()
    for number in range(counted.calls):
        town, now = scene(kind)

        def meanwhile(call: Callable[[], Any], town: Town = town, now: datetime = now) -> Any:
            town.run(now)
            return call()

        town.run(now, Mishaps(town.s3, number, meanwhile))
        town.check()
        assert town.files() == well, number


def test_a_run_that_read_before_a_late_passage_does_not_undo_one_that_read_after() -> None:
    """The slow run is overtaken at every call in turn by one that knew one passage more."""
    number = 0
    while True:
        town, now = late_town(when=4, late=after(EVENING, 2))
        late = town.passages.all["103"].pop()

        def meanwhile(call: Callable[[], Any], town: Town = town, now: datetime = now, late: Any = late) -> Any:
            town.passages.all["103"].append(late)
            town.run(now)
            return call()

        slow = Mishaps(town.s3, number, meanwhile)
        town.run(now, slow)
        if slow.calls <= number:
            break
        town.check()
        assert town.operation.passages_read == len([p for all_ in town.passages.all.values() for p in all_])
        assert max(layout.revision_of(key) for key in town.files()) == 2
        number += 1
    assert number > 5


def test_latest_never_goes_back_when_a_slow_run_is_overtaken_by_a_later_one() -> None:
    number = 0
    while True:
        town = Town(EVENING)
        town.busy(after(EVENING, 6))
        town.run(after(EVENING, 1).start + CLOSED)
        now = after(EVENING, 2).start + CLOSED

        def meanwhile(call: Callable[[], Any], town: Town = town, now: datetime = now) -> Any:
            town.run(now + 2 * H)
            return call()

        slow = Mishaps(town.s3, number, meanwhile)
        town.run(now, slow)
        if slow.calls <= number:
            break
        moves = [decode_latest(content).final_up_to for key, content in town.s3.history if key == layout.LATEST]
        assert moves == sorted(moves)
        assert town.latest.final_up_to == stamp(after(EVENING, 5).start), number
        town.check()
        number += 1
    assert number > 5


def test_what_was_known_later_is_not_written_over() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 3))
    town.run(at(EVENING, 5))
    later = at(EVENING, 40)

    def meanwhile(call: Callable[[], Any]) -> Any:
        town.run(later)
        return call()

    counted = Mishaps(town.s3, -1, meanwhile)
    town.run(at(EVENING, 20), counted)
    town.run(at(EVENING, 20), Mishaps(town.s3, counted.calls - 3, meanwhile))
    assert town.now.as_of == stamp(later)
    assert town.now.csv is not None
    assert digest(town.file(layout.NOW_CSV)) == town.now.csv.digest


def test_a_long_catching_up_keeps_what_it_has_done() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 60))
    town.run(at(EVENING, 5))
    before = len(town.s3.history)
    town.run(after(EVENING, 60).start + timedelta(minutes=5))
    moves = [decode_latest(content).final_up_to for key, content in town.s3.history[before:] if key == layout.LATEST]
    midnights = [stamp(after(EVENING, hour).start) for hour in (3, 27, 51)]
    final_up_to = [*midnights, stamp(after(EVENING, 60).start)]
    assert moves == [*final_up_to, final_up_to[-1]], "and once more when yesterday was checked"


def test_a_clock_that_ran_ahead_is_made_good() -> None:
    town = Town(EVENING)
    town.register("101", at(EVENING, 5))
    town.run(after(EVENING, 5).start + CLOSED)
    ahead = town.latest.final_up_to
    town.busy(after(EVENING, 6))
    for hour in hours(EVENING, after(EVENING, 8)):
        town.run(hour.start + CLOSED)
        assert town.latest.final_up_to >= ahead
    town.check()


def test_a_clock_that_runs_behind_harms_nothing() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 5))
    town.run(after(EVENING, 5).start + CLOSED)
    before = town.files()
    town.run(after(EVENING, 1).start)
    assert town.files() == before


def test_passages_that_expired_take_nothing_out_of_what_is_final() -> None:
    town = Town(EVENING, retention_days=1)
    town.busy(after(EVENING, 3))
    town.run(after(EVENING, 3).start + CLOSED)
    before = town.latest
    outcome = town.run(after(EVENING, 24).start + timedelta(minutes=5))
    assert outcome.late == 0
    assert town.latest.totals == before.totals
    assert not town.operation.expired
    late = town.run(after(EVENING, 60).start)
    assert town.hour(after(EVENING, 30)).expired
    assert town.operation.expired
    assert late.latest.totals == before.totals


def test_hours_that_may_have_expired_are_not_read_again() -> None:
    town = Town(EVENING, retention_days=1)
    town.busy(after(EVENING, 3))
    town.run(after(EVENING, 2).start + CLOSED)
    before = town.latest.totals
    assert town.run(after(EVENING, 60).start).late == 0
    assert town.latest.totals == before
    town.check_named()


def test_a_lost_pointer_is_made_again_from_what_stands() -> None:
    town, now = late_town(when=30, late=after(EVENING, 28))
    town.run(now)
    before = town.files()
    del town.s3.objects["b", layout.LATEST]
    town.run(now + timedelta(days=40))  # all has expired, and nothing may be lost for that
    kept = {key: content for key, content in town.files().items() if key in before and key != layout.LATEST}
    assert kept == {key: content for key, content in before.items() if key != layout.LATEST}
    assert town.latest.totals == decode_latest(before[layout.LATEST]).totals


def test_passages_that_vanish_are_an_error_and_the_summary_stands() -> None:
    town = Town(EVENING)
    town.register("101", at(EVENING, 5), at(EVENING, 6))
    town.run(EVENING.start + CLOSED)
    before = town.files()
    town.passages.all["101"].pop()
    now = EVENING.start + CLOSED + timedelta(minutes=1)
    with pytest.raises(PassagesMissing, match="hour/2020/02/10/13/r001"):
        town.run(now)
    assert town.files() == before
    assert town.now.as_of == stamp(now)


def test_a_damaged_file_is_never_added_up() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 2))
    town.run(after(EVENING, 1).start + CLOSED)
    assert town.latest.operation
    town.s3.objects["b", town.latest.operation.key] += b" "
    with pytest.raises(SummaryDamaged):
        town.run(after(EVENING, 2).start + CLOSED)


def test_new_settings_count_from_then_on_and_revise_nothing() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 4))
    town.run(after(EVENING, 2).start + timedelta(minutes=3))
    added = Checkpoint("200", "新卡口", "New checkpoint", "road", "210381001", True)
    renamed = structs.replace(town.settings.checkpoints[0], name_zh="改名卡口", name_en="Renamed")
    changed = structs.replace(
        town.settings, version=2, checkpoints=(renamed, *town.settings.checkpoints[1:], added), fever=375
    )
    before = town.files()
    outcome = town.run(after(EVENING, 3).start + timedelta(minutes=3), settings=changed)
    assert len(outcome.made) == 1
    assert all(town.file(key) == content for key, content in before.items() if key != layout.LATEST)
    operation = town.operation
    assert operation.settings_versions == (1, 2)
    assert operation.fever_from == (373, 375)
    assert operation.checkpoints["101"].name_zh == "改名卡口"
    assert operation.checkpoints["200"].state == "silent"
    assert operation.checkpoints["200"].since == stamp(after(EVENING, 2).start)
    assert town.now.checkpoints["200"].state == "silent"


def test_an_hour_goes_by_the_threshold_that_was_in_force_then() -> None:
    """Also where it is read again for one late passage, or made only after an outage."""
    town = Town(EVENING)
    town.busy(after(EVENING, 6), most=9)
    town.run(after(EVENING, 1).start + CLOSED)
    changed_at = after(EVENING, 3).start + timedelta(minutes=20)
    higher = structs.replace(town.settings, version=2, fever=380)
    town.settings = following(town.settings, higher, stamp(changed_at))
    town.register("102", EVENING.start)
    before = town.hour(EVENING).checkpoints["101"]
    town.run(after(EVENING, 5).start + CLOSED)
    assert [town.hour(after(EVENING, n)).fever_from for n in range(6)] == [(373,)] * 4 + [(380,)] * 2
    town.correct("102", after(EVENING, 5).start + CLOSED, 0)
    town.run(after(EVENING, 5).start + CLOSED + timedelta(minutes=1))
    again = town.hour(EVENING, 2)
    assert (again.fever_from, again.checkpoints["101"]) == ((373,), before)
    assert town.operation.fever_from == town.now.fever_from == (373, 380)
    town.check()


def test_what_a_checkpoint_was_in_an_hour_is_not_what_it_is_today() -> None:
    """A healed hour, and one that a late passage revises, know neither a checkpoint that was added since, nor that
    another was closed."""
    town = Town(EVENING)
    town.register("102", EVENING.start, after(EVENING, 1).start)
    town.run(EVENING.start + CLOSED)
    added, closed = after(EVENING, 4).start + timedelta(minutes=20), after(EVENING, 4).start + timedelta(minutes=30)
    new = Checkpoint("200", "新卡口", "New checkpoint", "road", "210381001", True)
    settings = lifecycle.add_checkpoint(town.settings, new, added)
    settings = lifecycle.close_checkpoint(settings, "103", closed)
    settings = lifecycle.open_checkpoint(settings, "104", closed)
    now = after(EVENING, 5).start + CLOSED
    town.register("102", EVENING.start)
    town.correct("102", now, 0)
    town.run(now, settings=settings)
    first = [town.hour(EVENING, 1), town.hour(EVENING, 2)]
    assert first[1].late + first[1].late_corrections == 2
    for hour in (*first, *(town.hour(after(EVENING, n)) for n in range(1, 4))):
        assert "200" not in hour.checkpoints
        assert (hour.checkpoints["103"].state, hour.checkpoints["104"].state) == ("silent", "closed")
    then, last = (town.hour(after(EVENING, n)).checkpoints for n in (4, 5))
    assert [(each, then[each].state, then[each].since) for each in ("103", "104", "200")] == [
        ("103", "silent", stamp(after(EVENING, 4).start)), ("104", "silent", stamp(closed)),
        ("200", "silent", stamp(added)),
    ]  # fmt: skip
    assert [last[each].state for each in ("103", "104", "200")] == ["closed", "silent", "silent"]
    assert (town.now.checkpoints["200"].since, town.now.checkpoints["104"].since) == (stamp(added), stamp(closed))


def test_a_longer_retention_does_not_bring_back_what_has_expired() -> None:
    town = Town(EVENING, retention_days=1)
    town.busy(after(EVENING, 3))
    town.run(after(EVENING, 1).start + CLOSED)
    longer = structs.replace(town.settings, version=2, retention_days=30)
    settings = following(town.settings, longer, stamp(after(EVENING, 2).start))
    town.run(after(EVENING, 60).start, settings=settings)
    assert town.hour(after(EVENING, 2)).expired, "registered when a day was kept, and never read"
    assert not town.hour(after(EVENING, 4)).expired
    assert not town.latest.differing


def test_a_checkpoint_that_left_the_settings_keeps_its_numbers() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 3))
    town.run(after(EVENING, 2).start + timedelta(minutes=3))
    fewer = structs.replace(town.settings, version=2, checkpoints=town.settings.checkpoints[1:])
    town.run(after(EVENING, 2).start + timedelta(minutes=4), settings=fewer)
    town.check()
    assert town.now.checkpoints["101"].totals == town.plain_totals(EVENING.start, after(EVENING, 3).start, ["101"])


def test_closed_checkpoints_that_still_register_are_counted() -> None:
    town = Town(EVENING)
    town.register("104", at(EVENING, 5))
    town.run(EVENING.start + CLOSED)
    town.check()
    assert town.hour(EVENING).checkpoints["104"].state == "counted"


def test_an_operation_whose_beginning_is_moved_back_counts_from_there() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 30))
    later = structs.replace(town.settings, version=2, starts_at=stamp(after(EVENING, 26).start))
    town.run(after(EVENING, 28).start + CLOSED, settings=later)
    town.run(after(EVENING, 29).start + CLOSED)
    town.check()
    assert town.latest.begins == stamp(EVENING.start)


def test_what_is_known_now() -> None:
    town = Town(EVENING)
    morning = after(EVENING, 3)  # midnight in Asia/Shanghai
    town.busy(after(morning, 8))
    town.register("103", at(morning, 1))
    town.register("101", at(after(morning, 7), 1))
    now = after(morning, 7).start + timedelta(minutes=30)
    for registered in town.passages.all.values():
        registered[:] = [one for one in registered if one.received_at < stamp(now)]
    town.run(now)
    known = town.now
    assert known.totals == town.plain_totals(EVENING.start, now)
    assert known.final_totals == town.latest.totals == town.plain_totals(EVENING.start, after(morning, 7).start)
    assert known.final_up_to == town.latest.final_up_to
    assert known.today.city.totals == town.plain_totals(morning.start, now)
    assert (known.today.date, known.today.begins) == ("2020-02-11", stamp(morning.start))
    assert known.as_of == stamp(now)
    for checkpoint, there in known.checkpoints.items():
        assert there.totals == town.plain_totals(EVENING.start, now, [checkpoint])
        assert there.today == town.plain_totals(morning.start, now, [checkpoint])
    assert known.checkpoints["103"].state == "silent"
    assert known.checkpoints["103"].since == known.checkpoints["103"].last_passage_at == stamp(at(morning, 1))
    assert known.checkpoints["104"].state == "closed"
    assert known.checkpoints["104"].since is None
    (open_hour,) = known.open_hours
    town.run(after(morning, 7).start + CLOSED)
    final = town.hour(after(morning, 7))
    assert (open_hour.begins, open_hour.ends) == (final.begins, final.ends)
    assert (open_hour.city, open_hour.checkpoints) == (final.city, final.checkpoints), "nothing came after it was read"
    assert open_hour.city.totals == town.plain_totals(after(morning, 7).start, now)
    assert open_hour.city.passages > 0


def test_a_checkpoint_where_nobody_ever_came_is_silent_since_the_beginning() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 30))
    town.run(after(EVENING, 30).start + timedelta(minutes=30))
    assert town.operation.checkpoints["103"].state == "silent"
    assert town.operation.checkpoints["103"].since == stamp(EVENING.start)
    assert town.now.checkpoints["103"].since == stamp(EVENING.start)


def test_just_after_midnight_today_is_the_new_day() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 3))
    midnight = after(EVENING, 3)
    town.register("101", at(midnight, 0.5))
    town.run(at(midnight, 1))
    assert town.now.today.date == "2020-02-11"
    assert town.now.today.city.passages == 1


def test_a_run_that_stalled_over_midnight_loses_nothing_of_its_day() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 3))
    midnight = after(EVENING, 3)
    town.run(midnight.start + CLOSED)
    town.run(midnight.start - timedelta(seconds=10))  # began before, and reads what the other wrote meanwhile
    assert town.now.today.date == "2020-02-10"
    assert town.now.today.city.totals == town.now.totals == town.plain_totals(EVENING.start, midnight.start)


def test_an_hourly_run_costs_the_same_on_day_14_as_on_day_1() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 14 * 24), most=1)
    spent = []
    for day in (1, 13):
        hour = after(EVENING, 24 * day)
        town.run(hour.start + timedelta(minutes=3))
        while town.latest.unchecked:
            town.run(hour.start + timedelta(minutes=3))
        town.passages.readings.clear()
        counted = Mishaps(town.s3, -1, twice)
        town.run(hour.start + CLOSED, counted)
        spent.append((len(town.passages.readings), counted.calls))
    assert spent[0] == spent[1]
    # One new hour, two read again, one open: each at four checkpoints.
    assert spent[0][0] == 4 * 4


def test_stamps_of_the_run_are_in_nothing_final() -> None:
    one, other = Town(EVENING), Town(EVENING)
    for town, seconds in ((one, 0), (other, 777)):
        town.busy(after(EVENING, 4))
        town.run(after(EVENING, 3).start + CLOSED + timedelta(seconds=seconds))
    assert one.files() == other.files()
    assert moment(one.now.as_of) < moment(other.now.as_of)
