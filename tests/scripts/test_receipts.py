"""Verifying a receipt without a network: genuine, old, forged, altered, of another deployment, unreadable."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
import segno

from chalicelib.passage.decoding import decode
from chalicelib.passage.form import parse
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.receipt import issue, published
from tests.parties import CITY, FORM, TODAY, as_form, three

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "receipts"
PASSAGE = parse(decode(as_form(three()), FORM), checkpoint="101", city=CITY, today=TODAY)


def keys_of(deployment: str, secret: bytes = b"s" * 64) -> PassageKeys:
    return PassageKeys.of(secret, deployment)


def signed(keys: PassageKeys | None = None, deployment: str = "kakou", **ago: float) -> str:
    """The signed text of a receipt of that age."""
    return issue(PASSAGE, datetime.now(UTC) - timedelta(**ago), keys or keys_of("kakou"), deployment).signed


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "receipt-keys.json"
    file.write_bytes(msgspec.json.encode(published(keys_of("kakou"), "kakou")))
    return file


@pytest.fixture(scope="module")
def main() -> Callable[[list[str]], int]:
    """What the script does, without starting a Python for each case."""
    loader = importlib.machinery.SourceFileLoader("receipts_script", str(SCRIPT))
    spec = importlib.util.spec_from_loader("receipts_script", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    found: Callable[[list[str]], int] = module.main
    return found


Said = pytest.CaptureFixture[str]


def test_a_genuine_receipt_says_what_to_compare(main: Callable[[list[str]], int], keys: Path, capsys: Said) -> None:
    assert main(["verify", "--keys", str(keys), signed(minutes=12)]) == 0
    said = capsys.readouterr().out
    for part in ("GENUINE: registered 12 minutes ago", "checkpoint 101", "ends in 234", "3 travellers"):
        assert part in said
    assert "辽" not in said


def test_an_old_one_is_called_old(main: Callable[[list[str]], int], keys: Path, capsys: Said) -> None:
    assert main(["verify", "--keys", str(keys), signed(hours=5)]) == 4
    assert "GENUINE, BUT OLD: registered 5 hours ago" in capsys.readouterr().out
    assert main(["verify", "--keys", str(keys), "--within", "360", signed(hours=5)]) == 0
    assert main(["verify", "--keys", str(keys), signed(days=-1)]) == 4
    assert "FROM THE FUTURE" in capsys.readouterr().out
    assert main(["verify", "--keys", str(keys), signed(minutes=-2)]) == 0, "two clocks are never the same"


@pytest.mark.parametrize(
    "text",
    [
        signed(keys_of("kakou", b"x" * 64)),
        signed(keys_of("trial"), "trial"),
        signed(keys_of("kakou"), "trial"),
        signed().replace("KR1-", "KR2-"),
        signed()[:-1] + ("A" if signed()[-1] != "A" else "B"),
        "KR1-" + "A" * 40 + "-" + "A" * 103,
        "KR1-",
    ],
    ids=["forged", "another deployment", "a trial with our key", "unknown key", "altered", "made up", "cut"],
)
def test_what_is_not_genuine_is_refused(main: Callable[[list[str]], int], keys: Path, text: str, capsys: Said) -> None:
    assert main(["verify", "--keys", str(keys), text]) == 3
    said = capsys.readouterr().out
    assert said.startswith("NOT GENUINE")
    assert "checkpoint" not in said


def test_each_letter_counts(main: Callable[[list[str]], int], keys: Path) -> None:
    text = signed()
    for at in range(4, len(text), 7):
        other = "A" if text[at] != "A" else "B"
        assert main(["verify", "--keys", str(keys), text[:at] + other + text[at + 1 :]]) == 3


def test_a_picture_is_read(main: Callable[[list[str]], int], keys: Path, tmp_path: Path, capsys: Said) -> None:
    picture = tmp_path / "photo.png"
    segno.make(signed(), error="m").save(str(picture), scale=4)
    assert main(["verify", "--keys", str(keys), str(picture)]) == 0
    segno.make("https://kakou.example/C/101-1-A-0").save(str(picture), scale=4)
    assert main(["verify", "--keys", str(keys), str(picture)]) == 3
    assert "NOT GENUINE" in capsys.readouterr().out


def test_where_nothing_can_be_verified_it_says_why(
    main: Callable[[list[str]], int], keys: Path, tmp_path: Path, capsys: Said
) -> None:
    from PIL import Image

    empty, text, broken = tmp_path / "empty.png", tmp_path / "text.png", tmp_path / "keys.json"
    Image.new("L", (200, 200), 255).save(empty)
    text.write_text("not a picture")
    broken.write_text('{"schema": "kakou.receipt-keys.v1", "deployment": "kakou", "keys": {"1": "AAAA"}}')
    for what, file, reason in (
        (str(empty), keys, "no code can be read"),
        (str(text), keys, "no picture"),
        (str(tmp_path), keys, "directory"),
        (str(tmp_path / "none.png"), keys, "neither the text of a receipt nor a file"),
        (signed(), broken, "32 bytes"),
        (signed(), tmp_path / "none.json", "public-key makes it"),
    ):
        assert main(["verify", "--keys", str(file), what]) == 1
        said = capsys.readouterr()
        assert reason in said.err.replace("Is a d", "d")
        assert said.out == ""


@pytest.mark.parametrize("status", [200, 404])
def test_the_keys_come_from_where_they_are_published(
    main: Callable[[list[str]], int], keys: Path, capsys: Said, status: int
) -> None:
    class Published(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(keys.read_bytes())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Published)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/receipt-keys"
    assert main(["verify", "--keys", url, signed()]) == (0 if status == 200 else 1)
    server.shutdown()
    server.server_close()
    assert main(["verify", "--keys", url, signed()]) == 1
    assert "holds no public keys" in capsys.readouterr().err


def test_as_a_command(keys: Path) -> None:
    """Its text comes by a pipe, broken as a page breaks it."""
    text = signed()
    command = [str(SCRIPT), "verify", "--keys", str(keys), "-"]
    broken = f" {text[:50]}\n{text[50:]}\n"
    done = subprocess.run(command, input=broken, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("GENUINE")
    assert subprocess.run([SCRIPT, "verify"], capture_output=True, check=False).returncode == 2
