"""What travellers type must lead to the county they mean; the codes must be those of GB/T 2260."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import divisions
from chalicelib.divisions import Division

ORIGINS = divisions.origins()


def test_a_division_knows_its_names_and_what_it_lies_in() -> None:
    assert divisions.division("210381") == Division("210381", "海城市", "Haicheng", "210300")
    assert divisions.path("210381") == "辽宁省鞍山市海城市"
    assert divisions.pinyin_path("210381") == "Haicheng, Anshan, Liaoning"
    assert [place.code for place in divisions.lineage("210381104")] == ["210000", "210300", "210381", "210381104"]


@pytest.mark.parametrize(
    ("code", "parent"), [("110101", "110000"), ("419001", "410000"), ("659001", "650000"), ("500101", "500000")]
)
def test_counties_that_no_city_governs_lie_in_their_province(code: str, parent: str) -> None:
    place = divisions.division(code)
    assert place is not None
    assert place.parent == parent


@pytest.mark.parametrize("code", ["", "000000", "210399", "21038", "2103810", "210381999", "abc", "２１０３８１"])
def test_an_unknown_code_is_no_division(code: str) -> None:
    assert divisions.division(code) is None
    assert divisions.path(code) == ""
    assert divisions.counties_of(code) == ()


def test_origins_are_all_and_only_the_divisions_without_counties_below() -> None:
    codes = {place.code for place in ORIGINS}
    assert len(codes) == len(ORIGINS) == 2854
    assert {"441900", "442000", "460400", "620200", "710000", "810000", "820000", "419001"} <= codes
    assert not codes & {"210000", "210300", "110000", "460300"}
    assert all(place.parent or place.code[2:] == "0000" for place in ORIGINS)


def test_the_citys_townships_are_kept() -> None:
    kept = divisions.townships("210381")
    assert len(kept) == 26
    assert Division("210381104", "析木镇", "Ximu", "210381") in kept
    assert divisions.townships("210302") == ()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("210381", "210381"),
        ("２１０３８１", "210381"),
        ("海城市", "210381"),
        (" 辽宁 海城 ", "210381"),
        ("辽宁省鞍山市海城市", "210381"),
        ("辽宁省鞍山市海城市西柳镇", "210381"),
        ("沈阳和平区", "210102"),
        ("沈阳市和平", "210102"),
        ("北京市朝阳区三里屯", "110105"),
        ("北京市市辖区东城区", "110101"),
        ("岫岩", "210323"),
        ("东莞", "441900"),
        ("东莞市长安镇", "441900"),
        ("河南济源", "419001"),
        ("台湾", "710000"),
        ("香港", "810000"),
        ("Macau", "820000"),
        ("aomen", "820000"),
        ("liaoning haicheng", "210381"),
        ("Haicheng, Anshan, Liaoning", "210381"),
        ("LIAO NING HAI CHENG SHI", "210381"),
        ("Shenyang Heping District", "210102"),
        ("laoting", "130225"),
    ],
)
def test_a_clear_text_has_one_meaning(typed: str, meant: str) -> None:
    assert [place.code for place in divisions.find(typed)] == [meant]


@pytest.mark.parametrize(
    ("typed", "among", "how_many"),
    [
        ("沈阳", "210102", 13),
        ("沈阳市", "210102", 13),
        ("210100", "210102", 13),
        ("海城", "210381", 2),
        ("haicheng", "450502", 2),
        ("xi'an", "610112", 15),
        ("吕梁", "141102", 13),
        ("lvliang", "141102", 13),
        ("鼓楼区", "350102", 4),
        ("辽宁", "210381", 100),
    ],
)
def test_a_text_with_several_meanings_offers_them(typed: str, among: str, how_many: int) -> None:
    found = [place.code for place in divisions.find(typed)]
    assert among in found
    assert len(found) == how_many
    assert found == sorted(set(found))


@pytest.mark.parametrize(
    "typed", ["", " ", "x", "海", "火星", "paris", "99", "000000", "210399", "海城市" * 100, "a" * 5000, "\x00", "²"]
)
def test_a_text_without_meaning_finds_nothing(typed: str) -> None:
    assert divisions.find(typed) == ()


@pytest.mark.parametrize("place", ORIGINS[::7])
def test_every_origin_is_found_by_what_it_is_called(place: Division) -> None:
    assert divisions.find(place.code) == (place,)
    assert divisions.find(divisions.path(place.code)) == (place,)
    assert place in divisions.find(place.name)
    assert place in divisions.find(place.pinyin)
    assert place in divisions.find(divisions.core(place.name))


def test_every_origin_has_a_path_in_either_script_that_means_it_alone() -> None:
    """What the form's list of places writes into the field."""
    for place in ORIGINS:
        assert divisions.find(divisions.path(place.code)) == (place,)
        assert divisions.find(divisions.pinyin_path(place.code)) == (place,), divisions.pinyin_path(place.code)


READ = """
name read, 重庆市 chong qing, 长春市 chang chun, 厦门市 xia men, 六安市 lu an, 六合区 lu he,
亳州市 bo zhou, 台州市 tai zhou, 丽水市 li shui, 乐清市 yue qing, 乐山市 le shan, 乐陵市 lao ling,
长子县 zhang zi, 蔚县 yu xian, 莘县 shen xian, 番禺区 pan yu, 蚌埠市 beng bu, 铅山县 yan shan,
东阿县 dong e, 尉氏县 wei shi, 筠连县 jun lian, 涡阳县 guo yang, 宿州市 su zhou, 牟平区 mu ping,
歙县 she xian, 句容市 ju rong, 东莞市 dong guan, 泊头市 bo tou, 荥阳市 xing yang, 荥经县 ying jing,
洪洞县 hong tong, 什邡市 shi fang, 会理市 hui li, 万柏林区 wan bai lin, 吕梁市 lü liang
"""


@pytest.mark.parametrize(("name", "read"), re.findall("([^a-zü\\s,]+) ([a-zü ]+)", READ))
def test_a_place_is_read_as_it_is_called(name: str, read: str) -> None:
    assert [divisions.syllables(place.code) for place in divisions.every() if place.name == name] == [read]


def test_every_division_has_a_syllable_for_each_character() -> None:
    for place in divisions.every():
        assert len(divisions.syllables(place.code).split()) == len(divisions.core(place.name)), place


@given(st.text())
def test_whatever_is_typed_only_origins_are_found(typed: str) -> None:
    assert set(divisions.find(typed)) <= set(ORIGINS)


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("海城市", "海城"), ("岫岩满族自治县", "岫岩"), ("双江拉祜族佤族布朗族傣族自治县", "双江"), ("赵县", "赵县"),
        ("内蒙古自治区", "内蒙古"), ("新疆维吾尔自治区", "新疆"), ("鄂伦春自治旗", "鄂伦春"), ("东乡族自治县", "东乡"),
        ("管城回族区", "管城"), ("回民区", "回民"), ("科尔沁左翼中旗", "科尔沁左翼中旗"), ("碑林区", "碑林"),
        ("大兴安岭地区", "大兴安岭"), ("矿区", "矿区"), ("前郭尔罗斯蒙古族自治县", "前郭尔罗斯"),
    ],
)  # fmt: skip
def test_the_core_of_a_name(name: str, core: str) -> None:
    assert divisions.core(name) == core
