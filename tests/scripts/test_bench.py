"""The bench: figures beside the bare cost of the libraries, for people and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import benches
from scripts.benches import Figure, cost


def test_the_bench_measures_and_tells_in_json(root: Path, tmp_path: Path) -> None:
    bench = [sys.executable, str(root / "scripts" / "bench")]
    done = subprocess.run(
        [*bench, "posters", "--count", "3", "--json", "-"], capture_output=True, text=True, check=True
    )
    figures = {each["name"]: each for each in json.loads(done.stdout)["figures"]["posters"]}
    assert all(each["value"] > 0 for each in figures.values())
    assert figures["qrcode's matrix and reportlab's empty A4 page, per poster"]["bare"]
    assert figures["drawn into one PDF, per poster"]["ratio"] > 1
    assert subprocess.run([*bench, "nothing"], capture_output=True, check=False).returncode == 2


def kept(figure: Figure) -> dict[str, dict[str, Any]]:
    return {figure.name: figure.told()}


def test_what_got_slower_by_a_third_is_marked() -> None:
    before = benches.of("counting", [1.0, 1.0, 1.1], "s")
    assert "WORSE BY 40%" in benches.table("made up", [benches.of("counting", [1.4, 1.4, 1.5], "s")], kept(before))
    assert "WORSE" not in benches.table("made up", [benches.of("counting", [1.3, 1.3, 1.3], "s")], kept(before))
    assert "10% better" in benches.table("made up", [benches.of("counting", [0.9], "s")], kept(before))


def test_a_ratio_counts_before_a_value_and_the_machine_does_not() -> None:
    """The same line on a machine that is half as fast, and on a busy one: the baseline ran there, too."""
    fast = benches.beside("ours", [1.0, 1.2], "s", "theirs", [0.5, 0.6])
    slow = benches.beside("ours", [2.0, 2.4], "s", "theirs", [1.0, 1.2])
    assert fast.ratio == slow.ratio == 2
    assert benches.compared(slow, fast.told()) == 0
    assert benches.compared(benches.of("theirs", [9.0], "s", bare=True), fast.told()) is None


def test_less_of_what_there_should_be_more_of_is_worse() -> None:
    before = benches.beside("lighter", [10.0], "bytes", "peer", [300.0], at_least=25.0)
    now = benches.beside("lighter", [20.0], "bytes", "peer", [300.0], at_least=25.0)
    assert (before.ratio, before.met, now.ratio, now.met) == (30, True, 15, False)
    assert benches.compared(now, before.told()) == 1
    shown = benches.table("made up", [now], kept(before))
    assert "WORSE BY 100%" in shown
    assert "≥ 25 NOT MET" in shown


def test_runs_take_turns() -> None:
    order: list[str] = []
    ran = benches.interleaved(3, {name: lambda name=name: order.append(name) for name in "abc"})  # type: ignore[misc]
    assert "".join(order) == "abcbcacab"
    assert all(len(runs) == 3 for runs in ran.values())


def test_a_release_is_kept_and_compared(root: Path, tmp_path: Path) -> None:
    bench = [sys.executable, str(root / "scripts" / "bench"), "package"]
    release = tmp_path / "release.json"
    subprocess.run([*bench, "--json", str(release)], capture_output=True, check=True)
    told = json.loads(release.read_text())
    told["figures"]["package"][0]["value"] /= 2
    release.write_text(json.dumps(told))
    done = subprocess.run([*bench, "--against", str(release)], capture_output=True, text=True, check=True)
    marked = [line for line in done.stdout.splitlines() if "WORSE BY 100%" in line]
    assert [line.split("  ")[1] for line in marked] == [told["figures"]["package"][0]["name"]]
    release.write_text("{}")
    assert subprocess.run([*bench, "--against", str(release)], capture_output=True, check=False).returncode == 2


def test_sizes_of_items_are_counted_as_dynamodb_counts_them() -> None:
    item = {"pk": {"S": "卡口"}, "n": {"N": "1234"}, "b": {"B": b"12345"}, "m": {"M": {"a": {"S": "xy"}}}}
    assert cost.size(item) == (2 + 6) + (1 + 3) + (1 + 5) + (1 + 3 + 1 + 1 + 2)


@pytest.mark.parametrize("name", ["submission", "cost"])
def test_what_needs_no_stack_is_measured(root: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(root / "scripts" / "bench"), name, "--count", "3", "--json", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert not told["not_measured"]
    assert {"cpu", "cpus", "python"} <= told["machine"].keys()
    assert all(each["value"] > 0 for each in told["figures"][name])
    assert any(each["beside"] for each in told["figures"][name])
