"""The paper sheet asks what the form asks, offers what the form offers, and everything on it is within the sheet."""

from __future__ import annotations

import re

import pypdfium2
import pytest

from chalicelib.checkpoint.poster.page import HEIGHT, WIDTH, Fill, Line
from chalicelib.checkpoint.poster.type import face
from chalicelib.passage.decoding import PASSAGE, TRAVELLER
from chalicelib.settings import first_settings
from chalicelib.web import paper, words
from chalicelib.web.language import CHINESE, messages

SETTINGS = first_settings("test", "https://kakou.example", "2020-02-10T00:00:00.000Z")


def words_on(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        assert len(document) == 1
        return re.sub(r"\s+", "", document[0].get_textpage().get_text_range())


def test_every_question_and_every_answer_of_the_form_is_on_it() -> None:
    assert {*PASSAGE, *TRAVELLER} - {"submission", "lang", "action", "replaces", "waited"} == set(paper.NUMBERS)
    text = words_on(paper.draw(SETTINGS.collector, SETTINGS.retention_days))
    zh = messages(CHINESE).gettext
    for field in paper.NUMBERS:
        label = words.FIELDS[field]
        times = 1 if field in ("vehicle", "plate") else paper.TRAVELLERS - (field == "same_as_first")
        assert text.count(re.sub(r"\s", "", label)) >= times, field
        assert text.count(re.sub(r"\s", "", zh(label))) >= times, field
    for answers in (words.VEHICLES, words.DOCUMENTS, words.PURPOSES, words.SYMPTOMS, words.YES_NO):
        for label in answers.values():
            assert re.sub(r"\s", "", label) in text
            assert re.sub(r"\s", "", zh(label)) in text


def test_questions_are_numbered_in_the_order_of_the_form() -> None:
    assert list(paper.NUMBERS.values()) == list(range(1, len(paper.NUMBERS) + 1))
    assert list(paper.NUMBERS)[:3] == ["vehicle", "plate", "name"]


@pytest.mark.parametrize("checkpoint", [None, *SETTINGS.checkpoints], ids=lambda each: each and each.id)
def test_nothing_leaves_the_sheet_or_its_neighbour_no_room(checkpoint: object) -> None:
    page = paper.lay_out(SETTINGS.collector, SETTINGS.retention_days, checkpoint)  # type: ignore[arg-type]
    lines: list[tuple[float, float, float, float, str]] = []
    for item in page.all():
        if isinstance(item, Line):
            wide = face(bold=item.bold).width(item.text) * item.size
            lines.append((item.x, item.y - 0.8 * item.size, item.x + wide, item.y + 0.1 * item.size, item.text))
        elif isinstance(item, Fill):
            for path in item.paths:
                assert all(
                    0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in (path.start, *(s[-1] for s in path.segments))
                )
    assert len(lines) > 150
    for at, (left, top, right, bottom, text) in enumerate(lines):
        assert 0 < left < right < WIDTH
        assert 0 < top < bottom < HEIGHT
        for other in lines[:at]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, f"{text!r} lies over {other[4]!r}"


def test_who_collects_and_how_long_stands_on_it_and_the_same_sheet_is_the_same_bytes() -> None:
    content = paper.draw(SETTINGS.collector, 30, SETTINGS.checkpoints[0])
    text = words_on(content)
    for part in (SETTINGS.collector.name.zh, "保存30天", "Keptfor30days", "101", SETTINGS.checkpoints[0].name_zh):
        assert part in text
    assert paper.draw(SETTINGS.collector, 30, SETTINGS.checkpoints[0]) == content
