"""The form: fields -> a Passage, or every problem at once. One place for form posts and JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date
from typing import TypeVar

from msgspec import Struct

from chalicelib import divisions
from chalicelib.passage import codes, values
from chalicelib.passage.abroad import is_abroad
from chalicelib.passage.decoding import Fields
from chalicelib.passage.passage import Passage, Traveller
from chalicelib.passage.values import Wrong

V = TypeVar("V")

RULES = (
    "required", "choice", "unwanted",
    "submission", "replaces_unknown", "plate", "travellers_none", "travellers_many", "travellers_gap",
    "name_length", "name_characters", "address_length", "address_characters",
    "resident_id_15", "resident_id_form", "resident_id_date", "resident_id_check",
    "passport_form", "hk_macao_permit_form", "taiwan_permit_form", "other_form", "number_twice",
    "phone", "origin_unknown", "origin_choose", "township_unknown", "symptoms_none_alone", "same_or_own",
    "temperature_form", "temperature_range",
)  # fmt: skip
"""Every rule a problem can name; the pages have a sentence for each."""

SUBMISSION = re.compile("[0-9a-f]{32}")
WAITED = re.compile("[0-9]{1,6}")
"""Eleven days: a phone keeps a form for seven."""
TRIP = ("origin", "township", "address", "purpose")
"""What `same_as_first` takes from the first traveller."""


class Problem(Struct, frozen=True):
    """What is wrong with one field, never what was typed there."""

    field: str
    rule: str
    """One of `RULES`."""
    choices: tuple[str, ...] = ()
    """Codes to choose from, for `origin_choose`."""


class Unacceptable(ValueError):
    """At least one field is wrong (422); `problems` names them all, in the order of the form."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(", ".join(f"{problem.field}: {problem.rule}" for problem in problems))
        self.problems = problems


def travellers_in(fields: Fields) -> list[int]:
    """The numbers of the travellers that `fields` speak of, ascending."""
    return sorted({int(name.split(".")[1]) for name in fields if name.startswith("travellers.")})


def parse(fields: Fields, *, checkpoint: str, city: str, today: date) -> Passage:
    """The passage that `fields` (from `decoding.decode`) describe, at `checkpoint` of `city` (GB/T 2260) on `today`
    (Asia/Shanghai). An empty answer is the same as none. Raises Unacceptable."""
    answers = _Answers(fields)
    submission = answers.matching("submission", SUBMISSION)
    replaces = answers.text("replaces") or None
    if replaces and (replaces == submission or not SUBMISSION.fullmatch(replaces)):
        answers.problem("replaces", "replaces_unknown")
    vehicle = answers.choice("vehicle", codes.VEHICLES)
    plate = None
    if vehicle in codes.NO_VEHICLE:
        answers.unwanted("plate")
    elif vehicle is not None and (vehicle not in codes.PLATE_OPTIONAL or answers.text("plate")):
        plate = answers.value("plate", values.plate)
    travellers = _travellers(answers, city=city, today=today)
    if answers.problems:
        raise Unacceptable(tuple(answers.problems))
    assert submission is not None  # noqa: S101 (no problem, so every required answer is there)
    assert vehicle is not None  # noqa: S101
    return Passage(submission, checkpoint, vehicle, plate, travellers, replaces)


def waited(fields: Fields) -> int | None:
    """Seconds from the first pressing of Register to this sending, as the form's script tells them beside the answers;
    None where nobody does, or they make no sense. No part of the passage: sent again it is another number."""
    told = fields.get("waited", "")
    return int(told) if isinstance(told, str) and WAITED.fullmatch(told) else None


def _travellers(answers: _Answers, *, city: str, today: date) -> tuple[Traveller, ...]:
    numbers = travellers_in(answers.fields)
    if not numbers:
        answers.problem("travellers", "travellers_none")
    elif len(numbers) > codes.MAX_TRAVELLERS:
        answers.problem("travellers", "travellers_many")
    elif numbers != list(range(len(numbers))):
        answers.problem("travellers", "travellers_gap")
    else:
        lawful = {place.code for place in divisions.townships(city)} | {codes.ELSEWHERE}
        travellers: list[Traveller] = []
        seen: dict[tuple[str, str], int] = {}
        for at in numbers:
            traveller = _traveller(answers, at, lawful, today)
            travellers.append(traveller)
            if traveller.number and seen.setdefault((traveller.document, traveller.number), at) != at:
                answers.problem(f"travellers.{at}.number", "number_twice")
        return tuple(travellers)
    return ()


def _traveller(answers: _Answers, at: int, townships: Collection[str], today: date) -> Traveller:
    """Traveller `at`; where an answer is wrong, `answers` has the problem and the field here means nothing."""
    own = f"travellers.{at}."
    name = answers.value(own + "name", values.name)
    document = answers.choice(own + "document", codes.DOCUMENTS)
    number = None
    if document == "none":
        answers.unwanted(own + "number")
    elif document is not None:
        number = answers.value(own + "number", lambda text: values.document_number(document, text, today))
    phone = answers.value(own + "phone", values.phone, required=at == 0)

    trip = own
    if at > 0 and answers.choice(own + "same_as_first", ("yes",), required=False):
        trip = "travellers.0."
        for part in TRIP:
            answers.unwanted(own + part, "same_or_own")
    heard = len(answers.problems)
    origin = answers.origin(trip + "origin")
    township = answers.choice(trip + "township", townships, rule="township_unknown")
    address = answers.value(trip + "address", values.address, required=township != codes.ELSEWHERE)
    purpose = answers.choice(trip + "purpose", codes.PURPOSES)
    if trip != own:
        del answers.problems[heard:]  # said already, of the first traveller

    stay = answers.choice(own + "key_region_stay", codes.YES_NO)
    symptoms = answers.choices(own + "symptoms", codes.SYMPTOMS)
    if "none" in symptoms and len(symptoms) > 1:
        answers.problem(own + "symptoms", "symptoms_none_alone")
    temperature = answers.value(own + "temperature", values.temperature, required=False)
    return Traveller(
        name or "", document or "", number, phone, origin or "", township or "", address or "", purpose or "",
        stay == "yes", tuple(sorted(symptoms)), temperature,
    )  # fmt: skip


class _Answers:
    """The fields while they are being read, and the problems found so far."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.problems: list[Problem] = []

    def problem(self, field: str, rule: str, choices: tuple[str, ...] = ()) -> None:
        self.problems.append(Problem(field, rule, choices))

    def text(self, field: str) -> str:
        """What was typed, or "" for nothing or only white space."""
        text = self.fields.get(field, "")
        return text.strip(" \t\r\n\u3000\u00a0") if isinstance(text, str) else ""

    def unwanted(self, field: str, rule: str = "unwanted") -> None:
        if self.text(field):
            self.problem(field, rule)

    def value(self, field: str, read: Callable[[str], V], *, required: bool = True) -> V | None:
        """What `read` makes of the text; None, and a problem where one is due, if it is absent or wrong."""
        text = self.text(field)
        if not text:
            if required:
                self.problem(field, "required")
            return None
        try:
            return read(text)
        except Wrong as wrong:
            self.problem(field, wrong.rule)
            return None

    def matching(self, field: str, pattern: re.Pattern[str]) -> str | None:
        text = self.text(field)
        if pattern.fullmatch(text):
            return text
        self.problem(field, "submission")
        return None

    def choice(self, field: str, among: Collection[str], *, required: bool = True, rule: str = "choice") -> str | None:
        text = self.text(field)
        if text in among:
            return text
        if text or required:
            self.problem(field, rule if text else "required")
        return None

    def choices(self, field: str, among: Collection[str]) -> tuple[str, ...]:
        chosen = self.fields.get(field, ())
        if not isinstance(chosen, tuple) or not chosen:
            self.problem(field, "required")
            return ()
        if not set(chosen) <= set(among):
            self.problem(field, "choice")
            return ()
        return chosen

    def origin(self, field: str) -> str | None:
        """The code of the division that was chosen, or typed as a code, a name or in pinyin; or that for abroad."""
        text = self.text(field)
        if not text:
            self.problem(field, "required")
            return None
        found = divisions.find(text)
        if len(found) == 1:
            return found[0].code
        if not found and is_abroad(text):
            return codes.ABROAD
        if found:
            self.problem(field, "origin_choose", tuple(place.code for place in found))
        else:
            self.problem(field, "origin_unknown")
        return None
