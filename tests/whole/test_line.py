"""The whole line on the deployed stacks: scan, register, sum up, fetch; compared with an independent count."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from chalicelib.passage.decoding import Fields, decode
from chalicelib.passage.form import parse
from chalicelib.passage.hour import GRACE, LOCAL, Hour, stamp
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.registration import register
from chalicelib.passage.table import PassageTable
from chalicelib.settings import SettingsBucket
from tests.conftest import LocalStack
from tests.parties import CITY, FORM, JSON, as_form, as_json, three
from tests.whole.census import census, tally, totals

Found = TypeVar("Found")


def ask(url: str, body: bytes | None = None, kind: str = FORM, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, body, {"Content-Type": kind, **headers} if body is not None else headers)
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:
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


def eventually(look: Callable[[], Found | None], seconds: float = 150) -> Found:
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < until, f"did not come about within {seconds} s"
        time.sleep(1)


class Centre:
    """The command centre: reads the summaries' bucket, and the table for its independent count."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack

    def file(self, key: str) -> bytes:
        return bytes(self.stack.client("s3").get_object(Bucket=self.stack.urls["bucket"], Key=key)["Body"].read())

    def document(self, key: str) -> dict[str, Any] | None:
        s3 = self.stack.client("s3")
        try:
            document: dict[str, Any] = json.loads(self.file(key))
        except s3.exceptions.NoSuchKey:
            return None
        return document

    def now_with(self, passages: int) -> dict[str, Any]:
        """`now.json` as soon as it counts so many passages."""

        def look() -> dict[str, Any] | None:
            now = self.document("summaries/v1/now.json")
            return now if now and now["totals"]["passages"] >= passages else None

        return eventually(look)

    def census(self) -> Any:
        return census(self.stack.client("dynamodb"), self.stack.urls["table"])


@pytest.fixture(scope="module")
def centre(stack: LocalStack) -> Iterator[Centre]:
    yield Centre(stack)


def test_a_newcomer_registers_and_the_centre_has_it(stack: LocalStack, centre: Centre, tmp_path: Path) -> None:
    url = stack.urls["form_urls"]["103"]
    status, page = ask(url)
    assert status == 200
    submission = re.search(r'name="submission" value="([0-9a-f]{32})"', page)
    assert submission
    before = totals(centre.census())["passages"]
    status, receipt = press(url, three(submission[1]))
    assert status == 201
    assert signed(receipt)

    centre.now_with(before + 1)
    fetched = subprocess.run(
        [sys.executable, "scripts/fetch_summaries", "--urls", str(stack.urls_file), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert fetched.returncode == 0, fetched.stderr + fetched.stdout
    now = json.loads((tmp_path / "summaries/v1/now.json").read_bytes())
    assert now["checkpoints"]["103"]["totals"]["travellers"] >= 3
    rows = list(csv.DictReader(io.StringIO((tmp_path / "summaries/v1/now.csv").read_text("utf-8-sig"))))
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


def test_closed_hours_become_final_and_equal_the_independent_count(stack: LocalStack, centre: Centre) -> None:
    from scripts.simulated import passages

    storage = Storage(stack)
    first_open = Hour.of(datetime.now(UTC) - GRACE)
    hours = [Hour(first_open.start - timedelta(hours=n)) for n in (3, 2, 1)]
    # The operation began three closed hours ago; the schedule finds them lacking and makes them, whatever it did before.
    moved = msgspec.structs.replace(storage.settings_bucket.current(), starts_at=stamp(hours[0].start))
    storage.settings_bucket.publish(moved, stamp(datetime.now(UTC)))
    checkpoints = [checkpoint.id for checkpoint in moved.checkpoints][:9]
    made = passages(5, checkpoints)
    for number, simulated in zip(range(150), made, strict=False):
        fields: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in simulated.fields.items()}
        at = hours[number % 3].start + timedelta(seconds=24 * number, milliseconds=number)
        storage.register(simulated.checkpoint, fields, at)
    base = centre.census()
    closed = f"hour >= '{hours[0].key}' and hour < '{first_open.key}'"

    def settled() -> dict[str, Any] | None:
        latest = centre.document("summaries/v1/latest.json")
        want = totals(base, closed)
        return (
            latest
            if latest
            and latest["begins" if "begins" in latest else "from"] == stamp(hours[0].start)
            and latest["totals"] == want
            else None
        )

    latest = eventually(settled)
    assert latest["final_up_to"] >= stamp(first_open.start)
    summary = json.loads(centre.file(latest["operation"]["key"]))
    assert {name: summary["city"][name] for name in latest["totals"]} == latest["totals"]
    for subject, column in (
        ("origin", "origin"), ("township", "township"), ("purpose", "purpose"), ("document", "document"),
    ):  # fmt: skip
        assert summary["city"]["by"][subject] == tally(base, column, closed)
    listed = {checkpoint.id for checkpoint in moved.checkpoints}
    assert summary["checkpoints"].keys() == listed
    for checkpoint, there in summary["checkpoints"].items():
        counted = totals(base, f"{closed} and checkpoint = '{checkpoint}'")
        assert {name: there["counts"][name] for name in counted} == counted
        assert (there["state"] == "silent") == (counted["passages"] == 0)
        assert (there["since"] is not None) == (there["state"] == "silent")


def test_a_thousand_simulated_passages_are_all_in_the_summaries(stack: LocalStack, centre: Centre) -> None:
    sent = subprocess.run(
        [sys.executable, "scripts/simulate", "1000", "--seed", "11", "--urls", str(stack.urls_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert sent.returncode == 0, sent.stdout + sent.stderr
    base = centre.census()
    want = totals(
        base,
        f"hour >= '{SettingsBucket(stack.client('s3'), stack.outputs['data']['SettingsBucket']).current().starts_at[:13]}'",
    )
    assert want["passages"] >= 1000

    now = centre.now_with(want["passages"])
    assert now["totals"] == want
    for checkpoint, there in now["checkpoints"].items():
        start = f"hour >= '{now['from'][:13]}'"
        assert there["totals"] == totals(base, f"{start} and checkpoint = '{checkpoint}'")
    assert len(now["checkpoints"]) == 18
