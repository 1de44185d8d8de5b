"""A correction on the deployed stacks, from the page that offers it to the revision of a final hour."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from chalicelib.passage.hour import GRACE, Hour, moment, stamp
from chalicelib.summary import layout
from tests.conftest import LocalStack
from tests.parties import JSON, three
from tests.web.test_pages import Controls
from tests.whole.census import totals
from tests.whole.test_line import Centre, Storage, press, signed


@pytest.fixture(scope="module")
def stack(own_stack: LocalStack) -> LocalStack:
    return own_stack


@pytest.fixture(scope="module")
def centre(stack: LocalStack) -> Centre:
    return Centre(stack)


def corrected(url: str, fields: dict[str, Any]) -> str:
    """What answers when `fields`, other answers than were registered, are sent, and then their correction."""
    status, page = press(url, fields)
    assert status == 409, page[:500]
    sent = Controls(page.encode()).sent
    assert sent["replaces"] == [fields["submission"]]
    fields = {name: tuple(told) if name.endswith("symptoms") else told[0] for name, told in sent.items()}
    (status, page), (again, same) = press(url, fields), press(url, fields, JSON)
    assert (status, again) == (201, 201)
    assert signed(page) == signed(same)
    return str(fields["submission"])


def test_a_passage_of_a_final_hour_is_corrected_and_the_hour_revised(stack: LocalStack, centre: Centre) -> None:
    storage, url = Storage(stack), stack.urls["form_urls"]["107"]
    first_open = Hour.of(datetime.now(UTC) - GRACE)
    hour = Hour(first_open.start - timedelta(hours=3))
    if Hour.of(moment(storage.settings.starts_at)) > hour:
        moved = msgspec.structs.replace(storage.settings, starts_at=stamp(hour.start))
        storage.settings_bucket.publish(moved, stamp(datetime.now(UTC)))
    else:
        hour = hour.next()  # a late passage of an hour before the newest two would not be looked for
    old = hour.start + timedelta(minutes=1)
    first = three("c0" * 16)
    storage.register("107", first, old)

    def settled() -> dict[str, Any] | None:
        latest, now = (centre.document(f"summaries/v1/{name}.json") for name in ("latest", "now"))
        if not latest or not now:
            return None
        base, since = centre.census(), f"hour >= '{latest['from'][:13]}'"
        final = f"{since} and hour < '{latest['final_up_to'][:13]}'"
        known = latest["from"] <= stamp(hour.start) < latest["final_up_to"]
        return (
            now if known and (latest["totals"], now["totals"]) == (totals(base, final), totals(base, since)) else None
        )

    before = centre.summarised(settled)
    counts = corrected(url, first | {"plate": "辽CX8888", "vehicle": "truck"})
    counts = corrected(url, first | {"submission": counts, "plate": "辽CX9999", "vehicle": "truck"})
    found = centre.census().execute("select id, hour, vehicle, corrections from passage where hour = ?",
                                    (hour.key,)).fetchall()  # fmt: skip
    assert (counts, hour.key, "truck", 2) in found

    def revised() -> dict[str, Any] | None:
        now = settled()
        return now if now and now["city"]["corrected"] > before["city"]["corrected"] else None

    now = centre.summarised(revised)
    assert now["totals"]["passages"] == before["totals"]["passages"]
    latest = centre.document("summaries/v1/latest.json")
    assert latest
    folder = layout.hour_folder(hour)
    listed = stack.client("s3").list_objects_v2(Bucket=stack.urls["bucket"], Prefix=folder + "/")
    newest = json.loads(centre.file(max(entry["Key"] for entry in listed["Contents"])))
    assert newest["corrections_read"] >= 2
    assert newest["late_corrections"] >= 1
    assert newest["checkpoints"]["107"]["counts"]["corrected"] >= 1
