"""The independent count: the table scanned raw, the sums made in SQL. Shares no code with chalicelib.summary."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

Tally = dict[tuple[str, str, str], int]
"""(checkpoint or `city`, subject, code) -> number."""


def census(dynamodb: Any, table: str) -> sqlite3.Connection:
    """Everything countable that lies in the table, as relations `passage` (the last correction in the place of what it
    replaces; poster and wait of the first), `traveller`, `symptom` and `scan`."""
    return census_of(
        item
        for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        for item in page["Items"]
    )


def census_of(items: Iterable[Any]) -> sqlite3.Connection:
    """The same of raw items, wherever they come from."""
    base = sqlite3.connect(":memory:")
    base.executescript(
        """
        create table record (id text primary key, place text, checkpoint text, hour text, vehicle text, plate text,
                             at text, since text, poster int, key text, retiring int, waited int);
        create table traveller (passage text, document text, origin text, township text, purpose text, stay int,
                                temperature int);
        create table symptom (passage text, symptom text);
        create table scan (checkpoint text, hour text, poster int, key text);
        """
    )
    for item in items:
        kind, *names = item["pk"]["S"].split("#")
        if kind == "SCAN":
            _, poster, key = json.loads(item["facts"]["S"])
            base.execute("insert into scan values (?,?,?,?)", (*names, poster, key))
        if kind != "CP":
            continue
        checkpoint, hour = names
        at, first, *correction = item["sk"]["S"].split("#")
        since, submission = correction or (at, first)
        facts: list[Any] = [*json.loads(item["facts"]["S"]), None, None]
        poster, key, vehicle, plate, travellers, retiring, waited = facts[1:8]
        base.execute(
            "insert into record values (?,?,?,?,?,?,?,?,?,?,?,?)",
            (submission, first, checkpoint, hour, vehicle, plate, at, since, poster, key, bool(retiring), waited),
        )
        for document, origin, township, purpose, stay, symptoms, temperature in travellers:
            base.execute(
                "insert into traveller values (?,?,?,?,?,?,?)",
                (submission, document, origin, township, purpose, stay, temperature),
            )
            base.executemany("insert into symptom values (?,?)", [(submission, each) for each in symptoms])
    base.executescript(
        """
        create table passage as
          select last.id, checkpoint, hour, vehicle, plate, at, arrived.poster, arrived.key, arrived.retiring,
                 arrived.waited, corrections
          from
            (select *, row_number() over (partition by place order by since desc, id desc) as newest,
                    count(*) over (partition by place) - 1 as corrections from record) as last
            join (select id, poster, key, retiring, waited from record) as arrived on arrived.id = last.place
          where newest = 1;
        create unique index passage_id on passage (id);
        create index traveller_passage on traveller (passage);
        """
    )
    return base


def totals(base: sqlite3.Connection, where: str = "1") -> dict[str, int]:
    """Passages, vehicles (distinct plates per checkpoint and hour, each plateless vehicle by itself) and travellers."""
    passages, travellers, plated, plateless = (
        base.execute(query.format(where=where)).fetchone()[0]
        for query in (
            "select count(*) from passage where {where}",
            "select count(*) from traveller join passage on passage.id = traveller.passage where {where}",
            "select count(*) from (select distinct checkpoint, hour, plate from passage"
            " where plate is not null and {where})",
            "select count(*) from passage where plate is null and vehicle not in ('rail', 'foot') and {where}",
        )
    )
    return {"passages": passages, "vehicles": plated + plateless, "travellers": travellers}


def tally(base: sqlite3.Connection, column: str, where: str = "1") -> dict[str, int]:
    """Travellers by one of their answers."""
    rows = base.execute(
        f"select {column}, count(*) from traveller join passage on passage.id = traveller.passage"
        f" where {where} group by 1"
    )
    return dict(rows.fetchall())


_PROVINCE = "case when origin glob '[0-9]*' then substr(origin, 1, 2) || '0000' else origin end"
_CITY = f"""case when origin not glob '[0-9]*' then origin
                 when substr(origin, 1, 2) in ('11', '12', '31', '50') then {_PROVINCE}
                 when substr(origin, 3, 2) = '90' then origin
                 else substr(origin, 1, 4) || '00' end"""
_BAND = """case when temperature is null then 'not_told' else
           printf('%d.%d-%d.%d', temperature / 10, temperature % 10 / 5 * 5, temperature / 10, temperature % 10 / 5 * 5 + 4)
           end"""  # noqa: E501
_DEGREES = "case when temperature is null then 'not_told' else printf('%d.%d', temperature / 10, temperature % 10) end"
_LOCAL_HOUR = "printf('%02d', (cast(substr(hour, 12, 2) as int) + 8) % 24)"
_POSTER = "checkpoint || '-' || poster || '-' || key"

_BY_PASSAGE = {
    "passage_by_vehicle": ("vehicle", "1"),
    "passage_by_poster": (_POSTER, "1"),
    "passage_by_retiring_poster": (_POSTER, "retiring"),
    "passage_by_hour": (_LOCAL_HOUR, "1"),
}
_BY_TRAVELLER = {
    "traveller_by_hour": _LOCAL_HOUR,
    "document": "document",
    "origin": "origin",
    "origin_city": _CITY,
    "origin_province": _PROVINCE,
    "township": "township",
    "journey": f"{_CITY} || '>' || township",
    "purpose": "purpose",
    "temperature": _BAND,
    "degrees": _DEGREES,
}
_TOTALS = {
    "passages": "select {place}, count(*) from passage group by 1, 2",
    "on_retiring_posters": "select {place}, count(*) from passage where retiring group by 1, 2",
    "corrected": "select {place}, count(*) from passage where corrections group by 1, 2",
    "filled_late": "select {place}, count(*) from passage where waited > 600 group by 1, 2",
    "travellers": "select {place}, count(*) from person group by 1, 2",
    "key_region_stay": "select {place}, count(*) from person where stay group by 1, 2",
    "fever": """
        select {place}, count(*) from person where temperature >=
            (select tenths from threshold where hour || ':00:00.000Z' < until order by until limit 1) group by 1, 2""",
    "scans": "select {place}, count(*) from scan group by 1, 2",
    "from_key_regions": """
        select {place}, count(*) from person where exists (
            select 1 from region where origin like prefix || '%' and version =
                (select max(version) from list where valid_from <= hour)) group by 1, 2""",
}


def prepare(
    base: sqlite3.Connection, regions: Iterable[tuple[int, str, Iterable[str]]], fever: Iterable[tuple[str, int]]
) -> None:
    """Counts every dimension by hour and checkpoint, for `window` to add up. `regions` are the lists of key regions:
    version, first hour (its key, or empty), codes; `fever` the thresholds, each with the stamp until which it counts
    for the hours that begin before."""
    base.executescript(
        """
        create table list (version int, valid_from text);
        create table region (version int, prefix text);
        create table threshold (until text, tenths int);
        create table counted (hour text, checkpoint text, subject text, code text, number int);
        create view person as select traveller.*, hour, checkpoint from traveller
            join passage on passage.id = traveller.passage;
        create view vehicle as select hour, checkpoint, vehicle from
            (select *, row_number() over (partition by hour, checkpoint, plate order by at, id) as nth from passage)
            where vehicle not in ('rail', 'foot') and (plate is null or nth = 1);
        """
    )
    base.executemany("insert into threshold values (?,?)", fever)
    for version, valid_from, codes in regions:
        base.execute("insert into list values (?,?)", (version, valid_from))
        base.executemany(
            "insert into region values (?,?)", [(version, code.rstrip("0").ljust(2, "0")) for code in codes]
        )
    place = "hour, checkpoint"
    insert = "insert into counted select hour, checkpoint, '{}', {}, count(*) from {} where {} group by 1, 2, 4"
    for subject, (code, where) in _BY_PASSAGE.items():
        base.execute(insert.format(subject, code, "passage", where))
    for subject, code in _BY_TRAVELLER.items():
        base.execute(insert.format(subject, code, "person", "1"))
    base.execute(insert.format("symptom", "symptom", "symptom join passage on passage.id = symptom.passage", "1"))
    base.execute(insert.format("vehicle", "vehicle", "vehicle", "1"))
    base.execute(insert.format("scan_by_poster", _POSTER, "scan", "1"))
    for code, query in {**_TOTALS, "vehicles": "select {place}, count(*) from vehicle group by 1, 2"}.items():
        found = base.execute(query.format(place=place)).fetchall()
        base.executemany("insert into counted values (?,?,'total',?,?)", [(h, c, code, n) for h, c, n in found])
    base.execute("create index counted_hour on counted (hour)")


def window(base: sqlite3.Connection, begins: str, ends: str) -> Tally:
    """Every number of the window from the hour `begins` up to, not with, the hour `ends`; what is 0 is left out."""
    rows = base.execute(
        "select checkpoint, subject, code, sum(number) from counted where hour >= ? and hour < ? group by 1, 2, 3"
        " union all select 'city', subject, code, sum(number) from counted where hour >= ? and hour < ? group by 2, 3",
        (begins, ends, begins, ends),
    )
    return {(checkpoint, subject, code): number for checkpoint, subject, code, number in rows if number}


def told(summary: dict[str, Any]) -> Tally:
    """The same of a summary, as its JSON tells it."""
    places = {"city": summary["city"], **{each: there["counts"] for each, there in summary["checkpoints"].items()}}
    found: Tally = {}
    for place, counts in places.items():
        for name, number in counts.items():
            if isinstance(number, int) and number:
                found[place, "total", name] = number
        for subject, numbers in counts["by"].items():
            for code, number in numbers.items():
                found[place, subject, code] = number
    return found
