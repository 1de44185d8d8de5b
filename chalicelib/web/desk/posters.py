"""Posters in the browser, for staff: what hangs, its preview, the sheets to print; revoking and replacing.

The same code as the scripts': `checkpoint.sheets` and `poster` draw, `checkpoint.lifecycle` decides. What is drawn here
is not decoded again: the decoder has no wheel for Lambda's older Pythons, and PNG wants the same libraries. The drawing
is, to the byte, what `scripts/print_posters` makes and decodes; a test compares.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import partial

from msgspec import Struct

from chalicelib.checkpoint import lifecycle, poster, sheets
from chalicelib.checkpoint.poster import SIZES
from chalicelib.checkpoint.poster import svg as drawing
from chalicelib.passage.hour import LOCAL, moment
from chalicelib.settings import Settings
from chalicelib.web.language import CHINESE, Language

FORMATS = ("pdf", "svg")

MOST = 60
"""Posters in one file: drawn within the function's time."""

WEEK = 7
"""Days that a replaced poster may still hang."""

TYPES = {"pdf": "application/pdf", "svg": "image/svg+xml", "zip": "application/zip"}

DEEDS = ("revoke", "replace", "replace_now")


class NoSuchPoster(LookupError):
    """There is no such checkpoint, poster, format, size or deed."""


class Hanging(Struct, frozen=True):
    """One poster of a checkpoint."""

    version: int
    key: str
    state: str
    until: str


class Lane(Struct, frozen=True):
    """A checkpoint with its posters, those that work first."""

    id: str
    name: str
    open: bool
    printable: bool
    posters: tuple[Hanging, ...]


def lanes(settings: Settings, now: datetime, language: Language) -> list[Lane]:
    """All checkpoints, as the settings have them."""
    alone = set(lifecycle.without_poster(settings, now))
    found = []
    for place in settings.checkpoints:
        hanging = [
            Hanging(
                each.version,
                each.key,
                "withdrawn" if settings.key_state(each.key) == "withdrawn" else each.state_at(now),
                f"{moment(each.until).astimezone(LOCAL):%m-%d %H:%M}" if each.until else "",
            )
            for each in settings.posters
            if each.checkpoint == place.id
        ]
        hanging.sort(key=lambda each: (each.state not in ("active", "retiring"), -each.version))
        found.append(
            Lane(
                place.id,
                place.name_zh if language == CHINESE else place.name_en,
                place.active,
                place.active and place.id not in alone,
                tuple(hanging),
            )
        )
    return found


def printed(
    settings: Settings, keys: Mapping[str, bytes], wanted: Sequence[str], form: str, size: str
) -> tuple[str, bytes]:
    """The posters of `wanted` in one file, its ending and its bytes: a PDF, a drawing, or a zip of drawings. Raises
    NoSuchPoster, NotPrinted, PosterUndrawable."""
    if form not in FORMATS or size not in SIZES or not 1 <= len(wanted) <= MOST:
        raise NoSuchPoster
    made = sheets.sheets(settings, keys, wanted)
    file = io.BytesIO()
    if form == "pdf":
        poster.bind(made, file, size)
        return "pdf", file.getvalue()
    if len(made) == 1:
        return "svg", drawing.draw(poster.lay_out(made[0]), size)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for sheet in made:
            archive.writestr(f"{sheets.name(sheet)}-{size}.svg", drawing.draw(poster.lay_out(sheet), size))
    return "zip", file.getvalue()


def preview(settings: Settings, keys: Mapping[str, bytes], checkpoint: str) -> bytes:
    """The poster as a picture (SVG). Raises as `printed`."""
    return printed(settings, keys, [checkpoint], "svg", "a5")[1]


def end_of_week(now: datetime) -> datetime:
    """Until when a replaced poster works: the end of the day in a week."""
    return datetime.combine(now.astimezone(LOCAL).date() + timedelta(days=WEEK + 1), time(), LOCAL)


def changed(settings: Settings, deed: str, checkpoint: str, version: int, now: datetime, *, force: bool) -> Settings:
    """The settings after `deed`, not yet published. Raises NoSuchPoster, Refused, NoPosterLeft, SettingsInvalid."""
    if deed not in DEEDS or settings.poster(checkpoint, version) is None:
        raise NoSuchPoster
    if deed == "revoke":
        step = partial(lifecycle.revoke, checkpoint=checkpoint, version=version)
    else:
        if settings.active_poster(checkpoint) != version:
            raise lifecycle.Refused("only the poster that hangs can be replaced")
        until = None if deed == "replace_now" else end_of_week(now)
        step = partial(lifecycle.issue, checkpoint=checkpoint, until=until, now=now)
    return lifecycle.decide(settings, step, now, force=force)
