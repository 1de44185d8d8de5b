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
from jinja2.bccache import Bucket, BytecodeCache
from markupsafe import Markup

from chalicelib.web import scripts
from chalicelib.web.language import LANGUAGES, Language, messages

_HERE = Path(__file__).parent


def render(template: str, language: Language, **values: Any) -> bytes:
    """The page that `template` makes of `values`."""
    page = _environment(language).get_template(template).render(values)
    return "\n".join([line for line in map(str.strip, page.split("\n")) if line]).encode()


class Compiled(BytecodeCache):
    """Templates compiled beforehand, one file each in `folder`, which the packages bring: compiling them is a fifth of
    a cold start. Where there is none, or it is not of this very source and Python, the source is compiled as ever."""

    def __init__(self, folder: Path = _HERE / "templates" / "compiled") -> None:
        self._folder = folder

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return name  # and not where it lies: it is compiled in one place, and used in another

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            with (self._folder / f"{bucket.key}.code").open("rb") as kept:
                bucket.load_bytecode(kept)
        except FileNotFoundError:
            pass

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Nothing is kept in passing: a function's own files cannot be written."""

    def keep_all(self) -> None:
        """Compile every template into the folder, for all languages: messages are looked up when a page is made."""
        environment = _environment(LANGUAGES[0])
        for name in environment.list_templates(["html"]):
            source, filename, _ = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
            bucket = self.get_bucket(environment, name, filename, source)
            bucket.code = environment.compile(source, name, name)
            target = self._folder / f"{name}.code"
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as kept:
                bucket.write_bytecode(kept)


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
        bytecode_cache=Compiled(),
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
