"""What is read at the desk: the numbers of any window, the files that they stand in, and the journal."""

from __future__ import annotations

from datetime import date, timedelta

from chalice.app import Response

from chalicelib import wiring
from chalicelib.command import drawing
from chalicelib.command.journal import MOST, is_key
from chalicelib.command.numbers import NotPublished, window_of
from chalicelib.command.people import JOURNAL, NUMBERS
from chalicelib.passage.hour import LOCAL
from chalicelib.web.desk import words
from chalicelib.web.desk.figures import Figures, short
from chalicelib.web.desk.machines import FILE_TYPES
from chalicelib.web.desk.now import NowPages
from chalicelib.web.desk.visit import Bad, MovedOn, NotFound, Visit
from chalicelib.web.desk.windows import WindowPage


def numbers(visit: Visit) -> Response:
    visit.needs(NUMBERS)
    window = window_of(visit.query)
    published = wiring.numbers()
    try:
        latest = published.latest()
        now = published.now() if window.kind == "now" else None
    except NotPublished:  # neither of them, or, while the first run is at it, not yet the second
        return visit.plain("nothing_yet", 200)
    if now is None:
        shown = published.of(window, latest)
        if window.checkpoint and window.checkpoint not in shown.summary.checkpoints:
            raise NotFound
        return visit.page("window.html", polled=True, here="window", **WindowPage(visit.language).values(window, shown))
    pages, trend = NowPages(visit.language), published.trend(latest)
    if window.checkpoint:
        there = now.checkpoints.get(window.checkpoint)
        if there is None:
            raise NotFound
        values = pages.checkpoint(window.checkpoint, there, now, latest, trend, visit.now)
        return visit.page("checkpoint.html", polled=True, here="checkpoint", **values)
    yesterday = published.day(latest, date.fromisoformat(now.today.date) - timedelta(days=1))
    values = pages.dashboard(now, latest, trend, yesterday, visit.now)
    return visit.page("dashboard.html", polled=True, here="numbers", **values)


def file(visit: Visit) -> Response:
    """Leads to a published file (`name`), or to one of a window (`form`, and what names the window), by a link that is
    good for a minute, and for that file alone."""
    visit.needs(NUMBERS)
    if "form" in visit.query:
        return _of_a_window(visit)
    name = visit.query.get("name", "")
    if visit.query.keys() - {"name", "lang"} or not wiring.links().is_file(name):
        raise Bad
    wiring.journal().add(visit.person.name, "fetched", name, visit.now)
    return visit.elsewhere(wiring.links().to(name))


def _of_a_window(visit: Visit) -> Response:
    """The file of a window: the published one, else drawn from the numbers that the page shows. Where these are no
    longer those that were `seen`, MovedOn: a link never leads to other numbers than it stands beside."""
    asked = dict(visit.query)
    form, seen = asked.pop("form"), asked.pop("seen", "")
    window = window_of(asked)
    if form not in drawing.FORMS or window.kind == "now" or window.checkpoint:
        raise Bad
    published = wiring.numbers()
    latest = published.latest()
    shown = published.of(window, latest)
    if seen not in ("", shown.tag):
        raise MovedOn
    key = shown.published(form)
    if key:
        wiring.journal().add(visit.person.name, "fetched", short(key), visit.now)
        return visit.elsewhere(wiring.links().to(short(key)))
    content = drawing.drawn(form, window, shown, latest, published)
    wiring.journal().add(visit.person.name, "fetched", drawing.told(window, form, content), visit.now)
    name = drawing.name(window, shown, form)
    return visit.elsewhere(wiring.handover().link(name, FILE_TYPES[form], content))


def journal(visit: Visit) -> Response:
    visit.needs(JOURNAL)
    before = visit.query.get("before", "")
    if visit.query.keys() - {"day", "of", "before", "lang"} or visit.query.get("of", "machines") != "machines":
        raise Bad
    if "before" in visit.query and not is_key(before):
        raise Bad
    day = window_of({"day": visit.query.get("day", visit.now.astimezone(LOCAL).date().isoformat())})
    machines = "of" in visit.query
    entries = wiring.journal().of(day.first, MOST + 1, machines=machines, before=before)
    older = entries[MOST - 1].key if len(entries) > MOST else ""
    shown = [
        (f"{each.at.astimezone(LOCAL):%H:%M:%S}", each.who, visit.say(words.DEEDS[each.deed]), each.what)
        for each in entries[:MOST]
    ]
    iso, name = Figures(visit.language).day(day.first)
    return visit.page(
        "journal.html", here="journal", day=iso, day_name=name, entries=shown, machines=machines,
        before=before, older=older,
    )  # fmt: skip


def nowhere(visit: Visit) -> Response:
    """Any other address of one part; who is not signed in does not learn that there is nothing, and the gateway answers
    for those of more. (From there the link to `sign-in` of its own page would lead nowhere.) Raises Unauthorised,
    NotFound."""
    visit.needs(NUMBERS)
    raise NotFound
