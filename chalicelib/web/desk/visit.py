"""One request of a person at the desk: what came with it, what may be done, and what every answer of ours has."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalice.app import Request, Response

from chalicelib import wiring
from chalicelib.command.people import Person
from chalicelib.command.sessions import Asker, Session, SessionsUnavailable
from chalicelib.web import answers
from chalicelib.web.desk import cookies, words
from chalicelib.web.desk.rendering import render, static
from chalicelib.web.language import CHINESE, DESK, ENGLISH, Language, asked, messages, named

LIMIT = 4_096
"""Bytes of a form of the desk."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


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


class MovedOn(RuntimeError):
    """What a link led to is no longer what the page with the link showed."""


class Visit:
    """One request, and what its answer needs."""

    def __init__(self, request: Request) -> None:
        self.headers: Mapping[str, str] = request.headers
        self.query: Mapping[str, str] = request.query_params or {}
        self.cookies = cookies.read(self.headers.get("cookie", ""))
        self.session_id = self.cookies.get(cookies.SESSION, "")
        identity = request.context.get("identity") or {}
        self.asker = Asker(str(identity.get("sourceIp") or ""), self.cookies.get(cookies.DEVICE, ""))
        self.now = wiring.clock()
        chosen = self.query.get("lang")
        self.language = _language(named(chosen) or named(self.cookies.get(cookies.LANGUAGE)), self.headers)
        self.set: list[str] = []
        """Cookies of the answer."""
        if chosen and named(chosen) in (CHINESE, ENGLISH):
            self.set.append(cookies.cookie(cookies.LANGUAGE, self.language.code, 365 * 86400))
        self.leads_to = ""
        """Another origin to which a form of the page leads in the end: Chromium holds the whole way to the policy."""
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

    def forget(self) -> None:
        """What is answered from here on shows nothing of anybody."""
        self._session = None

    def say(self, message: str) -> str:
        return messages(self.language, DESK).gettext(message)

    def form(self) -> dict[str, str]:
        """The fields of a form that our own page sent. Raises Foreign, TooLarge."""
        if not _from_here(self.headers):
            raise Foreign
        body = self._request.raw_body
        body = body.encode() if isinstance(body, str) else body
        if len(body) > LIMIT:
            raise TooLarge
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))

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

    def plain(self, kind: str, status: int, **holes: str) -> Response:
        """A page of few words, one of `words.PLAIN`; `holes` are what it speaks of."""
        title, line = words.PLAIN[kind]
        signed_in = False
        if kind == "foreign" or status == 401:
            self.forget()
        else:
            with contextlib.suppress(Unauthorised, SessionsUnavailable):
                signed_in = bool(self.session)
        title, line = (self.say(each) % holes if holes else self.say(each) for each in (title, line))
        return self.page("plain.html", status, title=title, line=line, signed_in=signed_in)

    def answer(self, body: bytes, status: int, more: Mapping[str, str] | None = None) -> Response:
        headers: dict[str, str | list[str]] = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Language": self.language.tag,
            "Cache-Control": "no-store",
            "Vary": "Accept-Language, Accept-Encoding, Cookie",
            "Content-Security-Policy": POLICY.replace("'self'; base", f"'self' {self.leads_to}; base")
            if self.leads_to
            else POLICY,
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",  # with `no-referrer`, older Safaris send forms from an origin of `null`
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            **(more or {}),
        }
        if self.set:
            headers["Set-Cookie"] = self.set
        return answers.with_headers(body, status, headers, self.headers)

    def static(self, name: str) -> Response:
        """The style sheet or the script, which a browser keeps for good. Raises NotFound."""
        found = static(name)
        if found is None:
            raise NotFound
        body, kind = found
        kept = "public, max-age=31536000, immutable"
        return self.answer(body, 200, {"Content-Type": kind, "Cache-Control": kept, "Vary": "Accept-Encoding"})

    def elsewhere(self, place: str) -> Response:
        """Leads to another of our pages, named as a link relative to this one."""
        return self.answer(b"", 303, {"Location": place})


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
