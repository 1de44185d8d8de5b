"""Everybody can use every page: axe-core finds nothing, in any language, light or dark; text may be twice as large."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from chalicelib.passage.decoding import Fields
from chalicelib.passage.form import RULES, Problem
from chalicelib.passage.receipt import Receipt
from chalicelib.web import pages, plain
from chalicelib.web.language import LANGUAGES, Language
from chalicelib.web.receipts import receipt_page
from tests.web.browser import PHONE
from tests.web.phone import OUTSIDE, SMALL, violations
from tests.web.test_pages import ID, scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIGNED = "KR1-" + "A" * 100 + "-" + "B" * 103
AT = datetime(2020, 2, 10, 16, 5, 40, tzinfo=UTC)
PARTY: Fields = {
    "travellers.0.name": "x",
    "travellers.0.origin": "210102",
    "travellers.1.origin": "和平区",
    "travellers.1.same_as_first": "yes",
}
PROBLEMS = (
    Problem("vehicle", "required"),
    Problem("plate", "plate"),
    *(
        Problem(f"travellers.0.{part}", rule)
        for part, rule in zip(
            ("name", "document", "number", "phone", "township", "address", "purpose", "key_region_stay", "symptoms",
             "temperature"),
            RULES, strict=False,
        )
    ),
    Problem("travellers.1.origin", "origin_choose", ("210102", "120101")),
    Problem("travellers.1.same_as_first", "choice"),
)  # fmt: skip


def _receipt(vehicle: str, tail: str) -> Receipt:
    return Receipt("7KQ2M9XD", "101", "2020-02-10T16:05:33.123Z", vehicle, tail, ("王**", "И**"), SIGNED)


def _noticed(language: Language) -> pages.Scene:
    return msgspec.structs.replace(scene(language), asked_of_key_regions="请居家观察")


PAGES: Mapping[str, Callable[[Language], bytes]] = {
    "form": lambda own: pages.form_page(scene(own), submission=ID),
    "mend": lambda own: pages.form_page(scene(own), submission=ID, fields=PARTY, problems=PROBLEMS),
    "busy": lambda own: pages.form_page(scene(own), submission=ID, fields={"plate": "x"}, not_registered=True),
    "receipt": lambda own: receipt_page(
        _noticed(own),
        _receipt("car", "234"),
        answered=AT,
        noticed=True,
        others=[_noticed(each) for each in LANGUAGES if each != own],
    ),
    "receipt on foot": lambda own: receipt_page(scene(own), _receipt("foot", ""), answered=AT),
    "kept": lambda own: plain.kept_page(own, PARTY),
    **{kind: lambda own, kind=kind: plain.plain_page(own, kind) for kind in plain.PLAIN},  # type: ignore[misc]
    "another_passage": lambda own: plain.correction_page(own, PARTY | {"replaces": "1" * 32, "lang": own.code}),
}
"""Every page in every state that the server sends."""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A phone with axe-core in it."""
    from axe_playwright_python.base import AXE_SCRIPT

    opened = browser.new_page(viewport=PHONE)
    opened.goto("about:blank")
    opened.evaluate(AXE_SCRIPT)
    yield opened
    opened.close()


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(page: Page, name: str, language: Language) -> None:
    page.emulate_media(color_scheme="light")
    page.set_content(PAGES[name](language).decode())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    if page.locator("#save").is_visible():
        page.locator("#save").click()
        page.locator("#picture").wait_for()
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast") == []


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize("name", ["form", "mend", "busy", "receipt", "another_passage"])
def test_text_may_be_twice_as_large(page: Page, name: str, language: Language) -> None:
    """WCAG 1.4.4 and 1.4.10: nothing is lost, and nothing but down is to be scrolled."""
    page.set_content(PAGES[name](language).decode())
    for switch in page.locator(".langs summary").all():
        switch.click()
    for size in ("100%", "200%"):
        page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_everything_to_touch_is_large_enough(page: Page, language: Language) -> None:
    for name, shown in PAGES.items():
        page.set_content(shown(language).decode())
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        assert page.evaluate(SMALL) == [], name


def test_axe_would_find_something(page: Page) -> None:
    page.set_content("<p style='color:#999;background:#fff'>pale words</p><img src='data:,'><input>")
    assert {each.partition(":")[0] for each in violations(page)} >= {"color-contrast", "image-alt", "label"}
