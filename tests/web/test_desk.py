"""The desk's pages as values: words in both languages, and every number that of the file it leads to."""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import pytest
from chalice.app import Request, Response
from msgspec import structs

from chalicelib import wiring
from chalicelib.checkpoint.poster import reading as codes
from chalicelib.command import drawing
from chalicelib.command.journal import JournalUnavailable
from chalicelib.command.numbers import NotPublished, Numbers, window_of
from chalicelib.command.people import Person
from chalicelib.command.sessions import Asker, Session
from chalicelib.passage.hour import Hour
from chalicelib.summary import layout
from chalicelib.summary.alarms import KINDS, Alarm
from chalicelib.summary.bucket import SummaryBucket
from chalicelib.summary.document import Reference, decode, digest, encode, revised
from chalicelib.summary.pointers import Reconciled
from chalicelib.web import catalogues
from chalicelib.web.desk import factor, machines, reading, rendering
from chalicelib.web.desk.answering import answered
from chalicelib.web.desk.figures import MEASURES
from chalicelib.web.desk.now import ALARMS, NowPages
from chalicelib.web.desk.rendering import render
from chalicelib.web.desk.visit import Visit
from chalicelib.web.desk.windows import WindowPage
from chalicelib.web.language import CATALOGUES, CHINESE, DESK, ENGLISH, Language, messages
from scripts.benches.dashboard import Somebody
from tests.simulation.s3 import MemoryS3
from tests.summary import fortnight

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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
    (image,) = codes.render(alone.encode(), "svg", 96)
    assert codes.codes(image) == [
        "otpauth://totp/kakou-test:wang.li?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=kakou-test"
    ]


AT = datetime(2020, 3, 1, 6, 37, tzinfo=UTC)
"""14:37 of the last day in the city."""


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    return Numbers(fortnight.summaries(1 / 100, now=AT).store)


def dashboard(numbers: Numbers, language: Language, at: datetime = AT, **changes: Any) -> str:
    now, latest = structs.replace(numbers.now(), **changes), numbers.latest()
    values = NowPages(language).dashboard(
        now, latest, numbers.trend(latest), numbers.day(latest, date(2020, 2, 29)), at
    )
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
            values = NowPages(language).dashboard(now, latest, shown, None, AT)
            heads, rows = values["comparison"]
            assert heads[2:] == (yesterday, *([mean] if days > 1 else []))
            assert {len(row.cells) + 1 for row in rows} == {len(heads)}
            page = render(
                "dashboard.html", language, here="numbers", person=WANG, token="t", query={}, **values
            ).decode()
            assert [mean in page, "7-day" in page, "7 日日均" in page] == [days > 1, False, False]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def window_page(numbers: Numbers, query: dict[str, str], language: Language = ENGLISH, latest: Any = None) -> str:
    window = window_of(query)
    values = WindowPage(language).values(window, numbers.of(window, latest or numbers.latest()))
    page = render("window.html", language, here="window", person=WANG, token="t", query={}, same="", **values)
    return html.unescape(page.decode())


def big_numbers(page: str) -> dict[str, tuple[str, float]]:
    """Each large number of a page, and where it leads to."""
    found = re.findall('<dt>(.*?)</dt><dd><a href="(.*?)">(.*?)</a>', page)
    return {label: (link, number(text)) for label, link, text in found}


def test_a_window_of_days_shows_the_sums_of_its_files(numbers: Numbers) -> None:
    page = window_page(numbers, {"from": "2020-02-20", "to": "2020-02-22"})
    files = re.findall('aria-label="JSON (.*?)"', page)
    days = [raw(numbers, name) for name in files]
    assert len(days) == 3
    for measure, label in MEASURES.items():
        link, shown = big_numbers(page)[label]
        assert shown == sum(day["city"].get(measure, 0) for day in days)
        assert link.startswith("file?from=2020-02-20&to=2020-02-22&form=json&seen="), "which holds the sums"


WINDOWS: list[dict[str, str]] = [
    {"hour": "2020-02-20T15"}, {"day": "2020-02-20"}, {"day": "2020-03-01"}, {"window": "operation"},
    {"from": "2020-02-20", "to": "2020-02-22"}, {"day": "2020-02-20", "checkpoint": "101"},
]  # fmt: skip


@pytest.mark.parametrize("query", WINDOWS, ids=str)
def test_every_window_has_four_files_of_exactly_that(numbers: Numbers, query: dict[str, str]) -> None:
    page = window_page(numbers, query)
    (own,) = re.findall("This window:(.*?)</p>", page, re.S)
    links = dict(reversed(each) for each in re.findall('<a href="(.*?)".*?>(.*?)</a>', own))
    assert list(links) == ["JSON", "CSV", "XLSX", "HTML"]
    window = window_of(query)
    shown = numbers.of(window, numbers.latest())
    for form, link in links.items():
        key = shown.published(form.lower())
        drawn = "file?" + urlencode({**window.query, "form": form.lower(), "seen": shown.tag})
        assert link == (f"file?name={key.removeprefix('summaries/v1/')}" if key else drawn)
    assert ("Each file holds every checkpoint, 101 among them." in page) == ("checkpoint" in query)
    assert "HTML lists" not in page, "it lists them all"


def test_the_revision_is_that_of_each_file(numbers: Numbers) -> None:
    latest = numbers.latest()
    for query in ({"day": "2020-02-20"}, {"hour": "2020-02-20T15"}):
        assert "Final, revision 1." in window_page(numbers, query)
    days = {"from": "2020-02-20", "to": "2020-02-22"}
    page = window_page(numbers, days)
    assert "Final, added up from 3 files, 0 of them revised." in page
    assert "Final, revision" not in page
    twice = Revised(numbers, "2020/02/21")
    page = window_page(twice, days, latest=twice.latest())
    assert "Final, added up from 3 files, 1 of them revised." in page
    parts = re.findall('<li><a href="[?]day=(.*?)">.*?</a> · revision ([0-9]+):', page)
    assert parts == [("2020-02-20", "1"), ("2020-02-21", "2"), ("2020-02-22", "1")]
    assert "Final, revision 2." in window_page(twice, {"day": "2020-02-21"}, latest=twice.latest())
    assert numbers.of(window_of(days), latest).tag != twice.of(window_of(days), twice.latest()).tag


class Revised(Numbers):
    """The same, but that a day has a second revision."""

    def __init__(self, numbers: Numbers, day: str) -> None:
        files = MemoryS3()
        store = SummaryBucket(cast("S3Client", files), "b")
        latest = numbers.latest()
        named = []
        for each in latest.days:
            content = numbers.file(each.key)
            if day in each.key:
                again = encode(revised(decode(content), decode(content)))
                csv_key = layout.csv_key(each.key.replace("r001", "r002"))
                each = structs.replace(
                    each, key=each.key.replace("r001", "r002"), digest=digest(again), csv=Reference(csv_key, "")
                )
                content = again
            store.create(each.key, content)
            named.append(each)
        self._named = structs.replace(latest, days=tuple(named))
        super().__init__(store)

    def latest(self) -> Any:
        return self._named


def test_a_window_says_from_when_to_when_unless_it_is_whole_days(numbers: Numbers) -> None:
    assert "From 20" not in window_page(numbers, {"day": "2020-02-20"})
    assert "From 20" not in window_page(numbers, {"from": "2020-02-20", "to": "2020-02-22"})
    for query in ({"day": "2020-03-01"}, {"from": "2020-03-01", "to": "2020-03-01"}):
        page = window_page(numbers, query)
        assert "From 2020-03-01 00:00 to 2020-03-01 14:00. Final up to 14:00: the day is not whole yet." in page
    page = window_page(numbers, {"from": "2020-02-28", "to": "2020-03-01"})
    assert "From 2020-02-28 00:00 to 2020-03-01 14:00. Final up to 14:00" in page
    assert '<a href="?day=2020-03-01">2020-03-01 –14:00</a> · revision 1' in page
    (shown,) = re.findall('href="(.hour=2020-03-01T[0-9]+)">13:00', window_page(numbers, {"day": "2020-03-01"}))
    assert shown == "?hour=2020-03-01T13"
    assert ">14:00</a>" not in window_page(numbers, {"day": "2020-03-01"}), "that hour is not final"
    assert 'href="?day=2020-02-20"' in window_page(numbers, {"hour": "2020-02-20T15"})


def test_an_hour_outside_the_window_is_a_gap_and_not_zero() -> None:
    """The operation begins at nine."""
    nine = Hour(datetime(2020, 2, 17, 1, tzinfo=UTC))
    made = Numbers(fortnight.summaries(1 / 200, starts=nine, now=datetime(2020, 2, 18, 2, 5, tzinfo=UTC)).store)
    page = window_page(made, {"day": "2020-02-17"})
    assert "From 2020-02-17 09:00 to 2020-02-18 00:00." in page
    (chart,) = re.findall("<figure>(<svg.*?</svg>)", page.partition("Travellers by hour of the day")[2], re.S)[:1]
    assert chart.count("<rect") == 15
    assert ">08:00</a>" not in page


def test_a_checkpoint_that_was_silent_has_no_numbers_and_not_zeros(numbers: Numbers) -> None:
    query = {"hour": "2020-02-20T15", "checkpoint": "111"}
    silent = numbers.of(window_of(query), numbers.latest()).summary.checkpoints
    assert silent["111"].state == "silent"
    assert big_numbers(window_page(numbers, query)) == {}
    at_night = {"day": "2020-02-20", "checkpoint": "111"}
    assert big_numbers(window_page(numbers, at_night))["Passages"][1] > 0


def columns_of(page: str) -> int:
    """How many hours of today are drawn."""
    return page.partition("Travellers by hour, today")[2].partition("</svg>")[0].count("<rect")


def test_today_is_counted_by_the_clock_of_the_numbers_and_not_of_the_reader(numbers: Numbers) -> None:
    late = datetime(2020, 3, 1, 11, 5, tzinfo=UTC)
    for at in (AT, late):
        page = dashboard(numbers, ENGLISH, at)
        assert "From 00:00 to 14:00:" in page, "the numbers are of 14:37 whatever the clock says"
        assert columns_of(page) == 15, "what is to come is a gap"
        assert "Today” here" not in page
    first = dashboard(numbers, ENGLISH, as_of="2020-03-01T06:00:00.000Z")
    assert columns_of(first) == 14, "the hour has not begun"


def test_after_midnight_no_day_is_taken_for_another(numbers: Numbers) -> None:
    page = dashboard(numbers, ENGLISH, datetime(2020, 3, 1, 16, 2, tzinfo=UTC))
    assert "“Today” here is 2020-03-01: of later days there are no numbers yet." in page
    assert "From 00:00 to" not in page
    assert columns_of(page) == 15


def test_a_day_that_began_late_is_no_yesterday_for_the_same_hours(numbers: Numbers) -> None:
    now, latest = numbers.now(), numbers.latest()
    day = numbers.day(latest, date(2020, 2, 29))
    assert day
    for other in (structs.replace(day, begins="2020-02-29T01:00:00.000Z"), structs.replace(day, expired=True)):
        assert NowPages(ENGLISH).dashboard(now, latest, None, other, AT)["same_hours"] == ""


class Kept:
    """A hand-over, and what went over it."""

    def __init__(self) -> None:
        self.files: list[tuple[str, str, bytes]] = []

    def link(self, name: str, kind: str, content: bytes) -> str:
        self.files.append((name, kind, content))
        return "https://handover/x"


class Published:
    @staticmethod
    def is_file(name: str) -> bool:
        return True

    @staticmethod
    def to(name: str) -> str:
        return f"https://published/{name}"


def fetched(numbers: Numbers, query: dict[str, str], book: Any, kept: Kept, work: Any = reading.file) -> Response:
    event = {
        "multiValueQueryStringParameters": {name: [text] for name, text in query.items()},
        "headers": {"cookie": "__Host-kakou=" + "A" * 43, "accept-language": "en"}, "pathParameters": {},
        "requestContext": {"httpMethod": "GET", "resourcePath": "/file", "identity": {}},
        "body": None, "stageVariables": None, "isBase64Encoded": False,
    }  # fmt: skip
    session = Session(WANG, 0, 0, 0, "t" * 32)
    with wiring.use(
        numbers=numbers, journal=book, clock=lambda: AT, handover=kept, links=Published(), sessions=Somebody(session)
    ):
        return answered(work, Request(event, None))


def test_what_is_published_is_led_to_and_what_is_not_is_drawn_and_handed_over(numbers: Numbers) -> None:
    book, kept = Book(open=True, machine=False), Kept()
    answer = fetched(numbers, {"day": "2020-02-20", "form": "csv"}, book, kept)
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://published/day/2020/02/20/r001.csv")
    assert not kept.files
    query = {"from": "2020-02-20", "to": "2020-02-22"}
    for form in ("json", "csv", "xlsx", "html"):
        answer = fetched(numbers, {**query, "form": form}, book, kept)
        assert (answer.status_code, answer.headers["Location"]) == (303, "https://handover/x")
        name, kind, content = kept.files[-1]
        assert (name, kind) == (f"kakou-2020-02-20-to-2020-02-22.{form}", machines.FILE_TYPES[form])
        told = f"from=2020-02-20&to=2020-02-22 {form} {hashlib.sha256(content).hexdigest()}"
        assert book.lines[-1] == ("wang", "fetched", told, AT)
    assert book.lines[0] == ("wang", "fetched", "day/2020/02/20/r001.csv", AT)


def test_what_cannot_be_written_down_is_not_handed_over(numbers: Numbers) -> None:
    kept = Kept()
    answer = fetched(numbers, {"window": "operation", "form": "html"}, Book(open=False, machine=False), kept)
    assert answer.status_code == 503
    assert not kept.files


BAD: list[tuple[dict[str, str], int, str]] = [
    ({"form": "csv"}, 400, ""), ({"form": "pdf", "day": "2020-02-20"}, 400, ""),
    ({"form": "", "day": "2020-02-20"}, 400, ""), ({"form": "csv", "name": "now.csv"}, 400, ""),
    ({"form": "csv", "day": "2020-02-20", "checkpoint": "101"}, 400, ""),
    ({"form": "csv", "day": "2020-02-30"}, 400, ""),
    ({"form": "csv", "from": "2010-01-01", "to": "2020-01-01"}, 413, "too much at once"),
    ({"form": "csv", "day": "2020-03-02"}, 404, "Nothing of 2020-03-02 is final"),
    ({"form": "csv", "hour": "2020-03-01T14"}, 404, "Nothing of 2020-03-01 14:00 is final"),
    ({"form": "csv", "window": "operation", "seen": "0" * 16}, 409, "have been revised"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "status", "said"), BAD, ids=str)
def test_what_is_no_file_of_a_window_is_refused(
    numbers: Numbers, query: dict[str, str], status: int, said: str
) -> None:
    book, kept = Book(open=True, machine=False), Kept()
    answer = fetched(numbers, query, book, kept)
    assert answer.status_code == status
    assert said in page_of(answer)
    assert book.lines == kept.files == []


def page_of(answer: Response) -> str:
    body = answer.body
    return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()


def test_a_workbook_that_cannot_be_whole_is_refused_with_a_way_on(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "MOST_CELLS", 1_000)
    answer = fetched(numbers, {"window": "operation", "form": "xlsx"}, Book(open=True, machine=False), Kept())
    assert answer.status_code == 413
    assert "The CSV of the same window has every row." in page_of(answer)


def test_a_day_of_which_nothing_is_final_is_named(numbers: Numbers) -> None:
    for query, missing in (
        ({"day": "2020-03-02"}, "2020-03-02"),
        ({"hour": "2020-03-01T14"}, "2020-03-01 14:00"),
        ({"from": "2020-02-12", "to": "2020-02-20"}, "2020-02-12, 2020-02-13, 2020-02-14 …"),
    ):
        answer = fetched(numbers, query, Book(open=True, machine=False), Kept(), reading.numbers)
        assert answer.status_code == 404
        assert f"Nothing of {missing} is final" in page_of(answer)
        assert "Final are 2020-02-17 00:00 to 2020-03-01 14:00." in page_of(answer)


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
    values = NowPages(CHINESE).dashboard(now, structs.replace(latest, checks=(found,) if found else ()), None, None, AT)
    assert values["sentence"].endswith(said)
    assert (found is None) == ("00:10" not in values["sentence"])


class Book:
    """A journal, and whether it can be written to."""

    def __init__(self, *, open: bool, machine: bool = True) -> None:
        self.open = open
        self.machine = machine
        self.lines: list[tuple[Any, ...]] = []

    def add(self, *line: Any, machine: bool = False) -> None:
        if not self.open:
            raise JournalUnavailable("ThrottlingException")
        assert machine == self.machine
        self.lines.append(line)


def machine_asks(numbers: Numbers, book: Book, arn: str | None, **headers: str) -> Response:
    event = {
        "multiValueQueryStringParameters": None, "headers": headers, "pathParameters": {"proxy": "now.json"},
        "requestContext": {"httpMethod": "GET", "resourcePath": "/machine/{proxy+}", "identity": {"userArn": arn}},
        "body": None, "stageVariables": None, "isBase64Encoded": False,
    }  # fmt: skip
    with wiring.use(numbers=numbers, journal=book, clock=lambda: AT):
        return machines.file(Request(event, None))


class First:
    """The published files while the first run is at it: `latest.json` is there, `now.json` is not yet."""

    def __init__(self, numbers: Numbers) -> None:
        self.latest = numbers.latest

    def now(self) -> None:
        raise NotPublished


class Signed:
    """Somebody is signed in, whoever asks."""

    def find(self, id: str, now: datetime) -> Session:
        return Session(WANG, 0, 0, 0, "t")


def test_who_comes_while_the_first_run_is_at_it_is_told_to_wait(numbers: Numbers) -> None:
    event = {
        "multiValueQueryStringParameters": None, "pathParameters": None, "body": "", "stageVariables": None,
        "headers": {"accept-language": "en"}, "isBase64Encoded": False,
        "requestContext": {"httpMethod": "GET", "resourcePath": "/", "identity": {}},
    }  # fmt: skip
    with wiring.use(numbers=First(numbers), sessions=Signed(), clock=lambda: AT):
        answer = answered(reading.numbers, Request(event, None))
    assert (answer.status_code, b"No numbers yet" in answer.body) == (200, True)


def test_where_an_attempt_comes_from_is_what_the_gateway_saw_and_no_header() -> None:
    event = {
        "multiValueQueryStringParameters": None, "pathParameters": None, "body": "", "stageVariables": None,
        "headers": {"x-forwarded-for": "8.8.8.8", "forwarded": "for=8.8.8.8", "cookie": "__Host-kakou-known=bits"},
        "requestContext": {"httpMethod": "POST", "resourcePath": "/sign-in", "identity": {"sourceIp": "203.0.113.7"}},
        "isBase64Encoded": False,
    }  # fmt: skip
    assert Visit(Request(event, None)).asker == Asker("203.0.113.7", "bits")


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


def test_a_difference_of_the_recount_is_said_of_what_it_is(numbers: Numbers) -> None:
    """It was said of passages, whatever differed."""
    found = [
        Alarm(kind="reconciliation_differs", value=3, expected=5, code=code) for code in ("fever", "origin 420100")
    ]
    page = dashboard(numbers, ENGLISH, alarms=tuple(found))
    assert "Fever: the daily re-count found 3; the summaries have 5." in page
    assert "origin 420100: the daily re-count found 3" in page


def test_the_dashboard_is_light(numbers: Numbers) -> None:
    """First load: page, style and script; second: the page alone. `scripts/bench dashboard` measures it on the wire."""
    page = len(gzip.compress(dashboard(numbers, ENGLISH).encode()))
    assert page < 9_000
    assert page + sum(len(gzip.compress(rendering.content(kind))) for kind in ("css", "js")) < 20_000
