"""Travellers added and removed by the script: the same form as the server makes, without asking it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec
import pytest

from chalicelib.passage import codes
from tests.web.conftest import Stack
from tests.web.phone import Phone, ask, fill, fill_driver, phone_at, picture, press, tick

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SHAPE = """() => {
    const of = node => node.nodeType === 3 ? node.data.replace(/\\s+/g, ' ').trim() : [
        node.localName,
        Array.from(node.attributes, each => `${each.name}=${each.value}`)
            .filter(each => !/^(tabindex|class=$)/.test(each))
            .filter(each => node.role !== 'combobox' || !/^(role|auto|aria-(auto|exp))/.test(each)).sort(),
        Array.from(node.childNodes, of).filter(each => each !== ''),
    ];
    return Array.from(document.querySelectorAll('.t, .add'), of);
}"""
"""All that the travellers' sections consist of, but for white space, what makes a heading take the focus, and what
makes an origin lead to the list of places."""


@pytest.fixture(params=["zh-CN", "en-GB", "ru-RU"])
def phone(browser: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Phone]:
    with phone_at(browser, stack, locale=request.param) as opened:
        yield opened


def of_the_server(phone: Phone, *actions: str) -> object:
    """The same form after the same buttons, without a script."""
    context = phone.context.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, locale=phone.page.evaluate("navigator.language")
    )
    page = context.new_page()
    page.goto(phone.address)
    for action in actions:
        ask(page, action)
    shape = page.evaluate(SHAPE)
    context.close()
    return shape


def test_what_the_script_adds_and_removes_is_what_the_server_makes(phone: Phone) -> None:
    actions = ("add", "add", "remove-1", "add")
    asked = len(phone.line.posts)
    for action in actions:
        press(phone.page, action)
    assert len(phone.line.posts) == asked
    assert phone.page.evaluate(SHAPE) == of_the_server(phone, *actions)


def test_nothing_of_the_first_traveller_gets_into_the_next(phone: Phone) -> None:
    fill(phone.page, "travellers.0.name", "王")
    fill_rest(phone.page)
    phone.send()
    phone.page.locator("#mend").wait_for()
    press(phone.page, "add")
    second = phone.page.locator(".t").nth(1)
    assert second.locator(":checked:not(option)").count() == 0
    assert second.locator(".wrong, .bad, [aria-invalid]").count() == 0
    assert second.locator("input:not([type=radio]):not([type=checkbox])").evaluate_all(
        "fields => fields.every(field => field.value === '' && field.getAttribute('value') === '')"
    )
    assert second.locator("select").input_value() == ""


def fill_rest(page: Page) -> None:
    tick(page, "vehicle", "car")
    tick(page, "travellers.0.document", "resident_id")
    tick(page, "travellers.0.symptoms", "none")
    fill(page, "travellers.0.phone", "12")


def test_removing_moves_the_later_ones_up_with_all_they_hold(phone: Phone) -> None:
    for number in (1, 2, 3):
        press(phone.page, "add")
        fill(phone.page, f"travellers.{number}.name", f"王{number}")
        tick(phone.page, f"travellers.{number}.document", codes.DOCUMENTS[number])
    press(phone.page, "remove-1")
    names = [phone.page.locator(f'[name="travellers.{n}.name"]').input_value() for n in (1, 2)]
    assert names == ["王2", "王3"]
    for number in (1, 2):
        chosen = phone.page.locator(f'[name="travellers.{number}.document"]:checked')
        assert chosen.get_attribute("value") == codes.DOCUMENTS[number + 1]
    assert phone.page.evaluate("document.activeElement.parentElement.id") == "traveller-1"
    assert "2" in phone.page.locator("[role=status]").last.inner_text()


def test_nine_are_the_most_and_one_may_go_again(phone: Phone) -> None:
    for number in range(2, 10):
        press(phone.page, "add")
        assert phone.page.evaluate("document.activeElement.parentElement.id") == f"traveller-{number}"
    assert phone.page.locator(".add").is_hidden()
    assert "9" in phone.page.locator(".add + .after").inner_text()
    press(phone.page, "remove-4")
    assert phone.page.locator(".t").count() == 8
    assert phone.page.locator(".add").is_visible()


def fill_two(phone: Phone) -> None:
    fill_driver(phone.page)
    press(phone.page, "add")
    fill(phone.page, "travellers.1.name", "王小花")
    fill(phone.page, "travellers.1.origin", "鞍山")
    tick(phone.page, "travellers.1.document", "none")
    tick(phone.page, "travellers.1.same_as_first", "yes")
    tick(phone.page, "travellers.1.key_region_stay", "no")
    tick(phone.page, "travellers.1.symptoms", "cough")


def test_what_another_answer_hides_is_not_sent(phone: Phone, stack: Stack) -> None:
    fill_two(phone)
    fill(phone.page, "plate", "辽C")
    tick(phone.page, "vehicle", "foot")
    picture(phone.page, "script-party")
    phone.send()
    phone.page.locator(".done").wait_for()
    sent = parse_qs(phone.line.posts[-1].decode())
    assert not sent.keys() & {"plate", "travellers.1.number", "travellers.1.origin"}
    assert sent["travellers.1.same_as_first"] == ["yes"]
    assert stack.stored == 1


def test_a_new_poster_takes_over_what_the_old_one_refused(phone: Phone, stack: Stack) -> None:
    fill_two(phone)
    phone.line.state = "down"
    phone.send()
    phone.page.locator("#say-waiting").wait_for()
    posters = stack.settings.posters
    stack.change(posters=tuple(msgspec.structs.replace(each, state="revoked") for each in posters))
    phone.line.state = "up"
    phone.page.close()
    new = stack.poster(2, "active")
    phone.address = phone.address[: phone.address.index("/C/")] + new
    phone.open()
    phone.page.locator(".card.alert .button").wait_for()
    picture(phone.page, "script-take-over")
    phone.page.locator(".card.alert .button").click()
    assert phone.page.locator("[name='travellers.1.name']").input_value() == "王小花"
    phone.send()
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1
    assert [each["state"] for each in phone.kept()] == ["registered"]
