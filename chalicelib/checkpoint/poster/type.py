"""The type: Noto Sans CJK, Simplified Chinese forms (SIL Open Font License), in the two weights of the poster.

It comes from a package, not from the operating system, as a variable font with CFF2 outlines (OpenType 1.9). What is
drawn is taken from it letter by letter: measures, outlines for SVG, and a small TrueType font for PDF, whose library
reads no CFF.
"""

from __future__ import annotations

import io
import threading
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

REGULAR, BOLD = 400, 760
"""The weights, as the font's `wght` axis counts them."""

UNITS = 1000
"""Units of the font in one em."""

_SIMPLIFIED = 2  # the face's place in the collection: JP, KR, SC, TC, HK
_BOX = (-1002, -1048, 2928, 1808)  # of all letters, as the font's own `head` has it


class PosterUndrawable(ValueError):
    """A text has a character that our type lacks, or does not fit its place; the message names it."""


class Face:
    """One weight. Measuring a letter makes it known; `truetype` holds all that are known."""

    def __init__(self, weight: int) -> None:
        self._font = _font()
        self._names = _names()
        self._glyphs = self._font.getGlyphSet(location={"wght": weight})
        self._bold = weight == BOLD
        self._widths: dict[str, int] = {}
        self._paths: dict[str, str] = {}
        self._quadratic: dict[str, Any] = {}
        self._built = (0, b"")
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Its PostScript name."""
        return f"NotoSansCJKsc-{'Bold' if self._bold else 'Regular'}"

    def width(self, text: str) -> float:
        """Of `text`, in ems. Raises PosterUndrawable for what this type, or setting one letter after the other, cannot
        draw."""
        units = 0
        for letter in text:
            if letter not in self._widths:
                self._learn(text, letter)
            units += self._widths[letter]
        return units / UNITS

    def path(self, letter: str) -> str:
        """The outline as SVG path data in font units, y upwards. Its fill rule is non-zero."""
        from fontTools.pens.svgPathPen import SVGPathPen

        if letter not in self._paths:
            pen = SVGPathPen(self._glyphs, ntos=lambda number: f"{number:.0f}")
            self._glyphs[self._names[ord(letter)]].draw(pen)
            self._paths[letter] = pen.getCommands()
        return self._paths[letter]

    def truetype(self) -> bytes:
        """A TrueType font of the letters known so far. What reportlab makes of it for a document depends on that
        document's letters alone."""
        from fontTools.fontBuilder import FontBuilder

        with self._lock:
            letters = sorted(self._widths)
            if self._built[0] == len(letters):
                return self._built[1]
            order = [".notdef", *(f"u{ord(letter):05X}" for letter in letters)]
            outlines = [self._outline(letter) for letter in letters]
            builder = FontBuilder(UNITS, isTTF=True)
            builder.setupGlyphOrder(order)
            builder.setupCharacterMap({ord(letter): name for letter, name in zip(letters, order[1:], strict=True)})
            builder.setupGlyf(dict(zip(order, [_empty(), *outlines], strict=True)))
            sides = [0, *(self._widths[letter] for letter in letters)]
            glyf = builder.font["glyf"]
            builder.setupHorizontalMetrics(
                {name: (side, getattr(glyf[name], "xMin", 0) or 0) for name, side in zip(order, sides, strict=True)}
            )
            builder.setupHorizontalHeader(ascent=880, descent=-120)
            builder.setupPost()
            builder.setupNameTable({"familyName": "Noto Sans CJK SC", "styleName": self.name[14:], "psName": self.name})
            # Nothing that reportlab copies into a document may tell which other letters are known, or when.
            font = builder.font
            font.recalcBBoxes = font.recalcTimestamp = False
            font["head"].created = font["head"].modified = 0
            font["head"].xMin, font["head"].yMin, font["head"].xMax, font["head"].yMax = _BOX
            for field in ("maxPoints", "maxContours", "maxCompositePoints", "maxCompositeContours"):
                setattr(font["maxp"], field, UNITS)
            content = io.BytesIO()
            font.save(content)
            self._built = (len(letters), content.getvalue())
            return self._built[1]

    def _learn(self, text: str, letter: str) -> None:
        # Letters that join, stack or run from right to left want a shaping engine: refused rather than drawn wrongly.
        kind = unicodedata.category(letter)
        joins = kind[0] == "M" or unicodedata.bidirectional(letter) in ("R", "AL")
        if joins or kind in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            raise PosterUndrawable(f"{shown(text)}: {_named(letter)} cannot be printed; leave it out")
        if ord(letter) not in self._names:
            raise PosterUndrawable(f"{shown(text)}: the type lacks {_named(letter)}; write it another way")
        self._widths[letter] = round(self._glyphs[self._names[ord(letter)]].width)

    def _outline(self, letter: str) -> Any:
        from fontTools.pens.cu2quPen import Cu2QuPen
        from fontTools.pens.ttGlyphPen import TTGlyphPen

        if letter not in self._quadratic:
            pen = TTGlyphPen(None)
            # Half a unit off at most: a hundredth of a millimetre in the largest letters.
            self._glyphs[self._names[ord(letter)]].draw(Cu2QuPen(pen, 0.5, reverse_direction=True))
            self._quadratic[letter] = pen.glyph()
        return self._quadratic[letter]


@cache
def face(*, bold: bool) -> Face:
    """The face in this weight."""
    return Face(BOLD if bold else REGULAR)


def shown(text: str) -> str:
    """`text` for a message: nothing in it turns the line round, and it is short enough to read."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def _named(letter: str) -> str:
    name = unicodedata.name(letter, "")
    spelt = f"{letter} " if letter.isprintable() and unicodedata.bidirectional(letter) == "L" else ""
    return f"{spelt}U+{ord(letter):04X}" + (f" {name}" if name and not name.startswith("CJK") else "")


def _empty() -> Any:
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    return TTGlyphPen(None).glyph()


@cache
def _font() -> TTFont:
    from importlib.resources import files

    from fontTools.ttLib import TTFont

    path = files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
    return TTFont(str(path), fontNumber=_SIMPLIFIED, lazy=True)


@cache
def _names() -> dict[int, str]:
    names: dict[int, str] = _font().getBestCmap()
    return names
