"""What `scripts/bench` measures, one module each: `measure(count)` returns its figures; None
leaves the number to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, and what it is beside."""

    name: str
    value: float
    unit: str
    """`ms`, `s`, `MiB`, `KiB`, or a count's noun."""
    bare: bool = False
    """Whether this is the bare cost of a library, to hold ours against."""

    def told(self) -> dict[str, str | float | bool]:
        return asdict(self)


def table(name: str, figures: Sequence[Figure]) -> str:
    """The figures for people."""
    widest = max(len(each.name) for each in figures)
    rows = [
        f"  {each.name:<{widest}}  {_number(each.value):>10} {each.unit}" + " (bare)" * each.bare for each in figures
    ]
    return "\n".join([name, *rows])


def _number(value: float) -> str:
    return (
        f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:,.3g}" if value < 10 else f"{value:,.1f}"
    )
