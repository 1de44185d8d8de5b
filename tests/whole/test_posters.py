"""A poster printed for the running stack, scanned as a camera would, opens the form of its checkpoint."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

from chalicelib.checkpoint.poster import reading
from tests.conftest import LocalStack


def printed(stack: LocalStack, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "print_posters"), "--urls", str(stack.urls_file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_printed_poster_opens_its_form(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    done = printed(stack, root, "--checkpoint", "105", "--checkpoint", "118", "--out", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"2 posters in {tmp_path}\n"), done.stderr
    assert "2/2" in done.stderr
    for checkpoint, name in (("105", "丹锡高速析木出口"), ("118", "温香台安界卡口")):
        (file,) = tmp_path.glob(f"checkpoint-{checkpoint}-*.pdf")
        (page,) = reading.render(file, "pdf", 100)
        (found,) = reading.codes(page)
        assert found == stack.urls["form_urls"][checkpoint]
        # Every browser says what it accepts; the local gateway hands base64 to those who do not.
        with urllib.request.urlopen(urllib.request.Request(found, headers={"Accept": "*/*"}), timeout=40) as answer:
            assert name in answer.read().decode()


def test_what_cannot_be_printed_is_said_and_nothing_is_written(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    done = printed(stack, root, "--checkpoint", "105", "--checkpoint", "999", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "'999' is not in the register" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_csv_is_printed_with_the_stacks_keys_and_a_bad_one_is_not(
    stack: LocalStack, root: Path, tmp_path: Path
) -> None:
    register = tmp_path / "register.csv"
    rows = "id,name_zh,name_en,kind,township,active\n501,新卡口,New Checkpoint,road,210381003,yes\n"
    register.write_text(rows, encoding="utf-8")
    done = printed(stack, root, "--csv", str(register), "--copies", "2", "--one-file", "--inspection-list", "--out",
                   str(tmp_path / "out"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 of these checkpoints are not in the register")
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"posters-a4.pdf", "inspection-list.pdf"}
    register.write_text(rows + "501,又一个,Another,road,210381003,maybe\n", encoding="utf-8")
    done = printed(stack, root, "--csv", str(register), "--out", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "row 3 id: must differ from row 2" in done.stderr
    assert "row 3 active: write yes or no" in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_written_is_said(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = printed(stack, root, "--checkpoint", "105", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(f"Not printed: {tmp_path / 'out'}: File exists")
