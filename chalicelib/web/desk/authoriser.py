"""Who is behind a request: a function of its own, which the gateway asks before each of the desk's routes."""

from __future__ import annotations

from typing import Any

from chalice.app import AuthRequest, Blueprint

from chalicelib import log, wiring
from chalicelib.web.desk import cookies

blueprint = Blueprint(__name__)


@blueprint.authorizer(ttl_seconds=0, header="Cookie")
def authorise(request: AuthRequest) -> dict[str, Any]:
    """Who is behind a request, asked by the gateway before any of our routes sees it. Nothing is kept between two
    requests, so that signing out counts at once.

    A denial is said and not raised: what is raised ends the process where functions run locally, and counts as an error
    on AWS. The gateway turns it into a 401 with our page (`.chalice/command.json`)."""
    log.only_ours()
    id = cookies.read(request.token).get(cookies.SESSION, "")
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
