"""The register: which checkpoints there are. Read whole from CSV, or refused whole, every problem with its remedy."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from chalicelib import divisions

KINDS = ("expressway", "road", "railway", "border")

COLUMNS = ("id", "name_zh", "name_en", "kind", "township", "active")

ID = re.compile("[1-9][0-9]{1,4}")
"""A checkpoint's id: two to five digits, said over a radio and typed by hand."""

LONGEST_NAME = 40
"""Characters of a name: what a poster can show large."""


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A place with a printed code."""

    id: str
    name_zh: str
    name_en: str
    kind: str
    """One of `KINDS`."""
    township: str
    """Nine-digit code of the township it stands in."""
    active: bool
    """Whether passages are registered there now."""
    added_at: str | None = None
    """When it came into the register, UTC; None: it was there from the beginning."""
    turned: tuple[str, ...] = ()
    """When it was closed or opened, UTC, in order: each time from the one to the other, at last to `active`."""

    @property
    def opened_at(self) -> str | None:
        """When it was opened last, UTC; None of one that never was closed."""
        return self.turned[-1] if self.active and self.turned else self.added_at

    def state_in(self, begins: str, ends: str) -> Literal["open", "closed", "unknown"]:
        """What it was from `begins` up to `ends` (UTC stamps): open for some of that time, closed, or not yet in the
        register."""
        if self.added_at is not None and self.added_at >= ends:
            return "unknown"
        is_open = self.active
        for turned in reversed(self.turned):
            if turned < ends and (is_open or turned <= begins):
                break
            is_open = not is_open
        return "open" if is_open else "closed"


class Problem(Struct, frozen=True):
    """What is wrong with the register, where, and how to mend it."""

    row: int
    """As a spreadsheet numbers it: headings are row 1, the first checkpoint row 2; 0 for the register as a whole."""
    column: str
    """One of `COLUMNS`, or empty for the row as a whole."""
    remedy: str

    def __str__(self) -> str:
        place = " ".join(part for part in (f"row {self.row}" if self.row else "", self.column) if part)
        return f"{place}: {self.remedy}" if place else self.remedy


class RegisterInvalid(ValueError):
    """The register was refused as a whole, and nothing was changed; `problems` says all that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("The register of checkpoints is not valid.\n" + "\n".join(f"  {each}" for each in problems))
        self.problems = problems


def load(text: str) -> tuple[Checkpoint, ...]:
    """The checkpoints of a CSV (RFC 4180, headings as `COLUMNS` in any order, a byte order mark allowed), in its order.
    Raises RegisterInvalid."""
    problems: list[Problem] = []
    checkpoints: list[Checkpoint] = []
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error as error:
        raise RegisterInvalid(
            (Problem(0, "", f"save it as CSV with commas again; it cannot be read ({error})"),)
        ) from error
    headings = rows[0] if rows else []
    if sorted(headings) != sorted(COLUMNS):
        raise RegisterInvalid((Problem(1, "", f"the headings must be {','.join(COLUMNS)}"),))
    numbers: list[int] = []
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue  # spreadsheets leave blank rows at the end
        if len(cells) != len(headings):
            problems.append(Problem(number, "", f"must have {len(headings)} cells, has {len(cells)}"))
            continue
        row: dict[str, Any] = {heading: cell.strip() for heading, cell in zip(headings, cells, strict=True)}
        if row["active"] not in ("yes", "no"):
            problems.append(Problem(number, "active", "write yes or no"))
        active = row.pop("active") == "yes"
        checkpoints.append(Checkpoint(**row, active=active))
        numbers.append(number)
    problems += [Problem(numbers[at], column, remedy) for at, column, remedy in _problems(checkpoints)]
    if not checkpoints and not problems:
        problems.append(Problem(0, "", "name at least one checkpoint"))
    if problems:
        raise RegisterInvalid(tuple(sorted(problems, key=lambda each: (each.row, COLUMNS.index(each.column or "id")))))
    return tuple(checkpoints)


def problems(checkpoints: Iterable[Checkpoint]) -> tuple[Problem, ...]:
    """All that is wrong with these checkpoints; their rows are counted as `load` counts them."""
    return tuple(Problem(at + 2, column, remedy) for at, column, remedy in _problems(checkpoints))


def first_register() -> tuple[Checkpoint, ...]:
    """The city's register as it ships, `checkpoints.csv`; from then on the settings hold it."""
    return load(Path(__file__).with_name("checkpoints.csv").read_text(encoding="utf-8"))


def _problems(checkpoints: Iterable[Checkpoint]) -> list[tuple[int, str, str]]:
    found: list[tuple[int, str, str]] = []
    seen: dict[tuple[str, str], int] = {}
    for at, checkpoint in enumerate(checkpoints):
        if not ID.fullmatch(checkpoint.id):
            found.append((at, "id", "write two to five digits, the first not 0"))
        for column, name, latin in (("name_zh", checkpoint.name_zh, False), ("name_en", checkpoint.name_en, True)):
            remedy = _name_remedy(name, latin=latin)
            if remedy:
                found.append((at, column, remedy))
        if checkpoint.kind not in KINDS:
            found.append((at, "kind", f"write one of {', '.join(KINDS)}"))
        if len(checkpoint.township) != 9 or divisions.division(checkpoint.township) is None:
            found.append((at, "township", "write the nine-digit code of a township in townships.csv"))
        for column, value in (("id", checkpoint.id), ("name_zh", checkpoint.name_zh), ("name_en", checkpoint.name_en)):
            earlier = seen.setdefault((column, value), at)
            if earlier != at and value:
                found.append((at, column, f"must differ from row {earlier + 2}"))
    return found


def _name_remedy(name: str, *, latin: bool) -> str:
    """How to mend a checkpoint's name, or empty when it is good."""
    if not 2 <= len(name) <= LONGEST_NAME:
        return f"write 2 to {LONGEST_NAME} characters"
    if name != name.strip() or unicodedata.normalize("NFC", name) != name:
        return "type it again without spaces around it and with whole characters (Unicode NFC)"
    if latin and not re.fullmatch(r"[A-Za-z0-9 ',.()/-]+", name):
        return "use Latin letters, digits, spaces and ' , . ( ) / - only"
    if not latin and not all(letter.isalnum() or letter in "·（）()—-、 " for letter in name):
        return "use characters, digits and · （ ） - 、 only"
    return ""
