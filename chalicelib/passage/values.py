"""The rules for single values: text as typed in, the one lawful spelling out, or the rule it breaks.

Every rule is spelt with explicit characters and bounds, so that a browser can hold the same rule: Python's `isdigit`,
`\\d`, `float` and `$` accept far more than they seem to.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

FULL_WIDTH = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20, 0xA0: 0x20}
"""Full-width forms, as a Chinese keyboard types them, to ASCII. Not NFKC: that would turn `²` into a digit."""

NAME_MIN, NAME_MAX = 2, 50
ADDRESS_MIN, ADDRESS_MAX = 2, 100
TEMPERATURE_MIN, TEMPERATURE_MAX = 340, 430
OLDEST = 130
"""Years; nobody born that long ago passes a checkpoint."""

DOTS = "\u2022\u2027\u22c5\u30fb\uff65"
"""Look-alikes of the middle dot."""

_MIDDLE_DOTS = str.maketrans(dict.fromkeys(DOTS, "\u00b7"))
NAME_PUNCTUATION = " \u00b7-'\u2019."
PILED = 4
"""Marks in a row at most; Tibetan stacks need three or four."""


class Wrong(ValueError):
    """A value breaks a rule. Carries the rule's name and never the value."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def squeeze(text: str) -> str:
    """`text` with full-width forms narrowed and white space at the ends and doubled inside gone."""
    return re.sub(r"[ \t\r\n]+", " ", text.translate(FULL_WIDTH)).strip(" ")


def _bare(text: str, drop: str) -> str:
    return squeeze(text).translate(dict.fromkeys(map(ord, drop))).upper()


def name(text: str) -> str:
    """A person's name: 2 to 50 characters of any script, spaces, middle dots, hyphens, apostrophes and full stops.

    NFKC, and the look-alikes of the middle dot (U+2022, U+30FB, ...) become U+00B7. Starts with a letter, so no
    spreadsheet takes it for a formula. Refused: control, zero-width, bidi, private use and unassigned characters,
    emoji, digits, and more than four marks in a row. Raises Wrong: name_length, name_characters.
    """
    text = unicodedata.normalize("NFKC", text.translate(_MIDDLE_DOTS)).translate(_MIDDLE_DOTS)
    text = re.sub(r"[ \t\r\n]+", " ", text).strip(" ")
    piled = spoken = 0
    for at, character in enumerate(text):
        kind = _kind(character)
        if kind == "M":
            piled += 1
        elif kind == "L":
            piled = 0
        elif character in NAME_PUNCTUATION:
            piled = 0
            spoken -= 1
        else:
            raise Wrong("name_characters")
        spoken += 1
        if piled > PILED or (at == 0 and kind != "L"):
            raise Wrong("name_characters")
    if len(text) > NAME_MAX or spoken < NAME_MIN:
        raise Wrong("name_length")
    return text


def _kind(character: str) -> str:
    """`L` letter, `M` mark, or another first letter of the Unicode category.

    The Han planes count as letters whether or not this Python's tables know them yet; U+3007 is a "number" that
    stands in names.
    """
    if character == "\u3007" or 0x20000 <= ord(character) <= 0x3FFFD:
        return "L"
    return unicodedata.category(character)[0]


def address(text: str) -> str:
    """A destination's address: 2 to 100 characters on one line. Raises Wrong: address_length, address_characters."""
    text = squeeze(unicodedata.normalize("NFC", text))
    if any(_kind(c) not in "LMNPZ" and unicodedata.category(c) not in ("Sm", "Sc", "Sk") for c in text):
        raise Wrong("address_characters")
    if re.search(r"[\u2028\u2029]", text):
        raise Wrong("address_characters")
    if not ADDRESS_MIN <= len(text) <= ADDRESS_MAX:
        raise Wrong("address_length")
    return text


RESIDENT_ID = re.compile("[1-9][0-9]{16}[0-9X]")
RESIDENT_ID_15 = re.compile("[0-9]{15}")
WEIGHTS = tuple(pow(2, 17 - at, 11) for at in range(17))
CHECK_CHARACTERS = "10X98765432"
IN_NUMBERS = " -"
"""What may stand inside a number and does not count."""


def check_character(first17: str) -> str:
    """The eighteenth character of a resident ID: ISO 7064 MOD 11-2, as GB 11643-1999 asks."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, WEIGHTS, strict=True))
    return CHECK_CHARACTERS[total % 11]


def resident_id(text: str, today: date) -> str:
    """A resident ID number (GB 11643-1999), 18 characters; also what residence permits of Hong Kong, Macao, Taiwan and
    foreign permanent residents' cards carry in that form.

    Only what the standard fixes is judged: the form, a birth date that exists and lies in the last 130 years, and the
    check character. Raises Wrong: resident_id_15, resident_id_form, resident_id_date, resident_id_check.
    """
    text = _bare(text, IN_NUMBERS)
    if RESIDENT_ID_15.fullmatch(text):
        raise Wrong("resident_id_15")
    if not RESIDENT_ID.fullmatch(text):
        raise Wrong("resident_id_form")
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise Wrong("resident_id_date") from None
    if born > today or born.year <= today.year - OLDEST:
        raise Wrong("resident_id_date")
    if text[17] != check_character(text[:17]):
        raise Wrong("resident_id_check")
    return text


NUMBERS = {
    # ICAO Doc 9303 gives nine characters; some states print more.
    "passport": re.compile("[A-Z0-9]{5,12}"),
    # Mainland Travel Permit (H, M and 8 or, before 2013, 10 digits), exit permits (C, W).
    "hk_macao_permit": re.compile("[HM][0-9]{8}(?:[0-9]{2})?|[CW][A-Z0-9][0-9]{7}"),
    # Mainland Travel Permit for Taiwan residents (8 digits; before 2015, 10 and a letter), exit permits (T, L).
    "taiwan_permit": re.compile("[0-9]{8}(?:[0-9]{2}[A-Z]?)?|[TL][0-9]{8}"),
    "other": re.compile("[A-Z0-9]{3,20}"),
}


def document_number(kind: str, text: str, today: date) -> str:
    """The number of a document of `kind` (a code of `codes.DOCUMENTS` but `none`), upper case without spaces and
    hyphens. Raises Wrong: the rules of `resident_id`, or `<kind>_form`."""
    if kind == "resident_id":
        return resident_id(text, today)
    text = _bare(text, IN_NUMBERS)
    if not NUMBERS[kind].fullmatch(text) or not re.search("[0-9]", text):
        raise Wrong(f"{kind}_form")
    return text


PHONE = re.compile(r"\+?[0-9() -]+")
IN_PHONES = "() -"
MOBILE = re.compile("1[3-9][0-9]{9}")
LANDLINE = re.compile("0[1-9][0-9]{8,10}")
FOREIGN = re.compile(r"\+[1-9][0-9]{6,14}")


def phone(text: str) -> str:
    """One telephone number, as E.164 (ITU-T): a mainland mobile (11 digits from 13 to 19), a mainland landline with
    its area code, or any number with `+` and country code. Raises Wrong: phone."""
    text = squeeze(text)
    if not PHONE.fullmatch(text):
        raise Wrong("phone")
    text = text.translate(dict.fromkeys(map(ord, IN_PHONES)))
    if text.startswith(("+86", "0086")):
        text = text.removeprefix("+86").removeprefix("0086")
        if LANDLINE.fullmatch("0" + text) and not MOBILE.fullmatch(text):
            text = "0" + text
    elif text.startswith("00"):
        text = "+" + text[2:]
    if MOBILE.fullmatch(text):
        return "+86" + text
    if LANDLINE.fullmatch(text):
        return "+86" + text[1:]
    if FOREIGN.fullmatch(text) and not text.startswith("+86"):
        return text
    raise Wrong("phone")


PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""The first characters of number plates (GA 36-2018)."""

_L = "A-HJ-NP-Z"
PLATE = re.compile(
    f"[{PROVINCES}][{_L}](?:"
    f"[{_L}0-9]{{5}}"  # ordinary, 7 characters
    f"|[{_L}0-9]{{4}}[学警港澳挂领]"  # learners, police, Hong Kong, Macao, trailers, consulates
    f"|[A-HJK][{_L}0-9][0-9]{{4}}|[0-9]{{5}}[A-HJK]"  # new-energy, small and large, 8 characters
    ")"
)


IN_PLATES = " -.\u00b7\u2022\u30fb\u2027\u3002"


def plate(text: str) -> str:
    """A number plate after GA 36-2018: 7 characters, 8 for new-energy vehicles, without spaces, dots and hyphens;
    the letters O and I are never used. Raises Wrong: plate."""
    text = _bare(text, IN_PLATES)
    if not PLATE.fullmatch(text):
        raise Wrong("plate")
    return text


TEMPERATURE = re.compile(r"([0-9]{2})(?:[.,]([0-9]))?")
TEMPERATURE_ELSE = re.compile(r"[0-9]{3}|[0-9]{2,3}\.[0-9]")
"""Degrees Fahrenheit, or a lost point."""


def temperature(text: str) -> int:
    """A body temperature in degrees Celsius with at most one decimal (`36.5`, `36,5`, `36.5℃`), as tenths, from 34.0
    to 43.0. Raises Wrong: temperature_form, temperature_range (as for degrees Fahrenheit, or a lost point)."""
    text = squeeze(text).replace("\u3002", ".").removesuffix("\u2103").removesuffix("°C").rstrip(" ")
    if TEMPERATURE_ELSE.fullmatch(text) and not TEMPERATURE.fullmatch(text):
        raise Wrong("temperature_range")
    match = TEMPERATURE.fullmatch(text)
    if not match:
        raise Wrong("temperature_form")
    tenths = int(match[1]) * 10 + int(match[2] or "0")
    if not TEMPERATURE_MIN <= tenths <= TEMPERATURE_MAX:
        raise Wrong("temperature_range")
    return tenths
