"""Records as the table keeps them, from what counting sees of them."""

from __future__ import annotations

from chalicelib.passage import facts
from chalicelib.passage.facts import Registered, Scan, ScanFacts
from chalicelib.passage.table import Raw


def raw(registered: Registered) -> list[Raw]:
    """The records that a passage is made of: its own, and one for each correction."""
    first = f"{registered.received_at}#{registered.submission}"
    corrections = [f"{first}#{registered.received_at}#{number:032x}" for number in range(registered.corrections)]
    told = facts.encode(registered.facts).decode()
    return [Raw(name, told) for name in (first, *corrections)]


def raw_scan(scan: Scan) -> Raw:
    return Raw(f"{scan.at}#{scan.id}", facts.encode(ScanFacts(1, scan.poster, scan.key)).decode())
