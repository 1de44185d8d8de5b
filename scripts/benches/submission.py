"""A warm submission beside botocore's own cost of the same transaction; nothing is sent, everything else is done.

The floor's client is configured as ours, without botocore's own check of what it is given; what that check and the rest
of the default settings cost is a line of its own.
"""

from __future__ import annotations

import gc
from typing import Any

from chalicelib import patience, wiring
from chalicelib.passage.decoding import decode
from chalicelib.passage.form import parse
from chalicelib.passage.hour import LOCAL
from chalicelib.passage.keys import PassageKeys
from chalicelib.passage.registration import register
from scripts.benches import Figure, beside, interleaved, of, times
from scripts.benches._public import FORM, answering, ask, event, parties, public

TURNS = 400


def measure(count: int | None = None) -> list[Figure]:
    """The figures of `count` submissions of each kind, one of each in turn."""
    turns = count or TURNS
    sent = parties(3 * turns + 20)
    plain = answering("dynamodb", b"{}", patience.config("dynamodb", patience.PROMPT))
    default = answering("dynamodb", b"{}")
    with public() as stack:
        keys = PassageKeys.of(wiring.public_secret(), stack.settings.deployment)
        stack.noting = True
        for checkpoint, form, document in sent[:20]:  # warms everything that is made once
            ask(event("POST", stack.address(checkpoint), form, FORM), 201)
            ask(event("POST", stack.address(checkpoint), document, "application/json"), 201)
        stack.noting = False
        same = [each for each in stack.transactions if len(each["TransactItems"]) >= 2]
        kept: list[dict[str, Any]] = same * (turns // len(same) + 1)
        again = list(kept)
        forms = [event("POST", stack.address(at), form, FORM) for at, form, _ in sent[20 : 20 + turns]]
        documents = [
            event("POST", stack.address(at), document, "application/json")
            for at, _, document in sent[20 + turns : 20 + 2 * turns]
        ]
        bodies = sent[20 + 2 * turns :]

        persons = sent[0][2]

        def registering() -> None:
            checkpoint, form, _ = bodies.pop()
            now = wiring.clock()
            passage = parse(
                decode(form, FORM),
                checkpoint=checkpoint,
                city=stack.settings.city,
                today=now.astimezone(LOCAL).date(),
            )
            register(
                passage,
                poster=1,
                key="A",
                now=now,
                retention_days=30,
                deployment=stack.settings.deployment,
                keys=keys,
                sealer=stack.sealer,
                table=stack.table,
            )

        gc.collect()
        gc.disable()  # a turn is one submission: when it is collected is chance
        try:
            ran = interleaved(
                turns,
                {
                    "botocore": times(lambda: plain.transact_write_items(**kept.pop()), 1),
                    "default": times(lambda: default.transact_write_items(**again.pop()), 1),
                    "registering": times(registering, 1),
                    "sealing": times(lambda: stack.sealer.seal(persons), 1),
                    "json": times(lambda: ask(documents.pop(), 201), 1),
                    "form": times(lambda: ask(forms.pop(), 201), 1),
                },
                collect=False,
            )
        finally:
            gc.enable()
    in_ms = {name: [1000 * each for each in runs] for name, runs in ran.items()}
    floor = "botocore: the same transaction, configured as ours"
    return [
        of(floor, in_ms["botocore"], "ms", bare=True),
        beside(
            "botocore as it comes, validation on: the same transaction", in_ms["default"], "ms", floor,
            in_ms["botocore"], bare=True,
        ),
        beside(
            "form post to receipt: parsed, sealed, stored, signed", in_ms["registering"], "ms", floor,
            in_ms["botocore"], at_most=2,
        ),
        beside("of that, sealing (AWS Encryption SDK)", in_ms["sealing"], "ms", floor, in_ms["botocore"]),
        beside("the whole function, JSON in and out", in_ms["json"], "ms", floor, in_ms["botocore"]),
        beside("the whole function, form to receipt's page", in_ms["form"], "ms", floor, in_ms["botocore"]),
    ]  # fmt: skip
