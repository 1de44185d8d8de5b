"""What the desk says in plain words: why there is no page, and what to do."""

from __future__ import annotations

from collections.abc import Mapping


def _(message: str) -> str:
    return message


PLAIN: Mapping[str, tuple[str, str]] = {
    "signed_out": (_("You are signed out"), _("Nobody can use this page any more until somebody signs in again.")),
    "unauthorised": (_("Please sign in"), _("Your session is at an end, or you have not signed in yet.")),
    "forbidden": (_("This is not for your role"), _("Ask an administrator if you need it.")),
    "foreign": (
        _("This was not sent from our own page"),
        _("Nothing was done. Open the page again and send it from there."),
    ),
    "bad": (_("This address is not right"), _("Nothing was done. Choose again on the page before.")),
    "too_large": (_("That is too much at once"), _("Nothing was done. Choose less.")),
    "not_found": (_("There is no such page or file"), _("Go back to the numbers, and choose again.")),
    "too_many": (_("Too many attempts"), _("Wait 15 minutes, then sign in again. Nobody is signed in.")),
    "refused": (_("Not done"), _("What you asked for does not fit how things stand now.")),
    "nothing_yet": (_("No numbers yet"), _("The first summary comes within two minutes of the start. Load again.")),
    "unavailable": (_("We cannot answer just now"), _("Wait a moment and load the page again: nothing is lost.")),
}
"""Title and line, by name; messages of the desk's catalogue."""
