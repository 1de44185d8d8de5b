"""The charts: the numbers are where they belong, gaps are gaps, and nothing typed gets out of its place."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.summary import charts
from chalicelib.summary.charts import Series

NS = "{http://www.w3.org/2000/svg}"
DAYS = [f"2/{day}" for day in range(1, 15)]


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in drawn(svg).iter(f"{NS}text")]


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path)]


def curve(svg: str, dashed: bool = False) -> str:
    (path,) = [
        each.get("d", "")
        for each in drawn(svg).iter(f"{NS}path")
        if each.get("stroke") == charts.BLUE and (each.get("stroke-dasharray") == "3 5") == dashed
    ]
    return path


def test_a_line_shows_each_value_at_its_height_from_zero() -> None:
    svg = charts.line([Series("n", (0, 50, 100))], ["a", "b", "c"], title="t")
    (_, zero), (_, half), (_, full) = points(curve(svg))
    assert zero - half == pytest.approx(half - full, abs=0.2)
    assert {"0", "50", "100", "n", "a", "c"} <= set(texts(svg))


def test_what_is_not_known_is_a_gap_and_one_alone_a_dot() -> None:
    svg = charts.line([Series("n", (1, 2, None, 3, None, 4, 5))], list("abcdefg"), title="t")
    assert curve(svg).count("M") == 2, "two pieces, not joined over the gap"
    assert len(points(curve(svg))) == 4
    assert len(list(drawn(svg).iter(f"{NS}circle"))) == 1


def test_a_day_alone_in_a_small_line_is_a_small_dot_within_the_drawing() -> None:
    alone, end = drawn(charts.spark((9, None, 1, 2))).iter(f"{NS}circle")
    x, y, size = (float(alone.get(each, "")) for each in ("cx", "cy", "r"))
    outside = size + float(alone.get("stroke-width", "")) / 2
    assert outside <= min(x, y)
    assert outside <= float(end.get("r", ""))


def test_what_may_still_change_is_dashed_and_hollow() -> None:
    svg = charts.line([Series("n", (1, 2, 3), 1)], list("abc"), title="t")
    assert len(points(curve(svg))) == 2
    assert len(points(curve(svg, dashed=True))) == 2
    (hollow,) = drawn(svg).iter(f"{NS}circle")
    assert hollow.get("fill") == "#fff"
    column = charts.columns((1, 2), "ab", title="t", provisional=1)
    assert [each.get("fill") for each in drawn(column).iter(f"{NS}rect")] == [charts.BLUE, "none"]


def test_what_counts_less_than_the_others_stands_apart() -> None:
    svg = charts.line([Series("n", (4, 6, 1), 1, apart=True)], list("abc"), title="t")
    assert len(points(curve(svg))) == 2
    assert "6" in texts(svg), "the number at the end is the last settled one"
    with pytest.raises(ValueError, match="not enough values"):
        curve(svg, dashed=True)
    (hollow,) = drawn(svg).iter(f"{NS}circle")
    assert hollow.get("fill") == "#fff"


def test_lines_are_told_apart_without_colour_and_named_where_they_end() -> None:
    three = [Series(name, (1, 2, 2)) for name in ("a", "b", "c")]
    svg = charts.line(three, DAYS[:3], title="t")
    dashes = [
        each.get("stroke-dasharray") for each in drawn(svg).iter(f"{NS}path") if each.get("stroke-width") == "2.5"
    ]
    assert len(set(dashes)) == 3
    heights = sorted(float(each.get("y", "")) for each in drawn(svg).iter(f"{NS}text") if each.text in ("a", "b", "c"))
    assert all(b - a > charts.FONT for a, b in pairwise(heights)), "the names do not touch"
    with pytest.raises(ValueError, match="more lines"):
        charts.line([*three, three[0]], DAYS[:3], title="t")


def test_columns_and_bars_are_as_long_as_their_numbers_say() -> None:
    upright = [
        float(each.get("height", ""))
        for each in drawn(charts.columns((5, None, 10), "abc", title="t")).iter(f"{NS}rect")
    ]
    assert upright[1] == pytest.approx(2 * upright[0], abs=0.2)
    lying = charts.bars([("x", 30), ("y", 60), ("z", None)], title="t")
    wide = [float(each.get("width", "")) for each in drawn(lying).iter(f"{NS}rect")]
    assert wide[1] == pytest.approx(2 * wide[0], abs=0.2)
    assert "–" in texts(lying), "not known is said, not drawn as nothing"


def test_a_columns_number_does_not_stand_before_the_column_to_its_left() -> None:
    made = drawn(charts.columns((90, 87, 61, None, None), "abcde", title="t"))
    left = [float(each.get("x", "")) for each in made.iter(f"{NS}rect")][2]
    (number,) = [each for each in made.iter(f"{NS}text") if each.text == "61"]
    assert (number.get("text-anchor"), float(number.get("x", ""))) == (None, left)


def test_a_name_that_is_broader_than_the_drawing_is_set_narrower() -> None:
    long = "Bayinguoleng, Xinjiang 新疆维吾尔自治区巴音郭楞蒙古自治州"
    made = drawn(charts.bars([(long, 3), ("Anshan", 2)], title="t", width=360))
    first, second = [each for each in made.iter(f"{NS}text") if not each.get("font-weight")]
    assert (first.text, first.get("textLength")) == (long, "360")
    assert second.get("textLength") is None


@pytest.mark.parametrize(
    ("most", "ticks"),
    [(0, [0, 1]), (1, [0, 1]), (3, [0, 1, 2, 3]), (9, [0, 5, 10]), (122_992, [0, 50_000, 100_000, 150_000])],
)
def test_an_axis_has_honest_round_steps_of_whole_people(most: float, ticks: list[float]) -> None:
    assert charts._ticks(most) == ticks


values = st.lists(st.none() | st.integers(0, 10**7), max_size=40)


@given(values, st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), st.integers(0, 3))
def test_any_numbers_and_any_names_make_a_whole_drawing_within_its_frame(
    numbers: list[int | None], name: str, provisional: int
) -> None:
    labels = [f"{at}" for at in range(len(numbers))]
    for svg in (
        charts.line([Series(name, tuple(numbers), provisional)], labels, title=name),
        charts.columns(numbers, labels, title=name, provisional=provisional),
        charts.bars([(name, number) for number in numbers], title=name),
        charts.spark(numbers, title=name, provisional=provisional),
    ):
        root = drawn(svg)
        _, _, width, height = map(float, root.get("viewBox", "").split())
        assert root.get("aria-label") == (name or None)
        assert "<script" not in svg
        assert not [each for each in root.iter() if each.get("style")]
        for path in root.iter(f"{NS}path"):
            assert all(0 <= x <= width and 0 <= y <= height for x, y in points(path.get("d", "")))
