"""The receipt's QR code: module by module what another encoder makes, and what a decoder reads."""

from __future__ import annotations

import io
import random

import pytest
import qrcode
import zxingcpp
from PIL import Image
from qrcode.util import MODE_ALPHA_NUM, QRData

from chalicelib.web import qr

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def text(length: int) -> str:
    return "".join(random.Random(length).choices(LETTERS, k=length))


@pytest.mark.parametrize("version", range(1, 21))
def test_every_size_is_what_another_encoder_makes(version: int) -> None:
    most = qr._rooms()[version - 1]
    least = qr._rooms()[version - 2] + 1 if version > 1 else 1
    for length in {least, (least + most) // 2, most - 1, most}:
        theirs = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=0)
        theirs.add_data(QRData(text(length), mode=MODE_ALPHA_NUM))
        theirs.make(fit=True)
        assert theirs.version == version
        assert qr.matrix(text(length)) == [[bool(module) for module in row] for row in theirs.get_matrix()]


@pytest.mark.parametrize("length", [1, 20, 233, 234, 262, 263, 400, 970])
def test_a_decoder_reads_the_picture(length: int) -> None:
    with Image.open(io.BytesIO(qr.png(text(length)))) as picture:
        assert picture.mode == "1"
        assert picture.size == (picture.width,) * 2
        (read,) = zxingcpp.read_barcodes(picture.resize((picture.width * 3,) * 2).convert("L"))
    assert read.text == text(length)


def test_a_third_of_a_block_may_be_gone() -> None:
    """The correcting words correct: a square of the symbol is covered."""
    with Image.open(io.BytesIO(qr.png(text(240)))) as picture:
        grey = picture.convert("L")
    grey.paste(255, (20, 20, 32, 32))
    (read,) = zxingcpp.read_barcodes(grey.resize((grey.width * 4,) * 2))
    assert read.text == text(240)


@pytest.mark.parametrize("unsayable", ["kr1-A", "一", "A" * 971, "A\n"])
def test_what_it_cannot_say_it_refuses(unsayable: str) -> None:
    with pytest.raises(ValueError, match=r"alphabet|too long"):
        qr.png(unsayable)
