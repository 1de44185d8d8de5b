"""The summaries as tables: one tidy CSV each (a row a number), for spreadsheets and for machines.

RFC 4180 with a byte order mark, so that Excel reads it as UTF-8; no cell of text can run as a formula. Pure functions
of a summary, so every number can be found in the file beside it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from chalicelib import divisions
from chalicelib.passage.hour import LOCAL, moment
from chalicelib.summary.counting import SUBJECTS, Counts, Totals
from chalicelib.summary.document import AtCheckpoint, Summary
from chalicelib.summary.pointers import Now
from chalicelib.summary.trend import Trend, tenths

COLUMNS = (
    "window", "from", "until", "status", "checkpoint", "checkpoint_name", "subject", "code", "label", "unit", "count",
)  # fmt: skip
"""`checkpoint` is an id, or `city` for all of them together. The subject `state` says of every checkpoint whether it
was `counted`, `silent` (the label says since when) or `closed`; only a counted one has numbers, or one whose revoked
posters were scanned."""

CITY = ("city", "全市")

_MARKED = {
    "from_key_regions": "travellers",
    "key_region_stay": "travellers",
    "fever": "travellers",
    "on_retiring_posters": "passages",
    "scans": "scans",
    "corrected": "passages",
    "filled_late": "passages",
}
_UNITS = {"on_retiring_posters": "passages"}
"""What a subject's numbers are, where it counts a part."""

_PLACES = frozenset({"origin", "origin_city", "origin_province", "township"})
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

TREND_COLUMNS = (
    "date", "day_status", "checkpoint", "checkpoint_name", "state", "measure", "unit", "count", "change",
    "mean_7_days", "mean_over_days", "per_mille_of_travellers",
)  # fmt: skip
"""`day_status` is what the day is worth: `whole`, `partial`, `expired` or `missing`. Without a number: no count was
known (missing; silent or closed there), or nothing to compare with."""

TREND_UNITS = {
    "passages": "passages",
    "vehicles": "vehicles",
    "travellers": "travellers",
    "from_key_regions": "travellers",
    "key_region_stay": "travellers",
    "fever": "travellers",
}

Row = tuple[str | int, ...]


def table(summary: Summary) -> bytes:
    """The CSV of a final summary."""
    window = (summary.window, shown(summary.begins), shown(summary.ends), summary.state)
    return _csv(_window(window, summary.city, summary.checkpoints))


def now_table(now: Now) -> bytes:
    """The CSV of what is known now: the operation so far, today, and each open hour, all provisional."""
    until = shown(now.as_of)
    operation = ("operation", shown(now.begins), until, now.state)
    today = ("today", shown(now.today.begins), until, now.state)
    rows: list[Row] = [(*operation, *CITY, *row) for row in _counts(now.city)]
    rows += [(*today, *CITY, *row) for row in _counts(now.today.city)]
    for checkpoint, there in sorted(now.checkpoints.items()):
        place = (checkpoint, there.name_zh)
        rows.append((*operation, *place, *_state(there.state, there.since)))
        if there.usual:
            over = f"sum over {there.usual.days} days"
            rows.append(
                (*today, *place, "usual_in_this_hour", there.usual.hour, over, "passages", there.usual.passages)
            )
        for window, totals in ((operation, there.totals), (today, there.today)):
            if totals.passages:
                rows += [(*window, *place, *row) for row in _totals(totals)]
    for hour in now.open_hours:
        rows += _window(("hour", shown(hour.begins), shown(hour.ends), now.state), hour.city, hour.checkpoints)
    for alarm in now.alarms:
        known = now.checkpoints.get(alarm.checkpoint or "")
        place = (alarm.checkpoint, known.name_zh if known else alarm.checkpoint) if alarm.checkpoint else CITY
        label = alarm.code or (shown(alarm.since) if alarm.since else "")
        rows.append((*today, *place, "alarm", alarm.kind, label, "", alarm.value))
    return _csv(rows)


def _window(window: Row, city: Counts, checkpoints: Mapping[str, AtCheckpoint]) -> list[Row]:
    """The rows of one window; `window` is what each begins with."""
    rows: list[Row] = [(*window, *CITY, *row) for row in _counts(city)]
    for checkpoint, there in sorted(checkpoints.items()):
        place = (*window, checkpoint, there.name_zh)
        rows.append((*place, *_state(there.state, there.since)))
        if has_numbers(there):
            rows += [(*place, *row) for row in _counts(there.counts)]
    return rows


def has_numbers(there: AtCheckpoint) -> bool:
    """Whether a checkpoint has numbers: silence is not zero, but a scan of a revoked poster is told."""
    return there.state == "counted" or there.counts.scans > 0


def trend_table(trend: Trend) -> bytes:
    """The CSV of a trend: a row for each measure of a place on a day. A mean is decimal text, rounded to a tenth; a
    day that is missing has one row for the city, without a number."""
    rows: list[Row] = []
    for day in trend.days:
        places = [(*CITY, day.city)] if day.city else []
        places += [(each, there.name_zh, there) for each, there in sorted(day.checkpoints.items())]
        if not places:
            rows.append((day.date, day.state, *CITY, "", "", "", "", "", "", "", ""))
        for checkpoint, name, there in places:
            for measure, unit in TREND_UNITS.items():
                number, mean = (
                    getattr(there.counts, measure),
                    tenths(getattr(there.week.sums, measure), there.week.days),
                )
                share = there.key_region_per_mille if measure == "from_key_regions" else None
                rows.append(
                    (
                        day.date, day.state, checkpoint, name, there.state, measure, unit,
                        number if there.state == "counted" else "",
                        "" if there.change is None else getattr(there.change, measure),
                        "" if mean is None else f"{mean // 10}.{mean % 10}",
                        there.week.days,
                        "" if share is None else share,
                    )
                )  # fmt: skip
    return _csv(rows, TREND_COLUMNS)


def shown(stamp: str) -> str:
    """A stamp in the city's time: `2020-02-10T15:00:00+08:00`."""
    return moment(stamp).astimezone(LOCAL).isoformat(timespec="seconds")


def defused(cell: str | int) -> str | int:
    """`cell` so that no spreadsheet takes it for a formula: an apostrophe before what would begin one."""
    if isinstance(cell, str) and cell and not cell[0].isalnum():  # nearly every cell begins with a letter or a digit
        visible = next((letter for letter in cell if letter.isprintable() and not letter.isspace()), "")
        if visible in _FORMULA or not cell[0].isprintable():
            return "'" + cell
    return cell


def _state(state: str, since: str | None) -> Row:
    return ("state", state, shown(since) if since else "", "", "")


def _totals(totals: Totals) -> Iterator[Row]:
    for unit in ("passages", "vehicles", "travellers"):
        yield ("total", unit, "", unit, getattr(totals, unit))


def _counts(counts: Counts) -> Iterator[Row]:
    yield from _totals(counts.totals)
    for code, unit in _MARKED.items():
        yield ("total", code, "", unit, getattr(counts, code))
    for subject, unit in SUBJECTS.items():
        for code, number in sorted(counts.by.get(subject, {}).items()):
            yield (subject, code, _label(subject, code), _UNITS.get(unit, unit), number)


def _label(subject: str, code: str) -> str:
    """What a code of a place is called; `abroad` and the like stay what they are."""
    if subject == "journey":
        return " → ".join(divisions.path(end) or end for end in code.split(">"))
    return divisions.path(code) if subject in _PLACES else ""


def _csv(rows: Iterable[Row], columns: Row = COLUMNS) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([defused(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()
