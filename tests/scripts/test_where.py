"""Which system a script means."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from scripts.where import asks_where, local


def given(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    asks_where(parser)
    return parser.parse_args(arguments)


def test_the_local_stack_if_there_is_one_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    started = tmp_path / "urls.json"
    assert local(given(), started) is None, "AWS"
    started.write_text("{}")
    assert local(given(), started) == started
    assert local(given("--urls", "other.json"), started) == Path("other.json")
    assert local(given("--deployment", "kakou"), started) is None


def test_one_system_and_not_two() -> None:
    with pytest.raises(SystemExit):
        given("--urls", "a", "--deployment", "b")
