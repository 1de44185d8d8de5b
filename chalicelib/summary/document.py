"""The summary: one window's counts as a document, the same facts giving the same bytes.

A final summary is a pure function of what was read and of the settings it names: no time of the run, no float, sorted
names, compact UTF-8 JSON. Hours are made from counts; days and the operation are merged from summaries and name them by
key and digest, whichever way they were come by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import msgspec
from msgspec import Struct, structs

from chalicelib.passage.facts import Registered, Scan
from chalicelib.passage.hour import Hour, stamp
from chalicelib.settings import Settings
from chalicelib.summary.counting import Counts, count, merge


class Reference(Struct, frozen=True):
    """Names a file of the summaries, and what it holds."""

    key: str
    digest: str
    """SHA-256 of its bytes, in hex."""


class AtCheckpoint(Struct, frozen=True):
    """What a summary says of one checkpoint. Silence is not zero: without a passage it says since when."""

    name_zh: str
    name_en: str
    state: str
    """`counted`: there were passages; `silent`: an open checkpoint without any; `closed`: closed, and none."""
    since: str | None
    """Of a silent checkpoint: from when on, at the latest, nothing came."""
    counts: Counts


class Summary(Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "until"}):
    """The final counts of one window."""

    schema: Literal["kakou.summary.v1"] = "kakou.summary.v1"
    window: Literal["hour", "today", "day", "operation", "days"]
    """`today`: the hours of a day (Asia/Shanghai) that is not over. `days`: several days, the last perhaps not over;
    made when somebody asks for them, and published nowhere."""
    begins: str
    """First moment of the window, UTC. The operation's first day begins with the operation."""
    ends: str
    """First moment after the window, UTC."""
    state: Literal["final"] = "final"
    revision: int = 1
    late: int = 0
    """Passages that the revision before this one did not have."""
    late_scans: int = 0
    """Scans, likewise."""
    late_corrections: int = 0
    """Corrections, likewise."""
    settings_versions: tuple[int, ...]
    key_regions_versions: tuple[int, ...]
    """Of the lists of key regions that were in force."""
    reclassified_from: tuple[int, ...] = ()
    """Of the lists that the revision before this one was counted under, where they were others."""
    fever_from: tuple[int, ...]
    """Thresholds of fever that were in force, tenths of a degree Celsius."""
    expired: bool = False
    """Whether passages may have expired before they were first counted, after an outage longer than the retention."""
    passages_read: int
    """A passage and all its corrections are one."""
    passages_digest: str | None = None
    """Of an hour: SHA-256 over the sorted submission ids of what counts, each with a line feed."""
    corrections_read: int = 0
    """Those that a later one replaced included."""
    scans_read: int = 0
    scans_digest: str | None = None
    """Of an hour with scans of revoked posters: SHA-256 over their sorted names (`101#<at>#<id>`), likewise."""
    merged_from: tuple[Reference, ...] = ()
    """Of a day, or today: its hours. Of the operation: its whole days, then the hours of the day that is not whole. Of
    days: theirs."""
    city: Counts
    checkpoints: dict[str, AtCheckpoint]


class Reading(Struct, frozen=True):
    """One checkpoint's part of an hour, as it was read."""

    counts: Counts
    submissions: tuple[str, ...]
    """Of what counts."""
    scans: tuple[str, ...] = ()
    """Their names."""
    corrections: int = 0


def reading(
    checkpoint: str, registered: Iterable[Registered], settings: Settings, scans: Iterable[Scan] = (), *, hour: Hour
) -> Reading:
    """Counts `registered`, the passages of one checkpoint in `hour`, and the `scans` of its revoked posters."""
    passages, seen = list(registered), list(scans)
    regions = settings.key_regions_at(stamp(hour.start))
    counts = count(checkpoint, passages, seen, key_regions=regions.codes, fever=settings.fever_at(stamp(hour.start)))
    return Reading(
        counts,
        tuple(passage.submission for passage in passages),
        tuple(f"{checkpoint}#{scan.at}#{scan.id}" for scan in seen),
        sum(passage.corrections for passage in passages),
    )


def of_hour(hour: Hour, readings: Mapping[str, Reading], settings: Settings, *, expired: bool = False) -> Summary:
    """The summary of `hour`, which `readings` (checkpoint -> what was read there) make up in full."""
    submissions = [submission for part in readings.values() for submission in part.submissions]
    scans = [scan for part in readings.values() for scan in part.scans]
    return Summary(
        window="hour",
        begins=stamp(hour.start),
        ends=stamp(hour.end),
        settings_versions=(settings.version,),
        key_regions_versions=(settings.key_regions_at(stamp(hour.start)).version,),
        fever_from=(settings.fever_at(stamp(hour.start)),),
        expired=expired,
        passages_read=len(submissions),
        passages_digest=_identities(submissions),
        corrections_read=sum(part.corrections for part in readings.values()),
        scans_read=len(scans),
        scans_digest=_identities(scans) if scans else None,
        city=merge(part.counts for part in readings.values()),
        checkpoints={
            checkpoint: _at_checkpoint(checkpoint, part.counts, hour, settings) for checkpoint, part in readings.items()
        },
    )


def _identities(names: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{each}\n" for each in sorted(names)).encode()).hexdigest()


def _at_checkpoint(checkpoint: str, counts: Counts, hour: Hour, settings: Settings) -> AtCheckpoint:
    listed = settings.checkpoint(checkpoint)
    zh, en = (listed.name_zh, listed.name_en) if listed else (checkpoint, checkpoint)
    if counts.passages:
        return AtCheckpoint(zh, en, "counted", None, counts)
    begins, ends = stamp(hour.start), stamp(hour.end)
    if listed and listed.state_in(begins, ends) == "open":
        opened = listed.opened_at or ""
        return AtCheckpoint(zh, en, "silent", max(begins, opened) if opened < ends else begins, counts)
    return AtCheckpoint(zh, en, "closed", None, counts)


def merged(
    window: Literal["today", "day", "operation", "days"], parts: Sequence[Summary], merged_from: Sequence[Reference]
) -> Summary:
    """The summary of a longer window, whose `parts` (at least one) follow one another in time. Raises ValueError where
    they leave a gap or overlap: what is missing must never look like zero."""
    for earlier, later in pairwise(parts):
        if earlier.ends != later.begins:
            raise ValueError(f"summaries do not join: until {earlier.ends}, then from {later.begins}")
    listed: dict[str, list[AtCheckpoint]] = {}
    for part in parts:
        for checkpoint, there in part.checkpoints.items():
            listed.setdefault(checkpoint, []).append(there)
    return Summary(
        window=window,
        begins=parts[0].begins,
        ends=parts[-1].ends,
        settings_versions=_all(part.settings_versions for part in parts),
        key_regions_versions=_all(part.key_regions_versions for part in parts),
        fever_from=_all(part.fever_from for part in parts),
        expired=any(part.expired for part in parts),
        passages_read=sum(part.passages_read for part in parts),
        corrections_read=sum(part.corrections_read for part in parts),
        scans_read=sum(part.scans_read for part in parts),
        merged_from=tuple(merged_from),
        city=merge(part.city for part in parts),
        checkpoints={checkpoint: joined(there) for checkpoint, there in listed.items()},
    )


def joined(parts: Sequence[AtCheckpoint]) -> AtCheckpoint:
    """What is said of one checkpoint over several windows, in their order: the latest name; silent where it was open
    and nothing came in any of them."""
    counts = merge(part.counts for part in parts)
    since = min((part.since for part in parts if part.since), default=None)
    state = "counted" if counts.passages else "silent" if since else "closed"
    return AtCheckpoint(parts[-1].name_zh, parts[-1].name_en, state, since if state == "silent" else None, counts)


def revised(summary: Summary, before: Summary) -> Summary:
    """`summary` as the next revision after `before`."""
    others = before.key_regions_versions != summary.key_regions_versions
    return structs.replace(
        summary,
        revision=before.revision + 1,
        reclassified_from=before.key_regions_versions if others else (),
        late=summary.passages_read - before.passages_read,
        late_scans=summary.scans_read - before.scans_read,
        late_corrections=summary.corrections_read - before.corrections_read,
    )


def same_sources(one: Summary, other: Summary) -> bool:
    """Whether both were made from the same passages, corrections and scans under the same list of key regions, or
    merged from the same summaries."""
    return same_records(one, other) and one.key_regions_versions == other.key_regions_versions


def same_records(one: Summary, other: Summary) -> bool:
    """Whether both were made from the same passages, corrections and scans, or merged from the same summaries, whatever
    the list of key regions."""
    return _records(one) == _records(other)


def _records(summary: Summary) -> tuple[object, ...]:
    # A correction that came behind a later one changes nothing but how many there are.
    return summary.passages_digest, summary.corrections_read, summary.scans_digest, summary.merged_from


def is_older(one: Summary, other: Summary) -> bool:
    """Whether `one` was made from less than `other`, or from the same under older lists of key regions."""
    if has_less(one, other):
        return True
    same = _read(one) == _read(other)
    # Sorted versions, of which the smaller ones go and larger ones come: they only ever grow in this order.
    return same and one.key_regions_versions < other.key_regions_versions


def has_less(one: Summary, other: Summary) -> bool:
    """Whether `one` lacks passages, corrections or scans that `other` was made from."""
    return any(here < there for here, there in zip(_read(one), _read(other), strict=True))


def _read(summary: Summary) -> tuple[int, int, int]:
    return summary.passages_read, summary.corrections_read, summary.scans_read


def _all(versions: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({each for some in versions for each in some}))


def encode(summary: Struct) -> bytes:
    """The canonical bytes of a summary, or of what points to summaries."""
    return msgspec.json.encode(summary, order="sorted")


decode = msgspec.json.Decoder(Summary).decode
"""The inverse of `encode`; names that it does not know, from a later version, are left out."""


def digest(content: bytes) -> str:
    """SHA-256 of the bytes of a file, in hex."""
    return hashlib.sha256(content).hexdigest()
