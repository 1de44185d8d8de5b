"""Posters into a folder: what `scripts/print_posters` and `scripts/run` share."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import IO

from chalicelib.checkpoint import poster
from chalicelib.checkpoint.poster import Sheet
from chalicelib.checkpoint.register import Checkpoint, load
from chalicelib.checkpoint.sheets import MOST_COPIES, NotPrinted, name, sheets

__all__ = ["MOST_COPIES", "NotPrinted", "print_posters", "read_register", "sheets", "whole", "write"]


def read_register(file: Path) -> tuple[Checkpoint, ...]:
    """The register in a CSV. Raises NotPrinted, RegisterInvalid with every row and column that is wrong, OSError."""
    try:
        return load(file.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise NotPrinted(f"{file}, row {row}: not UTF-8; save it as CSV UTF-8") from error


def print_posters(
    wanted: Sequence[Sheet],
    out: Path,
    done: Callable[[], object] = lambda: None,
    *,
    forms: Collection[str] = ("pdf",),
    size: str = "a4",
    one_file: bool = False,
    inspection_list: bool = False,
) -> list[Path]:
    """Draws `wanted` into the folder `out` and returns the files; `done` is told of each poster in each format.

    A file is there whole, its codes decoded again, or not at all: as it was before, or missing. Raises OSError when the
    folder cannot be written, and what `poster.draw` raises.
    """
    out.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for form in forms:
        if one_file and form == "pdf":
            files.append(out / f"posters-{size}.pdf")
            with whole(files[-1]) as half:
                poster.bind(wanted, half, size, done)
                half.flush()
                poster.check(Path(half.name), form, [[sheet.address] for sheet in wanted])
            continue
        for sheet in wanted:
            files.append(out / f"{name(sheet)}-{size}.{form}")
            write(files[-1], poster.draw(sheet, form, size))
            done()
    if inspection_list:
        files.append(out / "inspection-list.pdf")
        write(files[-1], poster.inspection_list(wanted))
    return files


def write(file: Path, content: bytes) -> None:
    """Puts `content` into `file` at once: whoever looks sees the old file or the new one, never a part."""
    with whole(file) as half:
        half.write(content)


@contextlib.contextmanager
def whole(file: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of `file` when the block ends well, and is gone when it does not."""
    descriptor, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as unnamed, open(beside, "wb") as half:
            os.fchmod(unnamed.fileno(), 0o644)
            yield half
            half.flush()
            os.fsync(half.fileno())
        os.replace(beside, file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
