"""Day by day, and hour by hour: charts, and the tables they are drawn from."""

from __future__ import annotations

from datetime import date
from typing import Any

from markupsafe import Markup

from chalicelib.summary import charts
from chalicelib.summary.report import HOURS, Measure
from chalicelib.summary.report.section import Section, by, num
from chalicelib.summary.report.tables import mean
from chalicelib.summary.report.words import COUNTED, DAY_STATES, STATES, Words
from chalicelib.summary.trend import TrendDay, Trended


class OverTime(Section):
    """The trend, and the hours of the day."""

    def trend(self) -> dict[str, Any]:
        """The days beside one another, those that are not whole marked; no chart where there is no trend."""
        report = self._report
        if not report.trend or not report.trend_source or not report.trend.days:
            return {"days": [], "chart": None, "odd": [], "means": None}
        at = self._at[report.trend_source]
        days = report.trend.days
        rows = []
        for number, day in enumerate(days):
            there, path = day.city, f"{at}/days/{number}/city"
            state = _state(day)
            counted = there is not None and there.state == "counted"
            rows.append(
                {
                    "date": day.date,
                    "state": state,
                    "odd": state != DAY_STATES["whole"],
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
            "odd": [(day.date, state) for day in days if (state := _state(day)) != DAY_STATES["whole"]],
        }  # fmt: skip

    def hours(self) -> dict[str, Any]:
        """Passages and travellers by hour, beside what is usual; an hour outside the window is not zero."""
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


def _state(day: TrendDay) -> Words:
    """What a day is worth; of one on which nobody came, that it was silent."""
    if day.state == "whole" and day.city and day.city.state == "silent":
        return STATES["silent"]
    return DAY_STATES.get(day.state) or Words(day.state, day.state)


def _mean(there: Trended | None) -> float | None:
    """Travellers a day in the week up to that day."""
    return mean(there.week.sums.travellers, there.week.days) if there else None
