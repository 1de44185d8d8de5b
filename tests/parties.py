"""Made-up parties for tests: lawful fields to start from, in both encodings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from chalicelib.passage.decoding import Fields
from chalicelib.passage.values import check_character

TODAY = date(2026, 11, 24)
CITY = "210381"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def resident_id(first17: str) -> str:
    return first17 + check_character(first17)


def one(submission: str = "0" * 32, **changes: str | tuple[str, ...] | None) -> Fields:
    """A driver alone. `changes` go by field name with `__` for dots (`travellers__0__name`); None takes a field out."""
    fields: Fields = {
        "submission": submission,
        "vehicle": "car",
        "plate": "辽CA1234",
        "travellers.0.name": "王小明",
        "travellers.0.document": "resident_id",
        "travellers.0.number": resident_id("21038119800101001"),
        "travellers.0.phone": "13800138000",
        "travellers.0.origin": "420106",
        "travellers.0.township": township(),
        "travellers.0.address": "中心街1号",
        "travellers.0.purpose": "home",
        "travellers.0.key_region_stay": "no",
        "travellers.0.symptoms": ("none",),
    }
    return changed(fields, {name.replace("__", "."): value for name, value in changes.items()})


def three(submission: str = "1" * 32) -> Fields:
    """A driver and two passengers, the second a child without a document."""
    return one(submission) | {
        "travellers.1.name": "买买提·阿卜杜拉",
        "travellers.1.document": "resident_id",
        "travellers.1.number": resident_id("65010119750615003"),
        "travellers.1.same_as_first": "yes",
        "travellers.1.key_region_stay": "yes",
        "travellers.1.symptoms": ("cough", "fever"),
        "travellers.1.temperature": "37.8",
        "travellers.2.name": "王小花",
        "travellers.2.document": "none",
        "travellers.2.same_as_first": "yes",
        "travellers.2.key_region_stay": "no",
        "travellers.2.symptoms": ("none",),
    }


def township() -> str:
    from chalicelib import divisions

    return divisions.townships(CITY)[0].code


def changed(fields: Fields, changes: Mapping[str, str | tuple[str, ...] | None]) -> Fields:
    merged = {**fields, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def as_form(fields: Fields) -> bytes:
    return urlencode(fields, doseq=True).encode()
