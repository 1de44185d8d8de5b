"""Posters: processor time each beside the bare QR matrix and the bare PDF page that the libraries make; 1,000 in one
PDF, its size, and the memory."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import structs

from chalicelib.checkpoint import poster
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import Poster, Settings, first_settings
from scripts.benches import Figure, beside, interleaved, of, times
from scripts.posters import print_posters, sheets

POSTERS = 1000
TURNS = 5
BATCH = 40
"""Posters of a turn."""
KEYS = {"A": b"bench" * 8}


def measure(count: int | None = None) -> list[Figure]:
    """The figures; `count` posters in the one PDF. All is drawn into a folder that is gone afterwards."""
    count = count or POSTERS
    batch = min(BATCH, count)
    some = city(batch)
    sheets(city(1), KEYS)  # the type is loaded once
    drawn = sheets(some, KEYS)
    bare = "qrcode's matrix and reportlab's empty A4 page"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        works = {
            bare: times(lambda: bare_poster(drawn[0].address), batch),
            "laid out": times(lambda: sheets(some, KEYS), 1),
            "drawn": times(lambda: poster.bind(drawn, io.BytesIO()), 1),
            "one PDF": times(lambda: print_posters(drawn, out, one_file=True), 1),
            "a PDF each": times(lambda: print_posters(drawn, out), 1),
        }
        for work in works.values():
            work()
        ran = interleaved(TURNS, works)
        ms = {name: [1000 * each / (1 if name == bare else batch) for each in runs] for name, runs in ran.items()}
        single = next(out.glob("checkpoint-*.pdf")).stat().st_size
    few, many = (
        json.loads(
            subprocess.run(
                [sys.executable, "-m", "scripts.benches.posters", str(number)],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for number in (batch, count)
    )
    little = f"peak memory of a process with {batch} in one PDF"
    return [
        of(f"{bare}, per poster", ms[bare], "ms", bare=True),
        beside("layout and check of the texts, per poster", ms["laid out"], "ms", bare, ms[bare]),
        beside("drawn into one PDF, per poster", ms["drawn"], "ms", bare, ms[bare]),
        beside("drawn into one PDF and read again by another decoder, per poster", ms["one PDF"], "ms", bare, ms[bare]),
        beside("the same, a PDF each, per poster", ms["a PDF each"], "ms", bare, ms[bare]),
        Figure(f"{count:,} in one PDF, read again", many["seconds"], "s"),
        Figure("one poster's PDF", single / 1024, "KiB"),
        Figure(
            f"the PDF of {count:,}, per poster", many["size"] / 1024 / count, "KiB", beside="one poster's PDF",
            ratio=many["size"] / single / count,
        ),
        Figure(little, few["peak"], "MiB", bare=True),
        Figure(
            f"peak memory of a process with {count:,} in one PDF", many["peak"], "MiB", beside=little,
            ratio=many["peak"] / few["peak"],
        ),
    ]  # fmt: skip


def city(count: int) -> Settings:
    """Settings with `count` checkpoints, made up."""
    settings = first_settings("kakou-bench", "https://kakou.haicheng.gov.cn", "2020-02-10T07:00:00.000Z")
    parts = ("沈海高速", "丹锡高速", "国道", "省道", "城西", "牛庄", "感王", "腾鳌", "析木", "温香")
    places = tuple(
        Checkpoint(str(1000 + at), f"{parts[at % 10]}{at}号卡口", f"Lane {at}, made up", "road", "210381003", True)
        for at in range(count)
    )
    return structs.replace(settings, checkpoints=places, posters=tuple(Poster(each.id, 1, "active") for each in places))


def bare_poster(address: str) -> None:
    """What the libraries do for a poster, and nothing else: the matrix, and a page with nothing on it."""
    import qrcode
    from reportlab.pdfgen.canvas import Canvas

    symbol = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_H, border=0)
    symbol.add_data(address, optimize=0)
    symbol.make(fit=True)
    symbol.get_matrix()
    canvas = Canvas(io.BytesIO(), pagesize=(595.2, 841.92), invariant=True)
    canvas.showPage()
    canvas.save()


def _alone(count: int) -> None:
    """Draws `count` posters into one PDF and prints what it took: another process would tell its own memory too."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = sheets(city(count), KEYS)
        began = time.process_time()
        print_posters(wanted, Path(folder), one_file=True)
        seconds = time.process_time() - began
        (one_file,) = Path(folder).glob("posters-*.pdf")
        size = one_file.stat().st_size
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told_of = Path("/proc/self/status")
    if told_of.exists():  # getrusage would tell of the process that started this one
        used = int(dict(line.split(":", 1) for line in told_of.read_text().splitlines())["VmHWM"].split()[0])
    print(json.dumps({"seconds": seconds, "size": size, "peak": used / 1024}))


if __name__ == "__main__":
    _alone(int(sys.argv[1]))
