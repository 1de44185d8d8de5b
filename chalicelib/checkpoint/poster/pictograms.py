"""The three steps as pictures, for those who read neither Chinese nor English: scan, fill in, show.

Each is drawn in a square of 100 by 100 and placed by `at`.
"""

from __future__ import annotations

from chalicelib.checkpoint.poster.page import ACCENT, PAPER, TINT, Fill, Path, bar, disc, fill, polygon, rectangle


def scan() -> list[Fill]:
    """A phone held before a code, its frame around it."""
    corners = ((40, 38), (52, 38), (40, 50))
    return [
        *_phone(27, 5, 73, 95),
        # The code that it sees: three corners and a few modules, framed by the camera's brackets.
        fill(ACCENT, *(rectangle(x, y, x + 8, y + 8) for x, y in corners)),
        fill(PAPER, *(rectangle(x + 2.2, y + 2.2, x + 5.8, y + 5.8) for x, y in corners)),
        fill(ACCENT, rectangle(52, 50, 56, 54), rectangle(56, 54, 60, 58)),
        fill(ACCENT, *_brackets(34, 32, 66, 64, 8, 2.2)),
    ]


def fill_in() -> list[Fill]:
    """A form with its lines, and a pen at work."""
    sheet = rectangle(18, 10, 70, 90, 5)
    return [
        fill(ACCENT, sheet),
        fill(PAPER, rectangle(22, 14, 66, 86, 2)),
        fill(ACCENT, disc(33, 28, 5.2), rectangle(43, 25.4, 60, 30.6, 2.6)),
        fill(ACCENT, *(rectangle(28, y, right, y + 4.4, 2.2) for y, right in ((42, 60), (53, 60), (64, 47)))),
        # The pen, point down on the last line; white around it sets it off from the sheet.
        fill(PAPER, polygon((46, 79), (48.6, 64.3), (64, 48), (68, 51.5), (66, 74))),
        fill(ACCENT, polygon((49, 77), (51.5, 66.5), (60, 74.5))),
        fill(ACCENT, bar((57.4, 68.9), (80.5, 44.3), 11.6)),
        fill(ACCENT, bar((82.2, 42.5), (87.6, 36.7), 11.6)),
    ]


def show() -> list[Fill]:
    """A phone with a tick, before the member of staff who looks at it."""
    return [
        # The member of staff: cap with its peak, head, shoulders.
        fill(ACCENT, disc(70, 33, 13)),
        fill(PAPER, rectangle(54, 26.2, 86, 29.4)),
        fill(ACCENT, rectangle(52, 24.4, 82, 28.4, 2)),
        fill(ACCENT, _shoulders(46, 52, 94, 92)),
        fill(TINT, rectangle(5, 19, 53, 97, 9)),
        *_phone(9, 23, 49, 93),
        fill(ACCENT, disc(29, 57, 12)),
        fill(PAPER, bar((22.6, 57.2), (27.6, 62.2), 3.6), bar((26.3, 62.2), (35.6, 51.6), 3.6)),
    ]


def at(picture: list[Fill], left: float, top: float, side: float) -> list[Fill]:
    """`picture` in a square of `side` millimetres."""

    def moved(x: float, y: float) -> tuple[float, float]:
        return (left + x * side / 100, top + y * side / 100)

    return [
        Fill(
            tuple(
                Path(moved(*path.start), tuple(tuple(moved(*point) for point in each) for each in path.segments))
                for path in shape.paths
            ),
            shape.ink,
        )
        for shape in picture
    ]


def _phone(left: float, top: float, right: float, bottom: float) -> list[Fill]:
    middle = (left + right) / 2
    return [
        fill(ACCENT, rectangle(left, top, right, bottom, 7)),
        fill(PAPER, rectangle(left + 3.5, top + 9, right - 3.5, bottom - 10, 1)),
        fill(PAPER, rectangle(middle - 5, top + 3.8, middle + 5, top + 5.6, 0.9), disc(middle, bottom - 5, 2.2)),
    ]


def _brackets(left: float, top: float, right: float, bottom: float, arm: float, width: float) -> list[Path]:
    found = []
    for x, inwards in ((left, 1), (right, -1)):
        for y, down in ((top, 1), (bottom, -1)):
            found.append(rectangle(min(x, x + inwards * arm), min(y, y + down * width), max(x, x + inwards * arm),
                                   max(y, y + down * width)))  # fmt: skip
            found.append(rectangle(min(x, x + inwards * width), min(y, y + down * arm), max(x, x + inwards * width),
                                   max(y, y + down * arm)))  # fmt: skip
    return found


def _shoulders(left: float, top: float, right: float, bottom: float) -> Path:
    r = (right - left) / 2
    k = r * 0.45
    return Path(
        (left, bottom),
        (
            ((left, top + r * 0.8),),
            ((left, top + k * 0.8), (left + k, top), (left + r * 0.9, top)),
            ((right - r * 0.9, top),),
            ((right - k, top), (right, top + k * 0.8), (right, top + r * 0.8)),
            ((right, bottom),),
        ),
    )
