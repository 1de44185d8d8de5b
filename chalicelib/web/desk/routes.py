"""The command stack's routes for people. Every route but those to sign in has the authoriser `authorise` at the
gateway, and looks at the session itself once more; what changes anything also asks where the request comes from.

| answer | means |
|---|---|
| 200 | a page |
| 303 | done; or first sign in |
| 304 | nothing new since you asked last |
| 400 | no such window, checkpoint or number |
| 401, 403 | not signed in; signed in, and not allowed, or not sent from our own page |
| 404, 413, 429 | no such page or file; too much at once; too many attempts |
| 500, 503 | not answered; asking again is safe |
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalice.app import AuthRequest, Blueprint, Request, Response

from chalicelib import log, wiring
from chalicelib.command.access import Opened, Waiting
from chalicelib.command.accounts import AccountsUnavailable, SignInRefused, TooManyAttempts
from chalicelib.command.journal import JournalUnavailable
from chalicelib.command.people import Person
from chalicelib.command.sessions import LONGEST, STEP, Session, SessionsUnavailable
from chalicelib.command.tokens import TokenRefused
from chalicelib.settings import SettingsInvalid, SettingsMissing, SettingsUnavailable
from chalicelib.summary.bucket import Unreachable
from chalicelib.web import answers
from chalicelib.web.desk import words
from chalicelib.web.desk.rendering import render, static
from chalicelib.web.language import CHINESE, DESK, ENGLISH, Language, asked, messages, named

SESSION, STEPPING, LANGUAGE = "__Host-kakou", "__Host-kakou-step", "__Host-kakou-lang"
"""The cookies: `__Host-` ones come over TLS (or loopback), from this host alone, for all of its paths."""

LIMIT = 4_096
"""Bytes of a form of the desk."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

blueprint = Blueprint(__name__)


class Unauthorised(PermissionError):
    """Nobody is signed in. At the gateway its text alone decides: exactly "Unauthorized" becomes a 401."""


class Forbidden(PermissionError):
    """Signed in, and not allowed."""


class Foreign(PermissionError):
    """Sent by another site's page, or without the token of ours."""


class Bad(ValueError):
    """What was asked for cannot be: no such window, checkpoint, number."""


class TooLarge(ValueError):
    """More than is answered at once."""


class NotFound(LookupError):
    """No such page or file."""


_REFUSALS: tuple[tuple[type[Exception], str, int], ...] = (
    (Unauthorised, "unauthorised", 401),
    (Forbidden, "forbidden", 403),
    (Foreign, "foreign", 403),
    (Bad, "bad", 400),
    (TooLarge, "too_large", 413),
    (NotFound, "not_found", 404),
    (TooManyAttempts, "too_many", 429),
)
"""Error -> the plain page that says it (`words.PLAIN`) and the status."""

_OUTAGES = (
    AccountsUnavailable,
    JournalUnavailable,
    SessionsUnavailable,
    SettingsInvalid,
    SettingsMissing,
    SettingsUnavailable,
    Unreachable,
    wiring.NotReachable,
)


class Visit:
    """One request, and what its answer needs."""

    def __init__(self, request: Request) -> None:
        self.headers: Mapping[str, str] = request.headers
        self.query: Mapping[str, str] = request.query_params or {}
        self.cookies = _cookies(self.headers.get("cookie", ""))
        self.session_id = self.cookies.get(SESSION, "")
        self.now = wiring.clock()
        chosen = self.query.get("lang")
        self.language = _language(named(chosen) or named(self.cookies.get(LANGUAGE)), self.headers)
        self.set: list[str] = []
        """Cookies of the answer."""
        if chosen and named(chosen) in (CHINESE, ENGLISH):
            self.set.append(_cookie(LANGUAGE, self.language.code, 365 * 86400))
        self._request = request
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session, looked up in the table whatever the gateway's authoriser said. Raises Unauthorised."""
        if self._session is None:
            self._session = wiring.sessions().find(self.session_id, self.now)
            if self._session is None:
                raise Unauthorised
        return self._session

    @property
    def person(self) -> Person:
        return self.session.person

    def needs(self, right: str) -> None:
        """Raises Forbidden, Unauthorised."""
        if not self.person.may(right):
            raise Forbidden

    def say(self, message: str) -> str:
        return messages(self.language, DESK).gettext(message)

    def form(self) -> dict[str, str]:
        """The fields of a form that our own page sent. Raises Foreign, TooLarge, Bad."""
        if not _from_here(self.headers):
            raise Foreign
        body = self._request.raw_body
        body = body.encode() if isinstance(body, str) else body
        if len(body) > LIMIT:
            raise TooLarge
        try:
            return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50))
        except ValueError:
            raise Bad from None

    def fields(self) -> dict[str, str]:
        """The same of a signed-in person, with the session's token. Raises Foreign, Unauthorised, TooLarge."""
        fields = self.form()
        if not hmac.compare_digest(fields.pop("token", "").encode(), self.session.token.encode()):
            raise Foreign
        return fields

    def page(self, template: str, status: int = 200, *, polled: bool = False, **values: Any) -> Response:
        """A page; one that is `polled` has an entity tag, and is not sent again while it stays the same."""
        session = self._session
        page = render(
            template,
            self.language,
            person=session.person if session else None,
            token=session.token if session else "",
            query=self.query,
            **values,
        )
        if not polled:
            return self.answer(page, status)
        tag = f'W/"{hashlib.sha256(page).hexdigest()[:32]}"'
        if tag in self.headers.get("if-none-match", ""):
            return self.answer(b"", 304, {"ETag": tag, "Cache-Control": "private, no-cache"})
        return self.answer(page, status, {"ETag": tag, "Cache-Control": "private, no-cache"})

    def plain(self, kind: str, status: int, more: str = "") -> Response:
        title, line = words.PLAIN[kind]
        signed_in = False
        if kind == "foreign" or status == 401:
            self._session = None  # such a page shows nothing of anybody
        else:
            with contextlib.suppress(Unauthorised, SessionsUnavailable):
                signed_in = bool(self.session)
        return self.page(
            "plain.html", status, title=self.say(title), line=self.say(line), more=more, signed_in=signed_in
        )

    def answer(self, body: bytes, status: int, more: Mapping[str, str] | None = None) -> Response:
        headers: dict[str, str | list[str]] = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Language": self.language.tag,
            "Cache-Control": "no-store",
            "Vary": "Accept-Language, Accept-Encoding, Cookie",
            "Content-Security-Policy": POLICY,
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            **(more or {}),
        }
        if self.set:
            headers["Set-Cookie"] = self.set
        return answers.with_headers(body, status, headers, self.headers)

    def elsewhere(self, place: str) -> Response:
        """Leads to another of our pages, named as a link relative to this one."""
        return self.answer(b"", 303, {"Location": place})


@blueprint.authorizer(ttl_seconds=0, header="Cookie")
def authorise(request: AuthRequest) -> dict[str, Any]:
    """Who is behind a request, asked by the gateway before any of our routes sees it. Nothing is kept between two
    requests, so that signing out counts at once. Raises Unauthorised for everybody who is not signed in."""
    id = _cookies(request.token).get(SESSION, "")
    now = wiring.clock()
    session = wiring.sessions().find(id, now)
    if session is not None:
        session = wiring.sessions().look_after(id, session, wiring.accounts().look, now)
    if session is None:
        log.note("unauthorised")
        raise Unauthorised("Unauthorized")
    return {
        "principalId": session.person.name,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": request.method_arn}],
        },
    }


# Open to all: signing in, and how it looks.


@blueprint.route("/sign-in", methods=["GET"], content_types=[], name="sign_in_page")
def sign_in_page() -> Response:
    return answer(_sign_in_page)


@blueprint.route("/sign-in", methods=["POST"], content_types=[], name="sign_in")
def sign_in() -> Response:
    return answer(_sign_in)


@blueprint.route("/static/{name}", methods=["GET"], content_types=[], name="desk_static")
def desk_static(name: str) -> Response:
    return answer(lambda visit: _static(visit, name))


# For people who are signed in


@blueprint.route("/", methods=["GET"], content_types=[], authorizer=authorise)
def dashboard() -> Response:
    return answer(lambda visit: visit.page("empty.html") if visit.person else visit.plain("unauthorised", 401))


@blueprint.route("/sign-out", methods=["POST"], content_types=[], authorizer=authorise)
def sign_out() -> Response:
    return answer(_sign_out)


@blueprint.route("/{proxy+}", methods=["GET", "POST"], content_types=[], authorizer=authorise, name="no_page")
def no_page() -> Response:
    return answer(lambda visit: visit.plain("not_found" if visit.session else "", 404))


def answer(work: Callable[[Visit], Response]) -> Response:
    """What `work` answers to the current request, or the page that says why it did not."""
    visit = Visit(blueprint.current_request)
    try:
        response = work(visit)
    except Exception as error:
        response = _refusal(visit, error)
    log.note("answer", status=response.status_code)
    return response


def _refusal(visit: Visit, error: Exception) -> Response:
    for kind, page, status in _REFUSALS:
        if isinstance(error, kind):
            log.note("refused", reason=page)
            return visit.plain(page, status)
    outage = isinstance(error, _OUTAGES)
    log.failure("outage" if outage else "fault", error)
    return visit.plain("unavailable", 503 if outage else 500)


# Signing in


def _sign_in_page(visit: Visit) -> Response:
    step = wiring.sessions().step(visit.cookies.get(STEPPING, ""), visit.now) if STEPPING in visit.cookies else None
    if step is None and wiring.sessions().find(visit.session_id, visit.now):
        return visit.elsewhere("./")
    return _asked(visit, 200, step.challenge if step else "", secret=step.secret if step else "")


def _asked(visit: Visit, status: int, challenge: str = "", problem: str = "", secret: str = "") -> Response:
    return visit.page("sign_in.html", status, challenge=challenge, problem=problem, secret=secret)


def _sign_in(visit: Visit) -> Response:
    fields = visit.form()
    if "restart" in fields:
        visit.set.append(_cookie(STEPPING, "", 0))
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
        visit.set.append(_cookie(STEPPING, "", 0))
        return _asked(
            visit, 401, problem=visit.say(_("Not signed in: the name, the password or the code is not right."))
        )
    if isinstance(outcome, Waiting):
        visit.set.append(_cookie(STEPPING, outcome.id, STEP))
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
    visit.set += [_cookie(SESSION, opened.id, LONGEST), _cookie(STEPPING, "", 0)]
    return visit.elsewhere("./")


def _sign_out(visit: Visit) -> Response:
    visit.fields()
    wiring.access().leave(visit.session_id, visit.person, visit.now)
    visit.set.append(_cookie(SESSION, "", 0))
    visit._session = None
    return visit.elsewhere("sign-in?left=yes")


def _static(visit: Visit, name: str) -> Response:
    found = static(name)
    if found is None:
        raise NotFound
    body, kind = found
    headers = {"Content-Type": kind, "Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    return visit.answer(body, 200, headers)


# What came with the request


def _(message: str) -> str:
    return message


def _cookies(header: str) -> dict[str, str]:
    """The cookies of a request. A name that is there twice counts for nothing: somebody planted one of them."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for part in header[:4096].split(";"):
        name, _equals, value = part.strip().partition("=")
        if name in found:
            twice.add(name)
        found[name] = value
    return {name: value for name, value in found.items() if name not in twice}


def _cookie(name: str, value: str, seconds: int) -> str:
    return f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"


def _from_here(headers: Mapping[str, str]) -> bool:
    """Whether our own page sent this form: a browser says so (Sec-Fetch-Site), or names our host as its origin."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(headers.get("origin", ""))
    return origin.scheme in ("https", "http") and bool(origin.netloc) and origin.netloc == headers.get("host")


def _language(chosen: Language | None, headers: Mapping[str, str]) -> Language:
    """Chinese first; English for whoever asks for anything else."""
    wanted = chosen or asked(headers.get("accept-language"))
    return CHINESE if wanted == CHINESE else ENGLISH
