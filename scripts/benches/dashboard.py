"""The desk's dashboard: bytes on the wire of the first load, the second and of one where nothing is new; the time that
a page takes. Fourteen simulated days of 18 checkpoints, at half past two in the afternoon."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalice.app import Request, Response
from msgspec import structs

from chalicelib import wiring
from chalicelib.command.numbers import Numbers
from chalicelib.command.people import Person
from chalicelib.command.sessions import Session
from chalicelib.summary.trend import Trend
from chalicelib.web.catalogues import compile_all
from chalicelib.web.desk import reading, rendering
from chalicelib.web.desk.cookies import SESSION
from chalicelib.web.desk.visit import Visit
from scripts.benches import Figure, beside, interleaved, times
from tests.summary import fortnight

AT = datetime(2020, 3, 1, 6, 37, tzinfo=UTC)
SCALE = 10
"""A tenth of Haicheng's passages: what a page shows does not grow with them."""
TURNS = 9


def measure(count: int | None = None) -> list[Figure]:
    """The figures of a city `count` times smaller than Haicheng."""
    compile_all()
    store = fortnight.summaries(1 / (count or SCALE), now=AT).store
    numbers = Numbers(store)
    seconds = int(AT.timestamp())
    someone = Somebody(Session(Person("wang", ("centre",)), seconds, seconds, seconds, "t" * 32))
    with wiring.use(numbers=numbers, sessions=someone, clock=lambda: AT):
        page = ask("/", reading.numbers)
        again = ask("/", reading.numbers, **{"if-none-match": str(page.headers["ETag"])})
        rest = [ask("/static", lambda visit, kind=kind: visit.static(rendering.file_name(kind)))
                for kind in ("css", "js")]  # fmt: skip
        long = LongTrend(store)
        with wiring.use(numbers=long):
            weeks = ask("/", reading.numbers, **{"accept-language": "en"})
        ran = interleaved(
            TURNS,
            {
                "page": times(lambda: ask("/", reading.numbers), 5),
                "files": times(lambda: decoded(numbers), 5),
            },
        )
    first = wire(page) + sum(map(wire, rest))
    return [
        Figure("first load: page, style, script", first, "bytes", at_most=100_000),
        Figure("second load: the page", wire(page), "bytes", at_most=10_000),
        Figure("second load, 42 days, in English", wire(weeks), "bytes", at_most=10_000),
        Figure("nothing new (304)", wire(again), "bytes", at_most=1_500),
        beside("a page, made", [1000 * each for each in ran["page"]], "ms", "its files, decoded",
               [1000 * each for each in ran["files"]]),
    ]  # fmt: skip


class Somebody:
    """Sessions in which one person is signed in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, id: str, now: datetime) -> Session:
        return self._session


class LongTrend(Numbers):
    """As many days in the trend as it ever shows."""

    def trend(self, latest: Any) -> Trend | None:
        found = super().trend(latest)
        if found is None:
            return None
        earlier = [
            structs.replace(day, date=(date.fromisoformat(day.date) - timedelta(days=13 * times_)).isoformat())
            for times_ in (3, 2, 1)
            for day in found.days
        ]
        return structs.replace(found, days=(*earlier, *found.days)[-42:])


def ask(path: str, work: Any, **headers: str) -> Response:
    told = {"accept-encoding": "gzip", "accept-language": "zh-CN", "cookie": f"{SESSION}=x", **headers}
    event = {
        "multiValueQueryStringParameters": None, "headers": told, "pathParameters": None, "body": None,
        "requestContext": {"httpMethod": "GET", "resourcePath": path}, "stageVariables": None, "isBase64Encoded": False,
    }  # fmt: skip
    response: Response = work(Visit(Request(event, None)))
    if response.status_code not in (200, 304):
        raise RuntimeError(f"answered {response.status_code}")
    return response


def decoded(numbers: Numbers) -> None:
    """What the page is made of, read and decoded, and nothing made of it."""
    latest = numbers.latest()
    numbers.now()
    numbers.trend(latest)
    numbers.day(latest, date(2020, 2, 29))


def wire(answer: Response) -> int:
    """Bytes of an answer: its body as sent, and its headers as HTTP/1.1 writes them, with the gateway's own."""
    lines = [f"{name}: {value}" for name, value in answer.headers.items()]
    gateway = 200
    return len(answer.body) + sum(len(line) + 2 for line in lines) + gateway
