"""The language changes in place: nothing typed is lost or sent, with and without a network, and no state lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tests.web.conftest import NotSealed, Stack
from tests.web.phone import Phone, fill, fill_driver, phone_at, picture, press, ready, send_now, tick, until, violations
from tests.web.test_remember import remember

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TYPED = """() => Object.fromEntries(Array.from(new FormData(document.querySelector('form')))
    .filter(([name]) => !/^lang$|origin$/.test(name)).map(([name]) => [name,
        new FormData(document.querySelector('form')).getAll(name)]))"""


@pytest.fixture
def phone(browser: Browser, stack: Stack) -> Iterator[Phone]:
    with phone_at(browser, stack) as opened:
        yield ready(opened)


def speak(phone: Phone, code: str) -> None:
    phone.page.locator(".langs summary").tap()
    phone.page.locator(f".langs button[value=lang-{code}]").tap()


def speaks(phone: Phone, code: str) -> None:
    until(phone.page, f"document.documentElement.lang.startsWith('{code}')", 20)


def fill_two(phone: Phone) -> None:
    fill_driver(phone.page)
    fill(phone.page, "travellers.0.origin", "辽宁省鞍山市海城市")
    press(phone.page, "add")
    fill(phone.page, "travellers.1.name", "王小花")
    tick(phone.page, "travellers.1.document", "none")
    tick(phone.page, "travellers.1.same_as_first", "yes")
    tick(phone.page, "travellers.1.key_region_stay", "no")
    tick(phone.page, "travellers.1.symptoms", "fever")
    tick(phone.page, "travellers.1.symptoms", "cough")


def test_nothing_typed_is_lost_or_sent(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!document.querySelector('[role=combobox]')")
    fill_two(phone)
    remember(phone)
    typed = phone.page.evaluate(TYPED)
    for code in ("en", "ru", "ko", "ja", "zh", "en"):
        speak(phone, code)
        speaks(phone, code)
        assert phone.page.evaluate(TYPED) == typed
        assert phone.page.locator("[name='travellers.0.origin']").input_value() == (
            "辽宁省鞍山市海城市" if code == "zh" else "Haicheng, Anshan, Liaoning"
        )
        assert phone.page.locator("[name=lang]").input_value() == code
        ready(phone)
        assert phone.page.locator("#remember").is_checked()
    assert phone.line.posts == []
    picture(phone.page, "tongue")
    fill(phone.page, "travellers.1.name", "王")
    phone.send()
    phone.page.locator("#mend").wait_for()
    assert "2 to 50 characters" in phone.page.locator("[role=alert]").inner_text()
    speak(phone, "zh")
    speaks(phone, "zh")
    assert "还没有登记" in phone.page.locator("#mend").inner_text()
    fill(phone.page, "travellers.1.name", "王小花")
    phone.send()
    phone.page.locator(".done").wait_for()
    sent = parse_qs(phone.line.posts[-1].decode())
    assert sent["lang"] == ["zh"]
    assert sent["travellers.1.symptoms"] == ["fever", "cough"]
    assert stack.stored == 1


def test_what_waits_is_said_in_the_new_language(phone: Phone, stack: Stack) -> None:
    fill_two(phone)
    stack.sealing_fails = NotSealed("KMS")
    phone.send()
    phone.page.locator("#say-waiting").wait_for()
    speak(phone, "en")
    speaks(phone, "en")
    phone.page.locator("#say-waiting").wait_for()
    assert phone.page.locator("#say-waiting h2").inner_text() == "Kept on this phone, not confirmed yet"
    assert phone.page.locator("[name=plate]").is_hidden()
    picture(phone.page, "tongue-waiting")
    stack.sealing_fails = None
    send_now(phone.page)
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_without_a_network_it_says_so_and_keeps_everything(phone: Phone) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    fill_two(phone)
    typed = phone.page.evaluate(TYPED)
    phone.line.state = "down"
    speak(phone, "ko")
    phone.page.locator("#say-tongue").wait_for()
    assert "联网" in phone.page.locator("#say-tongue h2").inner_text()
    phone.page.evaluate(AXE_SCRIPT)
    assert violations(phone.page) == []
    picture(phone.page, "tongue-offline")
    assert phone.page.evaluate(TYPED) == typed
    assert phone.page.locator("[name=lang]").input_value() == "zh"
    phone.line.state = "up"
    speak(phone, "ko")
    speaks(phone, "ko")
    assert phone.page.locator("#say-tongue").count() == 0
    assert phone.page.evaluate(TYPED) == typed


def test_without_a_network_a_language_that_was_here_comes_from_the_phone(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack, worker=True) as phone:
        ready(phone)
        until(phone.page, "navigator.serviceWorker.ready.then(() => true)")
        speak(phone, "ko")
        speaks(phone, "ko")
        until(
            phone.page,
            """async () => {
                const kept = await Promise.all((await caches.keys()).map(async key => (await caches.open(key)).keys()));
                const has = part => kept.flat().some(each => each.url.includes(part));
                return has('?lang=ko') && has('?lang=zh') && has('/words-ko');
            }""",
            20,
        )
        phone.line.state = "down"
        fill_two(phone)
        typed = phone.page.evaluate(TYPED)
        for code in ("zh", "ko"):
            speak(phone, code)
            speaks(phone, code)
            assert phone.page.evaluate(TYPED) == typed
        speak(phone, "ru")
        phone.page.locator("#say-tongue").wait_for()


def test_a_receipt_is_read_in_another_language_and_back_leads_where_it_led(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    phone.send()
    phone.page.locator(".done").wait_for()
    phone.line.state = "down"
    for code in ("ru", "en"):
        phone.page.locator(".langs summary").tap()
        phone.page.locator(f".langs a[lang={code}]").tap()
        phone.page.locator(f"details[lang={code}] ol").wait_for()
    assert phone.page.locator(".done").is_visible()
    phone.page.go_back()
    phone.page.locator("[name=plate]").wait_for()
    assert phone.page.locator(".done").count() == 0
    phone.page.go_forward()
    phone.page.locator(".done").wait_for()
