"""What 1,000 registrations cost: capacity from the sizes of the items that are really written, dollars by a price list.

The local stack reports no true capacity, so that it is computed as AWS documents it: a write in a transaction takes two
units for each KiB begun of each item, a plain one one unit. `ReturnConsumedCapacity` on AWS would say the same.
"""

from __future__ import annotations

import math
from typing import Any

from scripts.benches import Figure
from scripts.benches._public import FORM, ask, event, parties, public

PARTIES = 1000

PRICES_AS_OF = "2024-11-01"
"""us-east-1, as AWS published it then, dollars; ask the list of your own region before you count on it."""
WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
GATEWAY_REQUEST = 3.5e-6
"""REST API, first 333 million a month."""
FUNCTION_REQUEST = 0.2e-6
FUNCTION_GIB_SECOND = 1.66667e-5
KMS_REQUEST = 3e-6

FUNCTION_GIB = 1.0
FUNCTION_SECONDS = 0.05
"""Assumed of a form and of a submission each: a warm function that waits for DynamoDB."""


def measure(count: int | None = None) -> list[Figure]:
    """The figures over `count` made-up registrations, given per 1,000."""
    number = count or PARTIES
    with public() as stack:
        stack.noting = True
        for checkpoint, form, _ in parties(number):
            ask(event("POST", stack.address(checkpoint), form, FORM), 201)
        transactions = [each["TransactItems"] for each in stack.transactions]
    per = 1000 / number
    items = [[size(next(iter(entry.values()))["Item"]) for entry in each if "Put" in entry] for each in transactions]
    units = sum(2 * math.ceil(each / 1024) for sizes in items for each in sizes) * per
    # One plain put of the same passage, without the guard: what registers twice when it is sent twice.
    plain = sum(math.ceil(max(sizes) / 1024) for sizes in items) * per
    writes, put, gateway = units * WRITE_UNIT, plain * WRITE_UNIT, 2 * 1000 * GATEWAY_REQUEST
    functions = 2 * 1000 * (FUNCTION_REQUEST + FUNCTION_GIB * FUNCTION_SECONDS * FUNCTION_GIB_SECOND)
    keys = math.ceil(number / 1000) * per * KMS_REQUEST
    at = f"us-east-1, {PRICES_AS_OF}"
    by_put, by_gateway = "one plain put of the passage", "API Gateway: the form and the submission"
    return [
        Figure(by_put, plain, "write units", bare=True),
        Figure("the transaction, per 1,000", units, "write units", beside=by_put, ratio=units / plain, runs=number),
        Figure("items of a registration", sum(map(len, items)) / number, "items", runs=number),
        Figure("a registration, mean", sum(map(sum, items)) / number, "bytes", runs=number),
        Figure(f"{by_gateway}, per 1,000 ({at})", gateway, "$", bare=True),
        Figure("DynamoDB, writes, per 1,000", writes, "$", beside=by_gateway, ratio=writes / gateway),
        Figure("DynamoDB, one plain put each, per 1,000", put, "$", bare=True),
        Figure("functions (1 GiB, 50 ms assumed, twice), per 1,000", functions, "$"),
        Figure("data keys, per 1,000", keys, "$"),
        Figure(
            "all together, per 1,000", writes + gateway + functions + keys, "$", beside=by_gateway,
            ratio=(writes + gateway + functions + keys) / gateway,
        ),
    ]  # fmt: skip


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
