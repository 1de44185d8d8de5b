"""Where the settings are kept: the one edge to their S3 bucket, and the reading that functions share.

settings/v1/r000001.json    each version, written once
settings/log/r000001.json   who published that version, when and why; written once, before it comes into force
settings/v1/current.json    a copy of the version in force; the only object the public function may read
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from chalicelib import log
from chalicelib.settings.shape import Settings, SettingsInvalid, decode, encode, following, validate

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CURRENT = "settings/v1/current.json"

_LOG = "settings/log/"

_TRIES = 20
"""Numbers to step over that another publication, or a killed one, has taken."""


class SettingsMissing(LookupError):
    """Nothing has been published yet."""


class SettingsUnavailable(RuntimeError):
    """The bucket did not answer, or refused; chained to what it said. Nothing is known to have changed."""


class SettingsConflict(RuntimeError):
    """Others published since these settings were read: read again, change, publish again."""


class Change(Struct, frozen=True):
    """Why settings are published, as the log keeps it."""

    who: str
    what: str
    """The command, as it was given."""
    why: str
    forced: bool = False
    """Whether an objection was overruled."""


DEPLOYED = Change("the deployment", "publish", "")
"""Settings that nobody changed by a command: the first ones, or those with another address."""


class Entry(Struct, frozen=True):
    """One line of the log."""

    version: int
    """Of the settings that were published."""
    made_from: int
    """The version they were made from."""
    at: str
    """As their `published_at`."""
    change: Change
    in_force: bool = True
    """Whether the version ever came into force; found out on reading: its publication may have been overtaken, or
    killed, after this was written."""


class SettingsBucket:
    """The settings in S3. Several may publish at once: one wins, the others get SettingsConflict."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def current(self) -> Settings:
        """The settings in force. Raises SettingsMissing, SettingsUnavailable, SettingsInvalid."""
        found = self._get(CURRENT)
        if found is None:
            raise SettingsMissing("no settings have been published")
        return decode(found[0])

    def publish(self, settings: Settings, published_at: str, change: Change = DEPLOYED) -> Settings:
        """Puts `settings` into force as the next version, and returns that. `settings.version` is the version they were
        made from (0 for the first); `change` goes into the log. Raises SettingsInvalid, SettingsConflict,
        SettingsUnavailable; after the last it may have come into force or not: `current()` says.

        The version and its entry in the log are written before it comes into force, so `current` never names what is
        not there, and no change is without its entry. A publication killed in between leaves its number taken; the next
        one steps over it.
        """
        found = self._get(CURRENT)
        standing = decode(found[0]) if found else None
        before, tag = (standing.version, found[1]) if standing and found else (0, None)
        if standing:
            settings = following(standing, settings, published_at)
        if before != settings.version:
            raise SettingsConflict(f"made from version {settings.version}, in force is {before}")
        for version in range(before + 1, before + 1 + _TRIES):
            new = msgspec.structs.replace(settings, version=version, published_at=published_at)
            validate(new)
            content = encode(new)
            if self._put(f"settings/v1/r{version:06d}.json", content, None):
                break
        else:
            raise SettingsConflict(f"the {_TRIES} versions after {before} are taken")
        entry = Entry(version, before, published_at, change)
        if not self._put(f"{_LOG}r{version:06d}.json", msgspec.json.encode(entry), None):
            raise SettingsConflict(f"the log has another entry for version {version}")
        if not self._put(CURRENT, content, tag):
            raise SettingsConflict(f"others published after version {before}")
        return new

    def log(self) -> list[Entry]:
        """What was published, the oldest first. Raises SettingsUnavailable, SettingsInvalid, SettingsMissing."""
        entries = {entry.version: entry for entry in map(self._entry, self._names(_LOG))}
        in_force: set[int] = set()
        version = self.current().version
        while version in entries and version not in in_force:
            in_force.add(version)
            version = entries[version].made_from
        return [
            msgspec.structs.replace(entry, in_force=version in in_force) for version, entry in sorted(entries.items())
        ]

    def _entry(self, key: str) -> Entry:
        found = self._get(key)
        try:
            return msgspec.json.decode(found[0] if found else b"", type=Entry)
        except msgspec.DecodeError as error:
            raise SettingsInvalid((f"{key} is no entry of the log: {error}",)) from error

    def _names(self, prefix: str) -> list[str]:
        names: list[str] = []
        more: dict[str, Any] = {}
        while True:
            try:
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)
            except (BotoCoreError, ClientError) as error:
                raise SettingsUnavailable(f"the log cannot be listed: {_code(error)}") from error
            names += [found["Key"] for found in page.get("Contents", [])]
            if not page["IsTruncated"]:
                return names
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _get(self, key: str) -> tuple[bytes, str] | None:
        """The object's content and entity tag, or None when there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return answer["Body"].read(), answer["ETag"]
        except (BotoCoreError, ClientError) as error:
            if _code(error) == "NoSuchKey":
                return None
            raise SettingsUnavailable(f"the settings cannot be read: {_code(error)}") from error

    def _put(self, key: str, content: bytes, tag: str | None) -> bool:
        """Writes the object if it still has this entity tag (None: if it is not there). False when it has changed; but
        true when it holds this very content: the client repeats a call whose answer was lost."""
        condition: dict[str, Any] = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, ContentType="application/json; charset=utf-8", **condition
            )
        except (BotoCoreError, ClientError) as error:
            # 409: another conditional write of this object was going on; who won shows in its content.
            if _code(error) in ("PreconditionFailed", "ConditionalRequestConflict"):
                found = self._get(key)
                return found is not None and found[0] == content
            raise SettingsUnavailable(f"the settings cannot be written: {_code(error)}") from error
        return True


class Source(Protocol):
    """What `CurrentSettings` reads from."""

    def current(self) -> Settings: ...


class CurrentSettings:
    """The settings in force, read at most once in `max_age`: a change reaches everyone within that time.

    While they cannot be read, the last ones read keep answering, for `max_stale` after they were read: a form must
    outlive a short outage of S3, but a revoked poster must not work for another day. A failed reading is tried again
    after `pause`, so that an outage does not cost every traveller a timeout. Safe to share between threads.
    """

    def __init__(
        self,
        source: Source,
        clock: Callable[[], datetime],
        max_age: timedelta = timedelta(seconds=60),
        max_stale: timedelta = timedelta(hours=1),
        pause: timedelta = timedelta(seconds=5),
    ) -> None:
        self._source = source
        self._clock = clock
        self._max_age = max_age
        self._max_stale = max_stale
        self._pause = pause
        self._lock = Lock()
        self._last: Settings | None = None
        self._read_at = self._next_at = datetime.min.replace(tzinfo=UTC)

    def current(self) -> Settings:
        """The settings in force. Raises what the source raises when there are none, or none fresh enough."""
        with self._lock:
            now = self._clock()
            # Read again also when the clock was set back: old settings must not live on for that.
            if self._last is not None and self._read_at <= now < self._next_at:
                return self._last
            try:
                self._last = self._source.current()
                self._read_at, self._next_at = now, now + self._max_age
            except (SettingsMissing, SettingsUnavailable, SettingsInvalid) as error:
                if self._last is None or now - self._read_at >= self._max_stale:
                    raise
                log.failure("settings_stale", error)
                self._next_at = now + self._pause
            return self._last


def _code(error: BotoCoreError | ClientError) -> str:
    """S3's name of the error, or its class where S3 said nothing."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
