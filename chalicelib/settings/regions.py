"""Lists of key regions: from a file somebody wrote to a new version in the settings, or every problem with its line.

A file has a line for each division: its GB/T 2260 code, and its name after a comma, tab or space where one likes. Then
the name must be that of the code. Excel's CSV is read as it comes (UTF-8 with or without a mark, GB 18030).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from msgspec import structs

from chalicelib import divisions
from chalicelib.settings.shape import KeyRegions, Settings

LARGEST = 1_000_000
"""Bytes of a file that is still a list of divisions."""


class ListRefused(ValueError):
    """The list was refused and nothing is different; `problems` say where and what to do."""

    def __init__(self, *problems: str) -> None:
        super().__init__("The list was refused as a whole.\n" + "\n".join(f"  {each}" for each in problems))
        self.problems = problems


_HEADING = re.compile("代码|编码|区划|(?i:code)")


class _Line(NamedTuple):
    number: int
    code: str
    name: str


def read(content: bytes) -> tuple[str, ...]:
    """The codes in a file, sorted. Raises ListRefused with every problem."""
    lines = list(_lines(_text(content)))
    problems: list[str] = []
    seen: dict[str, int] = {}
    for line in lines:
        problem = _problem(line)
        if problem is None and line.code in seen:
            problem = f"{line.code} is on line {seen[line.code]} already; take one of them out"
        if problem:
            problems.append(f"line {line.number}: {problem}")
        seen.setdefault(line.code, line.number)
    if not lines:
        problems.append("no line has a code; to have no key regions at all, say --none instead of a file")
    if problems:
        raise ListRefused(*problems)
    return tuple(sorted(seen))


def with_list(settings: Settings, codes: tuple[str, ...], valid_from: str) -> Settings:
    """`settings` with a new list in force from `valid_from` (a UTC stamp on the hour) on. Raises ListRefused where
    nothing would change; what is wrong with the codes, validation says."""
    listed = settings.key_regions
    before = settings.key_regions_at(valid_from)
    if set(before.codes) == set(codes) and not overruled(settings, valid_from):
        raise ListRefused(f"nothing would change: version {before.version}, in force then, has the same divisions")
    new = KeyRegions(listed[-1].version + 1, tuple(sorted(codes)), valid_from)
    return structs.replace(settings, key_regions=(*listed, new))


def overruled(settings: Settings, valid_from: str) -> tuple[KeyRegions, ...]:
    """The lists that were to come into force after `valid_from`, and do not if another is set from then on."""
    return tuple(each for each in settings.key_regions if each.valid_from is not None and each.valid_from > valid_from)


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise ListRefused(f"the file has {len(content):,} bytes: that is no list of divisions")
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ListRefused("this is no text: save it as CSV (UTF-8), not as a workbook")


def _lines(text: str) -> Iterator[_Line]:
    """The lines that say something, but for comments and a heading."""
    first = True
    for number, raw in enumerate(text.splitlines(), 1):
        plain = raw.strip().strip("\ufeff")
        if not plain.strip(",，;；\t ") or plain.startswith("#"):
            continue
        cells = _cells(plain)
        code = unicodedata.normalize("NFKC", cells[0]).strip().lstrip("'").strip()
        name = next((cell.strip() for cell in cells[1:] if cell.strip()), "")
        heading = first and _HEADING.search(code) is not None
        first = False
        if not heading:
            yield _Line(number, code, name)


def _cells(line: str) -> list[str]:
    for separator in ",\t;":
        if separator in line:
            return next(csv.reader([line], delimiter=separator))
    return re.split("[，；\\s]+", line, maxsplit=1)


def _problem(line: _Line) -> str | None:
    code, name = line.code, line.name
    if re.fullmatch("[0-9]{6}[.]0+|[0-9.]+E[+][0-9]+", code):
        return f"{code!r} was a number to the spreadsheet: make the column text, and write six digits"
    if re.fullmatch("[0-9]{7,12}", code):
        return f"{code!r} is longer than a county's: write its first six digits, {code[:6]}"
    if not re.fullmatch("[0-9]{6}", code):
        return f"{code[:40]!r} is no code: write the six digits of GB/T 2260 first, then the name" + _codes_of(code)
    place = divisions.division(code)
    if place is None:
        return f"there is no division {code}: look it up in GB/T 2260" + _codes_of(name)
    if name and _bare(name) not in _names(code):
        return f"{code} is {divisions.path(code)}, not {name[:40]!r}: mend the code or the name" + _codes_of(name)
    return None


def _codes_of(name: str) -> str:
    """What the name alone would be."""
    wanted = _bare(name)
    found = [code for code in divisions.codes() if wanted in _names(code)] if wanted else []
    return f" ({name[:40]} is {' or '.join(found[:3])})" if found else ""


def _bare(name: str) -> str:
    name = unicodedata.normalize("NFKC", name)
    letters = "".join(letter for letter in name if letter.isalnum())
    return divisions.latin(letters) if letters.isascii() else letters


def _names(code: str) -> frozenset[str]:
    """What the division may be called: its name in full or without its kind, alone or after those it lies in."""
    lineage = divisions.lineage(code)
    spelt = [(place.name, divisions.core(place.name)) for place in lineage]
    names = {"".join(each) for at in range(len(spelt)) for each in product(*spelt[at:])}
    # A step may be left out: 湖北江岸区.
    names |= {outer + own for outer in spelt[0] for own in spelt[-1]}
    return frozenset(names | {divisions.latin(lineage[-1].pinyin)})
