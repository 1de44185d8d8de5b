"""Pressing Register with the script, on every kind of network: always a true state, always one passage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

import msgspec
import pytest

from chalicelib import wiring
from chalicelib.checkpoint.code import issue
from chalicelib.passage.hour import Hour
from chalicelib.passage.table import PassageTable
from tests.web.browser import PHONE, PORTAL
from tests.web.conftest import KEYS, NOW, NotSealed, Stack
from tests.web.phone import (
    KEPT,
    REGISTERED,
    Phone,
    fill,
    fill_driver,
    phone_at,
    picture,
    press,
    registered,
    send_now,
    turn,
    until,
    violations,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from playwright.sync_api import Browser, Page


@pytest.fixture
def phone(browser: Browser, stack: Stack) -> Iterator[Phone]:
    with phone_at(browser, stack) as opened:
        yield opened


def test_registered_in_place_and_nothing_typed_is_left_on_the_phone(phone: Phone, stack: Stack) -> None:
    registered(phone)
    assert phone.page.title().startswith("已登记")
    assert stack.stored == 1
    (left,) = phone.kept()
    assert left.keys() == {"id", "at", "state", "page"}
    assert "13800138000" not in str(left)
    picture(phone.page, "script-registered")


def test_the_same_fields_as_without_a_script(browser: Browser, phone: Phone, stack: Stack) -> None:
    registered(phone)
    context = browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(phone.address)
    fill_driver(page)
    turn(page.locator("main > button.send"))
    with_script, without = (parse_qs(body.decode(), keep_blank_values=True) for body in phone.line.posts)
    assert with_script.pop("waited") == ["0"]
    assert with_script.pop("submission") != without.pop("submission")
    assert with_script == without
    context.close()


def test_a_double_tap_is_one(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    phone.page.evaluate("() => { const b = document.querySelector('main > button.send'); b.click(); b.click(); }")
    assert REGISTERED in phone.state
    assert len(phone.line.posts) == 1
    assert stack.stored == 1


@pytest.mark.parametrize("cut", ["down", "upload", "answer", "half"])
def test_a_cut_line_keeps_it_and_sends_it_when_the_line_is_back(phone: Phone, stack: Stack, cut: str) -> None:
    fill_driver(phone.page)
    phone.line.state = cut
    phone.send()
    assert KEPT in phone.state
    assert "还没有确认" in phone.state, "it may have arrived"
    picture(phone.page, f"script-kept-{cut}")
    assert [each["state"] for each in phone.kept()] == ["waiting"]
    phone.line.state = "up"
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.locator(".done").wait_for()
    assert REGISTERED in phone.state
    assert stack.stored == 1
    assert [each["state"] for each in phone.kept()] == ["registered"]


def test_offline_it_surely_is_not_registered_and_goes_by_itself(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    phone.context.set_offline(True)
    phone.send()
    assert phone.state == "已存在本机，还没有登记"
    assert stack.stored == 0
    picture(phone.page, "script-offline")
    phone.context.set_offline(False)
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_it_goes_by_the_clock_where_nothing_tells_that_the_line_is_back(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    phone.page.clock.install()
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    phone.page.clock.run_for(4_000)
    phone.page.wait_for_timeout(300)
    assert KEPT in phone.state
    phone.line.state = "up"
    phone.page.clock.run_for(120_000)
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


@pytest.mark.parametrize(
    "portal",
    [
        (200, PORTAL),
        (201, PORTAL),
        (302, PORTAL),
        (307, PORTAL),
        (404, PORTAL),
        (422, PORTAL),
        (511, PORTAL),
        (201, b"KR1-ABC-" + b"A" * 103),
        (201, b'<meta name="generator" content="Kakou">KR1-ABC-' + b"A" * 103),  # cut off
        (200, b""),
    ],
)
def test_a_captive_portal_is_neither_registered_nor_refused(
    phone: Phone, stack: Stack, portal: tuple[int, bytes]
) -> None:
    fill_driver(phone.page)
    phone.line.portal = portal
    phone.send()
    assert KEPT in phone.state
    phone.line.portal = None
    send_now(phone.page)
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_a_page_of_ours_that_is_no_receipt_is_not_success(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    form = phone.page.evaluate("fetch(location.href).then(answer => answer.text())")
    phone.line.portal = (201, form.encode())
    phone.send()
    assert KEPT in phone.state
    assert stack.stored == 0


def test_a_busy_server_keeps_it(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    stack.sealing_fails = NotSealed("KMS")
    phone.send()
    assert KEPT in phone.state
    stack.sealing_fails = None
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_what_to_mend_is_shown_in_place_and_nothing_is_kept(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    fill(phone.page, "travellers.0.origin", "和平区")
    submission = phone.page.locator("[name=submission]").input_value()
    phone.send()
    phone.page.locator("select[name='travellers.0.origin']").wait_for()
    assert "还没有登记" in phone.state
    assert phone.kept() == []
    assert phone.page.locator("[name=submission]").input_value() == submission
    assert phone.page.evaluate("document.activeElement.id") == "mend"
    picture(phone.page, "script-mend")
    phone.page.locator("select[name='travellers.0.origin']").select_option("210102")
    phone.send()
    assert REGISTERED in phone.state
    assert stack.stored == 1


def test_a_poster_that_was_replaced_meanwhile_says_so_and_keeps_what_was_typed(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    posters = stack.settings.posters
    stack.change(posters=tuple(msgspec.structs.replace(poster, state="revoked") for poster in posters))
    phone.send()
    assert phone.state == "这张码已经换新"
    assert "没有登记成功" in phone.page.locator("#say-answer").inner_text()
    picture(phone.page, "script-refused")
    assert phone.page.locator("[name=plate]").input_value() == "辽ca1234"
    assert phone.page.locator("[name=plate]").is_visible()
    assert phone.kept() == []
    assert stack.stored == 0


def test_back_from_the_receipt_says_registered_and_another_passage_is_not_taken(phone: Phone, stack: Stack) -> None:
    registered(phone)
    reference = phone.page.locator(".ref b").inner_text()
    phone.page.go_back()
    phone.page.locator("[name=plate]").wait_for()
    assert phone.state == "这张表已经登记过了"
    picture(phone.page, "script-already")
    fill(phone.page, "plate", "辽CA9999")
    phone.send()
    phone.page.locator("#say-answer").wait_for()
    assert stack.stored == 1
    assert [each["state"] for each in phone.kept()] == ["registered"], "the receipt stands"
    picture(phone.page, "script-another")
    phone.page.locator("#say-answer button.button").click()
    assert phone.page.locator(".ref b").inner_text() == reference


def counting(stack: Stack) -> list[tuple[str | None, int, int | None]]:
    """Of each passage of this hour: the plate that counts (as it is sealed), corrections, seconds on the phone."""
    found = PassageTable(cast("DynamoDBClient", stack.dynamo), "memory").facts("101", Hour.of(NOW), NOW)
    sealed = {key[1].rpartition("#")[2]: item["sealed"]["B"][::-1] for key, item in stack.dynamo.items.items()
              if "sealed" in item}  # fmt: skip
    plates = {each: msgspec.json.decode(plain)[2]["plate"] for each, plain in sealed.items()}
    return [(plates[each.submission], each.corrections, each.facts.waited) for each in found]


def test_back_from_the_receipt_another_answer_is_sent_as_a_correction(phone: Phone, stack: Stack) -> None:
    registered(phone)
    reference = phone.page.locator(".ref b").inner_text()
    for plate in ("辽CA9999", "辽CA8888"):
        phone.page.go_back()
        phone.page.locator("[name=plate]").wait_for()
        fill(phone.page, "plate", plate)
        phone.send()
        phone.page.locator("#say-answer .send").click()
        phone.page.locator(".done").wait_for()
        assert phone.page.locator(".ref b").inner_text() != reference
        reference = phone.page.locator(".ref b").inner_text()
    assert counting(stack) == [("辽CA8888", 2, 0)]
    assert [each["state"] for each in phone.kept()] == ["registered"] * 3
    assert "13800138000" not in str(phone.kept())


def told_another(phone: Phone) -> None:
    """Registered, and then told that this form stands for other answers."""
    registered(phone)
    phone.page.go_back()
    phone.page.locator("[name=plate]").wait_for()
    fill(phone.page, "plate", "辽CA9999")
    phone.send()
    phone.page.locator("#say-answer .send").wait_for()


def test_a_correction_outlives_a_dead_line_and_is_one(phone: Phone, stack: Stack) -> None:
    told_another(phone)
    phone.line.state = "answer"
    phone.page.locator("#say-answer .send").click()
    assert KEPT in phone.state
    picture(phone.page, "script-correction-kept")
    phone.line.state = "up"
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.locator(".done").wait_for()
    assert [each[:2] for each in counting(stack)] == [("辽CA9999", 1)]


def test_a_correction_sends_what_the_form_shows_when_it_is_pressed(phone: Phone, stack: Stack) -> None:
    told_another(phone)
    fill(phone.page, "plate", "辽CA7777")
    phone.page.locator("#say-answer .send").click()
    phone.page.locator(".done").wait_for()
    assert [each[:2] for each in counting(stack)] == [("辽CA7777", 1)]


def back_to_the_form(phone: Phone) -> None:
    """Registered, but the answer was lost on the way; then the answers are to be changed."""
    fill_driver(phone.page)
    phone.line.state = "answer"
    phone.send()
    assert KEPT in phone.state
    phone.page.locator("#say-waiting .quiet").click()
    phone.page.locator("[name=plate]").wait_for()


def queue_another(phone: Phone) -> None:
    """A phone whose queue holds other answers than those that were registered: the answer to the first try was lost,
    other answers were kept in its place, and the page was closed."""
    until(phone.page, "!!(self.kakou && kakou.mend)")
    back_to_the_form(phone)
    fill(phone.page, "plate", "辽CA9999")
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    phone.page.close()
    phone.line.state = "up"


CORRECTING = ".card[id^=say-] .send"
TAKE = ".card[id^=say-] button:text-is('用我填过的内容')"


def accessible(page: Page, name: str) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    picture(page, name)
    page.evaluate(AXE_SCRIPT)
    assert violations(page) == []


def anew(phone: Phone) -> None:
    """What waits comes back as its form; another one is asked for."""
    phone.page.locator("#say-waiting").wait_for()
    turn(phone.page.locator("#say-waiting a"))
    until(phone.page, "!!(self.kakou && kakou.mend)")
    assert phone.page.locator("[name=plate]").input_value() == ""


def take(page: Page) -> None:
    """The form stays as empty as it was until somebody wants the correction in it."""
    page.locator(TAKE).wait_for()
    assert page.locator("[name=plate]").input_value() == ""
    assert page.locator("[name=replaces]").count() == 0
    page.locator(TAKE).click()
    page.locator(CORRECTING).wait_for()


def test_a_correction_from_the_queue_stands_in_the_form_first(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        queue_another(phone)
        phone.open()
        phone.page.locator(TAKE).wait_for()
        picture(phone.page, "script-queue-another-offered")
        take(phone.page)
        accessible(phone.page, "script-queue-another")
        assert [each["state"] for each in phone.kept()] == ["another"]
        assert phone.page.locator("[name=plate]").input_value() == "辽CA9999"
        assert phone.page.locator("[name='travellers.0.name']").input_value()
        fill(phone.page, "plate", "辽CA6666")
        phone.page.locator(CORRECTING).click()
        phone.page.locator(".done").wait_for()
        assert [each[:2] for each in counting(stack)] == [("辽CA6666", 1)]
        phone.page.wait_for_timeout(300)
        assert [each["state"] for each in phone.kept()] == ["registered"]
        assert phone.said == []


def test_it_is_the_same_correction_when_it_is_opened_again_in_another_language_and_sent_by_register(
    browser: Browser, stack: Stack
) -> None:
    with phone_at(browser, stack) as phone:
        queue_another(phone)
        for _ in range(2):
            phone.open()
            take(phone.page)
            assert phone.page.locator("[name=plate]").input_value() == "辽CA9999"
        (kept,) = phone.kept()
        assert phone.page.locator("[name=submission]").input_value() == kept["id"]
        phone.page.locator(".langs summary").click()
        phone.page.locator(".langs button[value=lang-en]").click()
        until(phone.page, "document.documentElement.lang === 'en'")
        phone.page.locator(CORRECTING).wait_for()
        phone.line.state = "answer"
        phone.send()
        phone.page.locator("#say-waiting").wait_for()
        assert phone.page.locator(".card[id^=say-]").count() == 1
        phone.line.state = "up"
        phone.page.evaluate("dispatchEvent(new Event('online'))")
        phone.page.locator(".done").wait_for()
        assert [each[:2] for each in counting(stack)] == [("辽CA9999", 1)]
        assert [each["state"] for each in phone.kept()] == ["registered"]


def test_a_new_form_leaves_a_correction_that_nobody_sends(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        queue_another(phone)
        phone.open()
        phone.page.locator(TAKE).wait_for()
        turn(phone.page.locator(".card[id^=say-] a"))
        until(phone.page, "!!(self.kakou && kakou.mend)")
        assert phone.kept() == []
        assert phone.page.locator("[name=plate]").input_value() == ""
        assert stack.stored == 1


def test_the_next_passage_on_the_same_phone_is_a_passage_and_no_correction(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        queue_another(phone)
        phone.open()
        phone.page.locator(TAKE).wait_for()
        fill_driver(phone.page)
        fill(phone.page, "plate", "辽CA5555")
        phone.send()
        phone.page.locator(".done").wait_for()
        assert stack.stored == 2
        assert sorted(each[1] for each in counting(stack)) == [0, 0]


def test_a_correction_that_nobody_sends_is_forgotten_after_a_week(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        queue_another(phone)
        phone.open()
        phone.page.locator(TAKE).wait_for()
        old = "kakou.records().then(([each]) => kakou.keep(Object.assign(each, {at: each.at - 8 * 864e5})))"
        phone.page.evaluate(old)
        phone.open()
        until(phone.page, "self.kakou && kakou.records().then(kept => !kept.length)")


def test_a_page_that_saw_a_correction_late_does_not_bring_it_back(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        queue_another(phone)
        phone.open()
        phone.page.locator(TAKE).wait_for()
        phone.page.evaluate(
            """async () => {
                const [each] = await kakou.records();
                const seen = Object.assign({}, each, {id: 'as it was sent'});
                await kakou.forget(each.id);
                const { records } = kakou;
                let looks = 2; // at the party and at the corrections
                kakou.records = async () => looks-- > 0 ? [seen] : records();
                kakou.looked();
            }"""
        )
        phone.page.wait_for_timeout(500)
        assert phone.kept() == []


def test_a_correction_takes_no_place_from_what_is_being_typed(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        queue_another(phone)
        stack.sealing_fails = NotSealed("KMS")
        phone.open()
        anew(phone)
        fill(phone.page, "travellers.0.name", "李四")
        stack.sealing_fails = None
        phone.page.evaluate("dispatchEvent(new Event('online'))")
        link = phone.page.locator(".card[id^=say-] a[target]")
        link.wait_for()
        assert phone.page.locator(CORRECTING).count() == 0
        assert phone.page.locator("[name=plate]").input_value() == ""
        with phone.context.expect_page() as opened:
            link.click()
        take(opened.value)
        assert opened.value.locator("[name=plate]").input_value() == "辽CA9999"
        assert phone.page.locator("[name='travellers.0.name']").input_value() == "李四"


def test_a_correction_stands_in_no_form_of_another_checkpoint(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        queue_another(phone)
        own = phone.address
        phone.address = own.partition("/C/")[0] + f"/C/{issue(stack.settings, KEYS, '102')}"
        phone.open()
        link = phone.page.locator(".card[id^=say-] a[target]")
        link.wait_for()
        assert phone.page.locator("[name=plate]").input_value() == ""
        assert own.endswith(link.get_attribute("href") or "none")


def test_for_somebody_else_is_for_somebody_else_in_the_correction_too(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        until(phone.page, "!!(self.kakou && kakou.mend)")
        phone.page.locator("#helper").click()
        queue_another(phone)
        phone.open()
        take(phone.page)
        phone.page.locator(CORRECTING).click()
        phone.page.locator(".done").wait_for()
        phone.page.wait_for_timeout(300)
        assert phone.kept() == []


def test_how_long_it_was_kept_is_told_at_each_try(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    phone.page.clock.install()
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    phone.page.clock.fast_forward(15 * 60_000)
    phone.line.state = "up"
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.locator(".done").wait_for()
    ((_, _, waited),) = counting(stack)
    assert waited is not None
    assert 900 <= waited <= 930


def test_back_from_the_receipt_loses_nothing_that_was_typed(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    typed = phone.page.evaluate("Array.from(new FormData(document.querySelector('form')), String)")
    phone.send()
    assert REGISTERED in phone.state
    phone.page.go_back()
    phone.page.locator("[name=plate]").wait_for()
    assert phone.page.evaluate("Array.from(new FormData(document.querySelector('form')), String)") == typed
    assert phone.page.locator("[name='travellers.0.number']").input_value() == "210381198001010017"
    phone.page.go_forward()
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_a_reload_shows_the_receipt_again(phone: Phone, stack: Stack) -> None:
    registered(phone)
    reference = phone.page.locator(".ref b").inner_text()
    phone.page.reload()
    phone.page.locator(".ref b").wait_for()
    assert phone.page.locator(".ref b").inner_text() == reference
    assert stack.stored == 1


def test_killed_in_mid_send_it_is_sent_on_reopening(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    phone.line.state = "answer"
    phone.send()
    assert KEPT in phone.state
    phone.page.close()
    phone.line.state = "up"
    phone.open()
    phone.page.locator(".card.ok").wait_for()
    assert REGISTERED in phone.state
    picture(phone.page, "script-reopened")
    phone.page.locator(".card.ok button").click()
    assert REGISTERED in phone.page.locator(".done h1").inner_text()
    assert stack.stored == 1
    assert len(phone.line.posts) == 2


def test_reopened_before_the_line_is_back_it_says_what_waits(phone: Phone, stack: Stack) -> None:
    """And a second tab does not lose it, nor make two of it."""
    fill_driver(phone.page)
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    first = phone.page
    phone.line.state = "up"
    stack.sealing_fails = NotSealed("KMS")
    second = phone.open()
    anew(phone)
    assert KEPT in phone.state
    assert second.locator("[name=plate]").is_visible()
    picture(second, "script-second-tab")
    stack.sealing_fails = None
    second.locator(".card.kept button").click()
    second.locator(".card.ok").wait_for()
    first.evaluate("dispatchEvent(new Event('online'))")
    first.locator(".done").wait_for()
    assert stack.stored == 1


@pytest.mark.parametrize(
    "broken",
    [
        "delete window.indexedDB; Object.defineProperty(window, 'indexedDB', {get: () => undefined})",
        "Object.defineProperty(window, 'indexedDB', {get: () => { throw new Error('SecurityError') }})",
        "IDBFactory.prototype.open = () => ({})",
        "Object.defineProperty(window, 'sessionStorage', {get: () => { throw new Error('SecurityError') }});"
        "Object.defineProperty(window, 'indexedDB', {get: () => undefined})",
    ],
    ids=["missing", "forbidden", "silent", "nothing at all"],
)
def test_a_browser_that_cannot_keep_it_says_so_and_loses_nothing(browser: Browser, stack: Stack, broken: str) -> None:
    with phone_at(browser, stack, broken) as phone:
        fill_driver(phone.page)
        phone.line.state = "answer"
        phone.send()
        assert phone.state == "还没有收到回执"
        assert "请不要关闭" in phone.page.locator("#say-waiting").inner_text()
        assert phone.page.locator("[name=plate]").input_value() == "辽ca1234"
        assert phone.page.locator("[name=plate]").is_visible()
        picture(phone.page, "script-not-kept")
        phone.line.state = "up"
        phone.page.evaluate("dispatchEvent(new Event('online'))")
        phone.page.locator(".done").wait_for()
        assert stack.stored == 1


def test_changing_what_waits_is_honest_if_it_had_arrived(phone: Phone, stack: Stack) -> None:
    back_to_the_form(phone)
    assert phone.kept() == []
    phone.line.state = "up"
    fill(phone.page, "plate", "辽CA9999")
    phone.send()
    phone.page.locator("#say-answer").wait_for()
    assert phone.state.startswith("您已登记")
    assert stack.stored == 1


def test_a_change_of_what_is_registered_waits_beside_its_receipt_and_becomes_a_correction(
    phone: Phone, stack: Stack
) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    registered(phone)
    reference = phone.page.locator(".ref b").inner_text()
    phone.page.go_back()
    phone.page.locator("[name=plate]").wait_for()
    fill(phone.page, "plate", "辽CA9999")
    phone.line.state = "down"
    phone.send()
    assert phone.state == "您已登记。更改还没有发出"
    accessible(phone.page, "script-change-kept")
    assert sorted(str(each["state"]) for each in phone.kept()) == ["registered", "waiting"]
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.wait_for_timeout(500)
    assert phone.state == "您已登记。更改还没有发出", "the receipt does not answer it"
    phone.page.locator("#say-waiting .button").click()
    assert phone.page.locator(".ref b").inner_text() == reference
    phone.page.go_back()
    phone.page.locator("#say-waiting").wait_for()
    phone.line.state = "up"
    send_now(phone.page)
    phone.page.locator("#say-answer .send").click()
    phone.page.locator(".done").wait_for()
    assert [each[:2] for each in counting(stack)] == [("辽CA9999", 1)]
    assert [each["state"] for each in phone.kept()] == ["registered"] * 2


def test_a_change_of_what_is_registered_outlives_the_page(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        until(phone.page, "!!(self.kakou && kakou.mend)")
        fill_driver(phone.page)
        phone.send()
        assert REGISTERED in phone.state
        phone.page.go_back()
        phone.page.locator("[name=plate]").wait_for()
        fill(phone.page, "plate", "辽CA9999")
        phone.line.state = "down"
        phone.send()
        phone.page.locator("#say-waiting").wait_for()
        phone.page.close()
        phone.line.state = "up"
        phone.open()
        take(phone.page)
        phone.page.locator(CORRECTING).click()
        phone.page.locator(".done").wait_for()
        assert [each[:2] for each in counting(stack)] == [("辽CA9999", 1)]


def sent_by_a_second_tab(phone: Phone, stack: Stack) -> Page:
    """What the first tab keeps is registered by another one; the first, which does not know of it yet."""
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    first = phone.page
    phone.line.state = "up"
    phone.open()
    phone.page.locator(".card.ok").first.wait_for()
    assert stack.stored == 1
    return first


def test_what_a_second_tab_registered_for_somebody_else_does_not_stay(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    phone.page.locator("#helper").click()
    fill_driver(phone.page)
    first = sent_by_a_second_tab(phone, stack)
    first.evaluate("dispatchEvent(new Event('online'))")
    first.locator(".done").wait_for()
    first.wait_for_timeout(300)
    assert phone.kept() == []
    assert "KR1-" not in first.evaluate("JSON.stringify({...sessionStorage})")
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    until(phone.page, "!document.querySelector('.card.ok')")


def test_what_a_second_tab_registered_is_remembered_and_as_old_as_it_is(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!document.querySelector('#remember')")
    phone.page.clock.install(time=NOW.timestamp())
    phone.page.clock.resume()
    fill_driver(phone.page)
    phone.page.locator("label:has(#remember)").click()
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    first = phone.page
    phone.line.state = "up"
    second = phone.context.new_page()
    second.clock.install(time=NOW.timestamp())
    second.goto(phone.address)
    second.locator(".card.ok").first.wait_for()
    first.clock.set_system_time(NOW.timestamp() + 8 * 60)
    first.evaluate("dispatchEvent(new Event('online'))")
    first.locator(".done").wait_for()
    assert first.locator("#age").inner_text()[:2] in ("7:", "8:")
    for _ in range(100):
        if any(each["id"] == "party" for each in phone.kept()):
            break
        first.wait_for_timeout(50)
    assert sorted(str(each["state"]) for each in phone.kept()) == ["party", "registered"]
    assert stack.stored == 1


def test_stored_before_the_poster_was_replaced_it_is_registered(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    phone.line.state = "answer"
    phone.send()
    assert KEPT in phone.state
    posters = stack.settings.posters
    stack.change(posters=tuple(msgspec.structs.replace(poster, state="revoked") for poster in posters))
    phone.line.state = "up"
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_where_it_cannot_be_known_whether_it_arrived_that_is_said_and_it_is_kept(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    fill_driver(phone.page)
    phone.line.state = "answer"
    phone.send()
    assert KEPT in phone.state
    with wiring.use(code_keys={"B": b"b" * 64}):
        phone.line.state = "up"
        send_now(phone.page)
        said = phone.page.locator("#say-answer")
        said.wait_for()
        assert "无法判断" in said.inner_text()
        assert "没有登记成功" not in said.inner_text()
        accessible(phone.page, "script-doubtful")
        assert [each["state"] for each in phone.kept()] == ["refused"]
        phone.open()
        phone.page.locator("h1").wait_for()
    phone.open()
    phone.page.locator(".card.alert").wait_for()
    assert "无法判断" in phone.page.locator(".card.alert").inner_text()
    assert stack.stored == 1


def test_the_receipt_of_what_was_sent_first_is_to_be_had(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    back_to_the_form(phone)
    phone.line.state = "up"
    fill(phone.page, "plate", "辽CA9999")
    phone.send()
    phone.page.locator("#say-answer").wait_for()
    accessible(phone.page, "script-first")
    phone.page.locator("#say-answer button:text-is('领取我先前提交内容的回执')").click()
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1
    assert [each[:2] for each in counting(stack)] == [("辽CA1234", 0)]
    phone.page.go_back()
    phone.page.locator("[name=plate]").wait_for()
    assert phone.page.locator("[name=plate]").input_value() == "辽CA9999"


TYPED = "Array.from(new FormData(document.querySelector('form')), String)"


def test_a_reload_loses_nothing_that_is_being_typed(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    fill_driver(phone.page)
    press(phone.page, "add")
    fill(phone.page, "travellers.1.name", "王小花")
    typed = phone.page.evaluate(TYPED)
    phone.page.reload()
    until(phone.page, "!!document.querySelector('#traveller-2')")
    assert phone.page.evaluate(TYPED) == typed
    press(phone.page, "remove-1")
    phone.send()
    phone.page.locator(".done").wait_for()
    assert phone.page.evaluate("sessionStorage.getItem('draft')") is None
    phone.open()
    until(phone.page, "!!(self.kakou && kakou.mend)")
    fill(phone.page, "plate", "辽CA5555")
    phone.page.goto(phone.address + "?new")
    until(phone.page, "!!(self.kakou && kakou.mend)")
    assert phone.page.locator("[name=plate]").input_value() == "", "who asks for a new form gets one"
    assert stack.stored == 1


def test_what_is_typed_for_somebody_else_is_gone_with_a_reload(phone: Phone) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    fill(phone.page, "plate", "辽CA5555")
    phone.page.wait_for_timeout(500)
    phone.page.locator("#helper").click()
    assert phone.page.evaluate("sessionStorage.getItem('draft')") is None
    fill(phone.page, "plate", "辽CA6666")
    phone.page.reload()
    until(phone.page, "!!(self.kakou && kakou.mend)")
    assert phone.page.locator("[name=plate]").input_value() == ""


def test_what_waits_comes_back_as_its_form_and_is_one_passage(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    phone.line.state = "answer"
    phone.send()
    assert KEPT in phone.state
    submission = phone.page.locator("[name=submission]").input_value()
    phone.page.close()
    phone.line.state = "up"
    stack.sealing_fails = NotSealed("KMS")
    phone.open()
    phone.page.locator("#say-waiting").wait_for()
    assert phone.page.locator(".card[id^=say-]").count() == 1
    assert phone.page.locator("[name=submission]").input_value() == submission
    phone.page.locator("#say-waiting .quiet").click()
    assert phone.page.locator("[name=plate]").input_value() == "辽ca1234"
    stack.sealing_fails = None
    phone.send()
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_what_the_queue_got_back_takes_no_place_and_is_kept_until_it_is_sent(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    fill_driver(phone.page)
    fill(phone.page, "travellers.0.origin", "和平区")
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    phone.page.close()
    phone.line.state = "up"
    phone.open()
    look = phone.page.locator(".card.alert .button")
    look.wait_for()
    fill(phone.page, "travellers.0.name", "李四")
    look.click()
    link = phone.page.locator(".card.alert a.button")
    link.wait_for()
    assert phone.page.locator("[name='travellers.0.name']").input_value() == "李四"
    assert [each["state"] for each in phone.kept()] == ["mend"]
    with phone.context.expect_page() as opened:
        link.click()
    page = opened.value
    page.locator(".card.alert button.button").click()
    page.locator("select[name='travellers.0.origin']").wait_for()
    assert [each["state"] for each in phone.kept()] == ["mend"], "nothing is mended yet"
    page.locator("select[name='travellers.0.origin']").select_option("210102")
    page.locator("main > button.send").click()
    page.locator(".done").wait_for()
    assert [each["state"] for each in phone.kept()] == ["registered"]
    assert stack.stored == 1


def test_what_was_refused_is_forgotten_once_it_is_registered_elsewhere(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    fill_driver(phone.page)
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    phone.page.close()
    phone.line.state = "up"
    old = stack.settings.posters
    stack.change(
        posters=tuple(msgspec.structs.replace(each, state="revoked") for each in old if each.checkpoint == "101")
    )
    phone.address = phone.address.partition("/C/")[0] + stack.poster(2, "active")
    phone.open()
    phone.page.locator(".card.alert button.button").click()
    assert phone.page.locator("[name=plate]").input_value() == "辽ca1234"
    assert [each["state"] for each in phone.kept()] == ["refused"]
    phone.send()
    phone.page.locator(".done").wait_for()
    assert [each["state"] for each in phone.kept()] == ["registered"]
    assert stack.stored == 1
