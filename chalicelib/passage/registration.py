"""Registering: a passage in, its receipt out, once and once only."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from chalicelib.passage import facts, receipt, seal
from chalicelib.passage.hour import LOCAL, moment, stamp
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.passage import Passage
from chalicelib.passage.receipt import Receipt
from chalicelib.passage.seal import NotSealed, Sealer
from chalicelib.passage.table import NotStored, PassageWriter, Record, record_name


class AnotherPassage(ValueError):
    """This submission id stands for another passage already (409): nothing was changed. Carries nothing of either."""


def register(
    passage: Passage,
    *,
    poster: int,
    key: str,
    retiring: bool = False,
    now: datetime,
    retention_days: int,
    deployment: str,
    keys: PassageKeys,
    sealer: Sealer,
    table: PassageWriter,
) -> Receipt:
    """Store `passage`, scanned from poster version `poster` with key id `key`, unless it is stored already; `retiring`
    says that this poster should be gone.

    `now` is the server's time of arrival. The same submission with the same passage has the same receipt however often
    and however late it comes, form or JSON. Raises AnotherPassage, NotStored (sending again is safe).
    """
    received_at = stamp(now)
    counted = facts.facts_of(
        passage,
        poster=poster,
        key=key,
        retiring=retiring,
        plate=keys.plate_hash(passage.plate, now.astimezone(LOCAL).date()) if passage.plate else None,
    )
    proof = keys.proof(msgspec.json.encode(passage))
    name = record_name(passage.checkpoint, received_at, passage.submission)
    try:
        sealed = sealer.seal(seal.plain(passage, name))
    except NotSealed as error:
        raise NotStored(f"NotSealed: {error}") from None
    standing = table.register(
        Record(
            submission=passage.submission,
            checkpoint=passage.checkpoint,
            received_at=received_at,
            proof=proof,
            facts=facts.encode(counted),
            sealed=sealed,
            expires_at=int((now + timedelta(days=retention_days)).timestamp()),
        )
    )
    if standing.proof != proof:
        raise AnotherPassage
    return receipt.issue(passage, moment(standing.received_at), keys, deployment)
