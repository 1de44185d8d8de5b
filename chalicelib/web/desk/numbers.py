"""The pages of the numbers: published summaries in, what the templates show out. Every number goes with its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from msgspec import Struct

from chalicelib import divisions
from chalicelib.command.drawing import FORMS
from chalicelib.command.numbers import Shown, Window, beside
from chalicelib.passage import codes
from chalicelib.passage.hour import LOCAL, moment, on_the_clock
from chalicelib.summary import charts, layout
from chalicelib.summary.alarms import Alarm
from chalicelib.summary.charts import Series
from chalicelib.summary.counting import NOT_TOLD, Counts
from chalicelib.summary.document import AtCheckpoint, Reference, Summary
from chalicelib.summary.pointers import CheckpointNow, Latest, Now
from chalicelib.summary.report import SHOWN
from chalicelib.summary.trend import Trend, Trended, tenths
from chalicelib.web import words as travellers_words
from chalicelib.web.language import CHINESE, DESK, Language, messages
from chalicelib.web.language import marked as _

STALE = timedelta(minutes=5)
"""A provisional file older than that: the schedule does not run."""

CHART = 360
"""Breadth of a chart: its letters are then as large as the page's on a screen, and still readable on a phone."""

SPARK_DAYS = 14
TOP = 8
"""Bars of a ranking."""

LISTED = 24
"""Rows of its table; the rest stand together, and one by one in the file."""


MEASURES: Mapping[str, str] = {
    "passages": _("Passages"),
    "vehicles": _("Vehicles"),
    "travellers": _("Travellers"),
    "from_key_regions": _("From key regions"),
    "key_region_stay": _("Stayed in a key region"),
    "fever": _("Fever"),
}

STATES: Mapping[str, str] = {"counted": _("open"), "silent": _("silent"), "closed": _("closed")}

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

_ANSWERS: Mapping[str, Mapping[str, str]] = {
    "vehicle": travellers_words.VEHICLES,
    "document": travellers_words.DOCUMENTS,
    "purpose": travellers_words.PURPOSES,
    "symptom": travellers_words.SYMPTOMS,
}

SUBJECTS: Mapping[str, str] = {
    "origin_province": _("Origins, by province"),
    "origin_city": _("Origins, by city"),
    "township": _("Destinations"),
    "vehicle": _("Vehicles"),
    "purpose": _("Purposes"),
    "symptom": _("Symptoms (several may be named)"),
    "temperature": _("Temperatures, °C"),
    "document": _("Documents"),
}
"""What a page shows of the counts, in this order."""


class Said(Struct, frozen=True):
    """A number and the file that holds it."""

    text: str
    link: str = ""
    """To the file; "" only where there is no number."""


class Row(Struct, frozen=True):
    name: str
    cells: tuple[Said, ...]


class File(Struct, frozen=True):
    """A file to fetch."""

    form: str
    """`JSON`, say."""
    link: str
    name: str
    """What tells it from others of its form; "" for that of the window shown."""


class Ranking(Struct, frozen=True):
    """The largest of one subject, as a chart and as a table."""

    title: str
    chart: Markup
    rows: tuple[Row, ...]
    more: tuple[Row, ...]
    """What the chart leaves out."""


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


class Pages:
    """The pages in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._say = messages(language, DESK).gettext
        self._travellers_say = messages(language).gettext

    # Now

    def dashboard(
        self, now: Now, latest: Latest, trend: Trend | None, yesterday: Summary | None, at: datetime
    ) -> dict[str, Any]:
        """The whole city now. `yesterday` is the day's final summary."""
        day = date.fromisoformat(now.today.date)
        trend_file = linked(latest.trend.key) if latest.trend else ""
        today = now.today.city
        return {
            **self._sentences(now, latest, at),
            "title": self._say("Numbers"),
            "today": self.day(day),
            "totals": [
                (self._say(MEASURES[name]), Said(charts.number(getattr(now.totals, name)), NOW))
                for name in ("passages", "vehicles", "travellers")
            ],
            "begins": self.day(moment(now.begins).astimezone(LOCAL).date()),
            "comparison": self._comparison(today, day, trend, latest),
            "same_hours": self._same_hours(now, yesterday, at),
            "trend": self._trend_chart(trend, now, None),
            "trend_rows": self._trend_rows(trend, None, trend_file),
            "trend_file": trend_file,
            "hours": self._hours_chart(today, on_the_clock(moment(now.today.begins), moment(now.as_of))),
            "hours_rows": self._hours_rows(today, NOW),
            "places": [self._place(id, there, trend, now) for id, there in now.checkpoints.items()],
            "alarms": [self._alarm(each, now) for each in now.alarms],
            "rankings": [
                ranking
                for subject in ("origin_province", "origin_city", "township")
                if (ranking := self._ranking(subject, today, NOW))
            ],
            "files": _files(layout.NOW, beside(now)),
            "final_files": [
                (self._say(label), [*_files(file.key, beside(file)), *more])
                for label, file, more in (
                    (_("Today, as far as it is final:"), latest.today, []),
                    (_("The whole operation, as far as it is final:"), latest.operation, _drawn(OPERATION)),
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
                (self._say(MEASURES[name]), Said(charts.number(getattr(there.today, name)), NOW))
                for name in ("passages", "vehicles", "travellers")
            ],
            "whole": [
                (self._say(MEASURES[name]), Said(charts.number(getattr(there.totals, name)), NOW))
                for name in ("passages", "vehicles", "travellers")
            ],
            "trend": self._trend_chart(trend, now, id),
            "trend_rows": self._trend_rows(trend, id, trend_file),
            "trend_file": trend_file,
            "alarms": [self._alarm(each, now) for each in now.alarms if each.checkpoint == id],
            "files": _files(layout.NOW, beside(now)),
            "all_places": self._all_places(id)[0],
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

    # A final window

    def window(self, window: Window, shown: Shown) -> dict[str, Any]:
        """A final window, of the city or of one checkpoint."""
        summary, checkpoint = shown.summary, window.checkpoint
        there = summary.checkpoints.get(checkpoint) if checkpoint else None
        counts = there.counts if there else summary.city
        own = [
            File(form.upper(), linked(key), short(key)) if key else _drawing(window.query, form, shown.tag)
            for form in FORMS
            for key in [shown.published(form)]
        ]
        file = own[0].link
        clock = on_the_clock(moment(summary.begins), moment(summary.ends))
        known = there is None or there.state == "counted"  # silence is not zero
        return {
            "title": self._window_title(window, summary),
            "place": f"{checkpoint} {self._name(there)}" if there else "",
            "state": self._say(STATES[there.state]) if there else "",
            "told": self._told(window, shown),
            "measures": [
                (self._say(label), Said(charts.number(getattr(counts, measure)), file) if known else Said("–"))
                for measure, label in MEASURES.items()
            ],
            "hours": self._hours_chart(counts, clock if known else frozenset()) if window.kind != "hour" else "",
            "hours_rows": self._hours_rows(counts, file),
            "rankings": [ranking for subject in SUBJECTS if (ranking := self._ranking(subject, counts, file))],
            "rows": []
            if checkpoint
            else [
                (
                    id,
                    self._name(each),
                    self._say(STATES[each.state]),
                    [
                        Said(charts.number(getattr(each.counts, measure)), file)
                        if each.state == "counted"
                        else Said("–")
                        for measure in MEASURES
                    ],
                )
                for id, each in summary.checkpoints.items()
            ],
            "heads": [self._say(label) for label in MEASURES.values()],
            "own": own,
            "parts_of": [
                (*self._part(each, revision), _files(each.key, formats))
                for each, formats, revision in zip(shown.files, shown.formats, shown.revisions, strict=True)
            ]
            if len(shown.files) > 1
            else [],
            "all_places": self._all_places(checkpoint, len(summary.checkpoints)) if checkpoint else [],
            "id": checkpoint,
            "around": self.day(window.first) if window.kind == "hour" else (),
            "each_hour": [
                (f"hour={window.first.isoformat()}T{hour:02d}", f"{hour:02d}:00")
                for hour in sorted(clock if window.first == window.last and window.kind == "days" else ())
            ],
        }

    def _name(self, there: AtCheckpoint | CheckpointNow) -> str:
        return there.name_zh if self.language == CHINESE else there.name_en

    def _told(self, window: Window, shown: Shown) -> list[str]:
        """What the numbers of a window are worth: from when to when, of which revision."""
        summary = shown.summary
        begins, ends = (moment(each).astimezone(LOCAL) for each in (summary.begins, summary.ends))
        lines = []
        if window.kind == "days" and (begins.hour or ends.hour):
            lines.append(self._say("From %(begins)s to %(ends)s.") % {
                "begins": f"{begins:%Y-%m-%d %H:%M}", "ends": f"{ends:%Y-%m-%d %H:%M}",
            })  # fmt: skip
        if window.kind == "days" and ends.hour:
            lines.append(self._say("Final up to %(at)s: the day is not whole yet.") % {"at": f"{ends:%H:%M}"})
        if len(shown.files) == 1:
            lines.append(self._say("Final, revision %(revision)d.") % {"revision": summary.revision})
        else:
            told = {"count": len(shown.files), "revised": sum(each > 1 for each in shown.revisions)}
            added_up = self._say("Final, added up from %(count)d files, %(revised)d of them revised.")
            lines.append(added_up % told)
        if summary.expired:
            lines.append(self._say("Passages may have expired before they were first counted."))
        return lines

    def _part(self, file: Reference, revision: int) -> tuple[str, str, str]:
        """One of the files of a window of several: its day as a link wants it, as people read it, and its revision."""
        so_far = ""
        if file.key.startswith(layout.ROOT + "today/"):
            last = layout.hour_of(file.key)
            day, so_far = last.day, f" –{last.end.astimezone(LOCAL):%H:%M}"
        else:
            day = layout.day_of(file.key)
        iso, name = self.day(day)
        return iso, name + so_far, self._say("revision %(revision)d") % {"revision": revision}

    def _all_places(self, checkpoint: str, count: int = 0) -> list[str]:
        """That the files are not of one checkpoint alone, and that the page of a report leaves some of many out."""
        lines = [self._say("Each file holds every checkpoint, %(place)s among them.") % {"place": checkpoint}]
        if count > SHOWN:
            lines.append(self._say("HTML lists the %(count)d busiest alone.") % {"count": SHOWN})
        return lines

    def day(self, day: date) -> tuple[str, str]:
        """A day as a link wants it, and as people read it."""
        return day.isoformat(), self._say("%(year)d-%(month)02d-%(day)02d") % {
            "year": day.year, "month": day.month, "day": day.day,
        }  # fmt: skip

    # Parts

    def _sentences(self, now: Now, latest: Latest, at: datetime) -> dict[str, Any]:
        final = moment(latest.final_up_to)
        as_of = moment(now.as_of)
        told = {"final": self._time(final, at), "as_of": self._time(as_of, at)}
        sentence = self._say("Final up to %(final)s; from then to %(as_of)s provisional.") % told
        today = as_of.astimezone(LOCAL).date()
        return {
            "sentence": f"{sentence} {self._checked(latest, at)}",
            "other_day": self._say("“Today” here is %(day)s: of later days there are no numbers yet.")
            % {"day": self.day(today)[1]}
            if today != at.astimezone(LOCAL).date()
            else "",
            "stale": self._say(
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
            return self._say("Not yet checked against the table.")
        day = layout.day_of(found.day.key)
        told = {"at": self._time(moment(found.checked_at), at), "day": f"{day:%m-%d}"}
        if found.equal:
            return self._say("%(day)s checked against the table at %(at)s: equal.") % told
        return self._say("%(day)s checked against the table at %(at)s: NOT EQUAL.") % told

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
            self._say("Today so far"),
            self._say(_("Yesterday, whole day") if whole else _("Yesterday, not all of it")),
        ]
        if days > 1:
            heads.append(self._say("Mean of %(days)d whole days") % {"days": days})
        rows = []
        for measure, label in MEASURES.items():
            cells = [Said(charts.number(getattr(today, measure)), NOW), Said("–")]
            if yesterday and yesterday.city:
                cells[1] = Said(charts.number(getattr(yesterday.city.counts, measure)), file)
                mean = tenths(getattr(yesterday.city.week.sums, measure), days)
                if mean is not None and days > 1:
                    cells.append(Said(charts.number(mean / 10), file))
            rows.append(Row(self._say(label), tuple(cells)))
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
        change = self._say(" (%(change)+.1f %%)") % {"change": 100 * (ours - then) / then} if then else ""
        return self._say("From 00:00 to %(until)02d:00: %(now)s travellers today, %(then)s yesterday%(change)s.") % {
            "until": until, "now": charts.number(ours), "then": charts.number(then), "change": change,
        }  # fmt: skip

    def _trend_chart(self, trend: Trend | None, now: Now, checkpoint: str | None) -> Markup:
        days = trend.days if trend else ()
        there = [(each.checkpoints.get(checkpoint) if checkpoint else each.city) for each in days]
        today = now.checkpoints[checkpoint].today if checkpoint else now.today.city
        more = bool(days) and days[-1].date < now.today.date
        gap = (date.fromisoformat(now.today.date) - date.fromisoformat(days[-1].date)).days - 1 if more else 0
        labels = [f"{each.date[5:7].lstrip('0')}/{each.date[8:].lstrip('0')}" for each in days] + [""] * gap
        labels.append(self._say("today"))
        series = []
        for measure in ("travellers", "vehicles"):
            values: list[float | None] = [self._measured(each, measure) for each in there]
            values += [None] * gap + [getattr(today, measure)]
            series.append(Series(self._say(MEASURES[measure]), tuple(values), 1, apart=True))
        return _safe(charts.line(series, labels, title=self._say("Travellers and vehicles, day by day"), width=CHART))

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

    def _hours_chart(self, counts: Counts, clock: frozenset[int]) -> Markup:
        """Travellers by hour of the day; an hour that is not on the `clock` of the window is a gap, not zero."""
        by = counts.by.get("traveller_by_hour", {})
        values = [by.get(f"{hour:02d}", 0) if hour in clock else None for hour in range(24)]
        labels = [f"{hour:02d}" for hour in range(24)]
        return _safe(charts.columns(values, labels, title=self._say("Travellers by hour of the day"), width=CHART))

    def _hours_rows(self, counts: Counts, file: str) -> list[Row]:
        by = counts.by.get("traveller_by_hour", {})
        return [Row(f"{hour}:00", (Said(charts.number(number), file),)) for hour, number in sorted(by.items())]

    def _place(self, id: str, there: CheckpointNow, trend: Trend | None, now: Now) -> Place:
        days = (trend.days if trend else ())[-SPARK_DAYS + 1 :]
        values = [self._measured(each.checkpoints.get(id), "travellers") for each in days]
        values.append(there.today.travellers if there.today.passages or there.state == "counted" else None)
        usual = Said("–")
        if there.usual and (mean := tenths(there.usual.passages, there.usual.days)) is not None:
            usual = Said(charts.number(mean / 10), NOW)
        return Place(
            id=id,
            name=self._name(there),
            state=there.state,
            word=self._say(STATES[there.state]),
            since=self._time(moment(there.since), moment(now.as_of)) if there.since else "",
            today=Said(charts.number(there.today.travellers), NOW),
            vehicles=Said(charts.number(there.today.vehicles), NOW),
            total=Said(charts.number(there.totals.travellers), NOW),
            usual=usual,
            spark=_safe(charts.spark(values, provisional=1, apart=True)),
            unusual=there.unusual,
        )

    def _alarm(self, alarm: Alarm, now: Now) -> tuple[str, str, str]:
        """Whose it is (an id, or ""), its name, and what it says."""
        known = now.checkpoints.get(alarm.checkpoint or "")
        name = self._name(known) if known else self._say("Whole city")
        told = {
            "since": self._time(moment(alarm.since), moment(now.as_of)) if alarm.since else "",
            "value": charts.number(alarm.value),
            "expected": charts.number(alarm.expected) if alarm.expected is not None else "–",
            "of": charts.number(alarm.of) if alarm.of is not None else "–",
            "code": self._say(MEASURES[code]) if (code := alarm.code or "") in MEASURES else code,
        }
        return alarm.checkpoint or "", name, self._say(ALARMS[alarm.kind]) % told

    def _ranking(self, subject: str, counts: Counts, file: str) -> Ranking | None:
        by = counts.by.get(subject, {})
        if not by:
            return None
        sort: Callable[[tuple[str, int]], Any] = lambda each: (-each[1], each[0])  # noqa: E731
        if subject == "temperature":
            sort = lambda each: each[0]  # noqa: E731
        ranked = [(self._named(subject, code), number) for code, number in sorted(by.items(), key=sort)]
        most = len(ranked) if subject == "temperature" else TOP
        rest = ranked[LISTED:]
        if len(rest) > 1:
            others = self._say("%(count)d others") % {"count": len(rest)}
            ranked = [*ranked[:LISTED], (others, sum(number for _name, number in rest))]
        title = self._say(SUBJECTS[subject])
        return Ranking(
            title,
            _safe(charts.bars(ranked[:most], title=title, width=CHART)),
            _rows(ranked[:most], file),
            _rows(ranked[most:], file),
        )

    def _named(self, subject: str, code: str) -> str:
        if code in _ANSWERS.get(subject, {}):
            return self._travellers_say(_ANSWERS[subject][code])
        if code == codes.ABROAD:
            return self._say("Outside China")
        if code == codes.ELSEWHERE:
            return self._say("Passing through")
        if code == NOT_TOLD:
            return self._say("Not told")
        if subject.startswith(("origin", "township")):
            there = divisions.division(code)
            if there is None:
                return code
            if subject == "township":
                return there.name if self.language == CHINESE else f"{there.pinyin} {there.name}"
            name = divisions.path(code)
            return name if self.language == CHINESE else f"{divisions.pinyin_path(code)} {name}"
        return code

    def _window_title(self, window: Window, summary: Summary) -> str:
        if window.kind == "operation":
            begins, ends = (moment(each).astimezone(LOCAL) for each in (summary.begins, summary.ends))
            return self._say("Whole operation, %(begins)s to %(ends)s") % {
                "begins": f"{begins:%Y-%m-%d %H:%M}", "ends": f"{ends:%Y-%m-%d %H:%M}",
            }  # fmt: skip
        if window.kind == "hour":
            return f"{window.first.isoformat()} {window.hour:02d}:00–{window.hour + 1:02d}:00"
        if window.first == window.last:
            return window.first.isoformat()
        return self._say("%(first)s to %(last)s") % {
            "first": window.first.isoformat(), "last": window.last.isoformat(),
        }  # fmt: skip


def short(key: str) -> str:
    """A file's name as links have it: without what stands before every key."""
    return key.removeprefix(layout.ROOT)


def linked(key: str) -> str:
    """The address that leads to a published file."""
    return "file?name=" + short(key)


NOW = linked(layout.NOW)
OPERATION = Window("operation")


def _files(key: str, others: Iterable[str]) -> list[File]:
    """A published file in all its forms."""
    return [File(each.rpartition(".")[2].upper(), linked(each), short(each)) for each in (key, *others)]


def _drawing(query: Mapping[str, str], form: str, tag: str = "") -> File:
    """A file that is drawn when it is asked for, of what the page shows (`tag`), or of what there is by then."""
    return File(form.upper(), "file?" + urlencode({**query, "form": form, **({"seen": tag} if tag else {})}), "")


def _drawn(window: Window) -> list[File]:
    """The reports of a window that has none published."""
    return [_drawing(window.query, form) for form in ("xlsx", "html")]


def _rows(ranked: Iterable[tuple[str, int]], file: str) -> tuple[Row, ...]:
    return tuple(Row(name, (Said(charts.number(number), file),)) for name, number in ranked)


def _safe(drawing: str) -> Markup:
    return Markup(drawing)  # noqa: S704 (our own drawing, every text in it escaped)
