"""1,000 posters: processor time each beside the bare QR matrix and the bare PDF page, the sizes, and the memory."""

from __future__ import annotations

import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from chalicelib.checkpoint import poster
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import Poster, Settings, first_settings
from scripts.benches import Figure
from scripts.posters import print_posters, sheets

POSTERS = 1000
KEYS = {"A": b"bench" * 8}


def measure(count: int | None = None) -> list[Figure]:
    """The figures of `count` posters; they are drawn into a folder that is gone afterwards."""
    count = count or POSTERS
    settings = city(count)
    sheets(city(1), KEYS)  # the type is loaded once
    began = time.process_time()
    wanted = sheets(settings, KEYS)
    laid_out = time.process_time() - began
    first = wanted[0]
    figures = [
        Figure("QR matrix by qrcode, per poster", 1000 * timed(lambda: qr(first.address), 20), "ms", bare=True),
        Figure("empty A4 page by reportlab, per document", 1000 * timed(empty_page, 20), "ms", bare=True),
        Figure("layout and check of the texts, per poster", 1000 * laid_out / count, "ms"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        print_posters(wanted[:10], out)
        few = timed(lambda: print_posters(wanted[:100], out), 1)
        after_few = peak()
        figures.append(Figure("one PDF each, decoded again, per poster", 1000 * few / len(wanted[:100]), "ms"))
        whole = timed(lambda: print_posters(wanted, out, one_file=True), 1)
        bound = timed(lambda: poster.bind(wanted, io.BytesIO()), 1)
        after_all = peak()
        (one_file,) = out.glob("posters-*.pdf")
        single = next(out.glob("checkpoint-*.pdf"))
        figures += [
            Figure(f"{count} in one PDF, of it the drawing, per poster", 1000 * bound / count, "ms"),
            Figure(f"{count} in one PDF, decoded again, per poster", 1000 * whole / count, "ms"),
            Figure(f"{count} in one PDF, decoded again", whole, "s"),
            Figure("one poster's PDF", single.stat().st_size / 1024, "KiB"),
            Figure(f"the PDF of {count}", one_file.stat().st_size / 1024, "KiB"),
        ]
        one_file.unlink()
        files = timed(lambda: print_posters(wanted, out), 1)
        figures += [
            Figure(f"{count} PDFs, decoded again", files, "s"),
            Figure("peak memory after 100 PDFs", after_few, "MiB"),
            Figure(f"peak memory after {count} in one PDF", after_all, "MiB"),
            Figure(f"peak memory after {count} PDFs more", peak(), "MiB"),
        ]
    return figures


def city(count: int) -> Settings:
    """Settings with `count` checkpoints, made up."""
    settings = first_settings("kakou-bench", "https://kakou.haicheng.gov.cn", "2020-02-10T07:00:00.000Z")
    parts = ("沈海高速", "丹锡高速", "国道", "省道", "城西", "牛庄", "感王", "腾鳌", "析木", "温香")
    places = tuple(
        Checkpoint(str(1000 + at), f"{parts[at % 10]}{at}号卡口", f"Lane {at}, made up", "road", "210381003", True)
        for at in range(count)
    )
    return structs.replace(settings, checkpoints=places, posters=tuple(Poster(each.id, 1, "active") for each in places))


def timed(work: Callable[[], object], times: int) -> float:
    """Seconds of processor time that one of `times` takes: others may be at work on this machine."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def qr(address: str) -> None:
    import qrcode

    symbol = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_Q)
    symbol.add_data(address, optimize=0)
    symbol.make(fit=True)
    symbol.get_matrix()


def empty_page() -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(io.BytesIO(), pagesize=(595.2, 841.92), invariant=True)
    canvas.showPage()
    canvas.save()


def peak() -> float:
    """Of this process so far, MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024 * 1024 if sys.platform == "darwin" else 1024)
