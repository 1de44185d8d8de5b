"""The page: every number on it stands in the source it names, nothing in it runs, everybody can read it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec import structs

from chalicelib.passage.hour import moment, stamp
from chalicelib.summary import charts
from chalicelib.summary.counting import Counts
from chalicelib.summary.document import Reference, encode
from chalicelib.summary.report import HOURS, SHOWN, Report
from chalicelib.summary.report.checkpoints import LINE
from chalicelib.summary.report.page import page
from chalicelib.summary.report.shares import TOP
from chalicelib.summary.trend import Usual
from tests.summary import reported
from tests.summary.test_workbook import HOSTILE, named

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DAY = date(2020, 2, 29)


class Reading(HTMLParser):
    """What stands on a page: its numbers with their places, its other text, and its elements."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.numbers: list[tuple[dict[str, str | None], str]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._data: dict[str, str | None] | None = None
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "data":
            self._data = dict(attrs)
            self.numbers.append((self._data, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "data":
            self._data = None

    def handle_data(self, text: str) -> None:
        if self._data is not None:
            attributes, before = self.numbers.pop()
            self.numbers.append((attributes, before + text))
        else:
            self.text += text


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    today = reported.report()
    summary = today.summary
    empty = structs.replace(
        summary,
        passages_read=0,
        city=Counts(),
        checkpoints={
            each: structs.replace(there, state="silent", since=summary.begins, counts=Counts())
            for each, there in summary.checkpoints.items()
        },
    )
    alone = structs.replace(summary, checkpoints={"101": summary.checkpoints["101"]})
    names = summary
    for checkpoint, name in zip(sorted(summary.checkpoints), HOSTILE, strict=False):
        names = named(names, checkpoint, name)
    many = structs.replace(
        summary, checkpoints={str(10_000 + n): summary.checkpoints[str(101 + n % 18)] for n in range(10_000)}
    )
    trend = today.trend
    assert trend
    days = [
        structs.replace(day, state="missing", city=None, checkpoints={}) if at == 4 else
        structs.replace(day, state="partial") if at == 0 else day
        for at, day in enumerate(trend.days)
    ]  # fmt: skip
    return {
        "today": today,
        "whole": reported.report(day=DAY),
        "first hour": Report(summary=summary, source=today.source),
        "empty": Report(summary=empty, source=today.source, before=today.before),
        "one checkpoint": structs.replace(today, summary=alone),
        "hostile names": structs.replace(today, summary=names),
        "10,000 checkpoints": structs.replace(today, summary=many),
        "missing days": structs.replace(today, trend=structs.replace(trend, days=tuple(days)), before=()),
        "revision": structs.replace(reported.report(day=DAY), summary=structs.replace(
            reported.report(day=DAY).summary, revision=2, late=3)),
    }  # fmt: skip


CASES = ("today", "whole", "first hour", "empty", "one checkpoint", "hostile names", "10,000 checkpoints",
         "missing days", "revision")  # fmt: skip


def source_of(report: Report, number: str) -> Any:
    """What the source of that number at the page's foot holds, as plain JSON."""
    reference = report.sources[int(number)]
    content: Any = {report.source: report.summary, report.trend_source: report.trend}.get(reference)
    if content is None and report.operation and reference == report.operation.source:
        content = report.operation.content
    if content is None:
        content = next(each.content for each in report.before if each.source == reference)
    return msgspec.json.decode(encode(content))


@pytest.mark.parametrize("case", CASES)
def test_every_number_stands_in_the_source_that_it_names(reports: dict[str, Report], case: str) -> None:
    report = reports[case]
    sources: dict[str, Any] = {}
    read = Reading(page(report))
    traced = 0
    for attributes, text in read.numbers:
        value, at = attributes["value"], attributes.get("data-at")
        assert value is not None
        if "%" not in text:
            assert text.replace(",", "").lstrip("+±").replace("−", "-") == value.removesuffix(".0")
        if at is None:
            assert attributes["data-by"], text
            continue
        number, _, path = at.partition("/")
        if number not in sources:
            sources[number] = source_of(report, number)
        there = sources[number]
        for step in path.split("/"):
            there = there[int(step)] if isinstance(there, list) else there.get(step, {})
        assert (there or 0) == int(value), at  # where nobody came in an hour, it is not listed
        traced += 1
    assert traced > (4 if case == "empty" else 80)


@pytest.mark.parametrize("case", CASES)
def test_what_is_worked_out_is_worked_out_rightly(reports: dict[str, Report], case: str) -> None:
    report = reports[case]
    found = {attributes.get("data-by"): attributes["value"] for attributes, _ in Reading(page(report)).numbers}
    summary = report.summary
    unusual = {alarm.checkpoint for alarm in report.alarms if alarm.kind == "silence"}
    silent = sum(there.state == "silent" or each in unusual for each, there in summary.checkpoints.items())
    assert found["checkpoints silent"] == str(silent)
    assert found["checkpoints"] == str(len(summary.checkpoints))
    if report.before and not report.whole:
        hours = HOURS[: report.hours]
        yesterday = report.before[0].content.city.by["traveller_by_hour"]
        assert found[f"yesterday traveller_by_hour to {report.hours}"] == str(sum(yesterday.get(h, 0) for h in hours))
        sums = [sum(each.content.city.by["traveller_by_hour"].get(h, 0) for h in hours) for each in report.before]
        assert float(found["mean travellers"] or "") == pytest.approx(sum(sums) / len(sums), abs=0.0501)
    if report.before:
        fevers = [each.content.city.fever for each in report.before]
        assert float(found["mean fever"] or "") == pytest.approx(sum(fevers) / len(fevers), abs=0.0501)
    for name in ("origin_city", "origin_province", "township"):
        numbers = sorted(summary.city.by.get(name, {}).values(), reverse=True)
        if len(numbers) > TOP:
            assert found[f"rest of {name}"] == str(sum(numbers[TOP:]))


def test_every_count_of_the_city_and_every_checkpoint_is_on_the_page(reports: dict[str, Report]) -> None:
    report = reports["today"]
    found = {attributes.get("data-at") for attributes, _ in Reading(page(report)).numbers}
    city = report.summary.city
    for name in ("vehicles", "travellers", "from_key_regions", "key_region_stay", "fever"):
        assert f"0/city/{name}" in found
    for name in ("vehicle", "purpose", "symptom", "temperature", "document"):
        assert {f"0/city/by/{name}/{code}" for code in city.by[name]} <= found
    for checkpoint, there in report.summary.checkpoints.items():
        assert (f"0/checkpoints/{checkpoint}/counts/travellers" in found) == (there.state == "counted")
    assert report.trend
    assert {f"2/days/{at}/city/counts/travellers" for at in range(len(report.trend.days))} <= found


@pytest.mark.parametrize("case", CASES)
def test_nothing_in_it_runs_or_is_fetched(reports: dict[str, Report], case: str) -> None:
    content = page(reports[case])
    read = Reading(content)
    for tag, attributes in read.elements:
        assert tag not in ("script", "link", "iframe", "object", "img", "form", "base", "a")
        assert not {name for name in attributes if name in ("src", "href", "style") or name.startswith("on")}
    assert b"url(" not in content
    assert "hostile" not in case or "<script>alert(1)</script>" in read.text
    assert page(reports[case]) == content


def test_it_says_what_it_is_worth(reports: dict[str, Report]) -> None:
    said = {case: re.sub(r"\s+", " ", Reading(page(report)).text) for case, report in reports.items()}
    assert (
        "最终数据，截至 03-01 14:00，之后的登记未计入；02-29 数据已于 03-01 00:02 与数据表核对：一致。" in said["today"]
    )
    assert "本日数据已于 03-01 00:02 与数据表核对：一致。" in said["whole"]
    assert "尚未与数据表核对" in said["first hour"]
    assert "尚无完整的一天" in said["first hour"]
    assert "第 2 次修订，比前一修订多 3 条登记" in said["revision"]
    assert "2020-02-17 不满一天 Part of a day；2020-02-21 缺 Missing" in said["missing days"]
    assert "无登记不等于无人" in said["empty"]
    found = reported.report().reconciliation
    assert found
    unequal = structs.replace(reports["today"], reconciliation=structs.replace(found, equal=False))
    assert "不一致，须查" in Reading(page(unequal)).text


def said(report: Report) -> str:
    return re.sub(r"\s+", " ", Reading(page(report)).text)


def test_part_of_a_day_beside_whole_ones_says_so(reports: dict[str, Report]) -> None:
    today, whole = said(reports["today"]), said(reports["whole"])
    for words in ("前7日全天均值 mean of 7 whole days", "昨日全天 yesterday, whole day"):
        assert today.count(words) == 3, "vehicles, key regions, fever: no summary tells their hours"
        assert words not in whole
    assert "前7日同时段均值 mean of 7 days, same hours" in today
    assert "昨日全天人员 All of yesterday" in today
    assert "前7日均值" not in today
    assert whole.count("前7日均值 mean, 7 days before") == 4
    assert "前一日人员 Day before" in whole
    trend = reports["today"].trend
    assert trend
    *days, last = trend.days
    part = structs.replace(trend, days=(*days, structs.replace(last, state="partial")))
    assert "昨日人员（不满一天） Yesterday (part of a day)" in said(structs.replace(reports["today"], trend=part))


@pytest.mark.parametrize("days", [1, 2, 6, 7, 13])
def test_a_mean_says_of_how_many_days_it_is_and_of_one_day_there_is_none(reports: dict[str, Report], days: int) -> None:
    today = reports["today"]
    assert today.trend
    shown = structs.replace(today.trend, days=today.trend.days[:days])
    text = said(structs.replace(today, trend=shown, before=today.before[:days]))
    of = min(days, 7)
    if of == 1:
        assert not re.search(r"均值|\bmean\b", text, re.IGNORECASE)
        return
    assert f"前{of}日全天均值 mean of {of} whole days" in text
    assert f"前{of}日同时段均值" in text
    assert f"前{of}日登记均值" in text
    title = f"至多{of}日均值 Travellers a day and their mean of up to {of} days" if of > 2 else "2日均值"
    assert any(
        title in (told.get("aria-label") or "")
        for _, told in Reading(page(structs.replace(today, trend=shown))).elements
    )


def test_the_days_of_each_mean_stand_beside_it(reports: dict[str, Report]) -> None:
    found = {told.get("data-at"): told["value"] for told, _ in Reading(page(reports["today"])).numbers}
    assert [found[f"2/days/{at}/city/week/days"] for at in range(13)] == [*"1234567", *"777777"]


def drawn_again(content: bytes) -> Iterator[tuple[str, str]]:
    """Each line of the table of days by checkpoint: whose it is, and the small chart of its numbers."""
    table = content.decode().partition('<table class="daily">')[2].partition("</table>")[0]
    whole = [not re.search("<span", head) for head in re.findall('<th scope="col" class="n">(.*?)</th>', table)]
    for row in re.findall("<tr><th scope=.row.>(.*?)</tr>", table, re.DOTALL):
        cells = re.findall('<td class="n">(.*?)</td>', row)
        told = [re.search('value="([0-9]+)"', cell) for cell in cells]
        values = [int(each[1]) if each and known else None for each, known in zip(told, whole, strict=True)]
        yield row.split()[0], charts.spark(values) if any(value is not None for value in values) else ""


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("first hour", "empty")])
def test_each_small_chart_has_its_table(reports: dict[str, Report], case: str) -> None:
    report = reports[case]
    content = page(report)
    found = {told.get("data-at") for told, _ in Reading(content).numbers}
    again = dict(drawn_again(content))
    assert len(again) == min(len(report.summary.checkpoints), SHOWN)
    assert {each for each in again.values() if each} == set(
        re.findall('<td class="spark">(<svg.*?</svg>)', content.decode())
    )
    assert report.trend
    first = len(report.trend.days) - LINE
    for checkpoint in again:
        for at, day in enumerate(report.trend.days):
            there = day.checkpoints.get(checkpoint)
            known = there is not None and there.state == "counted" and at >= first
            path = f"2/days/{at}/checkpoints/{checkpoint}/counts/travellers"
            assert (path in found) == known, path


def test_part_of_a_day_says_so(reports: dict[str, Report]) -> None:
    report = reports["whole"]
    begins = stamp(moment(report.summary.begins) + timedelta(hours=9))
    half = structs.replace(report, summary=structs.replace(report.summary, begins=begins))
    text = Reading(page(half)).text
    assert "行动自 09:00 开始，当日不满一天" in text
    assert "09:00–24:00" in text


def test_ten_thousand_checkpoints_stay_readable(reports: dict[str, Report]) -> None:
    report = reports["10,000 checkpoints"]
    content = page(report)
    assert len(content) < 300_000
    found = {attributes.get("data-by"): attributes["value"] for attributes, _ in Reading(content).numbers}
    assert found["checkpoints not shown"] == str(10_000 - SHOWN)


def hushed(report: Report, silent: int, many: int = 300) -> Report:
    """With so many checkpoints, so many of which are silent, and not unusually."""
    listed = sorted(report.summary.checkpoints.items())
    counted = [each for _, each in listed if each.state == "counted"]
    quiet = structs.replace(counted[0], state="silent", since=report.summary.ends, counts=Counts())
    found = {str(1001 + at): quiet if at >= many - silent else counted[at % len(counted)] for at in range(many)}
    return structs.replace(report, summary=structs.replace(report.summary, checkpoints=found))


@pytest.mark.parametrize(("silent", "where"), [(16, "12 个，见下表"), (60, "56 个，见下表"), (61, "57 个，见工作簿")])
def test_the_silent_are_shown_before_the_busiest_and_it_says_where_the_rest_are(
    reports: dict[str, Report], silent: int, where: str
) -> None:
    report = hushed(reports["today"], silent)
    assert not [alarm for alarm in report.alarms if alarm.kind == "silence"]
    text = page(report).decode()
    table = text.partition('<table class="checkpoints">')[2].partition("</table>")[0]
    looks = re.findall(r'<tr class="(\w+)"><td>', table)
    rest = SHOWN - min(silent, SHOWN)
    assert [looks.count(look) for look in ("silent", "counted", "rest")] == [min(silent, SHOWN), rest, 1]
    assert f"另 {where}" in text
    by = {str(number): there.counts.travellers for number, there in report.summary.checkpoints.items()}
    shown = re.findall(r'<tr class="counted"><td>([0-9]+)<', table)
    assert sorted(by[each] for each in shown) == sorted(by.values())[len(by) - rest :]


def test_the_unusually_silent_are_shown_before_all_others(reports: dict[str, Report]) -> None:
    report = hushed(reports["today"], SHOWN + 10)
    assert report.trend
    trend = structs.replace(report.trend, usual={"1200": Usual(7, (70_000,) * 24)})
    table = page(structs.replace(report, trend=trend)).decode().partition('<table class="checkpoints">')[2]
    assert '<tr class="counted alarming"><td>1200<' in table
    assert table.count('<tr class="silent">') == SHOWN - 1


def test_all_its_sources_are_at_its_foot(reports: dict[str, Report]) -> None:
    report = reports["today"]
    text = Reading(page(report)).text
    assert len(report.sources) == 11
    for each in report.sources:
        assert isinstance(each, Reference)
        assert each.key in text
        assert each.digest in text


@pytest.mark.parametrize("case", CASES)
def test_axe_finds_nothing_and_nothing_sticks_out(
    reports: dict[str, Report], case: str, browser: Browser, tmp_path: Path
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    folder = Path(os.environ.get("KAKOU_PICTURES") or tmp_path)
    content = page(reports[case])
    # axe is a script, which the page's own policy forbids.
    (tmp_path / "page.html").write_bytes(re.sub(rb"<meta http-equiv[^>]*>", b"", content))
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.goto(f"file://{tmp_path}/page.html")
    opened.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found = Axe().run(opened)
    assert not found.response["violations"], found.generate_report()
    name = f"report-{case.replace(' ', '-').replace(',', '')}"
    opened.screenshot(path=folder / f"{name}-open.png", full_page=True)
    for width in (1280, 360):
        opened.set_viewport_size({"width": width, "height": 740})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.evaluate("for (const each of document.querySelectorAll('details')) each.open = false")
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.screenshot(path=folder / f"{name}.png", full_page=True)
    if case in ("today", "whole"):
        opened.pdf(path=folder / f"{name}.pdf", prefer_css_page_size=True, print_background=True)
        import pypdfium2

        for at, sheet in enumerate(pypdfium2.PdfDocument(folder / f"{name}.pdf")):
            sheet.render(scale=1.5).to_pil().save(folder / f"{name}-a4-{at + 1}.png")
    opened.close()
