"""The workbook: every row of every table, in one XLSX file that Excel, WPS and LibreOffice open.

Written row by row (memory does not grow with the rows), each row counted against the rows that were meant; nothing is
cut without an error. Text is text, whatever it begins with. The same report gives the same bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.passage.hour import moment
from chalicelib.summary.report import Report, TooManyRows
from chalicelib.summary.report.native_charts import (
    BESIDE,
    CHARTS,
    FONT,
    PAGE,
    ROW,
    SHEET,
    Drawn,
    draw,
    heading,
    largest,
)
from chalicelib.summary.report.sentences import completeness
from chalicelib.summary.report.tables import Cell, Column, Row, Table, local, tables
from chalicelib.summary.report.words import WINDOWS, Words

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LIMIT = 1_048_576
"""Rows of a sheet, its header included: more than that Excel does not read."""

_EXACT = 10**15
"""From here on a number has more digits than Excel keeps: it is written as text."""


_TEXT = 32_767
"""Characters that a cell holds."""

_LINE = 15
"""Height of a line, in points."""

_FORMATS: Mapping[str, dict[str, Any]] = {
    "text": {"num_format": "@"},
    "number": {"num_format": "#,##0"},
    "mean": {"num_format": "#,##0.0"},
    "share": {"num_format": "0.0%"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left"},
}


class RowsLost(RuntimeError):
    """A row or a cell was not written as it was meant; says where."""


class _Written(NamedTuple):
    table: Table
    rows: int


def workbook(report: Report) -> bytes:
    """The XLSX of `report`. Raises TooManyRows before anything is written, and RowsLost."""
    from xlsxwriter import Workbook

    shown = tables(report)
    for table in shown:
        if table.meant + 1 > LIMIT:
            raise TooManyRows(f"{table.words}: {table.meant} rows and a header; a sheet holds {LIMIT}")
    file = io.BytesIO()
    book = Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "default_format_properties": {"font_name": FONT, "font_size": 10},
        },
    )
    with book:
        _Book(book, report).write(shown)
    return file.getvalue()


_FRONT = 70
"""Up to so many rows the first sheet is printed on one page, and can still be read."""


class _Book:
    """A workbook that is being written."""

    def __init__(self, book: Workbook, report: Report) -> None:
        self._book = book
        self._report = report
        self._formats = {kind: self._format(**look) for kind, look in _FORMATS.items()}
        heading = {"bold": True, "text_wrap": True, "valign": "bottom", "bg_color": "#dfe7ee", "bottom": 1}
        self._header = self._format(**heading)
        self._header_of_numbers = self._format(align="right", **heading)
        self._title = self._format(bold=True, font_size=18)
        self._bold = self._format(bold=True, num_format="@", valign="top")
        self._plain = self._format(num_format="@", text_wrap=True, valign="top", align="left")
        self._drawn: list[Drawn] = []
        self._left = {kind: self._format(**{**look, "align": "left"}) for kind, look in _FORMATS.items()}

    def _format(self, **look: Any) -> Format:
        return self._book.add_format({"font_name": FONT, "font_size": 10, **look})

    def write(self, shown: Sequence[Table]) -> None:
        source = self._report.source
        self._book.set_properties(
            {
                "title": f"卡口登记汇总 {_period(self._report)}",
                "subject": source.key,
                "comments": f"sha256 {source.digest}",
                # The same report, the same bytes: no clock is asked.
                "created": moment(self._report.summary.ends).replace(tzinfo=None),
            }
        )
        front, charts = self._book.add_worksheet("说明"), self._book.add_worksheet(SHEET.zh)
        written = [_Written(table, self._sheet(table)) for table in shown]
        self._front(front, written)
        self._charts(charts)

    def _sheet(self, table: Table) -> int:
        """Writes `table` as a sheet of its own; the number of rows."""
        sheet = self._book.add_worksheet(table.words.zh)
        for at, column in enumerate(table.columns):
            sheet.set_column(at, at, column.width, self._formats[column.kind])
            look = self._header if column.kind in ("text", "moment", "date") else self._header_of_numbers
            self._put(sheet, 0, at, heading(column), "text", look)
        sheet.set_row(0, 4 + _LINE * max(map(_lines, table.columns)))
        chart = CHARTS.get(table.name)
        drawn: list[Row] = []
        rows = 0
        for row in table.rows():
            rows += 1
            if len(row) != len(table.columns):
                raise RowsLost(f"{table.words}, row {rows}: {len(row)} cells for {len(table.columns)} columns")
            for at, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
                self._put(sheet, rows, at, cell, column.kind)
            if chart and rows <= chart.most:
                drawn.append(row)
        if rows != table.meant:
            raise RowsLost(f"{table.words}: {rows} rows written, {table.meant} meant")
        last = len(table.columns) - 1
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, rows, last)
        if rows:
            sheet.ignore_errors({"number_stored_as_text": _range(0, 1, last, rows)})
        self._printed(sheet, landscape=sum(column.width for column in table.columns) > 100)
        sheet.repeat_rows(0)
        own = chart is not None and chart.largest and rows > chart.most
        if chart and own:
            drawn = largest(chart, table)
        if chart and drawn:
            self._drawn.append(Drawn(chart, table, drawn, own))
        return rows

    def _put(self, sheet: Worksheet, row: int, at: int, cell: Cell, kind: str, look: Format | None = None) -> None:
        look = look or self._formats[kind]
        if cell is None:
            return
        if isinstance(cell, str):
            if len(cell) > _TEXT:
                raise RowsLost(f"{sheet.get_name()}, row {row + 1}: a text of {len(cell)} characters")
            done = sheet.write_string(row, at, cell, look)
        elif isinstance(cell, date):
            done = sheet.write_datetime(row, at, cell, look)
        elif abs(cell) >= _EXACT:
            done = sheet.write_string(row, at, str(cell), self._formats["text"])
        else:
            done = sheet.write_number(row, at, cell, look)
        if done:
            raise RowsLost(f"{sheet.get_name()}, row {row + 1}, column {at + 1}: XlsxWriter answers {done}")

    def _charts(self, sheet: Worksheet) -> None:
        """All charts below one another, none across the end of a page."""
        sheet.hide_gridlines(2)
        sheet.set_default_row(ROW * 0.75)
        sheet.set_column_pixels(0, 9, PAGE[0] // 10)
        at, used = 0, 0
        breaks = []
        for each in self._drawn:
            if each.own:
                self._beside(sheet, each)
            rows = each.height // ROW + 1
            if used and used + rows > PAGE[1] // ROW:
                breaks.append(at)
                used = 0
            sheet.insert_chart(at, 0, draw(self._book, each), {"description": str(each.chart.words)})
            at, used = at + rows, used + rows
        sheet.set_h_pagebreaks(breaks)
        sheet.print_area(0, 0, max(at - 1, 0), 9)
        sheet.set_print_scale(80)  # and not as broad as a page: Excel forgets the breaks then
        self._paper(sheet)

    def _beside(self, sheet: Worksheet, each: Drawn) -> None:
        """Writes the rows that a chart has of its own."""
        for at, place in enumerate(each.columns, BESIDE):
            column = each.table.columns[place]
            sheet.set_column(at, at, column.width, self._formats[column.kind])
            self._put(sheet, 0, at, str(column.words), "text", self._bold)
        for number, row in enumerate(each.rows, 1):
            for at, place in enumerate(each.columns, BESIDE):
                self._put(sheet, number, at, row[place], each.table.columns[place].kind)

    def _printed(self, sheet: Worksheet, *, landscape: bool = False, pages: int = 0) -> None:
        """As broad as a page, on so many pages: 0 for as many as it takes."""
        if landscape:
            sheet.set_landscape()
        sheet.fit_to_pages(1, pages)
        self._paper(sheet)

    def _paper(self, sheet: Worksheet) -> None:
        sheet.set_paper(9)
        sheet.set_margins(0.4, 0.4, 0.6, 0.6)
        sheet.set_footer(f"&Lsha256 {self._report.source.digest[:16]}…&C&A&R&P / &N")

    def _front(self, sheet: Worksheet, written: Sequence[_Written]) -> None:
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 46)
        sheet.set_column(1, 1, 76)
        sheet.set_column(2, 3, 16)
        sheet.set_row(0, 32)
        self._put(sheet, 0, 0, f"卡口登记汇总 Checkpoint summary · {_period(self._report)}", "text", self._title)
        row = 2
        for words, value in _about(self._report):
            if isinstance(value, str) and len(value) > 60:
                sheet.set_row(row, 15 * (1 + sum(2 if letter > "\u2e7f" else 1 for letter in value) // 80))
            self._put(sheet, row, 0, str(words).strip(), "text", self._bold)
            kind = "moment" if isinstance(value, datetime) else "number"
            self._put(sheet, row, 1, value, kind, self._plain if isinstance(value, str) else self._left[kind])
            row += 1
        row += 1
        sheet.set_row(row, 34)
        headings = ("工作表\nSheet", "内容\nContent", "应有行数\nRows meant", "写入行数\nRows written")
        for at, said in enumerate(headings):
            self._put(sheet, row, at, said, "text", self._header if at < 2 else self._header_of_numbers)
        row += 1
        sheet.write_url(row, 0, f"internal:'{SHEET.zh}'!A1", string=SHEET.zh)
        self._put(sheet, row, 1, SHEET.en, "text")
        for table, rows in written:
            row += 1
            sheet.write_url(row, 0, f"internal:'{table.words.zh}'!A1", string=table.words.zh)
            self._put(sheet, row, 1, table.words.en, "text")
            self._put(sheet, row, 2, table.meant, "number")
            self._put(sheet, row, 3, rows, "number")
        row += 2
        self._put(sheet, row, 0, "所据文件 Made from", "text", self._header)
        self._put(sheet, row, 1, "SHA-256", "text", self._header)
        for each in self._report.sources:
            row += 1
            self._put(sheet, row, 0, each.key.removeprefix("summaries/v1/"), "text", self._plain)
            self._put(sheet, row, 1, each.digest, "text", self._plain)
        self._printed(sheet, landscape=True, pages=1 if row < _FRONT else 0)
        sheet.activate()


def _lines(column: Column) -> int:
    """About how many lines its heading takes: Chinese letters are broad, and lines end with a word."""
    zh = sum(2 if letter > "\u2e7f" else 1 for letter in column.words.zh) / column.width
    return math.ceil(zh) + math.ceil(1.15 * len(column.words.en) / column.width)


def _period(report: Report) -> str:
    """The window as the city's clock shows it."""
    return f"{report.begins:%Y-%m-%d %H:%M} – {report.ends:%Y-%m-%d %H:%M}"


def _about(report: Report) -> list[tuple[Words, Cell]]:
    """What the first sheet says of the summary."""
    summary = report.summary
    fever = ", ".join(f"{each // 10}.{each % 10} °C" for each in summary.fever_from)
    said = completeness(report)
    return [
        (Words("时段", "Window"), str(WINDOWS.get(summary.window) or summary.window)),
        (Words("自", "From"), local(summary.begins)),
        (Words("至", "Until"), local(summary.ends)),
        (Words("时区", "Times are"), "北京时间 UTC+8"),
        (Words("完整性", "Completeness"), said.zh),
        (Words("", "Completeness"), said.en),
        (Words("状态", "State"), "最终 final" if summary.state == "final" else "暂定 provisional"),
        (Words("修订号", "Revision"), summary.revision if report.single else "见所据文件 of each file below"),
        (Words("比前一修订多出的登记", "Late, not in the revision before"), summary.late if report.single else None),
        (Words("汇总文件", "Summary, its key"), report.source.key),
        (Words("摘要", "Summary, its SHA-256"), report.source.digest),
        (Words("读入登记", "Passages read"), summary.passages_read),
        (Words("读入扫码", "Scans read"), summary.scans_read),
        (Words("配置版本", "Settings, versions"), _list(summary.settings_versions)),
        (Words("重点地区版本", "Key regions, versions"), _list(summary.key_regions_versions)),
        (Words("发热标准", "Fever from"), fever),
    ]


def _list(versions: Sequence[int]) -> str:
    return ", ".join(map(str, versions))


def _range(first: int, row: int, last: int, end: int) -> str:
    from xlsxwriter.utility import xl_range

    return str(xl_range(row, first, end, last))
