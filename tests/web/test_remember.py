"""One tap for the health of all, the party that the phone remembers because it was asked to, and helping others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from chalicelib.web.language import LANGUAGES, Language
from chalicelib.web.scripts import REMEMBERED_DAYS
from tests.web.browser import PHONE, serving
from tests.web.conftest import NotSealed, Stack
from tests.web.phone import (
    OUTSIDE,
    Phone,
    ask,
    fill,
    fill_driver,
    phone_at,
    picture,
    press,
    ready,
    send_now,
    tick,
    turn,
    until,
    violations,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HEALTH = ("key_region_stay", "symptoms", "temperature")


@pytest.fixture
def phone(browser: Browser, stack: Stack) -> Iterator[Phone]:
    with phone_at(browser, stack) as opened:
        yield ready(opened)


def fill_party(phone: Phone) -> None:
    """A driver and a child; the driver came from a key region, and feels well."""
    fill_driver(phone.page)
    fill(phone.page, "travellers.0.temperature", "36.5")
    press(phone.page, "add")
    fill(phone.page, "travellers.1.name", "王小花")
    tick(phone.page, "travellers.1.document", "none")
    tick(phone.page, "travellers.1.same_as_first", "yes")
    phone.page.locator("#health button").tap()


def remember(phone: Phone) -> None:
    phone.page.locator("label:has(#remember)").tap()


def registered(phone: Phone) -> None:
    phone.send()
    phone.page.locator(".done").wait_for(timeout=30_000)


def party(phone: Phone) -> dict[str, list[str]] | None:
    """What this browser remembers."""
    found = [str(each["body"]) for each in phone.kept() if each["id"] == "party"]
    return parse_qs(found[0]) if found else None


def remembered(phone: Phone) -> dict[str, list[str]]:
    for _ in range(100):
        if found := party(phone):
            return found
        phone.page.wait_for_timeout(50)
    raise AssertionError("nothing is remembered")


def test_one_tap_answers_for_all_who_have_not_answered(phone: Phone, stack: Stack) -> None:
    assert phone.page.locator("#health").count() == 0, "one traveller has the questions at hand"
    fill_party(phone)
    checked = "all => all.filter(each => each.checked).map(each => each.name + '=' + each.value)"
    answers = phone.page.locator("[name$=key_region_stay], [name$=symptoms]").evaluate_all(checked)
    assert answers == [
        "travellers.0.key_region_stay=yes",
        "travellers.0.symptoms=none",
        "travellers.1.key_region_stay=no",
        "travellers.1.symptoms=none",
    ], "what was answered stands"
    assert phone.page.locator("#health button").is_hidden()
    assert phone.page.locator("#health [role=status]").inner_text().startswith("已选“否”和“都没有”")
    press(phone.page, "add")
    assert phone.page.locator("#health button").is_visible(), "the third is asked anew"
    assert phone.page.locator("[name='travellers.2.symptoms']:checked").count() == 0
    press(phone.page, "remove-2")
    registered(phone)
    assert stack.stored == 1


def test_remembered_only_when_asked_only_once_registered_and_never_the_health(phone: Phone, stack: Stack) -> None:
    assert not phone.page.locator("#remember").is_checked()
    fill_party(phone)
    registered(phone)
    assert party(phone) is None
    phone.open()
    ready(phone)
    assert phone.page.locator("#remembered").count() == 0
    fill_party(phone)
    remember(phone)
    picture(phone.page, "remember-asked")
    stack.sealing_fails = NotSealed("KMS")
    phone.send()
    phone.page.locator("#say-waiting").wait_for()
    assert party(phone) is None, "not registered yet"
    stack.sealing_fails = None
    send_now(phone.page)
    phone.page.locator(".done").wait_for()
    kept = remembered(phone)
    assert kept["travellers.0.number"] == ["210381198001010017"]
    assert kept["travellers.1.same_as_first"] == ["yes"]
    assert not any(name.endswith(HEALTH) for name in kept)
    assert not kept.keys() & {"submission", "action", "lang"}
    assert all(each.keys() <= {"id", "at", "state", "page"} for each in phone.kept() if each["id"] != "party")
    phone.page.locator("#remembered").wait_for()
    picture(phone.page, "remember-receipt")


def test_the_next_checkpoint_is_filled_in_and_health_is_asked(phone: Phone, stack: Stack) -> None:
    fill_party(phone)
    remember(phone)
    registered(phone)
    remembered(phone)
    first = phone.line.posts[-1]
    phone.page.close()
    phone.open()
    ready(phone)
    picture(phone.page, "remember-offered")
    assert "王小" not in phone.page.locator("#remembered").inner_text()
    phone.page.locator("#remembered .button").tap()
    assert phone.page.evaluate("document.activeElement.closest('section').id") == "health"
    assert phone.page.locator(":checked:is([name$=key_region_stay], [name$=symptoms])").count() == 0
    assert phone.page.locator("[name$=temperature]").evaluate_all("all => all.every(each => !each.value)")
    picture(phone.page, "remember-filled")
    phone.page.locator("#health button").tap()
    registered(phone)
    assert stack.stored == 2
    one, two = (parse_qs(body.decode()) for body in (first, phone.line.posts[-1]))
    told = {name for name in two if not name.endswith(HEALTH)} - {"submission"}
    assert {name: one[name] for name in told} == {name: two[name] for name in told}
    assert not any(name.endswith("temperature") for name in two)


def test_one_tap_forgets_it(phone: Phone) -> None:
    fill_party(phone)
    remember(phone)
    registered(phone)
    phone.page.locator("#remembered .quiet").tap()
    phone.page.locator("#forgotten").wait_for()
    assert party(phone) is None
    phone.open()
    ready(phone)
    assert phone.page.locator("#remembered").count() == 0


def test_it_is_forgotten_by_itself(phone: Phone) -> None:
    fill_party(phone)
    remember(phone)
    registered(phone)
    remembered(phone)
    at = phone.page.evaluate("Date.now()") + REMEMBERED_DAYS * 86_400_000
    phone.page.clock.install(time=(at - 3_600_000) / 1000)
    phone.open()
    ready(phone)
    phone.page.locator("#remembered").wait_for()
    phone.page.clock.set_system_time((at + 60_000) / 1000)
    phone.open()
    ready(phone)
    assert phone.page.locator("#remembered").count() == 0
    assert party(phone) is None


@pytest.mark.parametrize("cut", ["down", "upload", "answer", "half"])
def test_remembered_after_a_cut_line_and_one_passage(phone: Phone, stack: Stack, cut: str) -> None:
    fill_party(phone)
    remember(phone)
    phone.line.state = cut
    phone.send()
    phone.page.locator("#say-waiting").wait_for(timeout=30_000)
    assert party(phone) is None
    phone.page.close()
    phone.line.state = "up"
    phone.open()
    phone.page.locator(".card.ok").first.wait_for()
    assert remembered(phone)["plate"] == ["辽ca1234"]
    ready(phone)
    phone.open()  # and once more from the memory, through the same fault
    ready(phone)
    phone.page.locator("#remembered .button").tap()
    phone.page.locator("#health button").tap()
    phone.line.state = cut
    phone.send()
    phone.page.locator("#say-waiting").wait_for(timeout=30_000)
    phone.line.state = "up"
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.locator(".done").wait_for(timeout=30_000)
    assert stack.stored == 2


@pytest.mark.parametrize(
    "broken",
    ["Object.defineProperty(window, 'indexedDB', {get: () => undefined})", "IDBFactory.prototype.open = () => ({})"],
    ids=["missing", "silent"],
)
def test_a_browser_that_keeps_nothing_does_not_offer_to(browser: Browser, stack: Stack, broken: str) -> None:
    with phone_at(browser, stack, broken) as phone:
        until(phone.page, "!!(self.kakou && kakou.mend)")
        fill_party(phone)
        phone.page.wait_for_timeout(3_500)
        assert phone.page.locator("#remember, #remembered").count() == 0
        registered(phone)
        assert stack.stored == 1


def everything(phone: Phone) -> str:
    """All that this browser stores of us."""
    stored: str = phone.page.evaluate(
        """async () => {
            const texts = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage})];
            for (const key of await caches.keys()) {
                const cache = await caches.open(key);
                for (const request of await cache.keys()) texts.push(await (await cache.match(request)).text());
            }
            return texts.join();
        }"""
    )
    return stored + str(phone.kept())


def test_helping_leaves_nothing_on_the_phone(phone: Phone, stack: Stack) -> None:
    fill(phone.page, "travellers.0.name", "王小明")
    phone.page.locator("#helper").tap()
    assert phone.page.locator("[name='travellers.0.name']").input_value() == "王小明", "nothing typed is lost"
    assert phone.page.url.endswith("helper=yes")
    assert phone.page.locator("#helped").is_visible()
    assert phone.page.locator("#remember").count() == 0
    picture(phone.page, "helper")
    fill_party(phone)
    phone.line.state = "answer"
    phone.send()
    phone.page.locator("#say-waiting").wait_for()
    phone.line.state = "up"
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.locator(".done").wait_for(timeout=30_000)
    picture(phone.page, "helper-receipt")
    phone.page.wait_for_timeout(300)
    assert phone.kept() == []
    assert not any(secret in everything(phone) for secret in ("王", "13800138000", "辽", "KR1-"))
    phone.page.reload()
    ready_helper(phone)
    assert phone.page.locator("[name=plate]").input_value() == ""
    fill_party(phone)
    registered(phone)
    phone.page.locator("main.receipt a.button", has_text="下一位").tap()
    ready_helper(phone)
    assert phone.page.locator("form").get_attribute("autocomplete") == "off"
    phone.page.go_back()
    phone.page.wait_for_timeout(500)
    assert not any(secret in phone.page.content() for secret in ("王**", "辽ca1234", "KR1-")), "nor by Back"
    assert stack.stored == 2


def ready_helper(phone: Phone) -> None:
    phone.page.locator("#helped").wait_for()
    until(phone.page, "!!(self.kakou && kakou.mend)")


def test_helping_is_the_same_form_as_of_the_server(phone: Phone) -> None:
    shape = """() => Array.from(document.querySelectorAll('form, [autocomplete], [formaction], #helped, #helper'),
        each => [each.id, each.getAttribute('action'), each.getAttribute('formaction'),
         each.getAttribute('autocomplete'),
         each.id && each.textContent]).filter(each => !String(each[0]).includes('origin'))"""
    phone.page.locator("#helper").tap()
    ours = phone.page.evaluate(shape)
    phone.page.reload()
    ready_helper(phone)
    assert phone.page.evaluate(shape) == ours
    phone.page.locator("#helper").tap()
    assert "helper" not in phone.page.url
    ready(phone)


def test_helping_without_a_script(browser: Browser, stack: Stack) -> None:
    with serving() as base:
        context = browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False)
        page = context.new_page()
        page.goto(base + stack.address)
        turn(page.locator("#helper"))
        assert page.locator("#helped").is_visible()
        fill_driver(page)
        ask(page, "add")
        assert page.locator("#helped").is_visible(), "over every round trip"
        ask(page, "remove-1")
        ask(page, "send")
        turn(page.locator("main.receipt a.button", has_text="Next person"))
        assert page.locator("#helped").is_visible()
        assert page.locator("form").get_attribute("autocomplete") == "off"
        assert {each.get_attribute("autocomplete") for each in page.locator("[autocomplete]").all()} == {"off"}
        assert stack.stored == 1
        context.close()


def test_where_the_tenth_would_be_added_it_says_what_to_do(phone: Phone) -> None:
    for _ in range(8):
        press(phone.page, "add")
    assert phone.page.locator(".add").is_hidden()
    assert "9" in phone.page.locator(".add + .after").inner_text()
    picture(phone.page, "nine")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_axe_finds_nothing(browser: Browser, stack: Stack, language: Language) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    with phone_at(browser, stack, locale=language.tag) as phone:

        def looked_at(state: str) -> None:
            phone.page.emulate_media(color_scheme="light")
            phone.page.evaluate(AXE_SCRIPT)
            assert violations(phone.page) == [], state
            phone.page.emulate_media(color_scheme="dark")
            assert violations(phone.page, "color-contrast") == [], state
            assert phone.page.evaluate(OUTSIDE) == [], state
            picture(phone.page, f"party-{state}")

        ready(phone)
        fill_driver(phone.page)
        press(phone.page, "add")
        fill(phone.page, "travellers.1.name", "王小花")
        tick(phone.page, "travellers.1.document", "none")
        tick(phone.page, "travellers.1.same_as_first", "yes")
        looked_at("health")
        phone.page.locator("#health button").tap()
        remember(phone)
        looked_at("answered")
        registered(phone)
        phone.page.locator("#remembered").wait_for()
        looked_at("remembered")
        phone.page.locator("#remembered .quiet").scroll_into_view_if_needed()
        phone.open()
        ready(phone)
        looked_at("offered")
        phone.page.locator("#remembered .button").tap()
        looked_at("filled")
        phone.page.locator("#helper").tap()
        looked_at("helper")
        phone.page.locator("#health button").tap()
        registered(phone)
        looked_at("next")


def test_what_changes_by_itself_is_written_into_one_region_that_was_there_before(phone: Phone) -> None:
    """Screen readers seldom say what comes together with its live region."""
    region = "document.querySelector('#said').textContent"
    phone.page.evaluate("self.region = document.querySelector('form > #said[role=status]')")
    phone.page.locator("#helper").click()
    assert phone.page.evaluate(region) == phone.page.locator("#helped").inner_text()
    assert phone.page.locator("#h-0 small").is_hidden(), "not yourself"
    phone.page.locator("#helper").click()
    assert phone.page.evaluate(region) == ""
    assert phone.page.locator("#h-0 small").is_visible()
    assert phone.page.evaluate("region.isConnected")
    fill_driver(phone.page)
    phone.line.state = "down"
    phone.send()
    phone.page.locator("#say-waiting").wait_for()
    phone.page.close()
    phone.line.state = "up"
    phone.open()
    card = phone.page.locator(".card.ok[id^=say-]")
    card.wait_for()
    assert phone.page.evaluate(region) == card.locator("h2").inner_text()
    assert phone.page.locator(".card[role=status], #helped[role]").count() == 0
