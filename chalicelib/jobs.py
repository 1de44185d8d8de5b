"""The schedules. What wakes a job is no input of it: each asks what is missing and does that."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib import log, wiring
from chalicelib.summary.run import summarise

blueprint = Blueprint(__name__)


@blueprint.schedule(Rate(5, unit=Rate.MINUTES))  # the local stack fires it every minute
def summarise_schedule(event: CloudWatchEvent) -> None:
    """Publishes the summaries that are missing. Errors are let out: a schedule that fails must be seen to fail."""
    outcome = summarise(
        wiring.passage_reader(), wiring.summary_bucket(), wiring.current_settings().current(), wiring.clock()
    )
    log.note("summarised", hour=outcome.latest.final_up_to, count=len(outcome.made))
    if outcome.late:
        log.note("came_late", count=outcome.late)
