"""The paper sheet, for when no phone works: the form's own questions, numbered, in Chinese with English, A4.

What it asks and offers comes from the words and codes of the form, so that the two cannot drift apart; whoever types a
sheet in finds each answer where the form wants it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from chalicelib.checkpoint.poster import pdf
from chalicelib.checkpoint.poster.page import (
    ACCENT,
    GREY,
    HEIGHT,
    INK,
    PAPER,
    RULE,
    TINT,
    WIDTH,
    Item,
    Page,
    block,
    disc,
    fill,
    line,
    rectangle,
)  # fmt: skip
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import Collector
from chalicelib.web import words
from chalicelib.web.language import CHINESE, ENGLISH, messages
from chalicelib.web.language import marked as _

_TITLE = "纸质登记表"

TRAVELLERS = 3
"""On one sheet; the others go on another, with the same plate."""

_NO_QUESTION = ("submission", "replaces", "travellers")

NUMBERS: Mapping[str, int] = {
    field: number for number, field in enumerate((field for field in words.FIELDS if field not in _NO_QUESTION), 1)
}
"""The number of each question, in the order of the form."""

_CHOICES: Mapping[str, Mapping[str, str]] = {
    "vehicle": words.VEHICLES,
    "document": words.DOCUMENTS,
    "purpose": words.PURPOSES,
    "key_region_stay": words.YES_NO,
    "symptoms": words.SYMPTOMS,
}

_LEFT, _RIGHT = 12.0, WIDTH - 12.0
_LABEL = 37.0
"""Width of a question beside its answer."""
_ROW = 8.6
_BLOCK = 7.4 + 8 * _ROW
_LINE = 0.25


def draw(collector: Collector, retention_days: int, checkpoint: Checkpoint | None = None) -> bytes:
    """The sheet as a PDF: for `checkpoint`, or for any, with its number left to be written in.

    The same arguments give the same bytes. Raises PosterUndrawable.
    """
    page, drawn = lay_out(collector, retention_days, checkpoint), io.BytesIO()
    pdf.write([page], "a4", collector.name.zh, drawn)
    return drawn.getvalue()


def lay_out(collector: Collector, retention_days: int, checkpoint: Checkpoint | None = None) -> Page:
    """The sheet as values. Raises PosterUndrawable."""
    chinese, english = messages(CHINESE), messages(ENGLISH)
    notice = _("%(collector)s collects this for epidemic control only: to reach you if you may have met someone who is "
               "ill, and to count arrivals.")  # fmt: skip
    items: list[Item] = [
        fill(ACCENT, rectangle(0, 0, WIDTH, 19)),
        line(_TITLE, _LEFT, 9.6, 7.4, PAPER, bold=True),
        line("Paper registration sheet", _LEFT, 15.6, 3.8, PAPER),
        line("卡口 Checkpoint", 98, 7.4, 3.4, PAPER),
        line("日期和时间 Date and time", 148, 7.4, 3.4, PAPER),
        fill(PAPER, rectangle(98, 9.2, 142, 16.6), rectangle(148, 9.2, _RIGHT, 16.6)),
    ]
    if checkpoint is not None:
        items.append(line(f"{checkpoint.id} {checkpoint.name_zh}", 100, 14.9, 4.4, INK, bold=True, width=40))
    for at, (said, name) in enumerate(((chinese, collector.name.zh), (english, collector.name.en))):
        kept = said.ngettext("Kept for %(num)d day.", "Kept for %(num)d days.", retention_days)
        text = f"{said.gettext(notice) % {'collector': name}} {kept % {'num': retention_days}}"
        items += block(text, _LEFT, 20.6 + at * 4.2, _RIGHT - _LEFT, 3.9, 2.9, GREY, least=0.5, leading=1.1)
    top = 30.0
    items += _choices("vehicle", _LEFT, top, _RIGHT)
    items += _boxes("plate", _LEFT, top + _ROW, 8)
    items.append(line("辽 C 1 2 3 4 5", 128, top + _ROW + 5.6, 3.6, GREY))
    top += 2 * _ROW + 1.5
    for at in range(TRAVELLERS):
        items += _traveller(at, top)
        top += _BLOCK
    items += [
        line("超过 3 人请另填一张，车牌号写一样的。 More than 3 travellers: another sheet, with the same plate.",
             _LEFT, HEIGHT - 12.6, 3, INK),
        line("工作人员录入 Entered by", _LEFT, HEIGHT - 6.4, 2.9, GREY),
        fill(RULE, rectangle(46, HEIGHT - 6.2, 100, HEIGHT - 5.9)),
        line(" ".join(_two(_("Reference"))), 106, HEIGHT - 6.4, 2.9, GREY),
        fill(RULE, rectangle(136, HEIGHT - 6.2, _RIGHT, HEIGHT - 5.9)),
    ]  # fmt: skip
    return Page((), tuple(items), _TITLE)


def _traveller(at: int, top: float) -> list[Item]:
    half = (_LEFT + _RIGHT) / 2
    said = [
        messages(language).gettext(_("Traveller %(number)d")) % {"number": at + 1} for language in (CHINESE, ENGLISH)
    ]
    items: list[Item] = [
        fill(TINT, rectangle(_LEFT, top, _RIGHT, top + 6)),
        line(said[0], _LEFT + 2, top + 4.5, 4, ACCENT, bold=True),
        line(said[1], _LEFT + 24, top + 4.4, 3.2, ACCENT),
    ]
    if at > 0:
        items += _tick(94, top + 1.2, words.FIELDS["same_as_first"], beside=True, number=NUMBERS["same_as_first"])
    top += 6.4
    rows = iter(top + row * _ROW for row in range(8))
    row = next(rows)
    items += _blank("name", _LEFT, row, half + 8) + _blank("phone", half + 10, row, _RIGHT, label=24)
    items += _choices("document", _LEFT, next(rows), _RIGHT)
    items += _boxes("number", _LEFT, next(rows), 18)
    row = next(rows)
    items += _blank("origin", _LEFT, row, _RIGHT)
    row = next(rows)
    items += _blank("township", _LEFT, row, half - 4) + _blank("address", half - 2, row, _RIGHT, label=26)
    items += _choices("purpose", _LEFT, next(rows), _RIGHT)
    row = next(rows)
    items += _choices("key_region_stay", _LEFT, row, 138, label=82) + _blank("temperature", 140, row, _RIGHT, label=27)
    items.append(line("℃", _RIGHT - 5, row + 6, 4, GREY))
    items += _choices("symptoms", _LEFT, next(rows), _RIGHT)
    return items


def _two(message: str) -> tuple[str, str]:
    """A message in Chinese and English."""
    return messages(CHINESE).gettext(message), message


def _question(field: str, left: float, top: float, width: float) -> list[Item]:
    zh, en = _two(words.FIELDS[field])
    return [
        *_number(NUMBERS[field], left + 2.2, top + 4),
        line(zh, left + 5.6, top + 4, 3.5, INK, bold=True, width=width - 6),
        line(en, left + 5.6, top + 7.2, 2.5, GREY, width=width - 6),
    ]


def _number(number: int, x: float, y: float) -> list[Item]:
    return [fill(ACCENT, disc(x, y, 2.2)), line(str(number), x, y + 1.05, 3, PAPER, bold=True, align=0.5)]


def _blank(field: str, left: float, top: float, right: float, label: float = _LABEL) -> list[Item]:
    return [
        *_question(field, left, top, label),
        fill(INK, rectangle(left + label, top + 7.4, right, top + 7.4 + _LINE)),
    ]


def _boxes(field: str, left: float, top: float, count: int) -> list[Item]:
    items: list[Item] = _question(field, left, top, _LABEL)
    for at in range(count):
        items += _box(left + _LABEL + at * 7.4, top + 0.8, 6.9)
    return items


def _box(x: float, y: float, side: float) -> list[Item]:
    inner = rectangle(x + _LINE, y + _LINE, x + side - _LINE, y + side - _LINE)
    return [fill(INK, rectangle(x, y, x + side, y + side)), fill(PAPER, inner)]


def _choices(field: str, left: float, top: float, right: float, label: float = _LABEL) -> list[Item]:
    items: list[Item] = _question(field, left, top, label)
    offered = list(_CHOICES[field].values())
    each = min(30.0, (right - left - label) / len(offered))
    for at, message in enumerate(offered):
        items += _tick(left + label + at * each, top + 1.2, message, width=each - 5.6)
    return items


def _tick(
    x: float, y: float, message: str, *, width: float = 60.0, beside: bool = False, number: int = 0
) -> list[Item]:
    zh, en = _two(message)
    items = _box(x, y, 3.8)
    if number:
        items += _number(number, x - 3.4, y + 1.9)
    if beside:
        return [*items, line(f"{zh} {en}", x + 5, y + 3.2, 3.2, INK, width=_RIGHT - x - 6)]
    return [*items, line(zh, x + 4.8, y + 3.1, 3.3, INK, width=width), line(en, x + 4.8, y + 6, 2.3, GREY, width=width)]
