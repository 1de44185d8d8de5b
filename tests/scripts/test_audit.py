"""The audit: nothing dangerous without a reason, and what was not audited never looks audited."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def audit(root: Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("audit", str(root / "scripts" / "audit"))
    spec = importlib.util.spec_from_loader("audit", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_bandit_finds_nothing_that_has_no_reason(audit: ModuleType) -> None:
    assert audit.code() == []


def test_a_reason_counts_where_it_is_given_and_nowhere_else(audit: ModuleType) -> None:
    assert audit.reason("B603", "scripts/deploy")
    assert audit.reason("B603", "./scripts/stacks/packaging.py")
    assert not audit.reason("B603", "chalicelib/wiring.py")
    assert not audit.reason("B307", "scripts/deploy")
    assert all(audit.STANDING.values())


def test_what_was_skipped_is_not_audited_and_nothing_at_all_neither(audit: ModuleType) -> None:
    told = json.dumps(
        {
            "dependencies": [
                {"name": "a", "version": "1", "vulns": []},
                {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}]},
                {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited"},
            ]
        }
    )
    assert audit.judged(told, 3) == (["b 2: PYSEC-1"], 2, 1)
    for nothing in ("", "{}", "null", '{"dependencies": []}'):
        assert audit.judged(nothing, 3) == ([], 0, 3)
