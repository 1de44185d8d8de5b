"""Templates -> bytes, in one language. No HTTP, no clock, no settings store.

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

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chalicelib.web import scripts
from chalicelib.web.language import LANGUAGES, Language, messages

_HERE = Path(__file__).parent


def render(template: str, language: Language, **values: Any) -> bytes:
    """The page that `template` makes of `values`."""
    page = _environment(language).get_template(template).render(values)
    return re.sub(r"\s*\n\s*", "\n", page).encode()


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
def _environment(language: Language) -> Environment:
    """One for each language, because templates hold on to the messages they were compiled with."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    environment.globals.update(style=_style(), languages=LANGUAGES, language=language, bundle=scripts.name(language))
    environment.install_gettext_translations(messages(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


@cache
def _style() -> Markup:
    """The style sheet without its comments and needless white space, safe to stand in `<style>`."""
    text = (_HERE / "templates" / "style.css").read_text("utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,>]) ?", r"\1", text).replace(": ", ":").strip()
    if "<" in text:
        raise ValueError("a style sheet that could end its own element")
    return Markup(text)  # noqa: S704 (our own file)
