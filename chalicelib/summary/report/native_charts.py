"""The workbook's native charts: which table has which, and how it is drawn from the table's rows."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from datetime import date
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.summary.report.tables import Cell, Column, Row, Table
from chalicelib.summary.report.words import DAY_STATES, Words

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.chart import Chart

FONT = "Microsoft YaHei"
"""Of all the workbook."""

SHEET = Words("图表", "Charts")
"""Where the charts are."""

BESIDE = 11
"""The column of the charts' sheet, to the right of what is printed, from which on a chart's own rows stand."""

PAGE, ROW = (700, 1200), 20
"""What an A4 page of charts holds, upright and within its margins: broad and high; and a row of it. In pixels, at 80 %,
which leaves room for columns as broad as viewers make them that lack the font."""

_PARTS: Mapping[Cell, str] = {str(words): words.zh for state, words in DAY_STATES.items() if state != "whole"}
"""What the table says of a day that is not whole -> what stands at its point."""

_COLOURS = ("#0072b2", "#d55e00")


class NativeChart(NamedTuple):
    """A native chart of a table: some of its columns over its first rows."""

    kind: str
    words: Words
    names: int
    """The column with the names of the places."""
    values: tuple[int, ...]
    most: int = 60
    """Rows that are drawn at most; the table has them all."""
    state: int | None = None
    """The column that says whether a day is whole; where it is not, that stands at the point."""
    largest: bool = False
    """Whether, of more rows than are drawn, it draws the largest: the table has another order."""


CHARTS: Mapping[str, NativeChart] = {
    "trend": NativeChart(
        "line", Words("每日人员与至多7日均值", "Travellers a day, and their mean of up to 7 days"), 0, (8, 10), state=1
    ),
    "checkpoints": NativeChart("bar", Words("各卡口人员", "Travellers by checkpoint"), 1, (8,), 30, largest=True),
    "hours": NativeChart("column", Words("分时段登记", "Passages by hour"), 0, (1, 4)),
    "origin_province": NativeChart("bar", Words("来源省份", "Origin, province"), 1, (3,), 15),
    "origin_city": NativeChart("bar", Words("来源城市", "Origin, city"), 1, (3,), 20),
    "origin": NativeChart("bar", Words("来源县区", "Origin, county"), 1, (3,), 20),
    "township": NativeChart("bar", Words("目的乡镇", "Destination"), 1, (3,), 30),
}
"""Table -> its chart."""


class Drawn(NamedTuple):
    """What a chart shows."""

    chart: NativeChart
    table: Table
    rows: list[Row]
    own: bool = False
    """Whether its rows stand beside the charts, and not in the table."""

    @property
    def columns(self) -> tuple[int, ...]:
        """The table's, that it shows."""
        return (self.chart.names, *self.chart.values)

    def cells(self, column: int) -> list[str | int]:
        """Where a column of it stands."""
        sheet = SHEET if self.own else self.table.words
        at = BESIDE + self.columns.index(column) if self.own else column
        return [sheet.zh, 1, at, len(self.rows), at]

    @property
    def height(self) -> int:
        """In pixels."""
        return max(330, 20 * len(self.rows) + 90) if self.chart.kind == "bar" else 330


def draw(book: Workbook, each: Drawn) -> Chart:
    """A native chart of a table; what is not known is a gap, part of a day says so."""
    chart, table, rows, _ = each
    drawn = book.add_chart({"type": chart.kind})
    name = table.words.zh
    names: dict[str, Any] = {"num_font": {"name": FONT, "size": 9}}
    for at, (column, colour) in enumerate(zip(chart.values, _COLOURS, strict=False)):
        look: dict[str, Any] = {"fill": {"color": colour}, "gap": 40}
        if chart.kind == "line":
            look = {"line": {"color": colour, "width": 2.25, "dash_type": "dash" if at else "solid"}}
            look["marker"] = {"type": "none" if at else "circle", "size": 6, "fill": {"color": colour}}
            told = [_PARTS.get(row[chart.state]) for row in rows] if not at and chart.state is not None else []
            if any(told):
                look["data_labels"] = {
                    "value": True,
                    "position": "below",
                    "font": {"name": FONT, "size": 8},
                    "custom": [{"value": part} if part else {"delete": True} for part in told],
                }
        elif at:
            look = {"fill": {"color": "#bbbbbb"}, "border": {"color": "#666666"}, "gap": 40}
        drawn.add_series(
            {
                "name": [name, 0, column],
                "categories": each.cells(chart.names),
                "values": each.cells(column),
                # Written row by row, the numbers are not in memory any more: viewers that do not read the sheet
                # find them here. A None is no point at all.
                "name_data": [heading(table.columns[column])],
                "categories_data": [_named(row[chart.names]) for row in rows],
                "values_data": [row[column] for row in rows],
                **look,
            }
        )
    more = f"（前{len(rows)}名，共{table.meant}） first {len(rows)} of {table.meant}" if table.meant > len(rows) else ""
    drawn.set_title({"name": f"{chart.words}{more}", "name_font": {"size": 12, "name": FONT}, "overlay": False})
    drawn.show_blanks_as("gap")
    axis = {"min": 0, "num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#d9d9d9"}}}
    if chart.kind == "bar":
        names["reverse"] = True  # the largest on top, as in the table
    if table.columns[chart.names].kind == "date":
        names |= {"num_format": "mm-dd", "date_axis": True}
    across, upwards = (axis, names) if chart.kind == "bar" else (names, axis)
    drawn.set_x_axis(across)
    drawn.set_y_axis(upwards)
    drawn.set_legend({"none": True} if len(chart.values) == 1 else {"position": "top"})
    drawn.set_size({"width": PAGE[0], "height": each.height})
    return drawn


def largest(chart: NativeChart, table: Table) -> list[Row]:
    """The rows that a chart draws of a table in another order; what has no number has no rank."""
    by = chart.values[0]
    return heapq.nlargest(chart.most, (row for row in table.rows() if row[by] is not None), key=itemgetter(by))


def heading(column: Column) -> str:
    """What stands above a column."""
    return f"{column.words.zh}\n{column.words.en}"


def _named(cell: Cell) -> str | int | float:
    """A name on a chart's axis; a day as Excel counts it."""
    if isinstance(cell, date):
        return (cell - date(1899, 12, 30)).days
    return "" if cell is None else cell
