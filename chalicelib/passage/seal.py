"""Sealing: what identifies people leaves the public stack only as one encrypted blob, which it cannot open again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from chalicelib.passage.passage import Passage

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

DATA_KEY_SECONDS = 300.0
DATA_KEY_MESSAGES = 1000
"""A data key is used again for so long and so many passages at most."""


class NotSealed(RuntimeError):
    """The sealing key could not be reached or used; nothing was stored."""


class NotOpened(RuntimeError):
    """A sealed blob is not what it should be: altered, or of another record."""


class Sealer(Protocol):
    def seal(self, plain: bytes) -> bytes:
        """`plain` encrypted and authenticated. Raises NotSealed."""
        ...


class Opener(Protocol):
    def open(self, sealed: bytes) -> bytes:
        """The inverse of `Sealer.seal`. Raises NotOpened."""
        ...


class _Sealed(Struct, array_like=True):
    version: int
    record: str
    passage: Passage


def plain(passage: Passage, record: str) -> bytes:
    """What is sealed: the passage and the identity of its record (`table.record_name`), which is checked on opening.

    The identity goes inside and not into the encryption context, because a context per record would make the cache of
    data keys useless.
    """
    return msgspec.json.encode(_Sealed(1, record, passage))


def reopen(opener: Opener, sealed: bytes, record: str) -> Passage:
    """The passage sealed as `record`. Raises NotOpened."""
    try:
        opened = msgspec.json.decode(opener.open(sealed), type=_Sealed)
    except msgspec.MsgspecError:
        raise NotOpened("not a sealed passage") from None
    if opened.record != record:
        raise NotOpened("sealed for another record")
    return opened.passage


class Envelope:
    """Envelope encryption with the AWS Encryption SDK: data keys under one KMS key, committed, unsigned, cached.

    One encryption context per deployment. Seals with `kms:GenerateDataKey`, opens with `kms:Decrypt`; each stack's role
    holds the one it needs. Importing the SDK takes a tenth of a second, hence here and not above.
    """

    def __init__(self, client: KMSClient, key_arn: str, deployment: str) -> None:
        import aws_encryption_sdk as sdk
        from aws_encryption_sdk.key_providers.kms import KMSMasterKey

        self._context = {"kakou": deployment}
        self._algorithm = sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
        self._client = sdk.EncryptionSDKClient(max_encrypted_data_keys=1)
        self._materials: Any = sdk.CachingCryptoMaterialsManager(
            master_key_provider=KMSMasterKey(key_id=key_arn, client=client),
            cache=sdk.LocalCryptoMaterialsCache(16),
            max_age=DATA_KEY_SECONDS,
            max_messages_encrypted=DATA_KEY_MESSAGES,
        )

    def seal(self, plain: bytes) -> bytes:
        try:
            sealed, _ = self._client.encrypt(
                source=plain,
                materials_manager=self._materials,
                algorithm=self._algorithm,
                encryption_context=self._context,
            )
        except Exception as error:  # the SDK lets botocore's and its own out; their texts may hold what was sent
            raise NotSealed(type(error).__name__) from None
        return bytes(sealed)

    def open(self, sealed: bytes) -> bytes:
        try:
            plain, header = self._client.decrypt(source=sealed, materials_manager=self._materials)
        except Exception as error:
            raise NotOpened(type(error).__name__) from None
        if not self._context.items() <= header.encryption_context.items():
            raise NotOpened("sealed in another deployment")
        return bytes(plain)
