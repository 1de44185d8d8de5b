"""What was drawn, seen as its reader sees it: rendered, and its codes decoded by a library that did not make them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.checkpoint.poster.page import DPI

if TYPE_CHECKING:
    from PIL.Image import Image


class PosterUnreadable(RuntimeError):
    """The drawn code does not decode to the address it was made from."""


def render(content: bytes | Path, form: str, dpi: int = DPI, *, grey: bool = False) -> Iterator[Image]:
    """The pages of a PDF, or the one image of a PNG or SVG, at `dpi`. A PDF may be a file, which is not read whole."""
    from PIL import Image

    if form == "pdf":
        import pypdfium2

        with pypdfium2.PdfDocument(content) as document:
            for at in range(len(document)):
                page = document[at]
                wide = round(page.get_width() * dpi / 72)
                # A hundredth of a dot less, or rounding up adds a dot that the page does not have.
                bitmap = page.render(scale=(wide - 0.01) / page.get_width(), grayscale=grey)
                image = bitmap.to_pil().copy()
                bitmap.close()
                page.close()
                yield image
        return
    raw = content.read_bytes() if isinstance(content, Path) else content
    if form == "svg":
        import resvg_py

        raw = bytes(resvg_py.svg_to_bytes(svg_string=raw.decode(), skip_system_fonts=True, dpi=float(dpi)))
    with Image.open(io.BytesIO(raw)) as image:
        yield image.convert("L" if grey else "RGB")


def codes(image: Image) -> list[str]:
    """What the codes in an image say, in order."""
    import zxingcpp

    found = zxingcpp.read_barcodes(image.convert("L"), formats=zxingcpp.barcode_formats_from_str("QRCode"))
    return sorted(each.text for each in found)


def check(content: bytes | Path, form: str, addresses: Sequence[Sequence[str]], dpi: int = DPI // 2) -> None:
    """Raises PosterUnreadable unless each page holds the codes of its addresses, all of them and no other."""
    for number, (image, wanted) in enumerate(zip(render(content, form, dpi, grey=True), addresses, strict=True), 1):
        found = codes(image)
        if found != sorted(wanted):
            missing = [each for each in wanted if each not in found]
            raise PosterUnreadable(
                f"page {number}: the printed code must hold {', '.join(missing or wanted)}, a decoder reads "
                f"{', '.join(found) or 'nothing'}"
            )


def png(content: bytes) -> bytes:
    """The one page of a PDF as an image at `DPI`."""
    from PIL import Image

    (image,) = render(content, "pdf")
    # Few inks and their soft edges: a palette is a third of the size of full colour.
    drawn = io.BytesIO()
    image.convert("RGB").quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        drawn, "PNG", dpi=(DPI, DPI), optimize=False
    )
    return drawn.getvalue()
