"""The desk's templates, style and script -> bytes. No HTTP, no clock.

Style and script are files of their own, named by their content and kept by the browser for good: the second page costs
its own bytes alone.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from chalicelib.web import jinja
from chalicelib.web.language import CHINESE, DESK, ENGLISH, Language

LANGUAGES = (CHINESE, ENGLISH)

_HERE = Path(__file__).parent
TEMPLATES = _HERE / "templates"
_NAME = re.compile(r"desk\.([0-9a-f]{16})\.(css|js)")
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


def render(template: str, language: Language, **values: Any) -> bytes:
    """The page that `template` makes of `values`."""
    return jinja.page(environment(language), template, **values)


def static(name: str) -> tuple[bytes, str] | None:
    """The file that is called so and its type; None when there is no such one."""
    match = _NAME.fullmatch(name)
    return (content(match[2]), TYPES[match[2]]) if match and name == file_name(match[2]) else None


@cache
def content(kind: str) -> bytes:
    """The style sheet (`css`) or the script (`js`), without comments and indentation."""
    text = (_HERE / "static" / f"desk.{kind}").read_text("utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S) if kind == "css" else re.sub(r"(?m)^\s*//.*\n", "", text)
    return re.sub(r"(?m)^\s+|\s+$", "", text).encode()


@cache
def file_name(kind: str) -> str:
    return f"desk.{hashlib.sha256(content(kind)).hexdigest()[:16]}.{kind}"


@cache
def environment(language: Language) -> Environment:
    """The desk's templates."""
    return jinja.environment(
        TEMPLATES, language, DESK, style=file_name("css"), script=file_name("js"), languages=LANGUAGES
    )
