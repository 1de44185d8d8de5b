"""Templates compiled beforehand are what their sources say, in every language, and never anything older."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.web.language import LANGUAGES, Language
from chalicelib.web.rendering import Compiled, _environment


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    made = Compiled(tmp_path_factory.mktemp("compiled"))
    made.keep_all()
    return made


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_compiled_beforehand_is_what_this_language_would_compile(compiled: Compiled, language: Language) -> None:
    environment = _environment(language)
    names = environment.list_templates(["html"])
    assert "form.html" in names
    for name in names:
        source, filename, _ = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
        kept = compiled.get_bucket(environment, name, filename, source)
        assert kept.code == environment.compile(source, name, name)


def test_of_another_source_nothing_is_taken(compiled: Compiled, tmp_path: Path) -> None:
    environment = _environment(LANGUAGES[0])
    source, filename, _ = environment.loader.get_source(environment, "form.html")  # type: ignore[union-attr]
    assert compiled.get_bucket(environment, "form.html", filename, source + " ").code is None
    assert Compiled(tmp_path).get_bucket(environment, "form.html", filename, source).code is None
