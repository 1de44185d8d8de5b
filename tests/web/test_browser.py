"""The pages in a real browser, without JavaScript: what people see, press and get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.parties import resident_id
from tests.web.browser import CHROMIUM, PHONE, serving
from tests.web.conftest import NotSealed, Stack
from tests.web.phone import ask, fill, fill_driver, picture, tick, turn

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request


@pytest.fixture(params=["zh-CN", "en-GB"])
def page(browser: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The form, just opened, on a phone that speaks that language and runs no script."""
    with serving() as base:
        context = browser.new_context(
            viewport=PHONE, locale=request.param, java_script_enabled=False, is_mobile=True, has_touch=True
        )
        opened = context.new_page()
        opened.goto(base + stack.address)
        yield opened
        context.close()


def test_a_party_registers_without_a_script(page: Page, stack: Stack) -> None:
    picture(page, "form")
    fill_driver(page)
    ask(page, "add")
    assert page.url.endswith("#traveller-2")
    assert page.locator('[name="travellers.0.name"]').input_value() == "王小明"
    fill(page, "travellers.1.name", "王小花")
    tick(page, "travellers.1.document", "none")
    assert page.locator('[name="travellers.1.number"]').is_hidden()
    tick(page, "travellers.1.same_as_first", "yes")
    assert page.locator('[name="travellers.1.address"]').is_hidden()
    tick(page, "travellers.1.key_region_stay", "no")
    tick(page, "travellers.1.symptoms", "cough")
    picture(page, "party")
    ask(page, "send")
    assert "已登记" in page.locator("h1").inner_text()
    assert stack.stored == 1
    picture(page, "receipt")


def test_every_problem_is_shown_led_to_and_nothing_typed_is_lost(page: Page, stack: Stack) -> None:
    fill(page, "travellers.0.name", "王")
    fill(page, "travellers.0.origin", "和平区")
    ask(page, "send")
    picture(page, "mend")
    assert stack.stored == 0
    assert page.locator('[name="travellers.0.name"]').input_value() == "王"
    links = page.locator("[role=alert] a")
    assert links.count() >= 10
    for at in range(links.count()):
        aim = links.nth(at).get_attribute("href")
        assert aim
        assert page.locator(f'[id="{aim[1:]}"]').is_visible()
    # The place that was not clear is now a choice, and choosing one of them mends it.
    page.locator('select[name="travellers.0.origin"]').select_option("210102")
    ask(page, "send")
    assert page.locator('select[name="travellers.0.origin"]').input_value() == "210102"
    assert page.locator('[id="travellers.0.origin-wrong"]').count() == 0


def test_a_hidden_answer_that_is_wrong_is_shown(page: Page) -> None:
    fill(page, "plate", "辽C12345")
    tick(page, "vehicle", "rail")
    assert page.locator("[name=plate]").is_hidden()
    ask(page, "send")
    assert page.locator("[name=plate]").is_visible()


def test_when_storing_fails_the_form_comes_back_and_pressing_again_registers(page: Page, stack: Stack) -> None:
    fill_driver(page)
    stack.sealing_fails = NotSealed("EndpointConnectionError")
    ask(page, "send")
    picture(page, "busy")
    assert page.locator("[role=alert]").is_visible()
    assert stack.stored == 0
    stack.sealing_fails = None
    turn(page.locator("[role=alert] button"))
    assert "已登记" in page.locator("h1").inner_text()
    assert stack.stored == 1


def test_back_and_send_again_is_the_same_passage(page: Page, stack: Stack) -> None:
    fill_driver(page)
    ask(page, "send")
    reference = page.locator(".ref b").inner_text()
    page.go_back()
    page.wait_for_timeout(300)  # the browser fills in what was typed, a moment after the page is there
    assert page.locator('[name="plate"]').input_value() == "辽ca1234"
    fill(page, "travellers.0.number", resident_id("21038119800101001"))
    ask(page, "send")
    assert page.locator(".ref b").inner_text() == reference
    assert stack.stored == 1


def test_back_loses_nothing_where_the_browser_keeps_the_page(browser: Browser, stack: Stack) -> None:
    """As phones do; playwright turns that off unless told not to. Elsewhere the document number is to be typed again:
    it is the price of no browser offering it to the next who uses the phone."""
    with serving() as base:
        another = browser.browser_type.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], ignore_default_args=["--disable-back-forward-cache"]
        )
        page = another.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False).new_page()
        page.goto(base + stack.address)
        fill_driver(page)
        ask(page, "send")
        page.go_back(wait_until="commit")
        page.wait_for_timeout(500)
        assert page.locator("[name='travellers.0.number']").input_value() == "210381198001010017"
        assert page.locator("[name=plate]").input_value() == "辽ca1234"
        ask(page, "send")
        assert stack.stored == 1
        another.close()


def test_enter_on_the_keyboard_sends_nothing(page: Page) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.locator('[name="travellers.0.name"]').press("Enter")
    page.wait_for_timeout(300)
    assert asked == []


def test_the_language_changes_and_nothing_typed_is_lost(page: Page) -> None:
    fill(page, "travellers.0.name", "王小明")
    for code in ("ko", "ja", "ru", "zh"):
        page.locator(".langs summary").click()
        turn(page.locator(f".langs button[value=lang-{code}]"))
        assert (page.locator("html").get_attribute("lang") or "").startswith(code)
        assert page.locator('[name="travellers.0.name"]').input_value() == "王小明"


@pytest.mark.parametrize("where", ["/", "/nothing", "/C/101-1-A-0"])
def test_plain_pages(page: Page, where: str) -> None:
    base = page.url.partition("/C/")[0]
    page.goto(base + where)
    assert page.locator("h1").is_visible()
    picture(page, f"plain-{len(where)}")
