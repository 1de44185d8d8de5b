"""The desk's pages as values: words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.web import catalogues
from chalicelib.web.desk import rendering
from chalicelib.web.language import CATALOGUES, CHINESE, DESK, messages


def test_the_desk_speaks_chinese_and_english_whole_and_no_other_language() -> None:
    """Who works at the desk reads Chinese; English is for advisers. No catalogue half done beside them."""
    used = catalogues.used(CATALOGUES.parent / "desk")
    catalogue = messages(CHINESE, DESK)._catalog  # type: ignore[attr-defined]
    kept = {key: said for key, said in catalogue.items() if key}
    plain = {key if isinstance(key, str) else key[0] for key in kept}
    wanted = {each if isinstance(each, str) else each[0] for each in used}
    assert not wanted - plain, "messages that the catalogue lacks"
    assert not plain - wanted, "messages that no page uses"
    holes = re.compile(r"%\((\w+)\)")
    for key, said in kept.items():
        message = key if isinstance(key, str) else key[0]
        assert set(holes.findall(said)) == set(holes.findall(message)), message
        if re.search("[a-z]{2}", re.sub(r"%\(.*?\)\d*[sd]", "", message)):
            assert re.search("[\u4e00-\u9fff]", said), f"{message!r} is not translated"
    assert [each.parents[1].name for each in Path(CATALOGUES).glob("*/LC_MESSAGES/desk.po")] == ["zh_Hans"]


def test_style_and_script_are_named_by_what_they_hold() -> None:
    for kind in ("css", "js"):
        name = rendering.file_name(kind)
        found = rendering.static(name)
        assert found
        assert found[0] == rendering.content(kind)
    for other in ("desk.css", "desk.0000000000000000.css", "../templates/base.html", rendering.file_name("css") + "x"):
        assert rendering.static(other) is None
