"""The form of a checkpoint: values in, bytes out. No HTTP, no clock, no settings store."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from chalicelib import divisions
from chalicelib.passage import codes
from chalicelib.passage.decoding import Fields
from chalicelib.passage.form import Problem, travellers_in
from chalicelib.web import words
from chalicelib.web.language import CHINESE, Language, messages
from chalicelib.web.rendering import render


class Scene(Struct, frozen=True):
    """What the pages of one checkpoint say of their surroundings, in one language."""

    language: Language
    checkpoint: str
    """Its id, as on the poster."""
    place: str
    """Its name."""
    collector: str
    """Who collects."""
    phone: str
    """Where to ask; "" for nowhere."""
    retention_days: int
    city: str
    """GB/T 2260 code of the city whose townships are the destinations."""
    key_regions: tuple[str, ...] = ()
    """Codes of the divisions on the current list."""
    announcement: str = ""
    """Shown to everybody before the first field."""
    asked_of_key_regions: str = ""
    """What the city asks of parties from key regions: on their receipts."""
    today: str = ""
    """The day in Asia/Shanghai, `2020-02-10`: a phone's own may be wrong."""
    helper: bool = False
    """Filled in for somebody else: nothing of it is to stay on this phone."""


class Sentence(Struct, frozen=True):
    """A problem as a traveller reads it."""

    field: str
    label: str
    sentence: str


def form_page(
    scene: Scene,
    *,
    submission: str,
    fields: Fields | None = None,
    problems: tuple[Problem, ...] = (),
    not_registered: bool = False,
    replaces: str = "",
) -> bytes:
    """The form, with everything typed (`fields`) still there and a sentence for each of `problems`.

    `submission` is its submission id; `not_registered` says that sending failed and may be repeated; `replaces` is the
    submission id of what the form corrects.
    """
    fields = fields or {}
    answers = _Answers(scene, fields, problems)
    return render(
        "form.html",
        scene.language,
        checkpoint_id=scene.checkpoint,
        place=scene.place,
        collector=scene.collector,
        phone=scene.phone,
        retention_days=scene.retention_days,
        announcement=scene.announcement,
        today=scene.today,
        helper=scene.helper,
        submission=submission,
        replaces=replaces,
        not_registered=not_registered,
        problems=answers.sentences,
        party=max(1, len(travellers_in(fields))),
        most=codes.MAX_TRAVELLERS,
        answer=answers.answer,
        ticked=answers.ticked,
        problem=answers.problem,
        choices_for=answers.choices,
        trip_bad=answers.trip_bad,
        vehicles=answers.options(words.VEHICLES),
        vehicle_signs=words.VEHICLE_SIGNS,
        documents=answers.options(words.DOCUMENTS),
        purposes=answers.options(words.PURPOSES),
        symptoms=answers.options(words.SYMPTOMS),
        yes_no=answers.options(words.YES_NO),
        townships=answers.townships(),
        key_regions=answers.key_regions(),
    )


def sentences(language: Language, problems: tuple[Problem, ...]) -> list[Sentence]:
    """`problems` as a traveller reads them, in the order of the form; JSON answers carry the same words."""
    say = messages(language).gettext
    told = []
    for problem in problems:
        parts = problem.field.split(".")
        label = say(words.FIELDS[parts[-1]])
        if len(parts) == 3:
            label = say("Traveller %(number)d") % {"number": int(parts[1]) + 1} + " · " + label
        told.append(Sentence(problem.field, label, say(words.sentence(problem.field, problem.rule))))
    return told


class _Answers:
    """What the templates ask about a field, by its whole name."""

    def __init__(self, scene: Scene, fields: Fields, problems: tuple[Problem, ...]) -> None:
        self._scene = scene
        self._fields = fields
        self._say = messages(scene.language).gettext
        self._problems = {problem.field: problem for problem in reversed(problems)}
        # One sentence a field is enough: the first, in the order of the form.
        first = {problem.field: self._problems[problem.field] for problem in problems}
        self.sentences = sentences(scene.language, tuple(first.values()))
        self._told = {told.field: told.sentence for told in self.sentences}

    def answer(self, field: str) -> str:
        answer = self._fields.get(field, "")
        return answer if isinstance(answer, str) else ""

    def ticked(self, field: str, code: str) -> bool:
        answer = self._fields.get(field, "")
        return code == answer if isinstance(answer, str) else code in answer

    def problem(self, field: str) -> str:
        return self._told.get(field, "")

    def trip_bad(self, at: int) -> bool:
        """Whether an answer is wrong that "same journey" would hide."""
        return any(f"travellers.{at}.{part}" in self._told for part in ("origin", "township", "address", "purpose"))

    def options(self, labels: Mapping[str, str]) -> list[tuple[str, str]]:
        return [(code, self._say(label)) for code, label in labels.items()]

    def choices(self, field: str) -> list[tuple[str, str]]:
        """The divisions to choose an origin from: those its problem names, or the one already chosen."""
        problem, answer = self._problems.get(field), self.answer(field)
        if problem is not None:
            return [(code, self._path(code)) for code in problem.choices]
        if answer == codes.ABROAD:
            return [(answer, self._say("Outside China"))]
        if re.fullmatch("[0-9]{6}", answer) and [place.code for place in divisions.find(answer)] == [answer]:
            return [(answer, self._path(answer))]
        return []

    def townships(self) -> list[tuple[str, str]]:
        city = divisions.division(self._scene.city)
        through = self._say("Not to %(city)s, passing through") % {"city": self._name(city) if city else ""}
        return [
            *((place.code, self._name(place)) for place in divisions.townships(self._scene.city)),
            (codes.ELSEWHERE, through),
        ]

    def key_regions(self) -> str:
        names = [self._path(code) for code in self._scene.key_regions]
        between = self._say(", ")
        return self._say("Key regions now: %(names)s") % {"names": between.join(filter(None, names))} if names else ""

    def _name(self, place: divisions.Division) -> str:
        return place.name if self._scene.language == CHINESE else f"{place.pinyin} {place.name}"

    def _path(self, code: str) -> str:
        name = divisions.path(code)
        return name if self._scene.language == CHINESE or not name else f"{divisions.pinyin_path(code)} {name}"
