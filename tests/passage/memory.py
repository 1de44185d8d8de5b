"""The table in memory: the same face and the same promises as `PassageTable` (tests/passage/test_table.py)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime

from chalicelib.passage import facts
from chalicelib.passage.facts import Registered
from chalicelib.passage.hour import Hour
from chalicelib.passage.table import Guard, Record, record_key


class MemoryTable:
    def __init__(self) -> None:
        self.guards: dict[str, Guard] = {}
        self.passages: dict[tuple[str, str], Record] = {}
        self._lock = threading.Lock()

    def register(self, record: Record) -> Guard:
        with self._lock:
            standing = self.guards.get(record.submission)
            if standing is None:
                standing = self.guards[record.submission] = Guard(record.received_at, record.proof)
                self.passages[record_key(record.checkpoint, record.received_at, record.submission)] = record
            return standing

    def facts(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Registered]:
        with self._lock:
            found = sorted(
                (sk, record)
                for (pk, sk), record in self.passages.items()
                if pk == f"CP#{checkpoint}#{hour.key}" and record.expires_at > int(now.timestamp())
            )
        for _, record in found:
            yield Registered(record.received_at, record.submission, facts.decode(record.facts))
