"""The list of places under the origin: typed, tapped or steered with keys, it writes what the server takes for that
place alone; without it the field is a plain field."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from chalicelib import divisions
from chalicelib.passage import abroad
from chalicelib.web import scripts
from chalicelib.web.language import LANGUAGES, Language, messages
from tests.web.conftest import Stack
from tests.web.phone import OUTSIDE, Phone, ask, fill, fill_driver, phone_at, picture, press, turn, until, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

FIELD = "travellers.0.origin"

ABROAD = (
    "Россия",
    "россия",
    "한국",
    "日本",
    "韩国",
    "Seoul",
    "Seoul, South Korea",
    "из-за границы",
    "КНДР",
    "ｊａｐａｎ",
)


def with_places(phone: Phone) -> Phone:
    until(phone.page, "!!document.querySelector('[role=combobox]')")
    return phone


@pytest.fixture
def phone(browser: Browser, stack: Stack) -> Iterator[Phone]:
    with phone_at(browser, stack) as opened:
        yield with_places(opened)


def origin(phone: Phone) -> Locator:
    return phone.page.locator(f"[name='{FIELD}']")


def options(phone: Phone) -> list[str]:
    found: list[str] = phone.page.locator("[role=option]").evaluate_all(
        "all => all.map(each => each.firstChild.textContent.replace(' ›', ''))"
    )
    return found


FOUND = (
    ("海城", "海城市"), ("haicheng", "海城市"), ("hc", "海城市"), ("haic", "海城市"), ("海", "海城市"),
    ("辽宁海城", "海城市"), ("lnhc", "海城市"), ("沈阳和平", "和平区"), ("syhp", "和平区"), ("武汉ja", "江岸区"),
    ("chongqing", "重庆市"), ("cq", "重庆市"), ("changchun", "长春市"), ("xm", "厦门市"), ("xiamen", "厦门市"),
    ("luan", "六安市"), ("bozhou", "亳州市"), ("taizhou", "台州市"), ("lvliang", "吕梁市"), ("lüliang", "吕梁市"),
    ("luliang", "吕梁市"), ("haerbin", "哈尔滨市"), ("Harbin", "哈尔滨市"), ("hong kong", "香港特别行政区"),
    ("ＨＣ", "海城市"), ("Haicheng, Anshan", "海城市"), ("海城市", "海城市"), ("neimenggu", "内蒙古自治区"),
)  # fmt: skip


def test_a_place_is_found_by_name_pinyin_or_first_letters(phone: Phone) -> None:
    for typed, meant in FOUND:
        fill(phone.page, FIELD, typed)
        assert meant in options(phone)[:4], typed


def test_the_nearer_of_two_names_comes_first(phone: Phone) -> None:
    fill(phone.page, FIELD, "hc")
    assert options(phone)[0] == "海城市"


def test_from_province_to_county_by_tapping(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    fill(phone.page, FIELD, "")
    origin(phone).tap()
    assert len(options(phone)) == 35
    picture(phone.page, "places-provinces")
    phone.page.locator("[role=option]", has_text="辽宁省").tap()
    assert origin(phone).input_value() == "辽宁省"
    picture(phone.page, "places-cities")
    phone.page.locator("[role=option]", has_text="鞍山市").tap()
    assert options(phone)[-1] == "所有省份"
    phone.page.locator("[role=option]", has_text="海城市").tap()
    assert origin(phone).input_value() == "辽宁省鞍山市海城市"
    assert phone.page.locator(".places").count() == 0
    assert origin(phone).get_attribute("aria-expanded") == "false"
    phone.send()
    phone.page.locator(".done").wait_for()
    assert parse_qs(phone.line.posts[-1].decode())[FIELD] == ["辽宁省鞍山市海城市"]
    assert stack.stored == 1


def test_by_keys_alone(phone: Phone) -> None:
    origin(phone).focus()
    phone.page.keyboard.type("hc")
    phone.page.keyboard.press("ArrowDown")
    chosen = origin(phone).get_attribute("aria-activedescendant")
    assert phone.page.locator(f"[id='{chosen}']").get_attribute("aria-selected") == "true"
    assert origin(phone).get_attribute("aria-controls") == f"{FIELD}-places"
    phone.page.keyboard.press("Enter")
    assert origin(phone).input_value() == "辽宁省鞍山市海城市"
    assert phone.page.evaluate("document.activeElement.name") == FIELD
    phone.page.keyboard.press("ControlOrMeta+a")
    phone.page.keyboard.type("鞍山")
    phone.page.keyboard.press("Escape")
    assert phone.page.locator(".places").count() == 0
    assert origin(phone).input_value() == "鞍山"
    phone.page.keyboard.press("ArrowDown")
    phone.page.keyboard.press("ArrowUp")
    phone.page.keyboard.press("Tab")
    assert phone.page.locator(".places").count() == 0
    assert origin(phone).get_attribute("aria-activedescendant") is None
    fill(phone.page, FIELD, "没有这个地方")
    assert "没有这个地名" in phone.page.locator("p.places").inner_text()
    assert options(phone) == ["境外"], "whoever is from there finds the way"
    phone.page.keyboard.press("Enter")
    assert origin(phone).input_value() == "没有这个地方", "and nobody else is sent it"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_whatever_is_chosen_means_that_place_alone_to_the_server(
    browser: Browser, stack: Stack, language: Language
) -> None:
    """Every origin of the list, chosen; and axe finds nothing while it is open."""
    from axe_playwright_python.base import AXE_SCRIPT

    with phone_at(browser, stack, locale=language.tag) as phone:
        with_places(phone)
        written: Any = phone.page.evaluate("kakou.writes()")
        assert len(written) == len(divisions.origins())
        for code, text in written:
            assert [place.code for place in divisions.find(text)] == [code], text
        origin(phone).tap()
        phone.page.evaluate(AXE_SCRIPT)
        assert violations(phone.page) == []
        phone.page.locator("[role=option]", has_text=messages(language).gettext("Outside China")).tap()
        assert origin(phone).input_value() == messages(language).gettext("abroad")
        fill(phone.page, FIELD, "hp")
        assert violations(phone.page) == []
        phone.page.emulate_media(color_scheme="dark")
        assert violations(phone.page, "color-contrast") == []
        assert phone.page.evaluate(OUTSIDE) == []
        phone.page.keyboard.press("ArrowDown")
        picture(phone.page, "places-found")
        phone.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert phone.page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_from_abroad_whatever_it_is_called(browser: Browser, stack: Stack, language: Language) -> None:
    """The browser knows the server's names for it, and says it first, in the page's own word."""
    say = messages(language).gettext
    with phone_at(browser, stack, locale=language.tag) as phone:
        with_places(phone)
        told = [*ABROAD, *abroad.NAMES, say("Outside China"), say("abroad"), "海城", "Kore", "", "xyz", "Laoshan"]
        ours = [abroad.is_abroad(text) for text in told]
        assert ours == [True] * (len(told) - 5) + [False] * 5
        assert phone.page.evaluate("texts => texts.map(text => kakou.abroad(text))", told) == ours
        for typed in {*ABROAD, "Qqq", say("Outside China")} - {say("abroad")}:
            fill(phone.page, FIELD, typed)
            assert options(phone)[0] == say("Outside China"), typed
            phone.page.locator("[role=option]").first.tap()
            assert origin(phone).input_value() == say("abroad")


def test_a_second_traveller_has_a_list_of_their_own(phone: Phone) -> None:
    origin(phone).tap()
    phone.page.locator(".add").tap()
    second = phone.page.locator("[name='travellers.1.origin']")
    assert second.get_attribute("role") == "combobox"
    second.tap()
    phone.page.keyboard.type("hc")
    phone.page.locator("[role=option]").first.tap()
    assert second.input_value() == "辽宁省鞍山市海城市"
    assert origin(phone).input_value() == ""
    assert phone.page.locator("[id='travellers.1.origin-places']").count() == 0


def test_what_was_wrong_is_forgotten_when_a_place_is_chosen(phone: Phone) -> None:
    phone.send()
    phone.page.locator(f"[id='{FIELD}-wrong']").wait_for()
    origin(phone).tap()
    phone.page.keyboard.type("hc")
    phone.page.locator("[role=option]").first.tap()
    phone.page.locator(f"[id='{FIELD}-wrong']").wait_for(state="detached")


def ambiguous(phone: Phone) -> None:
    """The form, come back with several places to choose an origin from."""
    fill_driver(phone.page)
    fill(phone.page, FIELD, "和平区")
    phone.send()
    phone.page.locator(f"select[name='{FIELD}']").wait_for()
    with_ease(phone)


def with_ease(phone: Phone) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")


def test_another_place_than_those_to_choose_from_is_written(phone: Phone, stack: Stack) -> None:
    ambiguous(phone)
    origin(phone).select_option(label="都不是，重新填写")
    phone.page.locator(f"input[name='{FIELD}'][role=combobox]").wait_for()
    assert phone.page.evaluate("document.activeElement.name") == FIELD
    assert origin(phone).input_value() == ""
    assert origin(phone).get_attribute("aria-describedby") == f"{FIELD}-hint"
    assert phone.page.locator(f"[id='{FIELD}-wrong'], .f.bad").count() == 0
    assert len(options(phone)) == 35, "the list is open"
    picture(phone.page, "origin-anew")
    phone.page.keyboard.type("hc")
    phone.page.locator("[role=option]").first.tap()
    phone.send()
    phone.page.locator(".done").wait_for()
    assert parse_qs(phone.line.posts[-1].decode())[FIELD] == ["辽宁省鞍山市海城市"]
    assert stack.stored == 1


def test_the_next_traveller_writes_an_origin_whatever_the_first_chooses_from(phone: Phone) -> None:
    ambiguous(phone)
    press(phone.page, "add")
    second = phone.page.locator("[name='travellers.1.origin']")
    assert second.evaluate("field => field.localName") == "input"
    until(phone.page, "!!document.querySelector('[name=\"travellers.1.origin\"][role=combobox]')")
    second.tap()
    phone.page.keyboard.type("hc")
    phone.page.locator("[role=option]").first.tap()
    assert second.input_value() == "辽宁省鞍山市海城市"
    assert origin(phone).evaluate("field => field.localName") == "select"


def test_another_place_is_written_without_a_script_too(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack) as phone:
        context = browser.new_context(java_script_enabled=False, locale="zh-CN")
        phone.page = context.new_page()
        phone.page.goto(phone.address)
        fill_driver(phone.page)
        fill(phone.page, FIELD, "和平区")
        turn(phone.page.locator("main > button.send"))
        origin(phone).select_option(label="都不是，重新填写")
        ask(phone.page, "add")
        assert phone.page.locator("input[name='travellers.1.origin']").count() == 1
        ask(phone.page, "remove-1")
        turn(phone.page.locator("main > button.send"))
        fill(phone.page, FIELD, "辽宁海城")
        turn(phone.page.locator("main > button.send"))
        assert stack.stored == 1
        context.close()


def test_without_the_places_the_field_takes_what_is_typed(browser: Browser, stack: Stack) -> None:
    with phone_at(
        browser,
        stack,
        "Object.defineProperty(self, 'kakou', {set(k) { Object.defineProperty(self, 'kakou', "
        "{value: k}); Object.defineProperty(k, 'places', {set() {}, get: () => () => {}}) }, configurable: true})",
    ) as phone:
        until(phone.page, "!!(self.kakou && kakou.mend)")
        fill_driver(phone.page)
        assert phone.page.locator("[role=combobox], .places").count() == 0
        phone.send()
        phone.page.locator(".done").wait_for()
        assert stack.stored == 1


def test_the_list_is_there_without_a_network_too(browser: Browser, stack: Stack) -> None:
    with phone_at(browser, stack, worker=True) as phone:
        until(
            phone.page,
            """async () => {
                const kept = await Promise.all((await caches.keys()).map(async key => (await caches.open(key)).keys()));
                return kept.flat().some(each => each.url.includes('/places.'));
            }""",
        )
        phone.line.state = "down"
        phone.open()
        with_places(phone)
        fill(phone.page, FIELD, "hc")
        assert "海城市" in options(phone)


def test_the_places_come_after_the_first_view_and_are_small() -> None:
    named = {name.partition(".")[0]: name for name in scripts.make()}
    assert re.fullmatch(r"static/places\.[0-9a-f]{12}\.js", named["static/places"])
    assert len(gzip.compress(scripts.make()[named["static/places"]], 6)) < 40_000
