"""The receipt's page: what it says in every language, its code read off a phone's screen, and its age that moves."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec
import pytest
import zxingcpp
from PIL import Image

from chalicelib.passage import codes
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.receipt import KEY_ID, Claim, Receipt, public_key, verify
from chalicelib.web import words
from chalicelib.web.language import CHINESE, ENGLISH, LANGUAGES, Language, messages
from chalicelib.web.receipts import receipt_page
from tests.parties import as_form, three
from tests.web.browser import PHONE, serving
from tests.web.conftest import NOW, Stack
from tests.web.phone import picture
from tests.web.test_pages import scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

RECEIPT = Receipt("7KQ2M9XD", "101", "2020-02-10T16:05:33.123Z", "car", "234", ("王**", "<**"), "KR1-A-B")
AT = datetime(2020, 2, 10, 16, 5, 40, tzinfo=UTC)
PUBLIC = {KEY_ID: public_key(PassageKeys.of(b"s" * 64, "test"))}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_the_receipt_shows_the_place_the_local_time_and_the_party(language: Language) -> None:
    asked = msgspec.structs.replace(scene(language), asked_of_key_regions="居家观察")
    page = receipt_page(asked, RECEIPT, answered=AT, noticed=True).decode()
    for shown in ("101", "00:05", "234", "王**", "&lt;**", "7KQ2 M9XD", "KR1-A-B", "居家观察"):
        assert shown in page
    for chinese in ("已登记", "小客车", "人数", "登记至今"):
        assert chinese in page, "staff read Chinese, whatever the traveller reads"
    assert "2020年2月11日" in receipt_page(scene(CHINESE), RECEIPT, answered=AT).decode()
    assert "Registered" in receipt_page(scene(ENGLISH), RECEIPT, answered=AT).decode()


def test_it_says_the_same_in_every_other_language() -> None:
    others = [msgspec.structs.replace(scene(own), asked_of_key_regions=f"note {own.code}") for own in LANGUAGES[1:]]
    page = receipt_page(scene(), RECEIPT, answered=AT, noticed=True, others=others).decode()
    for own in LANGUAGES[1:]:
        say = messages(own).gettext
        (told,) = re.findall(f'<details class="card" lang="{own.tag}">.*?</details>', page, re.S)
        for shown in ("101", "00:05", "234", "7KQ2 M9XD", f"note {own.code}", f'href="?lang={own.code}"'):
            assert shown in told
        for message in (
            "Registered",
            words.VEHICLES["car"],
            "Travellers",
            "Please note",
            "Go on when the staff let you.",
        ):
            assert html.escape(say(message)) in told
    plain = receipt_page(scene(), RECEIPT, answered=AT, others=others).decode()
    assert "note ko" not in plain, "asked of people from key regions alone"


@pytest.mark.parametrize("vehicle", codes.VEHICLES)
def test_who_brings_no_plate_sees_how_they_arrived(vehicle: str) -> None:
    bare = Receipt("7KQ2M9XD", "101", RECEIPT.received_at, vehicle, "", ("王**",), "KR1-A-B")
    page = receipt_page(scene(ENGLISH), bare, answered=AT).decode()
    assert "Arrival" in page
    assert "···" not in page


@pytest.fixture
def base(stack: Stack) -> Iterator[str]:
    with serving() as address:
        yield address


def opened(context: BrowserContext, address: str) -> Page:
    """The receipt of a party of three, as the answer to a form that was really sent."""
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    fields = json.dumps(parse_qsl(as_form(three()).decode()))
    # A page of nothing at that address, with the form in it: what is looked at here is the answer.
    page.route("**/start", lambda route: route.fulfill(content_type="text/html", body=f"""<meta charset="utf-8">
        <form method="post" action="{address}" id="form"></form>"""))  # fmt: skip
    page.goto(address.partition("/C/")[0] + "/start")
    page.evaluate(
        "fields => { for (const [name, value] of fields) { const input = document.createElement('input');"
        "input.name = name; input.value = value; form.append(input) } }",
        json.loads(fields),
    )
    with page.expect_navigation():
        page.evaluate("form.submit()")
    assert not said, said
    return page


def stopped(context: BrowserContext, now: datetime) -> None:
    """The phone's clock stands at `now` until it is told to run."""
    context.clock.install(time=now - timedelta(seconds=1))
    context.clock.pause_at(now)


def codes_on(png: bytes) -> list[str]:
    with Image.open(io.BytesIO(png)) as picture:
        return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


def genuine(text: str) -> Claim:
    claim = verify(text, PUBLIC)
    assert (claim.checkpoint, claim.received_at, claim.plate_tail, claim.travellers) == (
        "101", "2026-11-24T07:15Z", "234", 3,
    )  # fmt: skip
    return claim


@pytest.mark.parametrize(("density", "scheme"), [(1, "light"), (2.625, "dark")])
def test_the_code_is_read_off_the_screen(
    browser: Browser, base: str, stack: Stack, density: float, scheme: str
) -> None:
    context = browser.new_context(
        viewport=PHONE,
        device_scale_factor=density,
        java_script_enabled=True,
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = opened(context, base + stack.address)
    page.locator(".qr").scroll_into_view_if_needed()
    (text,) = codes_on(page.screenshot())
    claim = genuine(text)
    assert text == page.locator(".signed").text_content()
    assert claim.reference == (page.locator(".ref b").text_content() or "").replace(" ", "")
    context.close()


@pytest.mark.parametrize("script", [True, False])
def test_it_is_read_in_another_language_without_a_network(
    browser: Browser, base: str, stack: Stack, script: bool
) -> None:
    context = browser.new_context(viewport=PHONE, locale="ko-KR")
    page = opened(context, base + stack.address)
    if not script:
        answer = page.content()
        context.close()
        context = browser.new_context(viewport=PHONE, java_script_enabled=False)
        page = context.new_page()
        page.route("**/answer", lambda route: route.fulfill(content_type="text/html", body=answer))
        page.goto(base + "/answer")
    context.set_offline(True)
    russian = page.locator("details[lang=ru]")
    assert russian.locator("ol").is_hidden()
    page.locator(".langs summary").click()
    page.locator(".langs a[lang=ru]").click()
    russian.locator("ol").wait_for(state="visible")
    assert "Зарегистрировано" in russian.inner_text()
    assert "7:15" not in russian.inner_text()
    assert "15:15" in russian.inner_text(), "the city's time"
    assert page.locator(".done").count() == 1
    assert page.locator(".signed").text_content(), "the same receipt"
    picture(page, f"receipt-in-russian-{script}")
    context.close()


def test_its_age_moves(browser: Browser, base: str, stack: Stack) -> None:
    context = browser.new_context(viewport=PHONE)
    # The phone's clock is five minutes late: what counts is the server's.
    stopped(context, NOW - timedelta(minutes=5))
    page = opened(context, base + stack.address)
    age = page.locator("#age")
    assert age.text_content() == "0:00"
    assert page.locator("#made").is_hidden()
    for seconds, shown in ((9, "0:09"), (66, "1:15"), (3600, "1:01:15"), (360_000, "> 99 h")):
        context.clock.fast_forward(seconds * 1000)
        assert age.text_content() == shown
    context.close()


def test_the_same_receipt_later_and_a_copy_of_the_page_are_as_old_as_they_are(
    browser: Browser, base: str, stack: Stack
) -> None:
    context = browser.new_context(viewport=PHONE)
    stopped(context, NOW)
    first = opened(context, base + stack.address)
    copy = first.content()
    stack.later(hours=2)
    context.clock.pause_at(NOW + timedelta(hours=2))
    again = opened(context, base + stack.address)
    assert again.locator("#age").text_content() == "2:00:00"
    kept = context.new_page()
    kept.set_content(copy)
    assert kept.locator("#age").text_content() == "2:00:00"
    context.close()


def test_without_a_script_it_says_when_it_was_made_and_something_moves(
    browser: Browser, base: str, stack: Stack
) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    stack.later(seconds=-60)
    page.set_content(receipt_page(scene(), RECEIPT, answered=AT).decode())
    assert page.locator("#made").is_visible()
    assert "00:05:40" in (page.locator("#made").text_content() or "")
    assert page.locator("#live").is_hidden()
    assert page.locator("#save").is_hidden()
    beat = page.locator(".beat")
    one = beat.screenshot()
    page.wait_for_timeout(400)
    assert beat.screenshot() != one
    context.close()


def test_it_is_saved_as_a_picture_that_says_so(browser: Browser, base: str, stack: Stack) -> None:
    context = browser.new_context(viewport=PHONE, locale="ru-RU")
    page = opened(context, base + stack.address)
    page.locator("#save").click()
    page.locator("#picture").wait_for()
    source = page.locator("#picture").get_attribute("src") or ""
    kind, _, data = source.partition(",")
    assert kind == "data:image/png;base64"
    png = base64.b64decode(data)
    (text,) = codes_on(png)
    genuine(text)
    assert page.locator("#save").get_attribute("data-copy") == "回执存图 · Сохранённая копия"
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.convert("RGB").getpixel((5, 5)) == (0x7A, 0x4B, 0x00), "not green: a picture, not the page"
    with page.expect_download() as download:
        page.locator("#download").click()
    assert re.fullmatch("kakou-101-[0-9A-Z]{8}.png", download.value.suggested_filename)
    assert download.value.path().read_bytes() == png
    context.close()
