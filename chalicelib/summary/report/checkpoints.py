"""The table of checkpoints: each with its state, its numbers and its last two weeks."""

from __future__ import annotations

from datetime import date
from typing import Any

from markupsafe import Markup

from chalicelib.passage.hour import LOCAL, moment
from chalicelib.summary import charts
from chalicelib.summary.document import AtCheckpoint
from chalicelib.summary.report import SHOWN
from chalicelib.summary.report.section import Section, by, num
from chalicelib.summary.report.sentences import clock
from chalicelib.summary.report.words import DAY_STATES, STATES, Words
from chalicelib.summary.trend import TrendDay

LINE = 14
"""Days of a checkpoint's small line, and of its table: an incubation, and as many as an A4 page has columns for."""


class Checkpoints(Section):
    """Where there are very many, those that matter most, and how many more there are."""

    def values(self) -> dict[str, Any]:
        """The rows, their heads, and what is not shown."""
        report = self._report
        listed = self._listed()
        alarming = self._alarming
        shown = listed
        if len(listed) > SHOWN:
            # Those that are unusually silent, then the silent, then the busiest.
            order = sorted(
                listed,
                key=lambda each: (each[0] not in alarming, each[1].state != "silent", -each[1].counts.travellers),
            )
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
            "since": clock(since) if there.since and (since := self._report.silent_since(checkpoint)) else None,
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
