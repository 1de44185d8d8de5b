"""The languages of the pages: which there are, which one a phone asks for, and its words (gettext)."""

from __future__ import annotations

import re
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from msgspec import Struct

CATALOGUES = Path(__file__).with_name("translations")
DOMAIN = "kakou"
"""Of the travellers' pages, in every language."""

DESK = "desk"
"""Of the command centre's pages, in Chinese and English: who works there reads one of them."""


class Language(Struct, frozen=True):
    """A language of the pages."""

    code: str
    """As in `?lang=` and in the form's hidden field."""
    tag: str
    """BCP 47, for `lang=` and Content-Language."""
    name: str
    """In that language itself, for the switch."""
    catalogue: str | None
    """The folder of its messages; None for English, in which the messages are written."""


CHINESE = Language("zh", "zh-Hans", "中文", "zh_Hans")
ENGLISH = Language("en", "en", "English", None)
KOREAN = Language("ko", "ko", "한국어", "ko")
JAPANESE = Language("ja", "ja", "日本語", "ja")
RUSSIAN = Language("ru", "ru", "Русский", "ru")
LANGUAGES = (CHINESE, ENGLISH, KOREAN, JAPANESE, RUSSIAN)

READ_CHINESE = frozenset({"cmn", "yue", "wuu", "hak", "nan", "gan", "hsn", "ug", "bo", "ii", "za"})
"""Languages of China that we do not have: who speaks them reads Chinese sooner than English."""

_RANGE = re.compile(r"[ \t]*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]*)?[ \t]*(?:;[ \t]*q=([01](?:\.[0-9]{0,3})?)[ \t]*)?")


def named(tag: object) -> Language | None:
    """The language of a code or BCP 47 tag, whatever its script or region (`ja-JP`, `zh_TW`), if we have it."""
    code = re.split("[-_]", tag.lower(), maxsplit=1)[0] if isinstance(tag, str) else tag
    return next((language for language in LANGUAGES if language.code == code), None)


def asked(accept_language: str | None) -> Language:
    """The language an Accept-Language header (RFC 9110, 12.5.4) likes best. Chinese where it says nothing; English
    where it names only languages that we do not have."""
    liked: list[tuple[float, str]] = []
    for part in (accept_language or "")[:500].split(","):
        match = _RANGE.fullmatch(part)
        if match and (quality := float(match[2] or 1)) > 0:
            liked.append((quality, match[1].lower()))
    for _, code in sorted(liked, key=lambda like: -like[0]):
        if code == "*" or code in READ_CHINESE:
            return CHINESE
        if (language := named(code)) is not None:
            return language
    return ENGLISH if liked else CHINESE


def marked(message: str) -> str:
    """The message itself, marked for the catalogues where it is written (imported as `_`); a page translates it."""
    return message


@cache
def messages(language: Language, domain: str = DOMAIN) -> NullTranslations:
    """The messages of `language`, those of `domain`. FileNotFoundError where its catalogue was not compiled
    (`catalogues.compile_all`)."""
    if language.catalogue is None:
        return NullTranslations()
    with open(CATALOGUES / language.catalogue / "LC_MESSAGES" / f"{domain}.mo", "rb") as compiled:
        return GNUTranslations(compiled)
