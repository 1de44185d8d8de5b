"""What the settings hold, the rules they keep, and their JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, structs

from chalicelib import divisions
from chalicelib.checkpoint import register
from chalicelib.checkpoint.register import Checkpoint

MAX_RETENTION_DAYS = 90
"""The longest that identifying data may be kept, whatever the settings say."""

FEVER = range(370, 391)
"""Thresholds of fever that make sense, in tenths of a degree Celsius."""

POSTER_STATES = ("active", "retiring", "revoked")
KEY_STATES = ("signing", "verifying", "withdrawn")


class Bilingual(Struct, frozen=True, forbid_unknown_fields=True):
    """A text for people, in Chinese and English."""

    zh: str
    en: str


class Collector(Struct, frozen=True, forbid_unknown_fields=True):
    """Who collects the data, as the form and the poster say it."""

    name: Bilingual
    phone: str


class Poster(Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a checkpoint's poster."""

    checkpoint: str
    version: int
    """From 1."""
    state: str
    """`active`: hangs; `retiring`: may still hang, its passages are flagged; `revoked`: opens no form."""
    key: str = "A"
    """Id of the key its code is signed with: the code of another key is none of this poster's. The first posters of an
    installation are signed with key A."""
    until: str | None = None
    """Of a retiring poster: the moment (UTC, as `published_at`) from which it counts as revoked; None: not yet set."""

    def state_at(self, now: datetime) -> str:
        """The state at `now` (aware): a retiring poster whose time is over is revoked."""
        if self.state == "retiring" and self.until is not None and now >= _moment(self.until):
            return "revoked"
        return self.state


class CodeKey(Struct, frozen=True, forbid_unknown_fields=True):
    """One key that codes are signed with; its secret is kept elsewhere."""

    id: str
    state: str
    """`signing`: new posters use it; `verifying`: its posters still work; `withdrawn`: they do not."""


class KeyRegions(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One list of key regions, with a version of its own: summaries name it. It is never changed; a new one follows."""

    version: int
    codes: tuple[str, ...]
    """GB/T 2260 codes of provinces, cities or counties; a division counts with all that lies in it."""
    valid_from: str | None = None
    """The first moment it is in force, UTC, on the hour; None: ever since, which is so of the first list alone."""


class Before(Struct, frozen=True, forbid_unknown_fields=True):
    """What was in force before a change, for the hours of that time: they are read again as long as they can be."""

    until: str
    """When it was changed: `published_at` of the settings that changed it."""
    fever: int
    retention_days: int


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that may change while the system runs."""

    schema: Literal["kakou.settings.v1"] = "kakou.settings.v1"
    version: int = 0
    """Of this object; 0 before its first publication."""
    published_at: str | None = None
    """UTC, as `2020-02-10T07:15:33.123Z`; None before its first publication."""
    deployment: str
    """Names this installation; a code is good in one deployment only."""
    public_url: str
    """What the addresses in the codes begin with; no slash at its end."""
    city: str
    """GB/T 2260 code of the county whose townships travellers go to."""
    starts_at: str
    """First hour of the operation, UTC, on the hour."""
    retention_days: int
    """How long a passage can be read, 1 to `MAX_RETENTION_DAYS`."""
    collector: Collector
    checkpoints: tuple[Checkpoint, ...]
    posters: tuple[Poster, ...]
    keys: tuple[CodeKey, ...]
    key_regions: tuple[KeyRegions, ...]
    """All lists there ever were, by version."""
    fever: int = 373
    """From which temperature a traveller counts as feverish, tenths of a degree Celsius."""
    notices: dict[str, str] = {}
    """Language (`zh`, `en`) -> what the form tells everyone, in plain text."""
    key_region_notices: dict[str, str] = {}
    """Language -> what the city asks of parties from key regions: on their receipts, in plain text."""
    before: tuple[Before, ...] = ()
    """Earlier values of `fever` and `retention_days`, in order; publishing keeps it."""

    def fever_at(self, at: str) -> int:
        """The threshold of fever that was in force at `at` (a UTC stamp)."""
        return next((each.fever for each in self.before if at < each.until), self.fever)

    def retention_of(self, begins: str, ends: str) -> int:
        """The fewest days for which anything was kept that arrived from `begins` up to `ends` (UTC stamps)."""
        since, fewest = "", []
        for until, days in (*((each.until, each.retention_days) for each in self.before), ("~", self.retention_days)):
            if since < ends and begins < until:
                fewest.append(days)
            since = until
        return min(fewest)

    def checkpoint(self, checkpoint: str) -> Checkpoint | None:
        """The checkpoint with this id."""
        return next((each for each in self.checkpoints if each.id == checkpoint), None)

    def poster(self, checkpoint: str, version: int) -> Poster | None:
        """The poster with this version; None when there never was one."""
        return next((p for p in self.posters if (p.checkpoint, p.version) == (checkpoint, version)), None)

    def active_poster(self, checkpoint: str) -> int | None:
        """The version of the poster that should hang at `checkpoint`."""
        return next((p.version for p in self.posters if (p.checkpoint, p.state) == (checkpoint, "active")), None)

    def key_state(self, key: str) -> str | None:
        """The state of the key with this id; None when there never was one."""
        return next((each.state for each in self.keys if each.id == key), None)

    def key_regions_at(self, at: str) -> KeyRegions:
        """The list in force at `at` (a UTC stamp): the newest version that was valid by then. So a new list takes the
        place of all before it from its first hour on, of those that were to come, too."""
        return max(
            (each for each in self.key_regions if each.valid_from is None or each.valid_from <= at),
            key=lambda each: each.version,
        )

    @property
    def signing_key(self) -> str:
        """The id of the one key that signs new codes."""
        return next(each.id for each in self.keys if each.state == "signing")


class SettingsInvalid(ValueError):
    """The settings were refused as a whole; `problems` names each field and its remedy."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("The settings are not valid.\n" + "\n".join(f"  {each}" for each in problems))
        self.problems = problems


def following(before: Settings, new: Settings, published_at: str) -> Settings:
    """`new`, which takes the place of `before` at `published_at`, with what past hours need of that."""
    if (before.fever, before.retention_days) == (new.fever, new.retention_days):
        return structs.replace(new, before=before.before)
    until = max([published_at, *(each.until for each in before.before)])  # two clocks differ by seconds
    last = Before(until, before.fever, before.retention_days)
    return structs.replace(new, before=(*before.before, last))


def validate(settings: Settings) -> None:
    """Raises SettingsInvalid with everything that is wrong."""
    problems = tuple(_problems(settings))
    if problems:
        raise SettingsInvalid(problems)


def encode(settings: Settings) -> bytes:
    """The settings as canonical JSON: equal settings, equal bytes."""
    return msgspec.json.encode(settings, order="deterministic")


def decode(content: bytes) -> Settings:
    """The inverse of `encode`; also reads settings as they were published before. Raises SettingsInvalid for
    anything else, unknown fields included."""
    try:
        settings = _decode(content)
    except msgspec.DecodeError as error:  # a ValidationError is one, too
        before = _of_before(content)
        if before is None:
            raise SettingsInvalid((str(error),)) from error
        settings = before
    validate(settings)
    return settings


def first_settings(deployment: str, public_url: str, starts_at: str) -> Settings:
    """What a new installation begins with: the register as it ships, poster 1 of each active checkpoint, key A.
    `starts_at` is a UTC stamp; the operation starts with the hour it falls in."""
    checkpoints = register.first_register()
    return Settings(
        deployment=deployment,
        public_url=public_url,
        city="210381",
        starts_at=f"{starts_at[:13]}:00:00.000Z",
        retention_days=30,
        collector=Collector(
            Bilingual("海城市新冠肺炎疫情防控指挥部", "Haicheng COVID-19 Prevention and Control Headquarters"),
            "0412-12345",
        ),
        checkpoints=checkpoints,
        posters=tuple(Poster(each.id, 1, "active") for each in checkpoints if each.active),
        keys=(CodeKey("A", "signing"),),
        key_regions=(KeyRegions(1, ("420000",)),),
    )


_decode = msgspec.json.Decoder(Settings).decode


def _of_before(content: bytes) -> Settings | None:
    """Settings of the time when `key_regions` was one list, and a checkpoint said when it was opened alone; or None."""
    try:
        document = msgspec.json.decode(content)
        if isinstance(document["key_regions"], dict):
            document["key_regions"] = [document["key_regions"]]
        for each in document["checkpoints"]:
            if opened_at := each.pop("opened_at", None):
                each["turned"] = [opened_at]
        return msgspec.convert(document, Settings)
    except (msgspec.ValidationError, msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError):
        return None


_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_ON_THE_HOUR = ":00:00.000Z"
_DEPLOYMENT = re.compile("[a-z][a-z0-9-]{0,39}")
_PHONE = re.compile("[0-9+][0-9 -]{2,19}")


def _problems(settings: Settings) -> Iterator[str]:
    if settings.version < 0:
        yield "version: must not be negative"
    if settings.published_at is not None and not _is_stamp(settings.published_at):
        yield "published_at: write it as 2020-02-10T07:15:33.123Z"
    if not _DEPLOYMENT.fullmatch(settings.deployment):
        yield "deployment: use 1 to 40 small letters, digits and hyphens, a letter first"
    if not _is_base(settings.public_url):
        yield "public_url: write https://host/path, host in small letters, no slash at the end (http on loopback only)"
    if not divisions.townships(settings.city):
        yield "city: must be the code of a county whose townships are kept in townships.csv"
    if not (_is_stamp(settings.starts_at) and settings.starts_at.endswith(_ON_THE_HOUR)):
        yield "starts_at: write a full hour, as 2020-02-10T07:00:00.000Z"
    if not 1 <= settings.retention_days <= MAX_RETENTION_DAYS:
        yield f"retention_days: must be from 1 to {MAX_RETENTION_DAYS}"
    yield from _text_problems("collector.name.zh", settings.collector.name.zh, 60)
    yield from _text_problems("collector.name.en", settings.collector.name.en, 80)
    if not _PHONE.fullmatch(settings.collector.phone):
        yield "collector.phone: write 3 to 20 digits, spaces and hyphens"
    for problem in register.problems(settings.checkpoints):
        at = settings.checkpoints[problem.row - 2]
        yield f"checkpoints[{problem.row - 2}] ({at.id}) {problem.column}: {problem.remedy}"
    if not settings.checkpoints:
        yield "checkpoints: name at least one"
    for each in settings.checkpoints:
        moments = (*((each.added_at,) if each.added_at else ()), *each.turned)
        if not all(map(_is_stamp, moments)) or list(moments) != sorted(moments):
            yield f"checkpoints: added_at and turned of {each.id} must be UTC stamps, in order"
        if not each.township.startswith(settings.city):
            yield f"checkpoints: the township of {each.id} must lie in the city {settings.city}"
    yield from _poster_problems(settings)
    yield from _key_problems(settings)
    yield from _key_region_problems(settings)
    if settings.fever not in FEVER:
        yield f"fever: must be from {FEVER[0]} to {FEVER[-1]} tenths of a degree"
    if any(not _is_stamp(each.until) for each in settings.before) or any(
        later.until < earlier.until for earlier, later in pairwise(settings.before)
    ):
        yield "before: each until must be a UTC stamp, not before the one above"
    for name, notices in (("notices", settings.notices), ("key_region_notices", settings.key_region_notices)):
        for language, text in notices.items():
            if not re.fullmatch("[a-z]{2}", language):
                yield f"{name}: name the languages with two small letters"
            yield from _text_problems(f"{name}.{language}", text, 500)


def _poster_problems(settings: Settings) -> Iterator[str]:
    known = {each.id for each in settings.checkpoints}
    for poster in settings.posters:
        name = f"posters {poster.checkpoint}-{poster.version}"
        if poster.checkpoint not in known:
            yield f"{name}: there is no such checkpoint"
        if not 1 <= poster.version <= 9999:
            yield f"{name}: versions are from 1 to 9999"
        if poster.state not in POSTER_STATES:
            yield f"{name}: the state must be one of {', '.join(POSTER_STATES)}"
        if settings.key_state(poster.key) is None:
            yield f"{name}: there is no key {poster.key!r}"
        if poster.until is not None and (poster.state != "retiring" or not _is_stamp(poster.until)):
            yield f"{name}: only a retiring one has an until; write it as 2020-02-20T16:00:00.000Z"
    yield from _twice("posters", (f"{poster.checkpoint}-{poster.version}" for poster in settings.posters))
    for checkpoint in _more_than_one(poster.checkpoint for poster in settings.posters if poster.state == "active"):
        yield f"posters: {checkpoint} has several active ones; leave one, the others retiring or revoked"


def _key_problems(settings: Settings) -> Iterator[str]:
    for key in settings.keys:
        if not re.fullmatch("[A-Z]{1,2}", key.id):
            yield f"keys {key.id!r}: an id is one or two capitals"
        if key.state not in KEY_STATES:
            yield f"keys {key.id!r}: the state must be one of {', '.join(KEY_STATES)}"
    yield from _twice("keys", (key.id for key in settings.keys))
    if sum(key.state == "signing" for key in settings.keys) != 1:
        yield "keys: exactly one must be signing"


def _key_region_problems(settings: Settings) -> Iterator[str]:
    versions = [each.version for each in settings.key_regions]
    if not versions or versions[0] < 1 or any(later <= earlier for earlier, later in pairwise(versions)):
        yield "key_regions.version: must be from 1, and grow from list to list"
    for at, listed in enumerate(settings.key_regions):
        name = f"key_regions[{at}] (version {listed.version})"
        if at == 0 and listed.valid_from is not None:
            yield f"{name} valid_from: the first list is in force ever since; leave it out"
        if at and not (listed.valid_from and _is_stamp(listed.valid_from) and listed.valid_from.endswith(_ON_THE_HOUR)):
            yield f"{name} valid_from: write a full hour, as 2020-02-10T07:00:00.000Z"
        for code in listed.codes:
            if len(code) != 6 or divisions.division(code) is None:
                yield f"{name} codes: {code!r} is no division"
        yield from _twice(f"{name} codes", listed.codes)


def _text_problems(field: str, text: str, longest: int) -> Iterator[str]:
    if not text.strip() or len(text) > longest:
        yield f"{field}: write 1 to {longest} characters"
    elif not all(letter.isprintable() for letter in text):
        yield f"{field}: must not hold control characters or line breaks"


def _twice(field: str, values: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    for value in _more_than_one(values):
        yield f"{field}: {value} is there twice"


def _more_than_one(values: Iterator[str] | tuple[str, ...]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _is_stamp(text: str) -> bool:
    if not _STAMP.fullmatch(text):
        return False
    try:
        _moment(text)
    except ValueError:
        return False
    return True


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z")


def _is_base(url: str) -> bool:
    """Whether `url` can stand before /C/: no slash at the end, no query, http on loopback only."""
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*", url) or len(url) > 200:
        return False
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" or host in ("127.0.0.1", "localhost") or host.endswith(".localhost")
