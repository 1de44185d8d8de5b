"""The report of a day of the seed's volume: seconds and memory of the page and the workbook, each beside its library
writing the same cells with nothing of ours, and a workbook of very many checkpoints."""

from __future__ import annotations

import io
import re
import tracemalloc
from collections.abc import Callable
from datetime import timedelta

from jinja2 import Environment
from markupsafe import Markup
from msgspec import structs
from xlsxwriter import Workbook

from chalicelib.passage.hour import Hour, moment, stamp
from chalicelib.summary.document import Reference, Summary, decode, encode, merged, of_hour, reading
from chalicelib.summary.report import Beside, Report, decode_beside
from chalicelib.summary.report.page import page
from chalicelib.summary.report.tables import Cell, tables
from chalicelib.summary.report.workbook import workbook
from chalicelib.summary.trend import Day, day_of, trend_of, usual_of
from scripts.benches import Figure, beside, interleaved, of
from tests.summary import fortnight

TURNS = 3
MANY = 60
"""Checkpoints of the large workbook, each as busy as the usual ones."""


def measure(count: int | None = None) -> list[Figure]:
    """The figures; the large workbook has `count` checkpoints."""
    report = made()
    written = [list(table.rows()) for table in tables(report)]
    whole = page(report).decode()
    # Our own page, cut at its numbers.
    pieces = [Markup(each) for each in re.split(r"(?=<data)|(?<=</data>)", whole)]  # noqa: S704  # nosec B704
    template = Environment(autoescape=True).from_string("{% for piece in pieces %}{{ piece }}{% endfor %}")
    bare_book, bare_page = "XlsxWriter: the same cells, nothing else", "Jinja2: the same pieces, nothing else"
    works: dict[str, Callable[[], object]] = {
        "page": lambda: page(structs.replace(report)),  # a new report: nothing of the last turn is kept in it
        bare_page: lambda: template.render(pieces=pieces).encode(),
        "workbook": lambda: workbook(structs.replace(report)),
        bare_book: lambda: bare(written),
    }
    for work in works.values():
        work()  # what is made once and kept is not measured
    took = interleaved(TURNS, {name: _done(work) for name, work in works.items()})
    memory = {name: peak(work) for name, work in works.items()}
    rows = sum(map(len, written))
    many = _with_checkpoints(report, count or MANY)
    large = interleaved(1, {"large": _done(lambda: workbook(many))})["large"]
    return [
        of(bare_page, took[bare_page], "s", bare=True),
        beside("the page of a day", took["page"], "s", bare_page, took[bare_page]),
        of(f"its size, {len(pieces) // 2:,} numbers", [len(page(report)) / 1024], "KiB"),
        of(f"{bare_page}: memory", [memory[bare_page]], "MiB", bare=True),
        of("the page's memory", [memory["page"]], "MiB"),
        of(bare_book, took[bare_book], "s", bare=True),
        beside(f"the workbook of a day, {rows:,} rows", took["workbook"], "s", bare_book, took[bare_book]),
        of("its size", [len(workbook(report)) / 1024], "KiB"),
        of(f"{bare_book}: memory", [memory[bare_book]], "MiB", bare=True),
        of("the workbook's memory", [memory["workbook"]], "MiB"),
        of(
            f"a workbook of {count or MANY:,} checkpoints, {sum(table.meant for table in tables(many)):,} rows",
            large, "s",
        ),
        of("its memory", [peak(lambda: workbook(many))], "MiB"),
    ]  # fmt: skip


def made() -> Report:
    """A report of one day with all of a fourteenth of the operation in it, beside fourteen such days."""
    listed = fortnight.settings()
    counted = fortnight.counted(fortnight.arrivals(1 / fortnight.DAYS))
    hours: list[Summary] = []
    for number in range(fortnight.DAYS * 24):
        hour = Hour(fortnight.STARTS.start + timedelta(hours=number))
        readings = {
            each.id: reading(each.id, counted.get((each.id, hour.key), ()), listed, hour=hour)
            for each in listed.checkpoints
        }
        hours.append(of_hour(hour, readings, listed))
    whole = merged("day", hours, ())
    begins = moment(whole.ends) - timedelta(days=1)
    whole = structs.replace(whole, begins=stamp(begins))
    days: list[tuple[Day, Summary]] = []
    for back in range(fortnight.DAYS):
        then = structs.replace(
            whole, begins=stamp(begins - timedelta(days=back)), ends=stamp(begins - timedelta(days=back - 1))
        )
        days.append((day_of(then, _named(then), fortnight.STARTS.day + timedelta(days=13 - back)), then))
    return Report(
        summary=whole,
        source=_named(whole),
        operation=Beside(decode_beside(encode(whole)), _named(whole)),
        trend=trend_of([day for day, _ in days], usual_of(days[:7]), shown=fortnight.DAYS),
        trend_source=Reference("summaries/v1/trend/2020/03/01/r001.json", "0" * 64),
        before=tuple(Beside(decode_beside(encode(then)), _named(then)) for _, then in days[1:8]),
    )


def _named(summary: Summary) -> Reference:
    return Reference(f"summaries/v1/day/{summary.begins[:10].replace('-', '/')}/r001.json", "0" * 64)


def _with_checkpoints(report: Report, number: int) -> Report:
    there = list(report.summary.checkpoints.values())
    many = {str(10_000 + at): there[at % len(there)] for at in range(number)}
    summary = structs.replace(report.summary, checkpoints=many)
    return structs.replace(report, summary=decode(encode(summary)))


def bare(written: list[list[tuple[Cell, ...]]]) -> bytes:
    """The cells as XlsxWriter writes them by itself."""
    file = io.BytesIO()
    with Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                         "default_date_format": "yyyy-mm-dd"}) as book:  # fmt: skip
        for rows in written:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


def peak(work: Callable[[], object]) -> float:
    """MiB that the work has at most at a time, beyond what was there."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def _done(work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        work()

    return run
