"""The tables: every number of the summary, and nothing that runs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from chalicelib.passage.hour import Hour
from chalicelib.summary.counting import SUBJECTS, Counts
from chalicelib.summary.reports import COLUMNS, defused, now_table, table
from tests.summary.town import Town

EVENING = Hour(datetime(2020, 2, 10, 13, tzinfo=UTC))


def rows(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert text.endswith("\r\n")
    read = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    assert tuple(read.fieldnames or ()) == COLUMNS
    return list(read)


def town() -> Town:
    made = Town(EVENING)
    made.busy(Hour(EVENING.start + timedelta(hours=30)))
    made.scan("101", EVENING.start, EVENING.start + timedelta(hours=7))
    made.run(EVENING.start + timedelta(hours=29, minutes=30))
    return made


def numbers(counts: Counts) -> dict[tuple[str, str], int]:
    """Every number of `counts`, by subject and code."""
    names = (
        "passages",
        "vehicles",
        "travellers",
        "from_key_regions",
        "key_region_stay",
        "fever",
        "on_retiring_posters",
        "scans",
        "corrected",
        "filled_late",
    )
    found = {("total", name): getattr(counts, name) for name in names}
    return found | {(subject, code): n for subject, by in counts.by.items() for code, n in by.items()}


def test_the_table_holds_every_number_of_the_summary_and_no_other() -> None:
    summary = town().operation
    found = rows(table(summary))
    for checkpoint, counts in [("city", summary.city)] + [(id_, c.counts) for id_, c in summary.checkpoints.items()]:
        there = {
            (row["subject"], row["code"]): int(row["count"])
            for row in found
            if row["checkpoint"] == checkpoint and row["subject"] != "state"
        }
        assert there == (numbers(counts) if counts.passages else {})
    assert {row["subject"] for row in found} == {"total", "state", *SUBJECTS}


def test_a_silent_checkpoint_whose_dead_poster_is_scanned_tells_so() -> None:
    made = Town(EVENING)
    made.scan("101", EVENING.start)
    made.run(EVENING.start + timedelta(hours=1, minutes=30))
    found = [row for row in rows(table(made.operation)) if row["checkpoint"] == "101" and row["count"] not in ("", "0")]
    (version,) = made.operation.city.by["scan_by_poster"]
    assert [(row["subject"], row["code"], row["unit"], row["count"]) for row in found] == [
        ("total", "scans", "scans", "1"),
        ("scan_by_poster", version, "scans", "1"),
    ]


def test_every_checkpoint_has_its_state_and_silence_is_no_number() -> None:
    found = [row for row in rows(table(town().operation)) if row["subject"] == "state"]
    assert [(row["checkpoint"], row["code"], row["label"], row["count"]) for row in found] == [
        ("101", "counted", "", ""),
        ("102", "counted", "", ""),
        ("103", "silent", "2020-02-10T21:00:00+08:00", ""),
        ("104", "closed", "", ""),
    ]


def test_places_have_names_and_times_are_the_citys() -> None:
    found = rows(table(town().operation))
    labels = {(row["subject"], row["code"]): row["label"] for row in found}
    assert labels["origin", "210381"] == "辽宁省鞍山市海城市"
    assert labels["origin_city", "420100"] == "湖北省武汉市"
    assert labels["origin_province", "110000"] == "北京市"
    assert labels["township", "210381001"].startswith("辽宁省鞍山市海城市")
    assert labels["origin", "abroad"] == ""
    assert labels["journey", "429004>210381001"] == "湖北省仙桃市 → " + labels["township", "210381001"]
    assert labels["journey", "abroad>elsewhere"] == "abroad → elsewhere"
    assert {row["from"] for row in found} == {"2020-02-10T21:00:00+08:00"}


def test_what_is_known_now_as_a_table() -> None:
    made = town()
    found = rows(now_table(made.now))
    assert {row["status"] for row in found} == {"provisional"}
    city = {row["code"]: row["count"] for row in found if (row["checkpoint"], row["window"]) == ("city", "operation")}
    assert city["passages"] == str(made.now.totals.passages)
    for checkpoint, there in made.now.checkpoints.items():
        for window, totals in (("operation", there.totals), ("today", there.today)):
            counted = [
                row["count"]
                for row in found
                if (row["checkpoint"], row["window"], row["subject"]) == (checkpoint, window, "total")
            ]
            wanted = [str(totals.passages), str(totals.vehicles), str(totals.travellers)]
            assert counted == (wanted if totals.passages else [])
    states = [(row["window"], row["checkpoint"], row["code"]) for row in found if row["subject"] == "state"]
    known = [("operation", checkpoint, there.state) for checkpoint, there in sorted(made.now.checkpoints.items())]
    for hour in made.now.open_hours:
        known += [("hour", checkpoint, there.state) for checkpoint, there in sorted(hour.checkpoints.items())]
    assert states == known
    (hour,) = made.now.open_hours
    origins = {row["code"]: row["count"] for row in found
               if (row["window"], row["checkpoint"], row["subject"]) == ("hour", "city", "origin")}  # fmt: skip
    assert origins == {code: str(number) for code, number in hour.city.by["origin"].items()}


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@x", "  =1", "\t=1", "\r=1", "\n=1", "\x00=1", "＝1", "＋1", "－1", "＠x"]
)
def test_no_cell_can_run(cell: str) -> None:
    assert defused(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["海城", "101-1-A", "36.5-36.9", "", 7, -7])
def test_other_cells_stay_as_they_are(cell: str | int) -> None:
    assert defused(cell) == cell


def test_names_with_commas_quotes_and_formulas_stay_one_cell() -> None:
    summary = town().operation
    for name in ('a,"b"\nc', '=HYPERLINK("http://x")'):
        named = structs.replace(summary.checkpoints["101"], name_zh=name)
        changed = structs.replace(summary, checkpoints={**summary.checkpoints, "101": named})
        names = {row["checkpoint_name"] for row in rows(table(changed)) if row["checkpoint"] == "101"}
        assert names == {defused(name)}
