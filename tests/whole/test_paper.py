"""The paper sheet of the running stack, as staff print it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import LocalStack


def test_the_sheet_is_printed_or_the_reason_said(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    def printed(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(root / "scripts" / "print_form"), "--urls", str(stack.urls_file), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    sheet = tmp_path / "sheet.pdf"
    done = printed("--out", str(sheet), "--checkpoint", "101")
    assert done.returncode == 0, done.stderr
    assert sheet.read_bytes().startswith(b"%PDF-")
    for arguments, said in (
        (("--out", str(sheet), "--checkpoint", "999"), "'999' is not in the register"),
        (("--out", str(tmp_path / "no" / "sheet.pdf")), "No such file"),
    ):
        done = printed(*arguments)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
