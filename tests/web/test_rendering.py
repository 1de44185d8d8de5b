"""Templates compiled and scripts made beforehand are what their sources say, in every language, and nothing older."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from chalicelib.web import rendering, scripts
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


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where scripts made beforehand lie."""
    scripts.keep_all(tmp_path / "made")
    monkeypatch.setattr(scripts, "MADE", tmp_path / "made")
    forget()
    yield tmp_path / "made"
    monkeypatch.undo()
    forget()


@pytest.fixture
def kept(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same; nothing can be made any more."""
    for sources in ("_form", "_ease", "_words", "_places"):
        monkeypatch.delattr(scripts, sources)
    return made


def forget() -> None:
    scripts._kept.cache_clear()
    scripts.worker.cache_clear()


FRESH = {"names": [scripts.name(language) for language in LANGUAGES], "worker": scripts.worker()}


@pytest.mark.usefixtures("kept")
def test_scripts_made_beforehand_are_those_made_when_asked_for() -> None:
    assert [scripts.name(language) for language in LANGUAGES] == FRESH["names"]
    assert scripts.worker() == FRESH["worker"]


def test_of_scripts_made_beforehand_each_is_served_and_nothing_else(kept: Path) -> None:
    assert len(list(kept.iterdir())) == 3 * len(LANGUAGES) + 1
    for path in kept.iterdir():
        assert scripts.static(path.name) == path.read_bytes()
    for other in ("form-zh.0123456789ab.js", "../scripts.py", "made", ""):
        assert scripts.static(other) is None


@pytest.mark.parametrize("wrong", ["form-ru.*.js", "words-zh.*.js", "places.*.js", "two forms"])
def test_a_set_that_is_not_whole_is_not_used_at_all(made: Path, wrong: str) -> None:
    """Nothing of it is served, not even what is there: names of one making ask for files of the same."""
    if wrong == "two forms":
        (made / "form-zh.0123456789ab.js").write_bytes(b"older")
    else:
        (missing,) = made.glob(wrong)
        missing.unlink()
    for path in made.iterdir():
        path.write_bytes(b"older")
    assert [scripts.name(language) for language in LANGUAGES] == FRESH["names"]
    assert scripts.worker() == FRESH["worker"]
    for name, content in scripts.make().items():
        assert scripts.static(name.removeprefix("static/")) == content
    assert scripts.static("form-zh.0123456789ab.js") is None
