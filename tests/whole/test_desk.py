"""Signing in at the desk of the running stack, with IAM enforced: who comes in, who does not, and how they get out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from chalicelib.command.journal import Journal
from chalicelib.command.sessions import CHECKED, PER_NAME, PER_SOURCE
from chalicelib.passage.hour import LOCAL
from tests.command.forged import forged
from tests.conftest import LocalStack
from tests.whole.desk import OWN, Answer, Desk, digits, key_shown, operator, signed_in, wrong
from tests.whole.functions import Function

COOKIE = re.compile(
    r"[A-Za-z0-9_-]{43}; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Strict"
)  # no Domain, and __Host- before its name: RFC 6265bis, 4.1.3.2

KNOWN = re.compile(r"[A-Za-z0-9_-]{43}; Path=/; Max-Age=15552000; Secure; HttpOnly; SameSite=Strict")


@pytest.fixture(scope="module")
def wang(stack: LocalStack) -> Desk:
    return signed_in(stack, "wang", "centre")


def test_signing_in_gives_a_cookie_that_only_this_host_gets(stack: LocalStack) -> None:
    password = operator(stack, "zhao", "centre")
    desk = Desk(stack)
    answer = desk.sign_in("Zhao ", password)
    assert (answer.status, answer.headers["location"]) == (303, "./")
    assert COOKIE.fullmatch(answer.cookies["__Host-kakou"])
    assert desk.get().status == 200


def test_a_temporary_password_must_be_changed_and_is_worth_nothing_afterwards(stack: LocalStack) -> None:
    done = subprocess.run(
        [sys.executable, "scripts/operators", "--urls", str(stack.urls_file), "add", "sun.mei", "--role", "staff"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    temporary = done.stdout.strip().rpartition(": ")[2]
    desk = Desk(stack)
    asked = desk.keep(desk.post("sign-in", {"name": "sun.mei", "password": temporary}))
    assert asked.status == 200
    assert "__Host-kakou" not in asked.cookies
    assert desk.get().status == 401, "the password alone is no session"
    assert 'autocomplete="new-password"' in asked.text
    assert desk.keep(desk.post("sign-in", {"answer": "short", "again": "short"})).status == 422
    differ = desk.keep(desk.post("sign-in", {"answer": "Another-horse-1", "again": "Another-horse-2"}))
    assert differ.status == 422
    done_now = desk.keep(desk.post("sign-in", {"answer": "Another-horse-1", "again": "Another-horse-1"}))
    assert done_now.status == 303, done_now.text
    assert desk.get().status == 200
    assert Desk(stack).sign_in("sun.mei", temporary).status == 401
    assert Desk(stack).sign_in("sun.mei", "Another-horse-1").status == 303


def test_a_second_factor_is_set_up_by_who_shows_the_password_once_more(stack: LocalStack) -> None:
    desk = signed_in(stack, "hu", "centre")
    password = operator(stack, "hu", "centre")
    assert Desk(stack).get("second-factor").status == 401
    assert 'name="password"' in desk.get("second-factor").text
    assert desk.post("second-factor", {"password": "wrong"}).status == 422
    assert desk.post("second-factor", {"password": password, "token": "x" * 32}).status == 403
    given = desk.keep(desk.post("second-factor", {"password": password}))
    secret = key_shown(given.text)
    assert "no-store" in given.headers["cache-control"]
    again = desk.keep(desk.post("second-factor", {"answer": wrong(digits(secret))}))
    assert (again.status, key_shown(again.text)) == (422, secret), "the app has this key already"
    outside = Desk(stack)
    outside.cookies["__Host-kakou-step"] = desk.cookies["__Host-kakou-step"]
    asked = outside.get("sign-in").text
    assert secret not in asked, "whoever comes to this browser next sees no key"
    assert 'name="password"' in asked
    assert outside.post("sign-in", {"answer": digits(secret)}).status == 401, "that step lets nobody in"
    assert desk.post("second-factor", {"answer": digits(secret)}).status == 422, "and is used up"

    desk.keep(desk.post("second-factor", {"password": password}))
    assert "__Host-kakou-step" in desk.cookies
    desk.keep(desk.post("sign-out", {}))
    assert not desk.cookies.get("__Host-kakou-step"), "an unfinished one ends with the session"
    journal = Journal(stack.client("dynamodb"), stack.outputs["data"]["Journal"])
    entries = [each for each in journal.of(datetime.now(LOCAL).date()) if each.who == "hu"]
    assert [each.what for each in entries if each.deed == "sign_in_refused"] == ["ENROL"], "the wrong password"


def test_who_has_one_is_asked_for_it_and_a_wrong_one_is_refused(stack: LocalStack) -> None:
    desk = signed_in(stack, "qian", "centre")
    password = operator(stack, "qian", "centre")
    secret = key_shown(desk.keep(desk.post("second-factor", {"password": password})).text)
    assert desk.keep(desk.post("second-factor", {"answer": digits(secret)})).status == 303
    assert "status" in desk.get("second-factor?done=yes").text
    assert desk.post("second-factor", {"password": password}).status == 409, "there is one"

    desk = Desk(stack)
    asked = desk.keep(desk.post("sign-in", {"name": "qian", "password": password}))
    assert 'autocomplete="one-time-code"' in asked.text
    assert secret not in asked.text
    assert desk.get().status == 401
    assert desk.keep(desk.post("sign-in", {"answer": wrong(digits(secret))})).status == 401
    assert desk.keep(desk.post("sign-in", {"answer": digits(secret)})).status == 401, "a step is good for one answer"
    desk.keep(desk.post("sign-in", {"name": "qian", "password": password}))
    assert desk.keep(desk.post("sign-in", {"answer": digits(secret)})).status == 303
    assert desk.get().status == 200

    assert secret not in everything_written(stack)
    journal = Journal(stack.client("dynamodb"), stack.outputs["data"]["Journal"])
    entries = [each for each in journal.of(datetime.now(LOCAL).date()) if each.who == "qian"]
    assert "enrolled" in [each.deed for each in entries]
    assert secret not in str(entries)
    subprocess.run([sys.executable, "scripts/operators", "--urls", str(stack.urls_file), "unenrol", "qian"], check=True)
    assert Desk(stack).sign_in("qian", password).status == 303


def everything_written(stack: LocalStack) -> str:
    """The logs of the desk's functions and MiniStack's own."""
    logs = stack.client("logs")
    text = stack.ministack.log.read_text("utf-8", "replace")
    for group in logs.describe_log_groups()["logGroups"]:
        if "command" in group["logGroupName"]:
            text += str(logs.filter_log_events(logGroupName=group["logGroupName"])["events"])
    return text


def test_wrong_name_wrong_password_and_a_disabled_person_are_told_the_same(stack: LocalStack) -> None:
    operator(stack, "li", "centre")
    password = operator(stack, "gone", "centre")
    stack.accounts().disable("gone")
    told = {
        re.sub('static/[^"]+', "", answer.text)
        for answer in (
            Desk(stack).sign_in("li", "wrong"),
            Desk(stack).sign_in("nobody", "wrong"),
            Desk(stack).sign_in("gone", password),
            Desk(stack).sign_in("' or 1=1 --", "x" * 250),
        )
        if answer.status == 401
    }
    assert len(told) == 1


def test_one_name_cannot_be_tried_for_long_and_others_are_not_shut_out(stack: LocalStack) -> None:
    password = operator(stack, "tried", "centre")
    statuses = [Desk(stack).sign_in("tried", "wrong").status for _ in range(PER_NAME)]
    assert statuses == [401] * PER_NAME
    refused = Desk(stack).sign_in("tried", password)
    assert refused.status == 429
    assert "__Host-kakou" not in refused.cookies
    assert signed_in(stack, "another", "centre")


def test_strangers_cannot_shut_a_browser_out_that_signed_in_before(stack: LocalStack) -> None:
    desk = signed_in(stack, "known", "centre")
    password = operator(stack, "known", "centre")
    assert KNOWN.fullmatch(desk.sign_in("known", password).cookies["__Host-kakou-known"])
    desk.keep(desk.post("sign-out", {}))
    desk.csrf = ""
    while (stranger := Desk(stack).sign_in("known", "wrong")).status == 401:
        pass
    assert stranger.status == 429
    planted = Desk(stack)
    planted.cookies["__Host-kakou-known"] = "A" * 43
    assert planted.sign_in("known", password).status == 429, "no cookie of ours"
    wrong = desk.keep(desk.sign_in("known", "wrong"))
    assert wrong.status == 401
    assert re.sub('static/[^"]+', "", wrong.text) == re.sub(
        'static/[^"]+', "", Desk(stack).sign_in("nobody.at.all", "wrong").text
    ), "the same is said"
    assert desk.sign_in("known", password).status == 303
    tries = [desk.post("sign-in", {"name": "known", "password": "wrong"}).status for _ in range(PER_NAME)]
    assert 429 in tries, "its own tries are counted, too"


def test_one_address_cannot_keep_everybody_from_signing_in(stack: LocalStack) -> None:
    """With made-up names, as many as it likes; and whatever it says in a header that its address is."""
    password = operator(stack, "early", "centre")
    statuses = {
        Desk(stack, "203.0.113.7").post("sign-in", {"name": f"made.up.{at}", "password": "x"}).status
        for at in range(PER_SOURCE + 5)
    }
    assert statuses == {401, 429}
    assert Desk(stack, "203.0.113.7").sign_in("early", password).status == 429
    assert Desk(stack).sign_in("early", password).status == 303


def test_signing_out_ends_the_session_and_not_only_the_cookie(stack: LocalStack) -> None:
    desk = signed_in(stack, "leaver", "centre")
    kept = dict(desk.cookies)
    answer = desk.keep(desk.post("sign-out", {}))
    assert (answer.status, answer.headers["location"]) == (303, "sign-in?left=yes")
    assert set(desk.cookies) == {"__Host-kakou-known"}
    desk.cookies = kept
    assert desk.get().status == 401


def test_signing_in_again_gives_another_session_and_ends_the_first(stack: LocalStack) -> None:
    desk = signed_in(stack, "twice", "centre")
    first = desk.cookies["__Host-kakou"]
    desk.csrf = ""
    assert desk.sign_in("twice", operator(stack, "twice", "centre")).status == 303
    assert desk.cookies["__Host-kakou"] != first
    desk.cookies["__Host-kakou"] = first
    assert desk.get().status == 401


def test_a_disabled_persons_live_session_ends_within_the_stated_time(stack: LocalStack) -> None:
    """The clock of the session is set back instead of ours being waited for."""
    desk = signed_in(stack, "leaving", "centre")
    assert desk.get().status == 200
    stack.accounts().disable("leaving")
    _age_sessions(stack, "leaving", CHECKED)
    assert desk.get().status == 401
    stack.accounts().enable("leaving")
    assert desk.get().status == 401, "a session that ended stays at an end"


def test_a_session_ends_when_idle(stack: LocalStack) -> None:
    desk = signed_in(stack, "idler", "centre")
    _age_sessions(stack, "idler", 1800)
    assert desk.get().status == 401


ENDING = {
    "reset": ["reset"],
    "the second factor taken away": ["unenrol"],
    "disabled and enabled at once": ["disable", "enable"],
    "signed out by name": ["sign-out"],
}
"""By which commands a thief, who is signed in as somebody, is out."""


@pytest.mark.parametrize("commands", ENDING.values(), ids=ENDING)
def test_every_live_session_of_a_person_ends_by(stack: LocalStack, commands: list[str]) -> None:
    name = "robbed." + commands[0]
    password = operator(stack, name, "centre")
    thieves, bystander = [Desk(stack), Desk(stack)], signed_in(stack, "bystander", "centre")
    for thief in thieves:
        assert thief.sign_in(name, password).status == 303
    time.sleep(1)  # the mark has whole seconds: who signs in anew is after it
    for command in commands:
        run = [sys.executable, "scripts/operators", "--urls", str(stack.urls_file), command, name]
        done = subprocess.run(run, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    time.sleep(1)
    anew = Desk(stack)
    if "reset" in commands:
        password = operator(stack, name, "centre", "Another-horse-8-battery")
    assert anew.sign_in(name, password).status == 303
    for somebody in (name, "bystander"):
        _age_sessions(stack, somebody, CHECKED)
    assert [thief.get().status for thief in thieves] == [401, 401]
    assert anew.get().status == 200, "who signs in afterwards is let be"
    assert bystander.get().status == 200, "and so is everybody else"


def test_a_sign_in_that_was_begun_before_a_reset_is_worth_nothing_after_it(stack: LocalStack) -> None:
    """The thief has shown the password and waits with the digits until everybody else is out."""
    desk = signed_in(stack, "slow", "centre")
    password = operator(stack, "slow", "centre")
    secret = key_shown(desk.keep(desk.post("second-factor", {"password": password})).text)
    assert desk.keep(desk.post("second-factor", {"answer": digits(secret)})).status == 303
    assert desk.get().status == 200, "who sets one up goes on"
    thief = Desk(stack)
    assert thief.keep(thief.post("sign-in", {"name": "slow", "password": password})).status == 200
    stack.accounts().reset("slow")
    time.sleep(1)
    thief.keep(thief.post("sign-in", {"answer": digits(secret)}))
    _age_sessions(stack, "slow", CHECKED)
    assert thief.get().status == 401


def _age_sessions(stack: LocalStack, name: str, seconds: int) -> None:
    dynamo = stack.client("dynamodb")
    for item in dynamo.scan(TableName="kakou-local-sessions")["Items"]:
        content = json.loads(item.get("content", {"S": "{}"})["S"])
        if content.get("person", {}).get("name") == name:
            for field in ("seen", "checked"):
                content[field] -= seconds
            item["content"] = {"S": json.dumps(content)}
            dynamo.put_item(TableName="kakou-local-sessions", Item=item)


def test_a_browser_that_names_its_origin_alone_may_do_the_same(stack: LocalStack) -> None:
    """Safari before 16.4 sends no Sec-Fetch-Site."""
    desk = signed_in(stack, "older", "centre")
    parts = urlsplit(stack.command_url)
    plain = {"Sec_Fetch_Site": "", "Origin": f"{parts.scheme}://{parts.netloc}"}
    assert desk.post("sign-out", {}, **{**plain, "Origin": "https://evil.example"}).status == 403
    assert desk.keep(desk.post("sign-out", {}, **plain)).status == 303
    assert desk.get().status == 401


def test_an_address_of_many_parts_leads_into_no_circle(stack: LocalStack, wang: Desk) -> None:
    """A page for who is signed out links to `sign-in` beside it: below another folder there is none."""
    for somebody in (Desk(stack), wang):
        for path in ("there/is/nothing", "static/..%2f..%2fapp.py", "../../app.py", "static/x/y"):
            answer = somebody.get(path)
            assert (answer.status, "refresh" in answer.text) in ((403, False), (404, False)), path
            assert "import" not in answer.text


NOW = datetime.now(UTC)
Attack = Callable[[Desk, Desk], Answer]
"""What a stranger tries, with a signed-in person's desk to steal from."""

GATEWAY, AUTHORISER, SIGNING_IN = "", "unauthorised", "sign_in_refused"
"""Who says no, as the log of our functions has it. What the gateway itself refuses (no cookie at all) reaches none of
them: on AWS its own log has it (`test_templates.py`), MiniStack keeps none."""

HOSTILE: list[tuple[str, Attack, int, str]] = [
    ("no cookie", lambda me, you: me.get(), 401, GATEWAY),
    ("an empty cookie", lambda me, you: me.get(Cookie="__Host-kakou="), 401, AUTHORISER),
    ("a made-up session", lambda me, you: me.get(Cookie="__Host-kakou=" + "A" * 43), 401, AUTHORISER),
    ("the same, no prefix", lambda me, you: me.get(Cookie="kakou=" + you.cookies["__Host-kakou"]), 401, AUTHORISER),
    (
        "two sessions at once",
        lambda me, you: me.get(Cookie=f"__Host-kakou={'A' * 43}; __Host-kakou={you.cookies['__Host-kakou']}"),
        401,
        AUTHORISER,
    ),
    ("a session's hash", lambda me, you: me.get(Cookie="__Host-kakou=S#0123"), 401, AUTHORISER),
    ("it as a bearer", lambda me, you: me.get(Authorization="Bearer " + you.cookies["__Host-kakou"]), 401, GATEWAY),
    ("a header that says who", lambda me, you: me.get(X_Amzn_Principal_Id="admin", X_User="admin"), 401, GATEWAY),
    ("from inside", lambda me, you: me.get(X_Forwarded_For="127.0.0.1", X_Forwarded_Host="localhost"), 401, GATEWAY),
    ("false host", lambda me, _: me.get(X_Forwarded_Host="evil.example", Forwarded="host=evil.example"), 401, GATEWAY),
    ("a path beside", lambda me, you: me.get("nothing-here"), 401, GATEWAY),
    ("a file of ours", lambda me, you: me.get("static/desk.css"), 404, "not_found"),
    ("a stolen cookie from another site's form", lambda me, you: _stolen(me, you, "cross-site"), 403, "foreign"),
    ("… from a sibling host's", lambda me, you: _stolen(me, you, "same-site"), 403, "foreign"),
    ("… without saying from where", lambda me, you: _stolen(me, you, ""), 403, "foreign"),
    ("… from our page, without its token", lambda me, you: _stolen(me, you, "same-origin"), 403, "foreign"),
    ("… with another token", lambda me, you: _stolen(me, you, "same-origin", token="x" * 32), 403, "foreign"),
    ("… with a foreign origin", lambda me, you: _stolen(me, you, "", Origin="https://evil.example"), 403, "foreign"),
    ("… with no origin", lambda me, you: _stolen(me, you, "", Origin="null"), 403, "foreign"),
    ("from elsewhere", lambda me, you: me.post("sign-in", {"name": "a"}, Sec_Fetch_Site="cross-site"), 403, "foreign"),
    ("numbers", lambda me, you: me.get("?window=operation"), 401, GATEWAY),
    ("a file", lambda me, you: me.get("file?name=now.json"), 401, GATEWAY),
    ("a form without an end", lambda me, you: me.post("sign-in", {"name": "a" * 5000}), 413, "too_large"),
    ("a form of thousands", lambda me, you: me.ask("POST", "sign-in", b"a=1&" * 1000, OWN), 401, SIGNING_IN),
    ("a form of bytes", lambda me, you: me.ask("POST", "sign-in", b"\xff\xfe\x00name", OWN), 401, SIGNING_IN),
    ("a step that nobody began", lambda me, you: me.post("sign-in", {"answer": "123456"}), 401, SIGNING_IN),
    (
        "somebody else's step",
        lambda me, you: me.post("sign-in", {"answer": "Right-horse-1"}, Cookie="__Host-kakou-step=" + "B" * 43),
        401,
        SIGNING_IN,
    ),
]  # fmt: skip


def _stolen(me: Desk, you: Desk, site: str, token: str = "", **headers: str) -> Answer:
    """Signs the victim out, where that is let through."""
    cookie = "__Host-kakou=" + you.cookies["__Host-kakou"]
    fields = f"token={token}".encode()
    return me.ask("POST", "sign-out", fields, {"Cookie": cookie, "Sec-Fetch-Site": site, **headers})


def _with(**headers: str) -> Attack:
    return lambda me, you: me.get(**headers)


for _name, _token, _reason in forged(NOW):
    _sent = _token[:3000]
    HOSTILE.append((f"a token for a session: {_name}", _with(Cookie=f"__Host-kakou={_sent}"), 401, AUTHORISER))
    HOSTILE.append((f"a token as bearer: {_name}", _with(Authorization=f"Bearer {_sent}"), 401, GATEWAY))


@pytest.fixture(scope="module")
def written(stack: LocalStack) -> Callable[[str], int]:
    """How many lines of the log of our functions have that word."""
    functions = [Function(stack, "command", name) for name in ("Authorise", "APIHandler")]
    return lambda word: sum(f'"{word}"' in line for each in functions for line in each.log().split("\n"))


@pytest.mark.parametrize(
    ("attack", "status", "word"), [each[1:] for each in HOSTILE], ids=[each[0] for each in HOSTILE]
)
def test_what_must_not_get_in(
    stack: LocalStack, wang: Desk, written: Callable[[str], int], attack: Attack, status: int, word: str
) -> None:
    before = written(word)
    answer = attack(Desk(stack), wang)
    assert answer.status == status, answer.text[:500]
    assert answer.headers["content-type"].startswith("text/html"), "said in plain words"
    assert "frame-ancestors" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert "no-store" in answer.headers["cache-control"]
    assert "__Host-kakou" not in answer.cookies
    assert not re.search("Traceback|botocore|wang|evil[.]example", answer.text)
    assert wang.get().status == 200, "who is signed in stays so"
    until = time.monotonic() + 20
    while word and written(word) <= before and time.monotonic() < until:
        wang.get()  # MiniStack brings a line that was late with the next answer
    assert not word or written(word) == before + 1, "one line of the log says so"


def test_real_tokens_of_the_pool_are_no_sessions(stack: LocalStack) -> None:
    """Not even our own, good ones: they never leave the function."""
    password = operator(stack, "token", "admin")
    data = stack.outputs["data"]
    tokens = stack.client("cognito-idp").admin_initiate_auth(
        UserPoolId=data["Operators"],
        ClientId=data["OperatorsClient"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "token", "PASSWORD": password},
    )["AuthenticationResult"]
    for kind in ("AccessToken", "IdToken"):
        assert Desk(stack).get(Cookie=f"__Host-kakou={tokens[kind]}").status == 401
        assert Desk(stack).get(Authorization=f"Bearer {tokens[kind]}").status == 401


def test_nobody_can_sign_in_past_our_limits(stack: LocalStack) -> None:
    """The pool's client allows no flow that needs no signature: the public internet cannot try passwords there."""
    password = operator(stack, "past", "centre")
    cognito = stack.client("cognito-idp")
    with pytest.raises(cognito.exceptions.ClientError) as refused:
        cognito.initiate_auth(
            ClientId=stack.outputs["data"]["OperatorsClient"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "past", "PASSWORD": password},
        )
    assert refused.value.response["Error"]["Code"] in ("InvalidParameterException", "NotAuthorizedException")


def test_signing_in_is_in_the_journal_and_no_password_anywhere(stack: LocalStack) -> None:
    password = operator(stack, "written", "centre", "Not-in-any-log-77")
    Desk(stack).sign_in("written", password)
    Desk(stack).sign_in("written", "Wrong-and-not-in-a-log-1")
    Desk(stack).get(Cookie="__Host-kakou=" + "A" * 43)
    journal = Journal(stack.client("dynamodb"), stack.outputs["data"]["Journal"])
    entries = journal.of(datetime.now(LOCAL).date())
    assert [each.deed for each in entries if each.who == "written"] == ["signed_in"]
    text = everything_written(stack)
    assert "sign_in_refused" in text
    assert "unauthorised" in text
    for secret in ("Not-in-any-log-77", "Wrong-and-not-in-a-log-1"):
        assert secret not in text
        assert secret not in str(stack.client("dynamodb").scan(TableName="kakou-local-sessions")["Items"])


def test_pages_say_how_they_may_be_used(wang: Desk) -> None:
    answer = wang.get()
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin", "with none, older Safaris send forms from `null`"
    sheet = re.search('href="(static/desk[^"]+css)"', answer.text)
    assert sheet
    style = Desk.get(wang, sheet[1])
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]
    assert "set-cookie" not in style.headers
