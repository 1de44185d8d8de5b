"""The page of a final window, of the city or of a checkpoint: final summaries in, what the template shows out. Every
number goes with its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from chalicelib.command.drawing import FORMS
from chalicelib.command.numbers import Shown, Window
from chalicelib.passage.hour import LOCAL, moment, on_the_clock
from chalicelib.summary import charts, layout
from chalicelib.summary.document import Reference, Summary
from chalicelib.web.desk.figures import MEASURES, STATES, SUBJECTS, Figures, File, Said, files, linked, short


class WindowPage(Figures):
    """In one language."""

    def values(self, window: Window, shown: Shown) -> dict[str, Any]:
        """A final window, of the city or of one checkpoint."""
        summary, checkpoint = shown.summary, window.checkpoint
        there = summary.checkpoints.get(checkpoint) if checkpoint else None
        counts = there.counts if there else summary.city
        own = [
            File(form.upper(), linked(key), short(key)) if key else drawing(window.query, form, shown.tag)
            for form in FORMS
            for key in [shown.published(form)]
        ]
        file = own[0].link
        clock = on_the_clock(moment(summary.begins), moment(summary.ends))
        known = there is None or there.state == "counted"  # silence is not zero
        return {
            "title": self._title(window, summary),
            "place": f"{checkpoint} {self.name(there)}" if there else "",
            "state": self.say(STATES[there.state]) if there else "",
            "told": self._told(window, shown),
            "measures": [
                (self.say(label), Said(charts.number(getattr(counts, measure)), file) if known else Said("–"))
                for measure, label in MEASURES.items()
            ],
            "hours": self.hours_chart(counts, clock if known else frozenset()) if window.kind != "hour" else "",
            "hours_rows": self.hours_rows(counts, file),
            "rankings": [ranking for subject in SUBJECTS if (ranking := self.ranking(subject, counts, file))],
            "rows": []
            if checkpoint
            else [
                (
                    id,
                    self.name(each),
                    self.say(STATES[each.state]),
                    [
                        Said(charts.number(getattr(each.counts, measure)), file)
                        if each.state == "counted"
                        else Said("–")
                        for measure in MEASURES
                    ],
                )
                for id, each in summary.checkpoints.items()
            ],
            "heads": [self.say(label) for label in MEASURES.values()],
            "own": own,
            "parts_of": [
                (*self._part(each, revision), files(each.key, formats))
                for each, formats, revision in zip(shown.files, shown.formats, shown.revisions, strict=True)
            ]
            if len(shown.files) > 1
            else [],
            "all_places": self.all_places(checkpoint, len(summary.checkpoints)) if checkpoint else [],
            "id": checkpoint,
            "around": self.day(window.first) if window.kind == "hour" else (),
            "each_hour": [
                (f"hour={window.first.isoformat()}T{hour:02d}", f"{hour:02d}:00")
                for hour in sorted(clock if window.first == window.last and window.kind == "days" else ())
            ],
        }

    def _told(self, window: Window, shown: Shown) -> list[str]:
        """What the numbers of a window are worth: from when to when, of which revision."""
        summary = shown.summary
        begins, ends = (moment(each).astimezone(LOCAL) for each in (summary.begins, summary.ends))
        lines = []
        if window.kind == "days" and (begins.hour or ends.hour):
            lines.append(self.say("From %(begins)s to %(ends)s.") % {
                "begins": f"{begins:%Y-%m-%d %H:%M}", "ends": f"{ends:%Y-%m-%d %H:%M}",
            })  # fmt: skip
        if window.kind == "days" and ends.hour:
            lines.append(self.say("Final up to %(at)s: the day is not whole yet.") % {"at": f"{ends:%H:%M}"})
        if len(shown.files) == 1:
            lines.append(self.say("Final, revision %(revision)d.") % {"revision": summary.revision})
        else:
            told = {"count": len(shown.files), "revised": sum(each > 1 for each in shown.revisions)}
            added_up = self.say("Final, added up from %(count)d files, %(revised)d of them revised.")
            lines.append(added_up % told)
        if summary.expired:
            lines.append(self.say("Passages may have expired before they were first counted."))
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
        return iso, name + so_far, self.say("revision %(revision)d") % {"revision": revision}

    def _title(self, window: Window, summary: Summary) -> str:
        if window.kind == "operation":
            begins, ends = (moment(each).astimezone(LOCAL) for each in (summary.begins, summary.ends))
            return self.say("Whole operation, %(begins)s to %(ends)s") % {
                "begins": f"{begins:%Y-%m-%d %H:%M}", "ends": f"{ends:%Y-%m-%d %H:%M}",
            }  # fmt: skip
        if window.kind == "hour":
            return f"{window.first.isoformat()} {window.hour:02d}:00–{window.hour + 1:02d}:00"
        if window.first == window.last:
            return window.first.isoformat()
        return self.say("%(first)s to %(last)s") % {
            "first": window.first.isoformat(), "last": window.last.isoformat(),
        }  # fmt: skip


def drawing(query: Mapping[str, str], form: str, tag: str = "") -> File:
    """A file that is drawn when it is asked for, of what the page shows (`tag`), or of what there is by then."""
    return File(form.upper(), "file?" + urlencode({**query, "form": form, **({"seen": tag} if tag else {})}), "")


def drawn(window: Window) -> list[File]:
    """The reports of a window that has none published."""
    return [drawing(window.query, form) for form in ("xlsx", "html")]
