"""Packaging: one stack's code and template, made by `chalice package` in a clean folder of its own.

Chalice packs everything under `chalicelib/` and resolves the root `requirements.txt` for every stack. Here each stack
gets a staged copy of the sources and a `vendor/` folder with the packages of `.chalice/packages.json` alone, at the
versions of `requirements.txt`, as wheels for Lambda (a package without one is an error, not a silent compilation). Byte
code with unchecked hashes goes along: Lambda's file system is read-only, and compiling at each cold start costs more
than half of it.
"""

from __future__ import annotations

import compileall
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

BUILD = ROOT / ".local" / "build"

ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
"""`platform.machine()` in Lambda's words."""

_WHEELS = {"x86_64": "x86_64", "arm64": "aarch64"}

_GLIBC = {"python3.10": 26, "python3.11": 26}
"""The minor version of Lambda's glibc 2: Amazon Linux 2 under 3.11 and before, Amazon Linux 2023 (2.34) after."""

_MADE = "chalicelib/web/static/made/"
"""Where packages have their scripts made beforehand (`chalicelib.web.scripts.MADE`): one in a checkout is no source."""

_MAKE_PAGES = """
from chalicelib.web import rendering, scripts
from chalicelib.web.desk import rendering as desk
from chalicelib.web.jinja import Compiled
from chalicelib.web.language import CHINESE

for pages in (rendering, desk):
    Compiled(pages.TEMPLATES / "compiled").keep_all(pages.environment(CHINESE))
scripts.keep_all(scripts.MADE)
"""


class NotPackaged(RuntimeError):
    """A stack could not be packaged; says which, and what pip or Chalice said."""


@dataclass(frozen=True, slots=True)
class Package:
    """A packaged stack."""

    stack: str
    digest: str
    """Of everything that went in: the same sources, the same digest."""
    code: Path | None
    """The deployment zip; None for a stack without functions."""
    template: dict[str, Any]
    """SAM or CloudFormation; a function's `CodeUri` is still to be filled in."""


def host_architecture() -> str:
    """This machine's architecture, for functions that run on it."""
    return ARCHITECTURES.get(platform.machine().lower(), "x86_64")


def package(stack: str, architecture: str = "x86_64") -> Package:
    """Package `stack` (a stage of `.chalice/config.json`, or `data`); made again only when something went another way.

    Two processes at once (tests side by side, a run beside them) take turns. Raises NotPackaged.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return _package(stack, architecture)


def _package(stack: str, architecture: str) -> Package:
    if stack == "data":
        text = (ROOT / ".chalice" / "data.json").read_text(encoding="utf-8")
        return Package(stack, hashlib.sha256(text.encode()).hexdigest()[:32], None, json.loads(text))
    vendor = _vendor(stack, architecture)
    folder = BUILD / f"{stack}-{architecture}"
    digest = _digest(stack, architecture, vendor)
    done = folder / "digest"
    out = folder / "out"
    if not done.exists() or done.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        staged = folder / "staged"
        _stage(staged, stack, architecture, vendor)
        _run(
            [str(Path(sys.executable).with_name("chalice")), "package", "--stage", stack, "--merge-template",
             f".chalice/{stack}.json", str(out)],
            staged,
            f"chalice package, stack {stack}",
        )  # fmt: skip
        shutil.rmtree(staged)
        done.write_text(digest)
    return Package(stack, digest, out / "deployment.zip", json.loads((out / "sam.json").read_text(encoding="utf-8")))


def sources(stack: str) -> Iterator[tuple[Path, str]]:
    """The files of ours that `stack` ships, with their names in the package."""
    from chalicelib.web.catalogues import compile_all

    compile_all()
    yield ROOT / "app.py", "app.py"
    for path in sorted((ROOT / "chalicelib").rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if not path.is_file() or "__pycache__" in path.parts or name.startswith(_MADE):
            continue
        if path.suffix not in {".pyc", ".po", ".pot", ".part"}:
            yield path, name


def requirements(stack: str) -> list[str]:
    """The pinned packages of `stack`: its names in `.chalice/packages.json` at the versions of `requirements.txt`."""
    names = json.loads((ROOT / ".chalice" / "packages.json").read_text(encoding="utf-8"))[stack]
    pinned = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([A-Za-z0-9._-]+)==\S+", line.strip()):
            pinned[_normal(found[1])] = found[0]
    try:
        return sorted(pinned[_normal(name)] for name in names)
    except KeyError as missing:
        raise NotPackaged(f"{missing} is in .chalice/packages.json and not pinned in requirements.txt") from None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _runtime() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _vendor(stack: str, architecture: str) -> Path:
    """The folder of `stack`'s packages, installed once for each set of versions, Python and architecture."""
    wanted = requirements(stack)
    named = hashlib.sha256("\n".join([*wanted, _runtime(), architecture]).encode()).hexdigest()[:16]
    folder = BUILD / f"vendor-{stack}-{named}"
    if not folder.exists():
        for stale in BUILD.glob(f"vendor-{stack}-*"):
            shutil.rmtree(stale)
        partial = BUILD / f"partial-{stack}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        glibc = [f"manylinux_2_{minor}" for minor in range(_GLIBC.get(_runtime(), 34), 4, -1)]
        platforms = [f"{tag}_{_WHEELS[architecture]}" for tag in [*glibc, "manylinux2014", "manylinux2010"]]
        _run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
             "--target", str(partial), "--no-deps", "--no-compile", "--only-binary=:all:", "--implementation", "cp",
             "--python-version", _runtime().removeprefix("python"),
             *(option for tag in platforms for option in ("--platform", tag)), *wanted],
            ROOT,
            f"pip, packages of stack {stack}",
        )  # fmt: skip
        shutil.rmtree(partial / "bin", ignore_errors=True)
        compile_tree(partial)
        partial.rename(folder)
    return folder


def _digest(stack: str, architecture: str, vendor: Path) -> str:
    known = hashlib.sha256(f"{vendor.name} {_runtime()} {architecture}".encode())
    chalice = [ROOT / ".chalice" / name for name in ("config.json", f"{stack}.json")]
    for path, name in [*sources(stack), *((path, path.name) for path in chalice), *_policies()]:
        known.update(f"\0{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    known.update(hashlib.sha256(Path(__file__).read_bytes()).digest())
    return known.hexdigest()[:32]


def _policies() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / ".chalice").glob("policy-*.json")):
        yield path, path.name


def _stage(staged: Path, stack: str, architecture: str, vendor: Path) -> None:
    for path, name in sources(stack):
        target = staged / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    compile_tree(staged / "chalicelib")
    _make_pages(staged)
    shutil.copytree(vendor, staged / "vendor")
    # What Chalice itself adds comes as source alone; its byte code rides with the vendor folder.
    import chalice.app

    runtime = Path(chalice.app.__file__).parent
    for source, name in (
        (staged / "app.py", "app.py"),
        (runtime / "__init__.py", "chalice/__init__.py"),
        (runtime / "app.py", "chalice/app.py"),
    ):
        target = staged / "vendor" / importlib.util.cache_from_source(name)
        py_compile.compile(
            str(source), cfile=str(target), dfile=name, doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )  # fmt: skip
    (staged / "requirements.txt").write_text("")
    folder = staged / ".chalice"
    folder.mkdir()
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    config["lambda_architecture"] = architecture
    (folder / "config.json").write_text(json.dumps(config))
    shutil.copyfile(ROOT / ".chalice" / f"{stack}.json", folder / f"{stack}.json")
    for path, name in _policies():
        shutil.copyfile(path, folder / name)
    # The zip holds times of files: one time for all, so that the same sources make the same package.
    for path in staged.rglob("*"):
        os.utime(path, (1580515200, 1580515200))


def _make_pages(staged: Path) -> None:
    """Make the templates and scripts of `staged`, of what is there: by an interpreter that reads nothing else of ours,
    for this one may have read its sources before somebody changed them."""
    path = os.pathsep.join([str(staged), *filter(None, [os.environ.get("PYTHONPATH")])])
    more = {"PYTHONPATH": path, "PYTHONHASHSEED": "0"}  # the same sources, the same bytes
    _run([sys.executable, "-B", "-c", _MAKE_PAGES], staged, "making templates and scripts", **more)


def compile_tree(folder: Path) -> None:
    """Byte code beside all sources below `folder`, which nothing compares with the sources' times any more."""
    compileall.compile_dir(
        str(folder), quiet=2, stripdir=str(folder.parent),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip


def _run(command: list[str], folder: Path, what: str, **more: str) -> None:
    # Chalice wants a region even where it asks nobody; nothing here may reach an account by accident.
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1", **more}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPackaged(f"{what} failed:\n{(done.stdout + done.stderr).strip()[-4000:]}")
