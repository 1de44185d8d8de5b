"""The house: imports point one way, importing does nothing, and the environment is read in one place."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS: tuple[tuple[str, ...], ...] = (
    ("chalicelib.divisions", "chalicelib.log", "chalicelib.patience"),
    ("chalicelib.checkpoint", "chalicelib.settings"),
    ("chalicelib.passage",),
    ("chalicelib.summary",),
    ("chalicelib.command",),
    ("chalicelib.wiring",),
    ("chalicelib.web", "chalicelib.jobs", "scripts"),
    ("app",),
)
"""Each stands only on those before it, and on itself; rooms of one floor may use each other as FLOOR_MATES say."""

FLOOR_MATES = {("chalicelib.checkpoint", "chalicelib.settings"), ("chalicelib.settings", "chalicelib.checkpoint")}
"""The register is part of the settings, and a code is judged by them; no module of theirs is in a circle (below)."""

EDGES = {
    "chalicelib.checkpoint.keyring",
    "chalicelib.passage.table",
    "chalicelib.passage.seal",
    "chalicelib.command.accounts",
    "chalicelib.command.journal",
    "chalicelib.command.links",
    "chalicelib.command.sessions",
    "chalicelib.summary.bucket",
    "chalicelib.settings.bucket",
    "chalicelib.patience",
    "chalicelib.wiring",
    "chalicelib.web.visit",  # names botocore's errors as outages
}
"""The only modules that know AWS."""


DRAWING = {"PIL", "qrcode", "zxingcpp", "reportlab", "fontTools", "pypdfium2", "resvg_py", "manimgx_fonts_cjk"}
"""What only the poster uses."""


def module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module(path): path for path in [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]}


def imports(path: Path, *, ours: bool = True) -> Iterator[str]:
    """The modules that `path` imports, those for type checking alone left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module or ""
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith(("chalicelib", "scripts", "app")) == ours:
                yield name


def floor(name: str) -> tuple[int, str]:
    for height, rooms in enumerate(FLOORS):
        for room in rooms:
            if name == room or name.startswith(room + "."):
                return height, room
    raise AssertionError(f"{name} is in no room")


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_point_one_way(name: str) -> None:
    if name == "chalicelib":
        return
    height, room = floor(name)
    for imported in imports(MODULES[name]):
        if imported == "chalicelib":
            continue
        below, other = floor(imported)
        allowed = below < height or other == room or (room, other) in FLOOR_MATES
        assert allowed, f"{name} imports {imported}, which does not stand below it"


def test_no_module_is_in_a_circle() -> None:
    edges = {name: set(imports(path)) & MODULES.keys() for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for imported in sorted(edges[name]):
                visit(imported, (*trail, name))
            done.add(name)

    for name in edges:
        visit(name, ())


@pytest.mark.parametrize("name", sorted(MODULES))
def test_only_the_edges_know_aws_and_only_two_places_the_environment(name: str) -> None:
    foreign = set(imports(MODULES[name], ours=False))
    if name not in EDGES:
        assert not {each for each in foreign if each.split(".")[0] in ("boto3", "botocore", "aws_encryption_sdk")}
    if name not in ("app", "chalicelib.wiring"):
        text = MODULES[name].read_text(encoding="utf-8")
        assert "environ" not in text.replace("environment", ""), f"{name} reads the environment"
        assert "getenv" not in text, f"{name} reads the environment"
    if not name.startswith("chalicelib.checkpoint.poster."):
        assert not {each for each in foreign if each.split(".")[0] in DRAWING}


def test_importing_does_nothing_and_brings_no_more_than_it_needs() -> None:
    """The public stack's first view must not pay for sealing, posters or summaries."""
    code = (
        "import sys, os; os.environ.clear(); import app;"
        "import chalicelib.checkpoint.poster;"
        f"heavy = ({DRAWING} | {{'aws_encryption_sdk', 'segno', 'babel', 'boto3', 'xlsxwriter'}}) & sys.modules.keys();"
        "assert not heavy, heavy;"
        "assert not [m for m in sys.modules if m.startswith('chalicelib.summary')]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
