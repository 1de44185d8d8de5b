"""What each stack ships: the zip that Lambda is given, and what it becomes there."""

from __future__ import annotations

import zipfile

from scripts.benches import Figure
from scripts.stacks.packaging import package

MIB = 1024 * 1024
STACKS = {"public": 12.0, "command": None}
"""Stack -> how many MiB its zip may have."""


def measure(count: int | None = None) -> list[Figure]:
    """The sizes, as packaged for Lambda on x86_64."""
    figures = []
    for stack, most in STACKS.items():
        code = package(stack).code
        if code is None:
            continue
        with zipfile.ZipFile(code) as zipped:
            entries = zipped.infolist()
        figures += [
            Figure(f"{stack}: zip", code.stat().st_size / MIB, "MiB", at_most=most),
            Figure(f"{stack}: unpacked", sum(each.file_size for each in entries) / MIB, "MiB"),
            Figure(
                f"{stack}: of the zip, byte code",
                sum(each.compress_size for each in entries if each.filename.endswith(".pyc")) / MIB,
                "MiB",
            ),
        ]
    return figures
