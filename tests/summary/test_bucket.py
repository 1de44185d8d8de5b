"""The summaries' bucket: one contract, held by S3 in memory and by the local stack's."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.summary.bucket import Overtaken, SummaryBucket, Unreachable
from tests.simulation.fate import Fate, Fated
from tests.simulation.s3 import MemoryS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "summaries/v1/hour/2020/02/10/07/r001.json"
LATEST = "summaries/v1/latest.json"


@pytest.fixture
def bucket(s3: Any, bucket_name: str) -> SummaryBucket:
    return SummaryBucket(s3, bucket_name)


def test_what_was_never_written_is_not_there(bucket: SummaryBucket) -> None:
    assert bucket.read(KEY) is None
    assert bucket.names("summaries/") == []


def test_a_file_is_created_once(bucket: SummaryBucket) -> None:
    assert bucket.create(KEY, b"one")
    assert not bucket.create(KEY, b"two")
    assert not bucket.create(KEY, b"one")
    found = bucket.read(KEY)
    assert found is not None
    assert found.content == b"one"


def test_of_many_who_create_at_once_one_does(bucket: SummaryBucket) -> None:
    created: list[bytes] = []
    started = threading.Barrier(8)

    def create(content: bytes) -> None:
        started.wait()
        if bucket.create(KEY, content):
            created.append(content)

    threads = [threading.Thread(target=create, args=(str(n).encode(),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = bucket.read(KEY)
    assert found is not None
    assert created == [found.content]


def test_the_first_is_written_where_none_is(bucket: SummaryBucket) -> None:
    tag = bucket.replace(LATEST, b"one", None)
    found = bucket.read(LATEST)
    assert found == (b"one", tag)
    with pytest.raises(Overtaken):
        bucket.replace(LATEST, b"two", None)


def test_only_what_was_read_is_replaced(bucket: SummaryBucket) -> None:
    first = bucket.replace(LATEST, b"one", None)
    second = bucket.replace(LATEST, b"two", first)
    with pytest.raises(Overtaken):
        bucket.replace(LATEST, b"three", first)
    assert bucket.read(LATEST) == (b"two", second)
    bucket.replace(LATEST, b"three", second)
    found = bucket.read(LATEST)
    assert found is not None
    assert found.content == b"three"


def test_what_is_gone_is_not_replaced(bucket: SummaryBucket) -> None:
    with pytest.raises(Overtaken):
        bucket.replace(LATEST, b"two", '"0123456789abcdef0123456789abcdef"')
    assert bucket.read(LATEST) is None


def test_the_same_write_again_is_no_overtaking(bucket: SummaryBucket) -> None:
    """botocore repeats a write whose answer was lost."""
    first = bucket.replace(LATEST, b"one", None)
    assert bucket.replace(LATEST, b"one", None) == first
    second = bucket.replace(LATEST, b"two", first)
    assert bucket.replace(LATEST, b"two", first) == second


def test_all_names_are_listed_over_pages_and_no_others(s3: Any, bucket_name: str) -> None:
    bucket = SummaryBucket(_small_pages(s3), bucket_name)
    keys = [f"summaries/v1/hour/2020/02/10/{hour:02d}/r{revision:03d}.json" for hour in range(5) for revision in (1, 2)]
    for key in keys:
        bucket.create(key, b"x")
    assert bucket.names("summaries/v1/hour/") == keys
    assert bucket.names("summaries/v1/hour/2020/02/10/03/") == keys[6:8]


def test_the_bucket_says_what_time_it_is_there(bucket: SummaryBucket) -> None:
    before = datetime.now(UTC)
    told = bucket.time()
    assert told.utcoffset() == timedelta(0)
    assert before - timedelta(seconds=2) < told < datetime.now(UTC) + timedelta(seconds=1)


def test_a_refusal_has_the_time_too(s3: Any, bucket_name: str) -> None:
    """S3 refuses what a clock that is far off has signed, and says what time it is."""
    memory = MemoryS3()

    class Refusing:
        def head_bucket(self, **_: Any) -> Any:
            if isinstance(s3, MemoryS3):
                raise memory.error("403", "HeadBucket", 403)
            return s3.head_bucket(Bucket=bucket_name + "-that-is-not-there")

    told = SummaryBucket(cast("S3Client", Refusing()), bucket_name).time()
    assert abs(datetime.now(UTC) - told) < timedelta(seconds=2)


def test_an_answer_without_a_date_is_none() -> None:
    class Client:
        def head_bucket(self, **_: Any) -> Any:
            return {"ResponseMetadata": {"HTTPHeaders": {}}}

    with pytest.raises(Unreachable):
        SummaryBucket(cast("S3Client", Client()), "b").time()


def _small_pages(client: Any) -> Any:
    """`client` with listings of three keys a page."""

    class Small:
        exceptions = client.exceptions

        def __getattr__(self, called: str) -> Any:
            return getattr(client, called)

        def list_objects_v2(self, **arguments: Any) -> Any:
            return client.list_objects_v2(**arguments, MaxKeys=3)

    return Small()


def test_files_say_what_they_are(s3: Any, bucket_name: str) -> None:
    if isinstance(s3, MemoryS3):
        pytest.skip("keeps contents only")
    bucket = SummaryBucket(s3, bucket_name)
    bucket.create(KEY, b"{}")
    bucket.create("summaries/v1/now.csv", b"x")
    types = [s3.head_object(Bucket=bucket_name, Key=key)["ContentType"] for key in (KEY, "summaries/v1/now.csv")]
    assert types == ["application/json; charset=utf-8", "text/csv; charset=utf-8"]


@pytest.mark.parametrize("mishap", ["before", "after"])
def test_a_call_that_fails_is_unreachable_whatever_it_did(mishap: str) -> None:
    fated = Fated(MemoryS3(), Fate(random.Random(1), {mishap: 1.0}))
    bucket = SummaryBucket(cast("S3Client", fated), "b")
    for call in (
        lambda: bucket.read(KEY),
        lambda: bucket.names("summaries/"),
        lambda: bucket.create(KEY, b"x"),
        lambda: bucket.replace(LATEST, b"x", None),
        bucket.time,
    ):
        with pytest.raises(Unreachable):
            call()


def test_a_body_that_breaks_off_is_unreachable() -> None:
    class Body:
        def read(self) -> bytes:
            raise EndpointConnectionError(endpoint_url="x")

    class Client:
        def get_object(self, **_: Any) -> Any:
            return {"Body": Body(), "ETag": '"x"'}

    with pytest.raises(Unreachable):
        SummaryBucket(cast("S3Client", Client()), "b").read(KEY)


def test_a_write_that_meets_another_is_tried_again() -> None:
    memory = MemoryS3()
    waits: list[float] = []

    class Busy:
        left = 2

        def put_object(self, **arguments: Any) -> Any:
            if self.left:
                self.left -= 1
                raise memory.error("ConditionalRequestConflict", "PutObject", 409)
            return memory.put_object(**arguments)

    assert SummaryBucket(cast("S3Client", Busy()), "b", waits.append).create(KEY, b"x")
    assert len(waits) == 2
    busy = Busy()
    busy.left = 99
    with pytest.raises(Unreachable):
        SummaryBucket(cast("S3Client", busy), "b", waits.append).create(KEY, b"x")
