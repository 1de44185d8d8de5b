"""Today and the trend as the run keeps them: made when something changed, at a cost that history does not move."""

from __future__ import annotations

import copy
import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

import chalicelib.summary.run
import chalicelib.summary.trend
from chalicelib.passage.hour import Hour, hours, moment, stamp
from chalicelib.summary import layout
from chalicelib.summary.document import Reference, encode, merged
from chalicelib.summary.pointers import Tabled
from chalicelib.summary.reports import TREND_COLUMNS, TREND_UNITS, trend_table
from chalicelib.summary.trend import WEEK, day_of, trend_of, usual_of
from tests.simulation.fate import Crash
from tests.summary.town import Mishaps, Town, crash_after, crash_before

EVENING = Hour(datetime(2020, 2, 10, 13, tzinfo=UTC))
"""21:00 in Asia/Shanghai."""
MIDNIGHT = Hour(EVENING.start + timedelta(hours=3))
CLOSED = timedelta(hours=1, seconds=120)
ZERO = timedelta(0)


def after(hour: Hour, count: int) -> Hour:
    return Hour(hour.start + timedelta(hours=count))


def kept(end: Hour) -> Town:
    """A town that has run at each midnight, and at `end`."""
    town = Town(EVENING)
    town.busy(end, most=1)
    midnights = [hour for hour in hours(MIDNIGHT, end) if (hour.start - MIDNIGHT.start) % timedelta(days=1) == ZERO]
    for hour in [*midnights, end]:
        town.run(hour.start + timedelta(seconds=120))
    return town


def test_today_grows_with_each_hour_and_begins_anew_at_midnight() -> None:
    town = Town(EVENING)
    town.busy(after(EVENING, 8))
    seen = []
    for hour in hours(EVENING, after(EVENING, 6)):
        town.run(hour.start + CLOSED)
        town.check()
        today = town.latest.today
        seen.append(today and today.key.removeprefix(layout.ROOT))
        if today:
            parts = [town.summary(ref.key) for ref in town.latest.hours]
            assert encode(merged("today", parts, town.latest.hours)) == town.file(today.key)
    # Midnight in Haicheng is 16:00 UTC: the hour that ends there makes a day, and of the next none is final yet.
    assert seen == [
        "today/2020/02/10/13/r001.json", "today/2020/02/10/14/r001.json", None,
        "today/2020/02/10/16/r001.json", "today/2020/02/10/17/r001.json", "today/2020/02/10/18/r001.json",
    ]  # fmt: skip


def test_late_passages_revise_today() -> None:
    town = kept(after(MIDNIGHT, 5))
    town.register("103", after(MIDNIGHT, 3).start)
    town.run(after(MIDNIGHT, 5).start + timedelta(minutes=5))
    town.check()
    assert town.latest.today
    assert town.latest.today.key.endswith("r002.json")
    assert town.summary(town.latest.today.key).late == 1


def test_a_trend_is_made_when_a_day_becomes_whole_and_at_no_other_time() -> None:
    town = Town(EVENING)
    town.busy(after(MIDNIGHT, 60))
    for hour in hours(EVENING, after(MIDNIGHT, 50)):
        before = len(town.s3.history)
        town.run(hour.start + CLOSED)
        trends = [key for key, _ in town.s3.history[before:] if "/trend/" in key]
        assert len(trends) == (2 if hour.next().day != hour.day else 0), hour.key
    town.check()
    assert [row.state for row in town.trend.days] == ["partial", "whole", "whole"]
    assert town.trend.revision == 1


def test_a_revised_day_revises_the_trend_as_if_it_were_made_anew() -> None:
    town = kept(after(MIDNIGHT, 24 * 9))
    before = town.trend
    town.register("103", after(MIDNIGHT, 24 * 9 - 1).start)
    town.run(after(MIDNIGHT, 24 * 9).start + timedelta(minutes=5))
    town.check()
    assert (before.revision, town.trend.revision) == (1, 2)
    assert town.trend.days[:-1] == before.days[:-1]
    days = [(day_of(town.summary(day.key), day_ref(day), layout.day_of(day.key)), town.summary(day.key)) for day in
            town.latest.days]  # fmt: skip
    anew = trend_of([day for day, _ in days], usual_of(days[-WEEK:]), shown=42)
    assert encode(anew).replace(b'"revision":1', b'"revision":2') == town.file(layout.revision_key(
        layout.trend_folder(days[-1][0].date), 2))  # fmt: skip


def day_ref(day: Tabled) -> Reference:
    return Reference(day.key, day.digest)


def test_a_revised_day_in_the_past_changes_the_means_it_is_in_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a new list of key regions tells old hours anew."""
    town = kept(after(MIDNIGHT, 24 * 12))
    before = town.trend
    late = after(MIDNIGHT, 24 * 3 + 5)
    town.register("103", late.start)
    monkeypatch.setattr(chalicelib.summary.run, "RECHECKED", timedelta(days=10))
    town.run(after(MIDNIGHT, 24 * 12).start + timedelta(minutes=5))
    town.check()
    changed = [old.date for old, new in zip(before.days, town.trend.days, strict=True) if old != new]
    assert changed == [f"2020-02-{day}" for day in range(14, 21)]
    assert town.trend.usual == before.usual  # the last week does not hold that day


def test_a_trend_that_is_lost_is_made_again_with_the_next_hour() -> None:
    town = kept(after(MIDNIGHT, 24 * 9 + 2))
    before = town.trend
    for key in [key for key in town.files() if "/trend/" in key]:
        del town.s3.objects["b", key]
    town.s3.objects["b", layout.LATEST] = encode(structs.replace(town.latest, trend=None, today=None, schemas=()))
    town.busy(after(MIDNIGHT, 24 * 9 + 4))
    town.run(after(MIDNIGHT, 24 * 9 + 2).start + CLOSED)
    assert town.trend == before
    assert town.latest.today
    assert town.latest.schemas


def midnight_cost(days: int) -> tuple[int, int]:
    town = Town(EVENING)
    town.busy(after(MIDNIGHT, 24 * days), most=1)
    town.run(after(MIDNIGHT, 24 * days - 1).start + timedelta(minutes=3))
    counted = Mishaps(town.s3, -1, lambda call: call())
    town.run(after(MIDNIGHT, 24 * days - 1).start + CLOSED, counted)
    return counted.calls, len(town.trend.days)


def test_a_midnight_costs_the_same_a_week_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chalicelib.summary.trend, "DAYS", 8)
    (calls, shown), (calls_later, shown_later) = midnight_cost(15), midnight_cost(22)
    assert shown == shown_later == 8
    assert calls == calls_later


def test_a_trend_shows_no_more_than_its_days_with_the_means_of_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chalicelib.summary.trend, "DAYS", 8)
    end = after(MIDNIGHT, 24 * 16)
    town = kept(end)
    once = Town(EVENING)
    once.busy(end, most=1)
    once.run(end.start + timedelta(seconds=120))
    assert town.trend == once.trend
    assert [row.date for row in town.trend.days] == [f"2020-02-{day}" for day in range(19, 27)]
    assert all(row.city and row.city.week.days == 7 and row.city.change for row in town.trend.days)
    assert len(town.trend.merged_from) == 8 + 6


def test_the_trend_as_a_table() -> None:
    town = kept(after(MIDNIGHT, 24 * 4))
    trend = town.trend
    assert town.latest.trend
    content = town.file(town.latest.trend.csv.key)
    assert content == trend_table(trend)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    assert tuple(rows[0]) == TREND_COLUMNS
    places = sum(1 + len(day.checkpoints) for day in trend.days)
    assert len(rows) == places * len(TREND_UNITS)
    last = {row["measure"]: row for row in rows if (row["date"], row["checkpoint"]) == ("2020-02-14", "city")}
    row, share = last["fever"], last["from_key_regions"]
    city = trend.days[-1].city
    assert city
    assert city.change
    assert (row["count"], row["change"]) == (str(city.counts.fever), str(city.change.fever))
    assert abs(float(row["mean_7_days"]) - city.week.sums.fever / city.week.days) <= 0.0501
    assert (row["mean_over_days"], row["day_status"], row["unit"]) == ("4", "whole", "travellers")
    silent = [row for row in rows if row["checkpoint"] == "103"]
    assert {(row["state"], row["count"], row["mean_7_days"], row["mean_over_days"]) for row in silent} == {
        ("silent", "", "", "0")
    }
    assert share["per_mille_of_travellers"] == str(city.key_region_per_mille)
    assert city.key_region_per_mille is not None
    assert abs(city.key_region_per_mille - 1000 * city.counts.from_key_regions / city.counts.travellers) <= 0.5


def test_a_gap_in_the_table_has_no_number() -> None:
    town = kept(after(MIDNIGHT, 24 * 3))
    days = [day_of(town.summary(day.key), day_ref(day), layout.day_of(day.key)) for day in town.latest.days]
    rows = trend_table(trend_of([days[0], days[1], days[3]], {}, shown=9)).decode().splitlines()
    assert [row for row in rows if row.startswith("2020-02-12")] == ["2020-02-12,missing,city,全市,,,,,,,,"]


@pytest.mark.parametrize("befall", ["before", "after"])
def test_killed_at_midnight_it_converges(befall: str) -> None:
    """Where the trend, a day and the operation change together."""
    crash: Callable[[Callable[[], Any]], Any] = crash_before if befall == "before" else crash_after

    before = Town(EVENING)
    before.busy(after(MIDNIGHT, 24 * 2), most=1)
    before.run(after(MIDNIGHT, 24 * 2 - 1).start + timedelta(minutes=3))
    now = after(MIDNIGHT, 24 * 2 - 1).start + CLOSED

    town = copy.deepcopy(before)
    counted = Mishaps(town.s3, -1, crash)
    town.run(now, counted)
    town.check()
    well = town.files()
    for number in range(counted.calls):
        town = copy.deepcopy(before)
        with pytest.raises(Crash):
            town.run(now, Mishaps(town.s3, number, crash))
        town.check_named()
        town.run(now)
        assert town.files() == well, number


def test_usual_hours_come_from_the_last_week() -> None:
    town = kept(after(MIDNIGHT, 24 * 9))
    for checkpoint, usual in town.trend.usual.items():
        for hour, passages in enumerate(usual.passages):
            plain = sum(
                1
                for one in town.passages.all[checkpoint]
                if moment(one.received_at) >= after(MIDNIGHT, 24 * 2).start
                and (int(one.received_at[11:13]) + 8) % 24 == hour
                and one.received_at < stamp(after(MIDNIGHT, 24 * 9).start)
            )
            assert passages == plain, (checkpoint, hour)
    assert town.trend.usual["101"].days == 7
