"""The sheets to print: which checkpoints, with which codes. What the scripts and the desk's page share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from chalicelib.checkpoint import code, poster
from chalicelib.checkpoint.poster import Sheet
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import Settings

MOST_COPIES = 99

_SHANGHAI = timedelta(hours=8)


class NotPrinted(RuntimeError):
    """What was asked for cannot be printed; says why and the remedy. Nothing was written."""


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


def name(sheet: Sheet) -> str:
    """What its file is called, without the ending."""
    called = f"checkpoint-{sheet.checkpoint.id}-poster-{sheet.code.version}-key-{sheet.code.key}"
    return called if sheet.copies == 1 else f"{called}-copy-{sheet.copy}-of-{sheet.copies}"


def _copy(sheet: Sheet, number: int) -> Sheet:
    from msgspec import structs

    return structs.replace(sheet, copy=number)


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
