"""What the schedule reads of a fortnight in memory, and what that costs, as AWS documents it: a consistent read takes
a unit for each 4 KiB begun of a page; what a filter or projection leaves out is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from chalicelib.passage import facts as codec
from chalicelib.passage import seal
from chalicelib.passage.facts import Registered, Scan
from chalicelib.passage.hour import Hour
from chalicelib.passage.table import Raw, record_name
from tests.simulation.s3 import MemoryS3
from tests.summary import fortnight

UNIT = 4096
SEALED = 540
"""Bytes that sealing adds to what is sealed: header, data key and tag of the Encryption SDK, under KMS."""

Sizes = Mapping[tuple[str, str], tuple[int, int]]
"""Checkpoint and hour -> passages there, their bytes."""


def sizes(
    arrivals: Sequence[fortnight.Arrival], partitions: Mapping[tuple[str, str], list[Registered]]
) -> dict[tuple[str, str], tuple[int, int]]:
    """The sizes of the partitions that these `arrivals` make."""
    found = {
        (checkpoint, named): (len(registered), sum(_facts_size(checkpoint, each) for each in registered))
        for (checkpoint, named), registered in partitions.items()
    }
    for arrival in arrivals:
        received = arrival.at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{arrival.at.microsecond // 1000:03d}Z"
        cell = (arrival.passage.checkpoint, received[:13])
        name = record_name(arrival.passage.checkpoint, received, arrival.passage.submission)
        number, size = found[cell]
        found[cell] = (number, size + len(seal.plain(arrival.passage, name)) + SEALED)
    return found


def units(size: float) -> int:
    """Read units of a page of so many bytes, and at least one."""
    return max(1, math.ceil(size / UNIT))


class Reader:
    """A PassageReader that notes what each query costs."""

    def __init__(self, inner: fortnight.Partitions, there: Sizes) -> None:
        self._inner, self._sizes = inner, there
        self.queries, self.items, self.units = 0, 0, 0

    def facts(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Registered]:
        found = list(self._inner.facts(checkpoint, hour, now))
        number, size = self._sizes.get((checkpoint, hour.key), (0, 0))
        self.queries += 1
        self.items += len(found)
        self.units += units(size * (len(found) / number if number else 0))
        return iter(found)

    def changed(self, hour: Hour, now: datetime) -> set[Hour]:
        self.queries += 1
        self.units += 1
        return self._inner.changed(hour, now)

    def scans(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Scan]:
        self.queries += 1
        self.units += 1
        return self._inner.scans(checkpoint, hour, now)

    def again(self, kind: Literal["CP", "SCAN"], checkpoint: str, hour: Hour, now: datetime) -> Iterator[Raw]:
        if kind == "SCAN":
            self.queries += 1
            self.units += 1
        else:
            self.facts(checkpoint, hour, now)
        return self._inner.again(kind, checkpoint, hour, now)


class S3(MemoryS3):
    """S3 in memory that notes its requests; listings count as writes, as AWS bills them."""

    gets, puts, bytes_read = 0, 0, 0

    def get_object(self, **asked: Any) -> dict[str, Any]:
        self.gets += 1
        answer = super().get_object(**asked)
        self.bytes_read += answer["ContentLength"]
        return answer

    def put_object(self, **asked: Any) -> dict[str, Any]:
        self.puts += 1
        return super().put_object(**asked)

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        self.puts += 1
        return super().list_objects_v2(**asked)


def _facts_size(checkpoint: str, registered: Registered) -> int:
    names = len("pkskfactssealedexpires_at")
    key = len(f"CP#{checkpoint}#{registered.received_at[:13]}") + len(
        f"{registered.received_at}#{registered.submission}"
    )
    return names + key + len(codec.encode(registered.facts)) + 6
