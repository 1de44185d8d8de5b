"""The people of the command centre: who they are, and which roles let them do what."""

from __future__ import annotations

import re

from msgspec import Struct

ROLES = ("staff", "centre", "investigator", "admin")
"""The groups of the user pool. All see and fetch the numbers; `staff` prints, revokes and replaces posters; `centre`
reads the journal; for `investigator` the search for contacts comes; `admin` has all of these."""

NUMBERS, POSTERS, JOURNAL = "numbers", "posters", "journal"
RIGHTS = {
    "staff": frozenset({NUMBERS, POSTERS}),
    "centre": frozenset({NUMBERS, JOURNAL}),
    "investigator": frozenset({NUMBERS}),
    "admin": frozenset({NUMBERS, POSTERS, JOURNAL}),
}
"""What each role may see or do. Counts of people are no secret among those who sign in."""

_NAME = re.compile("[a-z][a-z0-9.-]{1,31}")


class Person(Struct, frozen=True):
    """Somebody who may sign in."""

    name: str
    roles: tuple[str, ...]

    def may(self, right: str) -> bool:
        return any(right in RIGHTS.get(role, ()) for role in self.roles)


def known_roles(groups: object) -> tuple[str, ...]:
    """Those of `groups` that are roles, in the order of ROLES; anything else counts for nothing."""
    return tuple(role for role in ROLES if isinstance(groups, (list, tuple)) and role in groups)


def name_of(typed: str) -> str | None:
    """The name that somebody typed, in small letters; None for what no operator is called."""
    name = typed.strip().lower()
    return name if _NAME.fullmatch(name) else None
