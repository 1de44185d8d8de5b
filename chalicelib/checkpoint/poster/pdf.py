"""Pages as PDF: everything vector, letters selectable, the type embedded with the letters in use alone."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import IO, TYPE_CHECKING

from chalicelib.checkpoint.poster.matrix import contours, matrix
from chalicelib.checkpoint.poster.page import DPI, SIZES, WIDTH, Fill, Item, Line, Page, Symbol, in_dots
from chalicelib.checkpoint.poster.type import face

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

_POINTS = 72 / DPI
_NON_ZERO = 1
_lock = threading.Lock()
"""reportlab keeps its fonts by name for the whole process."""


def write(pages: Iterable[Page], size: str, author: str, file: IO[bytes]) -> None:
    """Writes one document of `pages` on paper of `size`. Every letter of theirs must have been measured before. The
    same pages give the same bytes."""
    from reportlab.pdfgen.canvas import Canvas

    wide, high = SIZES[size]
    with _lock:
        fonts = {bold: _registered(bold, face(bold=bold).truetype()) for bold in (False, True)}
        # Invariant: no date, and an id made of the content. The page is a whole number of dots.
        paper = (wide * _POINTS, high * _POINTS)
        canvas = Canvas(file, pagesize=paper, invariant=True, pageCompression=1, lang="zh-CN")
        canvas.setAuthor(author)
        canvas.setCreator("Kakou")
        grounds: dict[int, str] = {}
        title = ""
        for page in pages:
            pen = _Pen(canvas, fonts, wide, high)
            shared = id(page.ground)  # they are made once and kept
            if shared not in grounds:
                grounds[shared] = f"ground{len(grounds)}"
                canvas.beginForm(grounds[shared], 0, 0, *paper)
                pen.draw(page.ground)
                canvas.endForm()
            canvas.doForm(grounds[shared])
            pen.draw(page.items)
            canvas.bookmarkPage(page.title)
            canvas.addOutlineEntry(page.title, page.title)
            canvas.showPage()
            title = title or page.title
        canvas.setTitle(title)
        canvas.save()


@lru_cache(maxsize=2)
def _registered(bold: bool, content: bytes) -> TTFont:
    """reportlab's font of `content`."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    name = face(bold=bold).name
    # Under a name it has seen, reportlab keeps the font it had, which may lack letters, and drops these without a word.
    digest = hashlib.sha256(content).hexdigest()[:16]
    font = TTFont(f"{name}-{digest}", io.BytesIO(content), asciiReadable=False)
    told, font.face.name = font.face.name, font.fontName.encode()
    pdfmetrics.registerFont(font)
    font.face.name = told  # what documents say
    return font


class _Pen:
    """Draws items on a canvas; its own measures are points from the lower left corner."""

    def __init__(self, canvas: Canvas, fonts: Mapping[bool, TTFont], wide: int, high: int) -> None:
        self._canvas = canvas
        self._fonts = fonts
        self._scale = wide / WIDTH * _POINTS
        self._dots = wide / WIDTH
        self._high = high * _POINTS

    def draw(self, items: Iterable[Item]) -> None:
        for item in items:
            match item:
                case Fill():
                    self._fill(item)
                case Line():
                    self._line(item)
                case Symbol():
                    self._symbol(item)

    def _fill(self, item: Fill) -> None:
        self._canvas.setFillColor(item.ink)
        path = self._canvas.beginPath()
        for each in item.paths:
            path.moveTo(*self._at(each.start))
            for segment in each.segments:
                if len(segment) == 1:
                    path.lineTo(*self._at(segment[0]))
                else:
                    path.curveTo(*self._at(segment[0]), *self._at(segment[1]), *self._at(segment[2]))
            path.close()
        self._canvas.drawPath(path, stroke=0, fill=1, fillMode=_NON_ZERO)

    def _line(self, item: Line) -> None:
        font = self._fonts[item.bold]
        if not all(ord(letter) in font.face.charToGlyph for letter in item.text):
            raise RuntimeError(f"{item.text!r} was not measured before it was drawn")
        self._canvas.setFillColor(item.ink)
        self._canvas.setFont(font.fontName, item.size * self._scale)
        self._canvas.drawString(*self._at((item.x, item.y)), item.text)

    def _symbol(self, item: Symbol) -> None:
        modules = matrix(item.address)
        left, top, module = in_dots(item, len(modules), self._dots)
        self._canvas.setFillColor("#000000")
        path = self._canvas.beginPath()
        for contour in contours(modules):
            points = [((left + x * module) * _POINTS, self._high - (top + y * module) * _POINTS) for x, y in contour]
            path.moveTo(*points[0])
            for point in points[1:]:
                path.lineTo(*point)
            path.close()
        self._canvas.drawPath(path, stroke=0, fill=1, fillMode=_NON_ZERO)
        # On a screen the code is a link; printed, it is not seen.
        right, low = left + module * len(modules), top + module * len(modules)
        box = (left * _POINTS, self._high - low * _POINTS, right * _POINTS, self._high - top * _POINTS)
        self._canvas.linkURL(item.address, box)

    def _at(self, point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * self._scale, self._high - point[1] * self._scale
