"""Posters into a folder: whole files, or none and a reason."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from chalicelib.checkpoint import code
from chalicelib.checkpoint.poster import reading
from chalicelib.checkpoint.register import RegisterInvalid
from chalicelib.settings import CodeKey, Poster, Settings, first_settings
from scripts import posters
from scripts.posters import NotPrinted, print_posters, read_register, sheets

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


HEADINGS = "id,name_zh,name_en,kind,township,active\n"


def printed(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_each_active_checkpoint_gets_its_active_poster(tmp_path: Path) -> None:
    told: list[None] = []
    files = print_posters(sheets(FEW, KEYS), tmp_path / "new" / "folder", lambda: told.append(None))
    assert len(told) == 2
    assert printed(tmp_path / "new" / "folder") == [
        "checkpoint-101-poster-2-key-A-a4.pdf",
        "checkpoint-102-poster-1-key-A-a4.pdf",
    ]
    for checkpoint, file in zip(("101", "102"), files, strict=True):
        (page,) = reading.render(file, "pdf", 100)
        (found,) = reading.codes(page)
        read = code.read(found.rpartition("/")[2], KEYS, "kakou-test")
        assert (read.checkpoint, code.judge(read, FEW, NOW).state) == (checkpoint, "active")
        assert file.stat().st_mode & 0o777 == 0o644


def test_only_the_ones_asked_for_in_the_formats_and_size_asked_for(tmp_path: Path) -> None:
    print_posters(sheets(FEW, KEYS, ["102"]), tmp_path, forms=("pdf", "png", "svg"), size="a5")
    assert printed(tmp_path) == [f"checkpoint-102-poster-1-key-A-a5.{form}" for form in ("pdf", "png", "svg")]


def test_copies_are_numbered_and_one_file_and_the_list_hold_them(tmp_path: Path) -> None:
    wanted = sheets(FEW, KEYS, ["101"], copies=2)
    assert [(each.copy, each.copies) for each in wanted] == [(1, 2), (2, 2)]
    print_posters(wanted, tmp_path)
    assert printed(tmp_path) == [f"checkpoint-101-poster-2-key-A-copy-{copy}-of-2-a4.pdf" for copy in (1, 2)]
    print_posters(wanted, tmp_path / "one", one_file=True, inspection_list=True)
    assert printed(tmp_path / "one") == ["inspection-list.pdf", "posters-a4.pdf"]
    assert len(list(reading.render(tmp_path / "one" / "posters-a4.pdf", "pdf", 30))) == 2
    assert len(list(reading.render(tmp_path / "one" / "inspection-list.pdf", "pdf", 30))) == 1


def test_the_date_is_the_settings_own_in_china_and_no_clock_is_asked() -> None:
    published = msgspec.structs.replace(FEW, version=7, published_at="2020-02-10T16:30:00.000Z")
    assert {(each.date, each.settings) for each in sheets(published, KEYS)} == {("2020-02-11", 7)}
    assert {each.date for each in sheets(FEW, KEYS)} == {"2020-02-10"}


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
        (msgspec.structs.replace(FEW, checkpoints=FEW.checkpoints[2:]), KEYS, [], "no checkpoint is open"),
    ],
)
def test_what_cannot_be_printed_is_said_before_anything_is_written(
    settings: Settings, keys: dict[str, bytes], only: list[str], said: str
) -> None:
    with pytest.raises(NotPrinted, match=said.replace(".", r"\.")):
        sheets(settings, keys, only)


@pytest.mark.parametrize("copies", [0, -1, 100])
def test_an_odd_number_of_copies_is_refused(copies: int) -> None:
    with pytest.raises(NotPrinted, match="1 to 99 copies"):
        sheets(FEW, KEYS, copies=copies)


def test_every_name_that_cannot_be_drawn_is_said_with_its_checkpoint() -> None:
    bad = tuple(
        msgspec.structs.replace(each, name_zh=name)
        for each, name in zip(FEW.checkpoints[:2], ("海" * 200, "卡口\u202e"), strict=True)
    )
    with pytest.raises(NotPrinted, match=r"checkpoint 101: .*too long(.|\n)*checkpoint 102: .*U\+202E"):
        sheets(FEW, KEYS, register=bad)


def test_a_csv_takes_the_registers_place(tmp_path: Path) -> None:
    """A checkpoint that the settings have keeps its poster's version; a new one gets 1, a closed one none."""
    (tmp_path / "register.csv").write_text(
        "\ufeff" + HEADINGS + "101,沈海高速新口,New Exit,expressway,210381003,yes\n"
        "501,新卡口,New Checkpoint,road,210381003,yes\n502,旧卡口,Old Checkpoint,road,210381003,no\n",
        encoding="utf-8",
    )
    wanted = sheets(FEW, KEYS, register=read_register(tmp_path / "register.csv"))
    assert [(each.checkpoint.name_zh, each.code.version) for each in wanted] == [("沈海高速新口", 2), ("新卡口", 1)]
    with pytest.raises(NotPrinted, match="'102' is not in the CSV"):
        sheets(FEW, KEYS, ["102"], register=read_register(tmp_path / "register.csv"))


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (
            HEADINGS + "501,新卡口,New,road,210381003,yes\n501,口二,Two,road,210381003,yes\n",
            RegisterInvalid,
            "row 3 id",
        ),
        (HEADINGS + "501,新卡口,New,road,210381003,perhaps\n", RegisterInvalid, "row 2 active"),
        (HEADINGS + "501,新卡口,New,road,210381003\n", RegisterInvalid, "row 2: must have 6 cells"),
        (HEADINGS + "501," + "海" * 200 + ",New,road,210381003,yes\n", RegisterInvalid, "row 2 name_zh: write 2 to 40"),
        (HEADINGS + "501,<svg onload>,<svg onload>,road,210381003,yes\n", RegisterInvalid, "row 2 name_en"),
        (HEADINGS + "501,卡\u202e口,New,road,210381003,yes\n", RegisterInvalid, "row 2 name_zh"),
        ("id,name\n", RegisterInvalid, "row 1: the headings must be"),
        (HEADINGS + '501,"新卡口,New', RegisterInvalid, "cannot be read"),
        ("", RegisterInvalid, "row 1: the headings"),
    ],
)
def test_a_malformed_csv_is_refused_by_row_and_column(
    tmp_path: Path, content: str, error: type[Exception], said: str
) -> None:
    (tmp_path / "register.csv").write_text(content, encoding="utf-8")
    with pytest.raises(error, match=said):
        read_register(tmp_path / "register.csv")


def test_a_csv_in_another_encoding_is_refused_by_row(tmp_path: Path) -> None:
    (tmp_path / "register.csv").write_bytes(HEADINGS.encode() + "501,新卡口,New,road,210381003,yes".encode("gb18030"))
    with pytest.raises(NotPrinted, match="row 2: not UTF-8"):
        read_register(tmp_path / "register.csv")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    posters.write(tmp_path / "a.png", b"old")
    with pytest.raises(TypeError):
        posters.write(tmp_path / "a.png", "not bytes")  # type: ignore[arg-type]
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.png", b"old")]


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OSError, match="out"):
        print_posters(sheets(FEW, KEYS), tmp_path / "out")


FULL = """
import resource, sys
from pathlib import Path
from tests.scripts.test_posters import FEW, KEYS
from scripts.posters import print_posters, sheets
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    print_posters(sheets(FEW, KEYS), Path(sys.argv[1]), one_file=sys.argv[3] == "one")
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize("how", ["one", "many"])
def test_a_disk_that_fills_leaves_no_half_written_file(tmp_path: Path, root: Path, how: str) -> None:
    """A limit on the size of files stands in for the full disk: the write ends in the middle just so."""
    command = [sys.executable, "-c", FULL, str(tmp_path / "out"), "20000", how]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n", done.stderr
    assert printed(tmp_path / "out") == []
