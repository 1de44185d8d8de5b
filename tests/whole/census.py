"""The independent count: the table scanned raw, the sums made in SQL. Shares no code with chalicelib.summary."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

JOURNEY = """(case when origin not glob '[0-9]*' then origin
    when substr(origin, 1, 2) in ('11', '12', '31', '50') then substr(origin, 1, 2) || '0000'
    when substr(origin, 3, 2) = '90' then origin else substr(origin, 1, 4) || '00' end) || '>' || township"""
"""From which city to which township."""

LOCAL_HOUR = "printf('%02d', (cast(substr(at, 12, 2) as int) + 8) % 24)"
"""The hour of the day in China at which a passage arrived."""

DEGREES = "case when temperature is null then 'not_told' else printf('%.1f', temperature / 10.0) end"


def census(dynamodb: Any, table: str) -> sqlite3.Connection:
    """Everything countable that lies in the table, as relations `passage` and `traveller`."""
    base = sqlite3.connect(":memory:")
    base.executescript(
        """
        create table passage (id text primary key, checkpoint text, hour text, vehicle text, plate text, at text);
        create table traveller (passage text, document text, origin text, township text, purpose text, stay int,
                                temperature int);
        create table symptom (passage text, symptom text);
        """
    )
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            pk = item["pk"]["S"]
            if not pk.startswith("CP#"):
                continue
            _, checkpoint, hour = pk.split("#")
            at, submission = item["sk"]["S"].split("#")
            _, _, _, vehicle, plate, travellers, *_ = json.loads(item["facts"]["S"])
            base.execute("insert into passage values (?,?,?,?,?,?)", (submission, checkpoint, hour, vehicle, plate, at))
            for document, origin, township, purpose, stay, symptoms, temperature in travellers:
                base.execute(
                    "insert into traveller values (?,?,?,?,?,?,?)",
                    (submission, document, origin, township, purpose, stay, temperature),
                )
                base.executemany("insert into symptom values (?,?)", [(submission, each) for each in symptoms])
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


def arrivals(base: sqlite3.Connection, where: str = "1") -> dict[str, int]:
    """Passages by the hour of the day in China."""
    return dict(base.execute(f"select {LOCAL_HOUR}, count(*) from passage where {where} group by 1").fetchall())
