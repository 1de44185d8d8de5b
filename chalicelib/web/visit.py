"""One visit to the public stack: a request, the language and shape of its answer, and the pages that answer it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Request, Response

from chalicelib import log, wiring
from chalicelib.checkpoint.code import CodeRefused, Scanned, judge, read
from chalicelib.passage.decoding import LIMIT, Fields, TooLarge
from chalicelib.passage.form import SUBMISSION
from chalicelib.passage.hour import LOCAL, stamp
from chalicelib.passage.table import NotStored
from chalicelib.settings import Settings, SettingsInvalid, SettingsMissing, SettingsUnavailable
from chalicelib.web import answers, pages, plain
from chalicelib.web.language import CHINESE, Language, asked, messages, named

OUTAGES = (
    NotStored,
    wiring.NotReachable,
    SettingsUnavailable,
    SettingsMissing,
    SettingsInvalid,
    BotoCoreError,
    ClientError,
)
"""What passes by itself or by an operator's hand; anything else that is raised is a fault of ours."""


class Revoked(Exception):
    """A genuine code on a poster that was replaced."""

    def __init__(self, settings: Settings, scanned: Scanned) -> None:
        super().__init__()
        self.settings, self.scanned = settings, scanned


class Visit:
    """One request, the language its answer is in, and whether that is a page or JSON."""

    def __init__(self, request: Request) -> None:
        self.headers: Mapping[str, str] = request.headers
        self.today = self.at = ""
        self.checkpoint: str | None = None
        """Of a genuine code, for the log."""
        self.never = False
        """Whether no try to send this form was ever stored: it was looked up."""
        self.content_type = self.headers.get("content-type")
        self.json = request.method == "POST" and "json" in (self.content_type or "").lower()
        self.query: Mapping[str, str] = request.query_params or {}
        self.language = named(self.query.get("lang")) or asked(self.headers.get("accept-language"))
        self._request = request

    def body(self) -> bytes:
        """The body. Raises TooLarge before anything else looks at it."""
        body = self._request.raw_body
        body = body.encode() if isinstance(body, str) else body
        if len(body) > LIMIT:
            raise TooLarge
        return body

    def plain(self, kind: str, status: int) -> Response:
        if self.json:
            said = messages(self.language).gettext(plain.PLAIN[kind].title)
            return answers.document({"error": kind, "message": said}, status, self.headers)
        return answers.page(plain.plain_page(self.language, kind, self.never), status, self.language, self.headers)

    def script(self, body: bytes | None, *, lasting: bool) -> Response:
        return self.plain("not_found", 404) if body is None else answers.script(body, self.headers, lasting=lasting)

    def scan(self, code: str) -> tuple[Settings, Scanned]:
        """The settings in force and what `code` stands for under them. Raises CodeRefused, Revoked."""
        now = wiring.clock()
        self.today, self.at = now.astimezone(LOCAL).date().isoformat(), stamp(now)
        settings = wiring.current_settings().current()
        scanned = judge(read(code, wiring.code_keys(), settings.deployment), settings, now)
        self.checkpoint = scanned.checkpoint.id
        if scanned.state == "revoked":
            log.note("revoked", checkpoint=scanned.checkpoint.id, poster=scanned.poster, key=scanned.key)
            raise Revoked(settings, scanned)
        return settings, scanned

    def once(self, code: str) -> tuple[Settings, Scanned]:
        """As `scan`, of a code of ours that opens no form any more. Raises CodeRefused."""
        settings = wiring.current_settings().current()
        told = read(code, wiring.code_keys(), settings.deployment)
        checkpoint = settings.checkpoint(told.checkpoint)
        if checkpoint is None:
            raise CodeRefused("checkpoint")
        return settings, Scanned(checkpoint, told.version, told.key, "revoked")

    def correction(self, fields: Fields) -> Response:
        """The page that says that this form is registered, and offers to send `fields` as a correction of that."""
        fields = {name: told for name, told in fields.items() if name != "waited"}
        renewed = {"submission": secrets.token_hex(16), "replaces": fields["submission"], "lang": self.language.code}
        page = plain.correction_page(self.language, fields | renewed)
        return answers.page(page, 409, self.language, self.headers)

    def kept(self, fields: Fields, error: Exception) -> Response:
        """The page that sends `fields` again, where `error` kept even the form from being made."""
        self.language = named(fields.get("lang")) or self.language
        page = plain.kept_page(self.language, fields)
        return answers.page(page, broken(error), self.language, self.headers)

    def scene(self, settings: Settings, scanned: Scanned, language: Language | None = None) -> pages.Scene:
        language = language or self.language
        chinese = language == CHINESE
        name, checkpoint = settings.collector.name, scanned.checkpoint
        return pages.Scene(
            language=language,
            checkpoint=checkpoint.id,
            place=checkpoint.name_zh if chinese else checkpoint.name_en,
            collector=name.zh if chinese else name.en,
            phone=settings.collector.phone,
            retention_days=settings.retention_days,
            city=settings.city,
            key_regions=settings.key_regions_at(self.at).codes,
            announcement=_in(language, settings.notices),
            asked_of_key_regions=_in(language, settings.key_region_notices),
            today=self.today,
            helper="helper" in self.query,
        )

    def form(
        self, settings: Settings, scanned: Scanned, status: int, fields: Fields | None = None, **more: Any
    ) -> Response:
        """The form, with everything of `fields` still there; fresh, with a new submission id, without them."""
        submission, replaces = ((fields or {}).get(name, "") for name in ("submission", "replaces"))
        if not isinstance(submission, str) or not SUBMISSION.fullmatch(submission):
            submission = secrets.token_hex(16)
        more["replaces"] = replaces if isinstance(replaces, str) and SUBMISSION.fullmatch(replaces) else ""
        page = pages.form_page(self.scene(settings, scanned), submission=submission, fields=fields, **more)
        return answers.page(page, status, self.language, self.headers, personal=fields is not None)


def _in(language: Language, notices: Mapping[str, str]) -> str:
    """The notice in that language, or else in Chinese."""
    return notices.get(language.code) or notices.get(CHINESE.code, "")


def broken(error: Exception) -> int:
    """Notes in the log what failed; the status that tells an outage from a fault of ours."""
    outage = isinstance(error, OUTAGES)
    log.failure("outage" if outage else "fault", error)
    return 503 if outage else 500
