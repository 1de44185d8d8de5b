"""Which routes the desk has, and who guards each. Every one but those to sign in has the authoriser at the gateway
(`authoriser`), and looks at the session itself once more; what changes anything also asks where the request comes from.

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

from collections.abc import Callable

from chalice.app import Blueprint, IAMAuthorizer, Response

from chalicelib.web.desk import machines, poster_pages, reading, signing_in
from chalicelib.web.desk.answering import answered
from chalicelib.web.desk.authoriser import authorise
from chalicelib.web.desk.visit import Visit

blueprint = Blueprint(__name__)


def answer(work: Callable[[Visit], Response]) -> Response:
    return answered(work, blueprint.current_request)


# Open to all: signing in, and how it looks.


@blueprint.route("/sign-in", methods=["GET"], content_types=[], name="sign_in_page")
def sign_in_page() -> Response:
    return answer(signing_in.page)


@blueprint.route("/sign-in", methods=["POST"], content_types=[], name="sign_in")
def sign_in() -> Response:
    return answer(signing_in.sign_in)


@blueprint.route("/static/{name}", methods=["GET"], content_types=[], name="desk_static")
def desk_static(name: str) -> Response:
    return answer(lambda visit: visit.static(name))


# For people who are signed in


@blueprint.route("/", methods=["GET"], content_types=[], authorizer=authorise)
def dashboard() -> Response:
    return answer(reading.numbers)


@blueprint.route("/file", methods=["GET"], content_types=[], authorizer=authorise)
def file() -> Response:
    return answer(reading.file)


@blueprint.route("/journal", methods=["GET"], content_types=[], authorizer=authorise)
def journal() -> Response:
    return answer(reading.journal)


@blueprint.route("/second-factor", methods=["GET"], content_types=[], authorizer=authorise, name="factor_page")
def factor_page() -> Response:
    return answer(signing_in.factor_page)


@blueprint.route("/second-factor", methods=["POST"], content_types=[], authorizer=authorise, name="factor")
def factor() -> Response:
    return answer(signing_in.factor)


@blueprint.route("/posters", methods=["GET"], content_types=[], authorizer=authorise)
def posters_page() -> Response:
    return answer(poster_pages.all_of_them)


@blueprint.route("/poster", methods=["GET"], content_types=[], authorizer=authorise)
def poster_page() -> Response:
    return answer(poster_pages.one)


@blueprint.route("/preview", methods=["GET"], content_types=[], authorizer=authorise)
def preview() -> Response:
    return answer(poster_pages.preview)


@blueprint.route("/print", methods=["POST"], content_types=[], authorizer=authorise, name="print_posters")
def print_posters() -> Response:
    return answer(poster_pages.print_them)


@blueprint.route("/change", methods=["GET"], content_types=[], authorizer=authorise, name="change_page")
def change_page() -> Response:
    return answer(poster_pages.before_a_change)


@blueprint.route("/change", methods=["POST"], content_types=[], authorizer=authorise)
def change() -> Response:
    return answer(poster_pages.change)


# For machines, which sign their requests (SigV4): the gateway asks IAM


@blueprint.route("/machine/{proxy+}", methods=["GET"], content_types=[], authorizer=IAMAuthorizer())
def machine() -> Response:
    return machines.file(blueprint.current_request)


# For people again: the way out, and what is nowhere


@blueprint.route("/sign-out", methods=["POST"], content_types=[], authorizer=authorise)
def sign_out() -> Response:
    return answer(signing_in.sign_out)


@blueprint.route("/{name}", methods=["GET", "POST"], content_types=[], authorizer=authorise, name="no_page")
def no_page(name: str) -> Response:
    return answer(reading.nowhere)
