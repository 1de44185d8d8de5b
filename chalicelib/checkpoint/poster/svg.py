"""A page as SVG 1.1: outlines only, so that it looks the same where the type is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from chalicelib.checkpoint.poster.matrix import contours, matrix
from chalicelib.checkpoint.poster.page import DPI, SIZES, WIDTH, Fill, Line, Page, Symbol, in_dots
from chalicelib.checkpoint.poster.type import UNITS, face


def draw(page: Page, size: str) -> bytes:
    """The page as an image of the paper `size`. The same page gives the same bytes."""
    wide, high = SIZES[size]
    letters: dict[tuple[bool, str], str] = {}
    body = [shape for item in page.all() for shape in _shapes(item, wide / WIDTH, letters)]
    glyphs = [f'<path id="{name}" d="{face(bold=bold).path(letter)}"/>' for (bold, letter), name in letters.items()]
    millimetres = [f"{dots * 25.4 / DPI:.3f}mm" for dots in (wide, high)]
    said = " ".join(page.addresses)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{millimetres[0]}" height="{millimetres[1]}" viewBox="0 0 {wide} {high}" role="img">',
            f"<title>{escape(page.title)}</title><desc>{escape(said)}</desc>",
            "<defs>", *glyphs, "</defs>",
            f'<rect width="{wide}" height="{high}" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    ).encode()  # fmt: skip


def _shapes(item: Fill | Line | Symbol, dots: float, letters: dict[tuple[bool, str], str]) -> Iterator[str]:
    match item:
        case Fill():
            yield f'<path fill="{item.ink}" d="{"".join(_path(item, dots))}"/>'
        case Line():
            yield f'<g fill="{item.ink}" aria-label={quoteattr(item.text)}>'
            its, scale, x = face(bold=item.bold), item.size * dots / UNITS, item.x * dots
            for letter in item.text:
                if letter != " ":
                    name = letters.setdefault((item.bold, letter), f"{'b' if item.bold else 'r'}{ord(letter):x}")
                    at = f"matrix({scale:.5f} 0 0 {-scale:.5f} {x:.2f} {item.y * dots:.2f})"
                    yield f'<use xlink:href="#{name}" transform="{at}"/>'
                x += its.width(letter) * item.size * dots
            yield "</g>"
        case Symbol():
            modules = matrix(item.address)
            left, top, module = in_dots(item, len(modules), dots)
            d = "".join(
                "M" + "L".join(f"{left + x * module} {top + y * module}" for x, y in contour) + "Z"
                for contour in contours(modules)
            )
            yield f'<path fill="#000000" d="{d}"/>'


def _path(item: Fill, dots: float) -> Iterator[str]:
    for path in item.paths:
        yield f"M{path.start[0] * dots:.2f} {path.start[1] * dots:.2f}"
        for segment in path.segments:
            yield ("L" if len(segment) == 1 else "C") + " ".join(f"{x * dots:.2f} {y * dots:.2f}" for x, y in segment)
        yield "Z"
