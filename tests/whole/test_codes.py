"""The life of the posters, changed by `scripts/codes`: the stated answer to every code on both fronts, the running
stack's flags and refused scans in the summary, and a change that is everywhere within a minute."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.checkpoint import lifecycle
from chalicelib.settings import Settings
from tests.conftest import LocalStack
from tests.lives import ANSWERS, COMMANDS, FORM, INVALID, REPLACED, Keys
from tests.parties import FORM as FORM_TYPE
from tests.parties import as_form, one
from tests.web.browser import CHROMIUM, PHONE, chromium
from tests.web.conftest import standing
from tests.web.gateway import send
from tests.web.phone import turn
from tests.whole.functions import Function
from tests.whole.test_line import Centre, ask, eventually, press

Front = tuple[Keys, Callable[[str, str, "bytes | None"], tuple[int, str]]]
"""What signs its codes, and (method, path, form) -> status, page."""


def codes(stack: LocalStack, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "codes"), "--urls", str(stack.urls_file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def current(stack: LocalStack) -> Settings:
    from chalicelib.settings import SettingsBucket

    return SettingsBucket(stack.client("s3"), stack.outputs["data"]["SettingsBucket"]).current()


@pytest.fixture(scope="module")
def stack(own_stack: LocalStack) -> LocalStack:
    return own_stack


@pytest.fixture(scope="module")
def lived(stack: LocalStack, root: Path) -> LocalStack:
    """The running stack after `COMMANDS`, told to every function."""
    for arguments in COMMANDS:
        done = codes(stack, root, *arguments, "--why", "to see what comes of it", "--by", "Li")
        assert done.returncode == 0, done.stderr
        assert "Done: version" in done.stdout
    Function(stack, "public", "APIHandler").start_cold()
    return stack


@pytest.fixture(scope="module")
def in_process() -> Iterator[Front]:
    """The app in this process, after the same commands."""
    secrets = {key: key.encode() * 64 for key in "ABC"}
    with standing() as public:
        now = public.now
        for name, *arguments in COMMANDS:
            change: dict[str, Callable[[Settings], Settings]] = {
                "rotate-key": lambda s: lifecycle.rotate_key(s, lifecycle.next_key(s)),
                "withdraw-key": lambda s: lifecycle.withdraw_key(s, arguments[0]),  # noqa: B023
                "close": lambda s: lifecycle.close_checkpoint(s, arguments[0], datetime.now(UTC)),  # noqa: B023
            }
            if name == "issue":
                until = None if "--now" in arguments else now + timedelta(days=7)
                for checkpoint in filter(str.isdigit, arguments):
                    public.settings = lifecycle.issue(public.settings, checkpoint, until, now)
            else:
                public.settings = lifecycle.decide(public.settings, change[name], now)
        from chalicelib import wiring

        def asked(method: str, path: str, form: bytes | None) -> tuple[int, str]:
            answer = send(method, path, form, accept_language="zh", content_type=FORM_TYPE if form else "")
            return answer.status, answer.text

        with wiring.use(code_keys=secrets):
            yield Keys(secrets, public.settings.deployment), asked


@pytest.fixture(scope="module")
def running(lived: LocalStack) -> Front:
    def asked(method: str, path: str, form: bytes | None) -> tuple[int, str]:
        return ask(lived.urls["public_url"] + path, form, FORM_TYPE, **{"Accept-Language": "zh"})

    return Keys(lived.code_keys(), lived.urls["deployment"]), asked


@pytest.fixture(params=["in_process", "running"])
def front(request: pytest.FixtureRequest) -> Front:
    found: Front = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(("name", "spell", "status", "words"), ANSWERS, ids=[each[0] for each in ANSWERS])
def test_every_code_has_its_stated_answer(
    front: Front, name: str, spell: Callable[[Keys], str], status: int, words: str
) -> None:
    signs, asked = front
    path = f"/C/{spell(signs)}"
    got, page = asked("GET", path, None)
    assert (got, words in page) == (status, True), page[-600:]
    if status != 200:
        got, page = asked("POST", path, as_form(one("ab" * 16)))
        assert (got, words in page) == (status, True), "nor does it take a form"
        assert FORM not in page


def test_what_was_done_is_listed_and_in_the_log(lived: LocalStack, root: Path) -> None:
    listed = codes(lived, root, "list").stdout
    for line in ("key A  verifying", "key B  withdrawn", "key C  signing", "113  closed"):
        assert f"\n{line}" in listed
    there = codes(lived, root, "list", "--checkpoint", "117").stdout.splitlines()[-2:]
    assert re.fullmatch(r" +poster 1, key A: retiring until 20\d\d-\d\d-\d\d 00:00", there[0])
    assert there[1].strip() == "poster 2, key C: active"
    logged = codes(lived, root, "log").stdout.splitlines()[-len(COMMANDS) :]
    for line, arguments in zip(logged, COMMANDS, strict=True):
        assert re.match(r" *\d+  20\d\d-\d\d-\d\d \d\d:\d\d  Li \(arn:aws[^)]*\)  ", line)
        assert shlex.join(arguments) in line
        assert line.endswith(": to see what comes of it")
    told = codes(lived, root, "list").stdout + codes(lived, root, "log").stdout
    assert not any(secret.decode() in told for secret in lived.code_keys().values())


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("revoke", "101", "1"), 1, "leave 101 without a working poster"),
        (("withdraw-key", "A"), 1, "without a working poster"),
        (("withdraw-key", "C"), 1, "rotate the key first"),
        (("retire", "117", "1", "--until", "2020-01-01"), 1, "which is past"),
        (("add", "119", "--zh", "<svg onload=x>", "--en", "X1", "--kind", "road", "--township", "210381100"), 1,
         "name_zh"),
        (("retire", "117", "1", "--until", "soon"), 2, "2020-02-20"),
        (("revoke", "116", "x"), 2, "invalid int"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_changes_nothing(
    lived: LocalStack, root: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    before = current(lived)
    done = codes(lived, root, *arguments, "--why", "trying")
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
    assert current(lived) == before


def test_a_poster_on_the_wall_is_verified_from_a_picture_and_from_its_address(
    lived: LocalStack, root: Path, tmp_path: Path
) -> None:
    import qrcode

    signs = Keys(lived.code_keys(), lived.urls["deployment"])
    for code, seen, status, said in (
        (signs.code("117", 2, "C"), True, 0, "genuine, active"),
        (signs.code("117", 1, "A"), False, 0, "genuine, retiring; replace it"),
        (signs.code("116", 1, "A"), True, 3, "replaced"),
        (signs.code("114", 2, "B"), False, 3, "withdrawn"),
    ):
        address = f"{lived.urls['public_url']}/C/{code}"
        picture = tmp_path / "seen.png"
        qrcode.make(address).save(picture)
        done = codes(lived, root, "verify", str(picture) if seen else address)
        assert (done.returncode, said in done.stdout) == (status, True), done.stdout + done.stderr
    done = codes(lived, root, "verify", f"https://kakou.example/C/{signs.code('117', 2, 'C')}")
    assert (done.returncode, "take it down" in done.stdout) == (3, True)


def test_flagged_passages_and_refused_scans_are_in_the_summary_and_a_change_is_everywhere_in_a_minute(
    lived: LocalStack, root: Path
) -> None:
    signs = Keys(lived.code_keys(), lived.urls["deployment"])
    at = {poster: f"{lived.urls['public_url']}/C/{signs.code(*poster)}" for poster in
          [("117", 1, "A"), ("117", 2, "C"), ("116", 1, "A")]}  # fmt: skip
    for number, poster in enumerate([("117", 1, "A"), ("117", 1, "A"), ("117", 2, "C")]):
        assert press(at[poster], one(f"{number + 0xC0:02x}" * 16))[0] == 201
    assert ask(at["116", 1, "A"])[0] == 410

    # Nobody starts the function cold here: what it holds of settings and keys is a minute old at most.
    began = time.monotonic()
    for arguments in (("revoke", "117", "1"), ("rotate-key",), ("issue", "118")):
        assert codes(lived, root, *arguments, "--why", "photographed").returncode == 0
    new = Keys(lived.code_keys(), lived.urls["deployment"]).code("118", 2, "D")
    eventually(lambda: ask(at["117", 1, "A"])[0] == 410, 65)
    eventually(lambda: ask(f"{lived.urls['public_url']}/C/{new}")[0] == 200, 65 - (time.monotonic() - began))

    # Counted from the raw items.
    scans, flagged = Counter[str](), Counter[str]()
    pages = lived.client("dynamodb").get_paginator("scan").paginate(TableName=lived.urls["table"], ConsistentRead=True)
    for item in (item for page in pages for item in page["Items"]):
        kind, checkpoint, *_ = item["pk"]["S"].split("#")
        if kind in ("SCAN", "CP"):
            _, version, key, *more = json.loads(item["facts"]["S"])
            if kind == "SCAN":
                scans[f"{checkpoint}-{version}-{key}"] += 1
            elif more[3] is True:
                flagged[f"{checkpoint}-{version}-{key}"] += 1
    assert flagged["117-1-A"] == 2
    assert scans["116-1-A"] >= 1
    assert scans["117-1-A"] >= 1
    assert scans.keys() == {"116-1-A", "117-1-A"}

    centre = Centre(lived)

    def summed() -> dict[str, Any] | None:
        now = centre.document("summaries/v1/now.json")
        counted = now["city"]["by"].get("scan_by_poster") if now else None
        return now["city"] if now and counted == scans else None

    city = centre.summarised(summed)
    assert (city["scans"], city["on_retiring_posters"]) == (scans.total(), flagged.total())
    assert city["by"]["passage_by_retiring_poster"] == flagged
    assert city["by"]["passage_by_poster"]["117-2-C"] == 1


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_each_answer_in_a_browser(lived: LocalStack, tmp_path: Path) -> None:
    signs, base = Keys(lived.code_keys(), lived.urls["deployment"]), lived.urls["public_url"]
    with chromium() as browser:
        for language, replaced, refused in (
            ("zh-CN", REPLACED, INVALID),
            ("en-GB", "This poster was replaced", "This code is not valid"),
        ):
            context = browser.new_context(viewport=PHONE, locale=language, java_script_enabled=False)
            page = context.new_page()
            page.goto(f"{base}/C/{signs.code('116', 1, 'A')}")
            assert page.locator("h1").inner_text() == replaced
            page.goto(f"{base}/C/{signs.code('114', 2, 'B')}")
            assert page.locator("h1").inner_text() == refused
            for code in (signs.code("101", 1, "A"), signs.code("117", 2, "C").lower()):
                page.goto(f"{base}/C/{code}")
                assert page.locator("[name=submission]").count() == 1
            # Who cannot scan types, with the stage's last slash and without.
            for home in (f"{base}/", base):
                page.goto(home)
                page.locator("[name=checkpoint]").fill("117")
                page.locator("[name=tag]").fill("ZZZZ ZZZZ")
                turn(page.locator("button.send"))
                assert page.locator("[name=submission]").count() == 0
                page.locator("[name=checkpoint]").fill("117")
                page.locator("[name=tag]").fill(signs.code("117", 2, "C").rpartition("-")[2][:8].lower())
                turn(page.locator("button.send"))
                assert page.locator("[name=submission]").count() == 1, page.url
                assert signs.code("117", 2, "C") in page.url
            context.close()
