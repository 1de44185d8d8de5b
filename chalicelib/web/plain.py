"""The pages that only say something: each whether anything was registered, and the way on."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from chalicelib.passage.decoding import Fields
from chalicelib.web.language import Language, messages
from chalicelib.web.language import marked as _
from chalicelib.web.rendering import render


class Plain(Struct, frozen=True):
    """A page that only says something: its title and lines are messages."""

    title: str
    lines: tuple[str, ...]
    nothing_stored: bool = True
    fresh: bool = False
    """Whether it leads to a new form at the same address."""
    calm: bool = False
    """Nothing went wrong."""
    by_hand: bool = False
    """Whether the checkpoint's number and the short code can be typed here."""


PLAIN: Mapping[str, Plain] = {
    "home": Plain(
        _("Scan the code at the checkpoint"),
        (
            _("Open WeChat or the camera, and scan the code on the poster."),
            _("Your registration form opens then. You need nothing else."),
            _("No poster, or it cannot be scanned? Ask the staff."),
        ),
        nothing_stored=False,
        calm=True,
        by_hand=True,
    ),
    "typed_refused": Plain(
        _("No poster has this number and code"),
        (
            _("Compare the checkpoint number and the short code with the poster, and type them again."),
            _("Does this page come back? Ask the staff."),
        ),
        by_hand=True,
    ),
    "too_many_tries": Plain(
        _("Too many tries"),
        (_("Wait a minute and type it again, or ask the staff."),),
    ),
    "not_found": Plain(
        _("There is no page here"),
        (_("Scan the code on the poster at the checkpoint again."), _("Does this page come back? Ask the staff.")),
    ),
    "code_refused": Plain(
        _("This code is not valid"),
        (_("Scan the code on the poster at the checkpoint again."), _("Does this page come back? Ask the staff.")),
    ),
    "revoked": Plain(
        _("This poster was replaced"),
        (_("Ask the staff for the new poster, and scan that one."),),
    ),
    "another_passage": Plain(
        _("You are registered: keep the receipt, or send a correction"),
        (
            _("This form was registered with other answers. Those stand: nothing was changed."),
            _("Are the answers right that you sent now? Send them as a correction: what you send last counts."),
            _("For another vehicle or party, open a new form."),
        ),
        nothing_stored=False,
        fresh=True,
    ),
    "undecodable": Plain(
        _("We could not read what your phone sent"),
        (_("Go back and press Register again: it is safe."), _("Does this page come back? Ask the staff.")),
    ),
    "too_large": Plain(
        _("The form is too long"),
        (_("Go back and shorten the addresses, or register some travellers on a new form, with the same plate."),),
    ),
    "unsupported_type": Plain(
        _("We could not read what your phone sent"),
        (_("Scan the code again, and fill in the form that opens."), _("Does this page come back? Ask the staff.")),
    ),
    "unavailable": Plain(
        _("The line is busy"),
        (
            _("Wait a moment and load this page again: it is safe."),
            _("Does it not come? Ask the staff for the paper sheet."),
        ),
    ),
}
"""By name."""

_KEPT = Plain(
    _("Not confirmed yet"),
    (
        _("The line is busy. All that you wrote is still here."),
        _("Send it again: it is safe, you are registered only once."),
    ),
    nothing_stored=False,
)


def plain_page(language: Language, kind: str, never: bool = False) -> bytes:
    """The page of `PLAIN[kind]`; `never` says that not only this try stored nothing, but none before it did."""
    return _page(language, PLAIN[kind], never=never)


def correction_page(language: Language, fields: Fields) -> bytes:
    """What is said when this form stands for another passage: it holds `fields`, the answers under a new submission id
    together with the one they replace, and sends them as a correction."""
    return _page(language, PLAIN["another_passage"], fields, messages(language).gettext("Send as a correction"))


def kept_page(language: Language, fields: Fields) -> bytes:
    """What is said when not even the form can be made: a page that holds `fields`, unseen, and sends them again."""
    return _page(language, _KEPT, fields, messages(language).gettext("Send again"))


def _page(
    language: Language, plain: Plain, fields: Fields | None = None, again: str = "", never: bool = False
) -> bytes:
    """The page of `plain`, with a button named `again` that sends `fields`, if there are any."""
    say = messages(language).gettext
    told = ((name, [told] if isinstance(told, str) else told) for name, told in (fields or {}).items())
    return render(
        "plain.html",
        language,
        title=say(plain.title),
        lines=[say(line) for line in plain.lines],
        nothing_stored=plain.nothing_stored,
        never=never,
        fresh=plain.fresh,
        tone="calm" if plain.calm else "",
        by_hand=plain.by_hand,
        kept=[(name, text) for name, texts in told for text in texts],
        again=again,
    )
