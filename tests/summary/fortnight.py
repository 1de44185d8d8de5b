"""Fourteen days of a made-up operation at the volume of Haicheng's: 18 checkpoints,
122,992 passages, 263,239 travellers.

`arrivals(scale)` are the passages in order of arrival, `scans(scale)` those of revoked posters; `summaries(scale)` are
the final summaries and what points to them, in memory; `published(folder, scale)` the same as
files in a folder. The same scale and seed give the same to the byte. At scale 1 the three numbers are exact.

    from tests.summary import fortnight
    made = fortnight.summaries(1 / 100)       # made.store, made.latest, made.now, made.settings
    fortnight.published(tmp_path, 1 / 100)    # latest.json, now.json, day/…, hour/… below tmp_path

The days run from 2020-02-17 to 2020-03-01 in Asia/Shanghai, over a leap day and a month's end, unless `starts` says
otherwise. What a command centre should notice is in it: checkpoint 116 falls silent on the last day, 104 did for five
hours on the sixth, 118 shuts at night; poster 2 of 101 retires, poster 1 of 110 is revoked and still scanned.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from msgspec import structs

from chalicelib import divisions
from chalicelib.passage import codes
from chalicelib.passage.facts import Registered, Scan, facts_of
from chalicelib.passage.hour import GRACE, LOCAL, Hour, hours, stamp
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.passage import Passage, Traveller
from chalicelib.passage.table import Raw
from chalicelib.settings import Poster, Settings, first_settings
from chalicelib.summary import layout
from chalicelib.summary.bucket import SummaryBucket
from chalicelib.summary.fetching import fetch
from chalicelib.summary.pointers import Latest, Now, decode_latest, decode_now
from chalicelib.summary.run import summarise
from scripts import simulated
from tests.simulation.s3 import MemoryS3
from tests.summary.raw import raw, raw_scan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PASSAGES, TRAVELLERS, DAYS = 122_992, 263_239, 14
STARTS = Hour(datetime(2020, 2, 16, 16, tzinfo=UTC))
"""00:00 of 2020-02-17 in Asia/Shanghai."""
SEED = 2020
KEYS = PassageKeys.of(b"fortnight" * 8, "kakou-test")

_DAY = (0.7, 0.8, 0.9, 1.1, 1.3, 1.4, 1.2, 1.1, 1.2, 1.3, 1.2, 1.0, 0.9, 0.8)
"""The wave of those who return, day by day."""
_CLOCK = (2, 1, 1, 1, 2, 4, 9, 16, 20, 19, 17, 15, 12, 13, 15, 17, 19, 20, 16, 11, 8, 6, 4, 3)
"""By hour of the day in Asia/Shanghai."""
_KIND = {"expressway": 1.6, "road": 1.1, "railway": 0.9, "border": 0.35}
_VEHICLES = {
    "expressway": (66, 6, 20, 0, 3, 0, 0),
    "road": (60, 3, 14, 6, 6, 0, 3),
    "railway": (0, 0, 0, 0, 0, 100, 0),
    "border": (55, 1, 12, 10, 6, 0, 9),
}
"""Weights of `codes.VEHICLES` by the checkpoint's kind."""
_PARTY = (36, 32, 17, 9, 3, 1.2, 0.8, 0.6, 0.4)
_SYMPTOMS = ((("none",), 955), (("cough",), 22), (("cough", "fever"), 8), (("fever",), 7), (("fatigue",), 8))
_NAMES = 3_000
"""Different names are enough: nobody counts them."""


class Arrival(NamedTuple):
    """One passage as it reaches the server."""

    at: datetime
    passage: Passage
    poster: int
    retiring: bool
    waited: int | None = None
    """Seconds that the form was kept on the phone."""


class Made(NamedTuple):
    """What was made of it."""

    store: SummaryBucket
    s3: MemoryS3
    settings: Settings
    passages: Partitions

    @property
    def latest(self) -> Latest:
        found = self.store.read(layout.LATEST)
        assert found
        return decode_latest(found.content)

    @property
    def now(self) -> Now:
        found = self.store.read(layout.NOW)
        assert found
        return decode_now(found.content)


class Partitions:
    """A PassageReader over partitions in memory, as large as one likes."""

    def __init__(self, registered: dict[tuple[str, str], list[Registered]], scanned: Iterable[Scan] = ()) -> None:
        self.registered = registered
        self.scanned: dict[tuple[str, str], list[Scan]] = defaultdict(list)
        for scan in scanned:
            self.scanned[scan.checkpoint, scan.at[:13]].append(scan)
        self.known_at: datetime | None = None
        """What arrives later is not there yet; None: all is there."""

    def facts(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Registered]:
        until = stamp(self.known_at) if self.known_at else "9"
        return (each for each in self.registered.get((checkpoint, hour.key), ()) if each.received_at < until)

    def changed(self, hour: Hour, now: datetime) -> set[Hour]:
        return set()

    def scans(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Scan]:
        until = stamp(self.known_at) if self.known_at else "9"
        return (each for each in self.scanned.get((checkpoint, hour.key), ()) if each.at < until)

    def again(self, kind: Literal["CP", "SCAN"], checkpoint: str, hour: Hour, now: datetime) -> Iterator[Raw]:
        if kind == "SCAN":
            return map(raw_scan, self.scans(checkpoint, hour, now))
        return chain.from_iterable(map(raw, self.facts(checkpoint, hour, now)))


def settings(starts: Hour = STARTS) -> Settings:
    """The register as it ships, with posters that were replaced at two checkpoints."""
    first = first_settings("kakou-test", "https://example.invalid", stamp(starts.start))
    posters = {(each.checkpoint, each.version): each for each in first.posters}
    posters["101", 1] = Poster("101", 1, "retiring", until=stamp(starts.start + timedelta(days=DAYS + 2)))
    posters["101", 2] = Poster("101", 2, "active")
    posters["110", 1] = Poster("110", 1, "revoked")
    posters["110", 2] = Poster("110", 2, "active")
    return structs.replace(
        first, version=1, published_at=stamp(starts.start), posters=tuple(posters[name] for name in sorted(posters))
    )


def arrivals(scale: float = 1.0, seed: int = SEED, starts: Hour = STARTS) -> list[Arrival]:
    """The passages in order of arrival: `scale` times 122,992 with `scale` times 263,239 travellers."""
    rng = random.Random(seed)
    checkpoints = settings(starts).checkpoints
    kinds = {each.id: each.kind for each in checkpoints}
    number = max(1, round(PASSAGES * scale))
    parties = _parties(rng, number, max(number, round(TRAVELLERS * scale)))
    cells = [(hour, checkpoint) for hour in range(DAYS * 24) for checkpoint in kinds]
    weights = [_busy(hour, checkpoint, kinds[checkpoint]) for hour, checkpoint in cells]
    chosen = rng.choices(range(len(cells)), cum_weights=list(accumulate(weights)), k=number)
    moments = sorted((cells[cell][0] * 3_600_000 + rng.randrange(3_600_000), cells[cell][1]) for cell in chosen)
    people = _People(rng)
    lane: dict[str, list[str]] = defaultdict(list)
    made = []
    hour = 0
    for (after, checkpoint), size in zip(moments, parties, strict=True):
        if after // 3_600_000 != hour:
            hour = after // 3_600_000
            lane.clear()
        vehicle = rng.choices(codes.VEHICLES, _VEHICLES[kinds[checkpoint]])[0]
        plate = None
        if vehicle not in codes.NO_VEHICLE and not (vehicle in codes.PLATE_OPTIONAL and rng.random() < 0.5):
            # Passengers who register on phones of their own give the plate of the same vehicle: a coach's most of all.
            again = 0.5 if vehicle == "coach" else 0.08
            plate = rng.choice(lane[checkpoint]) if lane[checkpoint] and rng.random() < again else people.plate()
            lane[checkpoint] = [*lane[checkpoint][-9:], plate]
        retiring = checkpoint == "101" and rng.random() < 0.15
        poster = 2 if checkpoint == "110" or (checkpoint == "101" and not retiring) else 1
        passage = Passage(
            f"{rng.getrandbits(128):032x}",
            checkpoint,
            vehicle,
            plate,
            people.party(size, hour // 24, vehicle == "truck"),
        )
        # Where there is no network a form waits on the phone, for minutes or for hours.
        waited = rng.choices((None, 0, 45, 900, 9000), (30, 60, 6, 3, 1))[0]
        made.append(Arrival(starts.start + timedelta(milliseconds=after), passage, poster, retiring, waited))
    return made


def corrections(made: Sequence[Arrival], seed: int = SEED) -> list[Arrival]:
    """What travellers mended of every hundredth of these passages, one to nine hours later, a few of them twice: where
    they come from, never how many they are."""
    rng = random.Random(seed + 2)
    people = _People(rng)
    found: list[Arrival] = []
    for each in made[37::100]:
        before = each
        for _ in range(1 + (rng.random() < 0.1)):
            party = people.party(len(before.passage.travellers), 0, False)
            mended = structs.replace(
                before.passage,
                submission=f"{rng.getrandbits(128):032x}",
                replaces=before.passage.submission,
                travellers=party,
            )
            if mended.plate and rng.random() < 0.3:  # typed wrongly at the roadside: another vehicle, of another kind
                kind = "truck" if mended.vehicle == "car" else "car"
                mended = structs.replace(mended, plate=people.plate(), vehicle=kind)
            before = each._replace(at=before.at + timedelta(minutes=rng.randint(65, 540)), passage=mended)
            found.append(before)
    return sorted(found, key=lambda each: each.at)


def scans(scale: float = 1.0, seed: int = SEED, starts: Hour = STARTS) -> list[Scan]:
    """Scans of the revoked poster at 110: `scale` times 300."""
    rng = random.Random(seed + 1)
    moments = sorted(rng.randrange(DAYS * 86_400_000) for _ in range(max(1, round(300 * scale))))
    return [
        Scan("110", stamp(starts.start + timedelta(milliseconds=after)), f"{rng.getrandbits(64):016x}", 1, "A")
        for after in moments
    ]


def counted(made: Iterable[Arrival], keys: PassageKeys = KEYS) -> dict[tuple[str, str], list[Registered]]:
    """What the table holds of them: checkpoint and hour -> its passages, by the storage's own facts."""
    found: dict[tuple[str, str], list[Registered]] = defaultdict(list)
    for at, passage, poster, retiring, waited in made:
        plate = keys.plate_hash(passage.plate, at.astimezone(LOCAL).date()) if passage.plate else None
        facts = facts_of(passage, poster=poster, key="A", retiring=retiring, plate=plate, waited=waited)
        found[passage.checkpoint, stamp(at)[:13]].append(Registered(stamp(at), passage.submission, facts))
    return found


def summaries(
    scale: float = 1 / 100, *, seed: int = SEED, starts: Hour = STARTS, now: datetime | None = None, every: int = 24
) -> Made:
    """What a run `every` so many hours (1: as a schedule does it, and slow) has published by `now`: the end of the
    fourteen days and five minutes, unless told otherwise. What arrives after `now` is not there yet."""
    listed = settings(starts)
    passages = Partitions(counted(arrivals(scale, seed, starts)), scans(scale, seed, starts))
    now = now or starts.start + timedelta(days=DAYS, minutes=5)
    s3 = MemoryS3()
    store = SummaryBucket(cast("S3Client", s3), "summaries", sleep=lambda _: None)
    for number, hour in enumerate(hours(starts, Hour.of(now - GRACE))):
        if number % every == every - 1:
            passages.known_at = hour.end + GRACE
            summarise(passages, store, listed, passages.known_at, workers=1)
    passages.known_at = now
    summarise(passages, store, listed, now, workers=1)
    return Made(store, s3, listed, passages)


def published(folder: Path, scale: float = 1 / 100, *, now: datetime | None = None) -> Made:
    """The same as files in `folder`, as `scripts/fetch_summaries` brings them."""
    made = summaries(scale, now=now)
    fetch(made.store, folder)
    return made


def _busy(hour: int, checkpoint: str, kind: str) -> float:
    day, clock = divmod(hour, 24)
    if checkpoint == "118" and not 6 <= clock < 22:
        return 0
    if checkpoint == "104" and day == 5 and 9 <= clock < 14:
        return 0
    if checkpoint == "116" and day == DAYS - 1 and clock >= 9:
        return 0
    trains = 3.0 if kind == "railway" and clock in (6, 11, 17, 21) else 1.0
    return _DAY[day] * _CLOCK[clock] * _KIND[kind] * trains / (1 + int(checkpoint) % 4)


def _parties(rng: random.Random, passages: int, travellers: int) -> list[int]:
    """So many parties with so many travellers in all."""
    sizes = rng.choices(range(1, codes.MAX_TRAVELLERS + 1), _PARTY, k=passages)
    left = travellers - sum(sizes)
    step = 1 if left > 0 else -1
    while left:
        at = rng.randrange(passages)
        if 1 <= sizes[at] + step <= codes.MAX_TRAVELLERS:
            sizes[at] += step
            left -= step
    return sizes


class _People:
    """Travellers that nobody is, lawful in every field."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._names = [simulated._name(rng) for _ in range(_NAMES)]
        self._numbers = cycle(sorted({simulated._resident_id(rng) for _ in range(_NAMES)}))
        everywhere = [place.code for place in divisions.origins()]
        self._near = [code for code in everywhere if code.startswith(simulated._NEAR)]
        self._far = everywhere
        self._hubei = [code for code in everywhere if code.startswith("42")]
        townships = [place.code for place in divisions.townships(simulated.CITY)]
        self._townships = (townships, [3 + 40 // (rank + 1) for rank in range(len(townships))])

    def plate(self) -> str:
        return simulated._plate(self._rng)

    def party(self, size: int, day: int, freight: bool) -> tuple[Traveller, ...]:
        rng = self._rng
        # Fewer and fewer come from the key region as the days pass.
        places: Sequence[str] = rng.choices(
            (self._near, self._far, self._hubei, (codes.ABROAD,)), (70, 26, 4 - day * 0.2, 0.6)
        )[0]
        origin = rng.choice(places)
        through = rng.random() < 0.12
        township = codes.ELSEWHERE if through else rng.choices(*self._townships)[0]
        purpose = (
            "transit" if through else "freight" if freight else rng.choices(codes.PURPOSES, (50, 25, 12, 3, 2, 0, 8))[0]
        )
        return tuple(self._traveller(at, origin, township, purpose) for at in range(size))

    def _traveller(self, at: int, origin: str, township: str, purpose: str) -> Traveller:
        rng = self._rng
        symptoms = rng.choices([each for each, _ in _SYMPTOMS], [weight for _, weight in _SYMPTOMS])[0]
        hot = "fever" in symptoms or rng.random() < 0.001
        degrees = round(rng.uniform(373, 395)) if hot else min(round(rng.gauss(365, 2.5)), 372)
        document = "none" if at and rng.random() < 0.2 else rng.choices(codes.DOCUMENTS[:5], (970, 15, 8, 4, 3))[0]
        number = {"none": None, "resident_id": next(self._numbers), "passport": f"E{rng.randrange(10**8):08d}",
                  "hk_macao_permit": f"H{rng.randrange(10**8):08d}", "taiwan_permit": f"{rng.randrange(10**8):08d}",
                  "other": "ABC12345"}[document]  # fmt: skip
        if at and rng.random() < 0.1:
            origin = rng.choice(self._near)
        phone = f"+861{rng.choice('3456789')}{rng.randrange(10**9):09d}" if not at or rng.random() < 0.3 else None
        return Traveller(
            rng.choice(self._names), document, number, phone, origin, township, "中心街1号", purpose,
            rng.random() < (0.3 if origin.startswith("42") else 0.004), symptoms,
            degrees if rng.random() < 0.85 else None,
        )  # fmt: skip
