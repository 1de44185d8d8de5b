"""The journal: who signed in, fetched, printed, revoked. Only added to: each entry is written under a key of its own
that must not be there yet, and the role may neither delete nor update. Operators' names, never a traveller's data.

    day = 2020-03-01            what people did on that day in the city
    day = 2020-03-01 machines   what machines fetched: apart, because they fetch every two minutes, day and night

(IAM cannot forbid a PutItem over an entry; the condition here does, and the table keeps 35 days of its past.)
"""

from __future__ import annotations

import re
import secrets
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from chalicelib.passage.hour import LOCAL, moment, stamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DEEDS = (
    "signed_in", "sign_in_refused", "signed_out", "fetched", "printed", "previewed", "revoked", "replaced", "failed",
    "enrolled",
)  # fmt: skip
"""What is written down, before it is done; `failed` comes after a deed of which it is not known that it came into
force."""

MOST = 500
"""Entries shown at a time."""


class JournalUnavailable(RuntimeError):
    """The table did not answer; what was to be written down may not have been. Names its error alone."""


class Entry(Struct, frozen=True):
    """One line. `key` says when, in the order of `stamp`, and which of that millisecond: `<stamp>#<16 hex digits>`."""

    key: str
    who: str
    deed: str
    what: str = ""
    """A file, a poster, a reason; nothing that a traveller typed."""

    @property
    def at(self) -> datetime:
        """When it was written down."""
        return moment(self.key.partition("#")[0])


class Journal:
    """The journal's table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client: Any = client
        self._table = table

    def add(self, who: str, deed: str, what: str, now: datetime, *, machine: bool = False) -> None:
        """Writes down one deed, of a person or of a `machine`. Raises JournalUnavailable: what cannot be written down
        must not be done."""
        if deed not in DEEDS:
            raise ValueError("no deed of the journal")
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "day": {"S": _part(now.astimezone(LOCAL).date(), machine)},
                    "at": {"S": f"{stamp(now)}#{secrets.token_hex(8)}"},
                    "who": {"S": who},
                    "deed": {"S": deed},
                    "what": {"S": what},
                },
                ConditionExpression="attribute_not_exists(#d)",
                ExpressionAttributeNames={"#d": "day"},
            )
        except (ClientError, BotoCoreError) as error:
            raise JournalUnavailable(_code(error)) from None

    def of(self, day: date, most: int = MOST, *, machines: bool = False, before: str = "") -> list[Entry]:
        """The entries of a day in the city, of people or of `machines`, the newest first, at most `most`; only those
        before the entry of the key `before`, if that is given. Raises JournalUnavailable."""
        which, values = "#d = :d", {":d": {"S": _part(day, machines)}}
        names = {"#d": "day"}
        if before:
            which, names["#a"], values[":a"] = f"{which} AND #a < :a", "at", {"S": before}
        found: list[Entry] = []
        more: dict[str, Any] = {}
        while len(found) < most:
            try:
                page = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression=which,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                    ScanIndexForward=False,
                    Limit=most - len(found),
                    **more,
                )
            except (ClientError, BotoCoreError) as error:
                raise JournalUnavailable(_code(error)) from None
            for item in page["Items"]:
                found.append(Entry(item["at"]["S"], item["who"]["S"], item["deed"]["S"], item["what"]["S"]))
            if "LastEvaluatedKey" not in page:
                break
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return found


def is_key(text: str) -> bool:
    """Whether `text` can be an entry's key."""
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[0-9a-f]{16}", text, re.ASCII) is not None


def _part(day: date, machines: bool) -> str:
    return day.isoformat() + (" machines" if machines else "")


def _code(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
