"""S3 in memory, as far as our buckets speak to it: a fake client with conditional writes and paged listings.

tests/summary holds the same contract against the local stack.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError


def _exceptions() -> Any:
    client = boto3.client("s3", region_name="cn-north-1", aws_access_key_id="x", aws_secret_access_key="x")
    return client.exceptions


class MemoryS3:
    """All buckets of one account. Listings come `page` keys at a time; answers are dated by `clock`."""

    _shared_exceptions: Any = None

    def __init__(self, page: int = 5, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.history: list[tuple[str, bytes]] = []
        """Every write that took effect, in order: (key, bytes)."""
        self._page = page
        self._clock = clock
        self._lock = threading.Lock()
        if MemoryS3._shared_exceptions is None:
            MemoryS3._shared_exceptions = _exceptions()
        self.exceptions = MemoryS3._shared_exceptions

    def __deepcopy__(self, _: object) -> MemoryS3:
        """Buckets with the same objects, of their own."""
        copied = MemoryS3(self._page, self._clock)
        copied.objects, copied.history = dict(self.objects), list(self.history)
        return copied

    def get_object(self, *, Bucket: str, Key: str, IfNoneMatch: str | None = None) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            body = self.objects.get((Bucket, Key))
        if body is None:
            raise self.error("NoSuchKey", "GetObject", 404)
        if IfNoneMatch == self.etag(body):
            raise self.error("304", "GetObject", 304)
        return {"Body": io.BytesIO(body), "ETag": self.etag(body), "ContentLength": len(body)}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        IfMatch: str | None = None,  # noqa: N803
        IfNoneMatch: str | None = None,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        with self._lock:
            standing = self.objects.get((Bucket, Key))
            if IfNoneMatch is not None:
                assert IfNoneMatch == "*", "S3 knows no other"
                if standing is not None:
                    raise self.error("PreconditionFailed", "PutObject", 412)
            if IfMatch is not None:
                if standing is None:
                    raise self.error("NoSuchKey", "PutObject", 404)
                if self.etag(standing) != IfMatch:
                    raise self.error("PreconditionFailed", "PutObject", 412)
            self.objects[Bucket, Key] = bytes(Body)
            self.history.append((Key, bytes(Body)))
        return {"ETag": self.etag(bytes(Body))}

    def list_objects_v2(
        self,
        *,
        Bucket: str,  # noqa: N803
        Prefix: str = "",  # noqa: N803
        StartAfter: str = "",  # noqa: N803
        ContinuationToken: str = "",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        after = ContinuationToken or StartAfter
        with self._lock:
            keys = sorted(k for (b, k) in self.objects if b == Bucket and k.startswith(Prefix) and k > after)
            page = [{"Key": k, "ETag": self.etag(self.objects[Bucket, k])} for k in keys[: self._page]]
        answer: dict[str, Any] = {"KeyCount": len(page), "IsTruncated": len(keys) > len(page)}
        if page:
            answer["Contents"] = page
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = page[-1]["Key"]
        return answer

    def head_bucket(self, *, Bucket: str) -> dict[str, Any]:  # noqa: N803
        return {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": self._dated()}}

    def _dated(self) -> dict[str, str]:
        """The `Date` of an answer, as HTTP writes it."""
        return {"date": format_datetime(self._clock().replace(microsecond=0), usegmt=True)}

    @staticmethod
    def etag(body: bytes) -> str:
        return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'

    def error(self, code: str, operation: str, status: int) -> ClientError:
        """The client's own exception for `code`."""
        kind = getattr(self.exceptions, code, ClientError) if code.isalpha() else ClientError
        response: Any = {
            "Error": {"Code": code, "Message": code},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": self._dated()},
        }
        raised: ClientError = kind(response, operation)
        return raised
