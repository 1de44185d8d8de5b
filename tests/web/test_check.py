"""One set of rules: the browser checks as the server does, and says it where the server would."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import divisions
from chalicelib.passage import codes, values
from chalicelib.passage.decoding import Fields, decode
from chalicelib.passage.form import Unacceptable, parse
from tests.corpus import value_cases
from tests.parties import CITY, TODAY, changed, one, resident_id
from tests.web.conftest import Stack
from tests.web.phone import Phone, fill, fill_driver, phone_at, picture, press, tick, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OURS_ALONE = {"origin_unknown", "origin_choose"}
"""Rules that only the server judges: it knows the divisions."""

TOWNSHIPS = [*(place.code for place in divisions.townships(CITY)), codes.ELSEWHERE]
T0 = "travellers.0."


@pytest.fixture
def phone(browser: Browser, stack: Stack) -> Iterator[Phone]:
    """With the later script there."""
    with phone_at(browser, stack) as opened:
        until(opened.page, "!!(self.kakou && kakou.mend)")
        yield opened


def of_the_server(fields: Fields) -> list[list[str]]:
    try:
        parse(fields, checkpoint="101", city=CITY, today=TODAY)
    except Unacceptable as error:
        return [[each.field, each.rule] for each in error.problems if each.rule not in OURS_ALONE]
    return []


def of_the_browser(phone: Phone, many: list[Fields]) -> list[list[list[str]]]:
    found: Any = phone.page.evaluate(
        "([many, townships, today]) => JSON.stringify(many.map(fields => kakou.check(fields, townships, today)))",
        [many, TOWNSHIPS, TODAY.isoformat()],
    )
    return json.loads(found)  # type: ignore[no-any-return]


def test_the_corpus_has_the_same_verdicts_in_the_browser_and_on_the_server(phone: Phone) -> None:
    many = [decode(case.body, case.content_type) for case in value_cases()]
    assert len(many) >= 300
    verdicts = [of_the_server(fields) for fields in many]
    assert sum(map(bool, verdicts)) >= 160
    assert len({rule for verdict in verdicts for _, rule in verdict}) >= 25
    for fields, ours, told in zip(many, verdicts, of_the_browser(phone, many), strict=True):
        assert told == ours, fields


def alphabets() -> dict[str, str]:
    """Characters that each kind of answer is made of, rightly and wrongly."""
    digits = "0123456789" * 6 + "０１２３４５６７８９" * 2 + "٣²①"
    spaces = " \t\n\r\u3000\u00a0\u2009\u200b\u2028\u2029\x00\x0b"
    return {
        "plate": "".join(values.PROVINCES[:6]) + "ABCDHJKOIZabc" * 2 + digits + "学警港挂·•・-. " + spaces + "東",
        "name": "王小明阿卜杜拉〇𠮷𰻝 ·•・‧⋅･-'’." * 3
        + "AbcéñøßЖюя한글かなकि्षักิ์་ཀྵ"
        + "\u0301\u0302\u0323" * 2
        + spaces
        + "1２<=😀️\ue000\u202e\ufb01㍿",
        "phone": digits + "+-() " * 4 + "086" * 10 + spaces + "x/;",
        "temperature": "3678 .,。℃°C" * 3 + digits + spaces,
        "address": "中心街号村委会1234567890 abc-,.#/·，。（）" * 2 + spaces + "\x07\u202e😀€+=<\ue000\u0301",
        "number": digits + "XxABHMTLCWEF -" * 2 + spaces,
    }


def test_thousands_of_made_up_answers_have_the_same_verdicts(phone: Phone) -> None:
    chance = random.Random(20200210)
    made = alphabets()
    seeds = {
        "plate": ["辽CA1234", "辽CD12345", "粤Z1234港"],
        "name": ["王小明", "买买提·阿卜杜拉", "Anna-Maria O'Neill"],
        "phone": ["13800138000", "+8641232200000", "0412-3220000", "+82 10 1234 5678"],
        "temperature": ["36.5", "36,5℃", "98.6", "365"],
        "address": ["中心街1号", "No. 5, Main Street"],
        "number": [resident_id(f"2103811{year}0229001") for year in ("996", "997", "000")] + ["E12345678", "H12345678"],
    }
    many: list[Fields] = []
    for part, letters in made.items():
        for _ in range(500):
            text = list(chance.choice(seeds[part]))
            for _ in range(chance.randrange(4)):
                at = chance.randrange(len(text) + 1)
                text[at : at + chance.randrange(2)] = chance.choices(letters, k=chance.choice((0, 1, 1, 1, 2, 30)))
            written = "".join(text)
            if "\ud800" <= max(written, default="") <= "\udfff":
                continue
            known = part != "name" or all(
                unicodedata.category(each) != "Cn" for each in unicodedata.normalize("NFKC", written)
            )
            if known:
                field = part if part == "plate" else T0 + part
                document = chance.choice(codes.DOCUMENTS[:-1]) if part == "number" else "resident_id"
                many.append(changed(one(), {T0 + "document": document, field: written}))
    verdicts = [of_the_server(fields) for fields in many]
    assert 500 < sum(map(bool, verdicts)) < len(many) - 500
    for fields, ours, told in zip(many, verdicts, of_the_browser(phone, many), strict=True):
        assert told == ours, fields


def test_problems_are_said_without_asking_the_server_as_the_server_would(phone: Phone, stack: Stack) -> None:
    fill(phone.page, "travellers.0.name", "王")
    tick(phone.page, "vehicle", "car")
    fill(phone.page, "plate", "辽CO1234")
    tick(phone.page, "travellers.0.document", "resident_id")
    fill(phone.page, "travellers.0.number", "210381198001010018")
    phone.send()
    phone.page.locator("#mend").wait_for()
    assert phone.line.posts == []
    assert "还没有登记" in phone.state
    assert phone.page.evaluate("document.activeElement.id") == "mend"
    picture(phone.page, "script-check")
    shown = phone.page.locator("[role=alert] li").all_inner_texts()
    states = "() => Array.from(document.querySelectorAll('[aria-invalid]'), e => e.getAttribute('aria-describedby'))"
    ours = phone.page.evaluate(states)
    phone.page.evaluate("kakou.mend = null")
    phone.send()
    phone.page.locator("#mend", has_text="处").wait_for()
    assert [text.split() for text in phone.page.locator("[role=alert] li").all_inner_texts()] == [
        text.split() for text in shown
    ]
    assert phone.page.evaluate(states) == ours


def test_a_wrong_answer_is_told_when_it_is_left_and_forgotten_when_it_is_mended(phone: Phone) -> None:
    fill(phone.page, "travellers.0.phone", "138001380")
    phone.page.locator("[name='travellers.0.name']").focus()
    phone.page.locator("[id='travellers.0.phone-wrong']").wait_for()
    fill(phone.page, "travellers.0.phone", "13800138000")
    phone.page.locator("[name='travellers.0.name']").focus()
    phone.page.locator("[id='travellers.0.phone-wrong']").wait_for(state="detached")
    assert phone.page.locator("[aria-invalid]").count() == 0
    assert phone.page.locator(".wrong").count() == 0, "nothing is said of what was not reached yet"


def test_a_phone_whose_clock_is_behind_takes_a_newborn(phone: Phone, stack: Stack) -> None:
    phone.page.clock.install(time="2021-01-01T00:00:00Z")
    phone.open()
    until(phone.page, "!!(self.kakou && kakou.mend)")
    fill_driver(phone.page)
    fill(phone.page, "travellers.0.number", resident_id("21038120261123001"))
    phone.send()
    phone.page.locator(".done").wait_for()
    assert stack.stored == 1


def test_a_resident_id_shows_birth_date_and_sex_for_checking(phone: Phone) -> None:
    tick(phone.page, "travellers.0.document", "resident_id")
    fill(phone.page, "travellers.0.number", resident_id("21038119800101001"))
    phone.page.locator("[name='travellers.0.phone']").focus()
    assert phone.page.locator(".whose").inner_text() == "1980年1月1日 · 男"
    press(phone.page, "add")
    assert phone.page.locator(".whose").count() == 1
    tick(phone.page, "travellers.0.document", "passport")
    phone.page.locator(".whose").wait_for(state="detached")


def test_a_province_is_tapped(phone: Phone) -> None:
    phone.page.locator("[name=plate]").tap()
    picture(phone.page, "script-pad")
    phone.page.locator(".pad button", has_text="辽").tap()
    phone.page.keyboard.type("ca1234")
    assert phone.page.locator("[name=plate]").input_value() == "辽ca1234"
    assert phone.page.locator(".pad").is_hidden()
