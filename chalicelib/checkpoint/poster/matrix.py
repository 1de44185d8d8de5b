"""The code as a QR symbol (ISO/IEC 18004), and as outlines to be filled."""

from __future__ import annotations

from functools import lru_cache

QUIET = 4
"""Modules of white that every side needs."""

Contour = tuple[tuple[int, int], ...]


@lru_cache(maxsize=16)
def matrix(address: str) -> tuple[tuple[bool, ...], ...]:
    """The modules that say `address`, row by row, without the quiet zone.

    Level H restores 30 % of the codewords: rain, scratches, a corner torn off. A sticker on 15 % of the square touches
    more codewords than the quarter that level Q restores; its modules would be a fifth larger.
    """
    import qrcode

    symbol = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_H, border=0)
    symbol.add_data(address, optimize=0)
    symbol.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in symbol.get_matrix())


def contours(modules: tuple[tuple[bool, ...], ...]) -> tuple[Contour, ...]:
    """The borders between dark and light, in modules from the upper left corner, dark on the right hand: filled by the
    non-zero rule they give the symbol without a seam between neighbours, which squares side by side would show."""
    size = len(modules)

    def dark(x: int, y: int) -> bool:
        return 0 <= x < size and 0 <= y < size and modules[y][x]

    edges: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for y in range(size + 1):
        for x in range(size + 1):
            here, left, above = dark(x, y), dark(x - 1, y), dark(x, y - 1)
            if here != above:
                start, end = ((x, y), (x + 1, y)) if here else ((x + 1, y), (x, y))
                edges.setdefault(start, []).append(end)
            if here != left:
                start, end = ((x, y + 1), (x, y)) if here else ((x, y), (x, y + 1))
                edges.setdefault(start, []).append(end)
    found: list[Contour] = []
    while edges:
        begin = at = next(iter(edges))
        trail = [begin]
        while True:
            # Where two dark modules touch by a corner there are two ways on; either closes, and the other is left.
            way = edges[at].pop()
            if not edges[at]:
                del edges[at]
            if way == begin:
                break
            trail.append(way)
            at = way
        found.append(_corners(trail))
    return tuple(found)


def _corners(trail: list[tuple[int, int]]) -> Contour:
    """`trail` without the points that lie on a straight line."""
    ring = [trail[-1], *trail, trail[0]]
    return tuple(
        at
        for before, at, after in zip(ring, ring[1:], ring[2:], strict=False)
        if (at[0] - before[0], at[1] - before[1]) != (after[0] - at[0], after[1] - at[1])
    )
