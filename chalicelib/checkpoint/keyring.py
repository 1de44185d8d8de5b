"""The keyring: the one edge to the secret that holds the keys of the codes."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from string import ascii_letters, digits
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

LENGTH = 64
"""Characters of a key: 381 random bits."""

_NAMESPACE = uuid.UUID("b0c8a4c2-7d0b-4b53-9a53-6a3d0c0b8f11")


class KeyringUnavailable(RuntimeError):
    """The secret cannot be read or written; chained to what the service said. A key may have been added or not: adding
    it again is safe."""


class Keyring:
    """The keys by id, in one secret of Secrets Manager."""

    def __init__(self, client: SecretsManagerClient, secret: str) -> None:
        self._client = client
        self._secret = secret

    def keys(self) -> Mapping[str, bytes]:
        """The keys. Raises KeyringUnavailable."""
        return {key: secret.encode() for key, secret in self._read()[0].items()}

    def add(self, key: str) -> None:
        """Sees to it that there is a key with the id `key`, a new random one unless it is there already: what posters
        may be signed with is never written over. Raises KeyringUnavailable."""
        keys, version = self._read()
        if key in keys:
            return
        alphabet = ascii_letters + digits
        keys[key] = "".join(secrets.choice(alphabet) for _ in range(LENGTH))
        try:
            # A version that two made from the same one has the same token, and the second is refused: none of two
            # rotations at once undoes the other.
            self._client.put_secret_value(
                SecretId=self._secret,
                SecretString=json.dumps(keys),
                ClientRequestToken=str(uuid.uuid5(_NAMESPACE, version)),
            )
        except (ClientError, BotoCoreError) as error:
            raise KeyringUnavailable(f"the keys cannot be written: {_code(error)}") from error
        if self._read()[0].get(key) != keys[key]:
            raise KeyringUnavailable("the keys were changed by someone else at the same time: try again")

    def _read(self) -> tuple[dict[str, str], str]:
        """The keys, and the version of the secret that holds them."""
        try:
            answer = self._client.get_secret_value(SecretId=self._secret)
        except (ClientError, BotoCoreError) as error:
            raise KeyringUnavailable(f"the keys cannot be read: {_code(error)}") from error
        keys: dict[str, str] = json.loads(answer["SecretString"])
        return keys, answer["VersionId"]


def _code(error: ClientError | BotoCoreError) -> str:
    """The service's name of the error, or its class where it said nothing."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
