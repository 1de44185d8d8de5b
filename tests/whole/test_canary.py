"""Nothing personal is in clear anywhere but in the traveller's own answers: markers are sent down every path, and all
that the run wrote is searched. With a protection broken on purpose, in the deployed package, the search finds them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import LocalStack
from tests.whole.canary import MARKERS, Place, base64s, files, heard, songs, spellings
from tests.whole.functions import Function
from tests.whole.walk import Walk, failing, path

NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""

OUTAGES: dict[str, tuple[int, dict[str, str | None]]] = {
    "KMS down": (503, {"AWS_ENDPOINT_URL_KMS": NOBODY}),
    "DynamoDB down": (503, {"AWS_ENDPOINT_URL_DYNAMODB": NOBODY}),
    "no such table": (503, {"KAKOU_TABLE": "nothing"}),
    "secrets down": (503, {"AWS_ENDPOINT_URL_SECRETS_MANAGER": NOBODY}),
    "settings down": (503, {"AWS_ENDPOINT_URL_S3": NOBODY}),
    "a fault of ours": (500, {"KAKOU_SEALING_KEY": None}),
}
"""What fails, the answer's status, and the function's environment that makes it so."""


@dataclass(frozen=True)
class Clean:
    home: Path
    walk: Walk
    places: list[Place] = field(repr=False)
    left: list[Place] = field(repr=False)
    """On disk, after the stack was stopped."""
    secrets: dict[str, str] = field(repr=False)
    """The stack's own keys: no log may hold them either."""


ASIDE = ("kakou-local-artifacts", "lambda-blobs")
"""Where our own code lies."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """The whole walk on a stack of its own, as it is deployed."""
    home = tmp_path_factory.mktemp("canary")
    with LocalStack(home) as stack:
        walk = Walk(stack)
        walk.take(path(stack, "ca"))
        public = Function(stack, "public", "APIHandler")
        for number, (name, (status, environment)) in enumerate(OUTAGES.items()):
            public.environment(environment)
            walk.take(failing(stack, name, f"{number:02d}", status))
        public.environment({})
        schedule = Function(stack, "command", "SummariseSchedule")
        said = [Place("answer", "schedule", schedule.run_until_logged("summarised"))]
        schedule.environment({"KAKOU_TABLE": "nothing"})
        said.append(Place("answer", "schedule that fails", schedule.run_until_logged("not_summarised")))
        schedule.environment({})
        places = [*walk.places(), *said, Place("file", "urls.json", stack.urls_file.read_bytes())]
        told = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["data"]["PublicSecretArn"])
        keys = {kid: key.decode() for kid, key in stack.code_keys().items()}
        secrets = keys | json.loads(told["SecretString"])
    return Clean(home, walk, places, [*files(home, ASIDE)], secrets)


def test_the_search_knows_every_marker_where_it_lies(clean: Clean) -> None:
    """Else finding nothing would mean nothing: the forms that come back hold what was typed into them."""
    typed = set().union(*(heard(place.content, MARKERS) for place in clean.walk.typed()))
    assert typed >= MARKERS.keys() - {"unknown field", "code", "query", "header"}
    for name, text in MARKERS.items():
        for spelt in spellings(text) | base64s(text):
            assert heard(b"{" + spelt + b"}", {name: text}) == {name}, spelt
        for before in (b"", b"a", b"ab"):
            assert heard(base64.b64encode(before + text.encode() + b"abc"), {name: text}) == {name}


def test_the_walk_left_something_everywhere(clean: Clean) -> None:
    names = {f"{place.kind}: {place.name}" for place in clean.places if place.content}
    assert {"log: MiniStack", "table: sealed", "table: facts", "table: proof", "bucket: summaries/v1/now.json",
            "bucket: settings/v1/current.json", "file: urls.json"} <= names  # fmt: skip
    log = b"\n".join(place.content for place in clean.places if place.kind == "log").decode()
    for line in ('"event": "answer", "status": 201', '"event": "outage"', '"event": "fault"', '"kind": "NotStored"',
                 '"event": "summarised"', '"event": "not_summarised"'):  # fmt: skip
        assert line in log
    assert sum(len(place.content) for place in clean.left) > 100_000
    assert {"stack/state/dynamodb.json", "stack/state/cloudwatch_logs.json", "stack/ministack.log", "urls.json"} <= {
        place.name for place in clean.left
    }


def test_no_marker_is_anywhere_but_in_the_travellers_own_answers(clean: Clean) -> None:
    assert songs(clean.places, MARKERS) == {}


def test_no_marker_is_on_disk(clean: Clean) -> None:
    assert songs(clean.left, MARKERS) == {}


def test_no_log_and_no_answer_holds_a_key(clean: Clean) -> None:
    assert songs([place for place in clean.places if place.kind in ("log", "header", "answer")], clean.secrets) == {}


@dataclass(frozen=True)
class Leak:
    """A protection broken in the deployed package, and the kind of place that then sings."""

    changes: dict[str, tuple[str, str]]
    kind: str
    outage: bool = False


LEAKS = {
    "a failure is written with its local variables": Leak(
        {
            "chalicelib/log.py": (
                "    note(event, kind=",
                "    import traceback as t\n"
                "    print(*t.TracebackException.from_exception(error, capture_locals=True).format())\n"
                "    note(event, kind=",
            )
        },
        "log",
        outage=True,
    ),
    "the sealer hides nothing": Leak(
        {"chalicelib/passage/seal.py": ("return bytes(sealed)", "return bytes(sealed) + plain")}, "table"
    ),
    "the plate is counted in clear": Leak(
        {
            "chalicelib/passage/registration.py": (
                "plate=keys.plate_hash(passage.plate, counts_from.astimezone(LOCAL).date()) if passage.plate else None",
                "plate=passage.plate",
            )
        },
        "table",
    ),
    "a refusal repeats the value": Leak(
        {"chalicelib/web/public.py": ('"rule": p.rule,', '"rule": p.rule, "was": fields.get(p.field),')}, "answer"
    ),
}


@pytest.fixture(scope="module")
def again(clean: Clean) -> Iterator[LocalStack]:
    """The same stack, started again."""
    with LocalStack(clean.home) as stack:
        yield stack


@pytest.mark.parametrize("name", LEAKS)
def test_with_a_protection_broken_on_purpose_the_canary_sings(again: LocalStack, name: str) -> None:
    leak = LEAKS[name]
    public = Function(again, "public", "APIHandler")
    public.code(leak.changes)
    tag = f"{[*LEAKS].index(name):x}e"
    walk = Walk(again)
    try:
        if leak.outage:
            public.environment({"AWS_ENDPOINT_URL_KMS": NOBODY})
            walk.take(failing(again, name, tag, 503))
        else:
            walk.take(path(again, tag)[:8])
    finally:
        public.environment({})
    found = songs(walk.places(), MARKERS)
    assert {place.partition(":")[0] for place in found} == {leak.kind}, found


def test_with_the_libraries_loggers_left_on_the_canary_hears_the_keys(again: LocalStack, clean: Clean) -> None:
    public = Function(again, "public", "APIHandler")
    public.code({"app.py": ("log.only_ours()", "__import__('logging').basicConfig(level=1)")})
    walk = Walk(again)
    walk.take(path(again, "ff")[:1])
    logs = [place for place in walk.places() if place.kind == "log"]
    assert songs(logs, clean.secrets) != {}


def test_what_leaked_is_heard_on_disk_too(again: LocalStack, clean: Clean) -> None:
    public = Function(again, "public", "APIHandler")
    public.code(LEAKS["the sealer hides nothing"].changes)
    Walk(again).take(path(again, "fd")[:1])
    again.stop()
    assert "file: stack/state/dynamodb.json" in songs(files(clean.home, ASIDE), MARKERS)
