"""Posters into a folder: whole files, or none and a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import zxingcpp
from PIL import Image

from chalicelib.checkpoint import code
from chalicelib.settings import CodeKey, Poster, Settings, first_settings
from scripts import posters

KEYS = {"A": b"k" * 64}
NOW = datetime(2020, 2, 10, 8, tzinfo=UTC)
SETTINGS = first_settings("kakou-test", "https://kakou.haicheng.gov.cn", "2020-02-10T07:00:00.000Z")
FEW = msgspec.structs.replace(
    SETTINGS,
    checkpoints=(
        SETTINGS.checkpoints[0],
        SETTINGS.checkpoints[1],
        msgspec.structs.replace(SETTINGS.checkpoints[2], active=False),
    ),
    posters=(Poster("101", 1, "retiring"), Poster("101", 2, "active"), Poster("102", 1, "active")),
)


def test_each_active_checkpoint_gets_its_active_poster(tmp_path: Path) -> None:
    told: list[str] = []
    files = posters.print_posters(FEW, KEYS, tmp_path / "new" / "folder", done=told.append)
    assert told == list(files) == ["101", "102"]
    assert sorted(file.name for file in (tmp_path / "new" / "folder").iterdir()) == [
        "checkpoint-101-poster-2-key-A.png",
        "checkpoint-102-poster-1-key-A.png",
    ]
    for checkpoint, file in files.items():
        (found,) = zxingcpp.read_barcodes(Image.open(file).convert("L"))
        read = code.read(found.text.rpartition("/")[2], KEYS, "kakou-test")
        assert (read.checkpoint, code.judge(read, FEW, NOW).state) == (checkpoint, "active")


def test_only_the_ones_asked_for(tmp_path: Path) -> None:
    assert list(posters.print_posters(FEW, KEYS, tmp_path, ["102"])) == ["102"]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("settings", "keys", "only", "said"),
    [
        (FEW, KEYS, ["102", "999"], "'999' is not in the register"),
        (FEW, KEYS, ["102", "../102"], "'../102' is not in the register"),
        (FEW, KEYS, ["102", "103"], "103 is closed"),
        (FEW, KEYS, ["102", "102"], "102 is asked for twice"),
        (FEW, {}, ["102"], "secret of key A is missing"),
        (msgspec.structs.replace(FEW, keys=(CodeKey("A", "withdrawn"),)), KEYS, ["102"], "key A, which is withdrawn"),
        (msgspec.structs.replace(FEW, posters=FEW.posters[:2]), KEYS, [], "102 has no active poster"),
    ],
)
def test_what_cannot_be_printed_is_said_before_anything_is_written(
    tmp_path: Path, settings: Settings, keys: dict[str, bytes], only: list[str], said: str
) -> None:
    with pytest.raises(posters.NotPrinted, match=said.replace(".", r"\.")):
        posters.print_posters(settings, keys, tmp_path / "out", only)
    assert not (tmp_path / "out").exists()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    posters.write(tmp_path / "a.png", b"old")
    with pytest.raises(TypeError):
        posters.write(tmp_path / "a.png", "not bytes")  # type: ignore[arg-type]
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.png", b"old")]


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OSError, match="out"):
        posters.print_posters(FEW, KEYS, tmp_path / "out")
