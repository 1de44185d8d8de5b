"""The alarms: each at its threshold, and quiet just below it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import get_args, get_type_hints

import pytest
from msgspec import structs

from chalicelib.passage.facts import Facts, Registered, TravellerFacts
from chalicelib.passage.hour import Hour, hours, stamp
from chalicelib.settings import Settings
from chalicelib.summary import alarms, layout
from chalicelib.summary.alarms import (
    ENOUGH_DAYS,
    KINDS,
    SAME_LEAST,
    SPIKE_LEAST,
    Alarm,
    decode_alarms,
    fever_spike,
    in_order,
    key_regions_changed,
    late,
    same_temperature,
    sheets,
    silence,
)
from chalicelib.summary.counting import Counts
from chalicelib.summary.pointers import UsualHour
from chalicelib.summary.trend import Measures, Usual, Week
from tests.summary.town import Town

NOON = datetime(2020, 2, 20, 4, tzinfo=UTC)
"""12:00 in Asia/Shanghai."""
M = timedelta(minutes=1)


def usual(days: int = 7, **at: int) -> Usual:
    """Sums over `days`, by hours such as `h09`."""
    return Usual(days, tuple(at.get(f"h{hour:02d}", 0) for hour in range(24)))


def test_an_hour_is_late_five_minutes_after_its_end() -> None:
    assert late(stamp(NOON), NOON + 65 * M) is None
    assert late(stamp(NOON), NOON + 66 * M) == Alarm(kind="late", since=stamp(NOON), value=6)
    assert late(stamp(NOON), NOON - 66 * M) is None


def test_a_silence_is_unusual_when_eight_would_usually_have_come() -> None:
    since = stamp(NOON - 90 * M)  # half of 10:00, and all of 11:00
    just = usual(h10=70, h11=21)  # 10 and 3 a day: 5 and 3
    assert silence("101", since, just, NOON) == Alarm(
        kind="silence", checkpoint="101", since=since, value=0, expected=8, days=7
    )
    assert silence("101", since, usual(h10=69, h11=21), NOON) is None
    assert silence("101", since, usual(h09=999, h12=999), NOON) is None, "other hours of the day are no measure"
    assert silence("101", stamp(NOON - 89 * M), just, NOON) is None


def test_the_emptiness_of_the_night_alarms_nobody() -> None:
    night = datetime(2020, 2, 19, 19, tzinfo=UTC)  # 03:00
    by_day = usual(h03=7, h04=3, h08=900)
    assert silence("101", stamp(night - 120 * M), by_day, night) is None
    assert silence("101", stamp(night - 120 * M), by_day, night + 360 * M) is not None


@pytest.mark.parametrize("days", range(ENOUGH_DAYS + 1))
def test_with_too_few_days_nothing_is_unusual(days: int) -> None:
    found = silence("101", stamp(NOON - 60 * M), usual(days, h11=9 * days), NOON)
    assert (found is not None) == (days == ENOUGH_DAYS)
    found = fever_spike("101", 99, Week(days, Measures(fever=0)))
    assert (found is not None) == (days == ENOUGH_DAYS)
    assert silence("101", stamp(NOON - 60 * M), None, NOON) is None
    assert fever_spike("101", 99, None) is None


def test_a_silence_of_weeks_expects_no_more_than_a_day() -> None:
    since = stamp(NOON - timedelta(days=20))
    found = silence("101", since, usual(**{f"h{hour:02d}": 7 for hour in range(24)}), NOON)
    assert found is not None
    assert (found.since, found.expected) == (since, 24)


def test_fever_spikes_above_three_times_the_usual_day() -> None:
    week = Week(7, Measures(fever=14))
    assert fever_spike("101", 6, week) is None
    assert fever_spike("101", 7, week) == Alarm(kind="fever_spike", checkpoint="101", value=7, expected=2, days=7)
    healthy = Week(7, Measures())
    assert fever_spike(None, SPIKE_LEAST - 1, healthy) is None
    assert fever_spike(None, SPIKE_LEAST, healthy) == Alarm(kind="fever_spike", value=3, expected=0, days=7)


def test_everyone_36_5() -> None:
    def at(**degrees: int) -> Counts:
        return Counts(by={"degrees": {code.replace("_", ".").lstrip("d"): n for code, n in degrees.items()}})

    def found(**degrees: int) -> Alarm | None:
        return same_temperature("101", at(**degrees))

    assert found(d36_5=SAME_LEAST - 1) is None
    assert found(d36_5=SAME_LEAST) == Alarm(kind="same_temperature", checkpoint="101", value=20, of=20, code="36.5")
    assert found(d36_5=90, d36_6=10) is not None
    assert found(d36_5=89, d36_6=11) is None
    assert found(d36_5=18, not_told=100) is None, "who was not measured has no temperature"
    assert same_temperature("101", Counts()) is None


def test_sheets_that_still_hang_are_named() -> None:
    today = Counts(by={"passage_by_retiring_poster": {"101-2-A": 4}, "scan_by_poster": {"101-1-A": 1}})
    assert sheets("101", today) == [
        Alarm(kind="retiring_poster", checkpoint="101", value=4, code="101-2-A"),
        Alarm(kind="revoked_poster", checkpoint="101", value=1, code="101-1-A"),
    ]
    assert sheets("101", Counts()) == []


def test_a_day_counted_by_two_lists_says_so() -> None:
    assert key_regions_changed([7, 7]) is None
    assert key_regions_changed([]) is None
    assert key_regions_changed([7, 9, 8]) == Alarm(kind="key_regions_changed", value=9, expected=7)


def test_alarms_are_sorted_by_kind_checkpoint_and_code() -> None:
    wanted = (
        Alarm(kind="late", value=1),
        Alarm(kind="fever_spike", value=3),
        Alarm(kind="fever_spike", checkpoint="101", value=3),
        Alarm(kind="revoked_poster", checkpoint="101", value=1, code="101-1-A"),
        Alarm(kind="revoked_poster", checkpoint="101", value=1, code="101-2-A"),
        Alarm(kind="revoked_poster", checkpoint="102", value=1, code="102-1-A"),
    )
    assert in_order([None, *reversed(wanted), None]) == wanted
    assert set(KINDS) == set(get_args(get_type_hints(Alarm)["kind"]))


# In a town's own time: the trend, the usual hours and today, as the run finds them.

EVENING = Hour(datetime(2020, 2, 10, 13, tzinfo=UTC))


def passage(number: int, at: datetime, temperature: int | None = None) -> Registered:
    person = TravellerFacts("none", "210381", "elsewhere", "home", False, ("none",), temperature)
    return Registered(stamp(at), f"{number:032x}", Facts(1, 3, "A", "foot", None, (person,)))


def grown(days: int, *, until: datetime, silent_at: str = "102") -> Town:
    """Ten passages in each hour by day (08 to 20) at 101 and 102, none by night; at `silent_at` none since an hour and
    a half before `until`."""
    town = Town(EVENING)
    number = 0
    for hour in hours(Hour(EVENING.start + timedelta(hours=3)), Hour.of(until).next()):
        if 8 <= (hour.start.hour + 8) % 24 < 20:
            for checkpoint in ("101", "102"):
                for minute in range(0, 60, 6):
                    number += 1
                    at = hour.start + minute * M
                    if at < (until - 90 * M if checkpoint == silent_at else until):
                        town.passages.all[checkpoint].append(passage(number, at, 360 + number % 9))
    return town


def known(town: Town, now: datetime, settings: Settings | None = None) -> tuple[Alarm, ...]:
    town.run(now, settings=settings)
    beside = decode_alarms(town.file(layout.ALARMS))
    assert beside.alarms == town.now.alarms
    assert (beside.as_of, beside.final_up_to) == (town.now.as_of, town.now.final_up_to)
    return town.now.alarms


def test_a_checkpoint_that_falls_silent_by_day_alarms_and_one_that_sleeps_does_not() -> None:
    morning = EVENING.start + timedelta(hours=3, days=4)  # midnight in Haicheng
    by_day = morning + timedelta(hours=12)
    town = grown(5, until=by_day)
    alarm, *others = known(town, by_day)
    assert others == []
    assert (alarm.kind, alarm.checkpoint, alarm.value, alarm.days) == ("silence", "102", 0, 4)
    assert (alarm.since, alarm.expected) == (stamp(by_day - 96 * M), 16)
    there = town.now.checkpoints
    assert (there["102"].state, there["102"].unusual, there["102"].since) == ("silent", True, alarm.since)
    assert there["102"].usual == UsualHour("12", 40, 4)
    assert (there["101"].state, there["101"].unusual) == ("counted", False)
    # 103 is open and nobody ever came: silent, nothing usual, no alarm. 104 is closed.
    assert (there["103"].state, there["103"].usual, there["103"].unusual) == ("silent", None, False)
    assert town.now.trend is not None
    assert town.latest.trend is not None
    assert town.now.trend.key == town.latest.trend.key

    rows = list(csv.DictReader(io.StringIO(town.file(layout.NOW_CSV).decode("utf-8-sig"), newline=""), strict=True))
    (told,) = [row for row in rows if row["subject"] == "alarm"]
    assert (told["checkpoint"], told["checkpoint_name"], told["code"], told["label"], told["count"]) == (
        "102", "卡口102", "silence", "2020-02-15T10:24:00+08:00", "0",
    )  # fmt: skip
    (usually,) = [row for row in rows if (row["subject"], row["checkpoint"]) == ("usual_in_this_hour", "102")]
    assert (usually["code"], usually["label"], usually["count"]) == ("12", "sum over 4 days", "40")

    night = morning + timedelta(hours=3)
    town = grown(5, until=night)
    assert known(town, night) == ()
    assert town.now.checkpoints["101"].state == "silent"
    assert town.now.checkpoints["101"].usual == UsualHour("03", 0, 4)


def test_the_silence_of_a_reopened_checkpoint_begins_when_it_was_opened() -> None:
    now = EVENING.start + timedelta(hours=3, days=4) + timedelta(hours=12)
    town = grown(5, until=now)
    opened_at = stamp(now - 30 * M)
    reopened = structs.replace(
        town.settings,
        checkpoints=tuple(
            structs.replace(each, turned=("2020-02-10T00:00:00.000Z", opened_at)) if each.id == "102" else each
            for each in town.settings.checkpoints
        ),
    )
    assert known(town, now, reopened) == ()
    there = town.now.checkpoints["102"]
    assert (there.state, there.since, there.unusual) == ("silent", opened_at, False)
    # An hour and a half later it is a silence of its own; who is not open since then is silent for longer.
    (found,) = [each for each in known(town, now + 60 * M, reopened) if each.checkpoint == "102"]
    assert (found.kind, found.since, found.expected) == ("silence", opened_at, 15)


def test_a_morning_of_fever_alarms_at_the_checkpoint_and_for_the_city() -> None:
    now = EVENING.start + timedelta(hours=3, days=4) + timedelta(hours=12)
    town = grown(5, until=now, silent_at="")
    assert known(town, now) == ()
    for number in range(SPIKE_LEAST):
        town.passages.all["101"].append(passage(10**6 + number, now - 30 * M, 385))
    town.passages.all["101"].append(passage(10**7, now - timedelta(days=1), 385))  # a usual fever, of yesterday
    fresh = grown(5, until=now, silent_at="")
    fresh.passages = town.passages
    assert [(each.kind, each.checkpoint, each.value, each.expected) for each in known(fresh, now)] == [
        ("fever_spike", None, 3, 0),
        ("fever_spike", "101", 3, 0),
    ]


def test_a_days_temperatures_that_are_all_the_same_alarm() -> None:
    town = Town(EVENING)
    town.passages.all["101"] = [passage(number, EVENING.start + number * M, 365) for number in range(25)]
    (alarm,) = known(town, EVENING.start + 30 * M)
    assert (alarm.kind, alarm.code, alarm.value, alarm.of) == ("same_temperature", "36.5", 25, 25)
    # Just after midnight it is another day.
    assert known(town, EVENING.start + timedelta(hours=3) + 10 * M) == ()


def test_a_poster_that_should_be_gone_alarms() -> None:
    town = Town(EVENING)
    town.scan("101", EVENING.start + M)
    (alarm,) = known(town, EVENING.start + 5 * M)
    assert (alarm.kind, alarm.checkpoint, alarm.value) == ("revoked_poster", "101", 1)


def test_a_threshold_is_changed_knowingly() -> None:
    assert (alarms.SILENCE, alarms.SPIKE_LEAST, alarms.SPIKE_TIMES) == (8, 3, 3)
    assert (alarms.SAME_LEAST, alarms.SAME_PER_CENT, alarms.LATE) == (20, 90, 5 * M)
