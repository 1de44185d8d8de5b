"""The desk's numbers on the running stack: page, linked file and table say the same; for people and for machines.

A stack of its own, whose operation began three days ago: days, hours and today are all there.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import openpyxl
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from PIL import Image

from chalicelib.checkpoint import poster
from chalicelib.checkpoint.poster import reading
from chalicelib.checkpoint.sheets import sheets
from chalicelib.command.journal import MOST, Entry, Journal
from chalicelib.passage.hour import GRACE, LOCAL, Hour, moment, stamp
from scripts.simulated import passages
from tests.conftest import Credentials, LocalStack
from tests.web.phone import turn, violations
from tests.web.test_desk import Cells, number
from tests.whole.census import totals
from tests.whole.desk import Desk, digits, operator, signed_in
from tests.whole.functions import Function
from tests.whole.test_line import Centre, Storage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

PASSWORD = "Right-horse-7-battery"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("numbers")) as running:
        storage = Storage(running)
        now = datetime.now(UTC)
        begins = Hour.of(now - timedelta(days=3)).start
        moved = msgspec.structs.replace(storage.settings, starts_at=stamp(begins))
        storage.settings_bucket.publish(moved, stamp(now))
        checkpoints = [checkpoint.id for checkpoint in moved.checkpoints][:9]
        open_for = (now - GRACE - begins) / 160
        for at, made in zip(range(160), passages(8, checkpoints), strict=False):
            fields: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in made.fields.items()}
            storage.register(made.checkpoint, fields, begins + at * open_for)
        assert b"errorType" not in Function(running, "command", "SummariseSchedule").run()
        yield running


@pytest.fixture(scope="module")
def centre(stack: LocalStack) -> Centre:
    return Centre(stack)


@pytest.fixture(scope="module")
def wang(stack: LocalStack) -> Desk:
    return signed_in(stack, "wang", "centre")


def linked(desk: Desk, name: str) -> bytes:
    """The file that a link of the page leads to, brought as a browser brings it: without our cookie."""
    answer = desk.get(f"file?name={name}")
    assert answer.status == 303, answer.text
    with urllib.request.urlopen(answer.headers["location"]) as file:
        assert file.headers["Content-Disposition"].startswith("attachment")
        return bytes(file.read())


def shown_as(page: str) -> dict[str, int]:
    """The large numbers of a page."""
    found = re.findall("<dt>(.*?)</dt><dd><a [^>]*>(.*?)</a>", page)
    return {label.lower(): int(text.replace(",", "")) for label, text in found}


def test_page_file_and_table_say_the_same(stack: LocalStack, wang: Desk, centre: Centre) -> None:
    page = wang.get("?lang=en").text
    base = centre.census()
    (name,) = set(re.findall('<dd><a href="file[?]name=(.*?)">', page))
    file = json.loads(linked(wang, name))
    big = shown_as(page)
    assert big == file["totals"] == totals(base)
    assert big["passages"] == 160
    today = datetime.now(LOCAL).date()
    midnight = stamp(datetime(today.year, today.month, today.day, tzinfo=LOCAL))
    (
        comparison,
        *_,
    ) = Cells(page).tables
    told = {label.lower(): number(cells[0][0]) for label, cells in comparison.items()}
    assert {name: told[name] for name in ("passages", "vehicles", "travellers")} == totals(base, f"at >= '{midnight}'")
    (places,) = [table for table in Cells(page).tables if any(each.startswith("101 ") for each in table)]
    for place, cells in places.items():
        here = f"checkpoint = '{place.split()[0]}'"
        assert number(cells[4][0]) == totals(base, here)["travellers"]
        assert number(cells[0][0]) == totals(base, f"{here} and at >= '{midnight}'")["travellers"]


def test_a_day_an_hour_and_the_whole_operation_say_what_their_files_and_the_table_do(
    wang: Desk, centre: Centre
) -> None:
    base = centre.census()
    day = datetime.now(LOCAL).date() - timedelta(days=1)
    begins = datetime(day.year, day.month, day.day, tzinfo=LOCAL)
    latest = json.loads(linked(wang, "latest.json"))
    for query, since, until in (
        (f"day={day}", begins, begins + timedelta(days=1)),
        (f"from={day - timedelta(days=1)}&to={day}", begins - timedelta(days=1), begins + timedelta(days=1)),
        (f"hour={day}T10", begins + timedelta(hours=10), begins + timedelta(hours=11)),
        ("window=operation", None, None),
    ):
        answer = wang.get(f"?{query}&lang=en")
        assert answer.status == 200, query
        kept = html.escape(query) + "&amp;"
        assert f'href="?{kept}lang=zh"' in answer.text, "the other language shows the same window"
        assert f'href="?{query}&checkpoint=101"' in html.unescape(answer.text)
        where = f"at < '{stamp(until) if until else latest['final_up_to']}' and at >= '{stamp(since) if since else ''}'"
        big = shown_as(answer.text)
        shown = {name: big[name] for name in ("passages", "vehicles", "travellers")}
        own = {form: numbers_of(form, content) for form, content in own_files(wang, answer.text).items()}
        assert own == dict.fromkeys(("JSON", "CSV", "XLSX", "HTML"), shown), "four files of exactly this window"
        files = [json.loads(linked(wang, name)) for name in re.findall('aria-label="JSON (.*?)"', answer.text)]
        assert shown == totals(base, where), query
        assert shown == {name: sum(each["city"][name] for each in files) for name in shown}, query


def own_files(desk: Desk, page: str) -> dict[str, bytes]:
    """What a window's own links bring, by form."""
    (part,) = re.findall("This window:(.*?)</p>", page, re.S)
    links = re.findall('<a href="(.*?)".*?>(.*?)</a>', part)
    return {form: brought(desk, html.unescape(link))[1] for link, form in links}


def brought(desk: Desk, link: str) -> tuple[str, bytes]:
    """The name under which a file is saved, and its content."""
    answer = desk.get(link)
    assert answer.status == 303, answer.text
    with urllib.request.urlopen(answer.headers["location"]) as file:
        return re.findall('filename="(.*?)"', file.headers["Content-Disposition"])[0], file.read()


def numbers_of(form: str, content: bytes) -> dict[str, int]:
    """The city's three numbers in a file."""
    names = ("passages", "vehicles", "travellers")
    if form == "JSON":
        city = json.loads(content)["city"]
        return {name: city[name] for name in names}
    if form == "CSV":
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        found = {row["code"]: row["count"] for row in rows if (row["checkpoint"], row["subject"]) == ("city", "total")}
        return {name: int(found[name]) for name in names}
    if form == "XLSX":
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        cells = {row[0]: row[4] for row in book["概况"].iter_rows(values_only=True)}
        return {name: int(str(cells[name])) for name in names}
    hours = re.findall('<data value="([0-9]+)" data-at="0/city/(vehicles|travellers)"', content.decode())
    passages = re.findall('<data value="([0-9]+)" data-at="0/city/by/passage_by_hour/', content.decode())
    return {"passages": sum(map(int, passages)), **{name: int(value) for value, name in hours}}


def test_a_window_that_is_drawn_is_written_down_and_handed_over(stack: LocalStack, wang: Desk, centre: Centre) -> None:
    day = datetime.now(LOCAL).date() - timedelta(days=1)
    query = f"from={day - timedelta(days=1)}&to={day}"
    name, content = brought(wang, f"file?{query}&form=json")
    assert name == f"kakou-{day - timedelta(days=1)}-to-{day}.json"
    summary = json.loads(content)
    assert (summary["schema"], summary["window"]) == ("kakou.summary.v1", "days")
    for each in summary["merged_from"]:
        assert hashlib.sha256(centre.file(each["key"])).hexdigest() == each["digest"]
    mine = [each.what for each in _entries(stack) if each.who == "wang"]
    assert f"{query} json {hashlib.sha256(content).hexdigest()}" in mine
    link = wang.get(f"file?{query}&form=json").headers["location"]
    assert "X-Amz-Expires=60" in link
    assert wang.get(f"file?{query}&form=json&seen={'0' * 16}").status == 409


def test_today_is_shown_as_far_as_it_is_final_and_the_first_day_from_when_it_began(wang: Desk, centre: Centre) -> None:
    latest = json.loads(linked(wang, "latest.json"))
    base, today = centre.census(), datetime.now(LOCAL).date()
    first = moment(latest["from"]).astimezone(LOCAL)
    page = wang.get(f"?day={first.date()}&lang=en").text
    assert (f"From {first:%Y-%m-%d %H:%M} to" in page) == (first.hour > 0)
    until = moment(latest["final_up_to"]).astimezone(LOCAL)
    midnight = datetime(today.year, today.month, today.day, tzinfo=LOCAL)
    for query, since in ((f"day={today}", midnight), (f"from={today - timedelta(days=1)}&to={today}", None)):
        answer = wang.get(f"?{query}&lang=en")
        if until <= midnight:  # of the first hour after midnight nothing is final yet
            assert (answer.status, f"Nothing of {today} is final" in answer.text) == (404, True)
            continue
        assert f"Final up to {until:%H:%M}: the day is not whole yet." in answer.text
        since = since or midnight - timedelta(days=1)
        big = shown_as(answer.text)
        shown = {name: big[name] for name in ("passages", "vehicles", "travellers")}
        assert shown == totals(base, f"at < '{stamp(until)}' and at >= '{stamp(since)}'")
        files = own_files(wang, answer.text)
        assert {form: numbers_of(form, content) for form, content in files.items()} == dict.fromkeys(files, shown)
    tomorrow = wang.get(f"?day={today + timedelta(days=1)}&lang=en")
    assert (tomorrow.status, f"Nothing of {today + timedelta(days=1)} is final" in tomorrow.text) == (404, True)


def test_each_format_is_whole(wang: Desk) -> None:
    now = json.loads(linked(wang, "now.json"))
    rows = list(csv.DictReader(io.StringIO(linked(wang, "now.csv").decode("utf-8-sig"))))
    (total,) = [
        row["count"] for row in rows
        if (row["window"], row["checkpoint"], row["subject"], row["code"]) == ("operation", "city", "total", "passages")
    ]  # fmt: skip
    assert int(total) == now["totals"]["passages"]


HOSTILE = [
    ("?hour=2021-02-30T25", 400), ("?hour=../../x", 400), ("?day=-1", 400), ("?from=2020-02-10&to=2020-02-01", 400),
    ("?from=2010-01-01&to=2020-01-01", 413), ("?from=0001-01-01&to=9999-12-31", 413), ("?limit=99999999999", 400),
    ("?checkpoint=../../etc/passwd", 400), ("?checkpoint=99999", 404), ("?day=1999-01-01", 404), ("?day=%00", 400),
    ("?day=2020-02-10%0d%0aSet-Cookie:x=1", 400), ("?window=operation&checkpoint=99999", 404),
    ("file?name=../../settings/v1/current.json", 400), ("file?name=now.json&x=1", 400), ("file", 400),
    ("file?name=" + "a" * 3000, 400), ("file?name=%2e%2e%2fnow.json", 400), ("file?name=settings/v1/current.json", 400),
    ("?lang=%3Cscript%3E", 200), ("nothing-here", 404), ("?hour=0001-01-01T03", 404), ("?day=0001-01-02", 404),
    ("?day=" + "9" * 4000, 400), ("?hour=2020-02-10T07:30", 400), ("file?form=csv", 400),
    ("file?form=exe&window=operation", 400), ("file?form=csv&window=operation&checkpoint=101", 400),
    ("file?form=csv&day=1999-01-01", 404), ("file?form=xlsx&from=2010-01-01&to=2020-01-01", 413),
    ("file?form=csv&window=operation&seen=../../x", 409), ("file?form=csv&window=operation&name=now.json", 400),
]  # fmt: skip


@pytest.mark.parametrize(("path", "status"), HOSTILE)
def test_what_cannot_be_asked_for_is_refused_in_plain_words(wang: Desk, path: str, status: int) -> None:
    answer = wang.get(path)
    assert answer.status == status, answer.text[:500]
    assert answer.headers["content-type"].startswith("text/html")
    assert "frame-ancestors" in answer.headers["content-security-policy"]
    assert not re.search("Traceback|passwd|<script>|settings/v1", answer.text)
    assert "x" not in answer.cookies


def test_a_host_that_was_made_up_appears_nowhere(wang: Desk) -> None:
    answer = wang.get("", X_Forwarded_Host="evil.example", X_Forwarded_For="8.8.8.8", Forwarded="host=evil.example")
    assert answer.status == 200
    assert "evil" not in answer.text + str(answer.headers)


def test_what_is_still_the_same_is_not_sent_again(wang: Desk) -> None:
    first = wang.get()
    again = wang.get(If_None_Match=first.headers["etag"])
    other = wang.get(If_None_Match='"something else"')
    assert (again.status, again.body, other.status) == (304, b"", 200)
    assert first.wire < 10_000


def test_links_are_good_for_one_file_and_a_minute(stack: LocalStack, wang: Desk) -> None:
    link = wang.get("file?name=now.json").headers["location"]
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    assert "X-Amz-Expires=60" in link
    for other in (link.replace("now.json", "latest.json"), link.replace("X-Amz-Expires=60", "X-Amz-Expires=600")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(other)
        assert refused.value.code == 403
    journal = Journal(stack.client("dynamodb"), stack.outputs["data"]["Journal"])
    entries = journal.of(datetime.now(LOCAL).date())
    assert any((each.who, each.deed, each.what) == ("wang", "fetched", "now.json") for each in entries)


# Machines


@pytest.fixture(scope="module")
def machine(stack: LocalStack) -> Credentials:
    """Somebody who has taken the machines' role."""
    role = stack.outputs["command"]["MachinesRoleArn"]
    made = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="fetcher")["Credentials"]
    return TemporaryCredentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


class TemporaryCredentials(Credentials):
    __slots__ = ("token",)

    def __init__(self, key: str, secret: str, token: str) -> None:
        super().__init__(key, secret)
        object.__setattr__(self, "token", token)


def signed(stack: LocalStack, path: str, who: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    asked = AWSRequest("GET", stack.command_url + path, headers={"Accept": "application/json", **headers})
    SigV4Auth(Signer(who.access_key, who.secret_key, who.token), "execute-api", "us-east-1").add_auth(asked)
    try:
        with urllib.request.urlopen(urllib.request.Request(str(asked.url), headers=dict(asked.headers))) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def test_a_machine_asks_for_what_is_new_and_is_told_when_nothing_is(
    stack: LocalStack, machine: Any, centre: Centre
) -> None:
    status, headers, body = signed(stack, "machine/latest.json", machine)
    assert status == 200
    latest = json.loads(body)
    again = signed(stack, "machine/latest.json", machine, **{"If-None-Match": headers["etag"]})
    assert (again[0], again[2]) == (304, b"")
    name = latest["days"][-1]["key"].removeprefix("summaries/v1/")
    status, headers, body = signed(stack, f"machine/{name}", machine)
    assert status == 200
    assert headers["etag"] == f'"{latest["days"][-1]["digest"]}"', "the digest that latest.json names"
    assert body == centre.file(latest["days"][-1]["key"])
    for path in ("machine/day/1999/01/01/r001.json", "machine/nothing", "machine/..%2f..%2fsettings/v1/current.json"):
        assert signed(stack, path, machine)[0] in (403, 404)


def test_what_a_machine_fetches_is_written_down_and_its_polling_is_not(
    stack: LocalStack, machine: Any, centre: Centre, wang: Desk
) -> None:
    before = _fetched(stack)
    status, headers, body = signed(stack, "machine/now.csv", machine)
    assert status == 200
    for _ in range(3):
        assert signed(stack, "machine/now.csv", machine, **{"If-None-Match": headers["etag"]})[0] == 304
    assert signed(stack, "machine/day/1999/01/01/r001.json", machine)[0] == 404
    (entry,) = _fetched(stack)[len(before) :]
    role = stack.outputs["command"]["MachinesRoleArn"].rpartition("/")[2]
    assert (entry.who, entry.deed) == (f"{role}/fetcher", "fetched")
    assert entry.what == f"now.csv {hashlib.sha256(body).hexdigest()}"
    page = wang.get("journal?of=machines&lang=en")
    assert (page.status, entry.what in page.text) == (200, True)
    assert entry.what not in wang.get("journal?lang=en").text, "people's deeds are not lost among them"
    assert wang.get("journal?of=robots").status == 400


def test_a_day_of_many_entries_is_read_to_its_end(stack: LocalStack, wang: Desk) -> None:
    journal = Journal(stack.client("dynamodb"), stack.outputs["data"]["Journal"])
    day = datetime(2020, 3, 1, 8, tzinfo=LOCAL)
    written = [f"file-{at:04}" for at in range(2 * MOST + 1)]
    for at, what in enumerate(written):
        journal.add("fetcher", "fetched", what, day + timedelta(seconds=at), machine=True)
    path, read, pages = "journal?day=2020-03-01&of=machines&lang=en", list[str](), 0
    while path:
        page = wang.get(path)
        assert page.status == 200
        read, pages = read + re.findall(r"file-\d{4}", page.text), pages + 1
        assert ("Not the newest of the day" in page.text) == (pages > 1)
        older = re.search('href="([^"]+)">Earlier entries', page.text)
        path = f"{html.unescape(older[1])}&lang=en" if older else ""
    assert (read, pages) == (written[::-1], 3)
    assert "Nothing was written" in wang.get("journal?day=2020-03-01&lang=en").text
    for wrong in ("", "x", "2020-03-01T08:00:00.000Z", "2020-03-01T08:00:00.000Z%23" + "g" * 16):
        assert wang.get(f"journal?day=2020-03-01&before={wrong}").status == 400


def _fetched(stack: LocalStack) -> list[Entry]:
    """What machines fetched today, the oldest first."""
    journal = Journal(stack.client("dynamodb"), stack.outputs["data"]["Journal"])
    return journal.of(datetime.now(LOCAL).date(), machines=True)[::-1]


def test_what_is_for_machines_wants_a_signature(stack: LocalStack, wang: Desk) -> None:
    for somebody in (Desk(stack), wang):
        answer = somebody.get("machine/now.json")
        assert (answer.status, "totals" in answer.text) == (403, False)


def test_a_machine_may_read_summaries_and_nothing_else(stack: LocalStack, machine: Any) -> None:
    import botocore.session

    def tries(service: str, operation: str, **given: Any) -> str:
        client = botocore.session.Session().create_client(
            service, region_name="us-east-1", endpoint_url=stack.ministack.endpoint_url,
            aws_access_key_id=machine.access_key, aws_secret_access_key=machine.secret_key,
            aws_session_token=machine.token,
        )  # fmt: skip
        try:
            getattr(client, operation)(**given)
        except client.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return "allowed"

    data = stack.outputs["data"]
    bucket = data["SummariesBucket"]
    assert tries("s3", "get_object", Bucket=bucket, Key="summaries/v1/now.json") == "allowed"
    assert tries("s3", "put_object", Bucket=bucket, Key="summaries/v1/now.json", Body=b"") == "AccessDenied"
    assert tries("s3", "delete_object", Bucket=bucket, Key="summaries/v1/now.json") == "AccessDenied"
    assert tries("s3", "get_object", Bucket=data["SettingsBucket"], Key="settings/v1/current.json") == "AccessDenied"
    assert "AccessDenied" in tries("dynamodb", "scan", TableName=data["Table"])
    assert "AccessDenied" in tries("secretsmanager", "get_secret_value", SecretId=data["CodeKeysArn"])
    status, *_ = signed(stack, "", machine)
    assert status == 401, "the pages are for people"
    forged = TemporaryCredentials(machine.access_key, "x" * 40, machine.token)
    assert signed(stack, "machine/now.json", forged)[0] == 403


# Posters and the journal


@pytest.fixture(scope="module")
def staff(stack: LocalStack) -> Desk:
    return signed_in(stack, "liu", "staff")


@pytest.mark.parametrize("path", ["posters", "poster?checkpoint=101", "preview?checkpoint=101",
                                  "change?deed=revoke&checkpoint=101&version=1"])  # fmt: skip
def test_posters_are_for_staff_and_the_journal_for_the_centre(wang: Desk, staff: Desk, path: str) -> None:
    assert wang.get(path).status == 403
    assert staff.get(path).status == 200
    assert (wang.get("journal").status, staff.get("journal").status) == (200, 403)


def test_staff_cannot_be_made_to_change_anything_from_elsewhere(wang: Desk, staff: Desk) -> None:
    fields = {"deed": "revoke", "checkpoint": "102", "version": "1", "why": "x", "confirm": "yes", "made_from": "2"}
    assert wang.post("change", fields).status == 403
    assert staff.post("change", fields, Sec_Fetch_Site="cross-site").status == 403
    assert staff.post("change", {**fields, "token": "x" * 32}).status == 403
    assert staff.post("print", {"cp-101": "on", "form": "pdf", "size": "a4", "token": ""}).status == 403
    seventh = {"deed": "revoke", "version": "7"}
    for wrong in (
        *({"deed": deed} for deed in ("burn", "replace_now", "")),
        {"version": "-1"},
        {"version": "9" * 9},
        seventh,
    ):
        assert staff.get("change?" + urlencode({**fields, **wrong})).status in (400, 404)
    assert staff.post("change", {**fields, "deed": "replace_now", "why": ""}).status == 400
    assert staff.post("print", {"form": "pdf", "size": "a4"}).status == 400
    assert staff.post("print", {"cp-101": "on", "form": "exe", "size": "a4"}).status == 400


def test_a_printed_poster_is_that_of_the_script_to_the_byte(stack: LocalStack, staff: Desk, tmp_path: Path) -> None:
    for fields, form in (({"cp-103": "on"}, "pdf"), ({"cp-103": "on"}, "svg")):
        answer = staff.post("print", {**fields, "form": form, "size": "a4"})
        assert answer.status == 303, answer.text
        there = urlsplit(answer.headers["location"])
        for page in ("posters", "poster?checkpoint=103"):
            policy = staff.get(page).headers["content-security-policy"]
            assert f"form-action 'self' {there.scheme}://{there.netloc};" in policy, "Chromium follows no other way"
        with urllib.request.urlopen(answer.headers["location"]) as file:
            drawn = file.read()
        settings = Storage(stack).settings_bucket.current()
        (sheet,) = sheets(settings, stack.code_keys(), ["103"])
        assert drawn == poster.draw(sheet, form, "a4"), "decoded again by draw"
    assert "printed" in [each.deed for each in _entries(stack)]


def _entries(stack: LocalStack) -> list[Entry]:
    return Journal(stack.client("dynamodb"), stack.outputs["data"]["Journal"]).of(datetime.now(LOCAL).date())


def test_two_who_change_at_once_do_not_undo_each_other(stack: LocalStack, staff: Desk) -> None:
    asked = staff.get("change?deed=replace&checkpoint=105&version=1")
    seen = re.search('name="made_from" value="([0-9]+)"', asked.text)
    assert seen
    fields = {"deed": "replace", "checkpoint": "105", "version": "1", "why": "torn", "confirm": "yes"}
    assert staff.post("change", {**fields, "made_from": seen[1]}).status == 303
    assert staff.post("change", {**fields, "made_from": seen[1]}).status == 409
    settings = Storage(stack).settings_bucket.current()
    states = [(each.version, each.state) for each in settings.posters if each.checkpoint == "105"]
    assert states == [(1, "retiring"), (2, "active")]
    (entry,) = [each for each in Storage(stack).settings_bucket.log() if each.change.what == "replace 105 1"]
    assert (entry.change.who, entry.change.why) == ("liu (desk)", "torn")


def test_what_a_killed_publication_left_is_stepped_over_at_the_desk_too(stack: LocalStack, staff: Desk) -> None:
    """With the rights of the desk's role, which must see that it is another's."""
    storage = Storage(stack)
    made_from = storage.settings_bucket.current().version
    bucket, left = stack.outputs["data"]["SettingsBucket"], f"settings/v1/r{made_from + 1:06d}.json"
    stack.client("s3").put_object(Bucket=bucket, Key=left, Body=b"left behind")
    fields = {"deed": "replace", "checkpoint": "108", "version": "1", "why": "torn", "made_from": str(made_from)}
    answer = staff.post("change", fields)
    assert answer.status == 303, answer.text
    assert storage.settings_bucket.current().version == made_from + 2
    assert [each.deed for each in _entries(stack) if each.what.endswith("108-1")] == ["replaced"]


def test_more_posters_than_forty_are_chosen_at_once(staff: Desk) -> None:
    chosen = {f"cp-{id}": "on" for id in range(101, 161)}
    assert staff.post("print", {**chosen, "form": "svg", "size": "a5"}).status == 303


def test_staff_print_replace_and_revoke_in_the_browser(stack: LocalStack, browser: Browser) -> None:
    page = enter(browser, stack, "liu", "staff", 360, 740)
    turn(page.locator("text=张贴码"))
    well(page)
    page.goto(stack.command_url + "poster?checkpoint=106")
    well(page)
    assert page.evaluate("document.querySelector('img.sheet').naturalWidth") > 0, "the preview is there"
    with page.expect_download() as fetched:
        page.click("button.go")
    assert Path(fetched.value.path()).read_bytes().startswith(b"%PDF")
    page.goto(stack.command_url + "change?deed=replace&checkpoint=106&version=1")
    well(page)
    assert "第 2 版" in page.inner_text(".will")
    page.fill("#why", "rain")
    turn(page.locator("button[value=yes]"))
    page.wait_for_selector("[role=status]")
    page.goto(stack.command_url + "change?deed=revoke&checkpoint=106&version=2")
    assert "没有可用的张贴码" in page.inner_text(".will")
    page.fill("#why", "stolen")
    page.check("[name=force]")
    turn(page.locator("button[value=yes]"))
    page.wait_for_selector("[role=status]")
    well(page)
    deeds = [(each.who, each.deed, each.what) for each in _entries(stack)]
    assert ("liu", "revoked", "106-2") in deeds
    assert ("liu", "replaced", "106-1") in deeds
    page.close()
    reader = enter(browser, stack, "mei", "centre", 360, 740)
    reader.goto(stack.command_url + "journal")
    well(reader)
    assert "106-2" in reader.inner_text("table")
    refused = reader.goto(stack.command_url + "journal?day=2020-02-30")
    assert refused
    assert refused.status == 400
    reader.close()


# In a browser


def enter(
    browser: Browser, stack: LocalStack, name: str, role: str, width: int, height: int, url: str | None = None
) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN", accept_downloads=True)
    page.goto(url or stack.command_url)
    page.wait_for_url("**/sign-in")
    page.fill("#name", name)
    page.fill("#password", operator(stack, name, role))
    turn(page.locator("button.go"))
    page.wait_for_selector(".out")
    return page


def well(page: Page) -> None:
    """axe-core finds nothing, and nothing runs over the side."""
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_poster_is_handed_over_from_a_bucket_of_another_origin(stack: LocalStack, browser: Browser) -> None:
    """As on AWS: the desk is at one host, its files at another. A browser follows a form there only if told so."""
    url = stack.command_url.replace("127.0.0.1", "localhost")
    page = enter(browser, stack, "liu", "staff", 360, 740, url)
    for address, chosen in (("posters", "[name=cp-104]"), ("poster?checkpoint=104", "")):
        page.goto(url + address)
        if chosen:
            page.check(chosen)
        with page.expect_download() as fetched:
            page.click("button.go")
        assert urlsplit(fetched.value.url).hostname == "127.0.0.1" != urlsplit(page.url).hostname
        assert Path(fetched.value.path()).read_bytes().startswith(b"%PDF")
    page.close()


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800), (1920, 1080)])
def test_people_read_the_numbers_on_a_phone_a_desk_and_a_wall(
    stack: LocalStack, browser: Browser, width: int, height: int, tmp_path: Path
) -> None:
    page = enter(browser, stack, "mei", "centre", width, height)
    day = datetime.now(LOCAL).date() - timedelta(days=1)
    two = f"?from={day - timedelta(days=1)}&to={day}"
    addresses = {
        "dashboard": "", "english": "?lang=en", "checkpoint": "?checkpoint=101", "day": f"?day={day}&lang=zh",
        "hour": f"?hour={day}T10:00", "days": two, "days-101": f"{two}&checkpoint=101",
        "operation": "?window=operation", "today": f"?day={datetime.now(LOCAL).date()}",
        "missing": f"?day={day + timedelta(days=9)}",
        "journal": "journal?of=machines",
    }  # fmt: skip
    folder = Path(os.environ.get("KAKOU_PICTURES") or tmp_path)
    for name, address in addresses.items():
        page.goto(stack.command_url + address)
        well(page)
        page.screenshot(path=str(folder / f"desk-{name}-{width}.png"), full_page=True)
    page.goto(stack.command_url + two)
    for form in ("JSON", "CSV", "XLSX", "HTML"):
        name, content = downloaded(page, form)
        assert (name, len(content) > 0) == (f"kakou-{day - timedelta(days=1)}-to-{day}.{form.lower()}", True)
    page.close()


def test_a_morning_at_the_desk(stack: LocalStack, browser: Browser, centre: Centre) -> None:
    """Sign in, read, download each format, print, replace, revoke, look it up in the journal, sign out."""
    began = datetime.now(UTC)
    page = enter(browser, stack, "chief", "admin", 1280, 800)
    turn(page.locator(".langs a[hreflang=en]"))
    page.wait_for_selector("text=Kakou command centre")
    big = shown_as(page.content())
    with page.expect_download() as fetched:
        page.click(".big dd a >> nth=0")
    now = json.loads(Path(fetched.value.path()).read_bytes())
    assert fetched.value.suggested_filename == "kakou-now.json"
    assert {name: big[name] for name in now["totals"]} == now["totals"], "what is read is what is fetched"

    latest = json.loads(downloaded(page, "latest.json")[1])
    day = latest["days"][-1]
    turn(page.locator(f".days a[href='?day={day['key'][17:27].replace('/', '-')}']"))
    for form, told in (("JSON", day), *((form.upper(), day[form]) for form in ("csv", "xlsx", "html"))):
        name, content = downloaded(page, form)
        assert name == "kakou-" + told["key"].removeprefix("summaries/v1/").replace("/", "-")
        assert hashlib.sha256(content).hexdigest() == told["digest"], "what latest.json names"
        assert content == centre.file(told["key"]), "what is published"
        if form == "XLSX":
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
            cells = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
            assert json.loads(centre.file(day["key"]))["city"]["passages"] in cells
        if form == "HTML":
            report = browser.new_page()
            report.set_content(content.decode())
            assert report.inner_text("h1")
            assert report.locator("svg").count() > 0
            report.close()

    turn(page.locator("nav.pages a[href=posters]"))
    page.check("[name=cp-107]")
    with page.expect_download() as fetched:
        page.click("button.go")
    assert Path(fetched.value.path()).read_bytes().startswith(b"%PDF")
    turn(page.locator("[aria-label='Replace 107-1']"))
    page.fill("#why", "torn by the wind")
    turn(page.locator("button[value=yes]"))
    page.wait_for_selector("[role=status]")
    turn(page.locator("[aria-label='Revoke 107-1']"))
    page.fill("#why", "taken down")
    turn(page.locator("button[value=yes]"))
    page.wait_for_selector("[role=status]")
    states = [(each.version, each.state) for each in Storage(stack).settings_bucket.current().posters
              if each.checkpoint == "107"]  # fmt: skip
    assert states == [(1, "revoked"), (2, "active")]

    turn(page.locator("nav.pages a[href=journal]"))
    well(page)
    rows = page.locator("tbody tr").all_inner_texts()
    mine = [row.split("\t") for row in rows if "chief" in row]
    entries = [(each.deed, each.what) for each in _entries(stack) if each.who == "chief" and each.key >= stamp(began)]
    assert len(mine) == len(entries)
    keys = [day["key"], *(day[form]["key"] for form in ("csv", "xlsx", "html"))]
    assert list(reversed(entries)) == [
        ("signed_in", "admin"), ("fetched", "now.json"), ("fetched", "latest.json"),
        *(("fetched", key.removeprefix("summaries/v1/")) for key in keys),
        ("printed", "107 pdf a4"), ("replaced", "107-1"), ("revoked", "107-1"),
    ]  # fmt: skip

    turn(page.locator(".out button"))
    page.wait_for_url("**/sign-in?left=yes")
    well(page)
    assert not [each for each in page.context.cookies() if each["name"] == "__Host-kakou"]
    page.goto(stack.command_url)
    page.wait_for_url("**/sign-in")
    page.close()


def downloaded(page: Page, link: str) -> tuple[str, bytes]:
    """What the link of that text among the page's files saves: under which name, and its content."""
    with page.expect_download() as fetched:
        page.click(f"#files a:text-is('{link}') >> nth=0")
    return fetched.value.suggested_filename, Path(fetched.value.path()).read_bytes()


def test_a_second_factors_key_is_scanned_off_the_page(stack: LocalStack, browser: Browser) -> None:
    page = enter(browser, stack, "fang", "centre", 360, 740)
    page.goto(stack.command_url + "second-factor")
    well(page)
    page.fill("#password", PASSWORD)
    turn(page.locator("button.go"))
    page.wait_for_selector(".code")
    well(page)
    (scanned,) = reading.codes(Image.open(io.BytesIO(page.locator(".code").screenshot())))
    told = parse_qs(urlsplit(scanned).query)
    assert told["secret"] == [page.inner_text(".secret code")]
    page.fill("#answer", digits(told["secret"][0]))
    turn(page.locator("button.go"))
    page.wait_for_selector("[role=status]")
    well(page)
    turn(page.locator(".out button"))
    page.wait_for_url("**/sign-in?left=yes")
    page.fill("#name", "fang")
    page.fill("#password", PASSWORD)
    turn(page.locator("button.go"))
    page.wait_for_selector("[autocomplete=one-time-code]")
    well(page)
    page.fill("#answer", digits(told["secret"][0]))
    turn(page.locator("button.go"))
    page.wait_for_selector(".big")
    page.close()


def test_the_page_takes_in_new_numbers_without_losing_the_place(stack: LocalStack, browser: Browser) -> None:
    page = enter(browser, stack, "mei", "centre", 360, 740)
    page.clock.install()
    page.goto(stack.command_url)
    page.click("#d-trend summary")
    page.focus("#d-hours summary")
    page.evaluate("document.querySelector('.scroll').scrollLeft = 80; scrollTo(0, 900)")
    sentence = page.inner_text(".top .state")
    assert b"errorType" not in Function(stack, "command", "SummariseSchedule").run()
    page.evaluate("document.querySelector('.top .state').textContent = 'old'")
    where = "document.querySelector('#d-trend').getBoundingClientRect().top"
    before = page.evaluate(where)
    page.clock.run_for(31_000)
    until = time.monotonic() + 20
    while page.inner_text(".top .state") == "old":
        assert time.monotonic() < until
        page.wait_for_timeout(100)
    assert sentence.split("；")[0] in page.inner_text(".top .state")
    assert page.evaluate("document.getElementById('d-trend').open")
    assert page.evaluate("document.activeElement.parentElement.id") == "d-hours"
    assert page.evaluate("document.querySelector('.scroll').scrollLeft") == 80
    assert page.evaluate(where) == pytest.approx(before, abs=1), "what one reads stays where it is"
    page.close()


def _instead(status: int, body: str, route: Route) -> None:
    route.fulfill(status=status, body=body)


@pytest.mark.parametrize(
    ("language", "said"), [("zh-Hans", "%s 以后未刷新"), ("en", "Not refreshed since %s")], ids=["zh-Hans", "en"]
)
def test_a_page_that_is_not_refreshed_any_more_says_since_when(
    stack: LocalStack, browser: Browser, language: str, said: str
) -> None:
    """The network is gone, then the desk answers 503, then a captive portal answers for it; then all is well again."""
    from playwright.sync_api import expect

    page = enter(browser, stack, "mei", "centre", 1920, 1080)
    page.clock.install()
    page.goto(f"{stack.command_url}?lang={language}")
    since = page.evaluate("Date.now()") / 1000
    said %= f"{datetime.fromtimestamp(since, LOCAL):%H:%M}"
    bar = page.locator("[role=status].old")
    assert bar.inner_text() == ""
    page.route("**/api/?*", lambda route: route.abort())
    page.clock.run_for(150_000)
    assert bar.inner_text() == "", "not for a moment's trouble"
    page.clock.run_for(40_000)
    assert bar.inner_text().startswith(said)
    well(page)
    page.evaluate("scrollTo(0, 900)")
    assert bar.evaluate("each => each.getBoundingClientRect().top") == 0, "wherever one reads"
    for status, body in ((503, "<main>no</main>"), (200, "<h1>Welcome to our Wi-Fi</h1>")):
        page.unroute_all()
        page.route("**/api/?*", partial(_instead, status, body))
        with page.expect_response("**/api/?*"):
            page.clock.run_for(31_000)
        assert bar.inner_text().startswith(said)
        assert page.inner_text("h1") in ("数据", "Numbers"), "and shows what it knew"
    page.unroute_all()
    page.clock.run_for(31_000)
    expect(bar).to_have_text("")
    page.close()


def test_whoever_leaves_a_date_half_typed_still_sees_new_numbers(stack: LocalStack, browser: Browser) -> None:
    from playwright.sync_api import expect

    page = enter(browser, stack, "mei", "centre", 1280, 800)
    page.clock.install()
    page.goto(stack.command_url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.click("#from")
    page.fill("#from", "2020-02-03")
    page.evaluate("document.querySelector('.top .state').textContent = 'old'")
    page.clock.run_for(115_000)
    assert not asked, "a page does not change under the hand that types"
    page.clock.run_for(40_000)
    expect(page.locator(".top .state")).not_to_have_text("old")
    assert page.evaluate("document.activeElement.id") == "from"
    assert page.input_value("#from") == "2020-02-03", "and what was typed is still there"
    page.close()


def test_it_reads_without_a_script_and_by_keyboard(stack: LocalStack, browser: Browser) -> None:
    page = enter(browser, stack, "mei", "centre", 1280, 800)
    page.goto(stack.command_url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    state = page.context.storage_state()
    page.close()
    plain = browser.new_context(java_script_enabled=False, storage_state=state)
    reader = plain.new_page()
    reader.goto(stack.command_url)
    assert reader.inner_text("h1")
    reader.click("#d-trend summary")
    assert reader.inner_text("#d-trend table")
    plain.close()
