"""docs/security.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path


def test_every_test_that_the_threat_model_names_exists(root: Path) -> None:
    text = (root / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[^`:]+?)(?:::(\w+))?`", text)
    assert len(named) >= 20
    for path, function in named:
        there = root / path
        assert there.exists(), path
        if function:
            assert f"def {function}(" in there.read_text(encoding="utf-8"), f"{path}::{function}"


def test_every_promise_has_its_line(root: Path) -> None:
    """Those of the README, by number."""
    security = (root / "docs" / "security.md").read_text(encoding="utf-8")
    promises = re.findall(r"^(\d+)\. \*\*", (root / "README.md").read_text(encoding="utf-8"), flags=re.M)
    assert promises
    for number in promises:
        assert re.search(rf"^\| {number} \|.*`tests/", security, flags=re.M), f"promise {number} names no test"
