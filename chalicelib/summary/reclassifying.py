"""Reclassifying: a final hour under another list of key regions, without reading a passage again.

An hour's summary holds its travellers by origin, so those from key regions can be told anew from it, to the same bytes
that a count of the passages would give, also when these have long expired.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from msgspec import structs

from chalicelib.passage.hour import Hour, hours, stamp
from chalicelib.settings import KeyRegions, Settings
from chalicelib.summary.counting import Counts, from_regions
from chalicelib.summary.document import Summary

DAYS = 7
"""Days that are reclassified before `latest` moves on."""

BATCHES = 4
"""Of so many days each, in one run, so that it ends well within a function's time; the next run goes on."""


def reclassified(summary: Summary, regions: KeyRegions) -> Summary:
    """The summary of an hour as if `regions` had been in force; what else the settings said stays as it was."""

    def again(counts: Counts) -> Counts:
        return structs.replace(counts, from_key_regions=from_regions(counts.by.get("origin", {}), regions.codes))

    return structs.replace(
        summary,
        key_regions_versions=(regions.version,),
        city=again(summary.city),
        checkpoints={
            checkpoint: structs.replace(there, counts=again(there.counts))
            for checkpoint, there in summary.checkpoints.items()
        },
    )


def touched(settings: Settings, known: int, first: Hour, beyond: Hour) -> Iterator[list[Hour]]:
    """The hours from `first` up to `beyond` for which another list is in force than when version `known` was the
    newest, in batches of whole days."""
    since = min((each.valid_from or "" for each in settings.key_regions if each.version > known), default=None)
    if since is None:
        return
    batch: list[Hour] = []
    for hour in hours(first, beyond):
        if stamp(hour.start) < since:
            continue
        if batch and hour.day >= batch[0].day + timedelta(days=DAYS):
            yield batch
            batch = []
        batch.append(hour)
    if batch:
        yield batch
