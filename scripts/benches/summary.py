"""Counting the fourteen days of the seed's volume: seconds beside the floor and the obvious way, what a run reads, and
how far one function carries.

The passages are those that the tests count (tests/summary/fortnight.py). Each checkpoint's hour is a Query whose answer
botocore really parses; nothing is sent. Capacity is computed from the sizes of the items (_reading.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import boto3.dynamodb.types
import msgspec

from chalicelib import patience
from chalicelib.passage import facts as codec
from chalicelib.passage.facts import Registered
from chalicelib.passage.hour import GRACE, Hour
from chalicelib.passage.table import PassageTable, as_it_comes
from chalicelib.settings import Settings
from chalicelib.summary.bucket import Stored, SummaryBucket
from chalicelib.summary.counting import merge
from chalicelib.summary.document import encode, of_hour, reading
from chalicelib.summary.run import summarise
from scripts.benches import Figure, beside, interleaved, of
from scripts.benches._public import answering
from scripts.benches._reading import S3, Reader, sizes, units
from tests.summary import fortnight, made_up

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TURNS = 5
MORE_TURNS = 4
"""Of the floor and of counting alone: the obvious way takes longer than both."""

PART = 8
"""The obvious way counts every eighth page of these: all of them would take longer than everything else together."""

FULL = 700
"""Passages on a full page: DynamoDB ends it at 1 MiB of items, what is sealed included."""

ASKING: dict[str, Any] = {
    "TableName": "passages",
    "ConsistentRead": True,
    "KeyConditionExpression": "#pk = :pk",
    "FilterExpression": "#expires_at > :now",
    "Select": "SPECIFIC_ATTRIBUTES",
    "ProjectionExpression": "#sk, #facts",
    "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk", "#facts": "facts", "#expires_at": "expires_at"},
}

QUARTER = 4
"""Of the small pages, every so many are counted."""

RUNS = (60, 120)
"""Checkpoints of the cities whose whole runs are measured, each with 100 passages an hour."""

RUN = 12
"""Which hour of its first day ends when that run begins: by then the day and the operation have most of their origins
and journeys, and each run merges them all again."""

HOUR_PASSAGES, HOUR_CHECKPOINTS = 100_000, 1_000
"""Of the hour that is counted by one function; `--count 10` makes it the tenfold."""


class Pages(NamedTuple):
    """The answers to the queries, by partition key."""

    compact: dict[str, bytes]
    nested: dict[str, bytes]


def measure(count: int | None = None) -> list[Figure]:
    """The figures; the hour that one function counts has `count` times 100,000 passages."""
    arrivals = fortnight.arrivals()
    listed = fortnight.settings()
    partitions = fortnight.counted(arrivals)
    travellers = sum(len(arrival.passage.travellers) for arrival in arrivals)
    whole = f"{len(arrivals):,} passages, {travellers:,} travellers"
    figures = _seconds(partitions, listed, whole)
    figures += _reads(arrivals, partitions, listed)
    return figures + _one_hour(count or 1) + _whole_runs()


def _seconds(partitions: Mapping[tuple[str, str], list[Registered]], listed: Settings, whole: str) -> list[Figure]:
    """Counting, from full pages and from the small ones that so many checkpoints' hours make."""
    lanes: dict[str, list[Registered]] = {}
    for (checkpoint, _), some in partitions.items():
        lanes.setdefault(checkpoint, []).extend(some)
    full = {
        (checkpoint, hour): _moved(some[at : at + FULL], hour)
        for checkpoint, some in lanes.items()
        for at in range(0, len(some), FULL)
        for hour in [Hour(fortnight.STARTS.start + timedelta(hours=at // FULL))]
    }
    by_hour = {(checkpoint, Hour.parse(hour)): some for (checkpoint, hour), some in list(partitions.items())[::QUARTER]}
    pages = f"pages of {FULL}"
    return [
        *_counting(full, listed, f"{whole}, {pages}", obviously=True),
        *_counting(by_hour, listed, f"a quarter of them, {len(by_hour):,} hours of checkpoints", obviously=False),
    ]


def _moved(registered: list[Registered], hour: Hour) -> list[Registered]:
    """The same passages, all in one hour."""
    return [
        each._replace(received_at=f"{hour.key}:{at // 60 % 60:02d}:{at % 60:02d}.000Z")
        for at, each in enumerate(registered)
    ]


def _counting(
    asked: Mapping[tuple[str, Hour], list[Registered]], listed: Settings, what: str, *, obviously: bool
) -> list[Figure]:
    pages = _pages(asked)
    client = answering("dynamodb", _asked(pages.compact), patience.config("dynamodb", patience.UNHURRIED))
    plain = answering("dynamodb", _asked(pages.nested))
    table = _table(pages.compact)
    counted: list[int] = []

    def floor() -> None:
        for key in pages.compact:
            client.query(**ASKING, ExpressionAttributeValues={":pk": {"S": key}, ":now": {"N": "0"}})

    def counting() -> None:
        parts = [
            reading(checkpoint, table.facts(checkpoint, hour, hour.start), listed, hour=hour).counts
            for checkpoint, hour in asked
        ]
        counted.append(merge(parts).travellers)

    def obvious() -> float:
        began = time.process_time()
        _obvious(plain, list(pages.nested))
        return (time.process_time() - began) * PART

    works: dict[str, Callable[[], float | None]] = {"floor": floor, "counting": counting}
    ran = interleaved(TURNS, works | ({"obvious": obvious} if obviously else {}))
    more = interleaved(MORE_TURNS, works)
    pair = {name: ran[name] + more[name] for name in works}
    all_of_them = sum(len(each.facts.travellers) for some in asked.values() for each in some)
    if set(counted) != {all_of_them}:
        raise RuntimeError(f"counted {counted} travellers, not {all_of_them}")
    base = "botocore parses the same pages, and nothing is done"
    figures = [
        of(f"{base}: {what}", pair["floor"], "s", bare=True),
        beside(f"counting {what}", pair["counting"], "s", base, pair["floor"], at_most=1.5),
    ]
    if obviously:
        name = f"nested maps, TypeDeserializer, Counter (every {PART}th page, times {PART})"
        figures += [
            of(name, ran["obvious"], "s", bare=True),
            beside("the same, so many times as fast", ran["counting"], "s", name, ran["obvious"], at_least=8),
        ]
    return figures


def _obvious(client: Any, keys: list[str]) -> int:
    """What one writes first: the attribute maps made into Python's values, and counted one by one."""
    deserialise = boto3.dynamodb.types.TypeDeserializer().deserialize
    found: dict[str, Counter[Any]] = {name: Counter() for name in ("vehicle", "poster", "plate")}
    number = 0
    for key in keys:
        for page in client.get_paginator("query").paginate(
            TableName="passages",
            ConsistentRead=True,
            KeyConditionExpression="#pk = :pk",
            ProjectionExpression="#sk, #facts",
            ExpressionAttributeNames={"#pk": "pk", "#sk": "sk", "#facts": "facts"},
            ExpressionAttributeValues={":pk": {"S": key}},
        ):
            for item in page["Items"]:
                passage = {name: deserialise(value) for name, value in item.items()}["facts"]
                for name in ("vehicle", "poster", "plate"):
                    found[name][passage[name]] += 1
                for traveller in passage["travellers"]:
                    number += 1
                    for name, answer in traveller.items():
                        told = found.setdefault(name, Counter())
                        if isinstance(answer, list):
                            told.update(answer)
                        else:
                            told[answer] += 1
                    found.setdefault("journey", Counter())[traveller["origin"], traveller["township"]] += 1
    return number


def _table(pages: Mapping[str, bytes]) -> PassageTable:
    """As the schedule is wired to it."""
    client = answering("dynamodb", _asked(pages), patience.config("dynamodb", patience.UNHURRIED))
    return PassageTable(as_it_comes(client), "passages")


def _asked(pages: Mapping[str, bytes]) -> Callable[[Any], bytes]:
    def answer(request: Any) -> bytes:
        return pages[json.loads(request.body)["ExpressionAttributeValues"][":pk"]["S"]]

    return answer


def _pages(asked: Mapping[tuple[str, Hour], list[Registered]]) -> Pages:
    compact, nested = {}, {}
    serialise = boto3.dynamodb.types.TypeSerializer().serialize
    for at, ((checkpoint, hour), registered) in enumerate(asked.items()):
        key = f"CP#{checkpoint}#{hour.key}"
        compact[key] = _page(
            [{"facts": {"S": codec.encode(each.facts).decode()}, "sk": _sk(each)} for each in registered]
        )
        if at % PART == 0:
            nested[key] = _page([{"facts": serialise(_named(each.facts)), "sk": _sk(each)} for each in registered])
    return Pages(compact, nested)


def _page(items: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"Items": items, "Count": len(items), "ScannedCount": len(items)})


def _sk(registered: Registered) -> dict[str, str]:
    return {"S": f"{registered.received_at}#{registered.submission}"}


def _named(facts: codec.Facts) -> dict[str, Any]:
    """The facts as the attribute maps that one would write without thinking of their price."""
    travellers = [
        {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in msgspec.structs.asdict(each).items()
        }
        for each in facts.travellers
    ]
    return msgspec.structs.asdict(facts) | {"travellers": travellers}


def _reads(
    arrivals: list[fortnight.Arrival], partitions: dict[tuple[str, str], list[Registered]], listed: Settings
) -> list[Figure]:
    """What the run reads that makes 20:00 final, on the first day and on the last, and what reading all again would."""
    there = sizes(arrivals, partitions)
    passages = fortnight.Partitions(partitions, fortnight.scans())
    s3 = S3(page=1000)
    store = SummaryBucket(cast("S3Client", s3), "summaries", sleep=lambda _: None)
    days: dict[int, tuple[Reader, int, int, int]] = {}
    for day in range(14):
        for clock in (19, 20) if day in (0, 13) else (23,):
            hour = Hour(fortnight.STARTS.start + timedelta(days=day, hours=clock))
            passages.known_at = hour.end + GRACE
            reader = Reader(passages, there)
            s3.gets = s3.bytes_read = 0
            summarise(reader, store, listed, passages.known_at, workers=1)
            its_hours = [Hour(hour.start - timedelta(hours=back)) for back in range(3)]
            number = sum(len(partitions.get((each.id, at.key), ())) for each in listed.checkpoints for at in its_hours)
            if clock == 20:
                days[day] = (reader, number, s3.gets, s3.bytes_read)
    (first, its, gets, got), (last, last_its, last_gets, last_got) = days[0], days[13]
    again = sum(units(size) for _, size in there.values())
    total = sum(number for number, _ in there.values())
    scan, day_one = "reading everything again", "the same on day 1"
    return [
        Figure(f"{scan}, items", total, "items", bare=True),
        Figure(f"{scan}, capacity", again, "read units", bare=True),
        Figure("a run that makes an hour final, day 1", first.items, "items", beside=scan, ratio=first.items / total),
        Figure("the same, day 14", last.items, "items", beside=scan, ratio=last.items / total),
        Figure(
            "day 14: items for each passage of its three hours", last.items / last_its, "items", beside=day_one,
            ratio=(last.items / last_its) / (first.items / its), at_most=1,
        ),
        Figure("day 1: capacity", first.units, "read units", beside=scan, ratio=first.units / again),
        Figure("day 14: capacity", last.units, "read units", beside=scan, ratio=last.units / again),
        Figure("day 1: queries", first.queries, "queries"),
        Figure(
            "day 14: queries", last.queries, "queries", beside=day_one, ratio=last.queries / first.queries, at_most=1
        ),
        Figure("day 14: summaries fetched", last_gets, "files", beside=day_one, ratio=last_gets / gets),
        Figure("day 14: bytes of them", last_got / 1024, "KiB", beside=day_one, ratio=last_got / got),
    ]  # fmt: skip


def _one_hour(times: int) -> list[Figure]:
    """One hour in a fresh process, once and tenfold: seconds and memory."""
    figures = []
    before: dict[str, float] = {}
    for scale in (times, 10 * times):
        done = subprocess.run(
            [sys.executable, "-m", "scripts.benches.summary", "hour", str(scale)],
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout)
        name = f"an hour of {told['passages']:,} passages at {told['checkpoints']:,} checkpoints"
        grown = told["peak"] / before["peak"] if before else None
        figures += [
            Figure(f"{name}: read, counted, encoded", told["seconds"], "s"),
            Figure(f"{name}: peak memory", told["peak"], "MiB", beside="a tenth of it" if before else "", ratio=grown),
            Figure(f"{name}: its summary", told["summary"], "MiB"),
        ]
        before = told
    return figures


def _whole_runs() -> list[Figure]:
    """All that a run does when an hour ends, with what it reads again, merges and keeps: seconds and memory."""
    figures = []
    before: dict[str, float] = {}
    for checkpoints in RUNS:
        done = subprocess.run(
            [sys.executable, "-m", "scripts.benches.summary", "run", str(checkpoints)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        told = json.loads(done.stdout)
        each_hour = f"{told['passages']:,} passages an hour at {checkpoints:,} checkpoints"
        name = f"a whole run, the {RUN}th hour of a day, {each_hour}"
        beside, grown = ("half as many", told["peak"] / before["peak"]) if before else ("", None)
        figures += [
            Figure(f"{name}: seconds", told["seconds"], "s", beside=beside,
                   ratio=told["seconds"] / before["seconds"] if before else None),
            Figure(f"{name}: peak memory", told["peak"], "MiB", beside=beside, ratio=grown),
        ]  # fmt: skip
        before = told
    return figures


class Folder:
    """A SummaryStore in a folder, so that what is published takes no memory here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, key: str) -> Stored | None:
        path = self._folder / key
        return Stored(path.read_bytes(), str(path.stat().st_mtime_ns)) if path.exists() else None

    def names(self, prefix: str) -> list[str]:
        return sorted(f"{prefix}{path.name}" for path in (self._folder / prefix).glob("*"))

    def create(self, key: str, content: bytes) -> bool:
        path = self._folder / key
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return True

    def replace(self, key: str, content: bytes, tag: str | None) -> str:
        (self._folder / key).unlink(missing_ok=True)
        self.create(key, content)
        return str((self._folder / key).stat().st_mtime_ns)


def _run_alone(checkpoints: int) -> None:
    """The run of an operation's twelfth hour, after those of the hours before; prints what it took. Each hour a
    checkpoint has other passages than before, so that what is merged grows."""
    first = fortnight.STARTS
    shapes = _shapes(first, expires=first.start + timedelta(days=30))
    listed = made_up.settings(first, checkpoints=checkpoints, closed=0)
    nothing = _page([])

    def answer(request: Any) -> bytes:
        kind, *names = json.loads(request.body)["ExpressionAttributeValues"][":pk"]["S"].split("#")
        if kind != "CP" or names[1] > through.key:
            return nothing
        page = shapes[(int(names[0]) + 7 * int(names[1][-2:])) % len(shapes)]
        return page.replace(f'"{first.key}:'.encode(), f'"{names[1]}:'.encode())

    client = answering("dynamodb", answer, patience.config("dynamodb", patience.UNHURRIED))
    table = PassageTable(as_it_comes(client), "passages")
    with tempfile.TemporaryDirectory() as folder:
        store = Folder(Path(folder))
        for number in range(RUN):
            through = Hour(first.start + timedelta(hours=number))
            began = time.process_time()
            summarise(table, store, listed, through.end + GRACE, workers=1)
            seconds = time.process_time() - began
    passages = HOUR_PASSAGES // HOUR_CHECKPOINTS * checkpoints
    print(json.dumps({"seconds": seconds, "peak": _peak(), "passages": passages}))


def _peak() -> float:
    """Of this process, MiB; getrusage would tell of the one that started it."""
    told_of = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(told_of["VmHWM"].split()[0]) / 1024


def _shapes(hour: Hour, expires: datetime | None = None) -> list[bytes]:
    """Pages of a checkpoint's hour, each with 100 passages; with the time they expire, as a query gets it that asks for
    it, where there is one."""
    made = fortnight.counted(fortnight.arrivals(1 / 20))
    some = [each for registered in made.values() for each in registered]
    per = HOUR_PASSAGES // HOUR_CHECKPOINTS
    told = {"expires_at": {"N": str(int(expires.timestamp()))}} if expires else {}
    shapes = []
    for at in range(0, len(some) - per, per):
        moved = _moved(some[at : at + per], hour)
        shapes.append(
            _page([{"facts": {"S": codec.encode(each.facts).decode()}, "sk": _sk(each)} | told for each in moved])
        )
    return shapes


def _hour_alone(scale: int) -> None:
    """Counts one hour of `scale` times 100,000 passages, and prints what it took."""
    hour = fortnight.STARTS
    shapes = _shapes(hour)
    checkpoints = [str(10_000 + at) for at in range(HOUR_CHECKPOINTS * scale)]
    pages = {f"CP#{checkpoint}#{hour.key}": shapes[at % len(shapes)] for at, checkpoint in enumerate(checkpoints)}
    table = _table(pages)
    listed = fortnight.settings()
    began = time.process_time()
    readings = {
        checkpoint: reading(checkpoint, table.facts(checkpoint, hour, hour.start), listed, hour=hour)
        for checkpoint in checkpoints
    }
    content = encode(of_hour(hour, readings, listed))
    seconds = time.process_time() - began
    told = {
        "seconds": seconds, "peak": _peak(), "summary": len(content) / 1024 / 1024,
        "passages": HOUR_PASSAGES * scale, "checkpoints": len(checkpoints),
    }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    {"hour": _hour_alone, "run": _run_alone}[sys.argv[1]](int(sys.argv[2]))
