"""Reports for tests: of the fortnight, by its files."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

from chalicelib.passage.hour import LOCAL
from chalicelib.summary import layout
from chalicelib.summary.document import Reference, decode, digest
from chalicelib.summary.pointers import Tabled
from chalicelib.summary.reconciliation import decode_reconciliation
from chalicelib.summary.report import Beside, Report, days_before, decode_beside
from chalicelib.summary.trend import decode_trend
from tests.summary import fortnight

share = 1 / 100
"""Of the seed's volume; `--town` says another."""


@cache
def made(hour: int = 14) -> fortnight.Made:
    """The fortnight up to some hour of its last day."""
    return fortnight.summaries(share, now=fortnight.STARTS.start + timedelta(days=13, hours=hour, minutes=5), every=24)


def report(hour: int = 14, *, day: date | None = None) -> Report:
    """The report of today at that hour of the last day, or of a whole `day`."""
    found = made(hour)
    latest = found.latest
    days = {layout.day_of(each.key): each for each in latest.days}
    shown = days[day] if day else latest.today
    assert isinstance(shown, Tabled)
    assert latest.operation
    assert latest.trend
    assert latest.reconciled
    today = day or datetime.fromisoformat("2020-03-01").replace(tzinfo=LOCAL).date()
    return Report(
        summary=decode(_read(found, shown)),
        source=_plain(shown),
        operation=Beside(decode_beside(_read(found, latest.operation)), _plain(latest.operation)),
        trend=decode_trend(_read(found, latest.trend)),
        trend_source=_plain(latest.trend),
        before=tuple(
            Beside(decode_beside(_read(found, days[each])), _plain(days[each]))
            for each in days_before(today)
            if each in days
        ),
        reconciliation=decode_reconciliation(_read(found, latest.reconciled)),
        reconciliation_source=_plain(latest.reconciled),
    )


def _read(found: fortnight.Made, reference: Reference) -> bytes:
    stored = found.store.read(reference.key)
    assert stored
    assert digest(stored.content) == reference.digest
    return stored.content


def _plain(reference: Reference) -> Reference:
    return Reference(reference.key, reference.digest)
