"""Signing in, a step at a time, and out: forms -> the way in (`command.access`) -> the cookie or the next form."""

from __future__ import annotations

from chalice.app import Response

from chalicelib import log, wiring
from chalicelib.command.access import Opened, Waiting
from chalicelib.command.accounts import SignInRefused
from chalicelib.command.sessions import LONGEST, STEP
from chalicelib.command.tokens import TokenRefused
from chalicelib.web.desk.cookies import SESSION, STEPPING, cookie
from chalicelib.web.desk.visit import Visit


def _(message: str) -> str:
    return message


def page(visit: Visit) -> Response:
    step = wiring.sessions().step(visit.cookies.get(STEPPING, ""), visit.now) if STEPPING in visit.cookies else None
    if step is None and wiring.sessions().find(visit.session_id, visit.now):
        return visit.elsewhere("./")
    return _asked(visit, 200, step.challenge if step else "", secret=step.secret if step else "")


def _asked(visit: Visit, status: int, challenge: str = "", problem: str = "", secret: str = "") -> Response:
    return visit.page("sign_in.html", status, challenge=challenge, problem=problem, secret=secret)


def sign_in(visit: Visit) -> Response:
    fields = visit.form()
    if "restart" in fields:
        visit.set.append(cookie(STEPPING, "", 0))
        return visit.elsewhere("sign-in")
    try:
        if "answer" in fields:
            given = fields["answer"]
            if fields.get("again", given) != given:
                step = wiring.sessions().step(visit.cookies.get(STEPPING, ""), visit.now)
                if step is not None:
                    return _asked(
                        visit, 422, step.challenge, visit.say(_("The two passwords differ. Type both again."))
                    )
            outcome = wiring.access().answer(visit.cookies.get(STEPPING, ""), given, visit.now)
        else:
            outcome = wiring.access().begin(fields.get("name", ""), fields.get("password", ""), visit.now)
    except (SignInRefused, TokenRefused) as error:
        log.note("sign_in_refused", reason=error.reason if isinstance(error, TokenRefused) else None)
        visit.set.append(cookie(STEPPING, "", 0))
        return _asked(
            visit, 401, problem=visit.say(_("Not signed in: the name, the password or the code is not right."))
        )
    if isinstance(outcome, Waiting):
        visit.set.append(cookie(STEPPING, outcome.id, STEP))
        problem = _("That password is too easy: 12 characters or more, with small and capital letters and digits.")
        return _asked(
            visit, 422 if outcome.weak else 200, outcome.step.challenge, visit.say(problem) if outcome.weak else "",
            outcome.step.secret,
        )  # fmt: skip
    return _opened(visit, outcome)


def _opened(visit: Visit, opened: Opened) -> Response:
    """Whoever signs in gets a new session; one that stood before is ended."""
    if visit.session_id:
        wiring.sessions().end(visit.session_id)
    visit.set += [cookie(SESSION, opened.id, LONGEST), cookie(STEPPING, "", 0)]
    return visit.elsewhere("./")


def sign_out(visit: Visit) -> Response:
    visit.fields()
    wiring.access().leave(visit.session_id, visit.person, visit.now)
    visit.set.append(cookie(SESSION, "", 0))
    visit.forget()
    return visit.elsewhere("sign-in?left=yes")
