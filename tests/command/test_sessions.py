"""Sessions, attempts and the journal, on a real table of the local AWS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.command.accounts import Step
from chalicelib.command.journal import Journal
from chalicelib.command.people import Person
from chalicelib.command.sessions import (
    CHECKED,
    IDLE,
    IN_ALL,
    LONGEST,
    PER_NAME,
    PER_SOURCE,
    RECOGNISED,
    STEP,
    WINDOW,
    Asker,
    Sessions,
)
from tests.conftest import Credentials, MiniStack

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
WANG = Person("wang", ("centre",))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def dynamo(ministack: MiniStack, account: Credentials) -> Any:
    client = ministack.client("dynamodb", account)
    for table, keys in (("sessions", ["id"]), ("journal", ["day", "at"])):
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )
    return client


@pytest.fixture
def sessions(dynamo: Any) -> Sessions:
    return Sessions(dynamo, "sessions")


def test_sessions_end_within_what_is_promised_to_people() -> None:
    """docs/security.md says 30 seconds and 30 minutes: whoever changes these numbers changes what is promised there."""
    assert 0 < CHECKED <= 30
    assert IDLE == 1800


def test_a_session_is_found_by_its_id_alone_and_the_table_does_not_hold_that(sessions: Sessions, dynamo: Any) -> None:
    id = sessions.open(WANG, AT, NOW)
    found = sessions.find(id, NOW)
    assert found is not None
    assert found.person == WANG
    assert len(id) == 43
    assert id not in str(dynamo.scan(TableName="sessions")["Items"])
    for other in ("", "x", id[:-1], id[:-1] + ("A" if id[-1] != "A" else "B"), "../" + id, "T#" + id):
        assert sessions.find(other, NOW) is None


def test_a_session_ends_when_idle_at_its_limit_and_when_it_is_ended(sessions: Sessions) -> None:
    id = sessions.open(WANG, AT, NOW)
    assert sessions.find(id, later(IDLE - 1))
    assert sessions.find(id, later(IDLE)) is None
    at = 0
    while at + IDLE // 2 < LONGEST:  # always in use
        at += IDLE // 2
        session = sessions.find(id, later(at))
        assert session
        assert sessions.look_after(id, session, lambda *_: WANG, later(at))
    assert sessions.find(id, later(LONGEST)) is None
    ended = sessions.open(WANG, AT, NOW)
    sessions.end(ended)
    assert sessions.find(ended, NOW) is None


def test_who_is_no_operator_any_more_is_out_at_the_next_look(sessions: Sessions) -> None:
    id = sessions.open(WANG, AT, NOW)
    session = sessions.find(id, NOW)
    assert session

    def never(name: str, began: int) -> Person:
        raise AssertionError("the pool is not asked at every request")

    assert sessions.look_after(id, session, never, later(CHECKED - 1)) == session
    assert sessions.look_after(id, session, lambda *_: None, later(CHECKED)) is None
    assert sessions.find(id, later(CHECKED)) is None, "it is at an end for every other request, too"


def test_other_roles_count_from_the_next_look_on(sessions: Sessions) -> None:
    id = sessions.open(WANG, AT, NOW)
    session = sessions.find(id, NOW)
    assert session
    sessions.look_after(id, session, lambda name, began: Person(name, ("staff",)), later(CHECKED))
    found = sessions.find(id, later(CHECKED))
    assert found
    assert found.person.roles == ("staff",)


def test_a_sign_out_is_not_undone_by_a_request_on_its_way(sessions: Sessions) -> None:
    id = sessions.open(WANG, AT, NOW)
    session = sessions.find(id, NOW)
    assert session
    sessions.end(id)
    assert sessions.look_after(id, session, lambda *_: WANG, later(CHECKED)) is None
    assert sessions.find(id, later(CHECKED)) is None


def test_a_step_is_taken_once_and_in_time(sessions: Sessions) -> None:
    step = Step("NEW_PASSWORD_REQUIRED", "wang", "the provider's")
    id = sessions.keep_step(step, NOW)
    assert sessions.step(id, NOW) == step
    assert sessions.find(id, NOW) is None, "it is no session"
    assert sessions.take_step(id, NOW) == step
    assert sessions.take_step(id, NOW) is None
    assert sessions.take_step(sessions.keep_step(step, NOW), later(STEP)) is None
    assert sessions.take_step(sessions.open(WANG, AT, NOW), NOW) is None


def asker(at: int = 1, device: str = "") -> Asker:
    return Asker(f"198.51.{at // 256}.{at % 256}", device)


def test_attempts_are_counted_by_name(sessions: Sessions) -> None:
    assert all(sessions.attempt("wang", asker(at), NOW) for at in range(PER_NAME))
    assert not sessions.attempt("wang", asker(99), NOW)
    assert sessions.attempt("li", asker(99), NOW), "others are not shut out"
    assert sessions.attempt("wang", asker(), later(WINDOW))


def test_attempts_are_counted_by_address_which_shuts_out_no_other(sessions: Sessions) -> None:
    tried = [sessions.attempt(f"n{at}", asker(), NOW) for at in range(PER_SOURCE + 2)]
    assert tried == [True] * PER_SOURCE + [False] * 2
    assert sessions.attempt("wang", asker(2), NOW)
    for _ in range(PER_NAME):
        sessions.attempt("wang", asker(), NOW)
    assert sessions.attempt("wang", asker(2), NOW), "what was refused does not count against the name"


def test_who_has_one_address_of_ipv6_has_a_whole_network_of_them(sessions: Sessions) -> None:
    tried = [sessions.attempt(f"n{at}", Asker(f"2001:db8:1:2::{at:x}", ""), NOW) for at in range(PER_SOURCE + 1)]
    assert not tried[-1]
    assert sessions.attempt("wang", Asker("2001:db8:1:3::1", ""), NOW)


def test_a_flood_from_everywhere_stops_before_the_provider_does(sessions: Sessions, dynamo: Any) -> None:
    window = int(NOW.timestamp()) // WINDOW
    known = sessions.recognise("", "wang", NOW)
    sessions.attempt("li", asker(), NOW)
    for item in dynamo.scan(TableName="sessions")["Items"]:
        if item["id"]["S"] == f"A##{window}":
            dynamo.put_item(TableName="sessions", Item={**item, "count": {"N": str(IN_ALL)}})
    assert not sessions.attempt("zhao", asker(5), NOW)
    assert sessions.attempt("wang", asker(6, known), NOW), "who was here before still comes in"
    assert IN_ALL / WINDOW < 120 / 5, "a fifth of what Cognito takes in a second"


def test_a_browser_that_signed_in_before_is_counted_by_itself(sessions: Sessions, dynamo: Any) -> None:
    id = sessions.recognise("", "wang", NOW)
    assert id not in str(dynamo.scan(TableName="sessions")["Items"])
    assert "wang" not in str(dynamo.scan(TableName="sessions")["Items"])
    while sessions.attempt("wang", asker(3), NOW):
        pass
    assert all(sessions.attempt("wang", asker(3, id), NOW) for _ in range(PER_NAME))
    assert not sessions.attempt("wang", asker(3, id), NOW)
    assert not sessions.attempt("wang", asker(4, "A" * 43), NOW), "made up"
    assert sessions.find(id, NOW) is None, "it is no session"
    for _ in range(PER_NAME):
        sessions.attempt("li", asker(5, id), NOW)
    assert not sessions.attempt("li", asker(6, id), NOW), "of another name it knows nothing"
    assert sessions.recognise(id, "li", NOW) == id, "two people at one computer"
    assert sessions.attempt("li", asker(6, id), NOW)
    late = later(RECOGNISED)
    assert all(sessions.attempt("wang", asker(7), late) for _ in range(PER_NAME))
    assert not sessions.attempt("wang", asker(7, id), late), "in the end it is forgotten"


def test_the_journal_is_only_added_to_and_read_by_days_of_the_city(dynamo: Any) -> None:
    journal = Journal(dynamo, "journal")
    for at in range(30):
        journal.add("wang", "fetched", f"file {at}", later(at))
    journal.add("li", "signed_in", "staff", datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    assert [each.what for each in journal.of(NOW.date())] == [f"file {at}" for at in range(29, -1, -1)]
    assert [each.what for each in journal.of(NOW.date(), 2)] == ["file 29", "file 28"]
    earlier = journal.of(NOW.date(), 2, before=journal.of(NOW.date(), 2)[-1].key)
    assert [each.what for each in earlier] == ["file 27", "file 26"]
    (next_day,) = journal.of(datetime(2026, 11, 25, tzinfo=UTC).date())
    assert (next_day.who, next_day.at) == ("li", datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    with pytest.raises(ValueError, match="no deed"):
        journal.add("wang", "drop table", "", NOW)
    assert not [name for name in dir(journal) if name.startswith(("delete", "update", "put"))]
