"""The countable, non-identifying facts of a passage, and their compact text.

One JSON array as one string: what a summary costs is botocore's parsing of attribute maps, not the counting.
Fields are only ever added at the end, with a default, so that old records stay readable.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import Struct, structs

from chalicelib.passage.passage import Passage


# `gc=False`: texts and numbers make no circles, and passages that the collector need not walk through are decoded four
# times as fast by the hundred thousand.
class TravellerFacts(Struct, frozen=True, array_like=True, gc=False):
    """What is counted of one traveller; the meanings are those of `passage.Traveller`."""

    document: str
    origin: str
    township: str
    purpose: str
    key_region_stay: bool
    symptoms: tuple[str, ...]
    temperature: int | None


class Facts(Struct, frozen=True, array_like=True, gc=False):
    """What is counted of one passage."""

    version: int
    """Of this layout: 1."""
    poster: int
    """The poster version that was scanned."""
    key: str
    """The key id of the code that was scanned."""
    vehicle: str
    plate: str | None
    """Keyed hash of the plate under that day's key, or None without a plate."""
    travellers: tuple[TravellerFacts, ...]
    retiring: bool = False
    """Whether that poster was retiring when the passage arrived: a sheet that should be gone still hangs."""
    waited: int | None = None
    """Seconds from the first pressing of Register to the sending that was stored first; None without the script."""


class Scan(Struct, frozen=True):
    """A genuine code on a revoked poster was scanned: nothing of whoever did it."""

    checkpoint: str
    at: str
    """The server's time, as `hour.stamp` writes it."""
    id: str
    """Random; tells it from others of the same millisecond."""
    poster: int
    key: str


class ScanFacts(Struct, frozen=True, array_like=True):
    """What is counted of a scan, in a layout that grows as that of `Facts` does."""

    version: int
    poster: int
    key: str


class ChangedHour(Struct, frozen=True, array_like=True):
    """What a correction says of itself under the hour of its own arrival: where it changed what is counted."""

    version: int
    checkpoint: str
    hour: str
    """As `Hour.key`."""


class Registered(NamedTuple):
    """A stored passage as counting sees it: the last correction, where there is one, in the place of the first."""

    received_at: str
    """The server's time of arrival, as `hour.stamp` writes it: of the passage, not of a correction."""
    submission: str
    """Of the record that counts."""
    facts: Facts
    corrections: int = 0
    """How many corrections the passage has."""


def facts_of(
    passage: Passage, *, poster: int, key: str, retiring: bool, plate: str | None, waited: int | None = None
) -> Facts:
    """The facts of `passage` scanned from poster version `poster` with key id `key`; `plate` is the keyed hash."""
    return Facts(
        1,
        poster,
        key,
        passage.vehicle,
        plate,
        tuple(
            TravellerFacts(t.document, t.origin, t.township, t.purpose, t.key_region_stay, t.symptoms, t.temperature)
            for t in passage.travellers
        ),
        retiring,
        waited,
    )


def corrected(arrived: Facts, answers: Facts) -> Facts:
    """What is counted of a passage that was corrected: `answers` of the last correction; the poster that was scanned
    and the wait on the phone as it `arrived`. A correction comes from home and scans nothing at the roadside."""
    return structs.replace(
        answers, poster=arrived.poster, key=arrived.key, retiring=arrived.retiring, waited=arrived.waited
    )


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Facts).decode
decode_changed = msgspec.json.Decoder(ChangedHour).decode
decode_scan = msgspec.json.Decoder(ScanFacts).decode
