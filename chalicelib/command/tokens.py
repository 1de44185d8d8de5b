"""Tokens: what the identity provider says of a person, believed only when all of it holds.

An access token of our own user pool (RFC 7519, signed RS256): its signature by a key of the pool, its issuer, the
client it was made for, its use and its time. Pure: keys and time are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.command.people import Person, known_roles

LONGEST = 8_192
"""Characters of a token that are looked at."""

LEEWAY = 30
"""Seconds that the provider's clock and ours may differ."""


class TokenRefused(ValueError):
    """The token is not believed; `reason` says why, and nothing of what it holds."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Trust(Struct, frozen=True):
    """Whose tokens are believed."""

    issuer: str
    client: str


def keys_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """The RSA keys of a key set (RFC 7517), by their id. Raises TokenRefused."""
    import jwt

    try:
        found = jwt.PyJWKSet.from_dict(dict(document)).keys
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        raise TokenRefused("keys") from None
    return {str(key.key_id): key.key for key in found if key.key_type == "RSA" and key.key_id}


def key_id(token: str) -> str:
    """The id of the key that `token` says it was signed with. Raises TokenRefused."""
    import jwt

    if not token or len(token) > LONGEST:
        raise TokenRefused("form")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise TokenRefused("form") from None
    if header.get("alg") != "RS256":
        raise TokenRefused("algorithm")
    return str(header.get("kid", ""))


def verify(token: str, keys: Mapping[str, Any], trust: Trust, now: datetime) -> Person:
    """The person whom a good access token names. Raises TokenRefused."""
    import jwt

    key = keys.get(key_id(token))
    if key is None:
        raise TokenRefused("key")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            options={
                "require": ["exp", "iat", "iss", "sub"],
                # By our own clock and the rules below: an access token of Cognito names its client, not an audience.
                "verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False,
            },
        )  # fmt: skip
    except jwt.InvalidSignatureError:
        raise TokenRefused("signature") from None
    except jwt.PyJWTError:
        raise TokenRefused("form") from None
    if claims["iss"] != trust.issuer:
        raise TokenRefused("issuer")
    if claims.get("token_use") != "access":
        raise TokenRefused("use")
    if claims.get("client_id") != trust.client:
        raise TokenRefused("client")
    seconds = now.timestamp()
    if not _number(claims["exp"]) or claims["exp"] <= seconds - LEEWAY:
        raise TokenRefused("expired")
    if not _number(claims["iat"]) or claims["iat"] > seconds + LEEWAY:
        raise TokenRefused("early")
    if not isinstance(claims.get("username"), str) or not claims["username"]:
        raise TokenRefused("name")
    return Person(claims["username"], known_roles(claims.get("cognito:groups")))


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
