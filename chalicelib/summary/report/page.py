"""The page: one self-contained HTML file without a script, that a director reads on a screen or on A4.

Every number that stands in a summary is a `<data>` element that names the source and the place in it
(`data-at="0/city/travellers"`: of source 0 at the page's foot); what is worked out from such numbers, a difference or a
share, says `data-by` how. Where there are very many checkpoints the page shows those that matter most, and says how
many more there are: the workbook has them all.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chalicelib.summary.report import SHOWN, Report
from chalicelib.summary.report.checkpoints import Checkpoints
from chalicelib.summary.report.first_screen import FirstScreen
from chalicelib.summary.report.over_time import OverTime
from chalicelib.summary.report.section import by, num
from chalicelib.summary.report.sentences import clock, completeness, sentence
from chalicelib.summary.report.shares import Shares
from chalicelib.summary.report.words import ALARMS, KINDS, Words

_HERE = Path(__file__).parent


def page(report: Report) -> bytes:
    """The HTML of `report`."""
    made = _environment().get_template("report.html").render(_values(report))
    return re.sub(r"\s*\n\s*", "\n", made).encode()


def _values(report: Report) -> dict[str, Any]:
    """What the template shows."""
    summary = report.summary
    alarms = report.alarms
    first, time, shares = FirstScreen(report), OverTime(report), Shares(report)
    return {
        "title": first.title(),
        "kind": KINDS[summary.window],
        "report": report,
        "completeness": completeness(report),
        "figures": first.figures(),
        "silent": first.silent(),
        "alarms": [
            (ALARMS.get(each.kind) or Words(each.kind, each.kind), sentence(each, summary)) for each in alarms[:SHOWN]
        ],
        "more_alarms": max(0, len(alarms) - SHOWN),
        "trend": time.trend(),
        "hours": time.hours(),
        "checkpoints": Checkpoints(report).values(),
        "origins": shares.bars("origin_city", Words("来源城市", "Where from, city"), Words("城市", "City")),
        "provinces": shares.bars(
            "origin_province", Words("来源省份", "Where from, province"), Words("省份", "Province")
        ),
        "townships": shares.bars("township", Words("目的乡镇", "Where to"), Words("乡镇", "Township")),
        "square": shares.square(),
        "classes": [shares.kinds(name) for name in ("vehicle", "purpose", "symptom", "temperature", "document")],
        "sources": [(str(at), each) for at, each in enumerate(report.sources)],
    }


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
