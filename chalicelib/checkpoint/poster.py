"""The poster: the printed sheet with the code, A4. Drawn, then read again by a decoder that did not make it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.checkpoint.code import SHORT_TAG, Code
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import Collector

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

DPI = 300
"""Dots an inch, of print quality."""

A4 = (210, 297)
"""Millimetres."""

CODE_SIDE = 118
"""Millimetres, with the quiet zone: a code is read from some ten times its side, so from a car window."""

STEPS = (
    ("扫码", "用微信或手机相机", "Scan", "with WeChat or your camera"),
    ("填写", "每位同行人员都要填", "Fill in", "for everyone travelling with you"),
    ("出示", "向工作人员出示回执", "Show", "the receipt to our staff"),
)

_INK, _BLUE, _GREY, _PAPER, _TINT = "#101820", "#0b3d91", "#4a5560", "#ffffff", "#e8eef8"
_MARGIN = 14.0


class PosterUndrawable(ValueError):
    """A text has a character that our type lacks, or does not fit its place; the message names it."""


class PosterUnreadable(RuntimeError):
    """The drawn code does not decode to the address it was made from."""


def draw(checkpoint: Checkpoint, code: Code, address: str, collector: Collector) -> bytes:
    """The poster of `code` at `checkpoint` as a PNG of A4 at `DPI`; the QR holds `address` (from `code.address`).

    The same arguments give the same bytes. Raises PosterUndrawable, PosterUnreadable.
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (_dots(A4[0]), _dots(A4[1])), _PAPER)
    sheet = _Sheet(image, ImageDraw.Draw(image))
    _heading(sheet, checkpoint)
    _code(sheet, address)
    _steps(sheet)
    _small_print(sheet, code, address, collector)
    # The few inks and their soft edges fit a palette: half the size of full colour, and quicker to write.
    content = io.BytesIO()
    image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(content, "PNG", dpi=(DPI, DPI))
    check(content.getvalue(), address)
    return content.getvalue()


def check(png: bytes, address: str) -> None:
    """Raises PosterUnreadable unless the picture holds one code, and that says `address`."""
    import zxingcpp
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        found = [each.text for each in zxingcpp.read_barcodes(image.convert("L"))]
    if found != [address]:
        raise PosterUnreadable(f"the printed code must hold {address}, a decoder reads {found or 'nothing'}")


def _heading(sheet: _Sheet, checkpoint: Checkpoint) -> None:
    sheet.box(0, 0, A4[0], 66, _BLUE)
    sheet.line("扫码登记", 105, 6, 170, 27, _PAPER, bold=True)
    sheet.line("Scan to register", 105, 36, 170, 9, _PAPER)
    sheet.line("请每辆车、每位人员进入前登记 · Everyone registers before entering", 105, 51, 182, 6, _PAPER)
    sheet.line(checkpoint.name_zh, 105, 70, 182, 14, _INK, bold=True)
    sheet.line(f"{checkpoint.name_en} · 卡口 Checkpoint {checkpoint.id}", 105, 87, 182, 6.4, _GREY)


def _code(sheet: _Sheet, address: str) -> None:
    import qrcode

    # Level Q restores a quarter of the code (ISO/IEC 18004): rain, scratches, a corner torn off.
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_Q, border=4)
    code.add_data(address, optimize=0)
    code.make(fit=True)
    modules = code.get_matrix()
    dots = _dots(CODE_SIDE) // len(modules)  # whole dots a module, or its edges blur
    left, top = (_dots(A4[0]) - dots * len(modules)) // 2, _dots(95)
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark:
                at = (left + x * dots, top + y * dots)
                sheet.pen.rectangle((*at, at[0] + dots - 1, at[1] + dots - 1), fill="#000000")


def _steps(sheet: _Sheet) -> None:
    width = (A4[0] - 2 * _MARGIN) / len(STEPS)
    for at, (zh, zh_more, en, en_more) in enumerate(STEPS):
        left, top = _MARGIN + at * width + 1.5, 214
        sheet.box(left, top, left + width - 3, top + 35, _TINT, round_by=3)
        middle = left + (width - 3) / 2
        sheet.line(f"{at + 1}  {zh} {en}", middle, top + 2.5, width - 8, 9, _BLUE, bold=True)
        sheet.line(zh_more, middle, top + 16.5, width - 8, 5.2, _INK)
        sheet.line(en_more, middle, top + 25, width - 8, 4.4, _GREY)


def _small_print(sheet: _Sheet, code: Code, address: str, collector: Collector) -> None:
    sheet.line(
        "不能扫码？请在浏览器输入，或请工作人员帮助。Cannot scan? Type this, or ask our staff:",
        105,
        252,
        182,
        4.6,
        _INK,
    )
    base, slash, rest = address.partition("/C/")
    typed = (base.lower() if base.isupper() else base) + slash + rest  # as people know addresses; it opens the same
    sheet.line(typed, 105, 259, 182, 5, _INK, bold=True)
    sheet.line(f"{collector.name.zh} · 电话 {collector.phone}", 105, 270, 182, 5, _INK)
    sheet.line(
        f"Collected for epidemic control by {collector.name.en}, phone {collector.phone}", 105, 277, 182, 4.2, _GREY
    )
    inspectors = f"{code.checkpoint} · {code.tag[:SHORT_TAG]} · 张贴码 poster {code.version} · 密钥 key {code.key}"
    sheet.line(inspectors, 105, 286, 182, 4.4, _GREY)


class _Sheet:
    """The page, in millimetres from its upper left corner."""

    def __init__(self, image: Image, pen: ImageDraw) -> None:
        self.image = image
        self.pen = pen

    def box(self, left: float, top: float, right: float, bottom: float, ink: str, round_by: float = 0) -> None:
        corners = (_dots(left), _dots(top), _dots(right), _dots(bottom))
        self.pen.rounded_rectangle(corners, radius=_dots(round_by), fill=ink)

    def line(
        self, text: str, middle: float, top: float, width: float, height: float, ink: str, *, bold: bool = False
    ) -> None:
        """One line, centred on `middle`, its characters `height` high or as much smaller as `width` asks. Raises
        PosterUndrawable when that would be less than half, or a character is missing from the type."""
        missing = sorted(set(_missing(text)))
        if missing:
            raise PosterUndrawable(f"{text!r}: the type lacks {', '.join(missing)}; write it another way")
        dots = _dots(height)
        room = _dots(width)
        while (needs := _type(dots).getlength(text)) > room and dots > _dots(height) // 2:
            dots = max(_dots(height) // 2, min(dots - 1, int(dots * room / needs)))
        if needs > room:
            raise PosterUndrawable(f"{text!r} is too long for its line")
        # The type comes in one weight: bold is drawn with a rim.
        self.pen.text(
            (_dots(middle), _dots(top + height / 2)), text, fill=ink, font=_type(dots), anchor="mm",
            stroke_width=max(1, dots // 40) if bold else 0, stroke_fill=ink,
        )  # fmt: skip


def _missing(text: str) -> Iterator[str]:
    """The characters of `text` that the type would draw as its empty box."""
    box = bytes(_type(32).getmask("\U0010ffff"))
    for letter in text:
        if not letter.isspace() and bytes(_type(32).getmask(letter)) == box:
            yield f"{letter} (U+{ord(letter):04X})"


@cache
def _type(dots: int) -> FreeTypeFont:
    """Noto Sans SC (SIL Open Font License), from the package that carries it, not from the operating system."""
    from PIL import ImageFont
    from pylopdf_fonts_zh_cn import sans_path

    return ImageFont.truetype(sans_path(), dots)


@cache
def _palette() -> Image:
    """An image with the sheet's colours: every ink on its grounds, in sixteen steps from one to the other."""
    from PIL import Image, ImageColor

    colours = [0, 0, 0]
    for ground in (_PAPER, _TINT):
        for ink in (_INK, _BLUE, _GREY):
            for step in range(16):
                pairs = zip(ImageColor.getrgb(ink), ImageColor.getrgb(ground), strict=True)
                colours += [(dark * (15 - step) + light * step) // 15 for dark, light in pairs]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    return palette


def _dots(millimetres: float) -> int:
    return round(millimetres * DPI / 25.4)
