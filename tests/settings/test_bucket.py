"""The settings' bucket: one contract, held by S3 in memory and by the local stack's."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from chalicelib.settings import (
    Change,
    CurrentSettings,
    Entry,
    Settings,
    SettingsBucket,
    SettingsConflict,
    SettingsInvalid,
    SettingsMissing,
    SettingsUnavailable,
    decode,
    encode,
    first_settings,
)
from tests.simulation.fate import Crash, Fate, Fated
from tests.simulation.s3 import MemoryS3

FIRST = first_settings("kakou-test", "https://kakou.example.org", "2020-02-10T07:00:00.000Z")
AT = "2020-02-10T07:00:00.000Z"
LATER = "2020-02-10T08:00:00.000Z"
EVEN_LATER = "2020-02-10T09:00:00.000Z"


@pytest.fixture
def bucket(s3: Any, bucket_name: str) -> SettingsBucket:
    return SettingsBucket(s3, bucket_name)


def stored(s3: Any, bucket_name: str) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket=bucket_name).get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket=bucket_name, Key=each["Key"])["Body"].read() for each in listed}


def with_fever(settings: Settings, fever: int) -> Settings:
    return msgspec.structs.replace(settings, fever=fever)


def test_before_the_first_publication_there_are_none(bucket: SettingsBucket) -> None:
    with pytest.raises(SettingsMissing):
        bucket.current()


def test_what_is_published_is_in_force_under_the_next_version(
    bucket: SettingsBucket, s3: Any, bucket_name: str
) -> None:
    first = bucket.publish(FIRST, AT)
    assert (first.version, first.published_at) == (1, AT)
    assert bucket.current() == first
    second = bucket.publish(with_fever(first, 375), LATER)
    assert (second.version, second.fever) == (2, 375)
    assert bucket.current() == second
    assert {key: content for key, content in stored(s3, bucket_name).items() if "/log/" not in key} == {
        "settings/v1/r000001.json": encode(first),
        "settings/v1/r000002.json": encode(second),
        "settings/v1/current.json": encode(second),
    }


def test_what_was_in_force_before_is_kept_with_its_time(bucket: SettingsBucket) -> None:
    """Hours of that time are read again."""
    first = bucket.publish(FIRST, AT)
    second = bucket.publish(with_fever(first, 375), LATER)
    third = bucket.publish(msgspec.structs.replace(second, retention_days=7), EVEN_LATER)
    fourth = bucket.publish(msgspec.structs.replace(third, notices={"zh": "请保持距离"}), EVEN_LATER)
    assert [fourth.fever_at(at) for at in (FIRST.starts_at, AT, LATER, "2021")] == [373, 373, 375, 375]
    spans = ((AT, LATER), (LATER, EVEN_LATER), (LATER, "2021"), (EVEN_LATER, "2021"))
    assert [fourth.retention_of(*span) for span in spans] == [30, 30, 7, 7]
    assert bucket.current() == fourth


def test_settings_made_from_an_older_version_do_not_undo_a_newer_one(
    bucket: SettingsBucket, s3: Any, bucket_name: str
) -> None:
    first = bucket.publish(FIRST, AT)
    second = bucket.publish(with_fever(first, 375), LATER)
    before = stored(s3, bucket_name)
    for stale in (FIRST, with_fever(first, 380)):
        with pytest.raises(SettingsConflict):
            bucket.publish(stale, LATER)
    assert bucket.current() == second
    assert stored(s3, bucket_name) == before


def test_invalid_settings_change_nothing(bucket: SettingsBucket, s3: Any, bucket_name: str) -> None:
    first = bucket.publish(FIRST, AT)
    before = stored(s3, bucket_name)
    with pytest.raises(SettingsInvalid):
        bucket.publish(msgspec.structs.replace(first, retention_days=1000), LATER)
    assert stored(s3, bucket_name) == before


def test_a_version_that_a_killed_publication_left_is_stepped_over(
    bucket: SettingsBucket, s3: Any, bucket_name: str
) -> None:
    first = bucket.publish(FIRST, AT)
    s3.put_object(Bucket=bucket_name, Key="settings/v1/r000002.json", Body=b"left behind")
    third = bucket.publish(with_fever(first, 375), LATER)
    assert third.version == 3
    assert bucket.current() == third
    assert stored(s3, bucket_name)["settings/v1/r000002.json"] == b"left behind"


WHY = Change("Li", "revoke 101 1", "pasted over", forced=True)


def test_every_version_has_its_entry_in_the_log(bucket: SettingsBucket) -> None:
    first = bucket.publish(FIRST, AT)
    bucket.publish(with_fever(first, 375), LATER, WHY)
    assert bucket.log() == [
        Entry(1, 0, AT, Change("the deployment", "publish", "")),
        Entry(2, 1, LATER, WHY),
    ]


def test_a_publication_that_was_overtaken_or_killed_is_told_from_one_that_came_into_force(
    bucket: SettingsBucket, s3: Any, bucket_name: str
) -> None:
    first = bucket.publish(FIRST, AT)
    killed = msgspec.json.encode(Entry(2, 1, AT, WHY))
    s3.put_object(Bucket=bucket_name, Key="settings/v1/r000002.json", Body=b"left behind")
    s3.put_object(Bucket=bucket_name, Key="settings/log/r000002.json", Body=killed)
    bucket.publish(with_fever(first, 375), LATER, WHY)
    assert [(entry.version, entry.made_from, entry.in_force) for entry in bucket.log()] == [
        (1, 0, True),
        (2, 1, False),
        (3, 1, True),
    ]


def test_the_log_is_read_over_all_its_pages(bucket: SettingsBucket) -> None:
    settings = FIRST
    for number in range(12):
        settings = bucket.publish(with_fever(settings, 370 + number), AT, Change("Li", str(number), ""))
    assert [entry.change.what for entry in bucket.log()] == [str(number) for number in range(12)]


def test_an_entry_that_cannot_be_read_is_said(bucket: SettingsBucket, s3: Any, bucket_name: str) -> None:
    bucket.publish(FIRST, AT)
    s3.put_object(Bucket=bucket_name, Key="settings/log/r000009.json", Body=b"{}")
    with pytest.raises(SettingsInvalid, match="r000009"):
        bucket.log()


def test_a_call_that_the_client_repeats_is_not_taken_for_anothers(s3: Any, bucket_name: str) -> None:
    """Its first answer was lost, its second says that the object has changed: by ourselves."""
    every_call_twice: Any = Fated(s3, Fate(random.Random(0), {"twice": 1}))
    repeating = SettingsBucket(every_call_twice, bucket_name)
    first = repeating.publish(FIRST, AT)
    assert repeating.publish(with_fever(first, 375), LATER).version == 2
    assert repeating.current().fever == 375


def test_what_stands_there_and_is_no_settings_is_said(bucket: SettingsBucket, s3: Any, bucket_name: str) -> None:
    s3.put_object(Bucket=bucket_name, Key="settings/v1/current.json", Body=b"{}")
    with pytest.raises(SettingsInvalid):
        bucket.current()


def test_a_bucket_that_is_not_there_is_unavailable_and_not_empty(s3: Any) -> None:
    if isinstance(s3, MemoryS3):
        pytest.skip("memory has every bucket")
    with pytest.raises(SettingsUnavailable, match="NoSuchBucket"):
        SettingsBucket(s3, "another").current()


def test_of_many_at_once_one_is_in_force_and_the_others_know(s3: Any, bucket_name: str) -> None:
    SettingsBucket(s3, bucket_name).publish(FIRST, AT)
    first = SettingsBucket(s3, bucket_name).current()
    won: list[Settings] = []
    lost: list[SettingsConflict] = []
    start = threading.Barrier(6)

    def publish(fever: int) -> None:
        start.wait()
        try:
            won.append(SettingsBucket(s3, bucket_name).publish(with_fever(first, fever), LATER))
        except SettingsConflict as conflict:
            lost.append(conflict)

    threads = [threading.Thread(target=publish, args=(373 + at,)) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 5)
    assert SettingsBucket(s3, bucket_name).current() == won[0]


@pytest.mark.parametrize("seed", range(150))
def test_whatever_befalls_the_calls_what_is_in_force_is_a_whole_version_and_never_an_older_one(seed: int) -> None:
    rng = random.Random(seed)
    memory = MemoryS3()
    odds = {"before": 0.1, "after": 0.1, "twice": 0.1, "crash_before": 0.05, "crash_after": 0.05, "meanwhile": 0.1}
    fate = Fate(rng, odds)
    clients: tuple[Any, Any] = (Fated(memory, fate), memory)
    fated, calm = (SettingsBucket(client, "settings") for client in clients)
    clock = iter(range(10_000))
    acknowledged: list[Settings] = []

    def publish(bucket: SettingsBucket) -> None:
        at = f"2020-02-10T07:00:00.{next(clock) % 1000:03d}Z"
        try:
            try:
                base = bucket.current()
            except SettingsMissing:
                base = FIRST
            acknowledged.append(bucket.publish(with_fever(base, rng.randrange(370, 391)), at))
        except (SettingsConflict, SettingsUnavailable, Crash):
            pass

    fate.meanwhile = lambda: publish(calm)
    for _ in range(12):
        publish(fated)
    publish(calm)
    in_force = calm.current()
    assert acknowledged[-1] == in_force
    versions = [each.version for each in acknowledged]
    assert len(set(versions)) == len(versions)
    written = [decode(content) for key, content in memory.history if key.endswith("current.json")]
    assert [each.version for each in written] == sorted({each.version for each in written})
    for each in written:
        assert memory.objects["settings", f"settings/v1/r{each.version:06d}.json"] == encode(each)
    entries = {entry.version: entry for entry in calm.log()}
    assert {version for version, entry in entries.items() if entry.in_force} == {each.version for each in written}
    for each in written:
        assert entries[each.version].at == each.published_at
    revisions = [key for key, _ in memory.history if "/r0" in key]
    assert len(revisions) == len(set(revisions)), "a version is written once"
    assert {each.version for each in acknowledged} <= {each.version for each in written}


class Source:
    """Settings that a test changes under the reader's feet."""

    def __init__(self) -> None:
        self.settings: Settings | Exception = FIRST
        self.readings = 0

    def current(self) -> Settings:
        self.readings += 1
        if isinstance(self.settings, Exception):
            raise self.settings
        return self.settings


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2020, 2, 10, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def shared() -> tuple[CurrentSettings, Source, Clock]:
    source, clock = Source(), Clock()
    return CurrentSettings(source, clock), source, clock


Shared = tuple[CurrentSettings, Source, Clock]
NEW = with_fever(FIRST, 375)


def test_they_are_read_once_a_minute_and_a_change_shows_within_it(shared: Shared) -> None:
    reader, source, clock = shared
    assert reader.current() == FIRST
    source.settings = NEW
    clock.tick(59.9)
    assert (reader.current(), source.readings) == (FIRST, 1)
    clock.tick(0.1)
    assert (reader.current(), source.readings) == (NEW, 2)


@pytest.mark.parametrize(
    "failure", [SettingsUnavailable("down"), SettingsMissing("gone"), SettingsInvalid(("spoilt",))], ids=repr
)
def test_an_outage_is_outlived_for_an_hour_and_no_longer(shared: Shared, failure: Exception) -> None:
    reader, source, clock = shared
    reader.current()
    source.settings = failure
    for _ in range(59):
        clock.tick(60)
        assert reader.current() == FIRST
    clock.tick(60)
    with pytest.raises(type(failure)):
        reader.current()
    source.settings = NEW
    assert reader.current() == NEW


def test_during_an_outage_not_every_traveller_waits_for_a_timeout(shared: Shared) -> None:
    reader, source, clock = shared
    reader.current()
    source.settings = SettingsUnavailable("down")
    clock.tick(60)
    for _ in range(100):
        reader.current()
        clock.tick(0.04)
    assert source.readings == 2
    clock.tick(1)
    source.settings = NEW
    assert reader.current() == NEW


def test_with_nothing_read_yet_the_failure_is_told(shared: Shared) -> None:
    reader, source, _ = shared
    source.settings = SettingsUnavailable("down")
    with pytest.raises(SettingsUnavailable):
        reader.current()
    source.settings = FIRST
    assert reader.current() == FIRST


def test_a_mistake_of_ours_is_not_taken_for_an_outage(shared: Shared) -> None:
    reader, source, clock = shared
    reader.current()
    clock.tick(60)
    source.settings = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        reader.current()


def test_a_clock_set_back_does_not_keep_old_settings_alive(shared: Shared) -> None:
    reader, source, clock = shared
    reader.current()
    source.settings = NEW
    clock.tick(-86_400)
    assert reader.current() == NEW
