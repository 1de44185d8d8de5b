"""Tokens as an attacker would make them, and one good one: each with the reason for which it must be refused."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.command.tokens import Trust

TRUST = Trust("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ours", "our-client")
OURS, THEIRS = "ours", "theirs"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_set(name: str = OURS, kid: str = OURS) -> dict[str, Any]:
    """The published keys of a pool whose key is called `kid`."""
    told = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key()))
    return {"keys": [{**told, "kid": kid, "alg": "RS256", "use": "sig"}]}


def claims(now: datetime, **changes: Any) -> dict[str, Any]:
    at = int(now.timestamp())
    told = {
        "sub": "1", "iss": TRUST.issuer, "client_id": TRUST.client, "token_use": "access", "username": "wang",
        "cognito:groups": ["centre", "strangers"], "iat": at, "exp": at + 300, **changes,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def signed(now: datetime, by: str = OURS, kid: str = OURS, **changes: Any) -> str:
    return jwt.encode(claims(now, **changes), key(by), algorithm="RS256", headers={"kid": kid})


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(now: datetime) -> Iterator[tuple[str, str, str]]:
    """Name, token, reason of its refusal."""
    good, at = signed(now), int(now.timestamp())
    header, body, signature = good.split(".")
    yield "none", "", "form"
    yield "no token at all", "x", "form"
    yield "three dots", "...", "form"
    yield "endless", "a" * 20_000, "form"
    yield "alg none", f"{_part({'alg': 'none', 'kid': OURS})}.{body}.", "algorithm"
    yield "alg None", f"{_part({'alg': 'None', 'kid': OURS})}.{body}.", "algorithm"
    public = key(OURS).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    told = f"{_part({'alg': 'HS256', 'kid': OURS})}.{body}"
    tag = base64.urlsafe_b64encode(hmac.digest(public, told.encode(), "sha256")).rstrip(b"=").decode()
    yield "signed with the public key as a secret", f"{told}.{tag}", "algorithm"
    yield "another algorithm", jwt.encode(claims(now), key(OURS), algorithm="RS512", headers={"kid": OURS}), "algorithm"
    yield "a foreign key", signed(now, by=THEIRS, kid=THEIRS), "key"
    yield "no key id", jwt.encode(claims(now), key(OURS), algorithm="RS256"), "key"
    yield "a foreign key under our key's id", signed(now, by=THEIRS), "signature"
    yield "altered", f"{header}.{_part(claims(now, username='admin'))}.{signature}", "signature"
    whole = len(signature) // 4 * 4
    yield "cut off after whole bytes", f"{header}.{body}.{signature[: whole - 20]}", "signature"
    yield "cut off within a byte", f"{header}.{body}.{signature[: whole - 19]}", "form"
    yield "a foreign pool", signed(now, iss=TRUST.issuer + "x"), "issuer"
    yield "another client's", signed(now, client_id="other"), "client"
    yield "the client as audience only", signed(now, client_id=None, aud=TRUST.client), "client"
    yield (
        "an ID token for an access token",
        signed(now, token_use="id", aud=TRUST.client, client_id=None, **{"cognito:username": "wang"}),
        "use",
    )
    yield "a refresh token", signed(now, token_use="refresh"), "use"
    yield "expired", signed(now, exp=at - 31), "expired"
    yield "without an end", signed(now, exp=None), "form"
    yield "an end that is no time", signed(now, exp="tomorrow"), "expired"
    yield "from the future", signed(now, iat=at + 600, exp=at + 900), "early"
    yield "nobody's", signed(now, username=None), "name"
