"""The log holds listed fields only, whatever happened."""

from __future__ import annotations

import json

import pytest

from chalicelib import log


def test_a_line_is_json_of_listed_fields(capsys: pytest.CaptureFixture[str]) -> None:
    log.note("registered", checkpoint="101", ms=12, reason=None)
    assert json.loads(capsys.readouterr().out) == {"event": "registered", "checkpoint": "101", "ms": 12}


def test_an_unlisted_field_is_refused_by_name_and_without_its_value() -> None:
    with pytest.raises(ValueError, match="name") as refused:
        log.note("registered", name="王小明")
    assert "王小明" not in str(refused.value)


def test_a_failure_is_its_class_and_place_never_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("王小明 13800138000")
    except ValueError as error:
        log.failure("failed", error, status=500)
    written = capsys.readouterr().out
    assert "ValueError" in written
    assert "王小明" not in written
    assert "\\u738b" not in written
    assert "138" not in written
