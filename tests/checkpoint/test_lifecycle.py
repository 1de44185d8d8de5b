"""The life of posters, keys and checkpoints: each change, each refusal, and that no open checkpoint is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.checkpoint import lifecycle as life
from chalicelib.checkpoint.lifecycle import NoPosterLeft, Refused, decide
from chalicelib.checkpoint.register import Checkpoint
from chalicelib.settings import CodeKey, Poster, Settings, SettingsInvalid, first_settings, validate

NOW = datetime(2020, 2, 10, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=10)
END = "2020-02-20T08:00:00.000Z"

FIRST = first_settings("kakou-test", "https://kakou.example.org", "2020-02-10T07:00:00.000Z")
SMALL = msgspec.structs.replace(
    FIRST,
    version=1,
    published_at="2020-02-10T07:00:00.000Z",
    checkpoints=(*FIRST.checkpoints[:2], msgspec.structs.replace(FIRST.checkpoints[2], active=False)),
    posters=(Poster("101", 1, "active"), Poster("102", 1, "active")),
)
NEW = Checkpoint("201", "析木北口", "Ximu North", "road", FIRST.checkpoints[0].township, True)


def posters(settings: Settings, checkpoint: str = "101") -> list[tuple[int, str, str, str | None]]:
    return [(p.version, p.state, p.key, p.until) for p in settings.posters if p.checkpoint == checkpoint]


def issued(settings: Settings, until: datetime | None = LATER) -> Settings:
    return decide(settings, lambda s: life.issue(s, "101", until, NOW), NOW)


ROTATED = decide(SMALL, lambda s: life.rotate_key(s, "B"), NOW)


def test_a_new_poster_lets_the_one_before_it_retire_until_a_date() -> None:
    settings = issued(SMALL)
    assert posters(settings) == [(1, "retiring", "A", END), (2, "active", "A", None)]
    assert posters(issued(settings)) == [(1, "retiring", "A", END), (2, "retiring", "A", END), (3, "active", "A", None)]
    assert posters(settings, "102") == [(1, "active", "A", None)]


def test_or_revokes_it_at_once() -> None:
    assert posters(issued(SMALL, None)) == [(1, "revoked", "A", None), (2, "active", "A", None)]


def test_a_retiring_poster_is_revoked_when_its_time_is_over() -> None:
    old = issued(SMALL).posters[0]
    assert old.state_at(LATER - timedelta(milliseconds=1)) == "retiring"
    assert old.state_at(LATER) == "revoked"


def test_a_retiring_poster_gets_another_end_or_is_revoked() -> None:
    settings = issued(SMALL)
    sooner = decide(settings, lambda s: life.retire(s, "101", 1, NOW + timedelta(hours=1), NOW), NOW)
    assert posters(sooner)[0] == (1, "retiring", "A", "2020-02-10T09:00:00.000Z")
    assert posters(decide(settings, lambda s: life.revoke(s, "101", 1), NOW))[0] == (1, "revoked", "A", None)


def test_two_keys_live_at_once_and_each_poster_keeps_its_own() -> None:
    assert [(key.id, key.state) for key in ROTATED.keys] == [("A", "verifying"), ("B", "signing")]
    settings = issued(ROTATED)
    assert posters(settings) == [(1, "retiring", "A", END), (2, "active", "B", None)]
    assert list(life.without_poster(settings, NOW)) == []


def test_a_key_is_withdrawn_when_no_open_checkpoint_needs_it() -> None:
    with pytest.raises(NoPosterLeft) as caught:
        decide(issued(ROTATED), lambda s: life.withdraw_key(s, "A"), NOW)
    assert caught.value.checkpoints == ("102",)
    both = decide(issued(ROTATED), lambda s: life.issue(s, "102", None, NOW), NOW)
    withdrawn = decide(both, lambda s: life.withdraw_key(s, "A"), NOW)
    assert withdrawn.key_state("A") == "withdrawn"
    forced = decide(issued(ROTATED), lambda s: life.withdraw_key(s, "A"), NOW, force=True)
    assert list(life.without_poster(forced, NOW)) == ["102"]


def test_key_ids_follow_one_another_and_are_never_used_again() -> None:
    assert life.next_key(SMALL) == "B"
    letters = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    many = msgspec.structs.replace(SMALL, keys=tuple(CodeKey(key, "withdrawn") for key in letters))
    assert life.next_key(many) == "AA"
    every = [*letters, *(a + b for a in letters for b in letters)]
    with pytest.raises(Refused, match="702"):
        life.next_key(msgspec.structs.replace(SMALL, keys=tuple(CodeKey(key, "withdrawn") for key in every)))


def test_checkpoints_are_added_closed_opened_and_renamed() -> None:
    added = decide(SMALL, lambda s: life.add_checkpoint(s, NEW, NOW), NOW)
    new = msgspec.structs.replace(NEW, added_at="2020-02-10T08:00:00.000Z")
    assert added.checkpoint("201") == new
    assert posters(added, "201") == [(1, "active", "A", None)]
    closed = decide(added, lambda s: life.close_checkpoint(s, "201", NOW), NOW)
    assert closed.checkpoint("201") == msgspec.structs.replace(new, active=False, turned=("2020-02-10T08:00:00.000Z",))
    opened = decide(closed, lambda s: life.open_checkpoint(s, "201", LATER), NOW)
    turned = ("2020-02-10T08:00:00.000Z", "2020-02-20T08:00:00.000Z")
    assert opened.checkpoint("201") == msgspec.structs.replace(new, turned=turned)
    assert opened.posters == added.posters
    renamed = decide(added, lambda s: life.rename_checkpoint(s, "201", en="Ximu South"), NOW)
    assert renamed.checkpoint("201") == msgspec.structs.replace(new, name_en="Ximu South")
    assert renamed.posters == added.posters, "the code stays good"


Step = Callable[[Settings], Settings]
REFUSED: list[tuple[str, Settings, Step, str]] = [
    ("issue, no such checkpoint", SMALL, lambda s: life.issue(s, "999", LATER, NOW), "no checkpoint 999"),
    ("issue, an end that is past", SMALL, lambda s: life.issue(s, "101", NOW, NOW), "which is past"),
    ("retire, never issued", SMALL, lambda s: life.retire(s, "101", 2, LATER, NOW), "never had a poster 2"),
    ("retire, an end that is past", issued(SMALL), lambda s: life.retire(s, "101", 1, NOW, NOW), "which is past"),
    ("retire, revoked", issued(SMALL, None), lambda s: life.retire(s, "101", 1, LATER, NOW), "revoked already"),
    ("revoke, twice", issued(SMALL, None), lambda s: life.revoke(s, "101", 1), "revoked already"),
    ("revoke, never issued", SMALL, lambda s: life.revoke(s, "101", 9), "never had a poster 9"),
    ("rotate, an id again", SMALL, lambda s: life.rotate_key(s, "A"), "key A already"),
    ("withdraw, the signing key", ROTATED, lambda s: life.withdraw_key(s, "B"), "rotate the key first"),
    ("withdraw, no such key", SMALL, lambda s: life.withdraw_key(s, "Z"), "no key Z"),
    ("add, the id again", SMALL, lambda s: life.add_checkpoint(s, SMALL.checkpoints[2], NOW), "already"),
    ("close, closed", SMALL, lambda s: life.close_checkpoint(s, "103", NOW), "closed already"),
    ("open, open", SMALL, lambda s: life.open_checkpoint(s, "101", NOW), "open already"),
    ("rename, to the same", SMALL, lambda s: life.rename_checkpoint(s, "101"), "nothing would change"),
]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(("name", "settings", "step", "said"), REFUSED, ids=[each[0] for each in REFUSED])
def test_what_makes_no_sense_is_refused_by_force_too(
    name: str, settings: Settings, step: Step, said: str, force: bool
) -> None:
    with pytest.raises(Refused, match=said) as caught:
        decide(settings, step, NOW, force=force)
    assert not isinstance(caught.value, NoPosterLeft)


LEAVING: list[tuple[str, Step]] = [
    ("revoke the last", lambda s: life.revoke(s, "101", 1)),
    ("retire the last", lambda s: life.retire(s, "101", 1, LATER, NOW)),
    ("open one without a poster", lambda s: life.open_checkpoint(s, "103", NOW)),
]


@pytest.mark.parametrize(("name", "step"), LEAVING, ids=[each[0] for each in LEAVING])
def test_no_open_checkpoint_is_left_without_a_poster_unless_forced(name: str, step: Step) -> None:
    with pytest.raises(NoPosterLeft, match="--force"):
        decide(SMALL, step, NOW)
    validate(decide(SMALL, step, NOW, force=True))


def test_a_closed_checkpoint_may_lose_its_poster_and_one_without_is_no_obstacle_to_others() -> None:
    closed = decide(SMALL, lambda s: life.close_checkpoint(s, "101", NOW), NOW)
    assert posters(decide(closed, lambda s: life.revoke(s, "101", 1), NOW))[0][1] == "revoked"
    lost = decide(SMALL, lambda s: life.revoke(s, "101", 1), NOW, force=True)
    decide(lost, lambda s: life.issue(s, "102", LATER, NOW), NOW)


def test_a_clock_set_back_is_refused() -> None:
    at = datetime(2020, 2, 10, 7, tzinfo=UTC)
    step: Step = lambda s: life.issue(s, "101", LATER, at)  # noqa: E731
    decide(SMALL, step, at)
    with pytest.raises(Refused, match="set the clock right"):
        decide(SMALL, step, at - timedelta(milliseconds=1), force=True)


def test_a_checkpoint_that_no_register_takes_is_refused_with_its_field() -> None:
    odd = msgspec.structs.replace(NEW, name_zh="<svg onload>")
    with pytest.raises(SettingsInvalid, match="name_zh"):
        decide(SMALL, lambda s: life.add_checkpoint(s, odd, NOW), NOW)


steps = st.lists(
    st.tuples(st.sampled_from(range(8)), st.sampled_from(("101", "102", "103")), st.integers(1, 4), st.booleans()),
    max_size=12,
)


@given(steps)
def test_whatever_is_done_in_whatever_order_the_settings_stay_valid_and_no_open_checkpoint_alone(
    done: list[tuple[int, str, int, bool]],
) -> None:
    settings, now = SMALL, NOW
    for kind, checkpoint, version, soon in done:
        now += timedelta(hours=1)
        until = now + timedelta(hours=1 if soon else 90)
        changes: list[Step] = [
            partial(life.issue, checkpoint=checkpoint, until=None if soon else until, now=now),
            partial(life.retire, checkpoint=checkpoint, version=version, until=until, now=now),
            partial(life.revoke, checkpoint=checkpoint, version=version),
            lambda s: life.rotate_key(s, life.next_key(s)),
            partial(life.withdraw_key, key="ABCD"[version - 1]),
            partial(life.close_checkpoint, checkpoint=checkpoint, now=now),
            partial(life.open_checkpoint, checkpoint=checkpoint, now=now),
            partial(life.rename_checkpoint, checkpoint=checkpoint, en=f"Place {version}{checkpoint}"),
        ]
        try:
            settings = decide(settings, changes[kind], now)
        except Refused:
            continue
        validate(settings)
    # Not even with time alone: what retires was replaced first.
    assert list(life.without_poster(settings, now + timedelta(days=365))) == []
