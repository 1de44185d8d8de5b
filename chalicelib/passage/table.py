"""The table: the one edge to DynamoDB. Keys, attribute maps, conditions and paging stay in here.

| item | pk | sk | holds |
|---|---|---|---|
| passage | `CP#<checkpoint>#<hour>` | `<received_at>#<submission>` | facts, sealed, expires_at |
| correction | that of the passage | `<that of the passage>#<received_at>#<submission>` | facts, sealed, expires_at |
| changed hour | `COR#<hour of a correction>` | its `<received_at>#<submission>` | facts (what it changed), expires_at |
| guard | `SUB#<submission>` | `SUB` | proof, received_at, record, until |
| scan | `SCAN#<checkpoint>#<hour>` | `<at>#<random>` | facts, expires_at |

The low-level client is used because resources parse and build several times slower; every name in an expression is a
`#name`, because real DynamoDB refuses reserved words that others take.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from chalicelib.passage import facts
from chalicelib.passage.facts import Registered, Scan, ScanFacts
from chalicelib.passage.hour import Hour

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

TRIES = 4
"""Of one transaction, when another one is touching the same items."""
CONFLICTS_FOR = 0.5
"""Seconds within which the last try after a conflict begins: then the traveller's next press is the better one."""
LOOKED_UP_WITHIN = 1.5
"""Seconds that looking up what a correction replaces may take: else the function's time might not do for storing it,
and the next press finds everything warm."""

NOT_YET_REGISTERED = "attribute_not_exists(#pk)"
"""The condition on the guard: this submission id was never stored."""
NEW_RECORD = "attribute_not_exists(#pk)"
"""The condition on a passage, and on whatever is stored with it: never write over a record."""

_TRANSIENT = frozenset(
    {"TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError", "InternalServerError"}
)


class Place(Struct, frozen=True):
    """Where a passage counts: by the first record of it, whatever corrected that one since."""

    checkpoint: str
    received_at: str
    submission: str


class Record(Struct, frozen=True):
    """A passage as it is stored."""

    submission: str
    checkpoint: str
    received_at: str
    """`hour.stamp` of the arrival at the server."""
    proof: bytes
    """Keyed hash of the canonical passage."""
    facts: bytes
    sealed: bytes
    expires_at: int
    """Epoch seconds; from then on nobody reads it, and the table deletes it within days."""
    corrects: Place | None = None
    """Of a correction: the place it counts in."""


class Raw(NamedTuple):
    """A record as it lies in the table."""

    name: str
    """Its sort key."""
    facts: str
    """JSON."""


class Guard(Struct, frozen=True):
    """What is known of a submission id that was stored: never the passage itself."""

    received_at: str
    proof: bytes
    place: Place
    """Where it counts: that of the first, if it is a correction."""
    expires_at: int | None
    """When its passage does; None for one from before corrections were taken."""


class NotStored(RuntimeError):
    """Whether the passage was stored is not known, or it was not: sending it again is safe. Names the cause's kind."""


class PassageWriter(Protocol):
    def register(self, record: Record) -> Guard:
        """Store `record` unless its submission id is stored already; either way the guard that now stands for it:
        `record`'s own, or the earlier one, which the caller compares. Raises NotStored."""
        ...

    def guards(self, *submissions: str) -> tuple[Guard | None, ...]:
        """The guard of each of these submission ids, all different; None where nothing was stored. Raises NotStored."""
        ...


class ScanWriter(Protocol):
    def scanned(self, scan: Scan, expires_at: int) -> None:
        """Store `scan` until `expires_at` (epoch seconds), in one try: whoever scanned waits for a page. Again is no
        second one. Raises NotStored."""
        ...


class PassageReader(Protocol):
    def facts(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Registered]:
        """What is counted of the passages of one checkpoint and hour, in order of arrival, all of them, without those
        that have expired by `now`. Of a passage with corrections the last one's answers, and what the first says
        of the arrival."""
        ...

    def changed(self, hour: Hour, now: datetime) -> set[Hour]:
        """The hours, of any age, in which passages were corrected by what arrived in `hour`, at any checkpoint."""
        ...

    def scans(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Scan]:
        """The scans of revoked posters of one checkpoint in one hour, likewise."""
        ...

    def again(self, kind: Literal["CP", "SCAN"], checkpoint: str, hour: Hour, now: datetime) -> Iterator[Raw]:
        """The records of passages (`CP`; corrections are records of their own) or scans of one checkpoint in one hour
        as they lie there, all that have not expired, by another way than the above: for counting them once more."""
        ...


def record_key(checkpoint: str, received_at: str, submission: str, corrects: Place | None = None) -> tuple[str, str]:
    """The passage's pk and sk: the hour is the server's, of arrival; a correction's is that of what it corrects."""
    own = f"{received_at}#{submission}"
    if corrects is None:
        return f"CP#{checkpoint}#{received_at[:13]}", own
    pk, first = record_key(checkpoint, corrects.received_at, corrects.submission)
    return pk, f"{first}#{own}"


def record_name(checkpoint: str, received_at: str, submission: str, corrects: Place | None = None) -> str:
    """The record's identity in one string, as it is sealed inside the blob."""
    return "/".join(record_key(checkpoint, received_at, submission, corrects))


def _guard(item: Item) -> Guard:
    pk, _, sk = item["record"]["S"].partition("/")
    received_at, submission, *_ = sk.split("#")
    return Guard(
        received_at=item["received_at"]["S"],
        proof=bytes(item["proof"]["B"]),
        place=Place(pk.split("#")[1], received_at, submission),
        expires_at=int(item["until"]["N"]) if "until" in item else None,
    )


def as_it_comes(client: DynamoDBClient) -> DynamoDBClient:
    """`client`, whose Query gives back the items of the answer's JSON as they come: botocore takes most of a summary's
    time for making the same of them. For a client that asks for texts and numbers alone: bytes stay in base 64.

    An event of botocore's own (`before-parse`); a botocore without it parses as ever."""

    def take(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
        if response_dict["status_code"] == 200:
            customized_response_dict.update(msgspec.json.decode(response_dict["body"]))
            response_dict["body"] = b"{}"

    client.meta.events.register("before-parse.dynamodb.Query", take)
    return client


class PassageTable:
    """A PassageWriter, ScanWriter and PassageReader on a DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table = table
        self._sleep = sleep

    def register(self, record: Record) -> Guard:
        pk, sk = record_key(record.checkpoint, record.received_at, record.submission, record.corrects)
        guard: Item = {
            "pk": {"S": f"SUB#{record.submission}"},
            "sk": {"S": "SUB"},
            "proof": {"B": record.proof},
            "received_at": {"S": record.received_at},
            "record": {"S": f"{pk}/{sk}"},
            "until": {"N": str(record.expires_at)},  # not `expires_at`: a guard is never deleted
        }
        passage: Item = {
            "pk": {"S": pk},
            "sk": {"S": sk},
            "facts": {"S": record.facts.decode()},
            "sealed": {"B": record.sealed},
            "expires_at": {"N": str(record.expires_at)},
        }
        items = [guard, passage]
        if record.corrects:
            changed = facts.ChangedHour(1, record.checkpoint, record.corrects.received_at[:13])
            items.append(
                {
                    "pk": {"S": f"COR#{record.received_at[:13]}"},
                    "sk": {"S": f"{record.received_at}#{record.submission}"},
                    "facts": {"S": facts.encode(changed).decode()},
                    "expires_at": {"N": str(record.expires_at)},
                }
            )
        new: dict[str, Any] = {
            "TableName": self._table, "ConditionExpression": NEW_RECORD, "ExpressionAttributeNames": {"#pk": "pk"},
        }  # fmt: skip
        puts: list[dict[str, Any]] = [{"Put": {"Item": item, **new}} for item in items]
        puts[0]["Put"] |= {
            "ConditionExpression": NOT_YET_REGISTERED,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        standing, *others = self._transact(puts)
        if standing is not None:
            return _guard(standing)
        if any(other is not None for other in others):
            raise NotStored("TransactionCanceled")
        return _guard(guard)

    def guards(self, *submissions: str) -> tuple[Guard | None, ...]:
        began = time.monotonic()
        found = self._transact(
            [
                {
                    "ConditionCheck": {
                        "TableName": self._table,
                        "Key": {"pk": {"S": f"SUB#{submission}"}, "sk": {"S": "SUB"}},
                        "ConditionExpression": NOT_YET_REGISTERED,
                        "ExpressionAttributeNames": {"#pk": "pk"},
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                }
                for submission in submissions
            ]
        )
        if time.monotonic() - began > LOOKED_UP_WITHIN:
            raise NotStored("LookedUpTooLong")
        return tuple(_guard(item) if item is not None else None for item in found)

    def _transact(self, actions: list[dict[str, Any]]) -> list[Item | None]:
        """Does `actions`, all or none. For each the item that stood against its condition ({} where it may not be
        seen), or None: with any item, none was done. Raises NotStored."""
        until = time.monotonic() + CONFLICTS_FOR
        for again in range(TRIES):
            try:
                self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons: list[dict[str, Any]] = list(cancelled.response.get("CancellationReasons", []))  # type: ignore[arg-type]
                codes = {reason.get("Code") for reason in reasons}
                if codes <= {"ConditionalCheckFailed", "None"} and len(codes) - ("None" in codes):
                    return [
                        reason.get("Item", {}) if reason["Code"] == "ConditionalCheckFailed" else None
                        for reason in reasons
                    ]
                if not codes & _TRANSIENT:
                    raise NotStored("TransactionCanceled") from None
            except self._client.exceptions.TransactionInProgressException:
                pass
            except (ClientError, BotoCoreError) as error:
                raise NotStored(type(error).__name__) from None
            else:
                return [None] * len(actions)
            left = until - time.monotonic()
            if left <= 0:
                break
            self._sleep(min(random.uniform(0.02, 0.05) * 2**again, left))  # noqa: S311 (spreads the tries, guards nothing)
        raise NotStored("TransactionConflict")

    def scanned(self, scan: Scan, expires_at: int) -> None:
        item: Item = {
            "pk": {"S": f"SCAN#{scan.checkpoint}#{scan.at[:13]}"},
            "sk": {"S": f"{scan.at}#{scan.id}"},
            "facts": {"S": facts.encode(ScanFacts(1, scan.poster, scan.key)).decode()},
            "expires_at": {"N": str(expires_at)},
        }
        try:
            self._client.transact_write_items(TransactItems=[{"Put": {"TableName": self._table, "Item": item}}])
        except (ClientError, BotoCoreError) as error:
            raise NotStored(type(error).__name__) from None

    def facts(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Registered]:
        # A correction sorts right behind what it corrects and before the next passage, a later one behind it.
        received_at = first = counts = arrived = told = ""
        corrections = 0

        def registered() -> Registered:
            answers = facts.decode(told)
            if corrections and arrived is not told:
                answers = facts.corrected(facts.decode(arrived), answers)
            return Registered(received_at, counts, answers, corrections)

        for sk, counted in self._counted(f"CP#{checkpoint}#{hour.key}", now):
            parts = sk.split("#")
            if parts[1] == first:
                counts, told, corrections = parts[3], counted, corrections + 1
                continue
            if first:
                yield registered()
            received_at, first, counts, corrections = parts[0], parts[1], parts[-1], len(parts) // 4
            arrived = told = counted
        if first:
            yield registered()

    def changed(self, hour: Hour, now: datetime) -> set[Hour]:
        changed = (facts.decode_changed(told).hour for _, told in self._counted(f"COR#{hour.key}", now))
        return {Hour.parse(key) for key in changed}

    def scans(self, checkpoint: str, hour: Hour, now: datetime) -> Iterator[Scan]:
        for sk, counted in self._counted(f"SCAN#{checkpoint}#{hour.key}", now):
            at, _, its_id = sk.partition("#")
            scan = facts.decode_scan(counted)
            yield Scan(checkpoint, at, its_id, scan.poster, scan.key)

    def again(self, kind: Literal["CP", "SCAN"], checkpoint: str, hour: Hour, now: datetime) -> Iterator[Raw]:
        # From the last to the first, with nothing filtered there and pages of its own: what `_counted` might leave out
        # must show here.
        asked: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "ScanIndexForward": False,
            "KeyConditionExpression": "#pk = :pk",
            "Select": "SPECIFIC_ATTRIBUTES",
            "ProjectionExpression": "#sk, #facts, #expires_at",
            "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk", "#facts": "facts", "#expires_at": "expires_at"},
            "ExpressionAttributeValues": {":pk": {"S": f"{kind}#{checkpoint}#{hour.key}"}},
        }
        more = True
        while more:
            page = self._client.query(**asked)
            for item in page["Items"]:
                if int(item["expires_at"]["N"]) > int(now.timestamp()):
                    yield Raw(item["sk"]["S"], item["facts"]["S"])
            more = "LastEvaluatedKey" in page
            asked["ExclusiveStartKey"] = page.get("LastEvaluatedKey")

    def _counted(self, pk: str, now: datetime) -> Iterator[tuple[str, str]]:
        """The sort key and facts of every item under `pk`, over all pages, without those that have expired."""
        start: dict[str, dict[str, str]] = {}
        while True:
            page = self._client.query(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="#pk = :pk",
                FilterExpression="#expires_at > :now",
                Select="SPECIFIC_ATTRIBUTES",  # said aloud, because the schedule's role may ask for nothing else
                ProjectionExpression="#sk, #facts",
                ExpressionAttributeNames={
                    "#pk": "pk",
                    "#sk": "sk",
                    "#facts": "facts",
                    "#expires_at": "expires_at",
                },
                ExpressionAttributeValues={":pk": {"S": pk}, ":now": {"N": str(int(now.timestamp()))}},
                **({"ExclusiveStartKey": start} if start else {}),  # type: ignore[arg-type]
            )
            for item in page["Items"]:
                yield item["sk"]["S"], item["facts"]["S"]
            start = page.get("LastEvaluatedKey", {})  # type: ignore[assignment]
            if not start:
                return
