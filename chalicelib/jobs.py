"""The schedules. What wakes a job is no input of it: each asks what is missing and does that."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib import log, wiring
from chalicelib.summary.clock import ClockOff, agreed
from chalicelib.summary.report import Report
from chalicelib.summary.revisions import SummaryDamaged
from chalicelib.summary.run import PassagesMissing, summarise

blueprint = Blueprint(__name__)

_NAME_NOBODY = (PassagesMissing, SummaryDamaged, ClockOff)
"""Errors whose whole text is the key of a summary, or two times and what to do."""


class NotSummarised(RuntimeError):
    """The run failed: the kind of error, and the summary's key or the clock that is at fault. Nothing of what was read:
    Lambda writes an exception's text and its causes into the log."""


# Nearly every waking makes no report: what draws them is imported when there is one to make.
def _page(report: Report) -> bytes:
    from chalicelib.summary.report.page import page

    return page(report)


def _workbook(report: Report) -> bytes:
    from chalicelib.summary.report.workbook import workbook

    return workbook(report)


# Every two minutes, because an hour is to be final within five of its end and two are grace; locally every minute.
@blueprint.schedule(Rate(2, unit=Rate.MINUTES))
def summarise_schedule(event: CloudWatchEvent) -> None:
    """Publishes the summaries that are missing. Raises NotSummarised: a schedule that fails must be seen to fail."""
    log.only_ours()
    try:
        store = wiring.summary_bucket()
        now = agreed(wiring.clock, store)
        outcome = summarise(
            wiring.passage_reader(),
            store,
            wiring.current_settings().current(),
            now,
            drawing={"html": _page, "xlsx": _workbook},
        )
    except Exception as error:
        log.failure("not_summarised", error)
        more = f" {error}" if isinstance(error, _NAME_NOBODY) else ""
        raise NotSummarised(type(error).__name__ + more) from None
    log.note("summarised", hour=outcome.latest.final_up_to, count=len(outcome.made))
    if outcome.late:
        log.note("came_late", count=outcome.late)
    if outcome.corrections:
        log.note("corrected", count=outcome.corrections)
