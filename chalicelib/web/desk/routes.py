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
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalice.app import AuthRequest, Blueprint, IAMAuthorizer, Request, Response

from chalicelib import log, wiring
from chalicelib.checkpoint.lifecycle import NoPosterLeft, Refused
from chalicelib.checkpoint.poster import SIZES
from chalicelib.checkpoint.sheets import NotPrinted
from chalicelib.command.access import Opened, Waiting
from chalicelib.command.accounts import AccountsUnavailable, SignInRefused, TooManyAttempts
from chalicelib.command.journal import MOST, JournalUnavailable
from chalicelib.command.numbers import FileDamaged, NoSuchWindow, NotPublished, WindowTooLong, window_of
from chalicelib.command.people import JOURNAL, NUMBERS, POSTERS, Person
from chalicelib.command.sessions import LONGEST, STEP, Session, SessionsUnavailable
from chalicelib.command.tokens import TokenRefused
from chalicelib.passage.hour import LOCAL, moment, stamp
from chalicelib.settings import (
    Change,
    Settings,
    SettingsConflict,
    SettingsInvalid,
    SettingsMissing,
    SettingsUnavailable,
)
from chalicelib.summary import layout
from chalicelib.summary.bucket import Unreachable
from chalicelib.web import answers
from chalicelib.web.desk import posters, words
from chalicelib.web.desk.numbers import Pages
from chalicelib.web.desk.rendering import render, static
from chalicelib.web.language import CHINESE, DESK, ENGLISH, Language, asked, messages, named

SESSION, STEPPING, LANGUAGE = "__Host-kakou", "__Host-kakou-step", "__Host-kakou-lang"
"""The cookies: `__Host-` ones come over TLS (or loopback), from this host alone, for all of its paths."""

FILE_TYPES = {
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

LARGEST = 3_000_000
"""Bytes of a file that goes through the gateway (a function's answer has 6 MB, in base64); larger ones by a link."""

LIMIT = 4_096
"""Bytes of a form of the desk."""

DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Of a drawing, which runs nothing."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

blueprint = Blueprint(__name__)


class Unauthorised(PermissionError):
    """Nobody is signed in."""


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
    (NoSuchWindow, "bad", 400),
    (WindowTooLong, "too_large", 413),
    (NotPublished, "not_found", 404),
    (NotFound, "not_found", 404),
    (posters.NoSuchPoster, "bad", 400),
    (NotPrinted, "refused", 409),
    (Refused, "refused", 409),
    (TooManyAttempts, "too_many", 429),
)
"""Error -> the plain page that says it (`words.PLAIN`) and the status."""

_OUTAGES = (
    AccountsUnavailable,
    FileDamaged,
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
        kept = self.query if status == 200 else {}  # what was refused is not said back
        page = render(
            template,
            self.language,
            person=session.person if session else None,
            token=session.token if session else "",
            query=self.query,
            switch=lambda language: "?" + urlencode({**kept, "lang": language.code}),
            same=urlencode({name: text for name, text in kept.items() if name not in ("lang", "checkpoint")}),
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
    requests, so that signing out counts at once.

    A denial is said and not raised: what is raised ends the process where functions run locally, and counts as an error
    on AWS. The gateway turns it into a 401 with our page (`.chalice/command.json`)."""
    id = _cookies(request.token).get(SESSION, "")
    now = wiring.clock()
    session = wiring.sessions().find(id, now)
    if session is not None:
        session = wiring.sessions().look_after(id, session, wiring.accounts().look, now)
    if session is None:
        log.note("unauthorised")
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if session else "Deny",
        "Resource": request.method_arn,
    }
    return {
        "principalId": session.person.name if session else "nobody",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
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
    return answer(_numbers)


@blueprint.route("/file", methods=["GET"], content_types=[], authorizer=authorise)
def file() -> Response:
    return answer(_file)


@blueprint.route("/journal", methods=["GET"], content_types=[], authorizer=authorise)
def journal() -> Response:
    return answer(_journal)


@blueprint.route("/posters", methods=["GET"], content_types=[], authorizer=authorise)
def posters_page() -> Response:
    return answer(_posters)


@blueprint.route("/poster", methods=["GET"], content_types=[], authorizer=authorise)
def poster_page() -> Response:
    return answer(_poster)


@blueprint.route("/preview", methods=["GET"], content_types=[], authorizer=authorise)
def preview() -> Response:
    return answer(_preview)


@blueprint.route("/print", methods=["POST"], content_types=[], authorizer=authorise, name="print_posters")
def print_posters() -> Response:
    return answer(_print)


@blueprint.route("/change", methods=["GET"], content_types=[], authorizer=authorise, name="change_page")
def change_page() -> Response:
    return answer(_change_page)


@blueprint.route("/change", methods=["POST"], content_types=[], authorizer=authorise)
def change() -> Response:
    return answer(_change)


# For machines, which sign their requests (SigV4): the gateway asks IAM


@blueprint.route("/machine/{proxy+}", methods=["GET"], content_types=[], authorizer=IAMAuthorizer())
def machine() -> Response:
    return _for_machines(blueprint.current_request)


# For people again: the way out, and what is nowhere


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


# The numbers


def _numbers(visit: Visit) -> Response:
    visit.needs(NUMBERS)
    window = window_of(visit.query)
    numbers, pages = wiring.numbers(), Pages(visit.language)
    try:
        latest = numbers.latest()
    except NotPublished:
        return visit.plain("nothing_yet", 200)
    if window.kind != "now":
        shown = numbers.of(window, latest)
        if window.checkpoint and window.checkpoint not in shown.summary.checkpoints:
            raise NotFound
        return visit.page("window.html", polled=True, here="window", **pages.window(window, shown))
    now, trend = numbers.now(), numbers.trend(latest)
    if window.checkpoint:
        there = now.checkpoints.get(window.checkpoint)
        if there is None:
            raise NotFound
        values = pages.checkpoint(window.checkpoint, there, now, latest, trend, visit.now)
        return visit.page("checkpoint.html", polled=True, here="checkpoint", **values)
    yesterday = numbers.day(latest, date.fromisoformat(now.today.date) - timedelta(days=1))
    values = pages.dashboard(now, latest, trend, yesterday, visit.now)
    return visit.page("dashboard.html", polled=True, here="numbers", **values)


def _file(visit: Visit) -> Response:
    """Leads to a published file by a link that is good for a minute, and for that file alone."""
    visit.needs(NUMBERS)
    name = visit.query.get("name", "")
    if visit.query.keys() - {"name", "lang"} or not wiring.links().is_file(name):
        raise Bad
    wiring.journal().add(visit.person.name, "fetched", name, visit.now)
    return visit.elsewhere(wiring.links().to(name))


def _journal(visit: Visit) -> Response:
    visit.needs(JOURNAL)
    told = {name: text for name, text in visit.query.items() if name != "lang"}
    day = window_of(told or {"day": visit.now.astimezone(LOCAL).date().isoformat()})
    if told and set(told) != {"day"}:
        raise Bad
    entries = wiring.journal().of(day.first)
    say = Pages(visit.language)
    shown = [
        (f"{moment(each.at).astimezone(LOCAL):%H:%M:%S}", each.who, visit.say(words.DEEDS[each.deed]), each.what)
        for each in entries
    ]
    iso, name = say.day(day.first)
    return visit.page("journal.html", here="journal", day=iso, day_name=name, entries=shown, cut=len(entries) == MOST)


# Posters


def _settings(visit: Visit) -> Settings:
    """The settings in force now: who changes them must not read what is a minute old."""
    visit.needs(POSTERS)
    return wiring.settings_bucket().current()


def _posters(visit: Visit) -> Response:
    settings = _settings(visit)
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


def _poster(visit: Visit) -> Response:
    lane = _lane(visit, _settings(visit), visit.query.get("checkpoint", ""))
    if not lane.printable:
        raise NotFound
    return visit.page("poster.html", here="posters", lane=lane, formats=posters.FORMATS, sizes=SIZES)


def _preview(visit: Visit) -> Response:
    settings = _settings(visit)
    lane = _lane(visit, settings, visit.query.get("checkpoint", ""))
    if not lane.printable:
        raise NotFound
    wiring.journal().add(visit.person.name, "previewed", lane.id, visit.now)
    drawn = posters.preview(settings, wiring.code_keys(), lane.id)
    return visit.answer(drawn, 200, {"Content-Type": "image/svg+xml", "Content-Security-Policy": DRAWING_POLICY})


def _print(visit: Visit) -> Response:
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


def _change_page(visit: Visit) -> Response:
    return _asked_to_confirm(visit, _settings(visit), visit.query)


def _asked_to_confirm(visit: Visit, settings: Settings, told: Mapping[str, str], problem: str = "") -> Response:
    """What a change would do, said before it is done."""
    deed, version = told.get("deed", ""), _version(told)
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


def _change(visit: Visit) -> Response:
    settings = _settings(visit)
    fields = visit.fields()
    deed, checkpoint, version = fields.get("deed", ""), fields.get("checkpoint", ""), _version(fields)
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
        wiring.journal().add(name, "revoked" if deed == "revoke" else "replaced", f"{checkpoint}-{version}", visit.now)
        entry = Change(f"{name} (desk)", f"{exact} {checkpoint} {version}", why, "force" in fields)
        wiring.settings_bucket().publish(changed, stamp(visit.now), entry)
    except SettingsConflict:
        return _asked_to_confirm(visit, wiring.settings_bucket().current(), fields, stands)
    except NoPosterLeft:
        return _asked_to_confirm(visit, settings, fields, visit.say(_("Confirm that, too.")))
    return visit.elsewhere(f"posters?done={deed}")


def _version(told: Mapping[str, str]) -> int:
    text = told.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Bad
    return int(text)


def _for_machines(request: Request) -> Response:
    """A published file as it is: `machine/latest.json`, `machine/day/2020/02/10/r001.csv`. Its entity tag is its
    digest, as `latest` names it; asked with If-None-Match, what is still the same costs nothing (304)."""
    headers: Mapping[str, str] = request.headers
    name = str((request.uri_params or {}).get("proxy", ""))
    try:
        # The gateway has asked IAM; without a caller this is no request that came through it.
        if not request.context.get("identity", {}).get("userArn"):
            raise Unauthorised
        content = wiring.numbers().file(layout.ROOT + name)
    except Exception as error:
        for kind, reason, status in _REFUSALS:
            if isinstance(error, kind):
                log.note("machine", status=status, reason=reason)
                return answers.document({"error": reason}, status, headers)
        status = 503 if isinstance(error, _OUTAGES) else 500
        log.failure("outage" if status == 503 else "fault", error)
        return answers.document({"error": "unavailable"}, status, headers)
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    told: dict[str, str | list[str]] = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "Content-Type": FILE_TYPES[name.rpartition(".")[2]],
    }
    known = {each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        log.note("machine", status=304)
        return answers.with_headers(b"", 304, told, {})
    if len(content) > LARGEST:
        log.note("machine", status=303)
        return answers.with_headers(b"", 303, {**told, "Location": wiring.links().to(name)}, {})
    log.note("machine", status=200)
    return answers.with_headers(content, 200, told, headers)


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
