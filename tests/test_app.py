"""The app of each stack: which routes and schedules exist there and nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = """
import json, app
print(json.dumps([sorted(app.app.routes), [name for name in app.app.handler_map if name.endswith('schedule')]]))
"""


def of(stack: str, root: Path, ask: str = ASK) -> subprocess.CompletedProcess[str]:
    """Each stack's app in a process of its own, as it is on Lambda."""
    return subprocess.run(
        [sys.executable, "-c", ask],
        cwd=root,
        env={**os.environ, "KAKOU_STACK": stack},
        capture_output=True,
        text=True,
        check=False,
    )


GUARDS = """
import json, app
print(json.dumps({f"{method} {path}": getattr(route.authorizer, "name", None)
    for path, methods in app.app.routes.items() for method, route in methods.items()}))
"""


def test_every_route_of_the_command_stack_has_an_authoriser_but_the_way_in(root: Path) -> None:
    guards = json.loads(of("command", root, GUARDS).stdout)
    assert {route for route, guard in guards.items() if guard is None} == {
        "GET /sign-in", "POST /sign-in", "GET /static/{name}",
    }  # fmt: skip
    assert set(guards.values()) <= {None, "authorise", "sigv4"}


@pytest.mark.parametrize(
    ("stack", "routes", "schedules"),
    [
        ("public", ["/", "/C/{code}", "/c/{code}", "/receipt-keys", "/static/{name}", "/worker.js", "/{proxy+}"], []),
        (
            "command",
            [
                "/",
                "/change",
                "/file",
                "/journal",
                "/machine/{proxy+}",
                "/poster",
                "/posters",
                "/preview",
                "/print",
                "/second-factor",
                "/sign-in",
                "/sign-out",
                "/static/{name}",
                "/{name}",
            ],
            ["summarise_schedule"],
        ),
    ],
)
def test_each_stack_has_its_own_routes_and_schedules(
    root: Path, stack: str, routes: list[str], schedules: list[str]
) -> None:
    done = of(stack, root)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [routes, schedules]


def test_an_unknown_stack_is_refused(root: Path) -> None:
    assert "KAKOU_STACK is public or command, not 'both'" in of("both", root).stderr


LOUD = """
import logging, app
assert not app.app.debug
logging.lastResort.setLevel(0)
for name in ("", "kakou", "botocore", "aws_encryption_sdk", "urllib3"):
    logger = logging.getLogger(name)
    logger.setLevel(1)
    logger.addHandler(logging.StreamHandler())
    logger.critical("13800138000")
    try:
        raise ValueError("13800138000")
    except ValueError:
        logger.exception("13800138000")
app.app.log.critical("13800138000")
print("done")
"""


@pytest.mark.parametrize("stack", ["public", "command"])
def test_no_library_can_log_and_chalice_does_not_debug(root: Path, stack: str) -> None:
    """Their messages and tracebacks hold what people typed: Chalice's 500 and botocore's checks do."""
    done = of(stack, root, LOUD)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


AROUND = """
import contextlib, logging, sys
from chalicelib.{module} import {name}
logging.basicConfig(level=0)  # Lambda's runtime puts a handler of its own at the root, too
with contextlib.suppress(Exception):
    {name}({event}, None)
assert "app" not in sys.modules
logging.getLogger("botocore").critical("13800138000")
print("done")
"""


@pytest.mark.parametrize(
    ("module", "name", "event"),
    [
        ("web.desk.authoriser", "authorise", "dict(type='', authorizationToken='', methodArn='')"),
        ("jobs", "summarise_schedule", "dict.fromkeys(['source', 'time', 'resources', 'region', 'version'], '') | "
         "{'detail-type': '', 'detail': {}, 'id': '', 'account': ''}"),
    ],
)  # fmt: skip
def test_nor_where_a_function_begins_without_the_app(root: Path, module: str, name: str, event: str) -> None:
    """Lambda calls these by their own modules (the `Handler` of the packaged template)."""
    done = of("command", root, AROUND.format(module=module, name=name, event=event))
    assert "13800138000" not in done.stdout + done.stderr
    assert done.stdout.splitlines()[-1:] == ["done"], done.stderr


def test_a_fault_that_chalice_meets_itself_is_logged_nowhere(root: Path) -> None:
    ask = """
import app
event = {"multiValueQueryStringParameters": None, "headers": {"accept": "13800138000"}, "pathParameters": None,
         "requestContext": {"httpMethod": "GET", "resourcePath": "/C/{code}"}, "body": "13800138000",
         "stageVariables": None}
print(app.app(event, None)["statusCode"])
"""
    done = of("public", root, ask)
    assert "13800138000" not in done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "500"
