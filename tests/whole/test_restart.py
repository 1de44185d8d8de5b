"""Stopping and starting again loses nothing: passages, settings, secrets, addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.stacks.local import AlreadyRunning, LocalStack
from tests.whole.traveller import party, post_form, reference


def items(stack: LocalStack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.client("dynamodb").scan(TableName=stack.urls["table"])["Items"]
    return sorted(found, key=lambda item: str(item["pk"]))


def settings(stack: LocalStack) -> bytes:
    bucket = stack.outputs["data"]["SettingsBucket"]
    body: bytes = stack.client("s3").get_object(Bucket=bucket, Key="settings/v1/current.json")["Body"].read()
    return body


def test_a_second_start_finds_the_data_of_the_first_at_the_same_addresses(tmp_path: Path) -> None:
    fields = party(1)
    with LocalStack(tmp_path) as first:
        receipt = post_form(first.urls["form_urls"]["101"], fields)
        assert receipt.status == 201, receipt.text
        urls, stored, published = dict(first.urls), items(first), settings(first)
        port = first.ministack.port
        with pytest.raises(AlreadyRunning):
            LocalStack(tmp_path).start()
    assert len(stored) == 2

    said: list[str] = []
    with LocalStack(tmp_path, port, said.append) as second:
        assert second.urls == urls
        assert items(second) == stored
        assert settings(second) == published
        assert not any("deploying" in line for line in said), "nothing changed, so nothing is deployed"
        again = post_form(second.urls["form_urls"]["101"], fields)
        assert (again.status, reference(again)) == (201, reference(receipt))
        assert items(second) == stored
        ttl = second.client("dynamodb").describe_time_to_live(TableName=urls["table"])["TimeToLiveDescription"]
        assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}

    with LocalStack(tmp_path) as third:  # on another port: new addresses, the same codes, the same data
        form: str = third.urls["form_urls"]["101"]
        assert third.ministack.port != port
        assert form.rpartition("/")[2] == urls["form_urls"]["101"].rpartition("/")[2]
        assert post_form(form, fields).status == 201
        assert items(third) == stored
