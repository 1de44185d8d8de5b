"""The posters' pages, for staff: what hangs, a preview, sheets to print; a change said before it is done, and done."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import timedelta

from chalice.app import Response

from chalicelib import wiring
from chalicelib.checkpoint.lifecycle import NoPosterLeft
from chalicelib.checkpoint.poster import SIZES
from chalicelib.command.journal import JournalUnavailable
from chalicelib.command.people import POSTERS
from chalicelib.passage.hour import stamp
from chalicelib.settings import Change, Settings, SettingsConflict, SettingsUnavailable
from chalicelib.web.desk import posters, words
from chalicelib.web.desk.visit import Bad, NotFound, TooLarge, Visit
from chalicelib.web.language import marked as _

DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Of a drawing, which runs nothing."""


def _settings(visit: Visit) -> Settings:
    """The settings in force now: who changes them must not read what is a minute old."""
    visit.needs(POSTERS)
    return wiring.settings_bucket().current()


def all_of_them(visit: Visit) -> Response:
    settings = _settings(visit)
    visit.leads_to = wiring.handover().origin
    done = words.DONE.get(visit.query.get("done", ""), "")
    states = {state: visit.say(word) for state, word in words.POSTERS.items()}
    return visit.page(
        "posters.html", here="posters", lanes=posters.lanes(settings, visit.now, visit.language), states=states,
        formats=posters.FORMATS, sizes=SIZES, done=visit.say(done) if done else "",
    )  # fmt: skip


def _lane(visit: Visit, settings: Settings, checkpoint: str) -> posters.Lane:
    for lane in posters.lanes(settings, visit.now, visit.language):
        if lane.id == checkpoint:
            return lane
    raise NotFound


def one(visit: Visit) -> Response:
    lane = _lane(visit, _settings(visit), visit.query.get("checkpoint", ""))
    if not lane.printable:
        raise NotFound
    visit.leads_to = wiring.handover().origin
    return visit.page("poster.html", here="posters", lane=lane, formats=posters.FORMATS, sizes=SIZES)


def preview(visit: Visit) -> Response:
    settings = _settings(visit)
    lane = _lane(visit, settings, visit.query.get("checkpoint", ""))
    if not lane.printable:
        raise NotFound
    wiring.journal().add(visit.person.name, "previewed", lane.id, visit.now)
    drawn = posters.preview(settings, wiring.code_keys(), lane.id)
    return visit.answer(drawn, 200, {"Content-Type": "image/svg+xml", "Content-Security-Policy": DRAWING_POLICY})


def print_them(visit: Visit) -> Response:
    """Draws what was chosen and hands it over by a link that is good for a minute."""
    settings = _settings(visit)
    fields = visit.fields()
    lanes = posters.lanes(settings, visit.now, visit.language)
    wanted = [lane.id for lane in lanes if lane.printable and ("all" in fields or f"cp-{lane.id}" in fields)]
    if len(wanted) > posters.MOST:
        raise TooLarge
    if not wanted:
        raise Bad
    form, size = fields.get("form", ""), fields.get("size", "")
    ending, drawn = posters.printed(settings, wiring.code_keys(), wanted, form, size)
    wiring.journal().add(visit.person.name, "printed", f"{' '.join(wanted)} {form} {size}", visit.now)
    name = f"kakou-{wanted[0] if len(wanted) == 1 else 'posters'}-{size}.{ending}"
    return visit.elsewhere(wiring.handover().link(name, posters.TYPES[ending], drawn))


def before_a_change(visit: Visit) -> Response:
    return _asked_to_confirm(visit, _settings(visit), visit.query)


def _asked_to_confirm(visit: Visit, settings: Settings, told: Mapping[str, str], problem: str = "") -> Response:
    """What a change would do, said before it is done."""
    deed, version = _deed(told), _version(told)
    lane = _lane(visit, settings, told.get("checkpoint", ""))
    left = False
    try:
        posters.changed(settings, deed, lane.id, version, visit.now, force=False)
    except NoPosterLeft:
        left = True
    until = f"{posters.end_of_week(visit.now) - timedelta(minutes=1):%Y-%m-%d %H:%M}"
    holes = {"place": lane.id, "version": version, "next": version + 1, "until": until}
    will = [*words.WILL[deed], *(words.LEFT if left else ())]
    return visit.page(
        "change.html", 409 if problem else 200, here="posters", title=visit.say(words.CHANGES[deed]), lane=lane,
        version=version, deed=deed, left=left, made_from=settings.version, problem=problem,
        will=[visit.say(line) % holes for line in will],
    )  # fmt: skip


def change(visit: Visit) -> Response:
    settings = _settings(visit)
    fields = visit.fields()
    deed, checkpoint, version = _deed(fields), fields.get("checkpoint", ""), _version(fields)
    why = fields.get("why", "").strip()
    if not 1 <= len(why) <= 300 or not why.isprintable():
        return _asked_to_confirm(visit, settings, fields, visit.say(_("Say why, in one line.")))
    stands = visit.say(_("Others changed the posters meanwhile. Nothing was done: look again, then confirm."))
    if fields.get("made_from") != str(settings.version):
        return _asked_to_confirm(visit, settings, fields, stands)
    exact = "replace_now" if deed == "replace" and fields.get("confirm") == "now" else deed
    try:
        changed = posters.changed(settings, exact, checkpoint, version, visit.now, force="force" in fields)
        name = visit.person.name
        # Written down first: what cannot be written down is not done.
        which = f"{checkpoint}-{version}"
        wiring.journal().add(name, "revoked" if deed == "revoke" else "replaced", which, visit.now)
        entry = Change(f"{name} (desk)", f"{exact} {checkpoint} {version}", why, "force" in fields)
        try:
            wiring.settings_bucket().publish(changed, stamp(visit.now), entry)
        except (SettingsConflict, SettingsUnavailable):
            with contextlib.suppress(JournalUnavailable):
                wiring.journal().add(name, "failed", f"{exact} {which}", visit.now)
            raise
    except SettingsConflict:
        return _asked_to_confirm(visit, wiring.settings_bucket().current(), fields, stands)
    except NoPosterLeft:
        return _asked_to_confirm(visit, settings, fields, visit.say(_("Confirm that, too.")))
    return visit.elsewhere(f"posters?done={deed}")


def _deed(told: Mapping[str, str]) -> str:
    deed = told.get("deed", "")
    if deed not in words.CHANGES:
        raise Bad
    return deed


def _version(told: Mapping[str, str]) -> int:
    text = told.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Bad
    return int(text)
