"""What `scripts/bench` measures, one module each: `measure(count)` returns its figures; None leaves the number to it.

A figure is the median of its runs with their spread, beside a stated baseline where there is one. Runs of a thing and
of its baseline take turns (`interleaved`), so that a busy machine hits both; the ratio is the median over the turns.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

SLOWER = 1 / 3
"""How much worse than the kept release a figure must be to be marked."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, and what it is beside."""

    name: str
    value: float
    """The median of the runs."""
    unit: str
    """`ms`, `s`, `MiB`, `KiB`, `bytes`, or a count's noun."""
    bare: bool = False
    """Whether this is a baseline, to hold ours against."""
    runs: int = 1
    spread: float | None = None
    """Half the distance between the quartiles of the runs, as a share of the median; None for one run."""
    beside: str = ""
    """The baseline's name."""
    ratio: float | None = None
    """How often the baseline goes into the figure, by the median over turns of both; with `at_least`, how often the
    figure goes into the baseline."""
    at_most: float | None = None
    """The aim, of the ratio where there is one, else of the value."""
    at_least: float | None = None

    @property
    def judged(self) -> float:
        """What is held against the aim and against the kept release: the ratio says more than the value, because the
        machine is in both."""
        return self.value if self.ratio is None else self.ratio

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without one."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.judged <= self.at_most) and (
            self.at_least is None or self.judged >= self.at_least
        )

    def told(self) -> dict[str, Any]:
        return asdict(self)


def of(name: str, runs: Sequence[float], unit: str, **more: Any) -> Figure:
    """The figure of these `runs`."""
    middle = median(runs)
    spread = None
    if len(runs) > 1 and middle:
        low, _, high = quantiles(runs, n=4, method="inclusive")
        spread = (high - low) / 2 / middle
    return Figure(name, middle, unit, runs=len(runs), spread=spread, **more)


def beside(
    name: str, runs: Sequence[float], unit: str, baseline: str, its_runs: Sequence[float], **more: Any
) -> Figure:
    """The figure of `runs`, each of which has its turn beside the run of the baseline at the same place. With
    `at_least` among `more`, the ratio says how many times better than the baseline it is, else how many times as
    much."""
    turned = more.get("at_least") is not None
    ratios = [its / own if turned else own / its for own, its in zip(runs, its_runs, strict=True)]
    return of(name, runs, unit, beside=baseline, ratio=median(ratios), **more)


def interleaved(
    turns: int, works: Mapping[str, Callable[[], float | None]], *, collect: bool = True
) -> dict[str, list[float]]:
    """Runs each of `works` once a turn, one after another, beginning elsewhere each time. A work returns what it
    measured, or None: then it is seconds of this process's own processor time, because others may be at work on this
    machine."""
    names = list(works)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(turns):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if collect:
                gc.collect()
            began = time.process_time()
            measured = works[name]()
            found[name].append(time.process_time() - began if measured is None else measured)
    return found


def times(work: Callable[[], object], number: int) -> Callable[[], float]:
    """A work for `interleaved`: seconds of processor time that one of `number` takes."""

    def run() -> float:
        began = time.process_time()
        for _ in range(number):
            work()
        return (time.process_time() - began) / number

    return run


def compared(figure: Figure, kept: Mapping[str, Any] | None) -> float | None:
    """How much worse (as a share, below 0 better) `figure` is than the same line of the `kept` release; None where that
    has no such line, or a baseline's own number: the machine's, not ours."""
    if kept is None or (figure.bare and figure.ratio is None):
        return None
    before = kept["value"] if figure.ratio is None else kept.get("ratio")
    now = figure.judged
    if not before or not now:
        return None
    return float(before / now - 1 if figure.at_least is not None else now / before - 1)


def table(name: str, figures: Sequence[Figure], kept: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """The figures for people, beside those of the `kept` release by name."""
    heads = ("", "median", "", "spread", "runs", "ratio", "aim", "kept", "beside")
    rows = [_row(each, (kept or {}).get(each.name)) for each in figures]
    left = (0, 2, 8)
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    lines = [
        "  ".join(
            f"{cell:<{wide}}" if at in left else f"{cell:>{wide}}"
            for at, (cell, wide) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [heads, *rows]
    ]
    return "\n".join([name, *(f"  {line}" for line in lines)])


def _row(figure: Figure, kept: Mapping[str, Any] | None) -> tuple[str, ...]:
    aim = ""
    if figure.met is not None:
        bound = figure.at_most if figure.at_most is not None else figure.at_least
        aim = f"{'≤' if figure.at_most is not None else '≥'} {_number(bound or 0)}" + ("" if figure.met else " NOT MET")
    worse = compared(figure, kept)
    change = (
        ""
        if worse is None
        else f"{worse:+.0%} worse"
        if worse > 0.005
        else f"{-worse:.0%} better"
        if worse < -0.005
        else "same"
    )
    if worse is not None and worse >= SLOWER:
        change = f"WORSE BY {worse:.0%}"
    return (
        figure.name + " (bare)" * figure.bare,
        _number(figure.value),
        figure.unit,
        "" if figure.spread is None else f"±{figure.spread:.0%}",
        str(figure.runs),
        "" if figure.ratio is None else _number(figure.ratio),
        aim,
        change,
        figure.beside,
    )


def _number(value: float) -> str:
    return (
        f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:,.3g}" if value < 10 else f"{value:,.1f}"
    )
