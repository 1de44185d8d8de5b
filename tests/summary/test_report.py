"""What a report is set beside, and what it says of that: checks, silence, days that are no match."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec import structs

from chalicelib.passage.hour import moment, stamp
from chalicelib.summary import layout
from chalicelib.summary.counting import Counts
from chalicelib.summary.document import Reference
from chalicelib.summary.reconciliation import Compared, decode_reconciliation
from chalicelib.summary.report import Beside, CityNumbers, Differing, LastPassage, LastSeen, Report
from chalicelib.summary.report.page import page
from chalicelib.summary.report.sentences import clock, completeness
from chalicelib.summary.reporting import report_of
from tests.summary import reported

DAY = date(2020, 2, 29)


@pytest.fixture(scope="module")
def today() -> Report:
    return reported.report()


@pytest.fixture(scope="module")
def whole() -> Report:
    return reported.report(day=DAY)


def load(reference: Reference, decoder: Any) -> Any:
    stored = reported.made().store.read(reference.key)
    assert stored
    return decoder(stored.content)


def of(day: date, **changed: Any) -> Report:
    """The report of a whole day, as `latest` stands, or is `changed`."""
    latest = structs.replace(reported.made().latest, **changed)
    return report_of(latest, next(each for each in latest.days if layout.day_of(each.key) == day), load)


def city(beside: Beside, **changed: Any) -> Beside:
    return structs.replace(beside, content=structs.replace(beside.content, **changed))


def test_a_day_names_its_own_check_and_every_difference_that_stands() -> None:
    latest = reported.made().latest
    checks = [structs.replace(each, equal=layout.day_of(each.day.key) != date(2020, 2, 21)) for each in latest.checks]
    earlier = of(date(2020, 2, 21), checks=tuple(checks))
    assert earlier.reconciliation
    assert earlier.reconciliation.date == "2020-02-21"
    assert earlier.differing == ()
    later = of(DAY, checks=tuple(checks))
    assert later.reconciliation
    assert later.reconciliation.date == "2020-02-29"
    assert [each.content.date for each in later.differing] == ["2020-02-21"]
    assert later.differing[0].source in later.sources


def test_a_difference_of_another_day_is_an_alarm_and_in_the_sentence(whole: Report) -> None:
    found = reported.made().latest.checks[0]
    other = load(found, decode_reconciliation)
    other = structs.replace(other, equal=False, city=other.city | {"passages": Compared(5, 6, 1)})
    report = structs.replace(whole, differing=(Differing(other, Reference(found.key, found.digest)),))
    alarm = next(each for each in report.alarms if each.kind == "reconciliation_differs")
    assert (alarm.code, alarm.value, alarm.expected) == ("passages", 6, 5)
    assert f"{layout.day_of(found.day.key):%m-%d} 数据与数据表不一致，须查" in completeness(report).zh
    assert "NOT equal to the table" in completeness(report).en
    assert "NOT" not in completeness(whole).en
    assert found.key in page(report).decode()


def silent_today(report: Report, checkpoint: str, last: str | None) -> Report:
    """As if the last passage at `checkpoint` had been `last`, before the window."""
    there = structs.replace(
        report.summary.checkpoints[checkpoint], state="silent", since=report.summary.begins, counts=Counts()
    )
    summary = structs.replace(report.summary, checkpoints=report.summary.checkpoints | {checkpoint: there})
    assert report.operation
    seen = {checkpoint: LastSeen(LastPassage(last))}
    before = tuple(city(each, checkpoints={}) for each in report.before)
    return structs.replace(report, summary=summary, operation=city(report.operation, checkpoints=seen), before=before)


def test_silence_does_not_begin_at_midnight(today: Report) -> None:
    assert today.trend
    busy = max(today.trend.usual, key=lambda each: sum(today.trend.usual[each].passages))  # type: ignore[union-attr]
    many = structs.replace(today.trend.usual[busy], passages=(50,) * 24)
    today = structs.replace(today, trend=structs.replace(today.trend, usual=today.trend.usual | {busy: many}))
    noon = stamp(moment(today.summary.begins) - timedelta(hours=12))
    report = silent_today(today, busy, noon)
    assert report.silent_since(busy) == noon
    assert [(each.checkpoint, each.since) for each in report.alarms if each.kind == "silence"] == [(busy, noon)]
    assert f"{clock(noon)} 起" in page(report).decode()
    assert silent_today(today, busy, None).silent_since(busy) == today.summary.begins
    later = stamp(moment(today.summary.ends) + timedelta(hours=1))
    assert silent_today(today, busy, later).silent_since(busy) == today.summary.begins, "that is not before the window"


def test_a_checkpoint_that_opened_in_the_window_is_silent_since_then(today: Report) -> None:
    report = silent_today(today, "116", stamp(moment(today.summary.begins) - timedelta(days=3)))
    opened = stamp(moment(today.summary.begins) + timedelta(hours=2))
    there = structs.replace(report.summary.checkpoints["116"], since=opened)
    summary = structs.replace(report.summary, checkpoints=report.summary.checkpoints | {"116": there})
    assert structs.replace(report, summary=summary).silent_since("116") == opened


def test_a_day_on_which_nobody_came_is_in_no_mean_and_is_not_zero(whole: Report) -> None:
    latest = reported.made().latest
    shown = next(each for each in latest.days if layout.day_of(each.key) == DAY)
    nobody = whole.before[0]

    def with_nobody(reference: Reference, decoder: Any) -> Any:
        found = load(reference, decoder)
        if reference.key == nobody.source.key:
            return structs.replace(found, city=CityNumbers(0, 0, 0, 0, 0, 0))
        return found

    report = report_of(latest, shown, with_nobody)
    rest = [each.content.city.travellers for each in whole.before[1:]]
    assert report.week("travellers") == (sum(rest), len(rest))
    assert report.week_until_then("traveller_by_hour")[1] == len(rest)
    assert report.yesterday is None
    text = page(report).decode()
    assert f"前{len(rest)}日均值" in text
    assert f"前{len(rest) + 1}日均值" not in text


@pytest.mark.parametrize(
    ("changed", "told"), [({"key_regions_versions": (7,)}, "另一名单"), ({"fever_from": (380,)}, "另一标准")]
)
def test_days_counted_otherwise_are_no_match(whole: Report, changed: dict[str, Any], told: str) -> None:
    assert told not in page(whole).decode()
    report = structs.replace(whole, before=tuple(city(each, **changed) for each in whole.before))
    text = page(report).decode()
    assert text.count(told) == 2, "yesterday and the mean"
    assert text.count('data-by="ours less that"') == page(whole).decode().count('data-by="ours less that"') - 2


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"late": 3}, "多 3 条登记"),
        ({"late_corrections": 2}, "多 2 条更正"),
        ({"late_scans": 1}, "多 1 次扫作废码"),
        ({"reclassified_from": (1,), "key_regions_versions": (2,)}, "重点地区名单由第 1 版改为第 2 版"),
    ],
)
def test_a_revision_says_what_is_new_in_it(whole: Report, changed: dict[str, Any], told: str) -> None:
    said = completeness(structs.replace(whole, summary=structs.replace(whole.summary, revision=2, **changed)))
    assert f"第 2 次修订，比前一修订{told}；" in said.zh
    assert "0 " not in said.zh.partition("修订，")[2].partition("；")[0]


def test_what_became_usual_later_alarms_nobody_of_an_older_day() -> None:
    earlier, last = of(date(2020, 2, 25)), of(DAY)
    assert earlier.trend
    assert last.trend
    assert earlier.trend.days[-1].date == "2020-02-25"
    assert earlier.trend.usual == {}
    assert last.trend.usual
