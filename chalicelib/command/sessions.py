"""The sessions: who is signed in, in a table of their own. The cookie holds 256 random bits, the table their hash
alone: whoever reads the table cannot sign in with it.

    S#<hash>            a session, until it is ended, idle, or at its limit
    T#<hash>            a sign-in, or a second factor being set up, that waits for its next step
    D#<hash>            a browser in which somebody signed in before: its own bits and the name, hashed together
    A#<hash>#<window>   attempts to sign in: of one such browser with that name; of all others with one name, or from
                        one address; A##<window> of all others together

A session is looked up at each request; at most every `CHECKED` seconds the user pool is asked whether its person is
still one, with which roles, and since when their sessions count. So a person who was disabled or signed out
(`scripts/operators`) is out within that time.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct, structs

from chalicelib.command.accounts import Step
from chalicelib.command.people import Person

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LONGEST = 12 * 3600
"""Seconds after which a session ends whatever happens."""

IDLE = 30 * 60
"""Seconds without a request after which it ends. A page that refreshes itself keeps it: closing the page ends it."""

CHECKED = 30
"""Seconds within which somebody who was disabled, removed, signed out or given other roles is treated so."""

STEP = 180
"""Seconds to answer the next step of signing in, as long as the provider waits."""

WINDOW = 15 * 60
"""Seconds over which attempts are counted."""

PER_NAME, PER_SOURCE, IN_ALL = 10, 100, 20_000
"""Attempts in a window: with one name, from one address (a whole centre may share one), and in all. The last is 22 a
second, for Cognito takes 120 of all of us: a flood from everywhere stops here, and browsers that are recognised, which
count for themselves, still find it answering."""

RECOGNISED = 180 * 86400
"""Seconds that a browser is recognised after somebody signed in there."""

_ID = re.compile("[A-Za-z0-9_-]{43}")


class SessionsUnavailable(RuntimeError):
    """The table did not answer; names its error alone."""


class Session(Struct, frozen=True):
    """A person who is signed in."""

    person: Person
    opened: int
    """When its sign-in began; seconds of the epoch, as all times here."""
    seen: int
    checked: int
    token: str
    """Stands in every form of this session's pages, and nowhere else."""

    def over(self, now: int) -> bool:
        return now >= self.opened + LONGEST or now >= self.seen + IDLE


class Asker(Struct, frozen=True):
    """Where an attempt to sign in comes from."""

    source: str
    """The address, as the gateway saw it; no header."""
    device: str
    """What the browser's long-lived cookie holds; "" without one."""


class Sessions:
    """The sessions' table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client: Any = client
        self._table = table

    def open(self, person: Person, began: int, now: datetime) -> str:
        """A new session's id, for the cookie and for nobody else; `began` is when the password was shown. Raises
        SessionsUnavailable."""
        at = int(now.timestamp())
        session = Session(person, began, at, at, secrets.token_urlsafe(24))
        return self._keep("S#", msgspec.json.encode(session), began + LONGEST)

    def find(self, id: str, now: datetime) -> Session | None:
        """The session of that id, if it is one and not over. Raises SessionsUnavailable."""
        found = self._read("S#", id)
        session = msgspec.json.decode(found, type=Session) if found else None
        return None if session is None or session.over(int(now.timestamp())) else session

    def look_after(
        self, id: str, session: Session, look: Callable[[str, int], Person | None], now: datetime
    ) -> Session | None:
        """`session`, its person asked for in the pool (`look`) unless that was just done; None, and it is at an end,
        when they are no operator any more, or were signed out. Raises what `look` raises, SessionsUnavailable."""
        at = int(now.timestamp())
        if at < session.checked + CHECKED:
            return session
        person = look(session.person.name, session.opened)
        # Without roles or disabled, it ends where it stands: no role may delete here but the desk's.
        changed = structs.replace(session, person=person or session.person, seen=at if person else 0, checked=at)
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": _key("S#", id)}},
                UpdateExpression="SET #c = :c",
                ConditionExpression="attribute_exists(#i)",  # a sign-out meanwhile stands
                ExpressionAttributeNames={"#c": "content", "#i": "id"},
                ExpressionAttributeValues={":c": {"S": msgspec.json.encode(changed).decode()}},
            )
        except (ClientError, BotoCoreError) as error:
            if _code(error) == "ConditionalCheckFailedException":
                return None
            raise SessionsUnavailable(_code(error)) from None
        return changed if person else None

    def end(self, id: str) -> None:
        """Whatever the cookie says from now on, the session is at an end. Raises SessionsUnavailable."""
        if _ID.fullmatch(id):
            self._call("delete_item", Key={"id": {"S": _key("S#", id)}})

    def keep_step(self, step: Step, now: datetime) -> str:
        """The id under which the next step is asked for. Raises SessionsUnavailable."""
        return self._keep("T#", msgspec.json.encode(step), int(now.timestamp()) + STEP)

    def take_step(self, id: str, now: datetime) -> Step | None:
        """The step of that id, once: it is gone afterwards. Raises SessionsUnavailable."""
        if not _ID.fullmatch(id):
            return None
        answer = self._call("delete_item", Key={"id": {"S": _key("T#", id)}}, ReturnValues="ALL_OLD")
        found = answer.get("Attributes")
        if not found or int(found["expires_at"]["N"]) <= now.timestamp():
            return None
        return msgspec.json.decode(found["content"]["S"], type=Step)

    def step(self, id: str, now: datetime) -> Step | None:
        """The step of that id, to be shown. Raises SessionsUnavailable."""
        found = self._read("T#", id, int(now.timestamp()))
        return msgspec.json.decode(found, type=Step) if found else None

    def recognise(self, device: str, name: str, now: datetime) -> str:
        """Remembers that `name` signed in in this browser; what its cookie is to hold, the same for all who do. It
        opens nothing: with it, strangers' attempts do not count. Raises SessionsUnavailable."""
        id = device if _ID.fullmatch(device) else secrets.token_urlsafe(32)
        expires = int(now.timestamp()) + RECOGNISED
        self._call("put_item", Item={"id": {"S": _key("D#", f"{id} {name}")}, "expires_at": {"N": str(expires)}})
        return id

    def attempt(self, name: str, by: Asker, now: datetime) -> bool:
        """Counts one attempt with `name` ("" for what can be none); whether it may be made. Raises
        SessionsUnavailable."""
        at = int(now.timestamp()) // WINDOW
        if self._recognised(by.device, name, now):
            return self._count(f"device {by.device} {name}", at) <= PER_NAME
        # What one limit refuses does not count for the next: one address shuts out no name, one name not all others.
        return (
            self._count(f"source {_network(by.source)}", at) <= PER_SOURCE
            and (not name or self._count(f"name {name}", at) <= PER_NAME)
            and self._count("", at) <= IN_ALL
        )

    def _recognised(self, device: str, name: str, now: datetime) -> bool:
        if not _ID.fullmatch(device):
            return False
        found = self._call("get_item", Key={"id": {"S": _key("D#", f"{device} {name}")}}, ConsistentRead=True)
        return "Item" in found and int(found["Item"]["expires_at"]["N"]) > now.timestamp()

    def _count(self, what: str, window: int) -> int:
        answer = self._call(
            "update_item",
            Key={"id": {"S": f"{_key('A#', what) if what else 'A#'}#{window}"}},
            UpdateExpression="ADD #n :one SET #e = :e",
            ExpressionAttributeNames={"#n": "count", "#e": "expires_at"},
            ExpressionAttributeValues={":one": {"N": "1"}, ":e": {"N": str((window + 2) * WINDOW)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["count"]["N"])

    def _keep(self, kind: str, content: bytes, expires: int) -> str:
        id = secrets.token_urlsafe(32)
        self._call(
            "put_item",
            Item={
                "id": {"S": _key(kind, id)},
                "content": {"S": content.decode()},
                "expires_at": {"N": str(expires)},
            },
            ConditionExpression="attribute_not_exists(#i)",
            ExpressionAttributeNames={"#i": "id"},
        )
        return id

    def _read(self, kind: str, id: str, now: int | None = None) -> str | None:
        if not _ID.fullmatch(id):
            return None
        found = self._call("get_item", Key={"id": {"S": _key(kind, id)}}, ConsistentRead=True).get("Item")
        if not found or (now is not None and int(found["expires_at"]["N"]) <= now):
            return None
        return str(found["content"]["S"])

    def _call(self, operation: str, **given: Any) -> Any:
        try:
            return getattr(self._client, operation)(TableName=self._table, **given)
        except (ClientError, BotoCoreError) as error:
            raise SessionsUnavailable(_code(error)) from None


def _network(source: str) -> str:
    """Who has one address of IPv6 has its whole /64; "" for what is none."""
    try:
        return str(ipaddress.ip_network((source, 64 if ":" in source else 32), strict=False))
    except ValueError:
        return ""


def _key(kind: str, id: str) -> str:
    return kind + hashlib.sha256(id.encode()).hexdigest()


def _code(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
