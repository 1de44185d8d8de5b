"""The public stack's routes: what HTTP says in our words, and our words in what HTTP says. Nothing else happens here.

| answer | means |
|---|---|
| 201 | registered; the body is the receipt. No other answer means that |
| 200 | the form; a script; the keys that verify receipts |
| 303 | what was typed by hand stands on a poster: its form |
| 400, 413, 415 | what was sent cannot be read, is too long, is of another type |
| 404, 410 | no code of ours; a poster that was replaced: it takes nothing but what stands already, and its correction |
| 409 | this submission id stands for another passage: keep the receipt, or send this as a correction |
| 422 | answers to mend, all at once; or there is nothing here that this would correct |
| 429 | too much that was wrong was typed by hand |
| 500, 503 | not confirmed; sending again is safe |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib import divisions, log, wiring
from chalicelib.checkpoint.code import CodeRefused, Scanned
from chalicelib.passage import codes
from chalicelib.passage.decoding import Fields, TooLarge, Undecodable, UnsupportedType, decode
from chalicelib.passage.form import SUBMISSION, Problem, Unacceptable, parse, travellers_in, waited
from chalicelib.passage.hour import LOCAL
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.passage import Passage
from chalicelib.passage.receipt import Receipt, published
from chalicelib.passage.registration import AnotherPassage, NothingToCorrect, register
from chalicelib.settings import Settings
from chalicelib.web import answers, pages, plain, receipts, scans, scripts
from chalicelib.web.language import LANGUAGES, asked, named
from chalicelib.web.visit import Revoked, Visit, broken

blueprint = Blueprint(__name__)

_REFUSALS: tuple[tuple[type[Exception], str, int], ...] = (
    (CodeRefused, "code_refused", 404),
    (Revoked, "revoked", 410),
    (TooLarge, "too_large", 413),
    (UnsupportedType, "unsupported_type", 415),
    (Undecodable, "undecodable", 400),
    (AnotherPassage, "another_passage", 409),
    (scans.TooManyTries, "too_many_tries", 429),
)
"""Error -> the plain page that says it (`plain.PLAIN`) and the status."""


# No list of content types at any route: Chalice would answer 415 itself, in JSON, to people.


@blueprint.route("/", methods=["GET"], content_types=[])
def home() -> Response:
    return _answer(_home)


@blueprint.route("/C/{code}", methods=["GET"], content_types=[], name="open_form")
@blueprint.route("/c/{code}", methods=["GET"], content_types=[], name="open_form_small")
def open_form(code: str) -> Response:
    return _answer(lambda visit: _open(visit, code))


@blueprint.route("/C/{code}", methods=["POST"], content_types=[], name="take_form")
@blueprint.route("/c/{code}", methods=["POST"], content_types=[], name="take_form_small")
def take_form(code: str) -> Response:
    return _answer(lambda visit: _take(visit, code))


@blueprint.route("/static/{name}", methods=["GET"], content_types=[])
def static(name: str) -> Response:
    return _answer(lambda visit: visit.script(scripts.static(name), lasting=True))


@blueprint.route("/worker.js", methods=["GET"], content_types=[])
def worker() -> Response:
    return _answer(lambda visit: visit.script(scripts.worker(), lasting=False))


@blueprint.route("/receipt-keys", methods=["GET"], content_types=[])
def receipt_keys() -> Response:
    return _answer(_receipt_keys)


@blueprint.route("/{proxy+}", methods=["GET", "POST"], content_types=[])
def elsewhere() -> Response:
    return _answer(lambda visit: visit.plain("not_found", 404))


def _answer(work: Callable[[Visit], Response]) -> Response:
    """What `work` answers to the current request, or the page that says why it did not."""
    visit = Visit(blueprint.current_request)
    response = _attempt(visit, work)
    log.note("answer", status=response.status_code, checkpoint=visit.checkpoint)
    return response


def _attempt(visit: Visit, work: Callable[[Visit], Response]) -> Response:
    try:
        return work(visit)
    except Exception as error:
        for kind, page, status in _REFUSALS:
            if isinstance(error, kind):
                if isinstance(error, CodeRefused):
                    log.note("code_refused", reason=error.reason)
                return visit.plain(page, status)
        return visit.plain("unavailable", broken(error))


def _receipt_keys(visit: Visit) -> Response:
    """The public keys that verify receipts, for everybody. No secret leaves: a public key is made of ours, one way."""
    deployment = wiring.current_settings().current().deployment
    keys = PassageKeys.of(wiring.public_secret(), deployment)
    return answers.document(published(keys, deployment), 200, visit.headers, seconds=300)


def _home(visit: Visit) -> Response:
    """What to do without a form; or the form of the poster whose number and short code were typed."""
    if not visit.query.keys() & {"checkpoint", "tag"}:
        return visit.plain("home", 200)
    try:
        place = scans.by_hand(visit.query.get("checkpoint", ""), visit.query.get("tag", ""))
    except CodeRefused as refused:
        log.note("code_refused", reason=refused.reason)
        return visit.plain("typed_refused", 404)
    changed = visit.language != asked(visit.headers.get("accept-language"))
    return answers.elsewhere(f"{place}?lang={visit.language.code}" if changed else place)


def _open(visit: Visit, code: str) -> Response:
    try:
        return visit.form(*visit.scan(code), 200)
    except Revoked as revoked:
        if "lang" not in visit.query:  # else the same person reads the same page in another language
            scans.count(revoked.scanned, revoked.settings)
        raise


def _take(visit: Visit, code: str) -> Response:
    """A form that was sent: the receipt, or the form again with what there is to mend."""
    body = visit.body()
    try:
        settings, scanned = visit.scan(code)
    except (CodeRefused, Revoked) as refused:
        settings, scanned = visit.once(code)
        if not _stands(decode(body, visit.content_type, visit.headers.get("content-encoding"))):
            visit.never = True
            raise refused from None
    except Exception as error:
        if visit.json:
            raise
        return visit.kept(decode(body, visit.content_type, visit.headers.get("content-encoding")), error)
    fields = decode(body, visit.content_type, visit.headers.get("content-encoding"))
    visit.language = named(fields.pop("lang", None)) or visit.language
    action = fields.pop("action", None)
    if action is not None and (visit.json or action != "send"):
        return visit.form(settings, scanned, 200, _changed(visit, fields, str(action)))
    now = wiring.clock()
    try:
        passage = parse(
            fields, checkpoint=scanned.checkpoint.id, city=settings.city, today=now.astimezone(LOCAL).date()
        )
        try:
            receipt = _register(passage, settings, scanned, now, waited(fields))
        except NothingToCorrect:
            raise Unacceptable((Problem("replaces", "replaces_unknown"),)) from None
        if visit.json:
            return answers.document(receipt, 201, visit.headers)
        page = receipts.receipt_page(
            visit.scene(settings, scanned),
            receipt,
            answered=wiring.clock(),
            noticed=_from_key_region(passage, settings, visit.at),
            others=[visit.scene(settings, scanned, other) for other in LANGUAGES if other != visit.language],
        )
        return answers.page(page, 201, visit.language, visit.headers)
    except Unacceptable as error:
        if visit.json:
            told = pages.sentences(visit.language, error.problems)
            problems = [
                {"field": p.field, "rule": p.rule, "choices": p.choices, "message": said.sentence}
                for p, said in zip(error.problems, told, strict=True)
            ]
            return answers.document({"error": "unacceptable", "problems": problems}, 422, visit.headers)
        if any(problem.field == "replaces" for problem in error.problems):
            fields = {name: told for name, told in fields.items() if name != "replaces"}
        return visit.form(settings, scanned, 422, fields, problems=error.problems)
    except AnotherPassage:
        if visit.json:
            raise
        return visit.correction(fields)
    except Exception as error:
        if visit.json:
            raise
        # The traveller has typed for minutes: whatever failed, the form comes back whole.
        return visit.form(settings, scanned, broken(error), fields, not_registered=True)


def _stands(fields: Fields) -> bool:
    """Whether this form, or what it corrects, was stored once: then it has its receipt, or is corrected, though its
    poster takes no other any more. Raises NotStored where that cannot be known."""
    told = {fields.get(name) for name in ("submission", "replaces")}
    ids = [each for each in told if isinstance(each, str) and SUBMISSION.fullmatch(each)]
    return bool(ids) and any(wiring.passage_table().guards(*ids))


def _register(passage: Passage, settings: Settings, scanned: Scanned, now: datetime, seconds: int | None) -> Receipt:
    return register(
        passage,
        poster=scanned.poster,
        key=scanned.key,
        retiring=scanned.state == "retiring",
        waited=seconds,
        now=now,
        retention_days=settings.retention_days,
        deployment=settings.deployment,
        keys=PassageKeys.of(wiring.public_secret(), settings.deployment),
        sealer=wiring.sealer(),
        table=wiring.passage_table(),
    )


def _changed(visit: Visit, fields: Fields, action: str) -> Fields:
    """The fields after one of the form's other buttons; none of them stores anything. Raises Undecodable for an action
    that no button of ours has."""
    match = re.fullmatch("(add)|remove-([1-9][0-9]?)|lang-([a-z]{2})", action)
    if visit.json or not match:
        raise Undecodable("unknown_field")
    if match[3]:
        visit.language = named(match[3]) or visit.language
        return fields
    party = travellers_in(fields)
    if match[1]:
        return fields | {f"travellers.{len(party)}.name": ""} if len(party) < codes.MAX_TRAVELLERS else fields
    gone = int(match[2])
    left: Fields = {}
    for name, value in fields.items():
        parts = name.split(".")
        at = int(parts[1]) if len(parts) == 3 else -1
        if at != gone:
            left[f"travellers.{at - 1}.{parts[2]}" if at > gone else name] = value
    return left


def _from_key_region(passage: Passage, settings: Settings, at: str) -> bool:
    """Whether anyone of the party stayed in a key region or comes from one, by the list in force `at` the moment."""
    regions = set(settings.key_regions_at(at).codes)
    return any(
        t.key_region_stay or any(place.code in regions for place in divisions.lineage(t.origin))
        for t in passage.travellers
    )


@blueprint.middleware("http")
def _own_words(request: Request | None, answer: Callable[[Any], Response]) -> Response:
    """Middleware: where Chalice would answer people in JSON of its own (a wrong method, a fault in it), our page."""
    response = answer(request)
    if isinstance(response.body, bytes):
        return response
    headers: Mapping[str, str] = request.headers if request is not None else {}
    language = asked(headers.get("accept-language"))
    status = response.status_code if response.status_code >= 400 else 500
    kind = "unavailable" if status >= 500 else "not_found"
    return answers.page(plain.plain_page(language, kind), status, language, headers)
