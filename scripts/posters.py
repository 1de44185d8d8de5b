"""Posters into a folder: what `scripts/print_posters` and `scripts/run` share."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from chalicelib.checkpoint import code, poster
from chalicelib.checkpoint.poster import Sheet
from chalicelib.checkpoint.register import Checkpoint, load
from chalicelib.settings import Settings

MOST_COPIES = 99

_SHANGHAI = timedelta(hours=8)


class NotPrinted(RuntimeError):
    """What was asked for cannot be printed; says why and the remedy. Nothing was written."""


def read_register(file: Path) -> tuple[Checkpoint, ...]:
    """The register in a CSV. Raises NotPrinted, RegisterInvalid with every row and column that is wrong, OSError."""
    try:
        return load(file.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise NotPrinted(f"{file}, row {row}: not UTF-8; save it as CSV UTF-8") from error


def sheets(
    settings: Settings,
    keys: Mapping[str, bytes],
    only: Collection[str] = (),
    copies: int = 1,
    register: Sequence[Checkpoint] | None = None,
) -> list[Sheet]:
    """What to print: `copies` of the active poster of each checkpoint in `only`, of all active ones when empty.

    With a `register`, its checkpoints instead of the settings'; one that the settings do not have yet gets poster 1.
    No clock is asked: a sheet's date is that of the settings. Raises NotPrinted with all that is wrong.
    """
    if not 1 <= copies <= MOST_COPIES:
        raise NotPrinted(f"print 1 to {MOST_COPIES} copies, not {copies}")
    places = settings.checkpoints if register is None else register
    source = f"the register (version {settings.version})" if register is None else "the CSV"
    wanted = _checked(places, source, only)
    stamp = settings.published_at or settings.starts_at
    date = f"{datetime.fromisoformat(stamp) + _SHANGHAI:%Y-%m-%d}"
    made: list[Sheet] = []
    wrong: list[str] = []
    for place in wanted:
        its_code = _code(settings, keys, place.id)
        sheet = Sheet(
            checkpoint=place, code=its_code, address=code.address(settings.public_url, its_code),
            collector=settings.collector, settings=settings.version, date=date, copies=copies,
        )  # fmt: skip
        try:
            poster.lay_out(sheet)
        except poster.PosterUndrawable as error:
            wrong.append(f"checkpoint {place.id}: {error}")
        made += [_copy(sheet, number) for number in range(1, copies + 1)]
    if wrong:
        raise NotPrinted("\n  ".join(wrong))
    return made


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
            files.append(out / f"{_name(sheet)}-{size}.{form}")
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


def _copy(sheet: Sheet, number: int) -> Sheet:
    from msgspec import structs

    return structs.replace(sheet, copy=number)


def _name(sheet: Sheet) -> str:
    name = f"checkpoint-{sheet.checkpoint.id}-poster-{sheet.code.version}-key-{sheet.code.key}"
    return name if sheet.copies == 1 else f"{name}-copy-{sheet.copy}-of-{sheet.copies}"


def _checked(places: Sequence[Checkpoint], source: str, only: Collection[str]) -> list[Checkpoint]:
    known = {each.id: each for each in places}
    wanted = list(only) or [each.id for each in places if each.active]
    wrong = [f"checkpoint {each!r} is not in {source}" for each in wanted if each not in known]
    wrong += [f"checkpoint {each} is closed" for each in wanted if each in known and not known[each].active]
    wrong += [f"checkpoint {each} is asked for twice" for each, count in Counter(wanted).items() if count > 1]
    if not wanted:
        wrong.append(f"no checkpoint is open in {source}")
    if wrong:
        raise NotPrinted("; ".join(wrong))
    return [known[each] for each in wanted]


def _code(settings: Settings, keys: Mapping[str, bytes], checkpoint: str) -> code.Code:
    try:
        if settings.checkpoint(checkpoint) is None:
            return code.sign(keys, settings.deployment, checkpoint, 1, settings.signing_key)
        return code.issue(settings, keys, checkpoint)
    except KeyError as error:
        raise NotPrinted(
            f"the secret of key {error.args[0]} is missing: are these the keys of {settings.deployment}?"
        ) from error
    except LookupError as error:
        raise NotPrinted(f"{error}: issue one first") from error
