"""The passage and its parts, after parsing: what is here is lawful and complete."""

from __future__ import annotations

from msgspec import Struct


class Traveller(Struct, frozen=True, forbid_unknown_fields=True):
    """One person of a passage."""

    name: str
    document: str
    """A code of `codes.DOCUMENTS`."""
    number: str | None
    """The document's number; None exactly when `document` is `none`."""
    phone: str | None
    """E.164; never None for the first traveller."""
    origin: str
    """GB/T 2260 code of a county (or of Taiwan, Hong Kong, Macao as a whole), or `abroad`."""
    township: str
    """Nine-digit code (GB/T 2260 + GB/T 10114) of the destination in the city, or `elsewhere`."""
    address: str
    purpose: str
    key_region_stay: bool
    """Stayed in a key region in the last 14 days, as the traveller says."""
    symptoms: tuple[str, ...]
    """Sorted codes of `codes.SYMPTOMS`; `("none",)` is the answer "none"."""
    temperature: int | None
    """Tenths of a degree Celsius, as staff read it out; None when not told."""


class Passage(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One submission: one vehicle or none, and its 1 to 9 travellers."""

    submission: str
    """The submission id: 128 random bits as 32 lower-case hex digits."""
    checkpoint: str
    vehicle: str
    """A code of `codes.VEHICLES`."""
    plate: str | None
    travellers: tuple[Traveller, ...]
    replaces: str | None = None
    """Of a correction: the submission id of the passage, or correction, that it replaces. Left out of the bytes where
    there is none, so that a passage is proved by the same bytes as before there were corrections."""
