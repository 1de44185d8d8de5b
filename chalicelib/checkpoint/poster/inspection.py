"""The inspection list: every code with a small picture of it and what its sheet says, to compare on the wall."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.checkpoint.poster.layout import Sheet, short
from chalicelib.checkpoint.poster.matrix import QUIET
from chalicelib.checkpoint.poster.page import (
    ACCENT,
    GREY,
    INK,
    PAPER,
    RULE,
    WIDTH,
    Item,
    Page,
    Symbol,
    block,
    fill,
    line,
    rectangle,
)  # fmt: skip

ON_A_PAGE = 8
_LEFT, _RIGHT, _TOP, _HIGH = 14.0, WIDTH - 14.0, 34.0, 31.0
_SIDE = 22.0


def lay_out_list(sheets: Sequence[Sheet]) -> list[Page]:
    """The pages of the list; sheets that are copies of one another are one entry. Raises PosterUndrawable."""
    entries = [sheet for sheet in sheets if sheet.copy == 1]
    groups = [entries[at : at + ON_A_PAGE] for at in range(0, len(entries), ON_A_PAGE)]
    return [_page(group, at + 1, len(groups)) for at, group in enumerate(groups)]


def _page(sheets: Sequence[Sheet], number: int, of: int) -> Page:
    first = sheets[0]
    items: list[Item] = [
        fill(ACCENT, rectangle(0, 0, WIDTH, 24)),
        line("张贴码核对表", _LEFT, 13, 8.6, PAPER, bold=True),
        line("Inspection list: compare each poster on the wall with its entry", _LEFT, 20, 4, PAPER),
        line(f"{number} / {of}", _RIGHT, 13, 6, PAPER, bold=True, align=1),
        line(f"配置 Settings {first.settings}　{first.date}", _RIGHT, 20, 3.4, PAPER, align=1),
        line("检查人 Inspector", _LEFT, 290.6, 3.4, GREY),
        fill(RULE, rectangle(42, 291, 100, 291.3)),
        line("日期 Date", 112, 290.6, 3.4, GREY),
        fill(RULE, rectangle(130, 291, _RIGHT, 291.3)),
    ]
    for at, sheet in enumerate(sheets):
        items += _entry(sheet, _TOP + at * _HIGH)
    return Page((), tuple(items), f"张贴码核对表 {number}/{of}")


def _entry(sheet: Sheet, top: float) -> list[Item]:
    place, code = sheet.checkpoint, sheet.code
    text = 52.0
    items: list[Item] = [
        fill(RULE, rectangle(_LEFT, top + _HIGH - 3.4, _RIGHT, top + _HIGH - 3.1)),
        Symbol(sheet.address, _LEFT, top + 1, _SIDE),
        line(place.id, text, top + 6.6, 7.4, ACCENT, bold=True),
        *block(place.name_zh, text + 26, top + 0.6, 84, 7.2, 5.6, INK, bold=True, shrink=0.7, least=0.4, leading=1.16),
        *block(place.name_en, text + 26, top + 8.4, 84, 4.6, 3.5, GREY, shrink=0.6, least=0.4, leading=1.15),
        line(short(code), text, top + 18.4, 5, INK, bold=True, width=52),
        line(f"张贴码 Poster {code.version}　密钥 Key {code.key}", text + 54, top + 18.2, 3.8, INK, width=56),
        *block(sheet.address, text, top + 21, 110, 5.6, 2.7, GREY, least=0.5, anywhere=True),
    ]
    for at, label in enumerate(_boxes(sheet.copies)):
        x, y = 169 + at % 2 * 14, top + 1 + at // 2 * 6.4
        items += [
            fill(INK, rectangle(x, y, x + 4.4, y + 4.4)),
            fill(PAPER, rectangle(x + 0.4, y + 0.4, x + 4, y + 4)),
            line(label, x + 5.6, y + 3.6, 3.2, INK, width=_RIGHT - x - 5.6 if sheet.copies == 1 else 8),
        ]
    return items


assert min(_LEFT, 52 - _LEFT - _SIDE) >= QUIET * _SIDE / 21  # noqa: S101 (a version 1 symbol's: the widest)


def _boxes(copies: int) -> list[str]:
    """What to tick: each copy, as far as there is room, else all at once."""
    if copies == 1:
        return ["相符 OK"]
    return [f"{copy}/{copies}" for copy in range(1, copies + 1)] if copies <= 8 else [f"1–{copies}"]
