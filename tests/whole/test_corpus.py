"""The table of hostile and awkward input over HTTP on the running stack: each has its answer and none is a 500.

A refusal is one of a few pages and documents, compared to the byte, or, in JSON, fields and rules alone (`promised`):
so no value comes back but in the form that a person has to mend. What is refused stores nothing.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import dataclass
from typing import Any

import pytest

from scripts.simulated import as_json
from tests.conftest import LocalStack
from tests.corpus import BAD, LARGE, OK, TYPE, WRONG, Case, cases
from tests.parties import FORM, JSON, as_form, one
from tests.web.promised import broken
from tests.whole.phones import Answer, Phones, Sent, items, target


@dataclass(frozen=True)
class Odd:
    """What only a wire can say: headers twice, missing or oddly spelt, a body in chunks."""

    name: str
    status: int
    body: bytes | None
    headers: tuple[tuple[str, str], ...]
    chunked: bool = False


def _id(number: int) -> str:
    return f"{number:02x}" * 16


def odd() -> list[Odd]:
    form, document = as_form(one(_id(0xEE))), as_json(one(_id(0xEE)))
    part = b'--x\r\nContent-Disposition: form-data; name="vehicle"\r\n\r\ncar\r\n--x--\r\n'
    refused = [
        Odd("no content type", TYPE, form, ()),
        Odd("an empty content type", TYPE, form, (("Content-Type", ""),)),
        Odd("no body", BAD, None, (("Content-Type", FORM),)),
        Odd("no body, no content type", TYPE, None, ()),
        Odd("multipart", TYPE, part, (("Content-Type", "multipart/form-data; boundary=x"),)),
        Odd("multipart called a form", BAD, part, (("Content-Type", FORM),)),
        Odd("gzip that does not say so", BAD, gzip.compress(form), (("Content-Type", FORM),)),
        Odd("gzip", TYPE, gzip.compress(form), (("Content-Type", FORM), ("content-encoding", "GZip"))),
        Odd("deflate", TYPE, zlib.compress(document), (("Content-Type", JSON), ("Content-Encoding", "deflate"))),
        Odd("twice compressed", TYPE, form, (("Content-Type", FORM), ("Content-Encoding", "gzip, gzip"))),
        Odd("a bomb", TYPE, gzip.compress(b"\0" * 9_000_000), (("Content-Type", FORM), ("Content-Encoding", "gzip"))),
        Odd("raw bytes", BAD, bytes(range(256)), (("Content-Type", FORM),)),
        Odd("raw bytes called JSON", BAD, bytes(range(128, 256)) * 60, (("Content-Type", JSON),)),
        Odd("GBK", BAD, "vehicle=car&plate=辽CA1234".encode("gbk"), (("Content-Type", FORM),)),
        Odd("chunks of too much", LARGE, b"a" * 20_000, (("Content-Type", FORM),), chunked=True),
        Odd("100,000 nested lists in chunks", LARGE, b"[" * 100_000, (("Content-Type", JSON),), chunked=True),
        Odd("100,000 nested lists, no content type", LARGE, b"[" * 100_000, ()),
        Odd("a content type beyond ASCII", TYPE, document, (("Content-Type", "application/ｊｓｏｎ"),)),
        Odd("a content type of 7,000 characters", TYPE, document, (("Content-Type", JSON + ";" + "a" * 7000),)),
        Odd("JSON of another kind", TYPE, document, (("Content-Type", "application/ld+json"),)),
    ]
    taken = [
        (FORM.upper(), {}, False),
        ("application/JSON ;\tcharset=UTF8", {}, False),
        (f"{FORM} ; CHARSET=utf-8;", {}, False),
        (JSON, {"Content-Encoding": "identity"}, False),
        (FORM, {"Accept": "image/webp", "Accept-Language": "x" * 600, "Cookie": "a=b"}, False),
        (FORM, {"X-HTTP-Method-Override": "DELETE", "Expect": ""}, False),
        (FORM, {}, True),
        (JSON, {"Accept-Encoding": "gzip"}, False),
    ]
    for number, (said, more, chunked) in enumerate(taken):
        fields = one(_id(number + 0xD0))
        body = as_json(fields) if "json" in said.lower() else as_form(fields)
        refused.append(Odd(f"taken: {said}, {list(more)}", OK, body, (("CONTENT-TYPE", said), *more.items()), chunked))
    return refused


CASES: list[Case | Odd] = [*cases(), *odd()]
NAMES = [case.name for case in CASES]


def sent(case: Case | Odd, at: str) -> Sent:
    if isinstance(case, Case):
        told = {"Accept": "*/*", "Content-Type": case.content_type, **case.headers}
        return Sent("POST", at, [*told.items()], case.body)
    accept = () if any(name == "Accept" for name, _ in case.headers) else (("Accept", "*/*"),)
    return Sent("POST", at, [*accept, *case.headers], case.body, case.chunked)


@dataclass(frozen=True)
class Run:
    answers: dict[str, Answer]
    stored: dict[tuple[str, str], dict[str, Any]]
    """What lay in the table afterwards and not before."""
    unchanged: bool
    """Whether all that lay there before still does."""


@pytest.fixture(scope="module")
def run(stack: LocalStack) -> Run:
    """All cases, sent once, by four phones."""
    before = items(stack)
    at = target(stack)
    answers = Phones(stack.urls["public_url"]).all(sent(case, at) for case in CASES)
    after = items(stack)
    new = {key: item for key, item in after.items() if key not in before}
    return Run(dict(zip(NAMES, answers, strict=True)), new, before.items() <= after.items())


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_each_input_has_its_answer(run: Run, case: Case | Odd) -> None:
    answer = run.answers[case.name]
    assert answer.status == case.status, answer.body[:500]
    assert not broken(answer.status, answer.headers, answer.body, as_json="json" in kind(case).lower())
    if isinstance(case, Case) and case.status == WRONG:
        assert problems(answer, case) == dict(case.problems)


def kind(case: Case | Odd) -> str:
    """What it says that it is."""
    if isinstance(case, Case):
        return case.content_type
    return next((value for name, value in case.headers if name.lower() == "content-type"), "")


def problems(answer: Answer, case: Case) -> dict[str, str]:
    """Field -> rule, as the answer names them; a page has sentences, so there the fields alone are compared."""
    if case.content_type == JSON:
        return {problem["field"]: problem["rule"] for problem in json.loads(answer.body)["problems"]}
    page = answer.body.decode()
    marked = re.findall(r'<a href="#([^"]+)"', page)
    # What has no field of its own is said and leads nowhere.
    hidden = [field for field in case.problems if field in ("submission", "replaces")]
    assert len(re.findall("<li><b>", page)) == len(hidden)
    marked += hidden
    return {field: case.problems.get(field, "not expected") for field in marked}


def test_no_refusal_stored_anything_and_each_201_is_one_passage(run: Run) -> None:
    assert run.unchanged
    taken = {re.search(rb"[0-9a-f]{32}", case.body or b"")[0].decode() for case in CASES if case.status == OK}  # type: ignore[index]
    assert {pk.removeprefix("SUB#") for pk, _ in run.stored if pk.startswith("SUB#")} == taken
    assert sorted(sk.partition("#")[2] for pk, sk in run.stored if pk.startswith("CP#101#")) == sorted(taken)
    assert len(run.stored) == 2 * len(taken)


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 110
