"""The clock run over every kind of border: whatever is written around it is counted once, and in its own hour, day,
month and year; what is written after the grace is a revision."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from chalicelib.passage.hour import GRACE, Hour, hours, stamp
from chalicelib.passage.table import PassageTable, Record
from chalicelib.summary import layout
from tests.simulation.dynamo import MemoryDynamo
from tests.summary.town import Town

MS, S = timedelta(milliseconds=1), timedelta(seconds=1)

BORDERS = {
    "an hour": (datetime(2020, 2, 10, 7, tzinfo=UTC), None),
    "a day here": (datetime(2020, 2, 10, 16, tzinfo=UTC), date(2020, 2, 10)),
    "a day in UTC": (datetime(2020, 2, 11, 0, tzinfo=UTC), None),
    "a month": (datetime(2020, 3, 31, 16, tzinfo=UTC), date(2020, 3, 31)),
    "into a leap day": (datetime(2020, 2, 28, 16, tzinfo=UTC), date(2020, 2, 28)),
    "out of a leap day": (datetime(2020, 2, 29, 16, tzinfo=UTC), date(2020, 2, 29)),
    "into the leap day of 2024": (datetime(2024, 2, 28, 16, tzinfo=UTC), date(2024, 2, 28)),
    "out of the leap day of 2024": (datetime(2024, 2, 29, 16, tzinfo=UTC), date(2024, 2, 29)),
    "no leap day": (datetime(2021, 2, 28, 16, tzinfo=UTC), date(2021, 2, 28)),
    "a year here": (datetime(2020, 12, 31, 16, tzinfo=UTC), date(2020, 12, 31)),
    "a year in UTC": (datetime(2021, 1, 1, 0, tzinfo=UTC), None),
}
"""The border, and the day that ends there, if one does."""

WRITTEN = {
    "at its end less 1 ms": -MS,
    "at its end and 1 ms": MS,
    "at the grace less 1 s": GRACE - S,
    "at the grace and 1 s": GRACE + S,
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("border", BORDERS)
def test_a_write_around_a_border_is_counted_in_its_own_window(border: str, written: str) -> None:
    """The request arrived in the last millisecond of the hour; its write takes effect when `written` says. The schedule
    wakes every minute, and at the very end of the grace."""
    end, day = BORDERS[border]
    before = Hour(end - timedelta(hours=1))
    town = Town(Hour(end - timedelta(hours=2)))
    town.register("102", before.start, end)  # the first moment of either hour belongs to it
    effect = end + WRITTEN[written]
    moments = {end + timedelta(minutes=n) for n in range(-3, 7)} | {end + GRACE - MS, end + GRACE, effect + MS}
    arrived = False
    for now in sorted(moments):
        if now > effect and not arrived:
            town.register("101", end - MS)
            arrived = True
        town.run(now)
        if now < end + GRACE:
            assert town.latest.final_up_to <= stamp(before.start), "never final before the grace is over"
        else:
            assert town.latest.final_up_to == stamp(end)
        if now >= effect + MS:
            town.check()
            assert town.now.totals.passages == 3
    late = effect > end + GRACE
    newest = town.hour(before, 2 if late else 1)
    assert (newest.city.passages, newest.late) == (2, int(late))
    assert len(town.s3_names(layout.hour_folder(before))) == 1 + late
    assert town.latest.totals.passages == 2
    if day is not None:
        whole = town.day(day, 2 if late else 1)
        assert (whole.ends, whole.city.passages) == (stamp(end), 2)
        assert town.now.today.city.passages == 1, "the new day has begun"
        assert town.reconciliation.equal
        assert town.reconciliation.date == day.isoformat()
    town.run(end + timedelta(hours=1) + GRACE)
    town.check()
    assert town.hour(before.next()).city.passages == 1


@pytest.mark.parametrize("border", BORDERS)
def test_the_table_keeps_the_last_millisecond_apart_from_the_first(border: str) -> None:
    end, _ = BORDERS[border]
    dynamo = MemoryDynamo()
    table = PassageTable(cast(Any, dynamo), "t")
    for number, at in enumerate((end - MS, end, end + MS)):
        table.register(Record(f"{number:032x}", "101", stamp(at), b"p", b'[1,1,"A","foot",null,[]]', b"s", 2**40))
    last, first = Hour.of(end - MS), Hour.of(end)
    assert [each.received_at for each in table.facts("101", last, end)] == [stamp(end - MS)]
    assert [each.received_at for each in table.facts("101", first, end)] == [stamp(end), stamp(end + MS)]


@pytest.mark.parametrize("year", [2020, 2021, 2024])
def test_a_year_of_days_joins_without_gap_or_overlap(year: int) -> None:
    """Every hour of the year belongs to one day, and the days follow one another."""
    first = Hour(datetime(year - 1, 12, 31, 16, tzinfo=UTC))
    beyond = Hour(datetime(year, 12, 31, 16, tzinfo=UTC))
    days: dict[date, int] = {}
    for hour in hours(first, beyond):
        days[hour.day] = days.get(hour.day, 0) + 1
    assert list(days) == [date(year, 1, 1) + timedelta(days=n) for n in range(366 if year % 4 == 0 else 365)]
    assert set(days.values()) == {24}
