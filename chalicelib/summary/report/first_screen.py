"""The first screen of the page: what the report is of, its numbers beside earlier ones, and who is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from chalicelib.summary.report import SHOWN, Beside, Measure
from chalicelib.summary.report.section import Section, by, num
from chalicelib.summary.report.sentences import clock
from chalicelib.summary.report.tables import LEAST, mean
from chalicelib.summary.report.words import Words

NAMED = 4
"""Silent checkpoints that are named in the first screen."""

_OTHERWISE: Mapping[Measure, Words] = {
    "from_key_regions": Words("另一名单", "by another list"),
    "fever": Words("另一标准", "by another threshold"),
}
"""What makes two days no match."""

_WEEKDAYS = "一二三四五六日"


class _Compared(NamedTuple):
    """A number beside an earlier one."""

    words: Words
    value: Markup
    change: Markup | None
    """Ours less that one; None where the two are not to be compared."""
    share: Markup | None


class Figure(NamedTuple):
    """One of the first screen's numbers."""

    words: Words
    value: Markup
    beside: Sequence[_Compared]
    note: Words | None = None


class FirstScreen(Section):
    """Title, figures, silent checkpoints."""

    def title(self) -> Words:
        """When it is of."""
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

    def figures(self) -> list[Figure]:
        """The operation, then the window: vehicles, travellers, key regions, fever."""
        report, city = self._report, self._summary.city
        figures = []
        if report.operation:
            there, at = report.operation.content, self._at[report.operation.source]
            until = clock(there.ends)
            figures += [
                Figure(
                    Words("行动以来 车辆", "Vehicles, whole operation"),
                    num(there.city.vehicles, f"{at}/city/vehicles"),
                    [],
                    Words(f"{clock(there.begins)} 至 {until}", f"{clock(there.begins)} to {until}"),
                ),
                Figure(
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

    def _figure(self, measure: Measure, words: Words) -> Figure:
        """A number of the day beside yesterday's and the week's: up to the same hour where the summaries tell that."""
        report = self._report
        value = getattr(self._summary.city, measure)
        hourly = {"passages": "passage_by_hour", "travellers": "traveller_by_hour"}.get(measure)
        beside: list[_Compared] = []
        if not report.compared:
            return Figure(words, num(value, f"0/city/{measure}"), beside)
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

        def set_beside(words: Words, shown: Markup, told: float | None, days_of: Sequence[Beside]) -> None:
            alike = report.counted_alike(measure, days_of)
            if not alike:
                words = Words(f"{words.zh}（{_OTHERWISE[measure].zh}）", f"{words.en} ({_OTHERWISE[measure].en})")
            beside.append(self._compared(words, shown, value, told, comparable and alike))

        set_beside(when, shown, told, [yesterday] if yesterday else [])
        if days >= LEAST:
            average = mean(total, days)
            set_beside(week, by(average, f"mean {measure}"), average, report.before)
        return Figure(words, num(value, f"0/city/{measure}"), beside)

    def _compared(self, words: Words, shown: Markup, value: int, told: float | None, comparable: bool) -> _Compared:
        if told is None or not comparable:
            return _Compared(words, shown, None, None)
        change = round(value - told, 1)
        share = by(change / told, "change in parts of it", "growth") if told else None
        return _Compared(words, shown, by(change, "ours less that", "change"), share)

    def silent(self) -> dict[str, Any]:
        """How many checkpoints are silent, or unusually so, of how many; the first of them by name, and whether the
        table below, which has the silent before all others, has room for the rest."""
        alarming = self._alarming
        silent = [(each, there) for each, there in self._listed() if there.state == "silent" or each in alarming]
        opened = sum(there.state != "closed" for _, there in self._listed())
        return {
            "count": by(len(silent), "checkpoints silent"),
            "of": by(opened, "checkpoints not closed"),
            "named": [(each, there.name_zh, there.name_en) for each, there in silent[:NAMED]],
            "more": max(0, len(silent) - NAMED),
            "below": len(silent) <= SHOWN,
        }
