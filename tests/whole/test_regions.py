"""A new list of key regions on the running stack, set by `scripts/regions`, while a reader polls."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.passage.hour import GRACE, LOCAL, Hour, stamp
from chalicelib.summary.document import decode
from chalicelib.summary.pointers import Latest, decode_latest
from scripts.simulated import passages
from tests.conftest import LocalStack
from tests.whole.census import census
from tests.whole.functions import Function
from tests.whole.reader import Reader
from tests.whole.test_line import Centre, Storage, ask


@pytest.fixture(scope="module")
def stack(own_stack: LocalStack) -> LocalStack:
    return own_stack


def regions(stack: LocalStack, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "regions"), "--urls", str(stack.urls_file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_new_list_revises_what_it_touches(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    storage, centre = Storage(stack), Centre(stack)
    first_open = Hour.of(datetime.now(UTC) - GRACE)
    first, since = Hour(first_open.start - timedelta(hours=4)), Hour(first_open.start - timedelta(hours=2))
    moved = msgspec.structs.replace(storage.settings_bucket.current(), starts_at=stamp(first.start))
    storage.settings_bucket.publish(moved, stamp(datetime.now(UTC)))
    for number, made in zip(range(80), passages(66, ["101", "107"]), strict=False):
        fields: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in made.fields.items()}
        storage.register(made.checkpoint, fields, first.start + timedelta(hours=number % 4, seconds=number))

    def latest() -> Latest:
        return decode_latest(centre.file("summaries/v1/latest.json"))

    def settled() -> bool:
        return centre.document("summaries/v1/latest.json") is not None and latest().totals.passages >= 80

    centre.summarised(settled)
    codes = tmp_path / "list.csv"
    codes.write_text("代码,名称\n210100,沈阳\n110000,上海市\n2,x\n", encoding="gb18030")
    refused = regions(stack, root, "set", str(codes), "--valid-from", "2020-02-20T18:30", "--why", "x")
    assert (refused.returncode, "full hour" in refused.stderr) == (2, True)
    when = since.start.astimezone(LOCAL).strftime("%Y-%m-%dT%H:%M")
    refused = regions(stack, root, "set", str(codes), "--valid-from", when, "--why", "x")
    assert refused.returncode == 1
    assert "line 3: 110000 is 北京市" in refused.stderr
    assert "line 4: " in refused.stderr
    assert len(storage.settings_bucket.current().key_regions) == 1

    codes.write_text("代码,名称\n210100,沈阳\n230000,黑龙江省\n", encoding="gb18030")
    before = decode(centre.file(latest().operation.key))  # type: ignore[union-attr]
    with Reader(stack) as reader:
        done = regions(stack, root, "set", str(codes), "--valid-from", when, "--why", "order 12", "--by", "Li")
        assert done.returncode == 0, done.stderr
        assert "version 2: 2 divisions" in done.stdout
        assert "2 hours that have ended are told anew" in done.stdout
        Function(stack, "command", "SummariseSchedule").start_cold()
        centre.summarised(lambda: latest().key_regions_version == 2)
    assert not reader.problems
    assert len(reader.seen) >= 2

    known = latest()
    assert known.operation
    operation = decode(centre.file(known.operation.key))
    assert (before.key_regions_versions, operation.key_regions_versions) == ((1,), (1, 2))
    assert operation.reclassified_from == (1,)
    base = census(stack.client("dynamodb"), stack.urls["table"])
    (want,) = base.execute(
        "select count(*) from traveller join passage on passage.id = traveller.passage"
        " where hour >= ? and hour < ? and (hour < ? and origin like '42%'"
        " or hour >= ? and (origin like '2101%' or origin like '23%'))",
        (first.key, known.final_up_to[:13], since.key, since.key),
    ).fetchone()
    assert operation.city.from_key_regions == want > 0

    listed, logged = regions(stack, root, "list").stdout, regions(stack, root, "log").stdout
    assert "version 2" in listed
    assert "IN FORCE" in listed
    assert "210100 辽宁省沈阳市" in listed
    assert "order 12" in logged
    assert "Li (" in logged

    Function(stack, "public", "APIHandler").start_cold()
    english: Any = {"Accept-Language": "en"}
    assert "Shenyang" in ask(stack.urls["form_urls"]["101"], **english)[1], "the form asks for it"
