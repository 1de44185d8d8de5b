"""The poster: read by a decoder that did not draw it, or not made; never clipped, never boxed, always the same."""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.etree import ElementTree

import msgspec
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from chalicelib.checkpoint import code, poster, register
from chalicelib.checkpoint.poster import matrix, reading
from chalicelib.checkpoint.poster.page import HEIGHT, WIDTH, Line, Page, Symbol, line
from chalicelib.checkpoint.poster.type import face
from chalicelib.settings import Bilingual, Settings, first_settings

KEYS = {"A": b"k" * 64}
SHORT = first_settings("kakou-test", "https://kakou.haicheng.gov.cn", "2020-02-10T07:00:00.000Z")
LONG = first_settings(
    "kakou-test", "http://127.0.0.1:4566/_aws/execute-api/kakou-public/v1", "2020-02-10T07:00:00.000Z"
)
BASES = pytest.mark.parametrize("given_settings", [SHORT, LONG], ids=["short base", "local base"])


def sheet(given_settings: Settings = SHORT, checkpoint: str = "101", **changes: object) -> poster.Sheet:
    its_code = code.issue(given_settings, KEYS, checkpoint)
    place = given_settings.checkpoint(checkpoint)
    assert place is not None
    names = {name: changes.pop(name) for name in ("name_zh", "name_en") if name in changes}
    made = poster.Sheet(
        checkpoint=msgspec.structs.replace(place, **names), code=its_code,
        address=code.address(given_settings.public_url, its_code), collector=given_settings.collector, settings=3,
        date="2020-02-10",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def seen(content: bytes, form: str = "pdf", dpi: int = 150) -> Image.Image:
    (image,) = reading.render(content, form, dpi)
    return image


def code_box(dpi: int) -> tuple[int, int, int, int]:
    """Where the code is on a rendered A4 page."""
    (symbol,) = (item for item in poster.lay_out(sheet()).items if isinstance(item, Symbol))
    left, top, right, low = symbol.left, symbol.top, symbol.left + symbol.side, symbol.top + symbol.side
    return tuple(round(each * dpi / 25.4) for each in (left, top, right, low))  # type: ignore[return-value]


@BASES
@pytest.mark.parametrize("form", poster.FORMATS)
def test_each_format_reads_as_its_address(given_settings: Settings, form: str) -> None:
    its = sheet(given_settings)
    content = poster.draw(its, form)
    for dpi in (100, 150, 300) if form != "png" else (300,):
        assert reading.codes(seen(content, form, dpi)) == [its.address], dpi


@pytest.mark.parametrize(("size", "dots"), poster.SIZES.items())
def test_a_sheet_has_its_papers_size_at_print_quality(size: str, dots: tuple[int, int]) -> None:
    png = Image.open(io.BytesIO(poster.draw(sheet(), "png", size)))
    assert png.size == dots
    assert png.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    document = pypdfium2.PdfDocument(poster.draw(sheet(), "pdf", size))
    paper = {"a3": (297, 420), "a4": (210, 297), "a5": (148, 210)}[size]
    assert [points * 25.4 / 72 for points in document[0].get_size()] == pytest.approx(paper, abs=0.05)
    root = ElementTree.fromstring(poster.draw(sheet(), "svg", size))
    assert [float(root.attrib[each].removesuffix("mm")) for each in ("width", "height")] == pytest.approx(
        paper, abs=0.05
    )


@pytest.mark.parametrize("dpi", [100, 150, 300])
@BASES
def test_it_is_read_small_turned_blurred_grey_and_partly_covered(given_settings: Settings, dpi: int) -> None:
    """Fifteen hundredths of the code's square are covered in turn in its middle, beside a corner without a mark to
    find it by, and along its right edge."""
    its = sheet(given_settings)
    image = seen(poster.draw(its), dpi=dpi)
    assert reading.codes(image) == [its.address]
    for name, worn in harmed(image, dpi):
        assert reading.codes(worn) == [its.address], name


def harmed(image: Image.Image, dpi: int) -> Iterator[tuple[str, Image.Image]]:
    left, top, right, _ = code_box(dpi)
    side = right - left
    yield "a third", image.resize((image.width // 3, image.height // 3), Image.Resampling.LANCZOS)
    yield "turned", image.rotate(10, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    yield "blurred", image.filter(ImageFilter.GaussianBlur(dpi / 100))
    yield "grey", image.convert("L").point(lambda level: 90 + level // 3)
    part = round(side * 0.15**0.5)  # of a square, 15 % of the code
    beside = (side - part) // 2
    for where, x, y, wide, high in (
        ("middle", beside, beside, part, part),
        ("corner", side - part, side - part, part, part),
        ("edge", side - round(side * 0.225), side // 3, round(side * 0.225), side * 2 // 3),
    ):
        covered = image.copy()
        ImageDraw.Draw(covered).rectangle((left + x, top + y, left + x + wide, top + y + high), fill="#999999")
        yield f"{where} covered", covered


@BASES
def test_the_quiet_zone_is_white_and_four_modules_wide(given_settings: Settings) -> None:
    its = sheet(given_settings)
    image = seen(poster.draw(its), dpi=300).convert("L")
    left, top = 165, 1193  # the whole dots nearest to 14 and 101 mm
    modules = len(matrix.matrix(its.address))
    module = round(1181 / modules)  # of 100 mm
    quiet = 4 * module
    around = image.crop((left - quiet, top - quiet, left + module * modules + quiet, top + module * modules + quiet))
    ImageDraw.Draw(around).rectangle((quiet, quiet, around.width - quiet - 1, around.height - quiet - 1), fill=255)
    assert min(around.tobytes()) >= 250, "but for the shadow of an edge a hundredth of a dot off"


def test_the_level_is_h_and_a_short_base_gives_version_6() -> None:
    """Version 6 has 41 modules; the format information beside the first mark says the level (ISO/IEC 18004, 7.9)."""
    base = "https://kakou.haicheng.gov.com"
    assert len(base) == 30
    modules = matrix.matrix(code.address(base, code.issue(SHORT, KEYS, "101")))
    assert len(modules) == 41
    assert (modules[8][0] << 1 | modules[8][1]) ^ 0b10 == 0b10, "L is 01, M 00, Q 11, H 10; masked with 10"


@pytest.mark.parametrize("address", [sheet(SHORT).address, sheet(LONG).address])
def test_the_outlines_are_the_matrix(address: str) -> None:
    """Every module's middle is inside by the non-zero rule if it is dark, and outside if it is light."""
    modules = matrix.matrix(address)
    crossed: dict[int, list[tuple[int, int]]] = {y: [] for y in range(len(modules))}
    for ring in matrix.contours(modules):
        for (x0, y0), (x1, y1) in zip(ring, (*ring[1:], ring[0]), strict=True):
            assert x0 == x1 or y0 == y1
            for y in range(min(y0, y1), max(y0, y1)):
                crossed[y].append((x0, 1 if y1 > y0 else -1))
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            winding = sum(way for at, way in crossed[y] if at > x)
            assert winding == (1 if dark else 0), (x, y)


@pytest.mark.parametrize("form", poster.FORMATS)
def test_the_same_arguments_give_the_same_bytes_whatever_was_drawn_before(form: str) -> None:
    first = poster.draw(sheet(), form)
    poster.draw(sheet(name_zh="龘靐齉爩鱻麤", name_en="Others' Letters (qzxj)"), form)
    assert poster.draw(sheet(), form) == first
    assert poster.draw(sheet(copies=2), form) != first


def test_the_pdf_embeds_its_type_and_says_all_it_should() -> None:
    content = poster.draw(sheet(copy=2, copies=3))
    document = pypdfium2.PdfDocument(content)
    said = document[0].get_textpage().get_text_range().replace("\r\n", "")
    for text in (
        "扫码登记", "Scan to register", "沈海高速海城出口", "Haicheng Exit, Shenhai Expressway", "101",
        "1", "扫码", "2", "填写", "3", "出示", "为疫情防控", "in an epidemic",
        SHORT.collector.name.zh, SHORT.collector.name.en.partition(" and")[0], SHORT.collector.phone,
        "https://kakou.haicheng.gov.cn", poster.short(sheet().code), "Poster 1", "Key A", "Settings 3", "2020-02-10",
        "第 2 张，共 3 张", "2/3", "Operator", "姓名 Name", "电话 Phone", "Local notice",
    ):  # fmt: skip
        assert text in said, text
    assert poster.short(sheet().code) == f"101-{sheet().code.tag[:8]}"
    fonts = content.count(b"/FontDescriptor ")
    assert fonts == content.count(b"/FontFile2 ") >= 2
    assert b"+NotoSansCJKsc-Bold" in content
    assert b"Helvetica" not in content.replace(
        b"/BaseFont /Helvetica", b"", 1
    )  # which reportlab names, and nothing uses
    assert len(content) < 100_000


def test_one_file_is_the_posters_page_by_page_and_small() -> None:
    sheets = [sheet(checkpoint=each.id) for each in SHORT.checkpoints[:5]]
    drawn = io.BytesIO()
    told: list[None] = []
    poster.bind(sheets, drawn, drawn=lambda: told.append(None))
    assert len(told) == len(sheets)
    poster.check(drawn.getvalue(), "pdf", [[each.address] for each in sheets])
    for its, page in zip(sheets, reading.render(drawn.getvalue(), "pdf", 50), strict=True):
        assert page.tobytes() == seen(poster.draw(its), dpi=50).tobytes()
    assert len(drawn.getvalue()) < 6_000 * len(sheets) + 60_000


def test_the_inspection_list_has_every_code_once_and_its_text() -> None:
    sheets = [sheet(checkpoint=each.id, copy=copy, copies=3) for each in SHORT.checkpoints for copy in (1, 2, 3)]
    content = poster.inspection_list(sheets)
    found = [text for page in reading.render(content, "pdf") for text in reading.codes(page)]
    assert sorted(found) == sorted({each.address for each in sheets})
    document = pypdfium2.PdfDocument(content)
    said = "".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "")
    for each in sheets:
        for text in (each.checkpoint.name_zh, each.checkpoint.name_en, poster.short(each.code), each.address, "3/3"):
            assert text in said


def test_a_code_that_does_not_read_as_meant_is_refused() -> None:
    content = poster.draw(sheet())
    with pytest.raises(poster.PosterUnreadable, match="must hold"):
        poster.check(content, "pdf", [[sheet().address + "X"]])
    with pytest.raises(poster.PosterUnreadable, match="must hold"):
        poster.check(content, "pdf", [[sheet().address, sheet(checkpoint="102").address]])
    image = Image.open(io.BytesIO(poster.draw(sheet(), "png"))).convert("RGB")
    ImageDraw.Draw(image).rectangle((200, 1300, 1300, 2300), fill="white")
    spoilt = io.BytesIO()
    image.save(spoilt, "PNG")
    with pytest.raises(poster.PosterUnreadable, match="reads nothing"):
        poster.check(spoilt.getvalue(), "png", [[sheet().address]])
    with pytest.raises(ValueError, match="zip"):
        poster.check(content, "pdf", [[sheet().address], [sheet().address]])  # a page is missing


@pytest.mark.parametrize("form", poster.FORMATS)
def test_no_poster_leaves_without_being_read(form: str) -> None:
    """An empty code can be drawn, and no decoder gives it back."""
    with pytest.raises(poster.PosterUnreadable, match="reads nothing"):
        poster.draw(sheet(address=""), form)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("\U0003134f卡口", r"lacks U\+3134F"),
        ("卡口\u202e出海", r"U\+202E RIGHT-TO-LEFT OVERRIDE"),
        ("卡口\u0639", r"U\+0639 ARABIC"),
        ("卡口\u0301", r"U\+0301 COMBINING"),
        ("卡口\n出口", r"U\+000A"),
        ("卡口\ud800", r"U\+D800"),
        ("海" * 200, "海海…' is too long"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(name: str, said: str) -> None:
    with pytest.raises(poster.PosterUndrawable, match=said) as refused:
        poster.lay_out(sheet(name_zh=name))
    assert str(refused.value).isprintable(), "nothing in the message turns the line round"


def test_a_200_letter_english_name_is_refused_by_name() -> None:
    with pytest.raises(poster.PosterUndrawable, match="WWW…' is too long"):
        poster.lay_out(sheet(name_en="W" * 200))


def test_a_line_shrinks_by_half_and_no_further() -> None:
    assert line("卡" * 10, 0, 0, 2, width=10).size == 1
    with pytest.raises(poster.PosterUndrawable, match="too long"):
        line("卡" * 11, 0, 0, 2, width=10)


def test_rare_characters_are_drawn() -> None:
    """U+20BB7 and U+28B4E lie beyond the Basic Multilingual Plane."""
    drawn = seen(poster.draw(sheet(name_zh="𠮷𨭎龘卡口")))
    assert drawn.tobytes() != seen(poster.draw(sheet(name_zh="𠮷𨭎靐卡口"))).tobytes()
    assert drawn.tobytes() != seen(poster.draw(sheet(name_zh="𠀋𨭎龘卡口"))).tobytes()


@pytest.mark.parametrize("hostile", ["<svg onload=alert(1)>", "]]></title><script>", '"/><use href="//x"/>', "(\\)Tj"])
def test_hostile_names_are_letters_in_every_format(hostile: str) -> None:
    its = sheet(name_zh=hostile, name_en=hostile)
    root = ElementTree.fromstring(poster.draw(its, "svg"))
    tags = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert tags == {"svg", "title", "desc", "defs", "path", "rect", "g", "use"}
    assert not {name for each in root.iter() for name in each.attrib if name.startswith("on")}
    assert {
        each.attrib["{http://www.w3.org/1999/xlink}href"][0] for each in root.iter() if each.tag.endswith("use")
    } == {"#"}
    said = pypdfium2.PdfDocument(poster.draw(its))[0].get_textpage().get_text_range()
    assert said.replace("\r\n", "").count(hostile.replace(" ", " ")) == 2


LETTERS = st.sampled_from("海城高速公路出口卡·（）()—-、 A1W龘𠮷")


@settings(max_examples=60, deadline=None)
@given(
    st.text(LETTERS, min_size=1, max_size=register.LONGEST_NAME).filter(str.strip),
    st.text(st.sampled_from("abW .,'()/-09"), min_size=1, max_size=register.LONGEST_NAME).filter(str.strip),
)
def test_a_name_that_the_register_takes_never_leaves_its_place(zh: str, en: str) -> None:
    """Every letter of it is on the sheet, inside the margins, above what follows."""
    try:
        page = poster.lay_out(sheet(name_zh=zh, name_en=en))
    except poster.PosterUndrawable as refused:
        assert "too long" in str(refused)
        assert " " not in en.strip() or " " not in zh.strip()
        return
    inside(page)
    lines = [item for item in page.items if isinstance(item, Line)]
    for name, top, low in ((zh, 59, 80), (en, 80.6, 88.6)):
        its = [each for each in lines if top < each.y <= low]
        assert "".join("".join(each.text for each in its).split()) == "".join(name.split())
        assert all(each.y - 0.88 * each.size >= top - 1e-6 for each in its)


@pytest.mark.parametrize("zh", ["海" * 40, "（海）" * 13 + "海", "沈海高速海城出口"])
@pytest.mark.parametrize("en", ["W" * 40, "Wide Word " * 4, "(" * 40])
def test_the_longest_names_that_the_register_takes_fit(zh: str, en: str) -> None:
    inside(poster.lay_out(sheet(name_zh=zh.strip(), name_en=en.strip())))


def inside(page: Page) -> None:
    for item in page.all():
        if isinstance(item, Line):
            right = item.x + face(bold=item.bold).width(item.text) * item.size
            assert item.x >= 12
            assert right <= WIDTH - 13.9, item
            assert item.y + 0.12 * item.size <= HEIGHT - 4


def test_a_long_name_shrinks_then_wraps_without_a_lonely_letter() -> None:
    def lines(name: str) -> list[Line]:
        page = poster.lay_out(sheet(name_zh=name))
        return [each for each in page.items if isinstance(each, Line) and each.text and each.text in name]

    (full,) = lines("沈海高速海城")
    (shrunk,) = lines("沈海高速海城南大街出口处")
    assert shrunk.size < full.size
    wrapped = lines("沈海高速海城南大街与中街路交叉口西侧临时出口处")
    assert len(wrapped) == 2
    assert abs(len(wrapped[0].text) - len(wrapped[1].text)) <= 1


def test_a_collector_and_a_base_as_long_as_the_settings_take_fit() -> None:
    base = "https://" + "a" * 60 + ".example" + "/path" * 24
    long = msgspec.structs.replace(
        SHORT, public_url=base, collector=msgspec.structs.replace(
            SHORT.collector, name=Bilingual("疫" * 60, "Commission of " * 5 + "Disease"), phone="0412-1234567890123"
        )
    )  # fmt: skip
    its = sheet(long)
    inside(poster.lay_out(its))
    assert reading.codes(seen(poster.draw(its))) == [its.address]
    assert poster.inspection_list([its])
