"""Templates compiled beforehand are what their sources say, in every language, and never anything older."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from chalicelib.web import rendering
from chalicelib.web.desk import rendering as desk
from chalicelib.web.jinja import Compiled
from chalicelib.web.language import LANGUAGES


@pytest.fixture(scope="module", params=[rendering, desk], ids=["travellers", "desk"])
def pages(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def compiled(pages: Any, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    made = Compiled(tmp_path_factory.mktemp("compiled"))
    made.keep_all(pages.environment(LANGUAGES[0]))
    return made


def test_compiled_beforehand_is_what_each_language_would_compile(pages: Any, compiled: Compiled) -> None:
    for language in LANGUAGES if pages is rendering else desk.LANGUAGES:
        environment: Environment = pages.environment(language)
        names = environment.list_templates(["html"])
        assert "plain.html" in names
        for name in names:
            source, filename, _ = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
            kept = compiled.get_bucket(environment, name, filename, source)
            assert kept.code == environment.compile(source, name, name), (language.code, name)


def test_of_another_source_nothing_is_taken(pages: Any, compiled: Compiled, tmp_path: Path) -> None:
    environment: Environment = pages.environment(LANGUAGES[0])
    source, filename, _ = environment.loader.get_source(environment, "plain.html")  # type: ignore[union-attr]
    assert compiled.get_bucket(environment, "plain.html", filename, source + " ").code is None
    assert Compiled(tmp_path).get_bucket(environment, "plain.html", filename, source).code is None
