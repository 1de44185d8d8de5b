"""The pages of the numbers as they stand now, of the city and of a checkpoint: provisional files in, what the
templates show out. Every number goes with its file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from markupsafe import Markup
from msgspec import Struct

from chalicelib.command.numbers import Window, beside
from chalicelib.passage.hour import LOCAL, moment, on_the_clock
from chalicelib.summary import charts, layout
from chalicelib.summary.alarms import Alarm
from chalicelib.summary.charts import Series
from chalicelib.summary.counting import Counts
from chalicelib.summary.document import Summary
from chalicelib.summary.pointers import CheckpointNow, Latest, Now
from chalicelib.summary.trend import Trend, Trended, tenths
from chalicelib.web.desk.figures import CHART, MEASURES, STATES, Figures, Row, Said, files, linked, safe
from chalicelib.web.desk.windows import drawn
from chalicelib.web.language import marked as _

STALE = timedelta(minutes=5)
"""A provisional file older than that: the schedule does not run."""

SPARK_DAYS = 14

ALARMS: Mapping[str, str] = {
    "late": _("The hour from %(since)s could be final for %(value)s minutes, and is not."),
    "reconciliation_differs": _("%(code)s: the daily re-count found %(value)s; the summaries have %(expected)s."),
    "key_regions_changed": _(
        "The list of key regions is version %(value)s; some of today was counted by %(expected)s."
    ),
    "silence": _("Silent since %(since)s, where about %(expected)s passages would be usual."),
    "fever_spike": _("%(value)s travellers with fever today; a whole day usually has %(expected)s."),
    "same_temperature": _("%(value)s of %(of)s measured today have the very same temperature, %(code)s °C."),
    "retiring_poster": _("Poster %(code)s is being replaced and was used %(value)s times today: change the sheet."),
    "revoked_poster": _("Poster %(code)s was replaced and was scanned %(value)s times today: take the sheet down."),
}

NOW = linked(layout.NOW)
OPERATION = Window("operation")


class Place(Struct, frozen=True):
    """A checkpoint's line."""

    id: str
    name: str
    state: str
    word: str
    since: str
    today: Said
    vehicles: Said
    total: Said
    usual: Said
    spark: Markup
    unusual: bool


class NowPages(Figures):
    """In one language."""

    def dashboard(
        self, now: Now, latest: Latest, trend: Trend | None, yesterday: Summary | None, at: datetime
    ) -> dict[str, Any]:
        """The whole city now. `yesterday` is the day's final summary."""
        day = date.fromisoformat(now.today.date)
        trend_file = linked(latest.trend.key) if latest.trend else ""
        today = now.today.city
        return {
            **self._sentences(now, latest, at),
            "title": self.say("Numbers"),
            "today": self.day(day),
            "totals": [
                (self.say(MEASURES[name]), Said(charts.number(getattr(now.totals, name)), NOW))
                for name in ("passages", "vehicles", "travellers")
            ],
            "begins": self.day(moment(now.begins).astimezone(LOCAL).date()),
            "comparison": self._comparison(today, day, trend, latest),
            "same_hours": self._same_hours(now, yesterday, at),
            "trend": self._trend_chart(trend, now, None),
            "trend_rows": self._trend_rows(trend, None, trend_file),
            "trend_file": trend_file,
            "hours": self.hours_chart(today, on_the_clock(moment(now.today.begins), moment(now.as_of))),
            "hours_rows": self.hours_rows(today, NOW),
            "places": [self._place(id, there, trend, now) for id, there in now.checkpoints.items()],
            "alarms": [self._alarm(each, now) for each in now.alarms],
            "rankings": [
                ranking
                for subject in ("origin_province", "origin_city", "township")
                if (ranking := self.ranking(subject, today, NOW))
            ],
            "files": files(layout.NOW, beside(now)),
            "final_files": [
                (self.say(label), [*files(file.key, beside(file)), *more])
                for label, file, more in (
                    (_("Today, as far as it is final:"), latest.today, []),
                    (_("The whole operation, as far as it is final:"), latest.operation, drawn(OPERATION)),
                    (_("Day by day:"), latest.trend, []),
                )
                if file
            ],
            **self._windows(latest),
        }

    def checkpoint(
        self, id: str, there: CheckpointNow, now: Now, latest: Latest, trend: Trend | None, at: datetime
    ) -> dict[str, Any]:
        """One checkpoint now."""
        trend_file = linked(latest.trend.key) if latest.trend else ""
        place = self._place(id, there, trend, now)
        return {
            **self._sentences(now, latest, at),
            "title": f"{id} {place.name}",
            "place": place,
            "totals": [
                (self.say(MEASURES[name]), Said(charts.number(getattr(there.today, name)), NOW))
                for name in ("passages", "vehicles", "travellers")
            ],
            "whole": [
                (self.say(MEASURES[name]), Said(charts.number(getattr(there.totals, name)), NOW))
                for name in ("passages", "vehicles", "travellers")
            ],
            "trend": self._trend_chart(trend, now, id),
            "trend_rows": self._trend_rows(trend, id, trend_file),
            "trend_file": trend_file,
            "alarms": [self._alarm(each, now) for each in now.alarms if each.checkpoint == id],
            "files": files(layout.NOW, beside(now)),
            "all_places": self.all_places(id)[0],
            **self._windows(latest),
        }

    def _windows(self, latest: Latest) -> dict[str, Any]:
        """Other windows to choose from: the last days, and what the fields begin with."""
        days = [self.day(layout.day_of(each.key)) for each in reversed(latest.days[-SPARK_DAYS:])]
        hour = layout.hour_of(latest.hour.key).start.astimezone(LOCAL) if latest.hour else None
        return {
            "days": days,
            "last_day": days[0][0] if days else "",
            "last_hour": f"{hour:%Y-%m-%dT%H}:00" if hour else "",
        }

    def _sentences(self, now: Now, latest: Latest, at: datetime) -> dict[str, Any]:
        final = moment(latest.final_up_to)
        as_of = moment(now.as_of)
        told = {"final": self._time(final, at), "as_of": self._time(as_of, at)}
        sentence = self.say("Final up to %(final)s; from then to %(as_of)s provisional.") % told
        today = as_of.astimezone(LOCAL).date()
        return {
            "sentence": f"{sentence} {self._checked(latest, at)}",
            "other_day": self.say("“Today” here is %(day)s: of later days there are no numbers yet.")
            % {"day": self.day(today)[1]}
            if today != at.astimezone(LOCAL).date()
            else "",
            "stale": self.say(
                "These numbers are %(minutes)d minutes old: the summing up does not run. Tell the administrators."
            )
            % {"minutes": (at - as_of).total_seconds() // 60}
            if at - as_of > STALE
            else "",
        }

    def _checked(self, latest: Latest, at: datetime) -> str:
        """What the daily re-count of the table found."""
        found = latest.reconciled
        if found is None:
            return self.say("Not yet checked against the table.")
        day = layout.day_of(found.day.key)
        told = {"at": self._time(moment(found.checked_at), at), "day": f"{day:%m-%d}"}
        if found.equal:
            return self.say("%(day)s checked against the table at %(at)s: equal.") % told
        return self.say("%(day)s checked against the table at %(at)s: NOT EQUAL.") % told

    def _time(self, when: datetime, at: datetime) -> str:
        local = when.astimezone(LOCAL)
        day = at.astimezone(LOCAL).date()
        return f"{local:%H:%M}" if local.date() == day else f"{local:%m-%d %H:%M}"

    def _comparison(
        self, today: Counts, day: date, trend: Trend | None, latest: Latest
    ) -> tuple[tuple[str, ...], list[Row]]:
        """Today so far, yesterday, and the mean of the last week's whole days, as far as there are two: headings, which
        say what is whole, and rows."""
        file = linked(latest.trend.key) if latest.trend else ""
        last = trend.last if trend else None
        yesterday = last if last and last.date == (day - timedelta(days=1)).isoformat() and last.city else None
        days = yesterday.city.week.days if yesterday and yesterday.city else 0
        whole = yesterday is None or yesterday.state == "whole"
        heads = [
            "",
            self.say("Today so far"),
            self.say(_("Yesterday, whole day") if whole else _("Yesterday, not all of it")),
        ]
        if days > 1:
            heads.append(self.say("Mean of %(days)d whole days") % {"days": days})
        rows = []
        for measure, label in MEASURES.items():
            cells = [Said(charts.number(getattr(today, measure)), NOW), Said("–")]
            if yesterday and yesterday.city:
                cells[1] = Said(charts.number(getattr(yesterday.city.counts, measure)), file)
                mean = tenths(getattr(yesterday.city.week.sums, measure), days)
                if mean is not None and days > 1:
                    cells.append(Said(charts.number(mean / 10), file))
            rows.append(Row(self.say(label), tuple(cells)))
        return tuple(heads), rows

    def _same_hours(self, now: Now, yesterday: Summary | None, at: datetime) -> str:
        """Today against yesterday as far as the same hours go, up to the last one that was over when the numbers were
        read: a day that is not over is no match for a whole one, and the reader's clock says nothing of them."""
        as_of = moment(now.as_of).astimezone(LOCAL)
        if yesterday is None or as_of.date() != at.astimezone(LOCAL).date() or as_of.hour == 0:
            return ""
        whole = moment(yesterday.ends) - moment(yesterday.begins) == timedelta(days=1)
        if not whole or yesterday.expired or "traveller_by_hour" not in yesterday.city.by:
            return ""
        until, today = as_of.hour, now.today.city
        hours = [f"{hour:02d}" for hour in range(until)]
        ours = sum(today.by.get("traveller_by_hour", {}).get(hour, 0) for hour in hours)
        then = sum(yesterday.city.by["traveller_by_hour"].get(hour, 0) for hour in hours)
        change = self.say(" (%(change)+.1f %%)") % {"change": 100 * (ours - then) / then} if then else ""
        return self.say("From 00:00 to %(until)02d:00: %(now)s travellers today, %(then)s yesterday%(change)s.") % {
            "until": until, "now": charts.number(ours), "then": charts.number(then), "change": change,
        }  # fmt: skip

    def _trend_chart(self, trend: Trend | None, now: Now, checkpoint: str | None) -> Markup:
        days = trend.days if trend else ()
        there = [(each.checkpoints.get(checkpoint) if checkpoint else each.city) for each in days]
        today = now.checkpoints[checkpoint].today if checkpoint else now.today.city
        more = bool(days) and days[-1].date < now.today.date
        gap = (date.fromisoformat(now.today.date) - date.fromisoformat(days[-1].date)).days - 1 if more else 0
        labels = [f"{each.date[5:7].lstrip('0')}/{each.date[8:].lstrip('0')}" for each in days] + [""] * gap
        labels.append(self.say("today"))
        series = []
        for measure in ("travellers", "vehicles"):
            values: list[float | None] = [self._measured(each, measure) for each in there]
            values += [None] * gap + [getattr(today, measure)]
            series.append(Series(self.say(MEASURES[measure]), tuple(values), 1, apart=True))
        return safe(charts.line(series, labels, title=self.say("Travellers and vehicles, day by day"), width=CHART))

    def _trend_rows(self, trend: Trend | None, checkpoint: str | None, file: str) -> list[Row]:
        rows = []
        for each in reversed(trend.days if trend else ()):
            there = each.checkpoints.get(checkpoint) if checkpoint else each.city
            cells = [Said("–")] * 3
            if there and there.state == "counted":
                cells = [
                    Said(charts.number(getattr(there.counts, measure)), file)
                    for measure in ("passages", "vehicles", "travellers")
                ]
            rows.append(Row(each.date, tuple(cells)))
        return rows

    @staticmethod
    def _measured(there: Trended | None, measure: str) -> float | None:
        return getattr(there.counts, measure) if there and there.state == "counted" else None

    def _place(self, id: str, there: CheckpointNow, trend: Trend | None, now: Now) -> Place:
        days = (trend.days if trend else ())[-SPARK_DAYS + 1 :]
        values = [self._measured(each.checkpoints.get(id), "travellers") for each in days]
        values.append(there.today.travellers if there.today.passages or there.state == "counted" else None)
        usual = Said("–")
        if there.usual and (mean := tenths(there.usual.passages, there.usual.days)) is not None:
            usual = Said(charts.number(mean / 10), NOW)
        return Place(
            id=id,
            name=self.name(there),
            state=there.state,
            word=self.say(STATES[there.state]),
            since=self._time(moment(there.since), moment(now.as_of)) if there.since else "",
            today=Said(charts.number(there.today.travellers), NOW),
            vehicles=Said(charts.number(there.today.vehicles), NOW),
            total=Said(charts.number(there.totals.travellers), NOW),
            usual=usual,
            spark=safe(charts.spark(values, provisional=1, apart=True)),
            unusual=there.unusual,
        )

    def _alarm(self, alarm: Alarm, now: Now) -> tuple[str, str, str]:
        """Whose it is (an id, or ""), its name, and what it says."""
        known = now.checkpoints.get(alarm.checkpoint or "")
        name = self.name(known) if known else self.say("Whole city")
        told = {
            "since": self._time(moment(alarm.since), moment(now.as_of)) if alarm.since else "",
            "value": charts.number(alarm.value),
            "expected": charts.number(alarm.expected) if alarm.expected is not None else "–",
            "of": charts.number(alarm.of) if alarm.of is not None else "–",
            "code": self.say(MEASURES[code]) if (code := alarm.code or "") in MEASURES else code,
        }
        return alarm.checkpoint or "", name, self.say(ALARMS[alarm.kind]) % told
