"""Posters into a folder: what `scripts/print_posters` and `scripts/run` share."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from chalicelib.checkpoint import code, poster
from chalicelib.settings import Settings


class NotPrinted(RuntimeError):
    """What was asked for cannot be printed; says why and the remedy. Nothing was written."""


def print_posters(
    settings: Settings,
    keys: Mapping[str, bytes],
    out: Path,
    only: Collection[str] = (),
    done: Callable[[str], object] = lambda checkpoint: None,
) -> dict[str, Path]:
    """Draws the active poster of each checkpoint in `only` (all active ones when empty) into `out`, and returns the
    files by checkpoint; `done` is told of each. A file is there whole or not at all.

    Raises NotPrinted before anything is written, OSError when the folder cannot be written, and what `poster.draw`
    raises.
    """
    wanted = list(only) or [each.id for each in settings.checkpoints if each.active]
    codes = {checkpoint: _code(settings, keys, checkpoint) for checkpoint in _checked(settings, wanted)}
    out.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    for checkpoint, its_code in codes.items():
        place = settings.checkpoint(checkpoint)
        assert place is not None  # noqa: S101 (checked above)
        content = poster.draw(place, its_code, code.address(settings.public_url, its_code), settings.collector)
        files[checkpoint] = out / f"checkpoint-{checkpoint}-poster-{its_code.version}-key-{its_code.key}.png"
        write(files[checkpoint], content)
        done(checkpoint)
    return files


def write(file: Path, content: bytes) -> None:
    """Puts `content` into `file` at once: whoever looks sees the old file or the new one, never a part."""
    descriptor, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as half:
            half.write(content)
            half.flush()
            os.fsync(half.fileno())
            os.fchmod(half.fileno(), 0o644)
        os.replace(beside, file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _checked(settings: Settings, wanted: list[str]) -> list[str]:
    known = {each.id: each for each in settings.checkpoints}
    wrong = [
        f"checkpoint {each!r} is not in the register (version {settings.version})"
        for each in wanted
        if each not in known
    ]
    wrong += [f"checkpoint {each} is closed" for each in wanted if each in known and not known[each].active]
    wrong += [f"checkpoint {each} is asked for twice" for each, count in Counter(wanted).items() if count > 1]
    if wrong:
        raise NotPrinted("; ".join(wrong))
    return wanted


def _code(settings: Settings, keys: Mapping[str, bytes], checkpoint: str) -> code.Code:
    try:
        return code.issue(settings, keys, checkpoint)
    except KeyError as error:
        raise NotPrinted(
            f"the secret of key {settings.signing_key} is missing: are these the keys of {settings.deployment}?"
        ) from error
    except LookupError as error:
        raise NotPrinted(f"{error}: issue one first") from error
