"""The whole line on the deployed stacks: scan, register, sum up, fetch; compared with an independent count."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from botocore.exceptions import ClientError

from chalicelib.passage.decoding import Fields, decode
from chalicelib.passage.form import parse
from chalicelib.passage.hour import GRACE, LOCAL, Hour, stamp
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.registration import register
from chalicelib.passage.table import PassageTable
from chalicelib.settings import SettingsBucket
from scripts.simulated import as_json
from tests.conftest import LocalStack
from tests.parties import CITY, FORM, JSON, as_form, three
from tests.whole.census import census, tally, totals
from tests.whole.functions import Function

Found = TypeVar("Found")


def ask(url: str, body: bytes | None = None, kind: str = FORM, **headers: str) -> tuple[int, str]:
    """Status and text. It waits long: twenty at once are twenty processes that start, on two processors."""
    sent = {"Accept": "*/*", **headers} | ({"Content-Type": kind} if body is not None else {})
    request = urllib.request.Request(url, body, sent)
    try:
        with urllib.request.urlopen(request, timeout=150) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def press(url: str, fields: Fields, kind: str = FORM) -> tuple[int, str]:
    """Send as a traveller would: again, while the answer says that it is safe to."""
    body = as_form(fields) if kind == FORM else as_json(fields)
    for again in range(6):
        status, answer = ask(url, body, kind)
        if status < 500:
            break
        time.sleep(0.5 * 2**again)
    return status, answer


def signed(answer: str) -> str:
    """The signed receipt in a page or a JSON answer."""
    (found,) = set(re.findall(r"KR1-[A-Z2-7]+-[A-Z2-7]{103}", answer))
    return str(found)


JOURNEY = """(case when origin not glob '[0-9]*' then origin
    when substr(origin, 1, 2) in ('11', '12', '31', '50') then substr(origin, 1, 2) || '0000'
    when substr(origin, 3, 2) = '90' then origin else substr(origin, 1, 4) || '00' end) || '>' || township"""
"""From which city to which township."""

LOCAL_HOUR = "printf('%02d', (cast(substr(at, 12, 2) as int) + 8) % 24)"
"""The hour of the day in China at which a passage arrived."""

DEGREES = "case when temperature is null then 'not_told' else printf('%.1f', temperature / 10.0) end"


def arrivals(base: Any, where: str) -> dict[str, int]:
    """Passages by the hour of the day at which they arrived."""
    rows = base.execute(f"select {LOCAL_HOUR}, count(*) from passage where {where} group by 1")
    return dict(rows.fetchall())


def eventually(look: Callable[[], Found | None], seconds: float = 150) -> Found:
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < until, f"did not come about within {seconds} s"
        time.sleep(1)


class Storage:
    """The storage layer with the deployed stack's own keys, for what happened at another time than now."""

    def __init__(self, stack: LocalStack) -> None:
        data = stack.outputs["data"]
        self.settings_bucket = SettingsBucket(stack.client("s3"), data["SettingsBucket"])
        secret = stack.client("secretsmanager").get_secret_value(SecretId=data["PublicSecretArn"])["SecretString"]
        self.settings = self.settings_bucket.current()
        self.keys = PassageKeys.of(json.loads(secret)["public"].encode(), self.settings.deployment)
        self.table = PassageTable(stack.client("dynamodb"), stack.urls["table"])

    def seal(self, plain: bytes) -> bytes:
        return b"sealed elsewhere"

    def register(self, checkpoint: str, fields: Fields, at: datetime) -> str:
        passage = parse(
            decode(as_form(fields), FORM), checkpoint=checkpoint, city=CITY, today=at.astimezone(LOCAL).date()
        )
        return register(
            passage, poster=1, key="A", now=at, retention_days=30, deployment=self.settings.deployment,
            keys=self.keys, sealer=self, table=self.table,
        ).signed  # fmt: skip


class Centre:
    """The command centre: reads the summaries' bucket, and the table for its independent count."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self._schedule = Function(stack, "command", "SummariseSchedule")

    def summarised(self, look: Callable[[], Found | None]) -> Found:
        """What `look` finds when the schedule has run: woken by us, nobody waits for its minute."""

        def run_and_look() -> Found | None:
            self._schedule.run()
            return look()

        return eventually(run_and_look, 60)

    def file(self, key: str) -> bytes:
        return bytes(self.stack.client("s3").get_object(Bucket=self.stack.urls["bucket"], Key=key)["Body"].read())

    def document(self, key: str) -> dict[str, Any] | None:
        try:
            document: dict[str, Any] = json.loads(self.file(key))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"
            return None
        return document

    def now_with(self, passages: int) -> dict[str, Any] | None:
        """`now.json`, if it counts so many passages."""
        now = self.document("summaries/v1/now.json")
        return now if now and now["totals"]["passages"] >= passages else None

    def census(self) -> Any:
        return census(self.stack.client("dynamodb"), self.stack.urls["table"])


@pytest.fixture(scope="module")
def stack(own_stack: LocalStack) -> LocalStack:
    return own_stack


@pytest.fixture(scope="module")
def centre(stack: LocalStack) -> Centre:
    return Centre(stack)


@pytest.fixture(scope="module", autouse=True)
def past(stack: LocalStack) -> list[Hour]:
    """Three hours that are closed, with 150 passages, put there before the schedule first looks: the operation began
    with them. The other tests' passages come on top."""
    from scripts.simulated import passages

    storage = Storage(stack)
    first_open = Hour.of(datetime.now(UTC) - GRACE)
    hours = [Hour(first_open.start - timedelta(hours=n)) for n in (3, 2, 1)]
    moved = msgspec.structs.replace(storage.settings, starts_at=stamp(hours[0].start))
    storage.settings_bucket.publish(moved, stamp(datetime.now(UTC)))
    checkpoints = [checkpoint.id for checkpoint in moved.checkpoints][:9]
    for number, simulated in zip(range(150), passages(5, checkpoints), strict=False):
        fields: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in simulated.fields.items()}
        at = hours[number % 3].start + timedelta(seconds=23 * number, milliseconds=number)
        storage.register(simulated.checkpoint, fields, at)
    return hours


def test_a_newcomer_registers_and_the_centre_has_it(stack: LocalStack, centre: Centre, tmp_path: Path) -> None:
    url = stack.urls["form_urls"]["103"]
    status, page = ask(url)
    assert status == 200
    submission = re.search(r'name="?submission"? value="?([0-9a-f]{32})', page)
    assert submission
    before = totals(centre.census())["passages"]
    status, receipt = press(url, three(submission[1]))
    assert status == 201
    assert signed(receipt)

    # The schedule's own clock wakes it, here and at the end of test_faults.py; elsewhere the tests do.
    eventually(lambda: centre.now_with(before + 1))
    fetched = subprocess.run(
        [sys.executable, "scripts/fetch_summaries", "--urls", str(stack.urls_file), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert fetched.returncode == 0, fetched.stderr + fetched.stdout
    now = json.loads((tmp_path / "now.json").read_bytes())
    assert now["checkpoints"]["103"]["totals"]["travellers"] >= 3
    rows = list(csv.DictReader(io.StringIO((tmp_path / "now.csv").read_text("utf-8-sig"))))
    assert any(row.get("checkpoint") == "103" for row in rows)


def test_twenty_at_once_and_again_and_as_json_is_one_passage_with_one_receipt(
    stack: LocalStack, centre: Centre
) -> None:
    url, fields = stack.urls["form_urls"]["104"], three("20" * 16)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: press(url, fields), range(20)))
    answers += [press(url, fields, JSON), press(url, fields)]
    assert {status for status, _ in answers} == {201}
    assert len({signed(answer) for _, answer in answers}) == 1
    found = centre.census().execute("select count(*) from passage where id = ?", ("20" * 16,)).fetchone()
    assert found == (1,)
    status, _ = press(url, three("20" * 16) | {"travellers.0.name": "李雷"})
    assert status == 409
    status, _ = press(stack.urls["form_urls"]["105"], fields)
    assert status == 409
    assert signed(press(url, fields)[1]) == signed(answers[0][1])


def test_again_after_the_hour_and_the_day_have_turned_is_the_same_receipt(stack: LocalStack, centre: Centre) -> None:
    storage = Storage(stack)
    for number, ago in enumerate((timedelta(hours=1), timedelta(days=1))):
        fields = three(f"{number:02d}" * 16)
        then = storage.register("106", fields, datetime.now(UTC) - ago)
        status, answer = press(stack.urls["form_urls"]["106"], fields)
        assert status == 201
        assert signed(answer) == then
    ids = ("00" * 16, "01" * 16)
    assert centre.census().execute("select count(*) from passage where id in (?, ?)", ids).fetchone() == (2,)


def test_closed_hours_become_final_and_equal_the_independent_count(past: list[Hour], centre: Centre) -> None:
    """The passage that the test before put into an hour that was final by then comes as a revision."""
    settings = Storage(centre.stack).settings
    base = centre.census()

    def closed(latest: dict[str, Any]) -> str:
        return f"hour >= '{past[0].key}' and hour < '{latest['final_up_to'][:13]}'"

    def settled() -> dict[str, Any] | None:
        latest = centre.document("summaries/v1/latest.json")
        return latest if latest and latest["totals"] == totals(base, closed(latest)) else None

    latest = centre.summarised(settled)
    assert latest["final_up_to"] >= stamp(past[-1].end)
    assert latest["totals"]["passages"] >= 150
    within = closed(latest)
    summary = json.loads(centre.file(latest["operation"]["key"]))
    assert {name: summary["city"][name] for name in latest["totals"]} == latest["totals"]
    for subject, column in (
        ("origin", "origin"), ("township", "township"), ("purpose", "purpose"), ("document", "document"),
    ):  # fmt: skip
        assert summary["city"]["by"][subject] == tally(base, column, within)
    listed = {checkpoint.id for checkpoint in settings.checkpoints}
    assert summary["checkpoints"].keys() == listed
    for checkpoint, there in summary["checkpoints"].items():
        counted = totals(base, f"{within} and checkpoint = '{checkpoint}'")
        assert {name: there["counts"][name] for name in counted} == counted
        assert (there["state"] == "silent") == (counted["passages"] == 0)
        assert (there["since"] is not None) == (there["state"] == "silent")


def test_the_reports_lie_beside_the_summaries_they_show(past: list[Hour], centre: Centre) -> None:
    """Made by the packaged schedule, named by digest, with that summary's numbers."""

    def reported() -> list[dict[str, Any]] | None:
        latest = centre.document("summaries/v1/latest.json")
        shown = [*latest["days"], *([latest["today"]] if latest["today"] else [])] if latest else []
        return shown if shown and all(each["html"] and each["xlsx"] for each in shown) else None

    for each in centre.summarised(reported):
        travellers = json.loads(centre.file(each["key"]))["city"]["travellers"]
        page = centre.file(each["html"]["key"])
        assert hashlib.sha256(page).hexdigest() == each["html"]["digest"]
        assert f'value="{travellers}" data-at="0/city/travellers"'.encode() in page
        book = centre.file(each["xlsx"]["key"])
        assert hashlib.sha256(book).hexdigest() == each["xlsx"]["digest"]
        assert book.startswith(b"PK")


def test_a_thousand_simulated_passages_are_all_in_the_summaries(
    stack: LocalStack, centre: Centre, past: list[Hour]
) -> None:
    sent = subprocess.run(
        [sys.executable, "scripts/simulate", "1000", "--seed", "11", "--urls", str(stack.urls_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert sent.returncode == 0, sent.stdout + sent.stderr
    base = centre.census()
    start = f"hour >= '{past[0].key}'"
    want = totals(base, start)
    assert want["passages"] >= 1000

    now = centre.summarised(lambda: centre.now_with(want["passages"]))
    assert now["totals"] == want
    for checkpoint, there in now["checkpoints"].items():
        assert there["totals"] == totals(base, f"{start} and checkpoint = '{checkpoint}'")
    assert len(now["checkpoints"]) == 18
