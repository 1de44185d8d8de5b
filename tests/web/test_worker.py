"""The service worker: the form opens again without a network, and what waits is sent without a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from chalicelib.web import scripts
from tests.web.browser import PORTAL
from tests.web.conftest import Stack
from tests.web.phone import KEPT, REGISTERED, Phone, fill, fill_driver, phone_at, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def phone(browser: Browser, stack: Stack) -> Iterator[Phone]:
    """A phone on which the form was opened once and is kept."""
    with phone_at(browser, stack, worker=True) as opened:
        until(
            opened.page,
            """async () => {
                const kept = await Promise.all((await caches.keys()).map(async key => (await caches.open(key)).keys()));
                return kept.flat().length >= 2;
            }""",
        )
        yield opened


def submission(phone: Phone) -> str:
    return phone.page.locator("[name=submission]").input_value()


def test_the_form_opens_without_a_network_with_a_new_submission_id_each_time(phone: Phone, stack: Stack) -> None:
    seen = {submission(phone)}
    phone.line.state = "down"
    for _ in range(3):
        phone.open()
        assert phone.page.locator("[name=plate]").is_visible()
        assert len(submission(phone)) == 32
        seen.add(submission(phone))
    assert len(seen) == 4
    fill_driver(phone.page)
    phone.send()
    assert KEPT in phone.state
    phone.line.state = "up"
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_what_waits_is_sent_in_the_background_and_the_page_learns_of_it(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    background(phone)
    assert stack.stored == 1
    assert [each["state"] for each in phone.kept()] == ["registered"]


def background(phone: Phone) -> None:
    """It waits; the worker sends it, and this page learns of it."""
    phone.line.state = "down"
    phone.send()
    assert KEPT in phone.state
    until(
        phone.page,
        "navigator.serviceWorker.ready.then(worker => worker.sync.getTags()).then(tags => tags.includes('send'))",
    )
    phone.line.state = "up"
    sync(phone)
    phone.page.locator(".done").wait_for()


def test_what_the_background_sent_for_somebody_else_does_not_stay(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!(self.kakou && kakou.mend)")
    phone.page.locator("#helper").click()
    fill_driver(phone.page)
    background(phone)
    phone.page.wait_for_timeout(300)
    assert phone.kept() == []
    assert "KR1-" not in phone.page.evaluate("JSON.stringify({...sessionStorage})")
    assert phone.page.evaluate("history.state") is None
    assert stack.stored == 1


def test_what_the_background_sent_is_remembered_where_that_was_asked(phone: Phone, stack: Stack) -> None:
    until(phone.page, "!!document.querySelector('#remember')")
    fill_driver(phone.page)
    phone.page.locator("label:has(#remember)").click()
    background(phone)
    phone.page.locator("#remembered").wait_for()
    assert sorted(str(each["state"]) for each in phone.kept()) == ["party", "registered"]
    assert stack.stored == 1


def test_a_new_version_opens_without_a_network_too(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    phone.page.close()
    changed = scripts.worker().replace(b'VERSION="', b'VERSION="new')
    monkeypatch.setattr(scripts, "worker", lambda: changed)
    phone.open()
    held = """async () => {
        const [key, ...old] = await caches.keys();
        return !old.length && key.startsWith('kakou-new') && (await (await caches.open(key)).keys()).length > 2;
    }"""
    until(phone.page, held)
    phone.page.close()
    phone.line.state = "down"
    assert phone.open().locator("[name=plate]").is_visible()


def sync(phone: Phone) -> None:
    """The browser finds the network back, without a page that notices."""
    session = phone.context.new_cdp_session(phone.page)
    registrations: list[str] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda told: registrations.extend(
        each["registrationId"] for each in told["registrations"]
    ))  # fmt: skip
    session.send("ServiceWorker.enable")
    phone.page.wait_for_timeout(200)
    session.send(
        "ServiceWorker.dispatchSyncEvent",
        {
            "origin": phone.address.split("/some")[0],
            "registrationId": registrations[0],
            "tag": "send",
            "lastChance": False,
        },
    )


def test_a_portal_is_shown_and_never_kept_as_the_form(phone: Phone) -> None:
    phone.line.portal = (200, PORTAL)
    page = phone.open()
    assert page.locator("h1").inner_text() == "Log in to the network"
    phone.line.portal = None
    phone.line.state = "down"
    assert phone.open().locator("[name=plate]").is_visible()


def test_a_receipt_or_what_was_typed_is_never_kept_as_the_form(phone: Phone, stack: Stack) -> None:
    fill_driver(phone.page)
    fill(phone.page, "travellers.0.name", "王")
    phone.send()
    phone.page.locator("#mend").wait_for()
    fill(phone.page, "travellers.0.name", "王小明")
    phone.send()
    assert REGISTERED in phone.state
    phone.page.wait_for_timeout(200)
    phone.line.state = "down"
    page = phone.open()
    assert page.locator("[name='travellers.0.name']").input_value() == ""
    kept = page.evaluate(
        """async () => {
            const texts = [];
            for (const key of await caches.keys()) {
                const cache = await caches.open(key);
                for (const request of await cache.keys()) texts.push(await (await cache.match(request)).text());
            }
            return texts.join();
        }"""
    )
    assert "王小明" not in kept
    assert "13800138000" not in kept
    assert "KR1-" not in kept


def test_a_form_that_is_refused_is_not_opened_from_what_was_kept(phone: Phone, stack: Stack) -> None:
    stack.poster(2, "revoked")
    phone.address = phone.address[: phone.address.index("/C/")] + stack.poster(2, "revoked")
    assert "换新" in phone.open().locator("h1").inner_text()


def test_a_line_that_says_nothing_does_not_hold_up_the_form(phone: Phone) -> None:
    phone.line.state = "silent"
    try:
        assert phone.open().locator("[name=plate]").is_visible()
    finally:
        phone.line.state = "up"
