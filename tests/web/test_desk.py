"""The desk's pages as values: words in both languages, and every number that of the file it leads to."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Request, Response
from msgspec import structs

from chalicelib import wiring
from chalicelib.checkpoint.poster import reading
from chalicelib.command.journal import JournalUnavailable
from chalicelib.command.numbers import Numbers, window_of
from chalicelib.command.people import Person
from chalicelib.summary.alarms import KINDS
from chalicelib.summary.document import Reference
from chalicelib.summary.pointers import Reconciled
from chalicelib.web import catalogues
from chalicelib.web.desk import factor, machines, rendering
from chalicelib.web.desk.numbers import ALARMS, MEASURES, Pages
from chalicelib.web.desk.rendering import render
from chalicelib.web.language import CATALOGUES, CHINESE, DESK, ENGLISH, Language, messages
from tests.summary import fortnight


def test_the_desk_speaks_chinese_and_english_whole_and_no_other_language() -> None:
    """Who works at the desk reads Chinese; English is for advisers. No catalogue half done beside them."""
    used = catalogues.used(CATALOGUES.parent / "desk")
    catalogue = messages(CHINESE, DESK)._catalog  # type: ignore[attr-defined]
    kept = {key: said for key, said in catalogue.items() if key}
    plain = {key if isinstance(key, str) else key[0] for key in kept}
    wanted = {each if isinstance(each, str) else each[0] for each in used}
    assert not wanted - plain, "messages that the catalogue lacks"
    assert not plain - wanted, "messages that no page uses"
    holes = re.compile(r"%\((\w+)\)")
    for key, said in kept.items():
        message = key if isinstance(key, str) else key[0]
        assert set(holes.findall(said)) == set(holes.findall(message)), message
        if re.search("[a-z]{2}", re.sub(r"%\(.*?\)[-+.0-9]*[sdf]|%%", "", message)):
            assert re.search("[\u4e00-\u9fff]", said), f"{message!r} is not translated"
    assert [each.parents[1].name for each in Path(CATALOGUES).glob("*/LC_MESSAGES/desk.po")] == ["zh_Hans"]


def test_style_and_script_are_named_by_what_they_hold() -> None:
    for kind in ("css", "js"):
        name = rendering.file_name(kind)
        found = rendering.static(name)
        assert found
        assert found[0] == rendering.content(kind)
    for other in ("desk.css", "desk.0000000000000000.css", "../templates/base.html", rendering.file_name("css") + "x"):
        assert rendering.static(other) is None


def test_the_key_of_a_second_factor_is_drawn_so_that_an_app_reads_it() -> None:
    drawn = str(factor.drawn("kakou-test", "wang.li", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"))
    assert "style=" not in drawn, "the policy of the page allows none"
    alone = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400" ', 1)
    (image,) = reading.render(alone.encode(), "svg", 96)
    assert reading.codes(image) == [
        "otpauth://totp/kakou-test:wang.li?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=kakou-test"
    ]


AT = datetime(2020, 3, 1, 6, 37, tzinfo=UTC)
"""14:37 of the last day in the city."""


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    return Numbers(fortnight.summaries(1 / 100, now=AT).store)


def dashboard(numbers: Numbers, language: Language, **changes: Any) -> str:
    now, latest = structs.replace(numbers.now(), **changes), numbers.latest()
    values = Pages(language).dashboard(now, latest, numbers.trend(latest), numbers.day(latest, date(2020, 2, 29)), AT)
    return render("dashboard.html", language, here="numbers", person=WANG, token="t", query={}, **values).decode()


WANG = Person("wang", ("centre",))


class Cells(HTMLParser):
    """The tables of a page: heading of the row -> its cells, each with the file that it leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[dict[str, list[tuple[str, str]]]] = []
        self._cell: list[str] | None = None
        self._heading: list[str] | None = None
        self._row = ""
        self._file = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        if tag == "table":
            self.tables.append({})
            self._row = ""
        elif tag == "th" and told.get("scope") == "row":
            self._heading = []
        elif tag == "td":
            self._cell, self._file = [], ""
        elif tag == "a" and self._cell is not None:
            self._file = (told["href"] or "").removeprefix("file?name=")

    def handle_data(self, data: str) -> None:
        for kept in (self._cell, self._heading):
            if kept is not None:
                kept.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "th" and self._heading is not None:
            self._row = " ".join("".join(self._heading).split())
            self._heading = None
            self.tables[-1][self._row] = []
        elif tag == "td" and self._cell is not None:
            if self._row:  # else the empty corner of the headings
                self.tables[-1][self._row].append((" ".join("".join(self._cell).split()), self._file))
            self._cell = None


def raw(numbers: Numbers, name: str) -> Any:
    return json.loads(numbers.file(f"summaries/v1/{name}"))


def test_every_number_of_the_dashboard_is_the_number_of_the_file_it_leads_to(numbers: Numbers) -> None:
    page = dashboard(numbers, ENGLISH)
    now = raw(numbers, "now.json")
    big = re.findall('<dt>(.*?)</dt><dd><a href="file[?]name=now.json">(.*?)</a>', page)
    assert {name.lower(): int(text.replace(",", "")) for name, text in big} == now["totals"]
    comparison, trend, hours, places, *rankings = Cells(page).tables
    shown = {label: measure for measure, label in MEASURES.items()}
    for label, ((today, today_file), (yesterday, trend_file), (mean, _)) in comparison.items():
        measure = shown[label]
        assert (number(today), today_file) == (now["today"]["city"].get(measure, 0), "now.json")
        last = raw(numbers, trend_file)["days"][-1]
        assert last["date"] == "2020-02-29"
        assert number(yesterday) == last["city"]["counts"][measure]
        week = last["city"]["week"]
        assert number(mean) == pytest.approx(week["sums"][measure] / week["days"], abs=0.051)
    for day, cells in trend.items():
        (there,) = [each for each in raw(numbers, cells[0][1])["days"] if each["date"] == day]
        measures = [there["city"]["counts"][each] for each in ("passages", "vehicles", "travellers")]
        assert [number(text) for text, _ in cells] == measures
    assert len(trend) == 13
    assert {hour[:2]: number(cells[0][0]) for hour, cells in hours.items()} == now["today"]["city"]["by"][
        "traveller_by_hour"
    ]
    assert [each.split()[0] for each in places] == list(now["checkpoints"])
    for place, (now_here, _, state, vehicles, total, _usual) in places.items():
        there = now["checkpoints"][place.split()[0]]
        assert number(now_here[0]) == there["today"]["travellers"]
        assert number(vehicles[0]) == there["today"]["vehicles"]
        assert number(total[0]) == there["totals"]["travellers"]
        assert state[0].startswith({"counted": "open", "silent": "silent since", "closed": "closed"}[there["state"]])
    for table, subject in zip(rankings, ("origin_province", "origin_city", "township"), strict=True):
        counted = [number(cells[0][0]) for cells in table.values()]
        assert sum(counted) == now["today"]["city"]["travellers"], f"all of {subject}, none cut away"


@pytest.mark.parametrize("days", [0, 1, 2, 7])
def test_part_of_a_day_beside_whole_ones_says_so_and_of_how_many_days_the_mean_is(numbers: Numbers, days: int) -> None:
    now, latest = numbers.now(), numbers.latest()
    trend = numbers.trend(latest)
    assert trend
    assert trend.last.city
    city = structs.replace(trend.last.city, week=structs.replace(trend.last.city.week, days=days))
    for language, whole, part, mean in (
        (ENGLISH, "Yesterday, whole day", "Yesterday, not all of it", f"Mean of {days} whole days"),
        (CHINESE, "昨日全天", "昨日（不全）", f"前 {days} 日全天均值"),
    ):
        for state, yesterday in (("whole", whole), ("partial", part)):
            last = structs.replace(trend.last, city=city, state=state)
            shown = structs.replace(trend, days=(*trend.days[:-1], last))
            values = Pages(language).dashboard(now, latest, shown, None, AT)
            heads, rows = values["comparison"]
            assert heads[2:] == (yesterday, *([mean] if days > 1 else []))
            assert {len(row.cells) + 1 for row in rows} == {len(heads)}
            page = render(
                "dashboard.html", language, here="numbers", person=WANG, token="t", query={}, **values
            ).decode()
            assert [mean in page, "7-day" in page, "7 日日均" in page] == [days > 1, False, False]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def test_a_window_of_days_shows_the_sums_of_its_files(numbers: Numbers) -> None:
    window = window_of({"from": "2020-02-20", "to": "2020-02-22"})
    shown = numbers.of(window, numbers.latest())
    values = Pages(ENGLISH).window(window, shown)
    page = render("window.html", ENGLISH, here="window", person=WANG, token="t", query={}, same="", **values).decode()
    files = re.findall('aria-label="JSON (.*?)"', page)
    days = [raw(numbers, name) for name in files]
    assert len(days) == 3
    big = dict(re.findall('<dt>(.*?)</dt><dd><a href="#files">(.*?)</a>', page))
    for measure, label in MEASURES.items():
        assert number(big[label]) == sum(day["city"].get(measure, 0) for day in days)


def test_completeness_and_age_are_said_in_one_sentence(numbers: Numbers) -> None:
    page = dashboard(numbers, CHINESE)
    assert "14:00 之前已定稿；此后至 14:37 为暂定数。" in page
    assert "分钟未更新" not in page
    assert "数据已有 7 分钟未更新" in dashboard(numbers, CHINESE, as_of="2020-03-01T06:30:00.000Z")


@pytest.mark.parametrize(("equal", "said"), [(True, "一致。"), (False, "不一致！"), (None, "尚未与登记表核对。")])
def test_what_the_daily_recount_found_is_said_beside_it(numbers: Numbers, equal: bool | None, said: str) -> None:
    now, latest = numbers.now(), numbers.latest()
    day = Reference(latest.days[-1].key, latest.days[-1].digest)
    found = None
    if equal is not None:
        found = Reconciled("summaries/v1/x", "0" * 64, day=day, checked_at="2020-02-29T16:10:00.000Z", equal=equal)
    values = Pages(CHINESE).dashboard(now, structs.replace(latest, checks=(found,) if found else ()), None, None, AT)
    assert values["sentence"].endswith(said)
    assert (found is None) == ("00:10" not in values["sentence"])


class Book:
    """A journal, and whether it can be written to."""

    def __init__(self, *, open: bool) -> None:
        self.open = open
        self.lines: list[tuple[Any, ...]] = []

    def add(self, *line: Any, machine: bool) -> None:
        if not self.open:
            raise JournalUnavailable("ThrottlingException")
        assert machine
        self.lines.append(line)


def machine_asks(numbers: Numbers, book: Book, arn: str | None, **headers: str) -> Response:
    event = {
        "multiValueQueryStringParameters": None, "headers": headers, "pathParameters": {"proxy": "now.json"},
        "requestContext": {"httpMethod": "GET", "resourcePath": "/machine/{proxy+}", "identity": {"userArn": arn}},
        "body": None, "stageVariables": None, "isBase64Encoded": False,
    }  # fmt: skip
    with wiring.use(numbers=numbers, journal=book, clock=lambda: AT):
        return machines.file(Request(event, None))


FETCHER = "arn:aws-cn:sts::123456789012:assumed-role/kakou-command-Machines/fetcher"


def test_a_machine_gets_nothing_that_cannot_be_written_down(
    numbers: Numbers, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Book(open=True)
    got = machine_asks(numbers, book, FETCHER)
    digest = hashlib.sha256(raw_bytes := numbers.file("summaries/v1/now.json")).hexdigest()
    assert (got.status_code, got.body) == (200, raw_bytes)
    assert book.lines == [("kakou-command-Machines/fetcher", "fetched", f"now.json {digest}", AT)]
    closed = Book(open=False)
    refused = machine_asks(numbers, closed, FETCHER)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert b"totals" not in refused.body
    assert "JournalUnavailable" in capsys.readouterr().out, "and it is seen"
    assert machine_asks(numbers, closed, FETCHER, **{"if-none-match": f'"{digest}"'}).status_code == 304
    assert machine_asks(numbers, book, None).status_code == 401


def test_names_from_the_settings_are_text_and_nothing_else(numbers: Numbers) -> None:
    now = numbers.now()
    evil = '<script>alert(1)</script>"><img src=x>'
    places = {id: structs.replace(each, name_zh=evil, name_en=evil) for id, each in now.checkpoints.items()}
    for language in (CHINESE, ENGLISH):
        page = dashboard(numbers, language, checkpoints=places)
        assert "<script>alert" not in page
        assert "<img" not in page


def test_every_alarm_has_its_words() -> None:
    assert tuple(ALARMS) == KINDS


def test_the_dashboard_is_light(numbers: Numbers) -> None:
    """First load: page, style and script; second: the page alone. `scripts/bench dashboard` measures it on the wire."""
    page = len(gzip.compress(dashboard(numbers, ENGLISH).encode()))
    assert page < 9_000
    assert page + sum(len(gzip.compress(rendering.content(kind))) for kind in ("css", "js")) < 20_000
