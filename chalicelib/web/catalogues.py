"""Building the catalogues: Babel runs here and in the tests, never in a function."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from chalicelib.web.language import CATALOGUES


class CatalogueInvalid(ValueError):
    """A catalogue (.po) cannot be compiled; says which message and why."""


def compile_all(catalogues: Path = CATALOGUES) -> list[Path]:
    """Compile every .po below `catalogues` to the .mo beside it, where that is not there or not of the same messages.

    Returns the .mo files. The build calls this on its copy; the .mo files are not in git. Raises CatalogueInvalid.
    """
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled: list[Path] = []
    for source in sorted(catalogues.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as lines:
            catalogue = read_po(lines, abort_invalid=True)
        # Else it is the moment of the build: the same words would have other bytes, and the stacks other packages.
        catalogue.creation_date = catalogue.revision_date  # type: ignore[assignment]
        for message in catalogue:
            for error in message.check(catalogue):
                raise CatalogueInvalid(f"{source}: {message.id!r}: {error}")
        built = BytesIO()
        write_mo(built, catalogue)
        target = source.with_suffix(".mo")
        if not target.exists() or target.read_bytes() != built.getvalue():
            # Renamed into place, so that two builds at once never read half a file.
            part = target.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(built.getvalue())
            part.replace(target)
        compiled.append(target)
    return compiled


def used(pages: Path = CATALOGUES.parent) -> set[str | tuple[str, str]]:
    """Every message that the code and templates below `pages` use; those with a plural as (singular, plural). The
    desk's, in a folder and a catalogue of their own, are no part of the travellers'."""
    from babel.messages.extract import extract_from_dir

    found: set[str | tuple[str, str]] = set()
    for _, _, message, _, _ in extract_from_dir(
        pages,
        method_map=[("desk/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")],
        keywords={"_": None, "gettext": None, "say": None, "_say": None, "ngettext": (1, 2)},
    ):
        if isinstance(message, tuple):
            found.add((str(message[0]), str(message[1])))
        else:
            found.add(message)
    return found
