"""The canary's walk: a request for every success, refusal and failure, and all that is written while it is walked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from scripts.simulated import as_json
from tests.conftest import LocalStack
from tests.parties import FORM, JSON, as_form, changed, one
from tests.whole.canary import MARKERS, Place
from tests.whole.functions import Function
from tests.whole.phones import Answer, Phones, Sent, items, target

NAME, NUMBER, PHONE = MARKERS["name"], MARKERS["document number"], MARKERS["phone"]
TEXT, FIELD = MARKERS["unlawful text"], MARKERS["unknown field"]
HEAD = MARKERS["header"]

HEADERS = (
    ("Accept", "*/*"),
    ("User-Agent", HEAD),
    ("Cookie", f"name={NAME}; {HEAD}={PHONE}"),
    ("Referer", f"https://{HEAD}.example/?name=%E5%8D%A1%E9%82%A3%E8%8E%89%E9%9B%85"),
    ("Accept-Language", HEAD),
    ("Accept-Encoding", HEAD),
    ("X-Forwarded-For", HEAD),
    ("X-Request-Id", f"{HEAD} {NUMBER}"),
    ("Authorization", f"Bearer {HEAD}"),
)


def party(submission: str) -> dict[str, str | tuple[str, ...]]:
    """Two travellers, lawful, with a marker in every field that a person writes."""
    own: dict[str, str | tuple[str, ...] | None] = {
        "plate": f"辽{MARKERS['plate']}",
        "travellers.0.name": f"{NAME}·鸟",
        "travellers.0.number": NUMBER,
        "travellers.0.phone": PHONE,
        "travellers.0.address": f"{MARKERS['address']}1号",
        "travellers.1.name": f"{MARKERS['second name']} Vogel",
        "travellers.1.document": "passport",
        "travellers.1.number": MARKERS["second document number"],
        "travellers.1.phone": PHONE,
        "travellers.1.same_as_first": "yes",
        "travellers.1.key_region_stay": "no",
        "travellers.1.symptoms": ("none",),
    }
    return changed(one(submission), own)


@dataclass(frozen=True)
class Step:
    """One request of the walk and its answer's status; `mine` where the answer is the form with what was typed."""

    name: str
    status: int
    sent: Sent
    mine: bool = False


def post(name: str, status: int, at: str, body: bytes, kind: str = FORM, mine: bool = False, **headers: str) -> Step:
    told = [(each.replace("_", "-"), value) for each, value in {"Content-Type": kind, **headers}.items()]
    return Step(name, status, Sent("POST", at, [*HEADERS, *told], body), mine)


def both(name: str, status: int, at: str, fields: dict[str, Any], mine: bool = False) -> list[Step]:
    return [
        post(name, status, at, as_form(fields), mine=mine),
        post(f"{name}, JSON", status, at, as_json(fields), JSON),  # a program knows what it sent: never its own
    ]


def path(stack: LocalStack, tag: str) -> list[Step]:
    """The path of each success and of each refusal, with markers wherever there is room for one."""
    at = target(stack)
    query = f"?{MARKERS['query']}={MARKERS['query']}&lang={MARKERS['query']}"
    fields = party(tag * 16)
    wrong: dict[str, Any] = {
        name: f"{TEXT}<{value}>" if isinstance(value, str) else (TEXT,) for name, value in fields.items()
    }
    another = {**fields, "travellers.0.address": f"{MARKERS['address']}2号"}
    form, document = as_form(fields), as_json(fields)
    part = f'--x\r\nContent-Disposition: form-data; name="{FIELD}"\r\n\r\n{NAME}\r\n--x--'
    steps = [
        *both("registered", 201, at + query, fields),
        *both("registered again", 201, at, fields),
        *both("another passage", 409, at, another, mine=True),
        *both("to mend", 422, at, wrong, mine=True),
        *both("a correction", 201, at, another | {"submission": f"c0{tag * 15}", "replaces": tag * 16}),
        *both(
            "nothing to correct", 422, at, another | {"submission": f"c1{tag * 15}", "replaces": "c2" * 16}, mine=True
        ),
        *both("no submission id", 422, at, changed(fields, {"submission": NAME}), mine=True),
    ]
    steps += [
        post(action, 200, at, as_form(fields | {"action": action}), mine=True)
        for action in ("add", "remove-1", "lang-en")
    ]
    steps += [
        post("no such action", 400, at, as_form(fields | {"action": TEXT})),
        post("broken JSON", 400, at, document[:-30], JSON),
        post("a number for text", 400, at, document.replace(b'"no"', PHONE.encode()), JSON),
        post("unknown field", 400, at, form + f"&{FIELD}={NAME}".encode()),
        post("unknown key", 400, at, document[:-1] + f',"{FIELD}":"{NAME}"}}'.encode(), JSON),
        post("field twice", 400, at, form + f"&plate={TEXT}".encode()),
        post("invalid UTF-8", 400, at, form + b"&lang=%ff" + TEXT.encode()),
        post("raw bytes", 400, at, form + b"\xff" + TEXT.encode()),
        post("no form at all", 400, at, f"{NAME} {PHONE} {TEXT}".encode()),
        post("too large", 413, at, form + NAME.encode() * 6000),
        post("too large, JSON", 413, at, document + NAME.encode() * 6000, JSON),
        post("another type", 415, at, form, f"text/{TEXT}"),
        post("another charset", 415, at, document, f"application/json; charset={TEXT}"),
        post("multipart", 415, at, part.encode(), "multipart/form-data; boundary=x"),
        post("compressed", 415, at, form, Content_Encoding=TEXT),
        *both("no such code", 404, f"/C/{MARKERS['code']}", fields),
        *both("a code of another key", 404, f"/C/101-1-ZZ-{MARKERS['code']}", fields),
        *both("no such page", 404, f"/{MARKERS['code']}/{MARKERS['query']}{query}", fields),
        Step("the form", 200, Sent("GET", at + query, HEADERS)),
        Step("no form", 404, Sent("GET", f"/C/{MARKERS['code']}{query}", HEADERS)),
        Step("no page", 404, Sent("GET", f"/{MARKERS['code']}", HEADERS)),
        Step("typed by hand", 404, Sent("GET", f"/?checkpoint={MARKERS['code']}&tag={MARKERS['query']}", HEADERS)),
        Step("typed for 101", 404, Sent("GET", f"/?checkpoint=101&tag={MARKERS['code']}", HEADERS)),
        Step("home", 200, Sent("GET", f"/{query}", HEADERS)),
    ]  # fmt: skip
    return steps


def failing(stack: LocalStack, name: str, tag: str, status: int) -> list[Step]:
    """A party that meets an outage (503) or a fault (500): to a person all that was typed comes back."""
    return both(name, status, target(stack), party(tag * 16), mine=True)


class Walk:
    """Steps taken, and all that was written from its beginning on."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._before = items(stack)
        self._log_from = stack.ministack.log.stat().st_size
        self._since = int(time.time() * 1000)
        self._phones = Phones(stack.urls["public_url"])
        self._public = Function(stack, "public", "APIHandler")
        self._told = self._lines()
        """Answers that the log knew of before."""
        self.answers: list[tuple[Step, Answer]] = []

    def take(self, steps: list[Step]) -> None:
        """One after another: a later one may need what an earlier one stored. Afterwards all that the function wrote
        is in its log, whatever becomes of its process."""
        for step in steps:
            answer = self._phones.send(step.sent, presses=1 if step.status == 503 else 6)
            assert answer.status == step.status, (step.name, answer.status, answer.body[:500])
            self.answers.append((step, answer))
        asked, until = self._phones.pressed, time.monotonic() + 60
        while self._lines() - self._told < asked:  # a line that missed its answer comes with another one
            assert time.monotonic() < until
            self._phones.send(Sent("GET", "/"), presses=1)

    def _lines(self) -> int:
        return self._public.log().count('"event": "answer"')

    def typed(self) -> Iterator[Place]:
        """The answers that give back what was typed, to those who typed it."""
        return (
            Place("own", step.name, answer.body)
            for step, answer in self.answers
            if step.mine and "JSON" not in step.name
        )

    def places(self) -> Iterator[Place]:
        return chain(self._answers(), self._logs(), self._table(), self._buckets())

    def _answers(self) -> Iterator[Place]:
        for step, answer in self.answers:
            yield Place("header", step.name, repr(answer.headers).encode())
            if not step.mine:
                yield Place("answer", step.name, answer.body)

    def _logs(self) -> Iterator[Place]:
        yield Place("log", "MiniStack", self._stack.ministack.log.read_bytes()[self._log_from :])
        logs = self._stack.client("logs")
        for page in logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                events = [
                    event["message"]
                    for events in logs.get_paginator("filter_log_events").paginate(
                        logGroupName=group["logGroupName"], startTime=self._since
                    )
                    for event in events["events"]
                ]
                yield Place("log", group["logGroupName"], "\n".join(events).encode())

    def _table(self) -> Iterator[Place]:
        for key, item in items(self._stack).items():
            if key not in self._before:
                for attribute, value in item.items():
                    (content,) = value.values()
                    yield Place("table", attribute, content if isinstance(content, bytes) else str(content).encode())

    def _buckets(self) -> Iterator[Place]:
        s3 = self._stack.client("s3")
        for name in ("SummariesBucket", "SettingsBucket"):
            bucket = self._stack.outputs["data"][name]
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for entry in page.get("Contents", []):
                    content = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                    yield Place("bucket", entry["Key"], content)
