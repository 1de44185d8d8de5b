"""Scans of revoked posters are counted, quietly; what is typed by hand leads to a form, in few tries."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import pytest

from chalicelib import wiring
from chalicelib.checkpoint.code import issue, sign
from chalicelib.passage import facts
from chalicelib.passage.hour import Hour
from chalicelib.passage.table import NotStored, PassageTable
from chalicelib.web.scans import Allowance
from tests.parties import as_form, one
from tests.web.conftest import KEYS, NOW, Stack
from tests.web.gateway import get, post


def counted(stack: Stack) -> list[tuple[str, int, str]]:
    """The scans in the table, by checkpoint, poster and key."""
    table = PassageTable(stack.dynamo, "memory")  # type: ignore[arg-type]
    return [(scan.checkpoint, scan.poster, scan.key) for scan in table.scans("101", Hour.of(NOW), NOW)]


def test_a_scan_of_a_revoked_poster_is_counted_and_says_nothing_of_who_it_was(stack: Stack) -> None:
    revoked = stack.poster(2, "revoked")
    for language, said in (("zh-CN", "这张码已经换新"), ("en", "This poster was replaced")):
        answer = get(revoked, accept_language=language)
        assert (answer.status, said in answer.text) == (410, True)
    assert counted(stack) == [("101", 2, "A")] * 2
    (_, item) = next((key, item) for key, item in stack.dynamo.items.items() if key[0].startswith("SCAN#"))
    assert item.keys() == {"pk", "sk", "facts", "expires_at"}
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=30)).timestamp())


def test_a_poster_whose_time_to_retire_is_over_is_counted_too(stack: Stack) -> None:
    retiring = stack.poster(2, "retiring", until="2026-11-24T08:00:00.000Z")
    assert get(retiring).status == 200
    assert counted(stack) == []
    stack.later(hours=1)
    assert get(retiring).status == 410
    later = PassageTable(stack.dynamo, "memory").scans("101", Hour.of(stack.now), stack.now)  # type: ignore[arg-type]
    assert [scan.poster for scan in later] == [2]


@pytest.mark.parametrize("opens", ["active", "retiring"])
def test_what_opens_a_form_is_no_scan_in_vain(stack: Stack, opens: str) -> None:
    address = stack.address if opens == "active" else stack.poster(2, opens)
    assert get(address).status == 200
    assert counted(stack) == []


def test_nor_is_another_language_of_the_same_page_or_a_form_sent_to_it_or_a_code_that_is_not_ours(stack: Stack) -> None:
    revoked = stack.poster(2, "revoked")
    get(revoked + "?lang=en")
    post(revoked, as_form(one()))
    get(revoked[:-1] + ("0" if revoked[-1] != "0" else "1"))
    assert counted(stack) == []


@pytest.mark.parametrize("error", [NotStored("TransactionConflict"), ZeroDivisionError()], ids=repr)
def test_a_scan_that_cannot_be_stored_breaks_no_page(
    stack: Stack, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def scanned(self, *_: object) -> None:
            raise error

    revoked = stack.poster(2, "revoked")
    with wiring.use(scan_table=Broken()):
        assert get(revoked).status == 410
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines if line["event"] == "scan_not_counted"] == [type(error).__name__]


def test_reloading_without_end_fills_no_table(stack: Stack) -> None:
    revoked = stack.poster(2, "revoked")
    for _ in range(80):
        assert get(revoked).status == 410
    assert len(counted(stack)) == 30
    stack.later(seconds=5)
    for _ in range(80):
        get(revoked)
    assert len(counted(stack)) == 35


@pytest.mark.parametrize(("state", "flagged"), [("active", False), ("retiring", True)])
def test_a_passage_on_a_retiring_poster_is_flagged(stack: Stack, state: str, flagged: bool) -> None:
    address = stack.address if state == "active" else stack.poster(2, state)
    assert post(address, as_form(one())).status == 201
    (item,) = (item for key, item in stack.dynamo.items.items() if key[0].startswith("CP#"))
    assert facts.decode(item["facts"]["S"]).retiring is flagged


# By hand


def tag(stack: Stack) -> str:
    return str(issue(stack.settings, KEYS, "101").tag)


def test_number_and_short_code_lead_to_the_form(stack: Stack) -> None:
    home = get("/")
    assert home.status == 200
    assert 'name="checkpoint"' in home.text
    assert 'name="tag"' in home.text
    for number, short in (("101", tag(stack)[:8]), ("%EF%BC%91%EF%BC%90%EF%BC%91", tag(stack)[:8].lower())):
        answer = get(f"/?checkpoint={number}&tag={short}&lang=zh")
        assert (answer.status, answer.headers["location"]) == (303, stack.address)
    assert get(answer.headers["location"]).status == 200


def test_the_language_that_was_chosen_goes_along(stack: Stack) -> None:
    answer = get(f"/?checkpoint=101&tag={tag(stack)[:8]}&lang=ru", accept_language="zh-CN")
    assert answer.headers["location"] == stack.address + "?lang=ru"


def test_a_poster_that_was_replaced_is_told_by_its_own_page_and_counted(stack: Stack) -> None:
    revoked = stack.poster(2, "revoked")
    short = sign(KEYS, "test", "101", 2, "A").tag[:8]
    answer = get(f"/?checkpoint=101&tag={short}&lang=zh")
    assert answer.headers["location"] == revoked
    assert get(revoked).status == 410
    assert counted(stack) == [("101", 2, "A")]


WRONG: list[tuple[str, str]] = [
    ("101", ""), ("", ""), ("101", "00000000"), ("999", "00000000"), ("102", "{tag}"), ("x" * 3000, "{tag}"),
    ("101", "{tag}0"), ("101", "<script>"), ("0101", "{tag}"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "short"), WRONG)
def test_all_that_is_wrong_has_one_plain_answer(stack: Stack, number: str, short: str) -> None:
    first = get("/?checkpoint=101&tag=ZZZZZZZZ")
    answer = get(f"/?checkpoint={number}&tag={short.format(tag=tag(stack)[:8])}")
    assert (answer.status, answer.body) == (404, first.body)
    assert "没有这个编号和短码的张贴码" in answer.text
    assert 'name="tag"' in answer.text, "it can be typed again at once"


def test_wrong_tries_are_limited_by_checkpoint_and_a_right_one_costs_nothing(stack: Stack) -> None:
    right = f"/?checkpoint=101&tag={tag(stack)[:8]}"
    for _ in range(50):
        assert get(right).status == 303
    for number in ("101", "１０１", " 1o1", "101 ", "1 0 1") * 2:
        assert get(f"/?checkpoint={number}&tag=00000000").status == 404
    for address in (right, "/?checkpoint=101&tag=00000000", "/?checkpoint=１０１&tag=0"):
        limited = get(address)
        assert limited.status == 429, "right or wrong is not told"
        assert "试的次数太多" in limited.text
    other = issue(stack.settings, KEYS, "102").tag[:8]
    assert get(f"/?checkpoint=102&tag={other}").status == 303
    stack.later(seconds=6)
    assert get(right).status == 303


def test_an_allowance_comes_back_with_time_and_never_exceeds_its_burst() -> None:
    allowance = Allowance(2, 0.5)
    at = datetime(2020, 2, 10, tzinfo=UTC)

    def spent(name: str, seconds: float) -> list[bool]:
        return [allowance.spend(name, at + timedelta(seconds=seconds)) for _ in range(4)]

    assert spent("a", 0) == spent("b", 0) == [True, True, False, False]
    assert spent("a", 1.9) == [False] * 4
    assert spent("a", 2) == [True, False, False, False]
    assert spent("a", 2000) == [True, True, False, False]
    assert spent("a", 0) == [False] * 4, "a clock set back gives nothing"
    allowance.renew()
    assert spent("a", 0) == [True, True, False, False]


def test_an_outage_is_told_as_one(stack: Stack) -> None:
    stack.settings_fail = True
    assert get("/?checkpoint=101&tag=00000000").status == 503


@pytest.mark.parametrize("base", ["https://kakou.example", "https://x.execute-api.example/api"])
def test_the_way_is_that_of_the_posters_on_whatever_host(stack: Stack, base: str) -> None:
    stack.change(public_url=base)
    place = get(f"/?checkpoint=101&tag={tag(stack)[:8]}").headers["location"]
    assert urljoin(base, place) == base + stack.address
