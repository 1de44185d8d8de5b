"""A poster printed for the running stack, scanned as a camera would, opens the form of its checkpoint."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from tests.conftest import LocalStack


def printed(stack: LocalStack, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "print_posters"), "--urls", str(stack.urls_file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_printed_poster_opens_its_form(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    done = printed(stack, root, "--checkpoint", "105", "--checkpoint", "118", "--out", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"2 posters in {tmp_path}\n"), done.stderr
    assert "2/2" in done.stderr
    for checkpoint, name in (("105", "丹锡高速析木出口"), ("118", "温香台安界卡口")):
        (file,) = tmp_path.glob(f"checkpoint-{checkpoint}-*.png")
        (found,) = zxingcpp.read_barcodes(Image.open(file).convert("L"))
        assert found.text == stack.urls["form_urls"][checkpoint]
        # Every browser says what it accepts; the local gateway hands base64 to those who do not.
        with urllib.request.urlopen(
            urllib.request.Request(found.text, headers={"Accept": "*/*"}), timeout=40
        ) as answer:
            assert name in answer.read().decode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--checkpoint", "105", "--checkpoint", "999"), "'999' is not in the register"),
        (("--all", "--deployment", "elsewhere"), "elsewhere-data"),
    ],
)
def test_what_cannot_be_printed_is_said_and_nothing_is_written(
    stack: LocalStack, root: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = printed(stack, root, *arguments, "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_said(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = printed(stack, root, "--checkpoint", "105", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(f"Not printed: {tmp_path / 'out'}: File exists")
