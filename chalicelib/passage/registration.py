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
from chalicelib.passage.table import Guard, NotStored, PassageWriter, Record, record_name


class AnotherPassage(ValueError):
    """This submission id stands for another passage already (409): nothing was changed. Carries nothing of either."""


class NothingToCorrect(ValueError):
    """What this correction replaces was never registered here, or has expired: nothing was stored."""


def register(
    passage: Passage,
    *,
    poster: int,
    key: str,
    retiring: bool = False,
    waited: int | None = None,
    now: datetime,
    retention_days: int,
    deployment: str,
    keys: PassageKeys,
    sealer: Sealer,
    table: PassageWriter,
) -> Receipt:
    """Store `passage`, scanned from poster version `poster` with key id `key`, unless it is stored already; `retiring`
    says that this poster should be gone, `waited` how long it was kept on the phone (`form.waited`).

    `now` is the server's time of arrival. The same submission with the same passage has the same receipt however often
    and however late it comes, form or JSON. A correction is stored in the place of what it replaces, and expires with
    it. Whoever knows the whole submission id of a passage may correct it: only the phone that sent it does, and we.
    Raises AnotherPassage, NothingToCorrect, NotStored (sending again is safe).
    """
    proof = keys.proof(msgspec.json.encode(passage))

    def receipt_of(standing: Guard) -> Receipt:
        if standing.proof != proof:
            raise AnotherPassage
        return receipt.issue(passage, moment(standing.received_at), keys, deployment)

    received_at, counts_from = stamp(now), now
    expires_at = int((now + timedelta(days=retention_days)).timestamp())
    place = None
    if passage.replaces is not None:
        own, replaced = table.guards(passage.submission, passage.replaces)
        if own is not None:
            return receipt_of(own)
        if replaced is None or replaced.place.checkpoint != passage.checkpoint:
            raise NothingToCorrect
        place = replaced.place
        counts_from = moment(place.received_at)
        # Guards from before there were corrections do not say when their passage expires.
        expires_at = replaced.expires_at or int((counts_from + timedelta(days=retention_days)).timestamp())
        if now.timestamp() >= expires_at:
            raise NothingToCorrect
        # What replaces another counts after it, though the clocks of two functions differ by seconds.
        received_at = stamp(max(now, moment(replaced.received_at) + timedelta(milliseconds=1)))
    counted = facts.facts_of(
        passage,
        poster=poster,
        key=key,
        retiring=retiring,
        # Vehicles of one hour are told apart by hashes of one day.
        plate=keys.plate_hash(passage.plate, counts_from.astimezone(LOCAL).date()) if passage.plate else None,
        waited=waited,
    )
    name = record_name(passage.checkpoint, received_at, passage.submission, place)
    try:
        sealed = sealer.seal(seal.plain(passage, name))
    except NotSealed as error:
        raise NotStored(f"NotSealed: {error}") from None
    return receipt_of(
        table.register(
            Record(
                submission=passage.submission,
                checkpoint=passage.checkpoint,
                received_at=received_at,
                proof=proof,
                facts=facts.encode(counted),
                sealed=sealed,
                expires_at=expires_at,
                corrects=place,
            )
        )
    )
