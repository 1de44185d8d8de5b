"""The keyring on the local stack's Secrets Manager: keys are added, and never written over."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.checkpoint.keyring import LENGTH, Keyring, KeyringUnavailable
from tests.conftest import Credentials, MiniStack


@pytest.fixture
def client(ministack: MiniStack, account: Credentials) -> Any:
    return ministack.client("secretsmanager", account)


@pytest.fixture
def secret(client: Any) -> str:
    """A secret with key A, as a deployment makes it."""
    made = client.create_secret(Name=f"codes-{secrets.token_hex(8)}", SecretString=json.dumps({"A": "a" * LENGTH}))
    return str(made["ARN"])


def test_a_new_key_is_random_and_leaves_the_others_alone(client: Any, secret: str) -> None:
    keyring = Keyring(client, secret)
    keyring.add("B")
    keyring.add("C")
    keys = keyring.keys()
    assert keys.keys() == {"A", "B", "C"}
    assert keys["A"] == b"a" * LENGTH
    assert all(re.fullmatch(b"[A-Za-z0-9]{64}", key) for key in keys.values())
    assert len(set(keys.values())) == 3


def test_a_key_that_is_there_is_never_made_anew(client: Any, secret: str) -> None:
    """A rotation that was killed before it published is done again: posters may be signed with its key already."""
    keyring = Keyring(client, secret)
    keyring.add("B")
    before = keyring.keys()
    keyring.add("B")
    keyring.add("A")
    assert keyring.keys() == before


class Tokens:
    """The client, and what AWS documents of `ClientRequestToken` and MiniStack ignores: a token that stands for one
    content is refused with another. `meanwhile` comes between a reading and what follows it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._told: dict[str, str] = {}
        self.meanwhile: Callable[[], None] | None = None

    def get_secret_value(self, **arguments: Any) -> Any:
        answer = self._client.get_secret_value(**arguments)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return answer

    def put_secret_value(self, **arguments: Any) -> Any:
        content = arguments["SecretString"]
        if self._told.setdefault(arguments["ClientRequestToken"], content) != content:
            raise ClientError({"Error": {"Code": "ResourceExistsException", "Message": ""}}, "PutSecretValue")
        return self._client.put_secret_value(**arguments)


def test_of_two_rotations_at_once_none_undoes_the_other(client: Any, secret: str) -> None:
    tokens = Tokens(client)
    one: Any = tokens
    keyring = Keyring(one, secret)
    tokens.meanwhile = lambda: keyring.add("B")
    with pytest.raises(KeyringUnavailable, match="ResourceExists"):
        keyring.add("B")
    kept = keyring.keys()["B"]
    keyring.add("B")
    keyring.add("C")
    assert keyring.keys()["B"] == kept


def test_what_the_service_refuses_is_said_without_a_key(client: Any, secret: str) -> None:
    gone = Keyring(client, "arn:none")
    for call in (gone.keys, lambda: gone.add("B")):
        with pytest.raises(KeyringUnavailable, match="ResourceNotFound") as caught:
            call()
        assert "a" * LENGTH not in repr(caught.value)
