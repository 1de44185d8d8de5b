"""Signing in, a step at a time, and out; a second factor. Forms -> the way in (`command.access`) -> the cookie, or the
next form."""

from __future__ import annotations

from collections.abc import Mapping

from chalice.app import Response
from markupsafe import Markup

from chalicelib import log, wiring
from chalicelib.command.access import Opened, Waiting
from chalicelib.command.accounts import AlreadyEnrolled, SignInRefused, Step
from chalicelib.command.people import NUMBERS
from chalicelib.command.sessions import LONGEST, RECOGNISED, STEP
from chalicelib.command.tokens import TokenRefused
from chalicelib.web.desk.cookies import DEVICE, SESSION, STEPPING, cookie
from chalicelib.web.desk.factor import drawn
from chalicelib.web.desk.visit import Visit
from chalicelib.web.language import marked as _

PROBLEMS: Mapping[str, str] = {
    "weak": _("That password is too easy: 12 characters or more, with small and capital letters and digits."),
    "code": _("These are not the six digits of this moment. Type those that the app shows now."),
    "differ": _("The two passwords differ. Type both again."),
    "refused": _("Not signed in: the name, the password or the code is not right."),
    "password": _("The password is not right, or three minutes have passed: begin again."),
    "enrolled": _("You have a second factor already. An administrator can take it away (scripts/operators)."),
}


def page(visit: Visit) -> Response:
    step = wiring.sessions().step(visit.cookies.get(STEPPING, ""), visit.now) if STEPPING in visit.cookies else None
    if step is not None and step.challenge == "ENROL":
        step = None  # that is not for signing in, and its key is for nobody else's eyes
    if step is None and wiring.sessions().find(visit.session_id, visit.now):
        return visit.elsewhere("./")
    return _asked(visit, 200, step)


def sign_in(visit: Visit) -> Response:
    fields = visit.form()
    if "restart" in fields:
        visit.set.append(cookie(STEPPING, "", 0))
        return visit.elsewhere("sign-in")
    waits = visit.cookies.get(STEPPING, "")
    try:
        if "answer" in fields:
            given = fields["answer"]
            if fields.get("again", given) != given and (step := wiring.sessions().step(waits, visit.now)):
                return _asked(visit, 422, step, "differ")
            outcome = wiring.access().answer(waits, given, visit.asker, visit.now)
        else:
            name, password = fields.get("name", ""), fields.get("password", "")
            outcome = wiring.access().begin(name, password, visit.asker, visit.now)
    except (SignInRefused, TokenRefused) as error:
        log.note("sign_in_refused", reason=error.reason if isinstance(error, TokenRefused) else None)
        visit.set.append(cookie(STEPPING, "", 0))
        return _asked(visit, 401, None, "refused")
    if isinstance(outcome, Waiting):
        return _waits(visit, outcome, "sign_in.html")
    return _opened(visit, outcome)


def sign_out(visit: Visit) -> Response:
    visit.fields()
    wiring.access().leave(visit.session_id, visit.person, visit.now)
    visit.set += [cookie(SESSION, "", 0), cookie(STEPPING, "", 0)]
    visit.forget()
    return visit.elsewhere("sign-in?left=yes")


def factor_page(visit: Visit) -> Response:
    """Where somebody who is signed in sets up a second factor."""
    visit.needs(NUMBERS)
    return _asked(visit, 200, None, template="second_factor.html")


def factor(visit: Visit) -> Response:
    """The password once more, so that a page left open is not enough; then the digits of the new app."""
    fields = visit.fields()
    try:
        if "answer" in fields:
            waits = visit.cookies.get(STEPPING, "")
            waiting = wiring.access().enrolled(waits, fields["answer"], visit.person, visit.asker, visit.now)
        else:
            waiting = wiring.access().enrol(visit.person, fields.get("password", ""), visit.asker, visit.now)
    except AlreadyEnrolled:
        return _asked(visit, 409, None, "enrolled", "second_factor.html")
    except SignInRefused:
        return _asked(visit, 422, None, "password", "second_factor.html")
    if waiting is not None:
        return _waits(visit, waiting, "second_factor.html")
    visit.set.append(cookie(STEPPING, "", 0))
    return visit.elsewhere("second-factor?done=yes")


def _waits(visit: Visit, waiting: Waiting, template: str) -> Response:
    visit.set.append(cookie(STEPPING, waiting.id, STEP))
    return _asked(visit, 422 if waiting.problem else 200, waiting.step, waiting.problem, template)


def _asked(visit: Visit, status: int, step: Step | None, problem: str = "", template: str = "sign_in.html") -> Response:
    """The form of `step`; without one, where it begins."""
    return visit.page(
        template,
        status,
        here="factor",
        challenge=step.challenge if step else "",
        secret=step.secret if step else "",
        code=drawn(wiring.deployment(), step.name, step.secret) if step and step.secret else Markup(),
        problem=visit.say(PROBLEMS[problem]) if problem else "",
    )


def _opened(visit: Visit, opened: Opened) -> Response:
    """Whoever signs in gets a new session; one that stood before is ended."""
    if visit.session_id:
        wiring.sessions().end(visit.session_id)
    visit.set += [cookie(SESSION, opened.id, LONGEST), cookie(STEPPING, "", 0)]
    visit.set.append(cookie(DEVICE, opened.device, RECOGNISED))
    return visit.elsewhere("./")
