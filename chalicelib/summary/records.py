"""The records of an hour, read from the table by a run: every checkpoint's, several checkpoints at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.passage.hour import Hour, stamp
from chalicelib.passage.table import PassageReader
from chalicelib.settings import Settings
from chalicelib.summary.document import Reading, reading
from chalicelib.summary.reconciliation import Recount

Read = TypeVar("Read")


class Records:
    """What `reader` gives at `now`."""

    def __init__(self, reader: PassageReader, settings: Settings, now: datetime, workers: int) -> None:
        self._reader = reader
        self._settings = settings
        self._now = now
        self._workers = workers
        self.known: Collection[str] = ()
        """Checkpoints that were counted before: those that have left the settings are asked for, too."""

    def expired(self, hour: Hour) -> bool:
        """Whether the table may have forgotten some of `hour`, by what was kept for how long then: functions that could
        not read the settings went by those of an hour before."""
        kept = self._settings.retention_of(stamp(hour.start - timedelta(hours=1)), stamp(hour.end))
        return self._now >= hour.start + timedelta(days=kept)

    def corrected(self, arrived: Iterable[Hour]) -> set[Hour]:
        """The hours of the passages for which corrections arrived in the hours `arrived`."""
        return {hour for each in set(arrived) for hour in self._reader.changed(each, self._now)}

    def again(self, hours: Sequence[Hour]) -> Recount:
        """All that lies in the table of `hours`, read by another way and counted by other code."""
        recount = Recount()
        places = sorted({*self.known, *(each.id for each in self._settings.checkpoints)})

        def read(checkpoint: str) -> None:
            for hour in hours:
                passages, scans = (self._reader.again(kind, checkpoint, hour, self._now) for kind in ("CP", "SCAN"))
                recount.add(hour, checkpoint, passages, scans)

        self._side_by_side(read, places)
        return recount

    def of_hour(self, hour: Hour) -> dict[str, Reading]:
        """What every checkpoint registered in `hour`; of those that have left the settings, or came into them later,
        what there was."""
        listed = [each.id for each in self._settings.checkpoints]
        unlisted = sorted(set(self.known) - set(listed))
        begins, ends = stamp(hour.start), stamp(hour.end)
        later = {each.id for each in self._settings.checkpoints if each.state_in(begins, ends) == "unknown"}
        # Only a poster that was replaced can be scanned in vain; a function learns of that from these same settings, a
        # minute before the grace is over.
        replaced = {each.checkpoint for each in self._settings.posters if each.state != "active"}.union(unlisted)

        def read(checkpoint: str) -> Reading:
            passages = list(self._reader.facts(checkpoint, hour, self._now))
            scans = list(self._reader.scans(checkpoint, hour, self._now)) if checkpoint in replaced else []
            return reading(checkpoint, passages, self._settings, scans, hour=hour)

        found = dict(zip(listed + unlisted, self._side_by_side(read, listed + unlisted), strict=True))
        absent = later.union(unlisted)
        return {each: part for each, part in found.items() if part.submissions or part.scans or each not in absent}

    def _side_by_side(self, read: Callable[[str], Read], checkpoints: list[str]) -> list[Read]:
        if self._workers == 1:
            return [read(checkpoint) for checkpoint in checkpoints]
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(read, checkpoints))
