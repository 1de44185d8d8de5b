"""The form's script on the running stack, as packaged: registered in place, and opened again without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import LocalStack
from tests.web.browser import PHONE
from tests.web.phone import fill_driver, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_offline_after_the_first_opening_then_registered(stack: LocalStack, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", is_mobile=True, has_touch=True)
    page = context.new_page()
    page.goto(stack.urls["form_urls"]["101"])
    first = page.locator("[name=submission]").input_value()
    until(
        page,
        """async () => {
            const kept = await Promise.all((await caches.keys()).map(async key => (await caches.open(key)).keys()));
            return kept.flat().length >= 3 && !!(self.kakou && kakou.mend);
        }""",
        seconds=60,
    )
    context.set_offline(True)
    page.reload()
    assert page.locator("[name=submission]").input_value() != first
    until(page, "!!(self.kakou && kakou.mend)")
    fill_driver(page)
    page.locator("main > button.send").click()
    page.locator("#say-waiting").wait_for()
    assert "还没有登记" in page.locator("#say-waiting h2").inner_text()
    context.set_offline(False)
    page.locator(".done").wait_for(timeout=60_000)
    assert "已登记" in page.locator("h1").inner_text()
    context.close()
