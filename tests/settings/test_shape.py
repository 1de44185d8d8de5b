"""The settings are valid as a whole, or refused with every problem."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib import settings as s
from chalicelib.settings import Bilingual, CodeKey, Collector, KeyRegions, Poster, Settings, SettingsInvalid

FIRST = s.first_settings("kakou-test", "https://kakou.example.org", "2020-02-10T07:15:33.123Z")


def changed(**fields: Any) -> Settings:
    return msgspec.structs.replace(FIRST, **fields)


def test_the_first_settings_are_valid_and_every_active_checkpoint_has_its_poster() -> None:
    s.validate(FIRST)
    assert FIRST.starts_at == "2020-02-10T07:00:00.000Z"
    assert [FIRST.active_poster(each.id) for each in FIRST.checkpoints] == [1] * 18
    assert (FIRST.signing_key, FIRST.version, FIRST.published_at) == ("A", 0, None)


def test_they_come_back_from_json_as_they_were() -> None:
    full = changed(version=7, published_at="2020-02-10T08:00:00.000Z", notices={"zh": "请戴口罩", "en": "Wear a mask"})
    assert s.decode(s.encode(full)) == full
    assert s.encode(changed(notices={"en": "b", "zh": "a"})) == s.encode(changed(notices={"zh": "a", "en": "b"}))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"version": -1}, "version"),
        ({"published_at": "2020-02-10"}, "published_at"),
        ({"published_at": "2020-02-30T07:00:00.000Z"}, "published_at"),
        ({"deployment": ""}, "deployment"),
        ({"deployment": "Kakou"}, "deployment"),
        ({"deployment": "a\nb"}, "deployment"),
        ({"public_url": "https://kakou.example.org/"}, "public_url"),
        ({"public_url": "http://kakou.example.org"}, "public_url"),
        ({"public_url": "https://Kakou.example.org"}, "public_url"),
        ({"public_url": "https://kakou.example.org?a=1"}, "public_url"),
        ({"public_url": "https://user@kakou.example.org"}, "public_url"),
        ({"public_url": "javascript:alert(1)"}, "public_url"),
        ({"city": "210302"}, "city"),
        ({"city": "21"}, "city"),
        ({"starts_at": "2020-02-10T07:15:00.000Z"}, "starts_at"),
        ({"starts_at": "2020-02-10T07:00:00Z"}, "starts_at"),
        ({"starts_at": "2020-02-10T24:00:00.000Z"}, "starts_at"),
        ({"retention_days": 0}, "retention_days"),
        ({"retention_days": 91}, "retention_days"),
        ({"collector": Collector(Bilingual("", "x"), "12345")}, "collector.name.zh"),
        ({"collector": Collector(Bilingual("x", "a\nb"), "12345")}, "collector.name.en"),
        ({"collector": Collector(Bilingual("x", "x"), "call us")}, "collector.phone"),
        ({"checkpoints": (), "posters": ()}, "checkpoints"),
        ({"checkpoints": (*FIRST.checkpoints[:2], msgspec.structs.replace(FIRST.checkpoints[2], kind="x"))}, "103"),
        ({"checkpoints": (*FIRST.checkpoints, FIRST.checkpoints[0])}, "must differ"),
        ({"posters": (*FIRST.posters, Poster("999", 1, "active"))}, "999-1"),
        ({"posters": (*FIRST.posters, Poster("101", 1, "revoked"))}, "101-1 is there twice"),
        ({"posters": (*FIRST.posters, Poster("101", 2, "active"))}, "several active"),
        ({"posters": (Poster("101", 0, "active"),)}, "101-0"),
        ({"posters": (Poster("101", 1, "lost"),)}, "state"),
        ({"posters": (Poster("101", 1, "active", "B"),)}, "no key 'B'"),
        ({"posters": (Poster("101", 1, "active", until="2020-02-20T16:00:00.000Z"),)}, "until"),
        ({"posters": (Poster("101", 1, "revoked", until="2020-02-20T16:00:00.000Z"),)}, "until"),
        ({"posters": (Poster("101", 1, "retiring", until="2020-02-20"),)}, "until"),
        ({"keys": ()}, "exactly one"),
        ({"keys": (CodeKey("B", "signing"),)}, "no key 'A'"),
        ({"keys": (CodeKey("A", "verifying"),)}, "exactly one"),
        ({"keys": (CodeKey("A", "signing"), CodeKey("B", "signing"))}, "exactly one"),
        ({"keys": (CodeKey("A", "signing"), CodeKey("A", "withdrawn"))}, "A is there twice"),
        ({"keys": (CodeKey("a", "signing"),)}, "one or two capitals"),
        ({"keys": (CodeKey("A", "signing"), CodeKey("B", "gone"))}, "state"),
        ({"key_regions": ()}, "key_regions.version"),
        ({"key_regions": (KeyRegions(0, ()),)}, "key_regions.version"),
        ({"key_regions": (KeyRegions(1, ("420000", "429999")),)}, "429999"),
        ({"key_regions": (KeyRegions(1, ("420000", "420000")),)}, "420000 is there twice"),
        ({"key_regions": (KeyRegions(1, ("210381104",)),)}, "210381104"),
        ({"key_regions": (KeyRegions(1, (), "2020-02-10T07:00:00.000Z"),)}, "(version 1) valid_from"),
        ({"key_regions": (KeyRegions(1, ()), KeyRegions(2, ()))}, "(version 2) valid_from"),
        ({"key_regions": (KeyRegions(1, ()), KeyRegions(2, (), "2020-02-10T07:30:00.000Z"))}, "(version 2) valid_from"),
        ({"key_regions": (KeyRegions(1, ()), KeyRegions(2, (), "2020-02-30T07:00:00.000Z"))}, "(version 2) valid_from"),
        ({"key_regions": (KeyRegions(1, ()), KeyRegions(1, (), "2020-02-10T07:00:00.000Z"))}, "key_regions.version"),
        ({"fever": 37}, "fever"),
        ({"fever": 400}, "fever"),
        ({"notices": {"chinese": "x"}}, "notices"),
        ({"notices": {"zh": ""}}, "notices.zh"),
        ({"key_region_notices": {"chinese": "x"}}, "key_region_notices"),
        ({"key_region_notices": {"zh": "x" * 501}}, "key_region_notices.zh"),
        ({"notices": {"zh": "x" * 501}}, "notices.zh"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        s.validate(changed(**fields))
    assert any(named in problem for problem in caught.value.problems)
    assert named in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        s.validate(changed(retention_days=0, fever=0, keys=(), posters=(), deployment=""))
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "deployment", "retention_days", "keys", "fever",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"\xff", s.encode(FIRST)[:-1], s.encode(FIRST) + b"{}",
        s.encode(FIRST).replace(b'"fever":', b'"fewer":1,"fever":'),
        s.encode(FIRST).replace(b'"fever":373', b'"fever":"373"'),
        s.encode(FIRST).replace(b'"fever":373', b'"fever":NaN'),
        s.encode(FIRST).replace(b"settings.v1", b"settings.v2"),
        s.encode(FIRST).replace(b'"active":true', b'"active":1', 1),
        s.encode(FIRST).replace(b'"retention_days":30', b'"retention_days":300'),
    ],
)  # fmt: skip
def test_what_is_not_valid_settings_is_not_decoded(content: bytes) -> None:
    with pytest.raises(SettingsInvalid):
        s.decode(content)


def test_what_is_not_there_has_no_state() -> None:
    assert FIRST.checkpoint("999") is None
    assert FIRST.poster("101", 2) is None
    assert FIRST.active_poster("999") is None
    assert FIRST.key_state("B") is None


def test_the_list_in_force_is_the_newest_that_was_valid_by_then() -> None:
    first, second, third = (
        KeyRegions(1, ("420000",)),
        KeyRegions(2, ("110000",), "2020-02-12T00:00:00.000Z"),
        KeyRegions(4, ("310000",), "2020-02-10T07:00:00.000Z"),
    )
    one, two, three = (changed(key_regions=lists) for lists in ((first,), (first, second), (first, second, third)))
    s.validate(three)
    assert s.decode(s.encode(three)) == three
    assert [one.key_regions_at("0000"), one.key_regions_at("9999")] == [first, first]
    assert two.key_regions_at("2020-02-11T23:00:00.000Z") == first
    assert two.key_regions_at("2020-02-12T00:00:00.000Z") == second
    assert three.key_regions_at("2020-02-10T06:00:00.000Z") == first
    assert three.key_regions_at("2020-02-10T07:00:00.000Z") == third
    assert three.key_regions_at("2020-02-13T07:00:00.000Z") == third, "the second never comes into force"


def test_settings_of_the_time_of_one_list_are_read() -> None:
    document = msgspec.json.decode(s.encode(FIRST))
    document["key_regions"] = {"version": 3, "codes": ["420000"]}
    assert s.decode(msgspec.json.encode(document)) == changed(key_regions=(KeyRegions(3, ("420000",)),))
    for bad in ("420000", 7, {"version": 3}, {"version": 3, "codes": ["420000"], "more": 1}):
        with pytest.raises(SettingsInvalid):
            s.decode(msgspec.json.encode(document | {"key_regions": bad}))
