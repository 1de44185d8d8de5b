"""The register is taken whole, or refused whole with every problem, its place and its remedy."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import divisions
from chalicelib.checkpoint import register
from chalicelib.checkpoint.register import COLUMNS, KINDS, Checkpoint, RegisterInvalid

HEAD = ",".join(COLUMNS)
GOOD = "101,海城西出口,Haicheng West Exit,expressway,210381112,yes"
TOWNSHIPS = [place.code for place in divisions.townships("210381")]


def refused(text: str) -> list[tuple[int, str]]:
    with pytest.raises(RegisterInvalid) as caught:
        register.load(text)
    assert all(each.remedy for each in caught.value.problems)
    assert all(each.remedy in str(caught.value) for each in caught.value.problems)
    return [(each.row, each.column) for each in caught.value.problems]


def test_the_register_ships_with_eighteen_checkpoints_of_haicheng() -> None:
    checkpoints = register.first_register()
    assert [each.id for each in checkpoints] == [str(number) for number in range(101, 119)]
    assert {each.kind for each in checkpoints} == set(KINDS)
    assert {each.township for each in checkpoints} <= set(TOWNSHIPS)
    assert all(each.active for each in checkpoints)


def test_a_row_becomes_a_checkpoint() -> None:
    assert register.load(f"{HEAD}\n{GOOD}\n") == (
        Checkpoint("101", "海城西出口", "Haicheng West Exit", "expressway", "210381112", True),
    )


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{HEAD}\r\n{GOOD}\r\n",
        f"{HEAD}\n{GOOD}",
        f"{HEAD}\n\n{GOOD}\n,,,,,\n \n",
        f"{HEAD}\n 101 ,海城西出口 , Haicheng West Exit,expressway,210381112, yes\n",
        'active,township,kind,name_en,name_zh,id\nyes,210381112,expressway,"Haicheng West Exit",海城西出口,101\n',
    ],
    ids=["Excel", "no last line break", "blank rows", "spaces", "columns in another order"],
)
def test_what_spreadsheets_make_of_it_is_understood(text: str) -> None:
    assert register.load(text) == register.load(f"{HEAD}\n{GOOD}\n")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (GOOD.replace("101", ""), "id"),
        (GOOD.replace("101", "1"), "id"),
        (GOOD.replace("101", "0101"), "id"),
        (GOOD.replace("101", "123456"), "id"),
        (GOOD.replace("101", "１０１"), "id"),
        (GOOD.replace("101", "-101"), "id"),
        (GOOD.replace("101", "10a"), "id"),
        (GOOD.replace("海城西出口", ""), "name_zh"),
        (GOOD.replace("海城西出口", "海"), "name_zh"),
        (GOOD.replace("海城西出口", "海" * 41), "name_zh"),
        (GOOD.replace("海城西出口", "<svg onload>"), "name_zh"),
        (GOOD.replace("海城西出口", "海城\u202e西"), "name_zh"),
        (GOOD.replace("海城西出口", "海城\u200b西"), "name_zh"),
        (GOOD.replace("海城西出口", "=海城西"), "name_zh"),
        (GOOD.replace("海城西出口", "か\u3099わ"), "name_zh"),
        (GOOD.replace("海城西出口", "海城\uf900"), "name_zh"),
        (GOOD.replace("Haicheng West Exit", "海城西"), "name_en"),
        (GOOD.replace("Haicheng West Exit", "West <b>"), "name_en"),
        (GOOD.replace("expressway", "motorway"), "kind"),
        (GOOD.replace("expressway", ""), "kind"),
        (GOOD.replace("210381112", "210381999"), "township"),
        (GOOD.replace("210381112", "210381"), "township"),
        (GOOD.replace("210381112", "210381112000"), "township"),
        (GOOD.replace(",yes", ",maybe"), "active"),
        (GOOD.replace(",yes", ","), "active"),
        (GOOD + ",more", ""),
        (GOOD.replace(",yes", ""), ""),
    ],
)
def test_a_bad_cell_is_named_with_its_row(row: str, column: str) -> None:
    good = GOOD.replace("101", "102").replace("西出口", "站").replace("West Exit", "Station")
    assert refused(f"{HEAD}\n{good}\n{row}\n") == [(3, column)]


def test_every_problem_is_told_at_once() -> None:
    rows = [GOOD, GOOD.replace("101", "102").replace("yes", "x"), "1,,x,y,z,w", "a,b"]
    assert refused("\n".join([HEAD, *rows])) == [
        (3, "name_zh"), (3, "name_en"), (3, "active"),
        (4, "id"), (4, "name_zh"), (4, "name_en"), (4, "kind"), (4, "township"), (4, "active"),
        (5, ""),
    ]  # fmt: skip


def test_a_row_after_a_broken_one_keeps_its_number() -> None:
    assert refused(f"{HEAD}\nbroken\n\n{GOOD.replace('expressway', 'x')}") == [(2, ""), (4, "kind")]


def test_an_id_is_there_once() -> None:
    other = GOOD.replace("海城西出口", "海城站").replace("West Exit", "Station")
    assert refused(f"{HEAD}\n{GOOD}\n{other}") == [(3, "id")]


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", GOOD, "id,name_zh\n101,海城", HEAD + ",id\n" + GOOD + ",101", HEAD.upper(), "\x00",
        HEAD.replace(",", ";"),
    ],
)  # fmt: skip
def test_without_its_headings_it_is_no_register(text: str) -> None:
    assert refused(text) == [(1, "")]


@pytest.mark.parametrize("text", [HEAD, HEAD + "\n\n", f'{HEAD}\n101,"open', f'{HEAD}\n101,"a"b,c,d,e,f'])
def test_an_empty_or_broken_register_is_refused_as_a_whole(text: str) -> None:
    assert refused(text) == [(0, "")]


@given(st.text() | st.text(alphabet='101,海城"\n\r yesno').map(lambda text: f"{HEAD}\n{text}"))
def test_any_text_is_taken_or_refused_with_problems(text: str) -> None:
    try:
        assert register.problems(register.load(text)) == ()
    except RegisterInvalid as invalid:
        assert invalid.problems


CHECKPOINTS = st.builds(
    Checkpoint,
    st.integers(10, 99999).map(str),
    st.text(alphabet="海城高速国道站口东西（）·", min_size=2, max_size=40).filter(lambda name: len(name) > 1),
    st.text(alphabet="abcXYZ019 ',.()/-", min_size=2, max_size=40).map(str.strip).filter(lambda name: len(name) > 1),
    st.sampled_from(KINDS),
    st.sampled_from(TOWNSHIPS),
    st.booleans(),
)


@given(st.lists(CHECKPOINTS, min_size=1, unique_by=(lambda c: c.id, lambda c: c.name_zh, lambda c: c.name_en)))
def test_what_is_lawful_comes_back_as_it_was(checkpoints: list[Checkpoint]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in checkpoints:
        *cells, active = (getattr(each, column) for column in COLUMNS)
        writer.writerow([*cells, "yes" if active else "no"])
    assert register.load(text.getvalue()) == tuple(checkpoints)
