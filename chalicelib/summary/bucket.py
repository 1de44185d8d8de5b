"""The bucket: the one edge to the summaries in S3. Conditions, entity tags and paging stay in here.

Every write may happen twice, and an answer may be lost after the write took effect: whoever writes compares contents,
never the mere outcome of a call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TRIES = 5
"""Of one conditional write, while S3 says that another one of the same key is going on."""

_TYPES = {
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Stored(NamedTuple):
    """A file as it was read."""

    content: bytes
    tag: str
    """Of this very content, for `replace`."""


class Unreachable(RuntimeError):
    """The bucket did not answer, or refused. A write may have taken effect or not; doing it again is safe. Chained to
    what botocore said."""


class Overtaken(RuntimeError):
    """The file is no longer the one that was read: somebody else wrote it meanwhile."""


class SummaryStore(Protocol):
    """What keeps the summaries. Every method raises Unreachable."""

    def read(self, key: str) -> Stored | None:
        """The file, or None when there is none."""
        ...

    def names(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, all of them, sorted."""
        ...

    def create(self, key: str, content: bytes) -> bool:
        """Writes a file that must not be there yet. False, and nothing changed, when it is."""
        ...

    def replace(self, key: str, content: bytes, tag: str | None) -> str:
        """Writes over the file that was read with `tag`, or writes the first one (None); its new tag. Raises
        Overtaken."""
        ...


class SummaryBucket:
    """A SummaryStore on an S3 bucket."""

    def __init__(self, client: S3Client, bucket: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._bucket = bucket
        self._sleep = sleep

    def read(self, key: str) -> Stored | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return Stored(answer["Body"].read(), answer["ETag"])
        except (ClientError, BotoCoreError) as error:
            if _code(error) == "NoSuchKey":
                return None
            raise Unreachable(_code(error)) from error

    def names(self, prefix: str) -> list[str]:
        names: list[str] = []
        more: dict[str, Any] = {}
        while True:
            try:
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)
            except (ClientError, BotoCoreError) as error:
                raise Unreachable(_code(error)) from error
            names += [found["Key"] for found in page.get("Contents", [])]
            if not page["IsTruncated"]:
                return sorted(names)
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def create(self, key: str, content: bytes) -> bool:
        return self._write(key, content, {"IfNoneMatch": "*"}) is not None

    def replace(self, key: str, content: bytes, tag: str | None) -> str:
        written = self._write(key, content, {"IfMatch": tag} if tag else {"IfNoneMatch": "*"})
        if written is not None:
            return written
        # botocore repeats a call whose answer was lost; then the writer that overtook us was ourselves.
        standing = self.read(key)
        if standing is None or standing.content != content:
            raise Overtaken(key)
        return standing.tag

    def time(self) -> datetime:
        """S3's own time, in whole seconds, as any answer has it: a refusal too, for S3 refuses those whose clock is
        far off. Raises Unreachable."""
        try:
            answer: Mapping[str, Any] = self._client.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            answer = error.response
        except BotoCoreError as error:
            raise Unreachable(_code(error)) from error
        told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if told is None:
            raise Unreachable("an answer without a date")
        return parsedate_to_datetime(told)

    def _write(self, key: str, content: bytes, condition: dict[str, Any]) -> str | None:
        """The new tag, or None when the condition does not hold."""
        for again in range(TRIES):
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=content,
                    ContentType=_TYPES[key.rpartition(".")[2]],
                    **condition,
                )
            except (ClientError, BotoCoreError) as error:
                # 412, or 404 where If-Match found nothing: the condition does not hold.
                if _code(error) == "PreconditionFailed" or (_code(error) == "NoSuchKey" and "IfMatch" in condition):
                    return None
                if _code(error) != "ConditionalRequestConflict":
                    raise Unreachable(_code(error)) from error
                # 409: another conditional write of this key is going on; who won shows at the next try.
                self._sleep(0.05 * 2**again)
            else:
                return answer["ETag"]
        raise Unreachable("ConditionalRequestConflict")


def _code(error: ClientError | BotoCoreError) -> str:
    """S3's name of the error, or its class where S3 said nothing."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
