"""A page as values: what is filled, lettered and encoded, and where. Formats are drawn from it.

Measures are millimetres of A4, from the upper left corner; sheets of other sizes have the same shape (ISO 216) and are
the same drawing, scaled.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from msgspec import Struct

from chalicelib.checkpoint.poster.type import PosterUndrawable, face, shown

WIDTH, HEIGHT = 210.0, 297.0

DPI = 300
"""Dots an inch, of print quality."""

SIZES = {"a3": (3508, 4961), "a4": (2480, 3508), "a5": (1748, 2480)}
"""Paper, in dots at `DPI`. A code's modules are whole dots, so that no format blurs their edges."""

INK, ACCENT, GREY, RULE, TINT, PAPER = "#14181f", "#0b4a9e", "#55606d", "#b9c6d8", "#eaf0f8", "#ffffff"
"""The sheet's colours: one accent, dark enough to be black enough in grey print."""

_BEFORE_NO_LINE = "）)、，。；：？！·—-"
"""May not begin a line."""

Point = tuple[float, float]
Segment = tuple[Point, ...]
"""One point: a line to it; three: a cubic curve over two handles to the last."""


class Path(Struct, frozen=True):
    """A closed shape: where it begins, and its segments."""

    start: Point
    segments: tuple[Segment, ...]


class Fill(Struct, frozen=True):
    """Shapes in one ink, by the non-zero rule."""

    paths: tuple[Path, ...]
    ink: str


class Line(Struct, frozen=True):
    """Letters on a baseline that begins at `x`, `y`; `size` is the em."""

    text: str
    x: float
    y: float
    size: float
    ink: str
    bold: bool


class Symbol(Struct, frozen=True):
    """A QR symbol that says `address`, in a square of dark modules; the quiet zone around it is left to the layout."""

    address: str
    left: float
    top: float
    side: float


Item = Fill | Line | Symbol


class Page(Struct, frozen=True):
    """One side of a sheet."""

    ground: tuple[Item, ...]
    """What all pages of a kind share: a document holds it once."""
    items: tuple[Item, ...]
    title: str

    def all(self) -> Iterator[Item]:
        yield from self.ground
        yield from self.items

    @property
    def addresses(self) -> list[str]:
        """What a decoder must find on it."""
        return [each.address for each in self.all() if isinstance(each, Symbol)]


def in_dots(symbol: Symbol, modules: int, dots: float) -> tuple[int, int, int]:
    """Left, top and the side of one module, in whole dots, at `dots` a millimetre."""
    return round(symbol.left * dots), round(symbol.top * dots), round(symbol.side * dots / modules)


def rectangle(left: float, top: float, right: float, bottom: float, round_by: float = 0.0) -> Path:
    """An upright rectangle with corners rounded by a radius."""
    if not round_by:
        return Path((left, top), (((right, top),), ((right, bottom),), ((left, bottom),)))
    r, k = round_by, round_by * (1 - 4 * (sqrt(2) - 1) / 3)  # the handle of a quarter circle
    return Path(
        (left + r, top),
        (
            ((right - r, top),), ((right - k, top), (right, top + k), (right, top + r)),
            ((right, bottom - r),), ((right, bottom - k), (right - k, bottom), (right - r, bottom)),
            ((left + r, bottom),), ((left + k, bottom), (left, bottom - k), (left, bottom - r)),
            ((left, top + r),), ((left, top + k), (left + k, top), (left + r, top)),
        ),
    )  # fmt: skip


def disc(x: float, y: float, radius: float) -> Path:
    """A circle."""
    return rectangle(x - radius, y - radius, x + radius, y + radius, radius)


def polygon(*points: Point) -> Path:
    """Straight lines from point to point."""
    return Path(points[0], tuple((each,) for each in points[1:]))


def bar(begin: Point, end: Point, width: float) -> Path:
    """A straight stroke with flat ends."""
    along = (end[0] - begin[0], end[1] - begin[1])
    half = width / 2 / sqrt(along[0] ** 2 + along[1] ** 2)
    x, y = -along[1] * half, along[0] * half
    return polygon(
        (begin[0] + x, begin[1] + y), (end[0] + x, end[1] + y), (end[0] - x, end[1] - y), (begin[0] - x, begin[1] - y)
    )


def fill(ink: str, *paths: Path) -> Fill:
    return Fill(paths, ink)


def line(
    text: str, x: float, y: float, size: float, ink: str = INK, *, bold: bool = False, align: float = 0.0,
    width: float | None = None,
) -> Line:  # fmt: skip
    """One line from, around or up to `x` (`align` 0, ½, 1), shrunk into `width` by as much as half. Raises
    PosterUndrawable."""
    ems = face(bold=bold).width(text)
    if width is not None and ems * size > width:
        if ems * size / 2 > width:
            raise _too_long(text)
        size = width / ems
    return Line(text, x - align * ems * size, y, size, ink, bold)


def block(
    text: str, left: float, top: float, width: float, height: float, size: float, ink: str = INK, *,
    bold: bool = False, shrink: float = 1.0, least: float = 0.5, leading: float = 1.25, anywhere: bool = False,
) -> list[Line]:  # fmt: skip
    """`text` in a box, from its top: on one line, shrunk to `shrink` of `size` if need be; else wrapped, at the largest
    size from `size` down to `least` of it that fits. `anywhere` lets an address break between any two letters. Raises
    PosterUndrawable rather than cut."""
    if not text:
        return []
    ems = face(bold=bold).width(text)
    one = min(size, width / ems)
    if one >= size * shrink:
        return [Line(text, left, top + 0.88 * one, one, ink, bold)]
    pieces = _pieces(text, anywhere=anywhere)
    for tenths in range(100, round(100 * least) - 1, -2):
        now = size * tenths / 100
        lines = _wrapped(pieces, width / now, bold=bold, even=not anywhere)
        if lines is not None and (len(lines) - 1) * leading * now + now <= height + 1e-9:
            return [
                Line(each, left, top + (0.88 + leading * at) * now, now, ink, bold) for at, each in enumerate(lines)
            ]
    raise _too_long(text)


def _wrapped(pieces: list[str], ems: float, *, bold: bool, even: bool) -> list[str] | None:
    """The pieces on lines of `ems`, if `even` as even as so many lines can be; None when one piece alone is wider."""
    measure = face(bold=bold).width
    widths = [(measure(piece), measure(piece.rstrip())) for piece in pieces]
    widest = max(bare for _, bare in widths)
    if widest > ems:
        return None
    ends = _ends(widths, ems)
    # The narrowest measure that needs no more lines: no lonely last letter.
    low, high = widest, ems
    for _ in range(8 if even and 1 < len(ends) <= 3 else 0):
        middle = (low + high) / 2
        tried = _ends(widths, middle)
        if len(tried) > len(ends):
            low = middle
        else:
            high, ends = middle, tried
    return ["".join(pieces[begin:end]).rstrip() for begin, end in zip([0, *ends], ends, strict=False)]


def _ends(widths: list[tuple[float, float]], ems: float) -> list[int]:
    """Before which pieces lines of `ems` end; a piece's width is given with and without the spaces after it."""
    ends: list[int] = []
    used = 0.0
    for at, (width, bare) in enumerate(widths):
        if used and used + bare > ems + 1e-9:
            ends.append(at)
            used = 0.0
        used += width
    return [*ends, len(widths)]


def _pieces(text: str, *, anywhere: bool) -> list[str]:
    """`text` cut where a line may break: after spaces, and beside Chinese characters but for the rules of their
    punctuation (GB/T 15834)."""
    pieces = [""]
    for at, letter in enumerate(text):
        before = text[at - 1] if at else ""
        chinese = (before >= "\u2e80" or letter >= "\u2e80") and before not in "（(" and letter not in _BEFORE_NO_LINE
        if before and letter != " " and (before == " " or anywhere or chinese):
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _too_long(text: str) -> PosterUndrawable:
    return PosterUndrawable(f"{shown(text)} is too long for its place on the sheet; shorten it")
