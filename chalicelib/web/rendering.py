"""The travellers' templates, style and scripts -> bytes, in one language. No HTTP, no clock, no settings store.

The style sheet is in the page, because a second round trip costs more on one bar of signal than its 2 KB; the Content
Security Policy allows it by its hash (`style_source`).
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from chalicelib.web import jinja, scripts
from chalicelib.web.language import DOMAIN, LANGUAGES, Language

_HERE = Path(__file__).parent
TEMPLATES = _HERE / "templates"


def render(template: str, language: Language, **values: Any) -> bytes:
    """The page that `template` makes of `values`."""
    return jinja.page(environment(language), template, **values)


@cache
def script(name: str) -> Markup:
    """The script `static/<name>.js` without comment lines and indentation, safe to stand in `<script>`. No text of it
    goes over a line's end."""
    text = (_HERE / "static" / f"{name}.js").read_text("utf-8")
    text = re.sub(r"(?m)^\s*(?://.*)?\n?", "", text)
    if "</" in text or "<!--" in text:
        raise ValueError("a script that could end its own element")
    return Markup(text)  # noqa: S704 (our own file)


def style_source() -> str:
    """The CSP source (`'sha256-…'`) that allows the style sheet."""
    return _source(_style())


def script_source(name: str) -> str:
    """The CSP source that allows a `script` inside a page."""
    return _source(script(name))


def _source(text: Markup) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


@cache
def environment(language: Language) -> Environment:
    """The travellers' templates."""
    return jinja.environment(
        TEMPLATES, language, DOMAIN, style=_style(), languages=LANGUAGES, bundle=scripts.name(language)
    )


@cache
def _style() -> Markup:
    """The style sheet without its comments and needless white space, safe to stand in `<style>`."""
    text = (TEMPLATES / "style.css").read_text("utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,>]) ?", r"\1", text).replace(": ", ":").strip()
    if "<" in text:
        raise ValueError("a style sheet that could end its own element")
    return Markup(text)  # noqa: S704 (our own file)
