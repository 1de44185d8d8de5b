"""Scans that open no form, counted; and codes typed by hand: both within limits.

The limits are this process's own. Lambda runs as many processes as there are requests at once, so they slow a flood
down and do not stop it: what does is the gateway's throttling of `GET /` (.chalice/public.json).
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

from chalicelib import log, wiring
from chalicelib.checkpoint.code import CodeRefused, Scanned, folded, typed
from chalicelib.passage.facts import Scan
from chalicelib.passage.hour import stamp
from chalicelib.settings import Settings


class TooManyTries(Exception):
    """Others, or the same person, typed too much that was wrong (429)."""


class Allowance:
    """Of each name `burst` at once, and `per_second` more as time goes by. The caller keeps the names few."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = Lock()

    def left(self, name: str, now: datetime) -> bool:
        """Whether one may be spent at `now`."""
        return self._now(name, now) >= 1

    def spend(self, name: str, now: datetime) -> bool:
        """Spends one, if there is one left."""
        with self._lock:
            left = self._now(name, now)
            self._left[name] = (left - 1 if left >= 1 else left, now)
            return left >= 1

    def renew(self) -> None:
        """As in a new process."""
        self._left.clear()

    def _now(self, name: str, now: datetime) -> float:
        left, since = self._left.get(name, (self._burst, now))
        return min(self._burst, left + max(0.0, (now - since).total_seconds()) * self._per_second)


TRIES = Allowance(burst=10, per_second=1 / 6)
"""Wrong codes typed, by checkpoint. Right ones cost nothing: a queue before a soaked poster must not shut itself
out."""

SCANS = Allowance(burst=30, per_second=1)
"""Scans that are stored, by poster: whoever reloads a dead page without end fills no table."""


def count(scanned: Scanned, settings: Settings) -> None:
    """Stores the scan of a revoked poster. Whoever scanned gets the page in any case: what fails shows in the log."""
    now = wiring.clock()
    told: dict[str, str | int] = {"checkpoint": scanned.checkpoint.id, "poster": scanned.poster, "key": scanned.key}
    if not SCANS.spend(f"{scanned.checkpoint.id}-{scanned.poster}-{scanned.key}", now):
        log.note("scan_not_counted", **told)
        return
    scan = Scan(scanned.checkpoint.id, stamp(now), secrets.token_hex(8), scanned.poster, scanned.key)
    try:
        wiring.scan_table().scanned(scan, int((now + timedelta(days=settings.retention_days)).timestamp()))
    except Exception as error:
        log.failure("scan_not_counted", error, **told)


def by_hand(checkpoint: str, short: str) -> str:
    """The path of the poster's form that these were read from (see `code.typed`). Raises CodeRefused, TooManyTries, and
    what settings and keys raise.

    It begins at the root, as the settings have it: relative to a stage's own address it would depend on a last slash
    that the gateway does not tell us of.
    """
    settings = wiring.current_settings().current()
    now = wiring.clock()
    number = folded(checkpoint)
    if settings.checkpoint(number) is None:
        raise CodeRefused("typed")  # nothing to guess, hence nothing to limit
    if not TRIES.left(number, now):
        raise TooManyTries
    try:
        code = typed(number, short, settings, wiring.code_keys())
    except CodeRefused:
        TRIES.spend(number, now)
        raise
    return f"{urlsplit(settings.public_url).path}/C/{code}"
