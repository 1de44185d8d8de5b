"""The pages as values: words for every code and rule, in every language, and nothing typed gets out of its place."""

from __future__ import annotations

import gzip
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.passage import codes, form
from chalicelib.passage.abroad import is_abroad
from chalicelib.passage.decoding import TRAVELLER, Fields
from chalicelib.passage.form import Problem
from chalicelib.web import catalogues, pages, plain, words
from chalicelib.web.language import (
    CHINESE,
    ENGLISH,
    JAPANESE,
    KOREAN,
    LANGUAGES,
    RUSSIAN,
    Language,
    asked,
    messages,
    named,
)

ID = "0" * 32


def scene(language: Language = CHINESE) -> pages.Scene:
    return pages.Scene(language, "101", "海城出口", "指挥部", "0412-1", 30, "210381", ("420000",))


class Controls(HTMLParser):
    """The form as a browser would send it, without a button, and the attributes of each control."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._select = ""
        self._idle = False
        """Inside a `template`, of which nothing is sent or shown."""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if self._idle or tag == "template":
            self._idle = True
            return
        self.tags.append((tag, found))
        name, kind = found.get("name") or "", found.get("type")
        if tag == "select":
            self._select = name
        elif tag == "option" and "selected" in found:
            self.sent.setdefault(self._select, []).append(found["value"] or "")
        elif tag == "input" and (kind not in ("radio", "checkbox") or "checked" in found):
            self.sent.setdefault(name, []).append(found.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        self._idle = self._idle and tag != "template"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_code_and_rule_has_its_words(language: Language) -> None:
    say = messages(language).gettext
    for names, labels in (
        (codes.VEHICLES, words.VEHICLES),
        (codes.DOCUMENTS, words.DOCUMENTS),
        (codes.PURPOSES, words.PURPOSES),
        (codes.SYMPTOMS, words.SYMPTOMS),
        (codes.YES_NO, words.YES_NO),
        (form.RULES, words.RULES),
    ):
        assert tuple(labels) == names
        assert all(say(label) for label in labels.values())
        assert len({say(label) for label in labels.values()}) == len(labels)
    assert set(words.FIELDS) == {"submission", "replaces", "vehicle", "plate", "travellers", *TRAVELLER}


TRANSLATED = [language for language in LANGUAGES if language.catalogue]


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.code)
def test_a_catalogue_has_every_message_and_no_other(language: Language) -> None:
    used = {message if isinstance(message, str) else message[0] for message in catalogues.used()}
    catalogue = messages(language)._catalog  # type: ignore[attr-defined]
    kept: dict[str, set[str]] = {}
    for key, said in catalogue.items():
        if key:
            kept.setdefault(key if isinstance(key, str) else key[0], set()).add(said)
    missing, unused = used - kept.keys(), kept.keys() - used
    assert not missing, f"messages that {language.catalogue}'s catalogue lacks"
    assert not unused, f"messages of {language.catalogue}'s catalogue that no page uses"
    own = {"zh": "[\u4e00-\u9fff]", "ko": "[\uac00-\ud7a3]", "ja": "[\u3040-\u30ff\u4e00-\u9fff]", "ru": "[а-яё]"}
    for message, said in kept.items():
        if re.search("[a-z]{2}", re.sub(r"%\(.*?\)\d*[sd]", "", message)):
            assert all(re.search(own[language.code], text) for text in said), f"{message!r} is not translated"
        for text in said:
            holes = re.compile(r"%\((\w+)\)")
            assert set(holes.findall(text)) == set(holes.findall(message)), message


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_what_a_message_quotes_is_called_the_same_on_the_page(language: Language) -> None:
    say = messages(language).gettext
    used = {message for message in catalogues.used() if isinstance(message, str)}
    quoting = {(message, name) for message in used for name in re.findall("“(.*?)”", message)}
    quoting |= {(message, "Register") for message in used if re.search("[Pp]ress Register", message)}
    assert len(quoting) >= 4
    for message, name in quoting:
        assert name in used
        assert say(name).rstrip("!") in say(message)


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        (CHINESE, {1: "保存 1 天。", 2: "保存 2 天。"}),
        (ENGLISH, {1: "Kept for 1 day.", 30: "Kept for 30 days."}),
        (KOREAN, {1: "1일 동안 보관합니다.", 30: "30일 동안 보관합니다."}),
        (JAPANESE, {1: "1日間保管します。", 30: "30日間保管します。"}),
        (RUSSIAN, {1: "1 день", 2: "2 дня", 5: "5 дней", 11: "11 дней", 21: "21 день", 24: "24 дня", 30: "30 дней"}),
    ],
)
def test_numbers_are_said_as_the_language_does(language: Language, forms: dict[int, str]) -> None:
    for number, said in forms.items():
        told = messages(language).ngettext("Kept for %(num)d day.", "Kept for %(num)d days.", number)
        assert said in told % {"num": number}


def test_nothing_is_preset() -> None:
    sent = Controls(pages.form_page(scene(), submission=ID)).sent
    assert {name: values for name, values in sent.items() if any(values)} == {"submission": [ID], "lang": ["zh"]}


def test_who_collects_what_for_and_how_long_stands_before_the_first_field() -> None:
    for language, days in ((CHINESE, "保存 30 天"), (ENGLISH, "Kept for 30 days")):
        page = pages.form_page(scene(language), submission=ID).decode()
        before = page[: page.index('type="radio"')]
        assert "指挥部" in before
        assert days in before
        assert "0412-1" in before


typed = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@settings(deadline=None)  # the first page of a language is compiled
@given(typed, typed, st.sampled_from(LANGUAGES))
def test_whatever_was_typed_comes_back_as_it_was(name: str, plate: str, language: Language) -> None:
    fields: Fields = {
        "plate": plate,
        "vehicle": "coach",
        "travellers.0.name": name,
        "travellers.1.symptoms": ("fever", "cough"),
        "travellers.1.same_as_first": "yes",
        "travellers.1.township": codes.ELSEWHERE,
    }
    problems = tuple(Problem(f"travellers.{n}.{part}", "required") for n in (0, 1) for part in TRAVELLER)
    sent = Controls(pages.form_page(scene(language), submission=ID, fields=fields, problems=problems)).sent
    assert sent["plate"] == [plate]
    assert sent["travellers.0.name"] == [name]
    assert sent["vehicle"] == ["coach"]
    assert sorted(sent["travellers.1.symptoms"]) == ["cough", "fever"]
    assert sent["travellers.1.same_as_first"] == ["yes"]
    assert sent["travellers.1.township"] == [codes.ELSEWHERE]


def test_an_answer_that_is_no_code_ticks_nothing() -> None:
    fields: Fields = {"vehicle": "car truck", "travellers.0.symptoms": ("none of these",), "travellers.0.document": ""}
    sent = Controls(pages.form_page(scene(), submission=ID, fields=fields)).sent
    assert not sent.keys() & {"vehicle", "travellers.0.symptoms", "travellers.0.document"}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize("rule", form.RULES)
def test_a_problem_is_said_above_and_beside_its_field(rule: str, language: Language) -> None:
    field = "travellers.1.origin"
    problem = Problem(field, rule, ("210102", "120101") if rule == "origin_choose" else ())
    fields: Fields = {"travellers.0.name": "x", field: "和平区"}
    page = pages.form_page(scene(language), submission=ID, fields=fields, problems=(problem,)).decode()
    sentence = html.escape(messages(language).gettext(words.sentence(field, rule)), quote=False)
    assert page.count(sentence) == 2
    assert f'<a href="#{field}">' in page
    assert f'id="{field}-wrong"' in page
    assert 'aria-invalid="true"' in page


def test_every_problem_leads_to_its_field_or_nowhere() -> None:
    fields = [
        "submission",
        "replaces",
        "vehicle",
        "plate",
        "travellers",
        *(f"travellers.1.{part}" for part in TRAVELLER),
    ]
    page = pages.form_page(
        scene(),
        submission=ID,
        fields={"travellers.0.name": "x", "travellers.1.name": "y"},
        problems=tuple(Problem(field, "required") for field in fields),
    )
    tags = Controls(page).tags
    led = {found["href"][1:] for tag, found in tags if tag == "a" and (found.get("href") or "").startswith("#")}  # type: ignore[index]
    assert len(led) == len(fields) - 2
    assert led <= {found.get("id") for _, found in tags}


@pytest.mark.parametrize("helper", [False, True])
def test_nobody_is_called_yourself_whom_another_fills_in_for(helper: bool) -> None:
    page = pages.form_page(msgspec.structs.replace(scene(ENGLISH), helper=helper), submission=ID).decode()
    assert ("<small>yourself" in page) is not helper


def test_a_place_that_is_not_clear_becomes_a_choice() -> None:
    problem = Problem("travellers.0.origin", "origin_choose", ("210102", "120101"))
    fields: Fields = {"travellers.0.origin": "和平区"}
    for language, name in ((CHINESE, "辽宁省沈阳市和平区"), (ENGLISH, "Heping, Shenyang, Liaoning")):
        page = pages.form_page(scene(language), submission=ID, fields=fields, problems=(problem,))
        chosen = [tag for tag, found in Controls(page).tags if found.get("name") == "travellers.0.origin"]
        assert chosen == ["select"]
        assert name in page.decode()


def test_every_control_has_one_label_and_ids_are_unique() -> None:
    fields: Fields = {f"travellers.{n}.name": "x" for n in range(9)}
    page = pages.form_page(scene(), submission=ID, fields=fields)
    tags = Controls(page).tags
    ids = [found["id"] for _, found in tags if "id" in found]
    assert len(ids) == len(set(ids))
    labelled = {found["for"] for tag, found in tags if tag == "label" and "for" in found}
    for tag, found in tags:
        if tag == "select" or (tag == "input" and found.get("type") in ("text", "tel")):
            assert found["id"] in labelled
        for target in (found.get("aria-describedby") or "").split():
            assert target in ids


def test_nine_travellers_are_the_most() -> None:
    def buttons(party: int) -> set[str | None]:
        fields: Fields = {f"travellers.{n}.name": "" for n in range(party)}
        tags = Controls(pages.form_page(scene(), submission=ID, fields=fields)).tags
        return {found.get("value") for tag, found in tags if tag == "button"}

    assert "add" in buttons(8)
    assert "add" not in buttons(9)
    assert "remove-8" in buttons(9)
    assert "remove-0" not in buttons(9)


def test_the_first_view_is_small() -> None:
    for language in LANGUAGES:
        # 14,600 bytes are for this, its headers, and the script to come.
        assert len(gzip.compress(pages.form_page(scene(language), submission=ID), 6)) < 7_000


def test_no_page_asks_anything_of_anyone_else() -> None:
    shown = [pages.form_page(scene(), submission=ID)]
    shown += [plain.plain_page(language, kind) for language in LANGUAGES for kind in plain.PLAIN]
    for page in shown:
        scripts = re.findall(rb"<script[^>]*>", page)
        assert all(
            re.fullmatch(rb'<script src="\.\./static/form-[a-z]+\.[0-9a-f]{12}\.js" defer>', each) for each in scripts
        )
        assert bool(scripts) is (b'name="submission"' in page)
        assert not re.search(rb"""(?:src|href|action|url\()=?["']?(?:https?:|/)""", page)
        assert not re.search(rb' style="| on[a-z]+="', page)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, CHINESE),
        ("", CHINESE),
        ("*", CHINESE),
        ("zh-CN,zh;q=0.9,en;q=0.8", CHINESE),
        ("en-GB,en;q=0.9,zh;q=0.8", ENGLISH),
        ("en;q=0.1, zh-Hant-TW;q=0.9", CHINESE),
        ("EN", ENGLISH),
        ("zh-TW", CHINESE),
        ("zh-Hant-HK;q=1.0", CHINESE),
        ("yue-Hant-HK,en;q=0.5", CHINESE),
        ("ko-KR,ko;q=0.9", KOREAN),
        ("ja-JP", JAPANESE),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", RUSSIAN),
        ("uk-UA,uk;q=0.9,ru;q=0.1", RUSSIAN),
        ("fr-FR,fr;q=0.9", ENGLISH),
        ("fr-FR,fr;q=0.9,ja;q=0.1", JAPANESE),
        ("en;q=0", CHINESE),
        ("en;q=x,,;", CHINESE),
        ("\x00" * 10_000, CHINESE),
    ],
)
def test_the_phone_says_the_language(header: str | None, language: Language) -> None:
    assert asked(header) == language


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh", CHINESE), ("zh-TW", CHINESE), ("zh_Hans_CN", CHINESE), ("JA-JP", JAPANESE), ("ru", RUSSIAN), ("fr", None),
     ("", None), (None, None), (("zh",), None)],
)  # fmt: skip
def test_a_tag_is_folded_to_a_language(tag: object, language: Language | None) -> None:
    assert named(tag) == language


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_page_leads_to_every_other_language(language: Language) -> None:
    others = {other.code for other in LANGUAGES if other != language}
    tags = Controls(pages.form_page(scene(language), submission=ID)).tags
    assert {f"lang-{code}" for code in others} <= {found.get("value") for tag, found in tags if tag == "button"}
    tags = Controls(plain.plain_page(language, "home")).tags
    assert {f"?lang={code}" for code in others} <= {found.get("href") for tag, found in tags if tag == "a"}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_the_word_for_abroad_that_the_page_names_is_taken(language: Language) -> None:
    page = pages.form_page(scene(language), submission=ID).decode()
    hint = re.search('id="travellers.0.origin-hint">(.*?)</p>', page, re.S)
    assert hint
    sentence = messages(language).gettext(words.RULES["origin_unknown"])
    for text in (hint[1], sentence):
        named = re.findall("境外|[“「«][^”」»]+[”」»]|abroad", text)
        assert named
        assert all(map(is_abroad, named)), text


def test_the_same_words_are_the_same_catalogue_whenever_it_is_built(tmp_path: Path) -> None:
    """Else the stacks would be packaged anew each minute, under the eyes of whoever reads the package."""
    there = tmp_path / "zh_Hans" / "LC_MESSAGES"
    there.mkdir(parents=True)
    (there / "kakou.po").write_text(
        'msgid ""\nmsgstr ""\n"PO-Revision-Date: 2020-02-10 07:15+0000\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Plate"\nmsgstr "车牌"\n',
        encoding="utf-8",
    )
    (built,) = catalogues.compile_all(tmp_path)
    assert b"POT-Creation-Date: 2020-02-10 07:15" in built.read_bytes()
