"""The bench: figures beside the bare cost of the libraries, for people and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_the_bench_measures_and_tells_in_json(root: Path, tmp_path: Path) -> None:
    bench = [sys.executable, str(root / "scripts" / "bench")]
    done = subprocess.run(
        [*bench, "posters", "--count", "3", "--json", "-"], capture_output=True, text=True, check=True
    )
    figures = {each["name"]: each for each in json.loads(done.stdout)["figures"]["posters"]}
    assert all(each["value"] > 0 for each in figures.values())
    assert figures["QR matrix by qrcode, per poster"]["bare"]
    assert subprocess.run([*bench, "nothing"], capture_output=True, check=False).returncode == 2
