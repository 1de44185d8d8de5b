"""What the desk says in plain words: why there is no page, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.web.language import marked as _

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
    "not_final": (
        _("Nothing of %(missing)s is final"),
        _("Final are %(begins)s to %(ends)s. Choose a window within that."),
    ),
    "moved_on": (
        _("These numbers have been revised since you saw them"),
        _("Load the page that you came from again, and fetch the file from there."),
    ),
    "too_many_rows": (
        _("Too much for a workbook"),
        _("Nothing was cut: no workbook was made. The CSV of the same window has every row."),
    ),
    "too_many": (
        _("Too many attempts"),
        _("Wait 15 minutes, or use a browser in which you have signed in before. Nobody is signed in."),
    ),
    "refused": (_("Not done"), _("What you asked for does not fit how things stand now.")),
    "nothing_yet": (_("No numbers yet"), _("The first summary comes within two minutes of the start. Load again.")),
    "unavailable": (_("We cannot answer just now"), _("Wait a moment and load the page again: nothing is lost.")),
}
"""Title and line, by name; messages of the desk's catalogue."""

DEEDS: Mapping[str, str] = {
    "signed_in": _("signed in"),
    "sign_in_refused": _("sign-in refused"),
    "signed_out": _("signed out"),
    "enrolled": _("set up a second factor"),
    "fetched": _("fetched"),
    "printed": _("printed"),
    "previewed": _("previewed"),
    "revoked": _("revoked"),
    "replaced": _("replaced"),
    "failed": _("failed, or not known: scripts/codes log says"),
}
"""What the journal calls each of its `DEEDS`."""

POSTERS: Mapping[str, str] = {
    "active": _("works"),
    "retiring": _("being replaced"),
    "revoked": _("revoked"),
    "withdrawn": _("key withdrawn"),
}
"""The states of a poster."""

CHANGES: Mapping[str, str] = {"revoke": _("Revoke this poster"), "replace": _("Replace this poster")}

WILL: Mapping[str, tuple[str, ...]] = {
    "revoke": (
        _("Within a minute, whoever scans it reads “This poster was replaced” and gets no form."),
        _("It cannot be undone: a new poster is another version."),
        _("Take the sheet down."),
    ),
    "replace": (
        _("Version %(next)d is issued for checkpoint %(place)s: print it and hang it."),
        _("Version %(version)d still opens the form until %(until)s, and its passages are flagged."),
    ),
}
"""What a change will do, before it is confirmed."""

LEFT = (_("Checkpoint %(place)s will have NO working poster. Replace it instead, unless you mean that."),)

DONE: Mapping[str, str] = {
    "revoke": _("The poster is revoked. Take the sheet down."),
    "replace": _("The new poster is issued. Print it and hang it."),
}
