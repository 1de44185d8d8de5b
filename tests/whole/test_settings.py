"""A new list of key regions on the running stack, set by `scripts/regions`, while a reader polls; and what else may be
set there, by `scripts/settings`."""

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


def asked(stack: LocalStack, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "settings"), "--urls", str(stack.urls_file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def put(stack: LocalStack, root: Path, name: str, value: str) -> subprocess.CompletedProcess[str]:
    return asked(stack, root, "set", name, value, "--why", "order 14", "--by", "Li")


def test_they_are_set_shown_and_logged_and_what_was_before_is_kept(stack: LocalStack, root: Path) -> None:
    bucket = Storage(stack).settings_bucket
    before = bucket.current()
    try:
        for name, value in (("fever", "37.5"), ("retention-days", "14"), ("notice-en", "Wear a mask."),
                            ("key-region-notice-zh", "请居家十四天。"), ("phone", "0412-999"),
                            ("collector-zh", "海城市指挥部")):  # fmt: skip
            done = put(stack, root, name, value)
            assert done.returncode == 0, done.stderr
            assert f"{name}: {value}" in done.stdout
        shown = asked(stack, root, "list").stdout
        settings = bucket.current()
        assert settings.key_region_notices == {"zh": "请居家十四天。"}
        assert (settings.fever, settings.retention_days, settings.notices["en"]) == (375, 14, "Wear a mask.")
        assert (settings.collector.phone, settings.collector.name.zh) == ("0412-999", "海城市指挥部")
        assert settings.collector.name.en == before.collector.name.en
        assert [line.split()[:2] for line in shown.splitlines()[:2]] == [["fever", "37.5"], ["retention-days", "14"]]
        assert settings.fever_at(before.starts_at) == before.fever
        assert [(each.fever, each.retention_days) for each in settings.before[-2:]] == [
            (before.fever, before.retention_days), (375, before.retention_days),
        ]  # fmt: skip
        log = asked(stack, root, "log", "--last", "6").stdout
        assert "set fever 37.5" in log
        assert "Li (arn:" in log
        assert "order 14" in log
    finally:
        for name, value in (("fever", f"{before.fever / 10:.1f}"), ("retention-days", str(before.retention_days)),
                            ("notice-en", before.notices.get("en", "")), ("phone", before.collector.phone),
                            ("key-region-notice-zh", ""), ("collector-zh", before.collector.name.zh)):  # fmt: skip
            put(stack, root, name, value)
    after = bucket.current()
    assert (after.fever, after.notices, after.collector) == (before.fever, before.notices, before.collector)


@pytest.mark.parametrize(
    ("name", "value", "code", "said"),
    [
        ("fever", "37,5", 1, "one decimal place"),
        ("fever", "45.0", 1, "fever: must be from 370 to 390"),
        ("fever", "37.3", 1, "nothing would change"),
        ("retention-days", "91", 1, "retention_days: must be from 1 to 90"),
        ("retention-days", "many", 1, "a number of days"),
        ("notice-en", "a\nb", 1, "notices.en"),
        ("phone", "call us", 1, "collector.phone"),
        ("colour", "red", 2, "invalid choice"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    stack: LocalStack, root: Path, name: str, value: str, code: int, said: str
) -> None:
    before = Storage(stack).settings_bucket.current()
    done = put(stack, root, name, value)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert Storage(stack).settings_bucket.current() == before
