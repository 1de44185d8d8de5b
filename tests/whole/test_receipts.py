"""The running stack's public keys verify the receipts that it gives, and no other stack's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import LocalStack
from tests.whole.traveller import party, post_form


def receipts(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "receipts"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_the_stack_signs_its_published_keys_verify(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    done = receipts(root, "public-key", "--urls", str(stack.urls_file), "--out", str(keys))
    assert done.returncode == 0, done.stderr
    page = post_form(stack.urls["form_urls"]["101"], party(5))
    assert page.status == 201
    found = re.search("KR1-[0-9A-Z-]+", page.text)
    assert found
    verified = receipts(root, "verify", "--keys", str(keys), found[0])
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "checkpoint 101" in verified.stdout
    base = stack.urls["form_urls"]["101"].partition("/C/")[0]
    public = receipts(root, "verify", "--keys", f"{base}/receipt-keys", found[0])
    assert public.returncode == 0, public.stdout + public.stderr

    document = json.loads(keys.read_text())
    document["keys"]["1"] = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    keys.write_text(json.dumps(document))
    assert receipts(root, "verify", "--keys", str(keys), found[0]).returncode == 3


def test_where_there_is_no_stack_it_says_so(stack: LocalStack, root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "urls.json"
    elsewhere.write_text(json.dumps(stack.urls | {"deployment": "elsewhere"}))
    done = receipts(root, "public-key", "--urls", str(elsewhere))
    assert done.returncode == 1
    assert "elsewhere-data" in done.stderr
    assert "Traceback" not in done.stderr
