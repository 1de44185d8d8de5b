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


def of(stack: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Each stack's app in a process of its own, as it is on Lambda."""
    return subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=root,
        env={**os.environ, "KAKOU_STACK": stack},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("stack", "routes", "schedules"),
    [
        ("public", ["/", "/C/{code}", "/c/{code}", "/{proxy+}"], []),
        ("command", [], ["summarise_schedule"]),
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
