"""Which routes and schedules exist, on which stack. Chalice packages one stage per stack (`.chalice/config.json`)."""

import os
from collections.abc import Callable

from chalice.app import CaseInsensitiveMapping, Chalice, Request, Response

from chalicelib import log

log.only_ours()
app = Chalice("kakou")
app.api.binary_types = ["*/*"]  # the gateway leaves bodies as they are, both ways; so every body of ours is bytes

STACK = os.environ.get("KAKOU_STACK", "public")

if STACK == "public":
    from chalicelib.web import public

    app.register_blueprint(public.blueprint)
elif STACK == "command":
    from chalicelib import jobs
    from chalicelib.web.desk import authoriser, routes

    app.register_blueprint(jobs.blueprint)
    app.register_blueprint(authoriser.blueprint)
    app.register_blueprint(routes.blueprint)
else:
    raise ValueError(f"KAKOU_STACK is public or command, not {STACK!r}")


@app.middleware("http")
def accept_anything(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Who names no type accepts any (RFC 9110, 12.5.1); Chalice would answer 400, and only after the work is done."""
    if "accept" not in request.headers:
        request.headers = CaseInsensitiveMapping({**request.headers, "accept": "*/*"})
    return get_response(request)
