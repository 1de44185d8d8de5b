"""DynamoDB in memory, as far as `PassageTable` speaks to it: a fake client, so that the real table code runs on it.

What matters for the promises is modelled as the service documents it: transactions of conditional puts and checks, the
guard handed back on a failed condition, pages that end early, filters that do not fill a page, and reads that are stale
unless they ask to be consistent. tests/passage/test_table.py holds the same contract against the local stack.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

Item = dict[str, dict[str, Any]]
Key = tuple[str, str]

STALE = 5.0
"""Seconds by which a read that does not ask for consistency may lag."""


def _exceptions() -> Any:
    client = boto3.client("dynamodb", region_name="cn-north-1", aws_access_key_id="x", aws_secret_access_key="x")
    return client.exceptions


class MemoryDynamo:
    """One table. `page` items at most come at a time; `clock` (seconds) ages writes for stale reads."""

    _shared_exceptions: Any = None

    def __init__(self, page: int = 3, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.items: dict[Key, Item] = {}
        self._written: dict[Key, float] = {}
        self._page = page
        self._clock = clock
        self._lock = threading.Lock()
        if MemoryDynamo._shared_exceptions is None:
            MemoryDynamo._shared_exceptions = _exceptions()
        self.exceptions = MemoryDynamo._shared_exceptions

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            actions = [next(iter(entry.values())) for entry in TransactItems]
            assert all(entry.keys() in ({"Put"}, {"ConditionCheck"}) for entry in TransactItems), "teach it this action"
            keys = [self._key(action.get("Item") or action["Key"]) for action in actions]
            if len(set(keys)) != len(keys):
                raise self.error("ValidationException", "TransactWriteItems")
            reasons = [self._verdict(action, key) for action, key in zip(actions, keys, strict=True)]
            if any(reason["Code"] != "None" for reason in reasons):
                raise self.error("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)
            for action, key in zip(actions, keys, strict=True):
                if "Item" in action:
                    self.items[key] = action["Item"]
                    self._written[key] = self._clock()
        return {}

    def _verdict(self, action: dict[str, Any], key: Key) -> dict[str, Any]:
        condition = action.get("ConditionExpression")
        assert condition in (None, "attribute_not_exists(#pk)"), "teach the fake this condition"
        assert action.get("ExpressionAttributeNames", {"#pk": "pk"}) == {"#pk": "pk"}
        if condition and key in self.items:
            reason: dict[str, Any] = {"Code": "ConditionalCheckFailed"}
            if action.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
                reason["Item"] = self.items[key]
            return reason
        return {"Code": "None"}

    def query(
        self,
        *,
        TableName: str,  # noqa: N803
        KeyConditionExpression: str,  # noqa: N803
        ExpressionAttributeNames: dict[str, str],  # noqa: N803
        ExpressionAttributeValues: dict[str, dict[str, str]],  # noqa: N803
        ConsistentRead: bool = False,  # noqa: N803
        FilterExpression: str | None = None,  # noqa: N803
        ProjectionExpression: str | None = None,  # noqa: N803
        Select: str = "ALL_ATTRIBUTES",  # noqa: N803
        ScanIndexForward: bool = True,  # noqa: N803
        ExclusiveStartKey: Item | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        assert KeyConditionExpression == "#pk = :pk", "teach the fake this condition"
        assert (Select == "SPECIFIC_ATTRIBUTES") == (ProjectionExpression is not None)
        assert FilterExpression in (None, "#expires_at > :now"), "teach the fake this filter"
        names, wanted = ExpressionAttributeNames, ExpressionAttributeValues[":pk"]["S"]
        after = ExclusiveStartKey["sk"]["S"] if ExclusiveStartKey else None
        with self._lock:
            seen = sorted(
                sk
                for (pk, sk) in self.items
                if pk == wanted
                and (after is None or (sk > after if ScanIndexForward else sk < after))
                and (ConsistentRead or self._written[pk, sk] <= self._clock() - STALE)
            )
            seen = seen if ScanIndexForward else seen[::-1]
            page = [self.items[wanted, sk] for sk in seen[: self._page]]
        kept = page
        if FilterExpression:
            now = int(ExpressionAttributeValues[":now"]["N"])
            kept = [item for item in page if int(item["expires_at"]["N"]) > now]
        if ProjectionExpression:
            parts = [names[part.strip()] for part in ProjectionExpression.split(",")]
            kept = [{part: item[part] for part in parts if part in item} for item in kept]
        answer: dict[str, Any] = {"Items": kept, "Count": len(kept), "ScannedCount": len(page)}
        if len(seen) > len(page):
            answer["LastEvaluatedKey"] = {"pk": {"S": wanted}, "sk": {"S": seen[self._page - 1]}}
        return answer

    @staticmethod
    def _key(item: Item) -> Key:
        return item["pk"]["S"], item["sk"]["S"]

    def error(self, code: str, operation: str, **more: Any) -> ClientError:
        """The client's own exception for `code`."""
        kind = getattr(self.exceptions, code, ClientError)
        response: Any = {"Error": {"Code": code, "Message": code}, **more}
        raised: ClientError = kind(response, operation)
        return raised
