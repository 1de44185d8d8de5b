"""Where everything stands on the poster.

Seen from 3 m: what this is, the checkpoint's number and name, three pictures. From a car window: the code. By hand: the
address and the short code. At the wall: who collects what and why, and what inspectors compare.
"""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from chalicelib.checkpoint.code import SHORT_TAG, Code
from chalicelib.checkpoint.poster import pictograms
from chalicelib.checkpoint.poster.matrix import QUIET
from chalicelib.checkpoint.poster.page import (
    ACCENT,
    GREY,
    INK,
    PAPER,
    RULE,
    TINT,
    WIDTH,
    Item,
    Page,
    Symbol,
    block,
    fill,
    line,
    rectangle,
)
from chalicelib.checkpoint.poster.type import PosterUndrawable
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import Collector


class Sheet(Struct, frozen=True, kw_only=True):
    """All that one printed sheet says."""

    checkpoint: Checkpoint
    code: Code
    address: str
    """What the QR symbol holds, from `code.address`."""
    collector: Collector
    settings: int
    """Version of the settings it is printed under."""
    date: str
    """When those settings were published, as `2020-02-10`: no clock is asked, the same input gives the same sheet."""
    copy: int = 1
    copies: int = 1
    """Of how many sheets with this code, one for each lane, this is which."""


SYMBOL_SIDE = 100.0
"""Of the code's dark modules on A4, millimetres: around it room for four modules of quiet zone (ISO/IEC 18004), were
they as large as those of version 4, the smallest symbol that holds an address of ours."""

DISTANCE = {"a3": 1.5, "a4": 1.0, "a5": 0.7}
"""From how many metres any phone reads the code of a sheet: ten times its side. Good phones manage twice that."""

_LEFT, _RIGHT = 14.0, WIDTH - 14.0
_TOP = 101.0
_STEPS = (
    (pictograms.scan, "扫码", "Scan", "微信或手机相机", "WeChat or camera"),
    (pictograms.fill_in, "填写", "Fill in", "同行每人都要填", "for every traveller"),
    (pictograms.show, "出示", "Show", "给工作人员看回执", "our staff the receipt"),
)
_WHY_ZH = (
    "为什么登记：为疫情防控，进入本市的车辆和人员都要登记，以便必要时第一时间联系到您。"
    "信息加密保存，仅用于防疫，按期删除。"
)
_WHY_EN = (
    "Why: in an epidemic, every vehicle and everyone in it is registered, so that you can be reached at once if need "
    "be. Data are sealed, used for nothing else, and deleted on time."
)


def lay_out(sheet: Sheet) -> Page:
    """The poster. Raises PosterUndrawable for a text that cannot be drawn."""
    place, code = sheet.checkpoint, sheet.code
    if not (place.name_zh.strip() and place.name_en.strip()):
        raise PosterUndrawable("a name is empty; write one")
    items: list[Item] = [
        line(place.id, 173, 40, 20, ACCENT, bold=True, align=0.5, width=40),
        *block(place.name_zh, _LEFT, 59, _RIGHT - _LEFT, 19.8, 19, bold=True, shrink=0.7, least=0.4, leading=1.16),
        *block(place.name_en, _LEFT, 80.6, _RIGHT - _LEFT, 8, 7.6, GREY, shrink=0.6, least=0.4, leading=1.15),
        Symbol(sheet.address, _LEFT, _TOP, SYMBOL_SIDE),
    ]
    base = sheet.address.partition("/C/")[0]
    items += block(_typed(base), 20, 222.2, 94, 8.4, 6.4, ACCENT, bold=True, shrink=0.55, least=0.3, anywhere=True)
    items.append(line(short(code), 190, 228.6, 9, ACCENT, bold=True, align=1, width=74))
    whole = _typed(sheet.address)
    items += block(f"完整地址 Full address  {whole}", 20, 232, 170, 6, 2.9, GREY, least=0.6, anywhere=True)
    asked = f"{sheet.collector.name.zh}收集，咨询电话 {sheet.collector.phone}"
    items += block(asked, _LEFT, 253.4, 88, 7, 3.1, bold=True, least=0.6)
    asked = f"Collected by {sheet.collector.name.en}, phone {sheet.collector.phone}"
    items += block(asked, 108, 253.6, 88, 7, 2.8, bold=True, least=0.6)
    inspected = f"张贴码 Poster {code.version}　密钥 Key {code.key}　配置 Settings {sheet.settings}　{sheet.date}"
    items.append(line(inspected, _LEFT, 290.6, 3.3, GREY, width=140))
    if sheet.copies > 1:
        numbered = f"第 {sheet.copy} 张，共 {sheet.copies} 张 Copy {sheet.copy}/{sheet.copies}"
        items.append(line(numbered, _RIGHT, 290.6, 3.3, INK, bold=True, align=1, width=60))
    return Page(_ground(), tuple(items), f"{place.id} {place.name_zh} {place.name_en}")


assert _LEFT - 1.8 >= QUIET * SYMBOL_SIDE / 33  # noqa: S101


def short(code: Code) -> str:
    """What people type who cannot scan."""
    return f"{code.checkpoint}-{code.tag[:SHORT_TAG]}"


def _typed(address: str) -> str:
    """`address` as people know addresses, host in small letters; it opens the same."""
    base, slash, rest = address.partition("/C/")
    return (base.lower() if base.isupper() else base) + slash + rest


@cache
def _ground() -> tuple[Item, ...]:
    items: list[Item] = [
        fill(ACCENT, rectangle(0, 0, WIDTH, 54)),
        line("扫码登记", _LEFT - 1.5, 31.5, 28, PAPER, bold=True),
        line("Scan to register", _LEFT, 46, 9.4, PAPER),
        fill(PAPER, rectangle(150, 10.5, _RIGHT, 46, 4)),
        line("卡口 Checkpoint", 173, 19.4, 4.6, ACCENT, align=0.5),
    ]
    for at, (picture, zh, en, zh_more, en_more) in enumerate(_STEPS):
        top = _TOP + at * (SYMBOL_SIDE - 31) / 2
        items.append(fill(TINT, rectangle(132, top, 163, top + 31, 4)))
        items += pictograms.at(picture(), 133, top + 1, 29)
        items += [
            fill(ACCENT, rectangle(166.2, top + 0.6, 171.8, top + 6.2, 2.8)),
            line(str(at + 1), 169, top + 4.95, 4.2, PAPER, bold=True, align=0.5),
            line(en, 173.6, top + 5.1, 5, ACCENT, bold=True, width=22.4),
            line(zh, 165.4, top + 18.6, 12.4, INK, bold=True, width=30.6),
            line(zh_more, 166, top + 25.2, 3.7, INK, width=30),
            line(en_more, 166, top + 30, 3.3, GREY, width=30),
        ]
    items += [
        fill(TINT, rectangle(_LEFT, 213.2, _RIGHT, 239, 4)),
        line("不能扫码？打开网址", 20, 219.8, 4.2, INK, bold=True),
        line("Cannot scan? Open", 59.5, 219.8, 3.6, GREY),
        line("输入编号", 154, 219.8, 4.2, INK, bold=True, align=1),
        line("and enter this number", 190, 219.8, 3.6, GREY, align=1, width=35),
        *block(_WHY_ZH, _LEFT, 242.4, 88, 8.2, 3.1, INK),
        *block(_WHY_EN, 108, 242.4, 88, 11, 2.8, GREY),
    ]
    for left, right in ((_LEFT, 102), (108, _RIGHT)):
        items += [
            fill(RULE, rectangle(left, 262, right, 286, 3)),
            fill(PAPER, rectangle(left + 0.3, 262.3, right - 0.3, 285.7, 2.7)),
        ]
    items += [
        line("现场负责人", 18, 268, 3.4, INK, bold=True),
        line("Operator on site", 36.5, 268, 3, GREY),
        line("姓名 Name", 18, 275.4, 3, GREY),
        fill(RULE, rectangle(34, 276, 98, 276.3)),
        line("电话 Phone", 18, 282.6, 3, GREY),
        fill(RULE, rectangle(34, 283.2, 98, 283.5)),
        line("本地通告", 112, 268, 3.4, INK, bold=True),
        line("Local notice", 127, 268, 3, GREY),
    ]
    return tuple(items)
