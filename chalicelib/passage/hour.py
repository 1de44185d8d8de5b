"""The hour: the unit in which passages are kept, sealed and summed. UTC inside; Asia/Shanghai draws the days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
"""Where days begin and how times are shown (UTC+8, no summer time since 1991)."""

GRACE = timedelta(seconds=120)
"""How long after its end an hour stays open: longer than any request in flight can live, plus clock skew."""


def stamp(moment: datetime) -> str:
    """`moment` as `2020-02-10T07:15:33.123Z`: UTC, milliseconds, sorts as it happened."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment(text: str) -> datetime:
    """The inverse of `stamp`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


@dataclass(frozen=True, order=True, slots=True)
class Hour:
    """One hour, named by its first moment in UTC."""

    start: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.start != self.start.astimezone(UTC).replace(
            minute=0, second=0, microsecond=0
        ):
            raise ValueError("an hour starts on the hour, in an aware time")
        object.__setattr__(self, "start", self.start.astimezone(UTC))

    @classmethod
    def of(cls, moment: datetime) -> Hour:
        """The hour that `moment` (aware) falls in."""
        return cls(moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0))

    @classmethod
    def parse(cls, key: str) -> Hour:
        """The hour of a key such as `2020-02-10T07`; ValueError for anything else."""
        hour = cls(datetime.strptime(key, "%Y-%m-%dT%H").replace(tzinfo=UTC))
        if hour.key != key:
            raise ValueError("an hour is written like 2020-02-10T07")
        return hour

    @property
    def key(self) -> str:
        """`2020-02-10T07`, UTC."""
        return self.start.strftime("%Y-%m-%dT%H")

    @property
    def end(self) -> datetime:
        return self.start + timedelta(hours=1)

    @property
    def day(self) -> date:
        """The day in Asia/Shanghai that this hour belongs to."""
        return self.start.astimezone(LOCAL).date()

    def next(self) -> Hour:
        return Hour(self.end)


def on_the_clock(begins: datetime, ends: datetime) -> frozenset[int]:
    """The hours of the day in Asia/Shanghai (0 to 23) of which there is a part between the two moments."""
    first = begins.astimezone(LOCAL).hour
    parts = -((Hour.of(begins).start - ends) // timedelta(hours=1)) if ends > begins else 0
    return frozenset((first + n) % 24 for n in range(min(parts, 24)))


def hours(first: Hour, beyond: Hour) -> Iterator[Hour]:
    """The hours from `first` up to, not with, `beyond`."""
    while first < beyond:
        yield first
        first = first.next()


def hours_of(day: date) -> list[Hour]:
    """The 24 hours of a day in Asia/Shanghai."""
    first = Hour.of(datetime(day.year, day.month, day.day, tzinfo=LOCAL))
    return [Hour(first.start + timedelta(hours=n)) for n in range(24)]
