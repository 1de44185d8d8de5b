"""Receipts: the same passage, the same bytes; genuine verifies, altered does not; nothing on it is a secret."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.passage import receipt
from chalicelib.passage.decoding import decode
from chalicelib.passage.form import parse
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.receipt import KEY_ID, ReceiptRefused
from tests.parties import CITY, FORM, TODAY, as_form, three

KEYS = PassageKeys.of(b"k" * 64, "test")
PUBLIC = {KEY_ID: receipt.public_key(KEYS)}
NOW = datetime(2020, 2, 10, 7, 15, 33, 123000, tzinfo=UTC)


def issued() -> receipt.Receipt:
    passage = parse(decode(as_form(three()), FORM), checkpoint="101", city=CITY, today=TODAY)
    return receipt.issue(passage, NOW, KEYS, "test")


def test_the_same_passage_has_the_same_receipt() -> None:
    assert issued() == issued()


def test_a_genuine_receipt_verifies_and_says_what_staff_compare() -> None:
    claim = receipt.verify(issued().signed, PUBLIC)
    assert claim.checkpoint == "101"
    assert claim.received_at == "2020-02-10T07:15Z"
    assert claim.plate_tail == "234"
    assert claim.travellers == 3
    assert claim.reference == issued().reference


@given(st.data())
def test_an_altered_receipt_is_refused(data: st.DataObject) -> None:
    signed = issued().signed
    at = data.draw(st.integers(0, len(signed) - 1))
    character = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567-1"))
    altered = signed[:at] + character + signed[at + 1 :]
    if altered != signed:
        with pytest.raises(ReceiptRefused):
            receipt.verify(altered, PUBLIC)


@given(st.text(max_size=300))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ReceiptRefused):
        receipt.verify(text, PUBLIC)


def test_another_deployments_receipt_is_refused() -> None:
    other = PassageKeys.of(b"k" * 64, "trial")
    with pytest.raises(ReceiptRefused):
        receipt.verify(issued().signed, {KEY_ID: receipt.public_key(other)})


def test_no_name_number_phone_or_whole_plate_is_on_it() -> None:
    shown = repr(issued()) + repr(receipt.verify(issued().signed, PUBLIC))
    for secret in ("王小明", "阿卜杜拉", "21038119800101", "13800138000", "辽CA1234", "中心街"):
        assert secret not in shown
    assert issued().names == ("王**", "买**", "王**")


def test_the_reference_has_no_look_alikes() -> None:
    assert len(issued().reference) == 8
    assert not set(issued().reference) & set("ILOU")
