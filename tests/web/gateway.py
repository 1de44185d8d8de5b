"""The gateway in a function call: requests as API Gateway hands them to the app, answers as a browser gets them.

Chalice's own test client does not know a greedy route, decodes bodies before the app sees them and never sends base64.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app import app


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    """Uncompressed."""
    wire: int
    """Bytes of the body as sent."""

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def value(self, name: str) -> str:
        """What the input called `name` holds."""
        found = re.search(f'<input[^>]* name="{re.escape(name)}"[^>]* value="([^"]*)"', self.text)
        assert found, f"no input {name}"
        return found[1]


def send(method: str, address: str, body: bytes | None = None, /, **headers: str) -> Answer:
    """Send one request; `headers` by name with `_` for `-`, those that are empty left out."""
    parts = urlsplit(address)
    told = {name.replace("_", "-"): value for name, value in {"accept": "*/*", **headers}.items() if value}
    return ask(
        method,
        parts.path,
        {name: [value] for name, value in parse_qsl(parts.query, keep_blank_values=True)},
        told,
        body,
    )


def ask(
    method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes | None
) -> Answer:
    """Send one request in parts, as they are."""
    resource, path_parameters = _route(path)
    event = {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": dict(query) or None,
        "pathParameters": path_parameters,
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": method, "path": "/api" + path},
        "body": base64.b64encode(body).decode() if body is not None else None,
        "isBase64Encoded": body is not None,
    }
    answer = app(event, None)
    assert answer["isBase64Encoded"] is True
    wire = base64.b64decode(answer["body"])
    got = {name.lower(): value for name, value in answer["headers"].items()}
    whole = gzip.decompress(wire) if got.get("content-encoding") == "gzip" else wire
    return Answer(answer["statusCode"], got, whole, len(wire))


def get(address: str, **headers: str) -> Answer:
    return send("GET", address, None, **headers)


def post(address: str, body: bytes, content_type: str = "application/x-www-form-urlencoded", **headers: str) -> Answer:
    return send("POST", address, body, content_type=content_type, **headers)


def _route(path: str) -> tuple[str, dict[str, str] | None]:
    if path == "/":
        return "/", None
    found = re.fullmatch("/([Cc])/([^/]+)", path)
    if found:
        return f"/{found[1]}/{{code}}", {"code": found[2]}
    found = re.fullmatch("/static/([^/]+)", path)
    if found:
        return "/static/{name}", {"name": found[1]}
    return (path, None) if path in ("/worker.js", "/receipt-keys") else ("/{proxy+}", {"proxy": path[1:]})
