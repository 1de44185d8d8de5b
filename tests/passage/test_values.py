"""Values: the one lawful spelling, or the broken rule. The table over HTTP (tests/corpus.py) holds the hard cases."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.passage import values
from chalicelib.passage.values import Wrong
from tests.parties import TODAY, resident_id

BIRTHS = st.dates(TODAY - timedelta(days=129 * 365), TODAY)
REGIONS = st.from_regex("[1-9][0-9]{5}", fullmatch=True)
SEQUENCES = st.from_regex("[0-9]{3}", fullmatch=True)


@given(REGIONS, BIRTHS, SEQUENCES)
def test_every_lawful_resident_id_is_taken(region: str, born: date, sequence: str) -> None:
    number = resident_id(region + born.strftime("%Y%m%d") + sequence)
    assert values.resident_id(number, TODAY) == number
    assert values.resident_id(" " + number.lower() + "\n", TODAY) == number
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    assert values.resident_id(wide, TODAY) == number


@given(REGIONS, BIRTHS, SEQUENCES, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_in_a_resident_id_is_noticed(
    region: str, born: date, sequence: str, at: int, character: str
) -> None:
    number = resident_id(region + born.strftime("%Y%m%d") + sequence)
    altered = number[:at] + character + number[at + 1 :]
    if altered != number:
        with pytest.raises(Wrong):
            values.resident_id(altered, TODAY)


def test_the_standards_own_example_of_a_check_character() -> None:
    # GB 11643-1999, annex: 11010519491231002X and 440524188001010014.
    assert values.check_character("11010519491231002") == "X"
    assert values.check_character("44052418800101001") == "4"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("13800138000", "+8613800138000"),
        ("166 0000 0000", "+8616600000000"),
        ("199-0000-0000", "+8619900000000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("0412-3220000", "+864123220000"),
        ("(010) 62345678", "+861062345678"),
        ("+86 412 3220000", "+864123220000"),
        ("+82 10-1234-5678", "+821012345678"),
        ("0074951234567", "+74951234567"),
    ],
)
def test_phones_become_e164(typed: str, stored: str) -> None:
    assert values.phone(typed) == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("辽CA1234", "辽CA1234"),
        ("辽c·a1234", "辽CA1234"),
        (" 辽 C A1234 ", "辽CA1234"),
        ("辽Ｃ．Ａ１２３４", "辽CA1234"),
        ("辽CD12345", "辽CD12345"),
        ("京AF12345", "京AF12345"),
        ("粤B12345D", "粤B12345D"),
        ("辽C1234学", "辽C1234学"),
        ("辽C1234警", "辽C1234警"),
        ("粤Z1234港", "粤Z1234港"),
        ("粤Z1234澳", "粤Z1234澳"),
        ("辽C1234挂", "辽C1234挂"),
    ],
)
def test_plates_have_one_spelling(typed: str, stored: str) -> None:
    assert values.plate(typed) == stored


@given(st.text(max_size=60))
def test_a_name_that_is_taken_is_its_own_normal_form(text: str) -> None:
    try:
        name = values.name(text)
    except Wrong:
        return
    assert values.name(name) == name
    assert 2 <= len(name) <= 50
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "So") for c in name)
    assert name[0] not in "=+-@\t\r"


@given(st.text(max_size=20))
def test_numbers_are_ascii_digits_or_refused(text: str) -> None:
    try:
        tenths = values.temperature(text)
    except Wrong:
        return
    assert 340 <= tenths <= 430


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("passport", "e12345678", "E12345678"),
        ("passport", "M 1234 5678", "M12345678"),
        ("hk_macao_permit", "H01234567", "H01234567"),
        ("hk_macao_permit", "H0123456789", "H0123456789"),
        ("hk_macao_permit", "CA1234567", "CA1234567"),
        ("taiwan_permit", "01234567", "01234567"),
        ("taiwan_permit", "L12345678", "L12345678"),
        ("other", "ab-12345", "AB12345"),
    ],
)
def test_documents_have_one_spelling(kind: str, typed: str, stored: str) -> None:
    assert values.document_number(kind, typed, TODAY) == stored
