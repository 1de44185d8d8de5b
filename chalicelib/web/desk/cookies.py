"""The desk's cookies: `__Host-` ones, which come over TLS (or loopback), from this host alone, for all of its paths."""

from __future__ import annotations

SESSION, STEPPING, LANGUAGE = "__Host-kakou", "__Host-kakou-step", "__Host-kakou-lang"
"""Who is signed in; a sign-in that waits for its next step; the language chosen."""

DEVICE = "__Host-kakou-known"
"""Random bits by which a browser is recognised where somebody signed in before; they let nobody in."""

LONGEST = 4_096
"""Characters of a request's cookies that are looked at."""


def read(header: str) -> dict[str, str]:
    """The cookies of a request. A name that is there twice counts for nothing: somebody planted one of them."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for part in header[:LONGEST].split(";"):
        name, _equals, value = part.strip().partition("=")
        if name in found:
            twice.add(name)
        found[name] = value
    return {name: value for name, value in found.items() if name not in twice}


def cookie(name: str, value: str, seconds: int) -> str:
    """What sets one for so many seconds; with 0, what takes it away."""
    return f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"
