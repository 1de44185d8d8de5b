"""The tables of the report: every number of the summary, as rows with named, typed columns.

Each table says how many rows it is meant to have, counted from the summary itself and not from the rows made of it; who
writes it compares. The rows come one at a time, so that ten thousand checkpoints need no more memory than one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple

from chalicelib.passage.hour import LOCAL, moment
from chalicelib.summary.counting import SUBJECTS, Counts
from chalicelib.summary.report import HOURS, MEASURES, Report
from chalicelib.summary.report.sentences import sentence
from chalicelib.summary.report.words import ALARMS, COUNTED, DAY_STATES, STATES, Words, label, subject, unit
from chalicelib.summary.reports import has_numbers, shown
from chalicelib.summary.trend import Trended, tenths

Cell = str | int | float | datetime | date | None
"""Text, a number, a moment as the city's clock shows it (without a zone), a day. None: not known, which is not 0."""

Row = tuple[Cell, ...]


LEAST = 2
"""Days that a mean is of: of one day there is none."""

Kind = Literal["text", "number", "mean", "share", "moment", "date"]


class Column(NamedTuple):
    """One column: all of its cells are of one kind."""

    words: Words
    kind: Kind
    width: int = 12
    """In letters of Latin script."""


class Table(NamedTuple):
    """One table."""

    name: str
    words: Words
    columns: tuple[Column, ...]
    meant: int
    """How many rows it must have."""
    rows: Callable[[], Iterable[Row]]
    """The rows, made anew at each call."""


_NAME_ZH = Column(Words("卡口", "Checkpoint"), "text", 22)
_NAME_EN = Column(Words("英文名", "Name"), "text", 32)
_ID = Column(Words("编号", "Id"), "text", 8)
_CODE = Column(Words("代码", "Code"), "text", 14)
_ZH = Column(Words("名称", "Name in Chinese"), "text", 30)
_EN = Column(Words("英文", "Name in English"), "text", 40)
_DATE = Column(Words("日期", "Day"), "date", 12)
_COUNT = Column(Words("数量", "Count"), "number")
_TRAVELLERS = Column(Words("人员", "Travellers"), "number")
_SHARE = Column(Words("占比", "Share"), "share", 10)

_OWN_TABLE = frozenset(
    {"origin_province", "origin_city", "origin", "township", "journey", "passage_by_hour", "traveller_by_hour"}
)
"""Subjects of the city that have a table of their own."""


def tables(report: Report) -> tuple[Table, ...]:
    """All of them, in the order of the workbook."""
    city = report.summary.city
    places = [_places(city, name) for name in ("origin_province", "origin_city", "origin", "township")]
    return (
        _totals(city),
        _trend(report),
        _checkpoints(report),
        _hours(report),
        *places,
        _journeys(city),
        _classes(city),
        _alarms(report),
        _trend_of_checkpoints(report),
        _everything(report),
    )


def local(stamp: str | None) -> datetime | None:
    """A stamp as the city's clock shows it."""
    return moment(stamp).astimezone(LOCAL).replace(tzinfo=None) if stamp else None


def ranked(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    """The largest first; of equals, the smaller code."""
    return sorted(numbers.items(), key=lambda each: (-each[1], each[0]))


def mean(total: int, days: int) -> float | None:
    """The mean in tenths, rounded half up, as a number; None over fewer than `LEAST` days."""
    found = tenths(total, days) if days >= LEAST else None
    return None if found is None else found / 10


def _totals(city: Counts) -> Table:
    def rows() -> Iterator[Row]:
        for name, (words, of) in COUNTED.items():
            yield (name, words.zh, words.en, str(unit(of)), getattr(city, name))

    columns = (Column(Words("代码", "Code"), "text", 20), _ZH, _EN, Column(Words("单位", "Unit"), "text", 18), _COUNT)
    return Table("totals", Words("概况", "Totals"), columns, len(COUNTED), rows)


def _checkpoints(report: Report) -> Table:
    summary = report.summary

    def rows() -> Iterator[Row]:
        for checkpoint, there in sorted(summary.checkpoints.items()):
            counts = there.counts
            # Silence is not zero: only a counted checkpoint has numbers, and scans of dead posters are no passages.
            known = there.state == "counted"
            numbers = [getattr(counts, name) if known or getattr(counts, name) else None for name in COUNTED]
            yield (
                checkpoint, there.name_zh, there.name_en, _state(there.state),
                local(report.silent_since(checkpoint) if there.since else None),
                local(counts.last_passage_at), *numbers,
            )  # fmt: skip

    columns = (
        _ID,
        _NAME_ZH,
        _NAME_EN,
        Column(Words("状态", "State"), "text", 16),
        Column(Words("无登记自", "Silent since"), "moment", 17),
        Column(Words("最近登记", "Last passage"), "moment", 17),
        *(Column(words, "number", 11) for words, _ in COUNTED.values()),
    )
    return Table("checkpoints", Words("卡口", "Checkpoints"), columns, len(summary.checkpoints), rows)


def _hours(report: Report) -> Table:
    by = report.summary.city.by
    passages, travellers = by.get("passage_by_hour", {}), by.get("traveller_by_hour", {})
    told = bool(passages) or not report.summary.city.passages
    before = [numbers for each in report.before if (numbers := each.content.city.by.get("passage_by_hour"))]
    days = len(before)
    usual = Words("此前均值", "Passages, mean of days before")
    if days >= LEAST:
        usual = Words(f"前{days}日均值", f"Passages, mean of {days} days before")

    def rows() -> Iterator[Row]:
        for at, hour in enumerate(HOURS):
            known = told and at in report.clock
            yesterday = report.yesterday and report.yesterday.content.city.by.get("passage_by_hour")
            yield (
                f"{hour}:00–{hour}:59",
                passages.get(hour, 0) if known else None,
                travellers.get(hour, 0) if known else None,
                yesterday.get(hour, 0) if yesterday else None,
                mean(sum(each.get(hour, 0) for each in before), days),
                days,
            )

    columns = (
        Column(Words("时段", "Hour"), "text", 16),
        Column(Words("登记", "Passages"), "number"),
        _TRAVELLERS,
        Column(Words("前一日登记", "Passages, day before"), "number", 14),
        Column(usual, "mean", 16),
        Column(Words("均值天数", "Days in that mean"), "number"),
    )
    return Table("hours", Words("时段", "Hours of the day"), columns, len(HOURS), rows)


def _places(city: Counts, name: str) -> Table:
    numbers = city.by.get(name, {})
    whole = city.travellers

    def rows() -> Iterator[Row]:
        for code, number in ranked(numbers):
            words = label(name, code)
            yield (code, words.zh, words.en, number, number / whole if whole else None)

    return Table(name, subject(name), (_CODE, _ZH, _EN, _TRAVELLERS, _SHARE), len(numbers), rows)


def _journeys(city: Counts) -> Table:
    numbers = city.by.get("journey", {})
    whole = city.travellers

    def rows() -> Iterator[Row]:
        for code, number in ranked(numbers):
            whence, _, whither = code.partition(">")
            start, end = label("origin_city", whence), label("township", whither)
            yield (whence, start.zh, start.en, whither, end.zh, end.en, number, number / whole if whole else None)

    columns = (
        Column(Words("来源代码", "Origin"), "text", 10),
        Column(Words("来源城市", "Origin in Chinese"), "text", 22),
        Column(Words("来源英文", "Origin in English"), "text", 22),
        Column(Words("目的代码", "Destination"), "text", 12),
        Column(Words("目的乡镇", "Destination in Chinese"), "text", 28),
        Column(Words("目的英文", "Destination in English"), "text", 30),
        _TRAVELLERS,
        _SHARE,
    )
    return Table("journey", subject("journey"), columns, len(numbers), rows)


def _classes(city: Counts) -> Table:
    """What has no table of its own, later subjects that are not known here included."""
    others = {name: numbers for name, numbers in city.by.items() if name not in _OWN_TABLE}

    def rows() -> Iterator[Row]:
        for name, numbers in _in_order(others):
            words, of = subject(name), unit(_unit_of(name))
            for code, number in sorted(numbers.items()):
                meaning = label(name, code)
                yield (words.zh, words.en, code, meaning.zh, meaning.en, str(of), number)

    columns = (
        Column(Words("分类", "Subject in Chinese"), "text", 14),
        Column(Words("英文", "Subject"), "text", 18),
        _CODE,
        _ZH,
        _EN,
        Column(Words("单位", "Unit"), "text", 16),
        _COUNT,
    )
    return Table("classes", Words("分类", "By kind"), columns, sum(map(len, others.values())), rows)


def _alarms(report: Report) -> Table:
    found = report.alarms

    def rows() -> Iterator[Row]:
        for alarm in found:
            said = sentence(alarm, report.summary)
            words = ALARMS.get(alarm.kind) or Words(alarm.kind, alarm.kind)
            yield (
                words.zh, words.en, alarm.checkpoint or "city", said.zh, said.en, alarm.value, alarm.expected,
                alarm.days, alarm.of, alarm.code, local(alarm.since),
            )  # fmt: skip

    columns = (
        Column(Words("预警", "Alarm in Chinese"), "text", 18),
        Column(Words("英文", "Alarm"), "text", 22),
        _ID,
        Column(Words("说明", "What, in Chinese"), "text", 60),
        Column(Words("英文说明", "What"), "text", 60),
        Column(Words("数值", "Value"), "number"),
        Column(Words("平常", "Usual"), "number"),
        Column(Words("平常的天数", "Days of the usual"), "number"),
        Column(Words("其中总数", "Of"), "number"),
        _CODE,
        Column(Words("自", "Since"), "moment", 17),
    )
    return Table("alarms", Words("预警", "Alarms"), columns, len(found), rows)


def _trend(report: Report) -> Table:
    days = report.trend.days if report.trend else ()

    def rows() -> Iterator[Row]:
        for day in days:
            state = DAY_STATES.get(day.state) or Words(day.state, day.state)
            yield (date.fromisoformat(day.date), str(state), *_followed(day.city))

    columns = (_DATE, Column(Words("完整性", "Completeness"), "text", 18), *_FOLLOWED)
    return Table("trend", Words("趋势", "Trend"), columns, len(days), rows)


def _trend_of_checkpoints(report: Report) -> Table:
    days = report.trend.days if report.trend else ()

    def rows() -> Iterator[Row]:
        for day in days:
            state = DAY_STATES.get(day.state) or Words(day.state, day.state)
            for checkpoint, there in sorted(day.checkpoints.items()):
                yield (
                    date.fromisoformat(day.date), str(state), checkpoint, there.name_zh, _state(there.state),
                    *_followed(there),
                )  # fmt: skip

    columns = (
        _DATE,
        Column(Words("完整性", "Completeness"), "text", 18),
        _ID,
        _NAME_ZH,
        Column(Words("状态", "State"), "text", 16),
        *_FOLLOWED,
    )
    meant = sum(len(day.checkpoints) for day in days)
    return Table("trend_of_checkpoints", Words("卡口趋势", "Trend of each checkpoint"), columns, meant, rows)


_FOLLOWINGS: tuple[tuple[Words, Kind], ...] = (
    (Words("", ""), "number"),
    (Words("·比前日", ", change"), "number"),
    (Words("·至多7日均值", ", mean of up to 7 days"), "mean"),
)
_FOLLOWED = (
    *(
        Column(Words(COUNTED[name][0].zh + said.zh, COUNTED[name][0].en + said.en), kind, 11)
        for name in MEASURES
        for said, kind in _FOLLOWINGS
    ),
    Column(Words("均值天数", "Days in the mean"), "number"),
    Column(Words("重点地区占比‰", "From key regions, per mille"), "number", 11),
)


def _followed(there: Trended | None) -> tuple[Cell, ...]:
    """The numbers of a day of the trend, for the columns of `_FOLLOWED`."""
    if there is None:
        return (None,) * len(_FOLLOWED)
    cells: list[Cell] = []
    for name in MEASURES:
        cells.append(getattr(there.counts, name) if there.state == "counted" else None)
        cells.append(getattr(there.change, name) if there.change else None)
        cells.append(mean(getattr(there.week.sums, name), there.week.days))
    return (*cells, there.week.days, there.key_region_per_mille)


def _everything(report: Report) -> Table:
    """Every number of the summary, a row each, as in its CSV: each checkpoint's state first, no numbers of silence."""
    summary = report.summary
    listed = sorted(summary.checkpoints.items())

    def rows() -> Iterator[Row]:
        yield from _numbers(("city", "全市"), summary.city)
        for checkpoint, there in listed:
            place = (checkpoint, there.name_zh)
            words = STATES.get(there.state) or Words(there.state, there.state)
            told = f"{words.zh}，自 {shown(there.since)}" if there.since else words.zh
            yield (*place, "state", "状态", there.state, told, None, None)
            if has_numbers(there):
                yield from _numbers(place, there.counts)

    columns = (
        _ID,
        _NAME_ZH,
        Column(Words("主题代码", "Subject"), "text", 22),
        Column(Words("主题", "Subject in Chinese"), "text", 14),
        _CODE,
        _ZH,
        Column(Words("单位", "Unit"), "text", 8),
        _COUNT,
    )
    parts = [summary.city, *(there.counts for _, there in listed if has_numbers(there))]
    meant = len(listed) + sum(len(COUNTED) + sum(map(len, counts.by.values())) for counts in parts)
    return Table("everything", Words("全部明细", "Every number"), columns, meant, rows)


def _numbers(place: Row, counts: Counts) -> Iterator[Row]:
    """The rows of one place in the table of everything."""
    for what, (words, of) in COUNTED.items():
        yield (*place, "total", "合计", what, words.zh, unit(of).zh, getattr(counts, what))
    for about, numbers in _in_order(counts.by):
        words, of = subject(about), _unit_of(about)
        for code, number in sorted(numbers.items()):
            yield (*place, about, words.zh, code, label(about, code).zh, unit(of).zh, number)


def _in_order(by: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    """Subjects in the order of the CSV, then those that are not known here."""
    order = [name for name in SUBJECTS if name in by] + sorted(by.keys() - SUBJECTS.keys())
    return [(name, by[name]) for name in order]


def _state(state: str) -> str:
    return str(STATES.get(state) or state)


def _unit_of(about: str) -> str:
    """The unit of a subject: what it counts a part of has the whole's."""
    of = SUBJECTS.get(about, "")
    return COUNTED[of][1] if of in COUNTED else of
