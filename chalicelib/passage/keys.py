"""The public stack's own keys, all derived from its one secret: what one of them does, no other can undo."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, repr=False)
class PassageKeys:
    """Keys of 32 bytes, derived with HKDF-Expand (RFC 5869) from a secret of at least 256 bits."""

    guard: bytes
    """Proves that two submissions carry the same passage."""
    plate: bytes
    """Tells vehicles apart within a day."""
    reference: bytes
    receipt: bytes
    """Ed25519 private key (RFC 8032)."""

    @classmethod
    def of(cls, secret: bytes, deployment: str) -> PassageKeys:
        """The keys of `deployment`, so that nothing made in a trial is valid in earnest."""
        if len(secret) < 32:
            raise ValueError("the public secret has at least 32 bytes")
        # Whoever opens the form does not wait for it.
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

        def derive(use: str) -> bytes:
            return HKDFExpand(SHA256(), 32, f"kakou/{use}/v1\0{deployment}".encode()).derive(secret)

        return cls(derive("guard"), derive("plate"), derive("reference"), derive("receipt"))

    def plate_hash(self, plate: str, day: date) -> str:
        """A hash of `plate` under the key of `day` (Asia/Shanghai): the same all day, unlinkable to any other day."""
        day_key = hmac.digest(self.plate, day.isoformat().encode(), "sha256")
        return hmac.digest(day_key, plate.encode(), "sha256")[:8].hex()

    def proof(self, passage: bytes) -> bytes:
        """The keyed hash by which the guard knows the canonical bytes of a passage again."""
        return hmac.digest(self.guard, passage, "sha256")
