"""Reporting: the reports that `latest` does not name yet, made beside the summaries that they show.

A report is written once, from what stood when it was made (its foot names all of it); a new revision of the summary has
a report of its own. Made last in a run, a bounded number at a time and the newest first: what is missing, after an
outage or a failure, the next runs make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import structs

from chalicelib.passage.hour import moment
from chalicelib.summary import layout
from chalicelib.summary.bucket import SummaryStore
from chalicelib.summary.document import Reference, Summary, decode, digest
from chalicelib.summary.pointers import Latest, Reported, plainly
from chalicelib.summary.reconciliation import decode_reconciliation
from chalicelib.summary.report import Beside, Differing, Report, TooManyRows, days_before, decode_beside
from chalicelib.summary.trend import decode_trend

MOST = 3
"""Reports that one run makes: two or three seconds each, on a small function."""

ROWS = 300_000
"""Numbers of summaries after which a run makes no further report: a workbook of a million rows takes a minute."""

Drawing = Mapping[str, Callable[[Report], bytes]]
"""`html`, and `xlsx`: what makes each."""

Load = Callable[[Reference, Callable[[bytes], Any]], Any]
"""What a reference names, verified and decoded."""


def with_reports(latest: Latest, store: SummaryStore, load: Load, drawing: Drawing) -> tuple[Latest, list[Exception]]:
    """`latest` with the reports that were missing, and why others were not made: one that fails holds up no other."""
    made: dict[str, Reported] = {}
    failed: list[Exception] = []
    rows = 0
    for shown in _missing(latest)[:MOST]:
        if rows > ROWS:
            break
        try:
            report = report_of(latest, shown, load)
            rows += sum(len(by) for there in report.summary.checkpoints.values() for by in there.counts.by.values())
            made[shown.key] = _reported(shown, report, store, drawing)
        except Exception as error:
            failed.append(error)
    if not made:
        return latest, failed
    days = tuple(made.get(day.key, day) for day in latest.days)
    today = made.get(latest.today.key, latest.today) if latest.today else None
    return structs.replace(latest, days=days, today=today), failed


def _missing(latest: Latest) -> Sequence[Reported]:
    """Those without a report, the newest first."""
    wanted = [*([latest.today] if latest.today else []), *reversed(latest.days)]
    return [each for each in wanted if each.html is None]


def _reported(shown: Reported, report: Report, store: SummaryStore, drawing: Drawing) -> Reported:
    """Writes the report, the page last: what names a page has all there is."""
    files: dict[str, Reference] = {}
    for kind in ("xlsx", "html"):
        try:
            content = drawing[kind](report)
        except TooManyRows:
            continue  # never a workbook that was cut; the CSV has every row
        key = layout.report_key(shown.key, kind)
        if not store.create(key, content):
            # Another run made it, perhaps from an older trend: it stands, and says what it was made from.
            standing = store.read(key)
            content = standing.content if standing else content
        files[kind] = Reference(key, digest(content))
    return structs.replace(shown, **files)


def report_of(latest: Latest, shown: Reference, load: Load) -> Report:
    """What the report of `shown`, a published summary, is made of, as `latest` stands."""
    return report_on(latest, load(shown, decode), plainly(shown), load)


def report_on(latest: Latest, summary: Summary, source: Reference, load: Load) -> Report:
    """The same of a `summary` that is at hand: `source` is what it is called, and its digest."""
    alone = Report(summary=summary, source=source)
    day = alone.day
    named = {layout.day_of(each.key): plainly(each) for each in latest.days} if alone.compared else {}
    before = [Beside(load(named[each], decode_beside), named[each]) for each in days_before(day) if each in named]
    operation = latest.operation if summary.window != "operation" else None
    trend = load(latest.trend, decode_trend) if latest.trend else None
    if trend is not None:  # of a day long ago, the trend up to it; what is usual since then was not usual that day
        days = tuple(each for each in trend.days if each.date <= day.isoformat())
        trend = structs.replace(trend, days=days, usual=trend.usual if days == trend.days else {})
    own = next((each for each in latest.checks if alone.compared and layout.day_of(each.day.key) == day), None)
    check = own or latest.reconciled
    return structs.replace(
        alone,
        operation=Beside(load(operation, decode_beside), plainly(operation)) if operation else None,
        trend=trend,
        trend_source=plainly(latest.trend) if latest.trend else None,
        before=tuple(each for each in before if _fit(each)),
        reconciliation=load(check, decode_reconciliation) if check else None,
        reconciliation_source=plainly(check) if check else None,
        differing=tuple(
            Differing(load(each, decode_reconciliation), plainly(each)) for each in latest.differing if each != check
        ),
    )


def _fit(beside: Beside) -> bool:
    """Whether a day is fit to be compared with. One on which nobody came is silent, which is not zero."""
    there = beside.content
    whole = moment(there.ends) - moment(there.begins) == timedelta(days=1)
    return whole and not there.expired and there.city.passages > 0
