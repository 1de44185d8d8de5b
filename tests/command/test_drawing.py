"""Files of windows that have none published: each holds exactly the numbers that the page shows."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime

import jsonschema
import openpyxl
import pytest

from chalicelib.command import drawing
from chalicelib.command.numbers import Numbers, Shown, Window, window_of
from chalicelib.summary.document import decode, digest, encode, merged
from chalicelib.summary.report import TooManyRows
from chalicelib.summary.schema import schemas
from tests.summary import fortnight

AT = datetime(2020, 3, 1, 6, 37, tzinfo=UTC)

WINDOWS = [
    {"hour": "2020-02-20T15"},
    {"hour": "2020-02-20T23"},
    {"from": "2020-02-20", "to": "2020-02-22"},
    {"from": "2020-02-28", "to": "2020-03-01"},
    {"window": "operation"},
]


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    return Numbers(fortnight.summaries(1 / 200, now=AT).store)


def shown(numbers: Numbers, query: dict[str, str]) -> tuple[Window, Shown]:
    window = window_of(query)
    return window, numbers.of(window, numbers.latest())


def draw(numbers: Numbers, query: dict[str, str], form: str) -> bytes:
    return drawing.drawn(form, *shown(numbers, query), numbers.latest(), numbers)


@pytest.mark.parametrize("query", [*WINDOWS, {"day": "2020-02-20"}, {"day": "2020-03-01"}], ids=str)
def test_each_form_has_the_numbers_of_the_window(numbers: Numbers, query: dict[str, str]) -> None:
    _, there = shown(numbers, query)
    city = there.summary.city
    made = {form: draw(numbers, query, form) for form in drawing.FORMS}
    assert made == {form: draw(numbers, query, form) for form in drawing.FORMS}, "the same, the same bytes"
    assert decode(made["json"]) == there.summary
    schema = json.loads(schemas()["kakou.summary.v1"])
    jsonschema.validate(json.loads(made["json"]), schema, jsonschema.Draft202012Validator)

    rows = list(csv.DictReader(io.StringIO(made["csv"].decode("utf-8-sig"))))
    total = {row["code"]: int(row["count"]) for row in rows if (row["checkpoint"], row["subject"]) == ("city", "total")}
    assert total["travellers"] == city.travellers
    assert {row["checkpoint"] for row in rows} == {"city", *there.summary.checkpoints}, "each checkpoint is in it"

    book = openpyxl.load_workbook(io.BytesIO(made["xlsx"]), read_only=True)
    assert {row[0]: row[4] for row in book["概况"].iter_rows(values_only=True)}["travellers"] == city.travellers
    listed = {row[0] for row in book["卡口"].iter_rows(min_row=2, values_only=True)}
    assert listed == set(there.summary.checkpoints)

    page = made["html"].decode()
    assert f'value="{city.travellers}" data-at="0/city/travellers"' in page
    for each in there.files:
        assert f"{each.key}" in page, "each file that it was made of is at its foot"
        assert f"{each.digest}" in page


def test_the_sum_of_days_is_canonical_and_names_what_it_was_merged_from(numbers: Numbers) -> None:
    query = {"from": "2020-02-20", "to": "2020-02-22"}
    _, there = shown(numbers, query)
    content = draw(numbers, query, "json")
    days = {each.key: each for each in numbers.latest().days}
    assert [each.key[17:27] for each in there.summary.merged_from] == ["2020/02/20", "2020/02/21", "2020/02/22"]
    assert all(days[each.key].digest == each.digest for each in there.summary.merged_from)
    parts = [numbers.load(each, decode) for each in there.summary.merged_from]
    assert content == encode(merged("days", parts, there.summary.merged_from))
    assert digest(content) in draw(numbers, query, "html").decode(), "and the report is of that very file"


@pytest.mark.parametrize("query", WINDOWS, ids=str)
def test_a_report_of_no_day_compares_with_no_day(numbers: Numbers, query: dict[str, str]) -> None:
    page = draw(numbers, query, "html").decode()
    assert not re.search("昨日|前一日|今日|当日[车人]|日报|尚未与", page)
    assert "day before" not in page
    assert "the operation began" not in page
    book = openpyxl.load_workbook(io.BytesIO(draw(numbers, query, "xlsx")), read_only=True)
    hours = list(book["时段"].iter_rows(min_row=2, values_only=True))
    assert {row[3] for row in hours} == {None}
    known = [str(row[0])[:2] for row in hours if row[1] is not None]
    assert known == ([query["hour"][-2:]] if "hour" in query else [f"{hour:02d}" for hour in range(24)])
    alarms = {row[1] for row in book["预警"].iter_rows(min_row=2, values_only=True)}
    assert "Fever spike" not in alarms, "fever of many days is not set against a day's"


def test_a_report_says_which_window_it_is_of(numbers: Numbers) -> None:
    hour = draw(numbers, {"hour": "2020-02-20T15"}, "html").decode()
    assert "2020年2月20日 星期四 15:00–16:00" in hour
    assert "最终数据，02-20 15:00 至 16:00" in hour or "最终数据，02-20 15:00 至 02-20 16:00" in hour
    days = draw(numbers, {"from": "2020-02-20", "to": "2020-02-22"}, "html").decode()
    assert "2020年2月20日 00:00 至 2月22日 24:00" in days
    assert "各日同一时段相加" in days


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"hour": "2020-02-20T15"}, "kakou-2020-02-20T15.csv"),
        ({"from": "2020-02-20", "to": "2020-02-22"}, "kakou-2020-02-20-to-2020-02-22.csv"),
        ({"from": "2020-02-28", "to": "2020-03-01"}, "kakou-2020-02-28-to-2020-03-01-until-2020-03-01T14.csv"),
        ({"window": "operation"}, "kakou-operation-until-2020-03-01T14.csv"),
    ],
)
def test_it_is_saved_under_the_name_of_its_window(numbers: Numbers, query: dict[str, str], name: str) -> None:
    assert drawing.name(*shown(numbers, query), "csv") == name


def test_a_workbook_that_cannot_be_whole_is_not_made(numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MOST_CELLS", 1_000)
    query = {"window": "operation"}
    with pytest.raises(TooManyRows):
        draw(numbers, query, "xlsx")
    assert draw(numbers, query, "csv").count(b"\n") > 1_000
