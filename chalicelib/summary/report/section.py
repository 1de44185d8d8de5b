"""What every section of the page is made with: numbers that name the source and the place they stand in, and the
report that they are read from."""

from __future__ import annotations

from markupsafe import Markup

from chalicelib.summary import charts
from chalicelib.summary.document import AtCheckpoint
from chalicelib.summary.report import Report


def num(value: float | None, at: str) -> Markup:
    """A number of a source, with its place; a dash for what is not known."""
    if value is None:
        return Markup('<span class="none">–</span>')
    return Markup('<data value="{}" data-at="{}">{}</data>').format(value, at, charts.number(value))


def by(value: float | None, how: str, kind: str = "number") -> Markup:
    """A number worked out from others; `kind` is `number`, `change` (with its sign), `share` (of 1, as per cent), or
    `growth` (a share with its sign)."""
    if value is None:
        return Markup('<span class="none">–</span>')
    if kind == "share":
        text = f"{100 * value:.1f}%"
    elif kind == "growth":
        text = f"{100 * value:+.1f}%".replace("-", "−")
    elif kind == "change":
        text = "±0" if value == 0 else ("+" if value > 0 else "−") + charts.number(abs(value))
    else:
        text = charts.number(value)
    return Markup('<data value="{}" data-by="{}">{}</data>').format(value, how, text)


class Section:
    """A part of the page of `report`."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._summary = report.summary
        self._at = {source: str(number) for number, source in enumerate(report.sources)}

    @property
    def _alarming(self) -> set[str | None]:
        """Checkpoints that are unusually silent."""
        return {alarm.checkpoint for alarm in self._report.alarms if alarm.kind == "silence"}

    def _listed(self) -> list[tuple[str, AtCheckpoint]]:
        return sorted(self._summary.checkpoints.items())
