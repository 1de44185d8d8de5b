"""A final window as a file, where none is published of exactly that: an hour as a table, some days added up, the
operation as a report. Pure: the summary that the page shows in, bytes out.

The JSON is a summary in its canonical bytes, which names what it was merged from by key and digest; table, workbook and
page are those of the published files. Each has every checkpoint in it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from chalicelib.command.numbers import Numbers, Shown, Window
from chalicelib.passage.hour import LOCAL, moment
from chalicelib.summary import reports
from chalicelib.summary.document import Reference, digest, encode
from chalicelib.summary.pointers import Latest
from chalicelib.summary.report import Report, TooManyRows
from chalicelib.summary.reporting import report_on

FORMS = ("json", "csv", "xlsx", "html")

MOST_CELLS = 1_000_000
"""Of a workbook: drawn in ten seconds; more would not be done within the function's 27."""


def drawn(form: str, window: Window, shown: Shown, latest: Latest, published: Numbers) -> bytes:
    """The file of `form`. Raises TooManyRows (of a workbook; the CSV has every row), FileDamaged, Unreachable."""
    if form == "json":
        return encode(shown.summary)
    if form == "csv":
        return reports.table(shown.summary)
    # What draws reports is imported when there is one to draw.
    if form == "html":
        from chalicelib.summary.report.page import page

        return page(_report(window, shown, latest, published))
    from chalicelib.summary.report.tables import tables
    from chalicelib.summary.report.workbook import workbook

    report = _report(window, shown, latest, published)
    cells = sum(table.meant * len(table.columns) for table in tables(report))
    if cells > MOST_CELLS:
        raise TooManyRows(f"{cells} cells; {MOST_CELLS} are drawn while somebody waits")
    return workbook(report)


def _report(window: Window, shown: Shown, latest: Latest, published: Numbers) -> Report:
    source = shown.files[0] if len(shown.files) == 1 else Reference(name(window, shown, "json"), _digest(shown))
    return report_on(latest, shown.summary, source, published.load)


def _digest(shown: Shown) -> str:
    return digest(encode(shown.summary))


def name(window: Window, shown: Shown, form: str) -> str:
    """What the file is saved as: `kakou-2020-02-10-to-2020-02-12.csv`; of what is not over, up to when."""
    ends = moment(shown.summary.ends).astimezone(LOCAL)
    over = window.kind == "hour" or (window.kind == "days" and not ends.hour)
    until = "" if over else f"-until-{ends:%Y-%m-%dT%H}"
    return f"kakou-{'-to-'.join(window.query.values())}{until}.{form}"


def told(window: Window, form: str, content: bytes) -> str:
    """What the journal says of it: the window as its address has it, the form, the digest."""
    return f"{urlencode(window.query)} {form} {digest(content)}"
