"""The life of posters, keys and checkpoints: settings in, settings out, or a refusal. Publishing is another's work.

    poster       active → retiring (until a date, its passages flagged) → revoked; never back: a new one is issued
    key          signing → verifying (its posters still work) → withdrawn (they do not)
    checkpoint   open ⇄ closed; its name may change, its id never

`decide` carries out a change, and lets nothing through unasked that would leave an open checkpoint without a working
poster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from string import ascii_uppercase
from typing import Literal

from msgspec import structs

from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import CodeKey, Poster, Settings, validate

MOST_VERSIONS = 9999
MOST_KEYS = 26 + 26 * 26


class Refused(ValueError):
    """The change was refused and nothing is different; says why, and the remedy."""


class NoPosterLeft(Refused):
    """The change would leave open checkpoints without a working poster; whoever means it says so (`force`)."""

    def __init__(self, checkpoints: tuple[str, ...]) -> None:
        super().__init__(
            f"this would leave {', '.join(checkpoints)} without a working poster: issue a new one first"
            " (codes issue), close the checkpoint, or say --force"
        )
        self.checkpoints = checkpoints


def decide(
    settings: Settings, change: Callable[[Settings], Settings], now: datetime, *, force: bool = False
) -> Settings:
    """`settings` after `change` (one of the functions below, bound to its arguments), not yet published.

    Raises Refused where `change` does, where nothing would change and where the clock was set back; NoPosterLeft,
    unless `force`; SettingsInvalid.
    """
    # A clock that runs ahead cannot lock anyone out for long: AWS refuses calls that are 15 minutes off.
    if settings.published_at is not None and _stamp(now) < settings.published_at:
        raise Refused(
            f"the clock of this machine says {_stamp(now)}, but version {settings.version} was published at"
            f" {settings.published_at}: set the clock right"
        )
    changed = change(settings)
    if changed == settings:
        raise Refused("nothing would change")
    left = tuple(sorted(set(without_poster(changed, now)) - set(without_poster(settings, now))))
    if left and not force:
        raise NoPosterLeft(left)
    validate(changed)
    return changed


def without_poster(settings: Settings, now: datetime) -> Iterator[str]:
    """The open checkpoints that have no working poster: none that is active, under a key that is not withdrawn. A
    retiring one does not count, because its end is set."""
    good = {key.id for key in settings.keys if key.state != "withdrawn"}
    hanging = {each.checkpoint for each in settings.posters if each.state_at(now) == "active" and each.key in good}
    return (each.id for each in settings.checkpoints if each.active and each.id not in hanging)


# Posters


def issue(settings: Settings, checkpoint: str, until: datetime | None, now: datetime) -> Settings:
    """A new poster for `checkpoint`, signed with the signing key. The one that was active retires until `until`; None
    revokes it at once. Raises Refused."""
    _checkpoint(settings, checkpoint)
    version = 1 + max((each.version for each in settings.posters if each.checkpoint == checkpoint), default=0)
    if version > MOST_VERSIONS:
        raise Refused(f"checkpoint {checkpoint} has had {MOST_VERSIONS} posters; add it under another id")
    before = settings.active_poster(checkpoint)
    if before is not None:
        state = {"state": "revoked"} if until is None else {"state": "retiring", "until": _end(until, now)}
        settings = _with_poster(settings, checkpoint, before, **state)
    new = Poster(checkpoint, version, "active", settings.signing_key)
    return structs.replace(settings, posters=(*settings.posters, new))


def retire(settings: Settings, checkpoint: str, version: int, until: datetime, now: datetime) -> Settings:
    """The poster works until `until`, and its passages are flagged; for one that retires already, another end. Raises
    Refused."""
    if _poster(settings, checkpoint, version).state_at(now) == "revoked":
        raise Refused(f"poster {version} of checkpoint {checkpoint} is revoked already; issue a new one")
    return _with_poster(settings, checkpoint, version, state="retiring", until=_end(until, now))


def revoke(settings: Settings, checkpoint: str, version: int) -> Settings:
    """The poster opens no form from now on. Raises Refused."""
    if _poster(settings, checkpoint, version).state == "revoked":
        raise Refused(f"poster {version} of checkpoint {checkpoint} is revoked already")
    return _with_poster(settings, checkpoint, version, state="revoked", until=None)


# Keys


def next_key(settings: Settings) -> str:
    """The id of the key to come: B after A, AA after Z. Raises Refused when all are used up."""
    used = {key.id for key in settings.keys}
    for key in (*ascii_uppercase, *(first + second for first in ascii_uppercase for second in ascii_uppercase)):
        if key not in used:
            return str(key)
    raise Refused(f"all {MOST_KEYS} key ids are used up")


def rotate_key(settings: Settings, key: str) -> Settings:
    """`key` (from `next_key`; its secret must be in place) signs new posters from now on; those of the key before it
    still work. Raises Refused."""
    if settings.key_state(key) is not None:
        raise Refused(f"there is a key {key} already; an id is never used again")
    signing = settings.signing_key
    keys = _with_key(settings, signing, "verifying")
    return structs.replace(settings, keys=(*keys, CodeKey(key, "signing")))


def withdraw_key(settings: Settings, key: str) -> Settings:
    """No poster that is signed with `key` works from now on. Raises Refused."""
    state = settings.key_state(key)
    if state is None:
        raise Refused(f"there is no key {key}")
    if state == "signing":
        raise Refused(f"key {key} signs new posters: rotate the key first (codes rotate-key)")
    if state == "withdrawn":
        raise Refused(f"key {key} is withdrawn already")
    return structs.replace(settings, keys=_with_key(settings, key, "withdrawn"))


# Checkpoints


def add_checkpoint(settings: Settings, checkpoint: Checkpoint, now: datetime) -> Settings:
    """A new checkpoint, with its first poster. Raises Refused; `decide` says what else is wrong."""
    if settings.checkpoint(checkpoint.id) is not None:
        raise Refused(f"there is a checkpoint {checkpoint.id} already; open it again, or choose another id")
    checkpoint = structs.replace(checkpoint, added_at=_stamp(now))
    settings = structs.replace(settings, checkpoints=(*settings.checkpoints, checkpoint))
    return issue(settings, checkpoint.id, None, now)


def close_checkpoint(settings: Settings, checkpoint: str, now: datetime) -> Settings:
    """Its codes open no form until it is opened again. Raises Refused."""
    before = _checkpoint(settings, checkpoint)
    if not before.active:
        raise Refused(f"checkpoint {checkpoint} is closed already")
    return _with_checkpoint(settings, checkpoint, active=False, turned=(*before.turned, _stamp(now)))


def open_checkpoint(settings: Settings, checkpoint: str, now: datetime) -> Settings:
    """A closed one is open again, with the posters that it had. Raises Refused."""
    before = _checkpoint(settings, checkpoint)
    if before.active:
        raise Refused(f"checkpoint {checkpoint} is open already")
    return _with_checkpoint(settings, checkpoint, active=True, turned=(*before.turned, _stamp(now)))


def rename_checkpoint(settings: Settings, checkpoint: str, *, zh: str | None = None, en: str | None = None) -> Settings:
    """Another name, in one language or both; the codes stay good. Raises Refused."""
    before = _checkpoint(settings, checkpoint)
    return _with_checkpoint(settings, checkpoint, name_zh=zh or before.name_zh, name_en=en or before.name_en)


def _checkpoint(settings: Settings, checkpoint: str) -> Checkpoint:
    found = settings.checkpoint(checkpoint)
    if found is None:
        raise Refused(f"there is no checkpoint {checkpoint}")
    return found


def _poster(settings: Settings, checkpoint: str, version: int) -> Poster:
    _checkpoint(settings, checkpoint)
    found = settings.poster(checkpoint, version)
    if found is None:
        raise Refused(f"checkpoint {checkpoint} never had a poster {version}")
    return found


def _with_poster(settings: Settings, checkpoint: str, version: int, **changes: str | None) -> Settings:
    return structs.replace(
        settings,
        posters=tuple(
            structs.replace(each, **changes) if (each.checkpoint, each.version) == (checkpoint, version) else each
            for each in settings.posters
        ),
    )


def _with_key(settings: Settings, key: str, state: Literal["verifying", "withdrawn"]) -> tuple[CodeKey, ...]:
    return tuple(CodeKey(each.id, state) if each.id == key else each for each in settings.keys)


def _with_checkpoint(settings: Settings, checkpoint: str, **changes: str | bool | tuple[str, ...]) -> Settings:
    return structs.replace(
        settings,
        checkpoints=tuple(
            structs.replace(each, **changes) if each.id == checkpoint else each for each in settings.checkpoints
        ),
    )


def _end(until: datetime, now: datetime) -> str:
    if until <= now:
        raise Refused(f"a poster cannot retire until {_stamp(until)}, which is past: revoke it, or name a later day")
    return _stamp(until)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
