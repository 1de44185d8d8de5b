"""The numbers as the command centre asks for them: a window, and the verified files that it is made of.

Only files that `latest` or `now` names are read, each compared with the digest that it is named with, so that a page
can never show what its links do not hold.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from chalicelib.passage.hour import LOCAL, Hour
from chalicelib.summary import layout
from chalicelib.summary.bucket import SummaryStore
from chalicelib.summary.document import Reference, Summary, decode, digest, merged
from chalicelib.summary.pointers import Latest, Now, decode_latest, decode_now, plainly
from chalicelib.summary.trend import Trend, decode_trend

MOST_DAYS = 42
"""Days of one window: as many as a trend shows."""

MOST_BYTES = 64_000_000
"""Of the files of one window: what is read and added up while a page waits, in a function of 1 GiB."""

KEPT = 64
"""Final files that a process keeps: they never change."""

KEPT_BYTES = 64_000_000
"""And at most so many bytes of them."""

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOUR = re.compile("([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2})(?::00)?")
"""With its minutes as a browser's own field for a time sends it."""
_CHECKPOINT = re.compile("[1-9][0-9]{1,4}")
ASKED = ("window", "day", "hour", "from", "to", "checkpoint")


class NoSuchWindow(ValueError):
    """What was asked for names no window."""


class WindowTooLong(ValueError):
    """More than `MOST_DAYS`, or `MOST_BYTES`, at once."""


class NotPublished(LookupError):
    """There is no file of that window, or none yet."""


class NotFinal(NotPublished):
    """Parts of a window of which nothing is final (`2020-03-01`, or `2020-03-01 14:00`), and what is: the operation's
    `begins` and `ends`, UTC."""

    def __init__(self, missing: Sequence[str], latest: Latest) -> None:
        super().__init__(*missing)
        self.missing = tuple(missing)
        self.begins, self.ends = latest.begins, latest.final_up_to


class FileDamaged(RuntimeError):
    """A file does not hold what names it says: its key."""


class Window(Struct, frozen=True):
    """What was asked for: `now` (today and the operation so far), the final `operation`, an hour, or days."""

    kind: Literal["now", "operation", "hour", "days"] = "now"
    first: date = date.min
    last: date = date.min
    hour: int = 0
    """Of an hour: in Asia/Shanghai, as all here."""
    checkpoint: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What names it in an address, the checkpoint left out: what `window_of` understands."""
        if self.kind == "operation":
            return {"window": "operation"}
        if self.kind == "hour":
            return {"hour": f"{self.first.isoformat()}T{self.hour:02d}"}
        if self.kind == "days" and self.first == self.last:
            return {"day": self.first.isoformat()}
        return {"from": self.first.isoformat(), "to": self.last.isoformat()} if self.kind == "days" else {}


class Shown(Struct, frozen=True):
    """A final window: its counts, and the files that they are in."""

    summary: Summary
    files: tuple[Reference, ...]
    formats: tuple[tuple[str, ...], ...] = ()
    """For each of them, the keys of the same in other formats."""
    revisions: tuple[int, ...] = ()
    """Of each of them."""

    @property
    def tag(self) -> str:
        """Another one as soon as any of the files is another."""
        return digest("".join(each.digest for each in self.files).encode())[:16]

    def published(self, form: str) -> str | None:
        """The key of the published file that holds this window and no other, as `json`, `csv`, `xlsx` or `html`."""
        if len(self.files) > 1:
            return None
        keys = (self.files[0].key, *self.formats[0])
        return next((key for key in keys if key.endswith(f".{form}")), None)


def beside(file: Struct) -> tuple[str, ...]:
    """The keys of what is published beside a file: the same as a table, a workbook, a page, as far as there is one."""
    others = (getattr(file, kind, None) for kind in ("csv", "xlsx", "html"))
    return tuple(each.key for each in others if isinstance(each, Reference))


def window_of(query: Mapping[str, str]) -> Window:
    """The window of a page's address. Raises NoSuchWindow, WindowTooLong."""
    if query.keys() - {*ASKED, "lang"}:
        raise NoSuchWindow
    checkpoint = query.get("checkpoint", "")
    if checkpoint and not _CHECKPOINT.fullmatch(checkpoint):
        raise NoSuchWindow
    named = frozenset(query) - {"checkpoint", "lang"}
    if named == frozenset():
        return Window(checkpoint=checkpoint)
    if named == {"window"} and query["window"] == "operation":
        return Window("operation", checkpoint=checkpoint)
    if named == {"hour"} and (found := _HOUR.fullmatch(query["hour"])):
        day, hour = _day(found[1]), int(found[2])
        if hour > 23:
            raise NoSuchWindow
        return Window("hour", day, day, hour, checkpoint)
    if named == {"day"}:
        return Window("days", _day(query["day"]), _day(query["day"]), checkpoint=checkpoint)
    if named == {"from", "to"}:
        first, last = _day(query["from"]), _day(query["to"])
        if last < first:
            raise NoSuchWindow
        if (last - first).days >= MOST_DAYS:
            raise WindowTooLong
        return Window("days", first, last, checkpoint=checkpoint)
    raise NoSuchWindow


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise NoSuchWindow


class Numbers:
    """The published summaries, read and verified."""

    def __init__(self, store: SummaryStore) -> None:
        self._store = store
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def now(self) -> Now:
        """Raises NotPublished, Unreachable."""
        return decode_now(self._overwritten(layout.NOW))

    def latest(self) -> Latest:
        """Raises NotPublished, Unreachable."""
        return decode_latest(self._overwritten(layout.LATEST))

    def file(self, key: str) -> bytes:
        """Any published file as it is. Raises NotPublished, Unreachable."""
        if not layout.is_file(key):
            raise NotPublished
        return self._overwritten(key)

    def trend(self, latest: Latest) -> Trend | None:
        """None until a day is whole. Raises FileDamaged, Unreachable."""
        return decode_trend(self._final(latest.trend)) if latest.trend else None

    def day(self, latest: Latest, day: date) -> Summary | None:
        """The final summary of a whole day, if there is one. Raises FileDamaged, Unreachable."""
        found = _named(latest, day)
        return decode(self._final(found)) if found else None

    def of(self, window: Window, latest: Latest) -> Shown:
        """The final counts of `window` (not of `now`); of the day that is not over, as far as it is final. Raises
        NotPublished, NotFinal, WindowTooLong, FileDamaged, Unreachable."""
        references: Sequence[Reference]
        if window.kind == "operation":
            references = [latest.operation] if latest.operation else []
        elif window.kind == "hour":
            references = self._hour(window, latest)
            if not references:
                raise NotFinal([f"{window.first.isoformat()} {window.hour:02d}:00"], latest)
        else:
            days = [window.first + timedelta(days=n) for n in range((window.last - window.first).days + 1)]
            found = {day: _named(latest, day) or _so_far(latest, day) for day in days}
            # A window without one of its days would be a smaller number that looks like the right one.
            if missing := [day.isoformat() for day, there in found.items() if there is None]:
                raise NotFinal(missing, latest)
            references = [there for there in found.values() if there]
        if not references:
            raise NotPublished
        parts: list[Summary] = []
        size = 0
        for each in references:
            content = self._final(each)
            size += len(content)
            if size > MOST_BYTES and len(references) > 1:
                raise WindowTooLong
            parts.append(decode(content))
        files = tuple(map(plainly, references))
        summary = parts[0] if len(parts) == 1 else merged("days", parts, files)
        return Shown(summary, files, tuple(map(beside, references)), tuple(part.revision for part in parts))

    def load(self, reference: Reference, decoded: Callable[[bytes], Any]) -> Any:
        """The final file that is named, verified and decoded. Raises FileDamaged, Unreachable."""
        return decoded(self._final(reference))

    def _hour(self, window: Window, latest: Latest) -> list[Reference]:
        at = datetime(window.first.year, window.first.month, window.first.day, window.hour, tzinfo=LOCAL)
        try:
            folder = layout.hour_folder(Hour.of(at)) + "/"
        except OverflowError:
            return []  # the calendar begins later in UTC
        day = _named(latest, window.first)
        hours = decode(self._final(day)).merged_from if day else latest.hours
        return [each for each in hours if each.key.startswith(folder)]

    def _overwritten(self, key: str) -> bytes:
        found = self._store.read(key)
        if found is None:
            raise NotPublished
        return found.content

    def _final(self, reference: Reference) -> bytes:
        """The file that `reference` names; it never changes, so it is read once."""
        content = self._kept.get(reference.digest)
        if content is None:
            found = self._store.read(reference.key)
            if found is None or digest(found.content) != reference.digest:
                raise FileDamaged(reference.key)
            content = self._kept[reference.digest] = found.content
            while len(self._kept) > KEPT or sum(map(len, self._kept.values())) > KEPT_BYTES:
                self._kept.popitem(last=False)
        return content


def _named(latest: Latest, day: date) -> Reference | None:
    return next((each for each in latest.days if layout.day_of(each.key) == day), None)


def _so_far(latest: Latest, day: date) -> Reference | None:
    """`day` as far as it is final, if it is the one that is not whole."""
    return latest.today if latest.today and layout.hour_of(latest.today.key).day == day else None
