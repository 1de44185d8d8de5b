"""The routes of the public stack: each promise of an answer, and that only 201 means stored."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

import msgspec
import pytest

from chalicelib import wiring
from chalicelib.checkpoint.code import issue
from chalicelib.passage.decoding import LIMIT, Fields
from chalicelib.passage.facts import Registered
from chalicelib.passage.hour import Hour
from chalicelib.passage.receipt import read_published, verify
from chalicelib.passage.table import NotStored, PassageTable
from chalicelib.settings import CodeKey
from chalicelib.web.language import LANGUAGES
from scripts.simulated import as_json
from tests.parties import FORM, JSON, as_form, one, three
from tests.web.conftest import KEYS, NOW, NotSealed, Stack
from tests.web.gateway import Answer, get, post, send
from tests.web.test_pages import Controls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def reference(answer: Answer) -> str:
    found = re.search("<b>([0-9A-Z]{4} [0-9A-Z]{4})</b>", answer.text)
    assert found
    return found[1].replace(" ", "")


def test_each_new_form_has_its_own_submission_id(stack: Stack) -> None:
    first, second = get(stack.address), get(stack.address.lower())
    assert first.status == second.status == 200
    assert re.fullmatch("[0-9a-f]{32}", first.value("submission"))
    assert first.value("submission") != second.value("submission")


def test_form_and_json_have_the_same_receipt_and_one_passage(stack: Stack) -> None:
    page = post(stack.address, as_form(three()))
    stack.later(hours=9)
    told = post(stack.address, as_json(three()), JSON)
    again = post(stack.address, as_form(three()))
    assert page.status == told.status == again.status == 201
    assert reference(page) == reference(again) == told.json["reference"]
    assert told.json["signed"] in page.text
    assert told.json["signed"] in again.text
    assert stack.stored == 1


def test_another_passage_with_the_same_id_changes_nothing(stack: Stack) -> None:
    post(stack.address, as_form(one()))
    page = post(stack.address, as_form(one(plate="辽CA9999")))
    told = post(stack.address, as_json(one(plate="辽CA9999")), JSON)
    assert page.status == told.status == 409
    assert told.json["error"] == "another_passage"
    assert 'href="?lang=zh"' in page.text
    assert stack.stored == 1


def counted(stack: Stack, now: datetime | None = None) -> list[Registered]:
    table = PassageTable(cast("DynamoDBClient", stack.dynamo), "memory")
    return list(table.facts("101", Hour.of(NOW), now or stack.now))


def test_what_was_registered_is_corrected_from_the_page_that_says_so(stack: Stack) -> None:
    """Without a script: Back, another answer, Register, and the button of the page that comes."""
    first = post(stack.address, as_form(three()))
    stack.later(hours=30)
    wrong = post(stack.address, as_form(three() | {"plate": "辽CA9999", "lang": "en", "waited": "7"}))
    assert wrong.status == 409
    assert "Send as a correction" in wrong.text
    sent = Controls(wrong.body).sent
    assert sent.pop("replaces") == ["1" * 32]
    assert sent.pop("submission") != ["1" * 32]
    typed = three() | {"plate": "辽CA9999", "lang": "en"}
    assert sent == {name: [*told] if isinstance(told, tuple) else [told] for name, told in typed.items()
                    if name != "submission"}  # fmt: skip
    fields = {
        name: tuple(told) if name.endswith("symptoms") else told[0] for name, told in Controls(wrong.body).sent.items()
    }
    corrected, again = (post(stack.address, as_form(fields)) for _ in range(2))
    assert corrected.status == again.status == 201
    assert reference(corrected) == reference(again) != reference(first)
    (one_passage,) = counted(stack)
    assert (one_passage.submission, one_passage.corrections) == (fields["submission"], 1)
    assert reference(post(stack.address, as_form(three()))) == reference(first), "the first receipt stands, too"
    assert post(stack.address, as_form(fields | {"plate": "辽CA8888"})).status == 409


def test_a_correction_that_is_to_be_mended_is_still_one(stack: Stack) -> None:
    post(stack.address, as_form(one()))
    fields = one("2" * 32, replaces="0" * 32, plate="辽CO1234", lang="en")
    for sent in (fields, fields | {"action": "lang-ko"}, fields | {"action": "add"}):
        page = post(stack.address, as_form(sent))
        assert (page.value("replaces"), page.value("submission")) == ("0" * 32, "2" * 32)
    assert "This form corrects it" in post(stack.address, as_form(fields)).text
    assert 'name="replaces"' not in post(stack.address, as_form(one(plate="辽CO1234"))).text
    stack.sealing_fails = NotSealed("KMS")
    busy = post(stack.address, as_form(one("2" * 32, replaces="0" * 32)))
    assert (busy.status, busy.value("replaces")) == (503, "0" * 32)


@pytest.mark.parametrize("replaces", ["9" * 32, "2" * 32, "no id", "0" * 31])
def test_where_there_is_nothing_to_correct_it_says_so_and_the_next_press_registers_anew(
    stack: Stack, replaces: str
) -> None:
    fields = one("2" * 32, replaces=replaces)
    page = post(stack.address, as_form(fields | {"lang": "en"}))
    assert page.status == 422
    assert "What this corrects is not registered here" in page.text
    assert 'name="replaces"' not in page.text
    assert page.value("travellers.0.name") == "王小明"
    told = post(stack.address, as_json(fields), JSON)
    assert [(each["field"], each["rule"]) for each in told.json["problems"]] == [("replaces", "replaces_unknown")]
    assert stack.stored == 0
    assert post(stack.address, as_form(one(page.value("submission")))).status == 201


def test_a_correction_at_another_checkpoint_is_refused(stack: Stack) -> None:
    post(stack.address, as_form(one()))
    elsewhere = f"/C/{issue(stack.settings, KEYS, '102')}"
    assert post(elsewhere, as_form(one("2" * 32, replaces="0" * 32))).status == 422
    assert stack.stored == 1


def test_how_long_the_phone_kept_it_is_stored_with_it_and_changes_no_receipt(stack: Stack) -> None:
    receipts = {reference(post(stack.address, as_form(one(waited=told)))) for told in ("700", "9000", None)}
    assert len(receipts) == 1
    post(stack.address, as_json(one("1" * 32, waited="x")), JSON)
    assert [each.facts.waited for each in counted(stack)] == [700, None]


def test_problems_come_all_at_once_with_what_was_typed(stack: Stack) -> None:
    wrong = one(plate="辽CO1234", travellers__0__name="王", travellers__0__phone=None)
    page = post(stack.address, as_form(wrong))
    assert page.status == 422
    assert page.value("travellers.0.name") == "王"
    assert page.value("plate") == "辽CO1234"
    assert page.value("submission") == "0" * 32
    told = post(stack.address, as_json(wrong), JSON, accept_language="en")
    assert told.status == 422
    assert [(p["field"], p["rule"]) for p in told.json["problems"]] == [
        ("plate", "plate"),
        ("travellers.0.name", "name_length"),
        ("travellers.0.phone", "required"),
    ]
    assert told.json["problems"][1]["message"] == "A name has 2 to 50 characters."
    assert "王" not in told.text
    assert stack.stored == 0


def test_travellers_are_added_and_removed_without_storing(stack: Stack) -> None:
    grown = post(stack.address, as_form(three() | {"action": "add"}))
    assert grown.status == 200
    assert grown.value("travellers.3.name") == ""
    assert grown.value("travellers.2.name") == "王小花"
    shrunk = post(stack.address, as_form(three() | {"action": "remove-1"}))
    assert shrunk.value("travellers.1.name") == "王小花"
    assert "travellers.2." not in shrunk.text
    assert shrunk.value("submission") == "1" * 32
    assert stack.stored == 0


def test_the_language_changes_with_everything_typed(stack: Stack) -> None:
    page = post(stack.address, as_form(one() | {"action": "lang-en", "lang": "zh"}))
    assert page.status == 200
    assert page.headers["content-language"] == "en"
    assert page.value("travellers.0.name") == "王小明"
    assert page.value("lang") == "en"


@pytest.mark.parametrize("action", ["x", "remove-0", "remove-x", "lang-english", "", "add "])
def test_an_action_of_no_button_is_refused(stack: Stack, action: str) -> None:
    assert post(stack.address, as_form(one() | {"action": action})).status == 400
    assert post(stack.address, as_json(one() | {"action": "send"}), JSON).status == 400
    assert stack.stored == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", FORM, 400),
        (b"\xff", FORM, 400),
        (b"verified=true", FORM, 400),
        (b"{", JSON, 400),
        (b"[" * 10_000, JSON, 400),
        (b"a" * (LIMIT + 1), FORM, 413),
        (b"a" * (LIMIT + 1), "image/png", 413),
        (b"a", "multipart/form-data; boundary=x", 415),
        (b"a", "", 415),
        (b"{}", "application/json; charset=utf-16", 415),
    ],
)
def test_what_cannot_be_read_has_a_plain_page(stack: Stack, body: bytes, content_type: str, status: int) -> None:
    answer = post(stack.address, body, content_type)
    assert answer.status == status
    assert stack.stored == 0
    if "json" in content_type:
        assert answer.json["error"]
    else:
        assert "没有登记成功" in answer.text


def test_what_is_too_long_is_refused_before_anything_else_is_looked_at(stack: Stack) -> None:
    stack.settings_fail = True
    assert post("/C/x", b"a" * (LIMIT + 1)).status == 413


def test_a_compressed_body_is_refused(stack: Stack) -> None:
    assert post(stack.address, as_form(one()), content_encoding="gzip").status == 415


@pytest.mark.parametrize(
    "code", ["x", "101-1-A-00000000000000000000000000", "101-1-Z-0", "%00", "a" * 5000, "101-1-A-İ"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_code_that_is_not_ours_has_one_plain_page(stack: Stack, code: str, method: str) -> None:
    answer = send(method, f"/C/{code}", as_form(one()) if method == "POST" else None, content_type=FORM)
    assert answer.status == 404
    assert "这个码无效" in answer.text
    assert stack.stored == 0


def test_a_poster_that_was_replaced_takes_nothing_and_one_that_retires_works(stack: Stack) -> None:
    revoked, retiring = stack.poster(2, "revoked"), stack.poster(3, "retiring")
    for answer in (get(revoked), post(revoked, as_form(one())), post(revoked, as_json(one()), JSON)):
        assert answer.status == 410
    assert stack.stored == 0
    assert get(retiring).status == 200
    assert post(retiring, as_form(one())).status == 201


@pytest.mark.parametrize("how", ["revoked", "withdrawn", "closed"])
def test_what_is_registered_has_its_receipt_and_its_correction_whatever_became_of_the_poster(
    stack: Stack, how: str
) -> None:
    address = stack.address
    first = post(address, as_form(one()))
    settings = stack.settings
    if how == "revoked":
        stack.change(posters=tuple(msgspec.structs.replace(each, state=how) for each in settings.posters))
    elif how == "withdrawn":
        stack.change(keys=(CodeKey("A", "withdrawn"), CodeKey("B", "signing")))
    else:
        stack.change(checkpoints=tuple(msgspec.structs.replace(each, active=False) for each in settings.checkpoints))
    stack.later(hours=3)
    assert get(address).status in (404, 410)
    again = post(address, as_form(one()))
    assert (again.status, reference(again)) == (201, reference(first))
    assert post(address, as_json(one()), JSON).status == 201
    assert post(address, as_form(one(plate="辽CA9999"))).status == 409
    corrected = one("2" * 32, replaces="0" * 32, plate="辽CA9999")
    assert post(address, as_form(corrected)).status == 201
    assert [each.corrections for each in counted(stack)] == [1]
    for fields in (one("3" * 32), one("3" * 32, replaces="4" * 32), one("no id"), {}):
        refused = post(address, as_form(fields | {"lang": "en"}), accept_language="en")
        assert refused.status in (404, 410)
        assert "Nothing of this form was registered." in refused.text
    with wiring.use(passage_table=Deaf()):
        assert post(address, as_form(one("3" * 32))).status == 503, "not known"


class Deaf:
    """A table that says nothing of any form."""

    def guards(self, *_: str) -> tuple[None, ...]:
        raise NotStored("Timeout")


def test_a_try_without_a_form_says_no_more_than_that_it_registered_nothing(stack: Stack) -> None:
    refused = stack.poster(2, "revoked")
    assert "This try registered nothing." in get(refused, accept_language="en").text
    assert "This try registered nothing." in post("/C/101-1-A-" + "0" * 26, as_form(one()), accept_language="en").text


def test_a_withdrawn_key_opens_no_form(stack: Stack) -> None:
    address = stack.address
    stack.change(keys=(CodeKey("A", "withdrawn"), CodeKey("B", "signing")))
    assert get(address).status == 404


@pytest.mark.parametrize(("error", "status"), [(NotSealed("KMS"), 503), (ZeroDivisionError("王小明"), 500)])
def test_a_failure_brings_the_form_back_and_says_that_pressing_again_is_safe(
    stack: Stack, error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.sealing_fails = error
    page = post(stack.address, as_form(one()), accept_language="en")
    told = post(stack.address, as_json(one()), JSON)
    assert page.status == told.status == status
    assert page.value("travellers.0.name") == "王小明"
    assert page.value("submission") == "0" * 32
    assert "registered only once" in page.text
    assert told.json["error"] == "unavailable"
    assert "王小明" not in capsys.readouterr().out.encode().decode("unicode_escape")
    stack.sealing_fails = None
    assert post(stack.address, as_form(one())).status == 201
    assert stack.stored == 1


def test_a_receipt_that_cannot_be_shown_is_not_called_not_registered(stack: Stack) -> None:
    """The passage is stored by then: the page may say that it is not confirmed, never that nothing was registered."""

    def clock() -> datetime:
        if stack.stored:  # the page asks for the time of the answer
            raise ZeroDivisionError
        return stack.now

    with wiring.use(clock=clock):
        page = post(stack.address, as_form(one()))
    assert page.status == 500
    assert stack.stored == 1
    assert "没有登记成功" not in page.text
    assert "还没有收到回执" in page.text
    assert post(stack.address, as_form(one())).status == 201
    assert stack.stored == 1


def test_without_settings_there_is_a_plain_page(stack: Stack) -> None:
    address = stack.address
    stack.settings_fail = True
    for answer in (get(address), post(address, as_form(one()))):
        assert answer.status == 503
        assert "retry-after" in answer.headers
        assert "繁忙" in answer.text


@pytest.mark.parametrize("fields", [three(), three() | {"action": "add", "lang": "en"}], ids=["send", "add"])
def test_without_settings_all_that_was_typed_is_kept_to_be_sent_again(stack: Stack, fields: Fields) -> None:
    """Not even the form can be made then; Back would open a new one after the first correction."""
    address = stack.address
    stack.settings_fail = True
    page = post(address, as_form(fields))
    assert page.status == 503
    assert page.headers["cache-control"] == "no-store"
    assert ("only once" in page.text) is ("lang" in fields)
    assert ("只会登记一次" in page.text) is ("lang" not in fields)
    again = Controls(page.body).sent
    assert again == {name: [value] if isinstance(value, str) else list(value) for name, value in fields.items()}
    assert stack.stored == 0

    stack.settings_fail = False
    answer = post(address, urlencode(again, doseq=True).encode())
    assert answer.status == (200 if "action" in fields else 201)
    assert stack.stored == (0 if "action" in fields else 1)


def test_without_settings_what_cannot_be_read_is_refused_and_json_is_told(stack: Stack) -> None:
    address = stack.address
    stack.settings_fail = True
    assert post(address, b"%zz").status == 400
    told = post(address, as_json(one()), JSON)
    assert (told.status, told.json["error"]) == (503, "unavailable")


def test_the_notice_is_for_parties_from_key_regions(stack: Stack) -> None:
    stack.change(notices={"zh": "请戴口罩"}, key_region_notices={"zh": "请居家观察"})
    form = get(stack.address).text
    assert "请戴口罩" in form
    assert "请居家观察" not in form, "everybody reads it"
    here = {"travellers__0__origin": "210102"}
    assert "请居家观察" not in post(stack.address, as_form(one("1" * 32, **here))).text
    assert "请居家观察" in post(stack.address, as_form(one("2" * 32))).text, "from Wuhan"
    stayed = one("3" * 32, travellers__0__key_region_stay="yes", **here)
    assert "请居家观察" in post(stack.address, as_form(stayed)).text


@pytest.mark.parametrize("where", ["/", "/favicon.ico", "/C", "/C/1/2", "/../etc"])
def test_every_address_has_a_page_of_ours(stack: Stack, where: str) -> None:
    answer = get(where)
    assert answer.status == (200 if where == "/" else 404)
    assert answer.text.startswith("<!doctype html>")


def test_the_keys_that_verify_receipts_are_published(stack: Stack) -> None:
    answer = get("/receipt-keys")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    deployment, keys = read_published(answer.body)
    receipt = post(stack.address, as_json(one()), JSON).json
    assert verify(receipt["signed"], keys).deployment == deployment == "test"
    assert all(len(base64.b64decode(key)) == 32 for key in answer.json["keys"].values())
    stack.settings_fail = True
    assert get("/receipt-keys").status == 503


def test_the_script_is_kept_for_ever_under_a_name_of_its_content(stack: Stack) -> None:
    for language in ("zh", "en"):
        named = re.search(
            r'<script src="\.\./(static/form-[^"]+)" defer>', get(stack.address, accept_language=language).text
        )
        assert named
        answer = get("/" + named[1], accept_encoding="gzip")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert hashlib.sha256(answer.body).hexdigest()[:12] in named[1]
        assert answer.headers["x-content-type-options"] == "nosniff"
    for other in ("form-zh.js", "form-zh.000000000000.js", "form.js", "../app.py", "sending.js"):
        assert get(f"/static/{other}").status == 404
    worker = get("/worker.js")
    assert worker.status == 200
    assert worker.headers["cache-control"] == "no-cache"


def test_the_first_view_with_its_script_is_one_congestion_window(stack: Stack) -> None:
    """14,600 bytes on the wire: the page, its style, its script, and the headers of both."""
    for language in LANGUAGES:
        page = get(stack.address, accept_encoding="gzip", accept_language=language.code)
        named = re.search(r'src="\.\./(static/[^"]+)"', page.text)
        assert named
        script = get("/" + named[1], accept_encoding="gzip")
        both = sum(
            answer.wire + sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) + 17
            for answer in (page, script)
        )
        assert both <= 14_600, language.code


def test_a_wrong_method_gets_a_page_too(stack: Stack) -> None:
    answer = send("DELETE", stack.address)
    assert answer.status == 405
    assert answer.text.startswith("<!doctype html>")


def test_who_names_no_type_is_answered(stack: Stack) -> None:
    assert post(stack.address, as_form(one()), accept="").status == 201


def test_every_page_is_guarded(stack: Stack) -> None:
    for answer in (
        get("/"),
        get("/x"),
        get(stack.address),
        post(stack.address, as_form(one())),
        post(stack.address, b""),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"]
        assert "set-cookie" not in answer.headers
        style = re.search(b"<style>(.*?)</style>", answer.body, re.S)
        assert style
        allowed = base64.b64encode(hashlib.sha256(style[1]).digest()).decode()
        policy = answer.headers["content-security-policy"]
        assert f"style-src 'sha256-{allowed}'" in policy
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy


def test_a_fresh_form_may_be_kept_and_nothing_personal_may(stack: Stack) -> None:
    assert get(stack.address).headers["cache-control"] == "private, no-cache"
    for answer in (
        post(stack.address, as_form(one() | {"action": "add"})),
        post(stack.address, as_form(one(plate="x"))),
        post(stack.address, as_form(one())),
        post(stack.address, as_json(one()), JSON),
    ):
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [("gzip, br", True), ("br;q=1, GZIP;q=0.5", True), ("gzip;q=0", False), ("identity", False)],
)
def test_compressed_for_those_who_take_it(stack: Stack, accepted: str, compressed: bool) -> None:
    answer = get(stack.address, accept_encoding=accepted)
    assert ("content-encoding" in answer.headers) is compressed
    assert answer.text.endswith("</html>")
    headers = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
    assert not compressed or answer.wire + headers < 7_500
