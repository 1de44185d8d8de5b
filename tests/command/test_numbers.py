"""Windows: what an address may ask for, and that what is shown is in the files."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec import structs

from chalicelib.command.drawing import FORMS
from chalicelib.command.numbers import (
    FileDamaged,
    NoSuchWindow,
    NotFinal,
    NotPublished,
    Numbers,
    Window,
    WindowTooLong,
    window_of,
)
from tests.summary import fortnight
from tests.summary.fortnight import Made


@pytest.fixture(scope="module")
def made() -> Made:
    return fortnight.summaries(1 / 200)


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ({}, Window()),
        ({"lang": "en"}, Window()),
        ({"checkpoint": "101"}, Window(checkpoint="101")),
        ({"window": "operation"}, Window("operation")),
        ({"day": "2020-02-29"}, Window("days", date(2020, 2, 29), date(2020, 2, 29))),
        ({"hour": "2020-02-20T07"}, Window("hour", date(2020, 2, 20), date(2020, 2, 20), 7)),
        ({"hour": "2020-02-20T07:00"}, Window("hour", date(2020, 2, 20), date(2020, 2, 20), 7)),
        (
            {"from": "2020-02-17", "to": "2020-03-29", "checkpoint": "118"},
            Window("days", date(2020, 2, 17), date(2020, 3, 29), checkpoint="118"),
        ),
    ],
)
def test_an_address_names_a_window(query: dict[str, str], window: Window) -> None:
    assert window_of(query) == window
    again = window.query | ({"checkpoint": window.checkpoint} if window.checkpoint else {})
    assert window_of(again) == window


BAD: list[dict[str, str]] = [
    {"hour": "2021-02-30T25"}, {"hour": "2021-02-28T24"}, {"hour": "2021-02-30T07"}, {"hour": "2020-02-20"},
    {"hour": "2020-02-20T7"}, {"hour": "2020-02-20T07:30"}, {"day": "2019-02-29"}, {"day": "20200220"},
    {"day": "2020-02-20T00"}, {"day": "-2020-02-20"}, {"day": "2020-W08-4"}, {"day": "../../etc"}, {"day": ""},
    {"day": "2020-02-20\n"}, {"day": "٢٠٢٠-٠٢-٢٠"}, {"day": "0000-01-01"}, {"from": "2020-02-20"}, {"to": "2020-02-20"},
    {"from": "2020-02-21", "to": "2020-02-20"}, {"from": "2020-02-20", "to": "2020-02-20", "day": "2020-02-20"},
    {"window": "all"}, {"window": "operation", "day": "2020-02-20"}, {"checkpoint": "../101"}, {"checkpoint": "0101"},
    {"checkpoint": "1"}, {"checkpoint": "101 or 1=1"}, {"limit": "999999999999"}, {"day": "2020-02-20", "limit": "1"},
    {"hour": "99999-02-20T07"}, {"lang": "en", "debug": "1"},
]  # fmt: skip


@pytest.mark.parametrize("query", BAD, ids=str)
def test_what_names_no_window_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(NoSuchWindow):
        window_of(query)


def test_a_window_has_an_end() -> None:
    with pytest.raises(WindowTooLong):
        window_of({"from": "2010-01-01", "to": "2020-01-01"})
    with pytest.raises(WindowTooLong):
        window_of({"from": "0001-01-01", "to": "9999-12-31"})


def in_file(made: Made, key: str) -> Any:
    found = made.store.read(key)
    assert found
    return json.loads(found.content)


def test_days_are_the_sum_of_their_files(made: Made) -> None:
    numbers = Numbers(made.store)
    latest = numbers.latest()
    shown = numbers.of(window_of({"from": "2020-02-20", "to": "2020-02-22"}), latest)
    assert len(shown.files) == 3
    assert shown.summary.city.travellers == sum(in_file(made, each.key)["city"]["travellers"] for each in shown.files)
    (alone,) = numbers.of(window_of({"day": "2020-02-21"}), latest).files
    assert alone == shown.files[1]
    hours = [numbers.of(window_of({"hour": f"2020-02-21T{hour:02d}"}), latest) for hour in range(24)]
    assert sum(each.summary.passages_read for each in hours) == in_file(made, alone.key)["passages_read"]


GAPS: list[dict[str, str]] = [
    {"day": "2020-02-16"}, {"from": "2020-02-16", "to": "2020-02-18"}, {"day": "2031-01-01"}, {"hour": "2020-02-16T12"},
]  # fmt: skip


@pytest.mark.parametrize("query", GAPS, ids=str)
def test_a_window_without_one_of_its_days_is_no_smaller_number_but_none(made: Made, query: dict[str, str]) -> None:
    numbers = Numbers(made.store)
    with pytest.raises(NotFinal) as refused:
        numbers.of(window_of(query), numbers.latest())
    named = query.get("day") or query.get("from") or query["hour"].replace("T", " ") + ":00"
    assert refused.value.missing == (named,), "and which one is said"


AFTERNOON = datetime(2020, 3, 1, 6, 37, tzinfo=UTC)
"""14:37 of the last day in the city; final up to 14:00."""


def test_the_day_that_is_not_over_is_shown_as_far_as_it_is_final() -> None:
    numbers = Numbers(fortnight.summaries(1 / 200, now=AFTERNOON).store)
    latest = numbers.latest()
    today = numbers.of(window_of({"day": "2020-03-01"}), latest)
    assert (today.summary.window, today.summary.ends) == ("today", "2020-03-01T06:00:00.000Z")
    assert [today.published(form) is not None for form in FORMS] == [True, True, False, False], "no report is made yet"
    days = numbers.of(window_of({"from": "2020-02-28", "to": "2020-03-01"}), latest)
    assert (days.summary.window, days.summary.ends) == ("days", today.summary.ends)
    assert days.files[-1] == today.files[0]
    assert {days.published(form) for form in FORMS} == {None}
    with pytest.raises(NotFinal) as refused:
        numbers.of(window_of({"from": "2020-02-28", "to": "2020-03-02"}), latest)
    assert refused.value.missing == ("2020-03-02",)


def test_a_window_of_too_many_bytes_is_refused(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.command.numbers.MOST_BYTES", 100_000)
    numbers = Numbers(made.store)
    assert numbers.of(window_of({"day": "2020-02-21"}), numbers.latest())
    with pytest.raises(WindowTooLong):
        numbers.of(window_of({"from": "2020-02-18", "to": "2020-02-29"}), numbers.latest())


def test_a_file_that_is_not_what_it_is_named_as_is_not_shown(made: Made) -> None:
    numbers = Numbers(made.store)
    latest = numbers.latest()
    broken = structs.replace(latest, days=tuple(structs.replace(day, digest="0" * 64) for day in latest.days))
    with pytest.raises(FileDamaged):
        numbers.of(window_of({"day": "2020-02-21"}), broken)


@pytest.mark.parametrize("name", ["settings/v1/current.json", "summaries/v1/../../x", "summaries/v1/now.json/", ""])
def test_only_files_of_the_layout_are_read(made: Made, name: str) -> None:
    with pytest.raises(NotPublished):
        Numbers(made.store).file(name)
