"""The one maker of Jinja2 environments: a folder of templates and a language -> pages as bytes. No HTTP, no clock.

The travellers' pages and the desk's have folders, words and styles of their own (`rendering`, `desk.rendering`) and are
made alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket, BytecodeCache

from chalicelib.web.language import Language, messages


def environment(folder: Path, language: Language, domain: str, **names: Any) -> Environment:
    """The templates of `folder` with the messages of `domain`; all of them know `language` and `names`. One for each
    language, because templates hold on to the messages they were compiled with."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        bytecode_cache=Compiled(folder / "compiled"),
    )
    made.globals.update(names, language=language)
    made.install_gettext_translations(messages(language, domain), newstyle=True)  # type: ignore[attr-defined]
    return made


def page(made: Environment, template: str, /, **values: Any) -> bytes:
    """The page that `template` makes of `values`, without indentation and empty lines."""
    text = made.get_template(template).render(values)
    return "\n".join([line for line in map(str.strip, text.split("\n")) if line]).encode()


class Compiled(BytecodeCache):
    """Templates compiled beforehand, one file each in `folder`, which the packages bring: compiling them is a fifth of
    a cold start. Where there is none, or it is not of this very source and Python, the source is compiled as ever."""

    def __init__(self, folder: Path) -> None:
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

    def keep_all(self, made: Environment) -> None:
        """Compile every template of an environment, for all languages: messages are looked up when a page is made."""
        for name in made.list_templates(["html"]):
            source, filename, _ = made.loader.get_source(made, name)  # type: ignore[union-attr]
            bucket = self.get_bucket(made, name, filename, source)
            bucket.code = made.compile(source, name, name)
            target = self._folder / f"{name}.code"
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as kept:
                bucket.write_bytecode(kept)
