"""What registering costs the fingers, counted as the browser sees it: keys pressed and taps, without the characters of
names, document numbers, phone and plate."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.parties import resident_id, township
from tests.web.conftest import Stack
from tests.web.phone import Phone, phone_at, ready, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

COUNT = """for (const kind of ['keydown', 'pointerdown', 'change']) addEventListener(kind, ({target}) => {
    if (kind === 'change' && target.localName !== 'select') return;
    sessionStorage.setItem(kind, 1 + +sessionStorage.getItem(kind));
}, true);"""
"""A choice in the browser's own list of a `select` is one tap that no page sees: its change stands for it."""


class Fingers:
    """A person at the phone: taps what is on the screen and types into what has the focus."""

    def __init__(self, phone: Phone) -> None:
        self.phone, self.page = phone, phone.page
        self.free = 0
        """Characters of names, numbers, phone and plate."""

    def tap(self, selector: str) -> None:
        self.page.locator(selector).locator("visible=true").first.tap()

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def write(self, field: str, text: str) -> None:
        """What is not counted: as many keys as characters, though they were typed in pinyin."""
        self.tap(f"[name='{field}']")
        for character in text:
            self.page.keyboard.press("a")  # a key
            self.page.keyboard.press("Backspace")
            self.page.keyboard.insert_text(character)
        self.free += 2 * len(text)

    def pick(self, field: str, code: str) -> None:
        self.tap(f"label:has([name='{field}'][value='{code}'])")

    def select(self, field: str, code: str) -> None:
        self.tap(f"select[name='{field}']")
        self.page.keyboard.press("Escape")
        self.free += 1
        self.page.locator(f"select[name='{field}']").select_option(code)

    @property
    def cost(self) -> dict[str, int]:
        told: dict[str, str] = self.page.evaluate("({...sessionStorage})")
        counted = {kind: int(told.get(kind, 0)) for kind in ("keydown", "pointerdown", "change")}
        return {"keys": counted["keydown"] - self.free, "taps": counted["pointerdown"] + counted["change"]}


@pytest.fixture
def phone(browser: Browser, stack: Stack) -> Iterator[Phone]:
    with phone_at(browser, stack, COUNT) as opened:
        until(opened.page, "!!document.querySelector('[role=combobox]')", 20)
        yield ready(opened)


def register_three(phone: Phone) -> Fingers:
    """A driver and two passengers, all with resident IDs; the address is typed in pinyin, a space for each word."""
    fingers = Fingers(phone)
    fingers.pick("vehicle", "car")
    fingers.tap("[name=plate]")
    fingers.tap(".pad button:has-text('辽')")
    fingers.type("CA1234")
    fingers.free += 6
    first = resident_id("21038119800101001")
    for number, (name, id_) in enumerate(
        [("王小明", first), ("李小红", resident_id("21038119820202002")), ("王小花", resident_id("21038120100303002"))]
    ):
        own = f"travellers.{number}."
        if number:
            fingers.tap(".add")
        fingers.write(f"{own}name", name)
        fingers.pick(f"{own}document", "resident_id")
        fingers.write(f"{own}number", id_)
        if number:
            fingers.pick(f"{own}same_as_first", "yes")
            continue
        fingers.write(f"{own}phone", "13800138000")
        fingers.tap(f"[name='{own}origin']")
        fingers.type("whja")
        fingers.tap("[role=option]")
        fingers.select(f"{own}township", township())
        fingers.tap(f"[name='{own}address']")
        fingers.type("zhongxinjie 1hao ")
        fingers.pick(f"{own}purpose", "home")
    fingers.tap("#health button")
    return fingers


def test_a_party_of_three_and_the_same_party_remembered(phone: Phone, stack: Stack) -> None:
    fingers = register_three(phone)
    fingers.tap("main > button.send")
    phone.page.locator(".done").wait_for(timeout=30_000)
    cost = fingers.cost
    sys.stdout.write(
        f"a driver and two passengers: {cost['keys']} keys and {cost['taps']} taps beyond what is not counted\n"
    )
    assert stack.stored == 1
    assert cost["keys"] + cost["taps"] < 60
    assert cost["keys"] >= 20, "the keys of origin and address are counted"
    assert cost["taps"] >= 20


def test_a_remembered_party(phone: Phone, stack: Stack) -> None:
    fingers = register_three(phone)
    fingers.tap("label:has(#remember)")
    fingers.tap("main > button.send")
    phone.page.locator("#remembered").wait_for(timeout=30_000)
    phone.page.close()
    phone.open()
    ready(phone)
    again = Fingers(phone)
    again.tap("#remembered .button")
    again.tap("#health button")
    again.tap("main > button.send")
    phone.page.locator(".done").wait_for(timeout=30_000)
    sys.stdout.write(f"a remembered party of three: {again.cost['keys']} keys and {again.cost['taps']} taps\n")
    assert stack.stored == 2
    assert 0 < again.cost["taps"] <= 6
    assert again.cost["keys"] == 0
