"""What the pages of the numbers are made of: numbers with their files, rankings, hours, names. Counts in, what the
templates show out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from markupsafe import Markup
from msgspec import Struct

from chalicelib import divisions
from chalicelib.passage import codes
from chalicelib.summary import charts, layout
from chalicelib.summary.counting import NOT_TOLD, Counts
from chalicelib.summary.document import AtCheckpoint
from chalicelib.summary.pointers import CheckpointNow
from chalicelib.summary.report import SHOWN
from chalicelib.web import words as travellers_words
from chalicelib.web.language import CHINESE, DESK, Language, messages
from chalicelib.web.language import marked as _

CHART = 360
"""Breadth of a chart: its letters are then as large as the page's on a screen, and still readable on a phone."""

TOP = 8
"""Bars of a ranking."""

LISTED = 24
"""Rows of its table; the rest stand together, and one by one in the file."""

MEASURES: Mapping[str, str] = {
    "passages": _("Passages"),
    "vehicles": _("Vehicles"),
    "travellers": _("Travellers"),
    "from_key_regions": _("From key regions"),
    "key_region_stay": _("Stayed in a key region"),
    "fever": _("Fever"),
}

STATES: Mapping[str, str] = {"counted": _("open"), "silent": _("silent"), "closed": _("closed")}

_ANSWERS: Mapping[str, Mapping[str, str]] = {
    "vehicle": travellers_words.VEHICLES,
    "document": travellers_words.DOCUMENTS,
    "purpose": travellers_words.PURPOSES,
    "symptom": travellers_words.SYMPTOMS,
}

SUBJECTS: Mapping[str, str] = {
    "origin_province": _("Origins, by province"),
    "origin_city": _("Origins, by city"),
    "township": _("Destinations"),
    "vehicle": _("Vehicles"),
    "purpose": _("Purposes"),
    "symptom": _("Symptoms (several may be named)"),
    "temperature": _("Temperatures, °C"),
    "document": _("Documents"),
}
"""What a page shows of the counts, in this order."""


class Said(Struct, frozen=True):
    """A number and the file that holds it."""

    text: str
    link: str = ""
    """To the file; "" only where there is no number."""


class Row(Struct, frozen=True):
    """A line of a table."""

    name: str
    cells: tuple[Said, ...]


class File(Struct, frozen=True):
    """A file to fetch."""

    form: str
    """`JSON`, say."""
    link: str
    name: str
    """What tells it from others of its form; "" for that of the window shown."""


class Ranking(Struct, frozen=True):
    """The largest of one subject, as a chart and as a table."""

    title: str
    chart: Markup
    rows: tuple[Row, ...]
    more: tuple[Row, ...]
    """What the chart leaves out."""


class Figures:
    """In one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.say = messages(language, DESK).gettext
        self._travellers_say = messages(language).gettext

    def name(self, there: AtCheckpoint | CheckpointNow) -> str:
        """A checkpoint's."""
        return there.name_zh if self.language == CHINESE else there.name_en

    def day(self, day: date) -> tuple[str, str]:
        """A day as a link wants it, and as people read it."""
        return day.isoformat(), self.say("%(year)d-%(month)02d-%(day)02d") % {
            "year": day.year, "month": day.month, "day": day.day,
        }  # fmt: skip

    def hours_chart(self, counts: Counts, clock: frozenset[int]) -> Markup:
        """Travellers by hour of the day; an hour that is not on the `clock` of the window is a gap, not zero."""
        by = counts.by.get("traveller_by_hour", {})
        values = [by.get(f"{hour:02d}", 0) if hour in clock else None for hour in range(24)]
        labels = [f"{hour:02d}" for hour in range(24)]
        return safe(charts.columns(values, labels, title=self.say("Travellers by hour of the day"), width=CHART))

    def hours_rows(self, counts: Counts, file: str) -> list[Row]:
        """The same as a table."""
        by = counts.by.get("traveller_by_hour", {})
        return [Row(f"{hour}:00", (Said(charts.number(number), file),)) for hour, number in sorted(by.items())]

    def ranking(self, subject: str, counts: Counts, file: str) -> Ranking | None:
        """None where nobody said anything of it."""
        by = counts.by.get(subject, {})
        if not by:
            return None
        sort: Callable[[tuple[str, int]], Any] = lambda each: (-each[1], each[0])  # noqa: E731
        if subject == "temperature":
            sort = lambda each: each[0]  # noqa: E731
        ranked = [(self._named(subject, code), number) for code, number in sorted(by.items(), key=sort)]
        most = len(ranked) if subject == "temperature" else TOP
        rest = ranked[LISTED:]
        if len(rest) > 1:
            others = self.say("%(count)d others") % {"count": len(rest)}
            ranked = [*ranked[:LISTED], (others, sum(number for _name, number in rest))]
        title = self.say(SUBJECTS[subject])
        return Ranking(
            title,
            safe(charts.bars(ranked[:most], title=title, width=CHART)),
            _rows(ranked[:most], file),
            _rows(ranked[most:], file),
        )

    def _named(self, subject: str, code: str) -> str:
        if code in _ANSWERS.get(subject, {}):
            return self._travellers_say(_ANSWERS[subject][code])
        if code == codes.ABROAD:
            return self.say("Outside China")
        if code == codes.ELSEWHERE:
            return self.say("Passing through")
        if code == NOT_TOLD:
            return self.say("Not told")
        if subject.startswith(("origin", "township")):
            there = divisions.division(code)
            if there is None:
                return code
            if subject == "township":
                return there.name if self.language == CHINESE else f"{there.pinyin} {there.name}"
            name = divisions.path(code)
            return name if self.language == CHINESE else f"{divisions.pinyin_path(code)} {name}"
        return code

    def all_places(self, checkpoint: str, count: int = 0) -> list[str]:
        """That the files are not of one checkpoint alone, and that the page of a report leaves some of many out."""
        lines = [self.say("Each file holds every checkpoint, %(place)s among them.") % {"place": checkpoint}]
        if count > SHOWN:
            lines.append(self.say("HTML lists the %(count)d busiest alone.") % {"count": SHOWN})
        return lines


def short(key: str) -> str:
    """A file's name as links have it: without what stands before every key."""
    return key.removeprefix(layout.ROOT)


def linked(key: str) -> str:
    """The address that leads to a published file."""
    return "file?name=" + short(key)


def files(key: str, others: Iterable[str]) -> list[File]:
    """A published file in all its forms."""
    return [File(each.rpartition(".")[2].upper(), linked(each), short(each)) for each in (key, *others)]


def _rows(ranked: Iterable[tuple[str, int]], file: str) -> tuple[Row, ...]:
    return tuple(Row(name, (Said(charts.number(number), file),)) for name, number in ranked)


def safe(drawing: str) -> Markup:
    return Markup(drawing)  # noqa: S704 (our own drawing, every text in it escaped)
