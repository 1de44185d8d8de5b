"""The reports beside the summaries: named by `latest`, written once, healed, fetched; they hold up nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import openpyxl
import pytest

from chalicelib.passage.hour import Hour
from chalicelib.summary import layout, reporting
from chalicelib.summary.bucket import SummaryBucket
from chalicelib.summary.document import digest, encode
from chalicelib.summary.fetching import fetch
from chalicelib.summary.pointers import Reported
from chalicelib.summary.report import Report, TooManyRows
from chalicelib.summary.report.page import page
from chalicelib.summary.report.workbook import workbook
from chalicelib.summary.reporting import MOST, Drawing
from chalicelib.summary.run import summarise
from tests.simulation.fate import Crash
from tests.summary.town import Mishaps, Town, crash_after, crash_before

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENING = Hour(datetime(2020, 2, 10, 13, tzinfo=UTC))
"""21:00 in Asia/Shanghai: three hours before its midnight."""


def plain(report: Report) -> bytes:
    """A drawing that costs nothing: what the report is made of."""
    return b"\n".join([report.summary.window.encode(), *(encode(each) for each in report.sources)])


PLAIN: Drawing = {"html": plain, "xlsx": lambda report: b"PK" + plain(report)}


def town(hours: int = 30) -> Town:
    made = Town(EVENING)
    made.busy(Hour(EVENING.start + timedelta(hours=hours)))
    return made


def run(made: Town, hours: float, drawing: Drawing = PLAIN, client: Any = None) -> None:
    store = SummaryBucket(cast("S3Client", client or made.s3), "b", sleep=lambda _: None)
    now = EVENING.start + timedelta(hours=hours)
    summarise(made.passages, store, made.settings, now, workers=1, drawing=drawing)


def reported(made: Town) -> list[Reported]:
    latest = made.latest
    return [*latest.days, *([latest.today] if latest.today else [])]


def check(made: Town) -> None:
    """Every report that `latest` names is there, beside its summary."""
    for each in reported(made):
        for kind, there in (("html", each.html), ("xlsx", each.xlsx)):
            if there:
                assert there.key == layout.report_key(each.key, kind)
                assert layout.is_file(there.key)
                assert digest(made.file(there.key)) == there.digest


def test_each_day_and_today_have_a_report_that_names_what_it_shows() -> None:
    made = town()
    run(made, 29.5)
    check(made)
    for each in reported(made):
        assert each.html
        assert each.xlsx
        assert encode(type(each.html)(each.key, each.digest)) in made.file(each.html.key)
    latest = made.latest
    assert latest.reconciled
    assert latest.days[-1].html
    assert latest.reconciled.key.encode() in made.file(latest.days[-1].html.key)


def test_the_real_ones_hold_the_days_numbers() -> None:
    made = town()
    run(made, 29.5, {"html": page, "xlsx": workbook})
    day = made.latest.days[-1]
    assert day.html
    assert day.xlsx
    travellers = made.summary(day.key).city.travellers
    assert f'value="{travellers}" data-at="0/city/travellers"'.encode() in made.file(day.html.key)
    book = openpyxl.load_workbook(io.BytesIO(made.file(day.xlsx.key)))
    assert {row[0].value: row[4].value for row in book["概况"].iter_rows()}["travellers"] == travellers


def test_a_report_is_made_once() -> None:
    made = town()
    run(made, 29.5)
    drawn: list[str] = []

    def noting(report: Report) -> bytes:
        drawn.append(report.source.key)
        return plain(report)

    before = made.files()
    run(made, 29.6, {"html": noting, "xlsx": noting})
    assert not drawn
    assert made.files() == before


def test_a_revision_has_a_report_of_its_own_and_the_old_one_stays() -> None:
    made = town(3)
    run(made, 3.1)
    (first,) = made.latest.days
    made.register("101", EVENING.start + timedelta(hours=2, minutes=5))
    run(made, 3.2)
    (second,) = made.latest.days
    assert first.html
    assert second.html
    assert (first.html.key[-9:], second.html.key[-9:]) == ("r001.html", "r002.html")
    assert digest(made.file(first.html.key)) == first.html.digest
    check(made)


def test_what_is_missing_after_an_outage_is_made_a_few_at_a_time_the_newest_first() -> None:
    made = town(24 * 6)
    made.run(EVENING.start + timedelta(days=6, minutes=5))
    assert not any(each.html for each in reported(made))
    lacking = len(reported(made))
    for again in range(1, 4):
        run(made, 24 * 6 + 0.1 + again / 60)
        there = [each.html is not None for each in reported(made)]
        assert there == [at >= lacking - MOST * again for at in range(lacking)]
        check(made)
    assert all(there)


@pytest.mark.parametrize("befall", [crash_before, crash_after])
def test_killed_at_any_of_its_writes_the_next_run_goes_on(befall: Callable[[Callable[[], Any]], Any]) -> None:
    wanted = town(4)
    run(wanted, 4.1)
    for at in range(200):
        made = town(4)
        mishaps = Mishaps(made.s3, at, befall)
        try:
            run(made, 4.1, client=mishaps)
        except Crash:
            run(made, 4.1)
        if mishaps.calls <= at:
            break
        check(made)
        assert all(each.html and each.xlsx for each in reported(made))
        assert made.latest.totals == wanted.latest.totals
    assert at > 20


def test_a_run_makes_no_second_report_after_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "ROWS", 1)
    made = town()
    for again in range(1, 4):
        run(made, 29.5 + again / 60)
        assert [each.html is not None for each in reported(made)] == [at >= 3 - again for at in range(3)]


def test_what_another_run_wrote_stands_and_is_named_as_it_is() -> None:
    made = town(3)
    made.run(EVENING.start + timedelta(hours=3.1))
    (day,) = made.latest.days
    for kind in PLAIN:
        made.s3.put_object(Bucket="b", Key=layout.report_key(day.key, kind), Body=b"of an older trend")
    run(made, 3.2)
    (day,) = made.latest.days
    assert day.html
    assert made.file(day.html.key) == b"of an older trend"
    check(made)


def test_one_that_fails_holds_up_no_other_and_is_seen() -> None:
    made = town()

    def failing(report: Report) -> bytes:
        if report.summary.window == "today":
            raise ZeroDivisionError
        return plain(report)

    with pytest.raises(ZeroDivisionError):
        run(made, 29.5, {"html": failing, "xlsx": plain})
    assert made.now.totals.passages
    assert made.latest.days[-1].html
    assert made.latest.today
    assert made.latest.today.html is None
    run(made, 29.6)
    assert made.latest.today.html


def test_a_workbook_that_cannot_hold_all_is_left_out_and_not_tried_again() -> None:
    tried: list[str] = []

    def refusing(report: Report) -> bytes:
        tried.append(report.source.key)
        raise TooManyRows

    made = town(3)
    run(made, 3.1, {"html": plain, "xlsx": refusing})
    run(made, 3.2, {"html": plain, "xlsx": refusing})
    (day,) = made.latest.days
    assert day.html
    assert day.xlsx is None
    assert tried == [day.key]


def test_fetching_brings_the_reports(tmp_path: Path) -> None:
    made = town()
    run(made, 29.5)
    fetch(SummaryBucket(cast("S3Client", made.s3), "b"), tmp_path)
    for each in reported(made):
        for there in (each.html, each.xlsx):
            assert there
            assert digest((tmp_path / there.key.removeprefix(layout.ROOT)).read_bytes()) == there.digest
