"""Administrative divisions of China (GB/T 2260) down to the county, and the city's townships (GB/T 10114).

`divisions.csv` and `townships.csv` are made by `scripts/make_divisions`. A code of six digits names a province
(210000), a city (210300) or a county (210381); nine digits name a township. Loaded on first use (a few milliseconds;
the index behind `find` some 30), then kept.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from operator import itemgetter
from pathlib import Path

from msgspec import Struct

_HERE = Path(__file__).parent


class Division(Struct, frozen=True):
    """A province, city, county or township."""

    code: str
    name: str
    """In full: 辽宁省, 海城市, 孤山镇."""
    pinyin: str
    """The name for readers of Latin script, without its kind: Liaoning, Haicheng, Gushan."""
    parent: str | None
    """The code of the division it lies in; None for a province."""


def division(code: str) -> Division | None:
    """The division with this code (six digits, or nine for a kept township), or None."""
    return (_all() if len(code) == 6 else _townships()).get(code)


def codes() -> tuple[str, ...]:
    """The codes of all provinces, cities and counties, in order."""
    return tuple(_all())


def origins() -> tuple[Division, ...]:
    """Every lawful answer to "where from": the counties, the cities without counties (Dongguan), and Taiwan, Hong Kong
    and Macao as wholes: the divisions with none below them here, by code."""
    return tuple(place for place in _all().values() if not _below(place.code))


def counties_of(code: str) -> tuple[Division, ...]:
    """The origins within the division `code`, at any depth; just itself when it is an origin; none when unknown."""
    below = _below(code)
    if below:
        return tuple(origin for child in below for origin in counties_of(child.code))
    place = _all().get(code)
    return (place,) if place else ()


def townships(county: str) -> tuple[Division, ...]:
    """The townships of `county`, by code; empty for a county whose townships are not kept."""
    return tuple(place for place in _townships().values() if place.parent == county)


def lineage(code: str) -> tuple[Division, ...]:
    """The division and all it lies in, the province first; empty when unknown."""
    place = division(code)
    if place is None:
        return ()
    return (*(lineage(place.parent) if place.parent else ()), place)


def path(code: str) -> str:
    """辽宁省鞍山市海城市; empty when unknown."""
    return "".join(place.name for place in lineage(code))


def pinyin_path(code: str) -> str:
    """Haicheng, Anshan, Liaoning; empty when unknown. `find` knows each origin again by it."""
    return ", ".join(called(place) for place in reversed(lineage(code)))


def called(place: Division) -> str:
    """The name for readers of Latin script, with its kind where a neighbour has the same: Jingxing County."""
    return _called().get(place.code, place.pinyin)


def syllables(code: str) -> str:
    """How the name without its kind is read, a word for each of its characters: `hai cheng`; empty when unknown."""
    return _read().get(code, ("", ""))[0]


def also(code: str) -> tuple[str, ...]:
    """What else people type in Latin script for the division."""
    return tuple(_read().get(code, ("", ""))[1].split())


def every() -> tuple[Division, ...]:
    """All provinces, cities and counties, each after what it lies in."""
    return tuple(_all().values())


def find(text: str) -> tuple[Division, ...]:
    """The origins a traveller may mean by `text`, by code: one when it is clear, several to choose from, or none.

    Understood are: a six-digit code; a name with or without its 省, 市, 区, 县; names from the larger to the
    smaller, steps left out or not (辽宁海城); an address that goes on below a county's full name (东莞市长安镇);
    pinyin, whatever its spaces and case, from the larger to the smaller or, with commas, the other way round.
    A city or province means all the origins in it.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if len(text) > _LONGEST:
        return ()
    if re.fullmatch("[0-9]{6}", text):
        return counties_of(text)
    if any("\u4e00" <= letter <= "\u9fff" for letter in text):
        letters = "".join(letter for letter in text if letter.isalnum()).replace("市辖区", "")
        meant = _within(letters, None) or _going_on(letters, None)
    else:
        parts = [latin(part) for part in re.split("[,/]", text)]
        meant = _within("".join(reversed(parts)), None) or _within("".join(parts), None)
    found = {origin.code: origin for place in meant for origin in counties_of(place.code)}
    return tuple(found[code] for code in sorted(found))


_LONGEST = 120
"""Characters of a text worth looking at."""


def latin(text: str) -> str:
    """`text` in lower case without marks, spaces and signs; ü is written v, as keyboards do: Lüliang -> lvliang."""
    if text.isascii():
        return re.sub("[^a-z]", "", text.lower())
    bare = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text.lower()).replace("ü", "v"))
    return "".join(letter for letter in bare if "a" <= letter <= "z")


def core(name: str) -> str:
    """The name without its kind: 海城市 -> 海城, 岫岩满族自治县 -> 岫岩; where one character or none would be left, or
    only a direction (左旗), the name itself or its longer part."""
    bare = re.sub(f"(?<=..)({_KIND})$", "", name)
    if bare.endswith("民") and name.endswith("区"):  # 回民区 is a district's name, not a people's
        return bare
    if re.search("自治[区州县旗]$|族区$", name):
        bare = f"{bare}族" if name.endswith("族区") else bare
        while (shorter := re.sub(f"({_PEOPLES})族?$", "", bare)) != bare and len(shorter) >= 2:
            bare = shorter
        bare = bare.removesuffix("族")
    return bare if len(bare) >= 2 else name


_KIND = "特别行政区|自治[区州县旗]|地区|(?<!柏)林区|矿区|新区|特区|族区|[省市盟区县]|(?<![前中后左右])旗"

_PEOPLES = (
    "各|蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|"
    "达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|塔吉克|怒|鄂温克|保安|裕固|独龙|鄂伦春|普米"
)
"""Peoples named in the names of autonomous divisions."""


def _within(text: str, outer: Division | None) -> set[Division]:
    """The divisions inside `outer` that `text` names in full, by itself or led by those it lies in."""
    if not text:
        return {outer} if outer else set()
    found = {place for place in _spelt().get(text, ()) if _inside(place, outer)}
    for end in range(2, len(text) - 1):
        for place in _spelt().get(text[:end], ()):
            if _inside(place, outer) and _below(place.code):
                found |= _within(text[end:], place)
    return found


def _going_on(text: str, outer: Division | None) -> set[Division]:
    """The origins inside `outer` whose full name leads `text`, alone or after those it lies in: an address in them."""
    found: set[Division] = set()
    for end in range(2, len(text)):
        for place in _spelt().get(text[:end], ()):
            if _inside(place, outer):
                if _below(place.code):
                    found |= _going_on(text[end:], place)
                elif text[:end] == place.name:
                    found.add(place)
    return found


def _inside(place: Division, outer: Division | None) -> bool:
    return outer is None or (place is not outer and outer in lineage(place.code))


@cache
def _all() -> dict[str, Division]:
    places: dict[str, Division] = {}
    for code, name, pinyin in _rows("divisions.csv", "code", "name", "pinyin"):
        city, province = code[:4] + "00", code[:2] + "0000"
        # Counties that no city governs (419001 Jiyuan, Beijing's districts) lie in their province.
        parent = city if code != city and city in places else province if code != province else None
        places[code] = Division(code, name, pinyin, parent)
    return places


@cache
def _townships() -> dict[str, Division]:
    rows = _rows("townships.csv", "code", "name", "pinyin")
    return {code: Division(code, name, pinyin, code[:6]) for code, name, pinyin in rows}


@cache
def _children() -> dict[str, tuple[Division, ...]]:
    children: dict[str, list[Division]] = {}
    for place in _all().values():
        if place.parent:
            children.setdefault(place.parent, []).append(place)
    return {code: tuple(places) for code, places in children.items()}


def _below(code: str) -> tuple[Division, ...]:
    return _children().get(code, ())


@cache
def _called() -> dict[str, str]:
    """Code -> name with its kind, of those that share it with a neighbour."""
    named: dict[str, str] = {}
    for places in _children().values():
        spelt = [latin(place.pinyin) for place in places]
        for place, own in zip(places, spelt, strict=True):
            if spelt.count(own) > 1 and (kind := _KINDS.get(place.name[-1])):
                named[place.code] = f"{place.pinyin} {kind[1].capitalize()}"
    return named


@cache
def _read() -> dict[str, tuple[str, str]]:
    return {code: (told, more) for code, told, more in _rows("divisions.csv", "code", "syllables", "also")}


@cache
def _spelt() -> dict[str, tuple[Division, ...]]:
    """Spelling -> the divisions it may mean: full name, name without its kind, and Latin spellings."""
    spelt: dict[str, set[Division]] = {}
    places = _all()
    for code, more in _rows("divisions.csv", "code", "also"):
        place = places[code]
        bare = latin(place.pinyin)
        spellings = {place.name, core(place.name), bare, *more.split()}
        kind = _KINDS.get(place.name[-1])
        if kind and core(place.name) != place.name:
            spellings |= {bare + word for word in kind}
        spellings |= {spelling.replace("v", "u") for spelling in spellings if "v" in spelling}
        for spelling in spellings:
            spelt.setdefault(spelling, set()).add(place)
    return {spelling: tuple(sorted(meant, key=lambda place: place.code)) for spelling, meant in spelt.items()}


_KINDS = {
    "省": ("sheng", "province"),
    "市": ("shi", "city"),
    "区": ("qu", "district"),
    "县": ("xian", "county"),
}


def _rows(file: str, *columns: str) -> Iterator[tuple[str, ...]]:
    """The columns so named, of each row: no mapping for each, for a cold start reads thousands."""
    with (_HERE / file).open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        yield from map(itemgetter(*map(next(rows).index, columns)), rows)
