"""The workbook: every number of the summary, every row of every table, and nothing that runs."""

from __future__ import annotations

import io
import math
import os
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from msgspec import structs
from openpyxl.utils.escape import unescape

from chalicelib.passage.hour import LOCAL, moment, stamp
from chalicelib.summary import reports
from chalicelib.summary.counting import Counts
from chalicelib.summary.document import Reference, Summary, merged
from chalicelib.summary.report import MEASURES, Report, TooManyRows
from chalicelib.summary.report import workbook as books
from chalicelib.summary.report.tables import Table, tables
from chalicelib.summary.report.words import COUNTED, SUBJECTS, UNITS
from chalicelib.summary.report.workbook import RowsLost, workbook
from chalicelib.summary.trend import Trended
from tests.summary import reported
from tests.summary.test_reports import EVENING, rows, town
from tests.summary.town import Town

DRAWN = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
EPOCH = date(1899, 12, 30)
"""From which Excel counts its days."""

HOSTILE = ("=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "<script>alert(1)</script>", "a,\"b\"\nc",
           "_x0041_", "00123456789012345678", "\U00020bb7田")  # fmt: skip


@pytest.fixture(scope="module")
def today() -> Report:
    return reported.report()


@pytest.fixture(scope="module")
def whole() -> Report:
    return reported.report(day=date(2020, 2, 29))


FRONT = ("说明", "图表")
"""The sheets that are no tables."""


def sheets(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """Sheet -> its rows, the header first, as another library reads them."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: [tuple(cell.value for cell in row) for row in sheet.iter_rows()] for sheet in book.worksheets}


def kept(content: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """Each range that a chart is drawn from, and what the chart itself keeps of it, None where it keeps no point:
    viewers that do not read the sheet, as on phones, draw that."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            if not name.startswith("xl/charts/chart"):
                continue
            for each in ElementTree.fromstring(parts.read(name)).iter():
                if each.tag in (f"{DRAWN}numRef", f"{DRAWN}strRef"):
                    count = each.find(f".//{DRAWN}ptCount")
                    assert count is not None
                    points = {point.get("idx"): point.findtext(f"{DRAWN}v") for point in each.iter(f"{DRAWN}pt")}
                    places = range(int(count.get("val", "")))
                    yield each.findtext(f"{DRAWN}f", ""), [points.get(str(at)) for at in places]


def below(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return rows[1:]


def numbers(counts: Counts) -> Counter[tuple[str, str, int]]:
    found = {("total", name, getattr(counts, name)) for name in COUNTED}
    return Counter(found | {(about, code, n) for about, by in counts.by.items() for code, n in by.items()})


@pytest.mark.parametrize("which", ["today", "whole"])
def test_every_number_of_the_summary_and_the_trend_is_in_the_workbook(
    which: str, request: pytest.FixtureRequest
) -> None:
    report: Report = request.getfixturevalue(which)
    summary = report.summary
    found = sheets(workbook(report))

    everything = below(found["全部明细"])
    parts = {"city": summary.city, **{each: there.counts for each, there in summary.checkpoints.items()}}
    for checkpoint, counts in parts.items():
        told = Counter((row[2], row[4], row[7]) for row in everything if row[0] == checkpoint and row[2] != "state")
        assert told == (numbers(counts) if counts.passages or counts.scans else Counter())  # silence is not zero
    assert {row[0] for row in everything} == set(parts)

    assert {row[0]: row[4] for row in below(found["概况"])} == {name: getattr(summary.city, name) for name in COUNTED}
    for name, title in (("origin", "来源县区"), ("origin_city", "来源城市"), ("origin_province", "来源省份"),
                        ("township", "目的乡镇")):  # fmt: skip
        assert {row[0]: row[3] for row in below(found[title])} == summary.city.by[name]
        for row in below(found[title]):
            assert row[4] == pytest.approx(row[3] / summary.city.travellers)
    journeys = {f"{row[0]}>{row[3]}": row[6] for row in below(found["来源与去向"])}
    assert journeys == summary.city.by["journey"]

    for row, (checkpoint, there) in zip(below(found["卡口"]), sorted(summary.checkpoints.items()), strict=True):
        assert row[:3] == (checkpoint, there.name_zh, there.name_en)
        since = report.silent_since(checkpoint) if there.since else None
        assert row[4:6] == (city_time(since), city_time(there.counts.last_passage_at))
        wanted = [getattr(there.counts, name) for name in COUNTED]
        if there.state == "counted":
            assert list(row[6:]) == wanted
        else:
            assert list(row[6:]) == [number or None for number in wanted]  # silence is not zero

    for hour, row in enumerate(below(found["时段"])):
        code, open_still = f"{hour:02d}", hour >= report.hours
        by = summary.city.by
        wanted = [None if open_still else by[name].get(code, 0) for name in ("passage_by_hour", "traveller_by_hour")]
        before = [each.content.city.by["passage_by_hour"].get(code, 0) for each in report.before]
        assert list(row[1:4]) == [*wanted, before[0]]
        assert row[4] == pytest.approx(sum(before) / len(before), abs=0.0501)

    assert report.trend
    city = below(found["趋势"])
    assert [row[0].date() for row in city] == [date.fromisoformat(day.date) for day in report.trend.days]
    for row, day in zip(city, report.trend.days, strict=True):
        assert day.city
        followed(row[2:], day.city)
    each = iter(below(found["卡口趋势"]))
    for day in report.trend.days:
        for checkpoint, trended in sorted(day.checkpoints.items()):
            row = next(each)
            assert (row[0].date(), row[2], row[3]) == (date.fromisoformat(day.date), checkpoint, trended.name_zh)
            followed(row[5:], trended)
    assert next(each, None) is None
    assert [(row[2], row[5], row[6]) for row in below(found["预警"])] == [
        (alarm.checkpoint or "city", alarm.value, alarm.expected) for alarm in report.alarms
    ]
    classes = Counter((row[1], row[2], row[6]) for row in below(found["分类"]))
    own = {"origin", "origin_city", "origin_province", "township", "journey", "passage_by_hour", "traveller_by_hour"}
    assert classes == Counter(
        (SUBJECTS[about].en, code, number)
        for about, by in summary.city.by.items()
        if about not in own
        for code, number in by.items()
    )


def windows() -> dict[str, Summary]:
    """A summary of every window, and of an hour in which nothing came but a scan of a dead poster."""
    made, scanned = town(), Town(EVENING)
    scanned.scan("101", EVENING.start)
    scanned.run(EVENING.start + timedelta(hours=1, minutes=30))
    days = [made.day(EVENING.start.date()), made.day(EVENING.start.date() + timedelta(days=1))]
    return {
        "hour": made.hour(EVENING),
        "today": made.summary(made.latest.today.key) if made.latest.today else days[0],
        "day": days[-1],
        "operation": made.operation,
        "days": merged("days", days, ()),
        "scanned": scanned.operation,
    }


def test_every_number_stands_as_in_the_csv_row_by_row() -> None:
    found = windows()
    assert {summary.window for summary in found.values()} == {"hour", "today", "day", "operation", "days"}
    for case, summary in found.items():
        csv = rows(reports.table(summary))
        sheet = below(sheets(workbook(Report(summary=summary, source=Reference("", ""))))["全部明细"])
        assert [(*row[:3], row[4], row[6], row[7]) for row in sheet] == [
            (
                row["checkpoint"], row["checkpoint_name"], row["subject"], row["code"],
                UNITS[row["unit"]].zh if row["unit"] else None, int(row["count"]) if row["count"] else None,
            )
            for row in csv
        ], case  # fmt: skip
        assert "silent" in {row[4] for row in sheet if row[2] == "state"}
        for row, wanted in zip(sheet, csv, strict=True):
            assert row[2] != "state" or row[5].endswith(wanted["label"]), "since when it is silent"


def followed(cells: tuple[Any, ...], there: Trended) -> None:
    for at, name in enumerate(MEASURES):
        number, change, mean = cells[3 * at : 3 * at + 3]
        assert number == (getattr(there.counts, name) if there.state == "counted" else None)
        assert change == (getattr(there.change, name) if there.change else None)
        if there.week.days > 1:  # of one day there is no mean
            assert mean == pytest.approx(getattr(there.week.sums, name) / there.week.days, abs=0.0501)
        else:
            assert mean is None
    assert cells[-2:] == (there.week.days, there.key_region_per_mille)


def city_time(stamp: str | None) -> datetime | None:
    """To the millisecond, as Excel keeps it."""
    return moment(stamp).astimezone(LOCAL).replace(tzinfo=None) if stamp else None


def test_counts_have_words_whatever_is_added_to_them() -> None:
    """A number that is added to `Counts` must come into the report."""
    assert set(COUNTED) == {name for name in Counts.__struct_fields__ if name not in ("by", "last_passage_at")}


def test_the_first_sheet_says_what_it_is_made_of_and_that_nothing_was_cut(today: Report) -> None:
    content = workbook(today)
    found = sheets(content)
    front = {row[0]: row[1] for row in found["说明"] if row[0]}
    assert front["摘要 Summary, its SHA-256"] == today.source.digest
    assert front["汇总文件 Summary, its key"] == today.source.key
    assert front["修订号 Revision"] == today.summary.revision
    counted = {row[0]: row[2:4] for row in found["说明"] if isinstance(row[2], int)}
    assert counted == {title: (len(rows) - 1, len(rows) - 1) for title, rows in found.items() if title not in FRONT}
    named = {(row[0], row[1]) for row in found["说明"]}
    assert {(each.key.removeprefix("summaries/v1/"), each.digest) for each in today.sources} <= named
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet in book.worksheets[len(FRONT) :]:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref == sheet.dimensions


def test_every_chart_is_on_one_sheet_and_on_one_page(today: Report) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(today)))["图表"]
    ends = [each.id for each in sheet.row_breaks.brk] + [sheet.max_row + 10_000]
    charts = [each.anchor for each in sheet._charts]  # type: ignore[attr-defined]
    assert len(charts) == 7
    before = 0
    for anchor in charts:
        assert before <= anchor._from.row, "one lies over another"
        page = next(end for end in ends if anchor._from.row < end)
        assert anchor.to.row < page, "a page ends in it"
        before = anchor.to.row
    assert len(ends) > 1
    assert not any(other._charts for other in sheet.parent.worksheets if other is not sheet)  # type: ignore[union-attr]


def test_part_of_a_day_says_so_at_its_point(today: Report) -> None:
    assert today.trend
    days = [structs.replace(day, state="partial" if at == 3 else day.state) for at, day in enumerate(today.trend.days)]
    for trend, parts in ((structs.replace(today.trend, days=tuple(days)), [3]), (today.trend, [])):
        with zipfile.ZipFile(io.BytesIO(workbook(structs.replace(today, trend=trend)))) as files:
            drawn = ElementTree.fromstring(files.read("xl/charts/chart1.xml"))
        labels = {
            int(each.find(f"{DRAWN}idx").get("val", "")): "".join(each.itertext()).strip()  # type: ignore[union-attr]
            for each in drawn.iter(f"{DRAWN}dLbl")
        }
        assert {at: told for at, told in labels.items() if told} == dict.fromkeys(parts, "不满一天")
        assert set(labels) == (set(range(len(days))) if parts else set()), "no other point has a label"


def first_day(report: Report) -> Report:
    """As if the operation had begun at 09:00 of that day."""
    begins = stamp(moment(report.summary.begins) + timedelta(hours=9))
    return structs.replace(report, summary=structs.replace(report.summary, begins=begins), trend=None, before=())


def crowded(report: Report, many: int = 300) -> Report:
    """With so many checkpoints, each with another number of travellers, the busiest neither first nor last."""
    there = report.summary.checkpoints
    found = {str(1001 + at): there[sorted(there)[at % len(there)]] for at in range(many)}
    for at, (each, one) in enumerate(found.items()):
        if one.state == "counted":
            counts = structs.replace(one.counts, travellers=1 + at * 7 % many)
            found[each] = structs.replace(one, name_zh=f"卡口{each}", counts=counts)
    return structs.replace(report, summary=structs.replace(report.summary, checkpoints=found))


@pytest.mark.parametrize("many", [30, 31, 300])
def test_of_many_checkpoints_the_chart_draws_those_with_most_travellers(today: Report, many: int) -> None:
    report = crowded(today, many)
    content = workbook(report)
    ranges = list(kept(content))
    at = next(at for at, (where, _) in enumerate(ranges) if "卡口'!" in where or "卡口!" in where)
    (names_at, names), (values_at, values) = ranges[at + 1 : at + 3]
    listed = [(each.name_zh, each.counts.travellers) for _, each in sorted(report.summary.checkpoints.items())]
    if many <= 30:
        assert names == [name for name, _ in listed]
        return
    known = [(each.name_zh, each.counts.travellers) for each in report.summary.checkpoints.values()
             if each.state == "counted"]  # fmt: skip
    wanted = sorted(known, key=lambda each: -each[1])[:30]
    assert list(zip(names, values, strict=True)) == [(name, str(number)) for name, number in wanted]
    sheet = openpyxl.load_workbook(io.BytesIO(content))["图表"]
    assert (names_at, values_at) == (f"图表!$L$2:$L${len(wanted) + 1}", f"图表!$M$2:$M${len(wanted) + 1}")
    assert [(row[0].value, row[1].value) for row in sheet["L1:M1"]] == [("卡口 Checkpoint", "人员 Travellers")]
    assert str(sheet.print_area).startswith("'图表'!$A$1:$J$"), "beside what is printed"
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        charts = "".join(parts.read(each).decode() for each in parts.namelist() if "/charts/chart" in each)
    assert f"（前{len(wanted)}名，共{many}） first {len(wanted)} of {many}" in charts


def gapped(report: Report) -> Report:
    """With a day that is missing."""
    assert report.trend
    days = [
        structs.replace(day, state="missing", city=None, checkpoints={}) if at == 4 else day
        for at, day in enumerate(report.trend.days)
    ]
    return structs.replace(report, trend=structs.replace(report.trend, days=tuple(days)))


@pytest.mark.parametrize("case", ["today", "whole", "first day", "a day missing", "many"])
def test_what_a_chart_keeps_of_its_numbers_is_what_the_sheet_says_gaps_included(
    today: Report, whole: Report, case: str
) -> None:
    report = {
        "today": today,
        "whole": whole,
        "first day": first_day(today),
        "a day missing": gapped(today),
        "many": crowded(today),
    }[case]
    content = workbook(report)
    book = openpyxl.load_workbook(io.BytesIO(content))
    gaps = known = 0
    for where, points in kept(content):
        sheet, _, place = where.rpartition("!")
        cells = book[sheet][place.replace("$", "")]
        for row, point in zip(cells if isinstance(cells, tuple) else ((cells,),), points, strict=True):
            value = row[0].value
            if isinstance(value, int | float | datetime):
                assert point is not None
                assert float(point) == ((value.date() - EPOCH).days if isinstance(value, datetime) else value)
                known += 1
            else:
                assert point == value, "where the sheet has no number, no point is drawn"
                gaps += value is None
    assert known > 80
    # hours to come, silent checkpoints, the mean of the first day, a missing day and its mean
    assert (
        gaps
        == {
            "today": 10 + 6 + 1,
            "whole": 1 + 1,
            "first day": 9 + 10 + 24 + 6,
            "a day missing": 10 + 6 + 3,
            "many": 10 + 1,  # of many, those without a number are not among the largest
        }[case]
    )


@pytest.mark.parametrize("days", [0, 1, 2, 7])
def test_a_mean_says_of_how_many_days_it_is_and_of_one_day_there_is_none(today: Report, days: int) -> None:
    content = workbook(structs.replace(today, before=today.before[:days]))
    heads, *rows = sheets(content)["时段"]
    told = (
        f"前{days}日均值\nPassages, mean of {days} days before"
        if days > 1
        else "此前均值\nPassages, mean of days before"
    )
    assert heads[4] == told
    assert {row[5] for row in rows} == {days}
    assert all((row[4] is None) == (days < 2) for row in rows)
    for sheet in ("趋势", "卡口趋势"):
        heads = sheets(content)[sheet][0]
        assert not [head for head in heads if "均值" in head and "至多7日均值" not in head and "天数" not in head]


def test_the_headings_are_not_cut_off(today: Report) -> None:
    """As lines of so many letters as the column is broad, Chinese ones twice as broad as Latin ones."""
    book = openpyxl.load_workbook(io.BytesIO(workbook(today)))
    for sheet in book.worksheets[len(FRONT) :]:
        # Neighbours of the same width are kept as one.
        spans = [(each.min or 0, each.max or 0, each.width) for each in sheet.column_dimensions.values()]
        widths = {at: width for first, last, width in spans for at in range(first, last + 1)}
        for at, cell in enumerate(sheet[1], 1):
            broad = widths[at]
            text = [sum(2 if letter > "\u2e7f" else 1 for letter in line) for line in str(cell.value).split("\n")]
            lines = sum(math.ceil(line / broad) for line in text)
            assert sheet.row_dimensions[1].height >= 13.5 * lines, (sheet.title, cell.value)


def test_hours_before_the_operation_began_are_not_known(today: Report) -> None:
    rows = below(sheets(workbook(first_day(today)))["时段"])
    assert [row[1] is None for row in rows] == [not 9 <= hour < 14 for hour in range(24)]
    assert [row[2] is None for row in rows] == [row[1] is None for row in rows]


def test_the_same_report_gives_the_same_bytes(today: Report) -> None:
    assert workbook(today) == workbook(today)


def test_no_text_runs_or_is_changed(today: Report) -> None:
    summary = today.summary
    for checkpoint, name in zip(sorted(summary.checkpoints), HOSTILE, strict=False):
        summary = named(summary, checkpoint, name)
    content = workbook(structs.replace(today, summary=summary))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    for name in HOSTILE:
        (there,) = [cell for cell in book["卡口"]["B"] if unescape(str(cell.value)) == name]
        assert (there.data_type, there.number_format) == ("s", "@")
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert b"<f>" not in b"".join(parts.read(each) for each in parts.namelist() if "/sheet" in each)


def test_codes_and_numbers_too_long_for_excel_are_text(today: Report) -> None:
    long = 10**17 + 1
    city = structs.replace(today.summary.city, scans=long)
    found = sheets(workbook(structs.replace(today, summary=structs.replace(today.summary, city=city))))
    assert {row[0]: row[4] for row in below(found["概况"])}["scans"] == str(long)
    assert all(isinstance(row[0], str) for row in below(found["来源县区"]))


def test_a_table_that_excel_could_not_hold_is_refused_before_anything_is_written(
    today: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = max(table.meant for table in tables(today)) + 1
    monkeypatch.setattr(books, "LIMIT", most)
    workbook(today)
    monkeypatch.setattr(books, "LIMIT", most - 1)
    with pytest.raises(TooManyRows, match=f"{most - 1} rows"):
        workbook(today)


@pytest.mark.parametrize("wrong", ["fewer", "more", "short", "long text"])
def test_a_row_that_is_lost_is_an_error(today: Report, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    def lossy(report: Report) -> tuple[Table, ...]:
        first, *rest = tables(report)
        rows = list(first.rows())
        changed = {
            "fewer": rows[:-1],
            "more": [*rows, rows[0]],
            "short": [rows[0][:-1], *rows[1:]],
            "long text": [("x" * 32_768, *rows[0][1:]), *rows[1:]],
        }[wrong]
        return (first._replace(rows=lambda: changed), *rest)

    monkeypatch.setattr(books, "tables", lossy)
    with pytest.raises(RowsLost):
        workbook(today)


def named(summary: Summary, checkpoint: str, name: str) -> Summary:
    there = structs.replace(summary.checkpoints[checkpoint], name_zh=name, name_en=name)
    return structs.replace(summary, checkpoints={**summary.checkpoints, checkpoint: there})


def test_a_day_without_any_passage(today: Report) -> None:
    empty = structs.replace(
        today.summary,
        city=Counts(),
        checkpoints={
            each: structs.replace(there, state="silent", since=today.summary.begins, counts=Counts())
            for each, there in today.summary.checkpoints.items()
        },
    )
    found = sheets(workbook(Report(summary=empty, source=today.source)))
    assert [row[6:] for row in below(found["卡口"])] == [(None,) * len(COUNTED)] * 18
    assert below(found["来源县区"]) == []
    assert below(found["趋势"]) == []


PICTURES = os.environ.get("KAKOU_PICTURES")


@pytest.mark.skipif(not (PICTURES and shutil.which("soffice")), reason="pictures are made where KAKOU_PICTURES says")
def test_picture(today: Report, tmp_path: Path) -> None:
    """LibreOffice opens it, and draws what people see."""
    (tmp_path / "report.xlsx").write_bytes(workbook(today))
    command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "report.xlsx")]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HOME": str(tmp_path)})
    for at, picture in enumerate(pages(tmp_path / "report.pdf")):
        picture.save(Path(PICTURES or "") / f"report-xlsx-{at + 1:02d}.png")


def pages(pdf: Path) -> Iterator[Any]:
    import pypdfium2

    for page in list(pypdfium2.PdfDocument(pdf))[:10]:
        yield page.render(scale=1.5).to_pil()
