"""Charts: numbers in, SVG out, to stand in an HTML page. Pure, without a script, a style sheet or a foreign address.

- The axis of counts begins at zero, and its steps are 1, 2 or 5 times a power of ten.
- What is not known (None) is a gap, never a zero; what is provisional is dashed and hollow.
- Lines and bars carry their own names and numbers: no legend to look up, no colour that alone tells two apart. The
  colours are after Okabe and Ito, dark enough to be read as text, and differ in grey, too.
- Text has the colour of the page around it, and no style attribute is used: any Content Security Policy lets it pass.

A chart is a picture to a screen reader, with `title` as its name; its numbers belong into a table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from msgspec import Struct

BLUE, VERMILION, GREY = "#0072b2", "#b34700", "#767676"

FONT = 13.0
"""Height of the letters, in units of the drawing: a chart of the usual width stands well in a column of a phone."""

_DASHES = ("", "7 4", "2 4")
"""Of the first, second, third line: told apart without colour."""
_COLOURS = (BLUE, VERMILION, GREY)


class Series(Struct, frozen=True):
    """A line of a chart."""

    name: str
    values: tuple[float | None, ...]
    """One for each label of the chart; None where nothing is known."""
    provisional: int = 0
    """How many of the last values may still change."""
    apart: bool = False
    """Whether those stand apart, because they count less than the others do: a day that is not over, beside whole
    ones. No line leads to them, and the number at the line's end is the last settled one."""


def line(
    series: Sequence[Series], labels: Sequence[str], *, title: str, width: float = 420, height: float = 210
) -> str:
    """Lines over time, at most three. `labels` name the places on the axis; as many are written as there is room for,
    the last one always."""
    if len(series) > len(_COLOURS):
        raise ValueError("more lines than can be told apart")
    most = _most(value for each in series for value in each.values)
    ends: list[tuple[float, int, str, str]] = []
    said = [each.name for each in series] + [number(max(most, 0))]
    frame = _Frame(most, width - max(map(breadth, said)) - 10, height, labels)
    drawn = [frame.axes()]
    for at, each in enumerate(series):
        drawn.append(_path(frame.x, frame.y, each, _COLOURS[at], _DASHES[at] if len(series) > 1 else ""))
        settled = len(each.values) - each.provisional if each.apart else None
        known = [value for value in each.values[:settled] if value is not None]
        if known:
            ends.append((frame.y(known[-1]), at, each.name, number(known[-1])))
    drawn += _named(frame, ends)
    return _svg(width, height, title, drawn)


def columns(
    values: Sequence[float | None],
    labels: Sequence[str],
    *,
    title: str,
    provisional: int = 0,
    width: float = 420,
    height: float = 190,
) -> str:
    """Upright columns, the highest and the last with their numbers: the hours of a day, say."""
    frame = _Frame(_most(values), width, height, labels, inset=0.5)
    drawn = [frame.axes()]
    room = frame.step * 0.76
    top = max((value for value in values if value is not None), default=0)
    last = max((at for at, value in enumerate(values) if value is not None), default=-1)
    written = -math.inf
    for at, value in enumerate(values):
        if value is None:
            continue
        x, y = frame.x(at) - room / 2, frame.y(value)
        open_still = at >= len(values) - provisional
        look = f'fill="none" stroke="{BLUE}" stroke-dasharray="3 2"' if open_still else f'fill="{BLUE}"'
        drawn.append(f'<rect x="{_(x)}" y="{_(y)}" width="{_(room)}" height="{_(frame.y(0) - y)}" {look}/>')
        text = number(value)
        if value and (value == top or at == last) and frame.x(at) - written > breadth(text) + 6:
            # A taller column before it would stand behind a number in the middle.
            begins = min(x, width - breadth(text) * 1.1)
            aside = at > 0 and (values[at - 1] or 0) > value and begins > x - room / 2
            place, anchor = (begins, "start") if aside else (frame.x(at), "middle")
            drawn.append(_text(place, y - 4, text, anchor, bold=True))
            written = frame.x(at)
    return _svg(width, height, title, drawn)


def bars(rows: Sequence[tuple[str, float | None]], *, title: str, width: float = 420) -> str:
    """Lying bars, one below the other, each with its name above it and its number beside it."""
    most = max((value for _name, value in rows if value is not None), default=0) or 1
    tall, room = (
        FONT * 2.5,
        max((breadth(number(value)) for _name, value in rows if value is not None), default=0) * 1.15 + 12,
    )
    drawn = []
    for at, (name, value) in enumerate(rows):
        y = at * tall
        drawn.append(_text(0, y + FONT, name, within=width))
        if value is None:
            drawn.append(_text(0, y + FONT * 2.1, "–"))
            continue
        long = value / most * (width - room)
        drawn.append(f'<rect x="0" y="{_(y + FONT * 1.3)}" width="{_(long)}" height="{_(FONT * 0.8)}" fill="{BLUE}"/>')
        drawn.append(_text(long + 6, y + FONT * 2.1, number(value), bold=True))
    return _svg(width, max(tall * len(rows), 1), title, drawn)


def spark(
    values: Sequence[float | None],
    *,
    title: str = "",
    provisional: int = 0,
    apart: bool = False,
    width: float = 120,
    height: float = 28,
) -> str:
    """A line as small as a word, from zero, with a dot at its end; without a `title` it is hidden from screen readers,
    because its numbers stand beside it."""
    most = _most(values) or 1
    step = (width - 6) / max(len(values) - 1, 1)

    def x(at: int) -> float:
        return 3 + at * step

    def y(value: float) -> float:
        return height - 3 - value / most * (height - 7)

    drawn = [
        f'<path d="M0 {_(height - 2.5)}H{_(width)}" stroke="{GREY}" stroke-width=".5"/>',
        _path(x, y, Series("", tuple(values), provisional, apart), BLUE, "", thick=2, dots=False),
    ]
    known = [(at, value) for at, value in enumerate(values) if value is not None]
    if known:
        at, value = known[-1]
        drawn.append(f'<circle cx="{_(x(at))}" cy="{_(y(value))}" r="2.6" fill="{BLUE}"/>')
    return _svg(width, height, title, drawn)


def number(value: float) -> str:
    """A number as people read it: `12,345`, `0.5`, `-3`."""
    text = f"{value:,.1f}"
    return text.removesuffix(".0")


def breadth(text: str) -> float:
    """How broad `text` is about, in units of the drawing: no font is asked."""
    return sum(FONT if letter > "\u2e7f" else FONT * 0.64 for letter in text)


class _Frame:
    """Where a value and a place of the time axis lie in the drawing."""

    def __init__(self, most: float, width: float, height: float, labels: Sequence[str], inset: float = 0) -> None:
        self.ticks = _ticks(most)
        self.left = max(breadth(number(tick)) for tick in self.ticks) + 6
        self.right = width - FONT * 0.4
        self.top, self.bottom = FONT * 1.6, height - FONT * 1.7
        self._labels = labels
        count = max(len(labels), 1)
        self._inset = inset  # lines begin at the axis; columns need half their place on either side
        self.step = (self.right - self.left) / max(count - 1 + 2 * self._inset, 1)

    def x(self, at: int) -> float:
        return self.left + (at + self._inset) * self.step

    def y(self, value: float) -> float:
        return self.bottom - value / self.ticks[-1] * (self.bottom - self.top)

    def axes(self) -> str:
        drawn = []
        for tick in self.ticks:
            y = self.y(tick)
            weight = "1" if tick == 0 else ".4"
            drawn.append(f'<path d="M{_(self.left)} {_(y)}H{_(self.right)}" stroke="{GREY}" stroke-width="{weight}"/>')
            drawn.append(_text(self.left - 6, y + FONT * 0.35, number(tick), "end"))
        free = math.inf  # from the right: the last label always stands
        for at in range(len(self._labels) - 1, -1, -1):
            text, x = self._labels[at], self.x(at)
            half = breadth(text) / 2
            middle = min(max(x, half), self.right - half + FONT * 0.4)
            if text and middle + half + 8 <= free:
                drawn.append(_text(middle, self.bottom + FONT * 1.5, text, "middle"))
                free = middle - half
        return "".join(drawn)


def _path(
    x: Callable[[int], float],
    y: Callable[[float], float],
    each: Series,
    colour: str,
    dashes: str,
    *,
    thick: float = 2.5,
    dots: bool = True,
) -> str:
    """The line in pieces, a dot where a value stands alone, and hollow ends where values may still change."""
    firm: list[str] = []
    loose: list[str] = []
    alone: list[str] = []
    values = each.values
    settled = len(values) - each.provisional
    for at, value in enumerate(values):
        before = values[at - 1] if at else None
        after = values[at + 1] if at + 1 < len(values) else None
        if value is None:
            continue
        here = f"{_(x(at))} {_(y(value))}"
        if before is not None and (at < settled or not each.apart):
            (firm if at < settled else loose).append(f"M{_(x(at - 1))} {_(y(before))}L{here}")
        alone_here = before is None and (after is None or (each.apart and at + 1 == settled))
        if alone_here or (at >= settled and dots):
            inside = "#fff" if at >= settled else colour
            size = 'r="3.5"' if dots else 'r="1"'  # no larger than the dot at a small line's end
            alone.append(
                f'<circle cx="{_(x(at))}" cy="{_(y(value))}" {size} fill="{inside}" stroke="{colour}" '
                'stroke-width="2"/>'
            )
    look = f'fill="none" stroke="{colour}" stroke-width="{thick}" stroke-linecap="round" stroke-linejoin="round"'
    drawn = []
    if firm:
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        drawn.append(f'<path d="{_joined(firm)}" {look}{dashed}/>')
    if loose:
        drawn.append(f'<path d="{_joined(loose)}" {look} stroke-dasharray="3 5"/>')
    return "".join([*drawn, *alone])


def _joined(pieces: Sequence[str]) -> str:
    """Pieces `M a L b`, those that go on where the last one ended without lifting the pen."""
    path = ""
    end = ""
    for piece in pieces:
        begin, _, to = piece[1:].partition("L")
        path += f"L{to}" if begin == end else piece
        end = to
    return path


def _named(frame: _Frame, ends: list[tuple[float, int, str, str]]) -> list[str]:
    """The names and last numbers of the lines, to the right of their ends, moved apart where they would touch."""
    drawn = []
    lowest = math.inf
    for y, at, name, value in sorted(ends, reverse=True):
        lines = [each for each in (name, value) if each]
        tall = FONT * 1.15 * len(lines)
        place = min(y - tall / 2 + FONT, lowest - tall)
        lowest = place
        for line_at, each in enumerate(lines):
            down = place + FONT * 1.15 * line_at
            drawn.append(_text(frame.right + 9, down, each, bold=True, colour=_COLOURS[at]))
    return drawn


def _ticks(most: float) -> list[float]:
    """Zero and up to four steps that reach `most`; whole numbers, because people are counted."""
    if most <= 0:
        return [0, 1]
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
    step = max(step, 1)
    return [step * at for at in range(math.ceil(most / step) + 1)]


def _most(values: Iterable[float | None]) -> float:
    return max((value for value in values if value is not None), default=0)


def _text(
    x: float, y: float, text: str, anchor: str = "start", *, bold: bool = False, colour: str = "", within: float = 0
) -> str:
    """A line of text; one that would be broader than `within` is set narrower."""
    squeezed = bool(within) and breadth(text) > within
    look = f' textLength="{_(within)}" lengthAdjust="spacingAndGlyphs"' if squeezed else ""
    look += f' text-anchor="{anchor}"' if anchor != "start" else ""
    look += ' font-weight="700"' if bold else ""
    look += f' fill="{colour}"' if colour else ""
    return f'<text x="{_(x)}" y="{_(y)}"{look}>{escape(text)}</text>'


def _svg(width: float, height: float, title: str, drawn: Sequence[str]) -> str:
    said = f'role="img" aria-label="{escape(title)}"' if title else 'aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_(width)} {_(height)}" {said} focusable="false" '
        f'font-size="{_(FONT)}" fill="currentColor">{"".join(drawn)}</svg>'
    )


def _(value: float) -> str:
    """A coordinate: a tenth of a unit is finer than any screen."""
    return f"{value:.1f}".removesuffix(".0")
