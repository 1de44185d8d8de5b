"""Codes that we signed are read, in one spelling; nothing else is."""

from __future__ import annotations

import ast
import hashlib
import hmac
import inspect
import random
import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.checkpoint import code
from chalicelib.checkpoint.code import ALPHABET, Code, CodeRefused
from chalicelib.settings import CodeKey, Poster, first_settings
from tests.web.fuzzed import code as wounded

KEYS = {"A": b"a" * 64, "B": b"b" * 64}
HERE = "kakou-test"
CODE = code.sign(KEYS, HERE, "101", 1, "A")
TEXT = str(CODE)
SETTINGS = first_settings(HERE, "https://kakou.example.org", "2020-02-10T07:00:00.000Z")
NOW = datetime(2020, 2, 20, 8, tzinfo=UTC)

PARTS = st.tuples(st.integers(10, 99999).map(str), st.integers(1, 9999), st.sampled_from(["A", "B"]))


def reason(text: str, keys: dict[str, bytes] = KEYS, deployment: str = HERE) -> str:
    with pytest.raises(CodeRefused) as caught:
        code.read(text, keys, deployment)
    return caught.value.reason


def test_the_tag_is_the_left_half_of_an_hmac_in_crockfords_base_32() -> None:
    """Computed here another way: a poster printed today must open its form for as long as its key lives."""
    digest = hmac.new(b"a" * 64, b"kakou/code/v1\nkakou-test\n101\n1\nA", hashlib.sha256).digest()
    bits = "".join(f"{byte:08b}" for byte in digest[:16]) + "00"
    expected = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[int(bits[at : at + 5], 2)] for at in range(0, 130, 5))
    assert f"101-1-A-{expected}" == TEXT == "101-1-A-MC5829G6CTJ636DKH7F75E6SE0"


def test_tags_are_compared_in_constant_time_alone() -> None:
    """How long an answer takes must not tell how much of a guess was right: no tag stands beside == or in a set."""
    tree = ast.parse(inspect.getsource(code))
    compared = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert not [each for each in compared if re.search(r"\b(tag|_tag|begins|short)\b(?!\))", each)], compared
    assert sum("compare_digest" in ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)) >= 2


@given(PARTS, st.text("abc-0", min_size=1, max_size=10))
def test_what_is_signed_is_read_in_capitals_and_small_letters(parts: tuple[str, int, str], deployment: str) -> None:
    signed = code.sign(KEYS, deployment, *parts)
    assert code.read(str(signed), KEYS, deployment) == signed
    assert code.read(str(signed).lower(), KEYS, deployment) == signed
    assert set(str(signed)) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-")


@given(PARTS, PARTS)
def test_other_parts_have_another_tag(one: tuple[str, int, str], other: tuple[str, int, str]) -> None:
    assert (code.sign(KEYS, HERE, *one).tag == code.sign(KEYS, HERE, *other).tag) is (one == other)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "form"),
        ("101", "form"),
        (TEXT[:-1], "form"),
        (TEXT + "0", "form"),
        (TEXT + "/", "form"),
        (TEXT + "/x", "form"),
        (TEXT + "\n", "form"),
        (" " + TEXT, "form"),
        (TEXT + "\x00", "form"),
        (TEXT.replace("-", "–"), "form"),
        (TEXT.replace("101-", "１０１-"), "form"),
        (TEXT.replace("101-", "１01-"), "form"),
        (TEXT.replace("-1-", "-²-"), "form"),
        (TEXT.replace("-1-", "-0-"), "form"),
        (TEXT.replace("-1-", "--1-"), "form"),
        (TEXT.replace("-1-", "-01-"), "form"),
        (TEXT.replace("-1-", "-+1-"), "form"),
        (TEXT.replace("-1-", "-1_0-"), "form"),
        (TEXT.replace("-1-", "-99999-"), "form"),
        (TEXT.replace("101-", "0101-"), "form"),
        (TEXT.replace("101-", "1-"), "form"),
        (TEXT.replace("101-", "123456-"), "form"),
        (TEXT.replace("-A-", "-ABC-"), "form"),
        (TEXT.replace("-A-", "-1-"), "form"),
        (TEXT.replace("-A-", "-ß-"), "form"),
        (TEXT.replace("-A-", "-ſ-"), "form"),
        (TEXT[:-1] + "U", "form"),
        (TEXT[:-1] + "I", "form"),
        (TEXT[:-1] + "L", "form"),
        (TEXT[:-1] + "O", "form"),
        ("9" * 100_000, "form"),
        (TEXT.replace("-A-", "-C-"), "key"),
        (TEXT.replace("-A-", "-AA-"), "key"),
        (TEXT.replace("-A-", "-B-"), "tag"),
        (TEXT.replace("101-", "102-"), "tag"),
        (TEXT.replace("-1-", "-2-"), "tag"),
        (TEXT.replace("-1-", "-11-"), "tag"),
        (TEXT[:-26] + "0" * 26, "tag"),
        (str(code.sign(KEYS, "kakou-trial", "101", 1, "A")), "tag"),
    ],
)
def test_what_we_did_not_sign_is_refused(text: str, why: str) -> None:
    assert reason(text) == why


@given(st.integers(0, 25), st.sampled_from(ALPHABET))
def test_a_tag_with_any_character_changed_is_refused(at: int, letter: str) -> None:
    changed = CODE.tag[:at] + letter + CODE.tag[at + 1 :]
    if changed != CODE.tag:
        assert reason(f"101-1-A-{changed}") == "tag"


@given(st.text())
def test_no_other_text_is_read(text: str) -> None:
    assert reason(text) == "form"


def test_a_wounded_code_is_read_only_where_it_is_spelt_as_signed(fuzz: int) -> None:
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    healed = 0
    for _ in range(fuzz):
        text = wounded(rng, TEXT)
        try:
            found = code.read(text, KEYS, HERE)
        except CodeRefused as refused:
            assert text.upper() != TEXT or not text.isascii(), f"seed {seed}: {text!r} refused for {refused.reason}"
            assert refused.args == (refused.reason,)
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__} from {text!r}")
        else:
            assert found == CODE, f"seed {seed}: {text!r} read"
            assert text.isascii(), f"seed {seed}: {text!r} read"
            assert text.upper() == TEXT, f"seed {seed}: {text!r} read"
            healed += 1
    assert 0 < healed < fuzz // 2


def test_a_code_of_one_deployment_or_key_is_nothing_under_another() -> None:
    assert reason(TEXT, deployment="kakou") == "tag"
    assert reason(TEXT, keys={"A": b"c" * 64}) == "tag"
    assert reason(TEXT, keys={}) == "key"


@pytest.mark.parametrize(
    ("checkpoint", "version", "key"),
    [("0101", 1, "A"), ("101", 0, "A"), ("101", -1, "A"), ("101", 10000, "A"), ("101\n1", 1, "A"), ("101", 1, "a")],
)
def test_nothing_unreadable_is_signed(checkpoint: str, version: int, key: str) -> None:
    with pytest.raises(ValueError, match="no code"):
        code.sign({"A": b"x", "a": b"x"}, HERE, checkpoint, version, key)


def test_a_key_that_is_not_there_does_not_sign() -> None:
    with pytest.raises(KeyError):
        code.sign(KEYS, HERE, "101", 1, "C")


LIVES = msgspec.structs.replace(
    SETTINGS,
    checkpoints=(*SETTINGS.checkpoints[:2], msgspec.structs.replace(SETTINGS.checkpoints[2], active=False)),
    posters=(
        Poster("101", 1, "revoked"), Poster("101", 2, "retiring", until="2020-02-20T08:00:00.001Z"),
        Poster("101", 3, "active", "B"), Poster("101", 4, "retiring", "B", until="2020-02-20T08:00:00.000Z"),
        Poster("101", 5, "active", "C"), Poster("102", 1, "active"), Poster("103", 1, "active"),
    ),
    keys=(CodeKey("A", "verifying"), CodeKey("B", "signing"), CodeKey("C", "withdrawn")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        (("101", 1, "A"), "revoked"),
        (("101", 2, "A"), "retiring"),
        (("101", 3, "B"), "active"),
        (("101", 4, "B"), "revoked"),
        (("102", 1, "A"), "active"),
    ],
)
def test_a_genuine_code_stands_for_checkpoint_and_poster(parts: tuple[str, int, str], state: str) -> None:
    scanned = code.judge(Code(*parts, "tag"), LIVES, NOW)
    assert (scanned.checkpoint.id, scanned.poster, scanned.key, scanned.state) == (*parts, state)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (("101", 6, "A"), "poster"),
        (("102", 2, "A"), "poster"),
        (("101", 3, "A"), "poster"),
        (("101", 2, "B"), "poster"),
        (("103", 1, "A"), "closed"),
        (("104", 1, "A"), "checkpoint"),
        (("101", 5, "C"), "withdrawn"),
        (("101", 3, "D"), "withdrawn"),
        (("101", 1, "C"), "withdrawn"),
    ],
)
def test_a_genuine_code_not_in_force_is_refused(parts: tuple[str, int, str], why: str) -> None:
    with pytest.raises(CodeRefused) as caught:
        code.judge(Code(*parts, "tag"), LIVES, NOW)
    assert caught.value.reason == why


def test_the_active_poster_is_issued_with_its_own_key() -> None:
    for checkpoint, begins in (("101", "101-3-B-"), ("102", "102-1-A-")):
        issued = code.issue(LIVES, KEYS, checkpoint)
        assert str(issued).startswith(begins)
        assert code.judge(code.read(str(issued), KEYS, HERE), LIVES, NOW).state == "active"
    with pytest.raises(LookupError, match="no active poster"):
        code.issue(LIVES, KEYS, "118")
    with pytest.raises(LookupError, match="key A, which is withdrawn"):
        code.issue(msgspec.structs.replace(LIVES, keys=(CodeKey("A", "withdrawn"),)), KEYS, "102")
    with pytest.raises(KeyError):
        code.issue(LIVES, {"A": b"a"}, "101")


SHORT = CODE.tag[:8]
"""`MC5829G6`"""


@pytest.mark.parametrize(
    ("checkpoint", "short"),
    [
        ("101", SHORT),
        (" 1 0 1 ", SHORT.lower()),
        ("１０１", "ＭＣ５８２９Ｇ６"),
        ("IOl", "mc58-29g6"),
        ("101", "MC58 29G6"),
        ("101", CODE.tag),
        ("101", CODE.tag[:11]),
    ],
)
def test_what_is_typed_from_a_poster_leads_to_its_code(checkpoint: str, short: str) -> None:
    assert code.typed(checkpoint, short, SETTINGS, KEYS) == CODE


def test_every_poster_of_a_checkpoint_can_be_typed_and_leads_to_itself() -> None:
    for version, key in ((1, "A"), (2, "A"), (3, "B")):
        there = code.sign(KEYS, HERE, "101", version, key)
        # What looks alike is the same: 0 may be typed as O, 1 as I or L.
        short = there.tag[:8].replace("0", "o").replace("1", "L")
        assert code.typed("101", short, LIVES, KEYS) == there


@pytest.mark.parametrize(
    ("checkpoint", "short"),
    [
        ("", ""),
        ("101", ""),
        ("101", SHORT[:7]),
        ("101", SHORT[:7] + "7"),
        ("101", SHORT + "1"),
        ("101", CODE.tag + "0"),
        ("101", SHORT[1:] + SHORT[0]),
        ("102", SHORT),
        ("999", SHORT),
        ("0101", SHORT),
        ("101", "0" * 8),
        ("101", "ſ" * 8),
        ("101", code.sign(KEYS, "kakou-trial", "101", 1, "A").tag[:8]),
        ("101", code.sign(KEYS, HERE, "101", 1, "B").tag[:8]),
        ("101", code.sign(KEYS, HERE, "101", 2, "A").tag[:8]),
        ("1" * 10_000, SHORT * 10_000),
        ("\x00", "\ud800"),
    ],
)
def test_nothing_else_that_is_typed_leads_anywhere(checkpoint: str, short: str) -> None:
    with pytest.raises(CodeRefused) as caught:
        code.typed(checkpoint, short, SETTINGS, KEYS)
    assert caught.value.reason == "typed"


def test_a_poster_of_a_withdrawn_key_cannot_be_typed() -> None:
    keys = KEYS | {"C": b"c" * 64}
    with pytest.raises(CodeRefused):
        code.typed("101", code.sign(keys, HERE, "101", 5, "C").tag[:8], LIVES, keys)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://kakou.example.org", f"HTTPS://KAKOU.EXAMPLE.ORG/C/{TEXT}"),
        ("https://kakou.example.org:8443", f"HTTPS://KAKOU.EXAMPLE.ORG:8443/C/{TEXT}"),
        ("https://example.org/kakou", f"https://example.org/kakou/C/{TEXT}"),
        ("http://127.0.0.1:4566/_aws/execute-api/a/v1", f"http://127.0.0.1:4566/_aws/execute-api/a/v1/C/{TEXT}"),
    ],
)
def test_only_what_has_no_case_is_written_in_capitals(base: str, expected: str) -> None:
    assert code.address(base, CODE) == expected
