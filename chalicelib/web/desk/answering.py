"""What was answered instead, and why: every error of the desk has its plain page and its status here, and nowhere else.

Data flows one way: `routes` ask `answered`, which hands a `Visit` to the handler; what that raises comes back to here.
"""

from __future__ import annotations

from collections.abc import Callable

from chalice.app import Request, Response

from chalicelib import log, wiring
from chalicelib.checkpoint.lifecycle import Refused
from chalicelib.checkpoint.sheets import NotPrinted
from chalicelib.command.accounts import AccountsUnavailable, TooManyAttempts
from chalicelib.command.journal import JournalUnavailable
from chalicelib.command.numbers import FileDamaged, NoSuchWindow, NotFinal, NotPublished, WindowTooLong
from chalicelib.command.sessions import SessionsUnavailable
from chalicelib.passage.hour import LOCAL, moment
from chalicelib.settings import SettingsInvalid, SettingsMissing, SettingsUnavailable
from chalicelib.summary.bucket import Unreachable
from chalicelib.summary.report import TooManyRows
from chalicelib.web.desk.posters import NoSuchPoster
from chalicelib.web.desk.visit import Bad, Forbidden, Foreign, MovedOn, NotFound, TooLarge, Unauthorised, Visit

NAMED = 3
"""Missing days that are named."""

_REFUSALS: tuple[tuple[type[Exception], str, int], ...] = (
    (Unauthorised, "unauthorised", 401),
    (Forbidden, "forbidden", 403),
    (Foreign, "foreign", 403),
    (Bad, "bad", 400),
    (TooLarge, "too_large", 413),
    (NoSuchWindow, "bad", 400),
    (WindowTooLong, "too_large", 413),
    (NotFinal, "not_final", 404),
    (NotPublished, "not_found", 404),
    (MovedOn, "moved_on", 409),
    (TooManyRows, "too_many_rows", 413),
    (NotFound, "not_found", 404),
    (NoSuchPoster, "bad", 400),
    (NotPrinted, "refused", 409),
    (Refused, "refused", 409),
    (TooManyAttempts, "too_many", 429),
)

_OUTAGES = (
    AccountsUnavailable,
    FileDamaged,
    JournalUnavailable,
    SessionsUnavailable,
    SettingsInvalid,
    SettingsMissing,
    SettingsUnavailable,
    Unreachable,
    wiring.NotReachable,
)


def answered(work: Callable[[Visit], Response], request: Request) -> Response:
    """What `work` answers to `request`, or the page that says why it did not."""
    visit = Visit(request)
    try:
        response = work(visit)
    except Exception as error:
        kind, status = refusal(error)
        response = visit.plain(kind, status, **(_missing(error) if isinstance(error, NotFinal) else {}))
    log.note("answer", status=response.status_code)
    return response


def _missing(error: NotFinal) -> dict[str, str]:
    """Which part of a window is missing, and what there is, by the city's clock."""
    begins, ends = (f"{moment(each).astimezone(LOCAL):%Y-%m-%d %H:%M}" for each in (error.begins, error.ends))
    more = " …" if len(error.missing) > NAMED else ""
    return {"missing": ", ".join(error.missing[:NAMED]) + more, "begins": begins, "ends": ends}


def refusal(error: Exception) -> tuple[str, int]:
    """The plain page that says it (`words.PLAIN`) and the status; a line of the log says so, too."""
    for kind, page, status in _REFUSALS:
        if isinstance(error, kind):
            log.note("refused", reason=page)
            return page, status
    outage = isinstance(error, _OUTAGES)
    log.failure("outage" if outage else "fault", error)
    return "unavailable", 503 if outage else 500
