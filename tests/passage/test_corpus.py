"""The table of hostile and awkward input, in-process: decoding and the form answer as promised, and name no value."""

from __future__ import annotations

import pytest

from chalicelib.passage.decoding import TooLarge, Undecodable, UnsupportedType, decode
from chalicelib.passage.form import RULES, Unacceptable, parse
from scripts.simulated import as_json
from tests.corpus import Case, cases
from tests.parties import CITY, FORM, JSON, TODAY, as_form, one, three

CASES = cases()


def answer(case: Case) -> tuple[int, dict[str, str]]:
    try:
        fields = decode(case.body, case.content_type, case.headers.get("Content-Encoding"))
        parse(fields, checkpoint="101", city=CITY, today=TODAY)
    except TooLarge:
        return 413, {}
    except UnsupportedType:
        return 415, {}
    except Undecodable as error:
        assert error.args == (error.reason,)
        return 400, {}
    except Unacceptable as error:
        assert all(problem.rule in RULES for problem in error.problems)
        return 422, {problem.field: problem.rule for problem in error.problems}
    return 201, {}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_input_has_its_answer(case: Case) -> None:
    assert answer(case) == (case.status, dict(case.problems))


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 110


@pytest.mark.parametrize("fields", [one(), three()], ids=["one", "three"])
def test_form_and_json_mean_the_same_passage(fields: dict[str, str | tuple[str, ...]]) -> None:
    passages = [
        parse(decode(body, kind), checkpoint="101", city=CITY, today=TODAY)
        for body, kind in ((as_form(fields), FORM), (as_json(fields), JSON))
    ]
    assert passages[0] == passages[1]
