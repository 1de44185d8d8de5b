"""A poster is read by a decoder that did not draw it, or it is not made at all."""

from __future__ import annotations

import io

import msgspec
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from chalicelib.checkpoint import code, poster
from chalicelib.settings import Settings, first_settings

KEYS = {"A": b"k" * 64}
SHORT = first_settings("kakou-test", "https://kakou.haicheng.gov.cn", "2020-02-10T07:00:00.000Z")
LONG = first_settings(
    "kakou-test", "http://127.0.0.1:4566/_aws/execute-api/kakou-public/v1", "2020-02-10T07:00:00.000Z"
)


def drawn(settings: Settings, checkpoint: str = "101") -> tuple[bytes, str]:
    its_code = code.issue(settings, KEYS, checkpoint)
    address = code.address(settings.public_url, its_code)
    place = settings.checkpoint(checkpoint)
    assert place is not None
    return poster.draw(place, its_code, address, settings.collector), address


def decoded(image: Image.Image) -> list[str]:
    return [each.text for each in zxingcpp.read_barcodes(image.convert("L"))]


@pytest.mark.parametrize("settings", [SHORT, LONG], ids=["short base", "local base"])
def test_a_poster_is_an_a4_sheet_that_reads_as_its_address(settings: Settings) -> None:
    png, address = drawn(settings)
    image = Image.open(io.BytesIO(png))
    assert image.size == (2480, 3508)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert decoded(image) == [address]


@pytest.mark.parametrize("settings", [SHORT, LONG], ids=["short base", "local base"])
def test_it_reads_when_small_blurred_turned_grey_and_partly_covered(settings: Settings) -> None:
    png, address = drawn(settings)
    image = Image.open(io.BytesIO(png)).convert("RGB")
    small = image.resize((827, 1169))
    covered = image.copy()
    ImageDraw.Draw(covered).rectangle((1100, 1700, 1400, 2000), fill="#888888")
    for name, worn in {
        "a third": small,
        "blurred": small.filter(ImageFilter.GaussianBlur(2)),
        "turned": small.rotate(10, fillcolor="white"),
        "faded": small.convert("L").point(lambda level: 90 + level // 3),
        "covered": covered,
    }.items():
        assert decoded(worn) == [address], name


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert drawn(SHORT)[0] == drawn(SHORT)[0]


def test_a_short_base_gives_a_version_4_code() -> None:
    """Version 4 has 33 modules (ISO/IEC 18004), level Q holds 67 characters of alphanumeric mode in it."""
    import qrcode

    base = "https://kakou.haicheng.gov.com"
    assert len(base) == 30
    settings = msgspec.structs.replace(SHORT, public_url=base)
    drawing = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_Q)
    drawing.add_data(code.address(base, code.issue(settings, KEYS, "101")), optimize=0)
    drawing.make(fit=True)
    assert drawing.version == 4


def test_a_code_that_does_not_read_as_meant_is_refused() -> None:
    png, address = drawn(SHORT)
    with pytest.raises(poster.PosterUnreadable, match="must hold"):
        poster.check(png, address + "X")
    image = Image.open(io.BytesIO(png)).convert("RGB")
    ImageDraw.Draw(image).rectangle((600, 1200, 1900, 1900), fill="white")
    spoilt = io.BytesIO()
    image.save(spoilt, "PNG")
    with pytest.raises(poster.PosterUnreadable, match="reads nothing"):
        poster.check(spoilt.getvalue(), address)


def test_no_poster_leaves_without_being_read() -> None:
    """An empty code can be drawn, and no decoder gives it back."""
    with pytest.raises(poster.PosterUnreadable, match="reads nothing"):
        poster.draw(SHORT.checkpoints[0], code.issue(SHORT, KEYS, "101"), "", SHORT.collector)


@pytest.mark.parametrize(
    ("name", "said"), [("\U0003134f卡口", "U\\+3134F"), ("\u0f40卡口", "U\\+0F40"), ("海" * 300, "too long")]
)
def test_what_the_type_cannot_draw_is_refused_by_name_never_boxed_or_cut(name: str, said: str) -> None:
    place = SHORT.checkpoint("101")
    assert place is not None
    its_code = code.issue(SHORT, KEYS, "101")
    with pytest.raises(poster.PosterUndrawable, match=said):
        poster.draw(msgspec.structs.replace(place, name_zh=name), its_code, "https://a/C/1", SHORT.collector)


def test_every_name_of_the_register_and_the_longest_allowed_can_be_drawn() -> None:
    long = msgspec.structs.replace(SHORT.checkpoints[0], name_zh="海" * 26, name_en="W" * 40)
    its_code = code.issue(SHORT, KEYS, "101")
    assert poster.draw(long, its_code, code.address(SHORT.public_url, its_code), SHORT.collector)
    for each in SHORT.checkpoints:
        assert not list(poster._missing(each.name_zh + each.name_en))
