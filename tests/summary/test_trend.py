"""The trend: against a plain recount, the same whichever way it was come by, and nothing made up for a gap."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chalicelib.passage.hour import Hour, hours_of
from chalicelib.summary import layout, trend
from chalicelib.summary.document import Reference, Summary, encode, merged, of_hour, reading
from chalicelib.summary.trend import (
    CITY,
    DAYS,
    FEWEST,
    ROWS,
    WEEK,
    Day,
    Measures,
    Place,
    Trend,
    Trended,
    covers,
    day_of,
    days_again,
    span,
    tenths,
    trend_of,
    usual_of,
)
from tests.summary import made_up

FIRST = date(2020, 2, 10)
NAMES = Measures.__struct_fields__
STATES = ("counted", "counted", "counted", "silent", "closed", None)


def place(rng: random.Random, state: str) -> Place:
    numbers = [rng.randint(1, 50) if state == "counted" else 0 for _ in NAMES]
    return Place("卡口", "Checkpoint", state, Measures(*numbers))


def named(number: int, digest: str = "", revision: int = 1) -> Reference:
    """The summary of a day."""
    return Reference(layout.revision_key(layout.day_folder(FIRST + timedelta(days=number)), revision), digest)


def made_day(rng: random.Random, number: int) -> Day | None:
    """One day by the seed; sometimes none."""
    if number and rng.random() < 0.15:
        return None
    places = {CITY: place(rng, "counted")}
    for checkpoint in ("101", "102"):
        state = rng.choice(STATES)
        if state:
            places[checkpoint] = place(rng, state)
    state = rng.choice(("whole", "whole", "whole", "whole", "partial", "expired"))
    return Day(FIRST + timedelta(days=number), state, named(number, f"{rng.random()}"[2:]), places)  # type: ignore[arg-type]


@st.composite
def some_days(draw: st.DrawFn) -> list[Day]:
    rng = random.Random(draw(st.integers(0, 2**32)))
    found = [made_day(rng, number) for number in range(draw(st.integers(1, 25)))]
    return [day for day in found if day]


def plainly(days: list[Day], at: date, of: str, measure: str) -> tuple[int | None, int | None, int, int]:
    """Count, change, sum and number of days of one measure, found by looking at each day by its date."""

    def number(day: date) -> int | None:
        for each in days:
            if each.date == day and of in each.places:
                return int(getattr(each.places[of].counts, measure))
        return None

    def counts(day: date) -> bool:
        return any(
            each.date == day and each.state == "whole" and of in each.places and each.places[of].state == "counted"
            for each in days
        )

    week = [at - timedelta(days=back) for back in (0, 1, 2, 3, 4, 5, 6)]
    change = None
    if counts(at) and counts(week[1]):
        change = (number(at) or 0) - (number(week[1]) or 0)
    in_mean = [number(day) or 0 for day in week if counts(day)]
    return number(at), change, sum(in_mean), len(in_mean)


def shown(found: Trend, day: date, of: str) -> Trended | None:
    row = next(each for each in found.days if each.date == day.isoformat())
    return row.city if of == CITY else row.checkpoints.get(of)


@given(some_days())
def test_every_number_is_that_of_a_plain_recount(days: list[Day]) -> None:
    found = trend_of(days, {}, shown=DAYS)
    for row in found.days:
        at = date.fromisoformat(row.date)
        there = next((day for day in days if day.date == at), None)
        assert row.state == (there.state if there else "missing")
        for of in (CITY, "101", "102"):
            one = shown(found, at, of)
            for measure in NAMES:
                number, change, total, over = plainly(days, at, of, measure)
                if number is None:
                    assert one is None
                    continue
                assert one is not None
                assert getattr(one.counts, measure) == number
                assert (getattr(one.change, measure) if one.change else None) == change
                assert (getattr(one.week.sums, measure), one.week.days) == (total, over)


@given(some_days())
def test_a_day_that_is_missing_is_marked_and_has_no_number(days: list[Day]) -> None:
    found = trend_of(days, {}, shown=DAYS)
    dates = [date.fromisoformat(row.date) for row in found.days]
    assert dates == [dates[0] + timedelta(days=n) for n in range(len(dates))]
    assert dates[-1] == max(day.date for day in days)
    gaps = [row for row in found.days if row.state == "missing"]
    assert {row.date for row in gaps} == {each.isoformat() for each in dates} - {day.date.isoformat() for day in days}
    assert all(row.city is None and not row.checkpoints for row in gaps)


@given(some_days(), st.randoms(use_true_random=False), st.integers(FEWEST, 12))
def test_extended_day_by_day_or_made_at_once_it_is_the_same(days: list[Day], rng: random.Random, most: int) -> None:
    """As the run does it: what the trend before shows is taken from there, what it needs besides is read again."""
    at_once = trend_of(rng.sample(days[-(most + WEEK - 1) :], len(days[-(most + WEEK - 1) :])), {}, shown=most)
    before: dict[Reference, Day] = {}
    for number in range(1, len(days) + 1):
        wanted = days[:number][-(most + WEEK - 1) :]
        made = trend_of([before.get(day.summary, day) for day in wanted], {}, shown=most)
        before = days_again(made)
        assert all(before[day.summary] == day for day in wanted if day.summary in before)
    assert encode(made) == encode(at_once)
    assert len(made.days) <= most


def test_the_bytes_have_no_float_and_read_back() -> None:
    rng = random.Random(3)
    found = trend_of([day for day in (made_day(rng, n) for n in range(9)) if day], {}, shown=DAYS)
    assert trend.decode_trend(encode(found)) == found
    assert b"." not in encode(found).replace(b"kakou.trend.v1", b"").replace(b".000Z", b"").replace(b".json", b"")


def test_a_mean_says_over_how_many_days_and_forgets_the_eighth() -> None:
    numbers = (7, 0, 14, 21, 28, 35, 42, 49, 700)

    def day(number: int, count: int) -> Day:
        return Day(
            FIRST + timedelta(days=number),
            "whole",
            named(number),
            {CITY: Place("", "", "counted" if count else "silent", Measures(passages=count))},
        )

    found = trend_of([day(*each) for each in enumerate(numbers)], {}, shown=DAYS)
    weeks = [(row.city.week.sums.passages, row.city.week.days) for row in found.days if row.city]
    # The second day was silent: no zero comes into any mean.
    assert weeks == [(7, 1), (7, 1), (21, 2), (42, 3), (70, 4), (105, 5), (147, 6), (189, 6), (889, 7)]
    assert [row.city.change.passages if row.city and row.city.change else None for row in found.days] == [
        None, None, None, 7, 7, 7, 7, 7, 651,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("total", "days", "mean"), [(0, 0, None), (0, 7, 0), (1, 7, 1), (10, 3, 33), (5, 100, 1), (4, 100, 0), (21, 2, 105)]
)
def test_tenths_of_a_mean(total: int, days: int, mean: int | None) -> None:
    assert tenths(total, days) == mean


def test_a_trend_of_very_many_checkpoints_shows_fewer_days() -> None:
    assert [span(many) for many in (0, 1, 18, 476, 477, 1000, 10_000)] == [DAYS, DAYS, DAYS, DAYS, 41, 20, FEWEST]
    assert all(span(many) * many <= ROWS or span(many) == FEWEST for many in range(1, 20_000, 777))


def day_summary(day: date, begin: int = 0, *, seed: int = 1, quiet: tuple[int, ...] = ()) -> Summary:
    """A day's summary with passages at 101 in every hour but the `quiet` ones, from its hour `begin` on."""
    rng = random.Random(seed)
    parts = []
    for number, hour in list(enumerate(hours_of(day)))[begin:]:
        settings = made_up.settings(hour)
        there = [made_up.passage(rng, hour.start) for _ in range(0 if number in quiet else number + 1)]
        parts.append(
            of_hour(
                hour,
                {
                    each.id: reading(each.id, there if each.id == "101" else [], settings, hour=hour)
                    for each in settings.checkpoints
                },
                settings,
            )
        )
    return merged("day", parts, [Reference(f"{day}", "")])


def test_what_a_day_is_worth() -> None:
    ref = Reference("key", "digest")
    whole = day_summary(FIRST)
    assert day_of(whole, ref, FIRST).state == "whole"
    assert day_of(day_summary(FIRST, begin=1), ref, FIRST).state == "partial"
    assert day_of(structs.replace(whole, expired=True), ref, FIRST).state == "expired"
    assert day_of(structs.replace(whole, ends="2020-02-10T15:00:00.000Z"), ref, FIRST).state == "partial"
    places = day_of(whole, ref, FIRST).places
    assert {each: there.state for each, there in places.items()} == {
        CITY: "counted", "101": "counted", "102": "silent", "103": "silent", "104": "closed",
    }  # fmt: skip
    assert all(getattr(places[CITY].counts, name) == getattr(whole.city, name) for name in NAMES)


def test_usual_hours_are_sums_over_the_days_that_count() -> None:
    ref = Reference("key", "digest")
    days = [
        (day_summary(FIRST + timedelta(days=n), begin=n == 0, quiet=(3,)), FIRST + timedelta(days=n)) for n in (0, 1, 2)
    ]
    usual = usual_of([(day_of(summary, ref, day), summary) for summary, day in days])
    assert usual.keys() == {"101"}  # nobody ever came to the others: nothing is usual there
    assert usual["101"].days == 2  # the first day was not whole
    assert usual["101"].passages == tuple(0 if hour == 3 else 2 * (hour + 1) for hour in range(24))
    old = structs.replace(days[1][0].checkpoints["101"].counts, by={})
    before_hours = structs.replace(
        days[1][0], checkpoints={"101": structs.replace(days[1][0].checkpoints["101"], counts=old)}
    )
    assert usual_of([(day_of(before_hours, ref, days[1][1]), before_hours)]) == {}


def test_a_days_hours_are_the_citys() -> None:
    midnight = Hour(datetime(2020, 2, 10, 16, tzinfo=UTC))
    assert midnight == hours_of(date(2020, 2, 11))[0]
    counts = reading(
        "101", [made_up.passage(random.Random(1), midnight.start)], made_up.settings(midnight), hour=midnight
    ).counts
    assert counts.by["passage_by_hour"] == {"00": 1}


def test_what_later_revisions_were_made_of_covers_what_earlier_ones_were() -> None:
    rng = random.Random(1)

    def made(*revisions: int) -> Trend:
        days = [
            Day(FIRST + timedelta(days=n), "whole", named(n, revision=revision), {CITY: place(rng, "counted")})
            for n, revision in enumerate(revisions)
        ]
        return trend_of(days, {}, shown=DAYS)

    assert covers(made(1, 1), made(1, 1))
    assert covers(made(1, 2), made(1, 1))
    assert not covers(made(1, 1), made(1, 2))
    assert not covers(made(2, 1), made(1, 2))
    assert not covers(made(3), made(1, 1))
