"""A public stack whose network answers at once: everything of ours and of botocore runs, but nothing is sent."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import botocore.session
from botocore.awsrequest import AWSResponse

from chalicelib import patience, wiring
from chalicelib.checkpoint.code import issue
from chalicelib.passage.seal import Envelope
from chalicelib.passage.table import PassageTable
from chalicelib.settings import Settings, first_settings
from chalicelib.web.catalogues import compile_all
from scripts.simulated import as_json, passages

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
KEYS = {"A": b"bench" * 13}
FORM = "application/x-www-form-urlencoded"


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._content


def answering(service: str, content: bytes | Callable[[Any], bytes], config: Any = None, **told: str) -> Any:
    """A client of `service` whose every request is made and signed, and answered with `content` (or what that makes of
    the request) where it would be sent."""
    client = botocore.session.Session().create_client(
        service,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",  # noqa: S106 (the documentation's own)
        config=config,
    )
    headers: Any = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "bench", **told}

    def answer(request: Any, **_: object) -> Any:
        return AWSResponse(
            request.url, 200, headers, _Body(content if isinstance(content, bytes) else content(request))
        )

    client.meta.events.register("before-send.*", answer)
    return client


@dataclass
class Public:
    """What the routes stand on."""

    settings: Settings
    table: PassageTable
    sealer: Envelope
    transactions: list[dict[str, Any]] = field(default_factory=list)
    """What was given to TransactWriteItems, where it is asked for (`noting`)."""
    noting: bool = False

    def current(self) -> Settings:
        return self.settings

    def address(self, checkpoint: str) -> str:
        return f"/C/{issue(self.settings, KEYS, checkpoint)}"


@contextlib.contextmanager
def public() -> Iterator[Public]:
    """The stack wired in this process, while it lasts; its log goes nowhere, at its own cost."""
    compile_all()
    settings = first_settings("kakou-bench", "https://kakou.haicheng.gov.cn", "2020-02-10T07:00:00.000Z")
    client = answering("dynamodb", b"{}", patience.config("dynamodb", patience.PROMPT))
    data_key = {
        "CiphertextBlob": base64.b64encode(b"c" * 184).decode(),
        "Plaintext": base64.b64encode(b"k" * 32).decode(),
        "KeyId": KEY,
    }
    kms = answering("kms", json.dumps(data_key).encode(), patience.config("kms", patience.PROMPT))
    made = Public(settings, PassageTable(client, "passages"), Envelope(kms, KEY, settings.deployment))

    def note(params: dict[str, Any], **_: object) -> None:
        if made.noting:
            made.transactions.append(params)

    client.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", note)
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        wiring.use(
            current_settings=made,
            code_keys=KEYS,
            public_secret=b"s" * 64,
            sealer=made.sealer,
            passage_table=made.table,
            scan_table=made.table,
        ),
    ):
        yield made


def parties(count: int, seed: int = 7) -> list[tuple[str, bytes, bytes]]:
    """Checkpoint, form post and JSON of `count` made-up parties, each with a submission id of its own."""
    settings = first_settings("kakou-bench", "https://kakou.haicheng.gov.cn", "2020-02-10T07:00:00.000Z")
    found = []
    for passage in islice(passages(seed, [each.id for each in settings.checkpoints]), count):
        fields = passage.fields | {"submission": secrets.token_hex(16)}
        found.append((passage.checkpoint, urlencode(fields, doseq=True).encode(), as_json(fields)))
    return found


def event(method: str, path: str, body: bytes | None = None, content_type: str = "") -> dict[str, Any]:
    """What API Gateway hands to the function."""
    place, _, rest = path.lstrip("/").partition("/")
    resource, parameters = "/{proxy+}", {"proxy": path}
    if place == "worker.js":
        resource, parameters = path, {}
    elif place == "C":
        resource, parameters = "/C/{code}", {"code": rest}
    elif place == "static":
        resource, parameters = "/static/{name}", {"name": rest}
    headers = {
        "accept": "text/html" if content_type == FORM else "*/*",
        "accept-encoding": "gzip, deflate",
        "accept-language": "zh-CN,zh;q=0.9",
        "user-agent": "Mozilla/5.0 (Linux; Android 8.1; bench)",
    }
    if content_type:
        headers["content-type"] = content_type
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": method, "path": "/api" + path, "requestId": "bench"},
        "body": base64.b64encode(body).decode() if body is not None else None,
        "isBase64Encoded": body is not None,
    }


def ask(handed: dict[str, Any], status: int) -> bytes:
    """The body of the app's answer to an `event`, as sent. Raises RuntimeError for another status."""
    from app import app

    answer = app(handed, None)
    if answer["statusCode"] != status:
        raise RuntimeError(f"{handed['path']} answered {answer['statusCode']}")
    return base64.b64decode(answer["body"])
