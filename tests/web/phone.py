"""A phone before the checkpoint's poster: what a traveller does with the form, what it says, and how it looks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests.parties import resident_id, township
from tests.web.browser import PHONE, Line, serving
from tests.web.conftest import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

PICTURES = os.environ.get("KAKOU_PICTURES")
"""A folder for the screenshots; without it none are made."""

KEPT = "已存在本机"

REGISTERED = "已登记"

OUTSIDE = """() => [...document.querySelectorAll("body *")].filter((each) => {
  const { left, right, width } = each.getBoundingClientRect();
  return width && (left < -0.5 || right > innerWidth + 0.5);
}).map((each) => each.outerHTML.slice(0, 120))"""


SMALL = """() => [...document.querySelectorAll("a[href], button, input, select, summary, [role=option]")].map(each => {
  const target = /radio|checkbox/.test(each.type) ? each.closest("label") : each;
  const { width, height } = target.getBoundingClientRect();
  return [width, height, target.outerHTML.slice(0, 120)];
}).filter(([width, height]) => width && height && (width < 44 || height < 44))"""
"""What is to be touched, and smaller than 44 px."""


@dataclass
class Phone:
    """A phone before the checkpoint's poster."""

    context: BrowserContext
    line: Line
    address: str
    page: Page
    said: list[str]
    """What its console complained of."""

    def open(self) -> Page:
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", self._complains)
        self.page.goto(self.address, timeout=15_000)
        return self.page

    def _complains(self, told: ConsoleMessage) -> None:
        if "Content Security" in told.text:
            self.said.append(told.text)

    def send(self) -> None:
        self.page.locator("main > button.send").click()

    @property
    def state(self) -> str:
        """The heading that says it: of the receipt, or of the first card."""
        heading = self.page.locator(".done h1, .card[id^=say-]:not(#say-sending) h2, [role=alert] h2").first
        heading.wait_for(state="visible", timeout=20_000)
        return heading.inner_text()

    def kept(self) -> list[dict[str, object]]:
        """The records in this browser."""
        found: list[dict[str, object]] = self.page.evaluate(
            """() => new Promise(done => {
                const opening = indexedDB.open('kakou', 1);
                opening.onupgradeneeded = () => opening.result.createObjectStore('records', {keyPath: 'id'});
                opening.onsuccess = () => {
                    const asked = opening.result.transaction('records').objectStore('records').getAll();
                    asked.onsuccess = () => { opening.result.close(); done(asked.result); };
                };
            })"""
        )
        return found


@contextmanager
def phone_at(
    browser: Browser, stack: Stack, *before: str, locale: str = "zh-CN", worker: bool = False
) -> Iterator[Phone]:
    line = Line()
    with serving(line) as base:
        context = browser.new_context(
            viewport=PHONE,
            locale=locale,
            is_mobile=True,
            has_touch=True,
            service_workers="allow" if worker else "block",
        )
        for script in before:
            context.add_init_script(script)
        phone = Phone(context, line, base + stack.address, None, [])  # type: ignore[arg-type]
        phone.open()
        yield phone
        context.close()
        assert phone.said == []


def until(page: Page, promised: str, seconds: int = 10) -> None:
    """Wait until what is `promised` comes true. `wait_for_function` takes a promise itself for the truth, and our
    policy refuses the evaluation that it polls with."""
    for _ in range(seconds * 20):
        if page.evaluate(promised):
            return
        page.wait_for_timeout(50)
    raise AssertionError(promised)


def ready(phone: Phone) -> Phone:
    until(phone.page, "!!document.querySelector('#remember')", 20)
    return phone


def tick(page: Page, field: str, code: str) -> None:
    page.locator(f'label:has([name="{field}"][value="{code}"])').click()


def fill(page: Page, field: str, text: str) -> None:
    page.locator(f'[name="{field}"]').fill(text)


def press(page: Page, action: str) -> None:
    _button(page, action).click()


def ask(page: Page, action: str) -> None:
    """Press where no script answers."""
    turn(_button(page, action))


def _button(page: Page, action: str) -> Locator:
    return page.locator(f'button[name=action][value="{action}"]:not([disabled])').last


def turn(leaving: Locator) -> None:
    """Press what leads to another page, and wait for all of that. A click alone is over at its first byte."""
    with leaving.page.expect_navigation():
        leaving.click()


def send_now(page: Page) -> None:
    """Press "Send now", unless the page's own retry was there first: then that is gone."""
    page.evaluate("void document.querySelectorAll('#say-waiting button.send').forEach(each => each.click())")


def fill_driver(page: Page) -> None:
    tick(page, "vehicle", "car")
    fill(page, "plate", "辽ca1234")
    fill(page, "travellers.0.name", "王小明")
    tick(page, "travellers.0.document", "resident_id")
    fill(page, "travellers.0.number", resident_id("21038119800101001"))
    fill(page, "travellers.0.phone", "13800138000")
    fill(page, "travellers.0.origin", "武汉江岸")
    page.locator('[name="travellers.0.township"]').select_option(township())
    fill(page, "travellers.0.address", "中心街1号")
    tick(page, "travellers.0.purpose", "home")
    tick(page, "travellers.0.key_region_stay", "yes")
    tick(page, "travellers.0.symptoms", "none")


def registered(phone: Phone) -> None:
    """The driver registers, and the receipt is on the screen."""
    fill_driver(phone.page)
    phone.send()
    assert REGISTERED in phone.state


def picture(page: Page, name: str) -> None:
    """Nothing sticks out of the screen; a screenshot in both schemes where `KAKOU_PICTURES` names a folder."""
    if PICTURES:
        language = page.locator("html").get_attribute("lang")
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(PICTURES) / f"{name}-{language}-{scheme}.png", full_page=True)
    for width in (PHONE["width"], 320):
        page.set_viewport_size({"width": width, "height": PHONE["height"]})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.set_viewport_size(PHONE)


def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds, by rule and place; of all its rules, or of `rules` alone."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    found = page.evaluate("options => axe.run(document, options)", options)
    assert found["passes"], "nothing was looked at"
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]
