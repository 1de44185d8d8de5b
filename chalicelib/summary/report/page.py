"""The page: one self-contained HTML file without a script, that a director reads on a screen or on A4.

Every number that stands in a summary is a `<data>` element that names the source and the place in it
(`data-at="0/city/travellers"`: of source 0 at the page's foot); what is worked out from such numbers, a difference or a
share, says `data-by` how. Where there are very many checkpoints the page shows those that matter most, and says how
many more there are: the workbook has them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chalicelib import divisions
from chalicelib.passage.hour import LOCAL, moment
from chalicelib.summary import charts
from chalicelib.summary.counting import SUBJECTS
from chalicelib.summary.document import AtCheckpoint
from chalicelib.summary.report import HOURS, SHOWN, Measure, Report
from chalicelib.summary.report.sentences import clock, completeness, sentence
from chalicelib.summary.report.tables import LEAST, mean, ranked
from chalicelib.summary.report.words import ALARMS, COUNTED, DAY_STATES, KINDS, STATES, Words, label, subject
from chalicelib.summary.trend import TrendDay, Trended

TOP = 12
"""Origins, and destinations, that have a line of their own."""

SQUARE = 8
"""Rows and columns of origin by destination."""

LINE = 14
"""Days of a checkpoint's small line, and of its table: an incubation, and as many as an A4 page has columns for."""

NAMED = 4
"""Silent checkpoints that are named in the first screen."""

_HERE = Path(__file__).parent
_WEEKDAYS = "一二三四五六日"


def page(report: Report) -> bytes:
    """The HTML of `report`."""
    made = _environment().get_template("report.html").render(_Page(report).values())
    return re.sub(r"\s*\n\s*", "\n", made).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(style=_style(), num=num, by=by, clock=clock)
    return environment


@cache
def _style() -> Markup:
    text = re.sub(r"/\*.*?\*/", "", (_HERE / "report.css").read_text("utf-8"), flags=re.S)
    if "<" in text:
        raise ValueError("a style sheet that could end its own element")
    return Markup(re.sub(r"\s+", " ", text).strip())  # noqa: S704 (our own file)


def num(value: float | None, at: str) -> Markup:
    """A number of a source, with its place; a dash for what is not known."""
    if value is None:
        return Markup('<span class="none">–</span>')
    return Markup('<data value="{}" data-at="{}">{}</data>').format(value, at, charts.number(value))


def by(value: float | None, how: str, kind: str = "number") -> Markup:
    """A number worked out from others; `kind` is `number`, `change` (with its sign), `share` (of 1, as per cent), or
    `growth` (a share with its sign)."""
    if value is None:
        return Markup('<span class="none">–</span>')
    if kind == "share":
        text = f"{100 * value:.1f}%"
    elif kind == "growth":
        text = f"{100 * value:+.1f}%".replace("-", "−")
    elif kind == "change":
        text = "±0" if value == 0 else ("+" if value > 0 else "−") + charts.number(abs(value))
    else:
        text = charts.number(value)
    return Markup('<data value="{}" data-by="{}">{}</data>').format(value, how, text)


class _Compared(NamedTuple):
    """A number beside an earlier one."""

    words: Words
    value: Markup
    change: Markup | None
    """Ours less that one; None where the two are not to be compared."""
    share: Markup | None


class _Figure(NamedTuple):
    """One of the first screen's numbers."""

    words: Words
    value: Markup
    beside: Sequence[_Compared]
    note: Words | None = None


class _Bar(NamedTuple):
    """A line of a table that is a chart as well."""

    words: Words
    value: Markup
    share: Markup
    width: float
    """Of 100."""


class _Bars(NamedTuple):
    name: str
    words: Words
    heading: Words
    rows: Sequence[_Bar]
    rest: Words | None
    rest_value: Markup | None


class _Page:
    """What the template shows."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._summary = report.summary
        self._at = {source: str(number) for number, source in enumerate(report.sources)}
        self._alarms = report.alarms
        self._alarming = {alarm.checkpoint for alarm in self._alarms if alarm.kind == "silence"}
        """Checkpoints that are unusually silent."""

    def values(self) -> dict[str, Any]:
        report, summary = self._report, self._summary
        alarms = self._alarms
        return {
            "title": self._title(),
            "kind": KINDS[summary.window],
            "report": report,
            "completeness": completeness(report),
            "figures": self._figures(),
            "silent": self._silent(),
            "alarms": [
                (ALARMS.get(each.kind) or Words(each.kind, each.kind), sentence(each, summary))
                for each in alarms[:SHOWN]
            ],
            "more_alarms": max(0, len(alarms) - SHOWN),
            "trend": self._trend(),
            "hours": self._hours(),
            "checkpoints": self._checkpoints(),
            "origins": self._bars("origin_city", Words("来源城市", "Where from, city"), Words("城市", "City")),
            "provinces": self._bars(
                "origin_province", Words("来源省份", "Where from, province"), Words("省份", "Province")
            ),
            "townships": self._bars("township", Words("目的乡镇", "Where to"), Words("乡镇", "Township")),
            "square": self._square(),
            "classes": [self._class(name) for name in ("vehicle", "purpose", "symptom", "temperature", "document")],
            "sources": [(self._at[each], each) for each in report.sources],
        }

    # The first screen

    def _title(self) -> Words:
        day, ends, begun = self._report.day, self._report.ends, self._report.begins
        hour = f"{ends:%H:%M}" if ends.date() == day else "24:00"
        if self._summary.window in ("days", "operation"):
            return Words(
                f"{begun.year}年{begun.month}月{begun.day}日 {begun:%H:%M} 至 {day.month}月{day.day}日 {hour}",
                f"{begun.day} {begun:%B %Y}, {begun:%H:%M} to {day.day} {day:%B}, {hour}",
            )
        begins = f"{begun:%H:%M}" if begun.date() == day else f"{begun:%m-%d %H:%M}"
        return Words(
            f"{day.year}年{day.month}月{day.day}日 星期{_WEEKDAYS[day.weekday()]} {begins}–{hour}",
            f"{day:%A} {day.day} {day:%B %Y}, {begins} to {hour}",
        )

    def _figures(self) -> list[_Figure]:
        report, city = self._report, self._summary.city
        figures = []
        if report.operation:
            there, at = report.operation.content, self._at[report.operation.source]
            until = clock(there.ends)
            figures += [
                _Figure(
                    Words("行动以来 车辆", "Vehicles, whole operation"),
                    num(there.city.vehicles, f"{at}/city/vehicles"),
                    [],
                    Words(f"{clock(there.begins)} 至 {until}", f"{clock(there.begins)} to {until}"),
                ),
                _Figure(
                    Words("行动以来 人员", "Travellers, whole operation"),
                    num(there.city.travellers, f"{at}/city/travellers"),
                    [],
                    Words(f"{clock(there.begins)} 至 {until}", f"{clock(there.begins)} to {until}"),
                ),
            ]
        when = {"day": Words("当日", " that day"), "today": Words("今日", " today")}.get(
            self._summary.window, Words("", "")
        )
        figures += [
            self._figure("vehicles", Words(f"{when.zh}车辆", f"Vehicles{when.en}")),
            self._figure("travellers", Words(f"{when.zh}人员", f"Travellers{when.en}")),
            self._figure("from_key_regions", Words("来自重点地区人员", "Travellers from key regions")),
            self._figure("fever", Words("发热人员", "Travellers with fever")),
        ]
        share = city.from_key_regions / city.travellers if city.travellers else None
        stay = num(city.key_region_stay, "0/city/key_region_stay")
        extra = _Compared(Words("占全部人员", "of all"), by(share, "share of travellers", "share"), None, None)
        figures[-2] = figures[-2]._replace(
            beside=[
                extra,
                *figures[-2].beside,
                _Compared(Words("14天内到过", "stayed there, 14 days"), stay, None, None),
            ]
        )
        limits = "、".join(f"{each // 10}.{each % 10}" for each in self._summary.fever_from)
        figures[-1] = figures[-1]._replace(note=Words(f"≥ {limits} °C", f"from {limits} °C"))
        return figures

    def _figure(self, measure: Measure, words: Words) -> _Figure:
        """A number of the day beside yesterday's and the week's: up to the same hour where the summaries tell that."""
        report = self._report
        value = getattr(self._summary.city, measure)
        hourly = {"passages": "passage_by_hour", "travellers": "traveller_by_hour"}.get(measure)
        beside: list[_Compared] = []
        if not report.compared:
            return _Figure(words, num(value, f"0/city/{measure}"), beside)
        yesterday = report.yesterday
        if report.whole or hourly is None:
            told: int | None = getattr(yesterday.content.city, measure) if yesterday else None
            shown = num(told, f"{self._at[yesterday.source]}/city/{measure}") if yesterday else num(None, "")
            total, days = report.week(measure)
            if report.whole:
                when, week = Words("前一日", "day before"), Words(f"前{days}日均值", f"mean, {days} days before")
            else:  # part of a day beside whole ones
                when = Words("昨日全天", "yesterday, whole day")
                week = Words(f"前{days}日全天均值", f"mean of {days} whole days")
        else:
            told = report.until_then(yesterday, hourly) if yesterday else None
            shown = by(told, f"yesterday {hourly} to {report.hours}")
            total, days = report.week_until_then(hourly)
            when = Words("昨日同时段", "yesterday, same hours")
            week = Words(f"前{days}日同时段均值", f"mean of {days} days, same hours")
        comparable = report.whole or hourly is not None
        beside.append(self._compared(when, shown, value, told, comparable))
        if days >= LEAST:
            average = mean(total, days)
            beside.append(self._compared(week, by(average, f"mean {measure}"), value, average, comparable))
        return _Figure(words, num(value, f"0/city/{measure}"), beside)

    def _compared(self, words: Words, shown: Markup, value: int, told: float | None, comparable: bool) -> _Compared:
        if told is None or not comparable:
            return _Compared(words, shown, None, None)
        change = round(value - told, 1)
        share = by(change / told, "change in parts of it", "growth") if told else None
        return _Compared(words, shown, by(change, "ours less that", "change"), share)

    def _silent(self) -> dict[str, Any]:
        silent = [(each, there) for each, there in self._listed() if there.state == "silent" or each in self._alarming]
        opened = sum(there.state != "closed" for _, there in self._listed())
        return {
            "count": by(len(silent), "checkpoints silent"),
            "of": by(opened, "checkpoints not closed"),
            "named": [(each, there.name_zh, there.name_en) for each, there in silent[:NAMED]],
            "more": max(0, len(silent) - NAMED),
        }

    # What follows

    def _trend(self) -> dict[str, Any]:
        report = self._report
        if not report.trend or not report.trend_source or not report.trend.days:
            return {"days": [], "chart": None, "odd": [], "means": None}
        at = self._at[report.trend_source]
        days = report.trend.days
        rows = []
        for number, day in enumerate(days):
            there, path = day.city, f"{at}/days/{number}/city"
            state = DAY_STATES.get(day.state) or Words(day.state, day.state)
            counted = there is not None and there.state == "counted"
            rows.append(
                {
                    "date": day.date,
                    "state": state,
                    "odd": day.state != "whole",
                    "numbers": [
                        num(getattr(there.counts, name) if counted and there else None, f"{path}/counts/{name}")
                        for name in ("vehicles", "travellers", "from_key_regions", "fever")
                    ],
                    "change": by(there.change.travellers, f"{path}/change/travellers", "change")
                    if there and there.change
                    else num(None, ""),
                    "mean": by(_mean(there), f"{path}/week/sums/travellers over {path}/week/days"),
                    "of": num(there.week.days if there else None, f"{path}/week/days"),
                }
            )
        labels = [f"{date.fromisoformat(day.date):%m-%d}" for day in days]

        def drawn(measure: Measure) -> tuple[float | None, ...]:
            # Part of a day would look like a fall: a gap, and said below.
            return tuple(
                getattr(day.city.counts, measure)
                if day.city and day.state == "whole" and day.city.state == "counted"
                else None
                for day in days
            )

        means = tuple(_mean(day.city) if day.state == "whole" else None for day in days)
        of = [(number, day.city.week.days) for number, day in enumerate(days) if day.city and means[number] is not None]
        lines, title, said = (
            [charts.Series("每日人员", drawn("travellers"))],
            Words("每日人员", "Travellers a day"),
            None,
        )
        if of:
            last, least, most = of[-1], min(each for _, each in of), max(each for _, each in of)
            name = Words(f"{most}日均值", f"{most}-day mean")
            if least < most:
                name = Words(f"至多{most}日均值", f"mean of up to {most} days")
            title = Words(f"{title.zh}与{name.zh}", f"{title.en} and their {name.en}")
            lines.append(charts.Series(name.zh, means))
            said = {
                "last": labels[last[0]],
                "of": num(last[1], f"{at}/days/{last[0]}/city/week/days"),
                "least": by(least, "least days of a mean") if least < most else None,
            }
        return {
            "days": rows,
            "means": said,
            "chart": Markup(  # noqa: S704 (of our own charts, which escape what they write)
                charts.line(lines, labels, title=str(title), width=720, height=175)
            ),
            "small": [
                (
                    Words(f"每日{COUNTED[name][0].zh}", f"{COUNTED[name][0].en}, a day"),
                    Markup(  # noqa: S704
                        charts.line(
                            [charts.Series("", drawn(name))], labels,
                            title=f"每日{COUNTED[name][0]}", width=350, height=110,
                        )
                    ),
                )
                for name in ("from_key_regions", "fever")
            ],
            "odd": [(day.date, DAY_STATES.get(day.state)) for day in days if day.state != "whole"],
        }  # fmt: skip

    def _hours(self) -> dict[str, Any]:
        report, by_subject = self._report, self._summary.city.by
        if "passage_by_hour" not in by_subject and self._summary.city.passages:
            return {"chart": None, "rows": []}
        passages, travellers = by_subject.get("passage_by_hour", {}), by_subject.get("traveller_by_hour", {})
        told = [numbers for each in report.before if (numbers := each.content.city.by.get("passage_by_hour"))]
        rows = []
        for at, hour in enumerate(HOURS):
            over = at in report.clock
            usual = mean(sum(each.get(hour, 0) for each in told), len(told))
            rows.append(
                {
                    "hour": f"{hour}:00",
                    "passages": num(passages.get(hour, 0) if over else None, f"0/city/by/passage_by_hour/{hour}"),
                    "travellers": num(travellers.get(hour, 0) if over else None, f"0/city/by/traveller_by_hour/{hour}"),
                    "usual": by(usual, f"mean passage_by_hour {hour} over {len(told)}"),
                }
            )
        values = [passages.get(hour, 0) if at in report.clock else None for at, hour in enumerate(HOURS)]
        chart = charts.columns(
            values, list(HOURS), title="各时段登记 Passages by hour of the day", width=720, height=170
        )
        late = report.compared and 0 not in report.clock
        return {"chart": Markup(chart), "rows": rows, "days": len(told), "late": late}  # noqa: S704 (our own drawing)

    def _listed(self) -> list[tuple[str, AtCheckpoint]]:
        return sorted(self._summary.checkpoints.items())

    def _checkpoints(self) -> dict[str, Any]:
        report = self._report
        listed = self._listed()
        alarming = self._alarming
        shown = listed
        if len(listed) > SHOWN:
            # The busiest, and of those that are unusually silent as many as find room.
            order = sorted(listed, key=lambda each: (each[0] not in alarming, -each[1].counts.travellers, each[0]))
            chosen = {each for each, _ in order[:SHOWN]}
            shown = [each for each in listed if each[0] in chosen]
        rest = len(listed) - len(shown)
        names = {each for each, _ in shown}
        others = sum(there.counts.travellers for each, there in listed if each not in names)
        days, all_days = self._line(), report.trend.days if report.trend else ()
        return {
            "yesterday": self._yesterday(),
            "days": [
                (f"{date.fromisoformat(day.date):%m-%d}", None if day.state == "whole" else DAY_STATES.get(day.state))
                for _, day in days
            ],
            "earlier": len(days) < len(all_days),
            "rows": [self._checkpoint(each, there, each in alarming) for each, there in shown],
            "all": by(len(listed), "checkpoints"),
            "rest": by(rest, "checkpoints not shown") if rest else None,
            "others": by(others, "travellers of checkpoints not shown"),
        }

    def _line(self) -> list[tuple[int, TrendDay]]:
        """The last days of the trend, each with its place in it."""
        days = self._report.trend.days if self._report.trend and self._report.trend_source else ()
        return list(enumerate(days))[-LINE:]

    def _yesterday(self) -> Words:
        """The heading of the day before: what stands beside part of a day says that it is whole, or that it is not."""
        report = self._report
        state = next((day.state for _, day in self._line() if self._ago(day) == 1), None)
        part = DAY_STATES.get(state or "") if state != "whole" else None
        if part:
            ours = Words("前一日", "Day before") if report.whole else Words("昨日", "Yesterday")
            return Words(f"{ours.zh}人员（{part.zh}）", f"{ours.en} ({part.en.lower()})")
        return Words("前一日人员", "Day before") if report.whole else Words("昨日全天人员", "All of yesterday")

    def _ago(self, day: TrendDay) -> int:
        """So many days before the one that is shown."""
        return (self._report.day - date.fromisoformat(day.date)).days

    def _checkpoint(self, checkpoint: str, there: AtCheckpoint, alarming: bool) -> dict[str, Any]:
        path = f"0/checkpoints/{checkpoint}/counts"
        counted = there.state == "counted"
        trend = self._at[self._report.trend_source] if self._report.trend_source else ""
        values: list[float | None] = []
        days: list[Markup] = []
        yesterday = num(None, "")
        for number, day in self._line():
            then = day.checkpoints.get(checkpoint)
            told = then.counts.travellers if then and then.state == "counted" else None
            values.append(told if day.state == "whole" else None)
            days.append(num(told, f"{trend}/days/{number}/checkpoints/{checkpoint}/counts/travellers"))
            if self._ago(day) == 1:
                yesterday = days[-1]
        last = there.counts.last_passage_at
        return {
            "id": checkpoint,
            "words": Words(there.name_zh, there.name_en),
            "state": STATES.get(there.state) or Words(there.state, there.state),
            "look": there.state,
            "alarming": alarming,
            "since": clock(there.since) if there.since else None,
            "last": self._last(last) if last else None,
            "numbers": [
                num(getattr(there.counts, name) if counted else None, f"{path}/{name}")
                for name in ("vehicles", "travellers", "from_key_regions", "fever")
            ],
            "yesterday": yesterday,
            "days": days,
            "spark": Markup(charts.spark(values)) if any(value is not None for value in values) else None,  # noqa: S704
        }

    def _last(self, passage: str) -> str:
        """When the last passage came; with its day, where there are several."""
        if self._summary.window in ("days", "operation"):
            return clock(passage)
        return moment(passage).astimezone(LOCAL).strftime("%H:%M")

    def _bars(self, name: str, words: Words, heading: Words) -> _Bars:
        numbers = ranked(self._summary.city.by.get(name, {}))
        whole = self._summary.city.travellers
        most = numbers[0][1] if numbers else 1
        rows = [
            _Bar(
                _short(name, code),
                num(number, f"0/city/by/{name}/{code}"),
                by(number / whole, "share of travellers", "share"),
                round(100 * number / most, 1),
            )
            for code, number in numbers[:TOP]
        ]
        rest = numbers[TOP:]
        if not rest:
            return _Bars(name, words, heading, rows, None, None)
        said = Words(f"其余{len(rest)}个", f"{len(rest)} other{'s' if len(rest) > 1 else ''}")
        return _Bars(name, words, heading, rows, said, by(sum(number for _, number in rest), f"rest of {name}"))

    def _square(self) -> dict[str, Any] | None:
        journeys = self._summary.city.by.get("journey", {})
        if not journeys:
            return None
        sums: dict[str, dict[str, int]] = {}
        for code, number in journeys.items():
            whence, _, whither = code.partition(">")
            sums.setdefault(whence, {})[whither] = number
        origins = [code for code, _ in ranked(self._summary.city.by.get("origin_city", {}))][:SQUARE]
        ends = [code for code, _ in ranked(self._summary.city.by.get("township", {}))][:SQUARE]
        most = max((sums.get(a, {}).get(b, 0) for a in origins for b in ends), default=0) or 1
        rows = []
        for whence in origins:
            there = sums.get(whence, {})
            cells = [
                (
                    num(there[end], f"0/city/by/journey/{whence}>{end}") if end in there else Markup(""),
                    _heat(there.get(end, 0), most),
                )
                for end in ends
            ]
            others = sum(number for end, number in there.items() if end not in ends)
            rows.append((_short("origin_city", whence), cells, by(others, f"others from {whence}")))
        return {"ends": [_short("township", end) for end in ends], "rows": rows}

    def _class(self, name: str) -> dict[str, Any]:
        numbers = self._summary.city.by.get(name, {})
        whole = getattr(self._summary.city, SUBJECTS[name])
        order: Iterable[tuple[str, int]] = sorted(numbers.items()) if name == "temperature" else ranked(numbers)
        return {
            "words": subject(name),
            "rows": [
                (
                    label(name, code),
                    num(number, f"0/city/by/{name}/{code}"),
                    by(number / whole if whole else None, f"share of {SUBJECTS[name]}", "share"),
                )
                for code, number in order
            ],
        }


def _mean(there: Trended | None) -> float | None:
    """Travellers a day in the week up to that day."""
    return mean(there.week.sums.travellers, there.week.days) if there else None


def _short(name: str, code: str) -> Words:
    """A place without all that it lies in: 武汉市 (湖北), 孤山镇."""
    lineage = divisions.lineage(code) if code.isdecimal() else ()
    if not lineage:
        return label(name, code)
    zh, en = lineage[-1].name, lineage[-1].pinyin
    if name == "origin_city" and len(lineage) > 1:
        zh = f"{divisions.core(lineage[0].name)} {zh}"
    return Words(zh, en)


def _heat(number: int, most: int) -> int:
    """A shade, 0 to 4."""
    return 0 if not number else 1 + min(3, 4 * (number - 1) // most)
