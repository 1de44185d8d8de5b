"""Every state that the script shows: axe-core finds nothing, in any language, light or dark, and nothing sticks out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from chalicelib.web.language import LANGUAGES, Language
from tests.parties import resident_id
from tests.web.conftest import NotSealed, Stack
from tests.web.phone import (
    OUTSIDE,
    SMALL,
    fill,
    fill_driver,
    phone_at,
    picture,
    press,
    ready,
    tick,
    turn,
    violations,
)  # fmt: skip

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_axe_finds_nothing_in_any_state(browser: Browser, stack: Stack, language: Language) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    with phone_at(browser, stack, locale=language.tag) as phone:

        def looked_at(state: str) -> None:
            page = phone.page
            page.emulate_media(color_scheme="light")
            page.evaluate(AXE_SCRIPT)
            assert violations(page) == [], state
            page.emulate_media(color_scheme="dark")
            assert violations(page, "color-contrast") == [], state
            assert page.evaluate(OUTSIDE) == [], state
            assert page.evaluate(SMALL) == [], state
            picture(page, f"state-{state}")

        ready(phone)
        phone.page.locator("[name=plate]").tap()
        looked_at("pad")
        phone.send()
        phone.page.locator("#mend").wait_for(timeout=90_000)
        looked_at("check")
        fill_driver(phone.page)
        press(phone.page, "add")
        fill(phone.page, "travellers.1.name", "王小花")
        tick(phone.page, "travellers.1.document", "resident_id")
        fill(phone.page, "travellers.1.number", resident_id("21038120100101002"))
        tick(phone.page, "travellers.1.same_as_first", "yes")
        tick(phone.page, "travellers.1.key_region_stay", "no")
        tick(phone.page, "travellers.1.symptoms", "none")
        phone.page.locator(".whose").nth(1).wait_for(timeout=90_000)
        looked_at("party")
        phone.line.state = "down"
        phone.page.locator(".langs summary").click()
        phone.page.locator(".langs button").first.click()
        phone.page.locator("#say-tongue").wait_for(timeout=90_000)
        looked_at("language needs the network")
        phone.page.evaluate(
            "void (self.own = IDBFactory.prototype.open, IDBFactory.prototype.open = () => { throw 0; })"
        )
        phone.send()
        phone.page.locator("#say-waiting").wait_for(timeout=90_000)
        assert phone.page.locator("body.held").count() == 0
        looked_at("cannot be kept")
        phone.page.wait_for_timeout(3_500)  # a store that throws does not hang: it is asked again
        phone.page.evaluate("void (IDBFactory.prototype.open = self.own)")
        phone.page.locator("#say-waiting .send").click()
        phone.page.locator(".held #say-waiting").wait_for(timeout=90_000)
        looked_at("kept")
        phone.page.close()
        phone.line.state = "up"
        stack.sealing_fails = NotSealed("KMS")
        phone.open()
        phone.page.locator("#say-waiting").wait_for(timeout=90_000)
        looked_at("reopened")
        turn(phone.page.locator("#say-waiting a"))
        phone.page.locator(".card.kept").wait_for(timeout=90_000)
        looked_at("second form")
        posters = stack.settings.posters
        stack.change(posters=tuple(msgspec.structs.replace(each, state="revoked") for each in posters))
        stack.sealing_fails = None
        phone.page.locator(".card.kept button").click()
        phone.page.locator(".card.alert .button").wait_for(timeout=90_000)
        looked_at("refused")
        stack.change(posters=posters)
        phone.page.locator(".card.alert .button").click()
        phone.send()
        phone.page.locator(".done").wait_for(timeout=90_000)
        looked_at("registered")
        phone.page.go_back()
        phone.page.locator(".card.ok").wait_for(timeout=90_000)
        looked_at("already")
        fill(phone.page, "plate", "辽CA9999")
        phone.send()
        phone.page.locator("#say-answer").wait_for(timeout=90_000)
        looked_at("another")
        phone.open()
        phone.page.locator(".card.ok").wait_for(timeout=90_000)
        looked_at("reopened")
        assert stack.stored == 1
