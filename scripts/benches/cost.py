"""What 1,000 registrations cost: capacity from the sizes of the items that are really written and read, dollars by a
price list.

The local stack reports no true capacity, so that it is computed as AWS documents it: a write in a transaction takes two
units for each KiB begun of each item, a plain one one unit. `ReturnConsumedCapacity` on AWS would say the same.

A phone that opens the form for the first time fetches the scripts, too; one that has been here asks for the form and
sends it. What the schedule reads and writes is that of an hour at the seed's volume, woken every two minutes.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from chalicelib.passage.hour import Hour
from chalicelib.summary.bucket import SummaryBucket
from chalicelib.summary.run import summarise
from chalicelib.web import scripts
from chalicelib.web.language import CHINESE
from scripts.benches import Figure
from scripts.benches._public import FORM, ask, event, parties, public
from scripts.benches._reading import S3, Reader, sizes
from tests.summary import fortnight

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PARTIES = 1000

PRICES_AS_OF = "2024-11-01"
"""us-east-1, dollars, as AWS published it then and others quoted it since; ask the list of your own region before you
count on it."""
WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
GATEWAY_REQUEST = 3.5e-6
"""REST API, first 333 million a month."""
SENT_BYTE = 0.09e-9
"""To the internet, after the first 100 GB of a month."""
FUNCTION_REQUEST = 0.2e-6
FUNCTION_GIB_SECOND = 1.66667e-5
KMS_REQUEST = 3e-6
S3_WRITE, S3_READ = 5e-6, 0.4e-6

FUNCTION_GIB = 1.0
FUNCTION_SECONDS = 0.05
"""Assumed of a form and of a submission each: a warm function that waits for DynamoDB."""
SCHEDULE_SECONDS = 2.0
"""Assumed of each of the schedule's runs."""


def measure(count: int | None = None) -> list[Figure]:
    """The figures over `count` made-up registrations, given per 1,000."""
    number = count or PARTIES
    sent = 0
    with public() as stack:
        stack.noting = True
        for checkpoint, form, _ in parties(number):
            sent += len(ask(event("GET", stack.address(checkpoint)), 200))
            sent += len(ask(event("POST", stack.address(checkpoint), form, FORM), 201))
        transactions = [each["TransactItems"] for each in stack.transactions]
        files = [name for name in scripts.make() if f"-{CHINESE.code}." in name or "/places." in name]
        files = [*(each for each in files if "/words-" not in each), "worker.js"]
        fetched = sum(len(ask(event("GET", f"/{name}"), 200)) for name in files)
    per = 1000 / number
    items = [[size(next(iter(entry.values()))["Item"]) for entry in each if "Put" in entry] for each in transactions]
    units = sum(2 * math.ceil(each / 1024) for sizes in items for each in sizes) * per
    # One plain put of the same passage, without the guard: what registers twice when it is sent twice.
    plain = sum(math.ceil(max(sizes) / 1024) for sizes in items) * per
    writes, put, gateway = units * WRITE_UNIT, plain * WRITE_UNIT, 2 * 1000 * GATEWAY_REQUEST
    functions = 2 * 1000 * (FUNCTION_REQUEST + FUNCTION_GIB * FUNCTION_SECONDS * FUNCTION_GIB_SECOND)
    keys = math.ceil(number / 1000) * per * KMS_REQUEST
    out = sent * per * SENT_BYTE
    read, summarising = _schedule()
    again = writes + gateway + functions + keys + out + read * READ_UNIT + summarising
    request = GATEWAY_REQUEST + FUNCTION_REQUEST + FUNCTION_GIB * FUNCTION_SECONDS * FUNCTION_GIB_SECOND
    first = 1000 * (len(files) * request + fetched * SENT_BYTE)
    at = f"us-east-1, {PRICES_AS_OF}"
    by_put, by_gateway = "one plain put of the passage", "API Gateway: the form and the submission"
    by_writes = "DynamoDB, writes"
    return [
        Figure(by_put, plain, "write units", bare=True),
        Figure("the transaction, per 1,000", units, "write units", beside=by_put, ratio=units / plain, runs=number),
        Figure("items of a registration", sum(map(len, items)) / number, "items", runs=number),
        Figure("a registration, mean", sum(map(sum, items)) / number, "bytes", runs=number),
        Figure("read by the schedule, per 1,000 at the seed's volume", read, "read units"),
        Figure(f"{by_gateway}, per 1,000 ({at})", gateway, "$", bare=True),
        Figure(f"{by_writes}, per 1,000", writes, "$", beside=by_gateway, ratio=writes / gateway),
        Figure("DynamoDB, one plain put each, per 1,000", put, "$", bare=True),
        Figure("functions (1 GiB, 50 ms assumed, twice), per 1,000", functions, "$"),
        Figure("data keys, per 1,000", keys, "$"),
        Figure("form and receipt sent out, per 1,000", out, "$"),
        Figure(
            "the schedule's reads, per 1,000", read * READ_UNIT, "$", beside=by_writes, ratio=read * READ_UNIT / writes
        ),
        Figure(f"its S3 and function ({SCHEDULE_SECONDS:g} s assumed), per 1,000", summarising, "$"),
        Figure(
            "all together, per 1,000 whose phones have been here", again, "$", beside=by_gateway, ratio=again / gateway
        ),
        Figure(f"{len(files)} files more on a phone's first visit, per 1,000", first, "$"),
        Figure(
            "all together, per 1,000 who are here for the first time", again + first, "$", beside=by_gateway,
            ratio=(again + first) / gateway,
        ),
    ]  # fmt: skip


def _schedule() -> tuple[float, float]:
    """Of an evening hour with as many passages as the mean hour of its day, given per 1,000 of them: read units, and
    dollars for S3 and the function. The operation began some hours before."""
    began = Hour(fortnight.STARTS.start + timedelta(days=7, hours=16))
    hour = Hour(began.start + timedelta(hours=3))
    arrivals = [each for each in fortnight.arrivals() if began.start <= each.at < hour.end]
    there = [each for each in arrivals if each.at >= hour.start]
    partitions = fortnight.counted(arrivals)
    passages, listed, s3 = fortnight.Partitions(partitions), fortnight.settings(began), S3(page=1000)
    store = SummaryBucket(cast("S3Client", s3), "summaries", sleep=lambda _: None)
    reader = Reader(passages, sizes(arrivals, partitions))
    runs = 30
    for run in range(-1, runs):
        if run == 0:
            reader.units = s3.gets = s3.puts = 0
        passages.known_at = hour.start + timedelta(minutes=2 * run + 1)
        summarise(reader, store, listed, passages.known_at, workers=1)
    function = runs * (FUNCTION_REQUEST + FUNCTION_GIB * SCHEDULE_SECONDS * FUNCTION_GIB_SECOND)
    per = 1000 / len(there)
    return reader.units * per, (s3.puts * S3_WRITE + s3.gets * S3_READ + function) * per


def size(item: dict[str, Any]) -> int:
    """Bytes of an item as DynamoDB counts them: the names of its attributes and their values."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: dict[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "B":
        return len(held)
    if kind == "N":
        return (len(held.strip("-0.")) + 1) // 2 + 1
    if kind in ("BOOL", "NULL"):
        return 1
    parts = held.values() if kind == "M" else [{kind[0]: each} for each in held] if kind in ("SS", "NS", "BS") else held
    names = sum(len(name.encode()) for name in held) if kind == "M" else 0
    return 3 + names + sum(1 + _value(each) for each in parts)
