"""The poster: the printed sheet with the code. Drawn as values, put on paper as PDF, PNG or SVG, and read again by a
decoder that did not draw it.

Values in, bytes out: nothing here asks a clock, the network or the operating system, so that a web handler can draw as
well as a script.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from chalicelib.checkpoint.poster import pdf, reading, svg
from chalicelib.checkpoint.poster.inspection import lay_out_list
from chalicelib.checkpoint.poster.layout import DISTANCE, SYMBOL_SIDE, Sheet, lay_out, short
from chalicelib.checkpoint.poster.page import DPI, SIZES, Page
from chalicelib.checkpoint.poster.reading import PosterUnreadable, check
from chalicelib.checkpoint.poster.type import PosterUndrawable

__all__ = [
    "DISTANCE",
    "DPI",
    "FORMATS",
    "SIZES",
    "SYMBOL_SIDE",
    "PosterUndrawable",
    "PosterUnreadable",
    "Sheet",
    "bind",
    "check",
    "draw",
    "inspection_list",
    "lay_out",
    "short",
]

FORMATS = ("pdf", "png", "svg")
"""What a sheet can be drawn as: PDF for the printer, PNG for a message, SVG for those who design with it."""


def draw(sheet: Sheet, form: str = "pdf", size: str = "a4") -> bytes:
    """One poster as `form` of `FORMATS` on paper of `size` of `SIZES`, its code decoded again from what was drawn.

    The same arguments give the same bytes. Raises PosterUndrawable, PosterUnreadable.
    """
    page = lay_out(sheet)
    if form == "svg":
        content = svg.draw(page, size)
    else:
        drawn = io.BytesIO()
        pdf.write([page], size, sheet.collector.name.zh, drawn)
        content = reading.png(drawn.getvalue()) if form == "png" else drawn.getvalue()
    check(content, form, [page.addresses])
    return content


def bind(
    sheets: Sequence[Sheet], file: IO[bytes], size: str = "a4", drawn: Callable[[], object] = lambda: None
) -> None:
    """The posters of `sheets` as the pages of one PDF, written to `file`; `drawn` is told of each. What they share is
    in it once. To be decoded afterwards with `check`. Raises PosterUndrawable before anything is written."""
    for sheet in sheets:
        lay_out(sheet)  # also makes their letters known to the type

    def pages() -> Iterator[Page]:
        for sheet in sheets:
            yield lay_out(sheet)
            drawn()

    pdf.write(pages(), size, sheets[0].collector.name.zh, file)


def inspection_list(sheets: Sequence[Sheet], size: str = "a4") -> bytes:
    """All codes of `sheets` on one list, to hold against what hangs on the wall: a PDF, decoded again. Raises
    PosterUndrawable, PosterUnreadable."""
    pages = lay_out_list(sheets)
    drawn = io.BytesIO()
    pdf.write(pages, size, sheets[0].collector.name.zh, drawn)
    check(drawn.getvalue(), "pdf", [page.addresses for page in pages], DPI)
    return drawn.getvalue()
