"""Made-up passages: lawful in every field, nobody's, the same for the same seed, submission ids included."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from chalicelib import divisions
from chalicelib.passage import codes
from chalicelib.passage.values import check_character

Fields = dict[str, str | list[str]]

CITY = "210381"

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红兰宁海"
_LONG_NAMES = ("买买提·阿卜杜拉", "Anna Kowalska", "Нурлан Ахметов", "김민준", "𠮷田 花子", "Nguyễn Thị Mai")
_STREETS = ("中心街", "环城路", "北关街", "兴海路", "站前街", "铁西路", "响堂街", "新东街")
_NEAR = ("2101", "2102", "2103", "2106", "2108", "2109", "2111", "2112", "2201", "2301", "1101", "1202")
"""Prefixes of where most people come from: Liaoning's own cities, the north-east, Beijing."""


@dataclass(frozen=True, slots=True)
class Simulated:
    checkpoint: str
    fields: Fields


def as_json(fields: Mapping[str, str | Sequence[str]]) -> bytes:
    """The fields of a form (`travellers.0.name`) as the JSON body that says the same."""
    document: dict[str, Any] = {}
    for name, value in fields.items():
        place = document
        parts = name.split(".")
        if parts[0] == "travellers":
            people = document.setdefault("travellers", [])
            people += [{} for _ in range(int(parts[1]) + 1 - len(people))]
            place = people[int(parts[1])]
        place[parts[-1]] = value
    return json.dumps(document, ensure_ascii=False).encode()


def passages(seed: int, checkpoints: Sequence[str]) -> Iterator[Simulated]:
    """Passages without end, at the busy checkpoints more often than at the quiet ones."""
    random = Random(seed)  # noqa: S311 (made-up people, no secrets)
    shares = [1 / (rank + 1) ** 0.7 for rank in range(len(checkpoints))]
    order = random.sample(list(checkpoints), len(checkpoints))
    near = [place.code for place in divisions.origins() if place.code.startswith(_NEAR)]
    hubei = [place.code for place in divisions.origins() if place.code.startswith("42")]
    everywhere = [place.code for place in divisions.origins()]
    townships = [place.code for place in divisions.townships(CITY)]

    def origin() -> str:
        return random.choices(
            [random.choice(near), random.choice(everywhere), random.choice(hubei), codes.ABROAD], [70, 26, 3, 1]
        )[0]

    plates: list[str] = []
    while True:
        checkpoint = random.choices(order, shares)[0]
        vehicle = random.choices(codes.VEHICLES, [62, 4, 14, 4, 3, 9, 4])[0]
        fields: Fields = {"submission": f"{random.getrandbits(128):032x}", "vehicle": vehicle}
        if vehicle not in codes.NO_VEHICLE and not (vehicle in codes.PLATE_OPTIONAL and random.random() < 0.5):
            # Passengers who register on phones of their own give the plate of the same vehicle.
            plate = random.choice(plates) if plates and random.random() < 0.08 else _plate(random)
            plates = [*plates[-19:], plate]
            fields["plate"] = plate
        party = random.choices(range(1, codes.MAX_TRAVELLERS + 1), [36, 32, 16, 10, 3, 1, 1, 0.6, 0.4])[0]
        for at in range(party):
            traveller = _traveller(random, at, origin, townships)
            fields |= {f"travellers.{at}.{name}": value for name, value in traveller.items()}
        yield Simulated(checkpoint, fields)


def _traveller(
    random: Random, at: int, origin: Callable[[], str], townships: Sequence[str]
) -> Mapping[str, str | list[str]]:
    child = at > 0 and random.random() < 0.2
    feels = random.choices([["none"], ["cough"], ["fever"], ["fever", "cough"], ["fatigue"]], [94, 2.5, 1, 1, 1.5])[0]
    answers: dict[str, str | list[str]] = {
        "name": _name(random),
        "key_region_stay": "yes" if random.random() < 0.02 else "no",
        "symptoms": feels,
    }
    if child:
        answers["document"] = "none"
    elif random.random() < 0.97:
        answers |= {"document": "resident_id", "number": _resident_id(random)}
    else:
        answers |= {"document": "passport", "number": f"E{random.randrange(10**8):08d}"}
    if at == 0 or random.random() < 0.3:
        answers["phone"] = f"1{random.choice('3456789')}{random.randrange(10**9):09d}"
    if random.random() < 0.8:
        hot = random.uniform(37.3, 39.5) if "fever" in feels else random.gauss(36.5, 0.25)
        answers["temperature"] = f"{min(max(hot, 35.0), 42.0):.1f}"
    if at > 0 and random.random() < 0.8:
        answers["same_as_first"] = "yes"
    else:
        through = random.random() < 0.12
        answers |= {
            "origin": origin(),
            "township": codes.ELSEWHERE if through else random.choice(townships),
            "address": f"{random.choice(_STREETS)}{random.randrange(1, 300)}号",
            "purpose": "transit" if through else random.choice(codes.PURPOSES[:5]),
        }
    return answers


def _name(random: Random) -> str:
    if random.random() < 0.03:
        return random.choice(_LONG_NAMES)
    return random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2))))


def _plate(random: Random) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    front = random.choices(["辽C", "辽A", "辽B", "吉A", "黑A", "京N", "鄂A"], [50, 15, 10, 8, 8, 8, 1])[0]
    if random.random() < 0.05:
        return f"{front}D{random.choice('0123456789')}{random.randrange(10**4):04d}"  # new-energy
    return front + "".join(random.choices(letters + "0123456789" * 3, k=5))


def _resident_id(random: Random) -> str:
    born = date(1940, 1, 1) + timedelta(days=random.randrange(65 * 365))
    first = (
        f"{random.choice(('210381', '210102', '210302', '220102', '230102'))}{born:%Y%m%d}{random.randrange(1000):03d}"
    )
    return first + check_character(first)
