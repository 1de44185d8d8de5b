"""The page of a receipt: the one page that says "registered", with its signed text as a QR code and its age."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from chalicelib.passage.hour import LOCAL, moment, stamp
from chalicelib.passage.receipt import Receipt
from chalicelib.web import words
from chalicelib.web.language import CHINESE, messages
from chalicelib.web.language import marked as _
from chalicelib.web.pages import Scene
from chalicelib.web.rendering import render, script

_LABELS: Mapping[str, str] = {
    "arrival": _("Arrival"),
    "travellers": _("Travellers"),
    "made": _("Page made at"),
    "age": _("Since registration"),
}
"""What stands in Chinese too, for the staff."""


def receipt_page(
    scene: Scene, receipt: Receipt, *, answered: datetime, noticed: bool = False, others: Iterable[Scene] = ()
) -> bytes:
    """The receipt as answered at `answered`: the age it shows goes on from there. `noticed`: with what the
    city asks of parties from key regions. `others` are the same scene in other languages: what the receipt
    says is on the page in those too, unseen until it is asked for."""
    say, chinese = messages(scene.language).gettext, messages(CHINESE).gettext
    arrived = moment(receipt.received_at).astimezone(LOCAL)

    def both(message: str) -> tuple[str, str]:
        return chinese(message), say(message)

    def said(scene: Scene) -> dict[str, object]:
        say = messages(scene.language).gettext
        return {
            "say": say,
            "language": scene.language,
            "place": scene.place,
            "day": say("%(year)d-%(month)02d-%(day)02d")
            % {"year": arrived.year, "month": arrived.month, "day": arrived.day},
            "vehicle": say(words.VEHICLES[receipt.vehicle]),
            "notice": scene.asked_of_key_regions if noticed else "",
        }

    own = said(scene)

    return render(
        "receipt.html",
        scene.language,
        checkpoint_id=scene.checkpoint,
        place=scene.place,
        helper=scene.helper,
        receipt=receipt,
        vehicle=both(words.VEHICLES[receipt.vehicle]),
        labels={name: both(label) for name, label in _LABELS.items()},
        day=own["day"],
        time=f"{arrived:%H:%M}",
        made=f"{answered.astimezone(LOCAL):%H:%M:%S}",
        answered=stamp(answered),
        copy=" · ".join(dict.fromkeys(both(_("Saved copy")))),
        qr=_qr(receipt.signed),
        notice=own["notice"],
        others=[said(other) for other in others],
        script=script("receipt"),
    )


def _qr(signed: str) -> str:
    """The QR code (ISO/IEC 18004) of a signed receipt, an address of its picture: 700 bytes where a drawing takes
    15,000. In alphanumeric mode, which 5.5 bits a character need; level M: a screen is neither torn nor dirty, but it
    may glare. Always the same mask: a signature is as good as random, and trying all eight costs four times as much."""
    import segno  # only who registers pays for it

    return segno.make(signed, mode="alphanumeric", error="m", micro=False, mask=0).png_data_uri(border=4)
