"""How the day's numbers divide: where from, where to, both, and by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from chalicelib import divisions
from chalicelib.summary.counting import SUBJECTS
from chalicelib.summary.report.section import Section, by, num
from chalicelib.summary.report.tables import ranked
from chalicelib.summary.report.words import Words, label, subject

TOP = 12
"""Origins, and destinations, that have a line of their own."""

SQUARE = 8
"""Rows and columns of origin by destination."""


class _Bar(NamedTuple):
    """A line of a table that is a chart as well."""

    words: Words
    value: Markup
    share: Markup
    width: float
    """Of 100."""


class Bars(NamedTuple):
    """A table that is a chart as well."""

    name: str
    words: Words
    heading: Words
    rows: Sequence[_Bar]
    rest: Words | None
    rest_value: Markup | None


class Shares(Section):
    """Bars, the square of origin by destination, and kinds."""

    def bars(self, name: str, words: Words, heading: Words) -> Bars:
        """The largest of the subject `name`; the rest together."""
        numbers = ranked(self._summary.city.by.get(name, {}))
        whole = self._summary.city.travellers
        most = numbers[0][1] if numbers else 1
        rows = [
            _Bar(
                _short(name, code),
                num(number, f"0/city/by/{name}/{code}"),
                by(number / whole, "share of travellers", "share"),
                round(100 * number / most, 1),
            )
            for code, number in numbers[:TOP]
        ]
        rest = numbers[TOP:]
        if not rest:
            return Bars(name, words, heading, rows, None, None)
        said = Words(f"其余{len(rest)}个", f"{len(rest)} other{'s' if len(rest) > 1 else ''}")
        return Bars(name, words, heading, rows, said, by(sum(number for _, number in rest), f"rest of {name}"))

    def square(self) -> dict[str, Any] | None:
        """The most frequent origins by the most frequent destinations; None where there is no journey."""
        journeys = self._summary.city.by.get("journey", {})
        if not journeys:
            return None
        sums: dict[str, dict[str, int]] = {}
        for code, number in journeys.items():
            whence, _, whither = code.partition(">")
            sums.setdefault(whence, {})[whither] = number
        origins = [code for code, _ in ranked(self._summary.city.by.get("origin_city", {}))][:SQUARE]
        ends = [code for code, _ in ranked(self._summary.city.by.get("township", {}))][:SQUARE]
        most = max((sums.get(a, {}).get(b, 0) for a in origins for b in ends), default=0) or 1
        rows = []
        for whence in origins:
            there = sums.get(whence, {})
            cells = [
                (
                    num(there[end], f"0/city/by/journey/{whence}>{end}") if end in there else Markup(""),
                    _heat(there.get(end, 0), most),
                )
                for end in ends
            ]
            others = sum(number for end, number in there.items() if end not in ends)
            rows.append((_short("origin_city", whence), cells, by(others, f"others from {whence}")))
        return {"ends": [_short("township", end) for end in ends], "rows": rows}

    def kinds(self, name: str) -> dict[str, Any]:
        """Every code of the subject `name`."""
        numbers = self._summary.city.by.get(name, {})
        whole = getattr(self._summary.city, SUBJECTS[name])
        order: Iterable[tuple[str, int]] = sorted(numbers.items()) if name == "temperature" else ranked(numbers)
        return {
            "words": subject(name),
            "rows": [
                (
                    label(name, code),
                    num(number, f"0/city/by/{name}/{code}"),
                    by(number / whole if whole else None, f"share of {SUBJECTS[name]}", "share"),
                )
                for code, number in order
            ],
        }


def _short(name: str, code: str) -> Words:
    """A place without all that it lies in: 武汉市 (湖北), 孤山镇."""
    lineage = divisions.lineage(code) if code.isdecimal() else ()
    if not lineage:
        return label(name, code)
    zh, en = lineage[-1].name, lineage[-1].pinyin
    if name == "origin_city" and len(lineage) > 1:
        zh = f"{divisions.core(lineage[0].name)} {zh}"
    return Words(zh, en)


def _heat(number: int, most: int) -> int:
    """A shade, 0 to 4."""
    return 0 if not number else 1 + min(3, 4 * (number - 1) // most)
