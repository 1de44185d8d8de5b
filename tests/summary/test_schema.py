"""The JSON Schemas: published, kept in docs/, and true of what is published, by a validator that is not ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chalicelib.passage.hour import Hour
from chalicelib.summary import layout
from chalicelib.summary.document import decode, digest
from chalicelib.summary.pointers import decode_latest
from chalicelib.summary.schema import schemas
from tests.summary.town import Town

DOCS = Path(__file__).resolve().parents[2] / "docs" / "schema"
EVENING = Hour(datetime(2020, 2, 10, 13, tzinfo=UTC))


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_copy_in_docs_is_what_is_published(name: str) -> None:
    """What is published has changed: only ever add to a version, with a default. Then run scripts/make_schemas."""
    assert json.loads((DOCS / f"{name}.json").read_text(encoding="utf-8")) == json.loads(schemas()[name])


def test_docs_has_no_other() -> None:
    assert {path.stem for path in DOCS.iterdir()} == set(schemas())


@pytest.fixture(scope="module")
def town() -> Town:
    made = Town(EVENING)
    made.busy(Hour(EVENING.start + timedelta(hours=60)))
    made.run(EVENING.start + timedelta(hours=59, minutes=30))
    return made


def test_latest_names_the_schemas_that_are_there(town: Town) -> None:
    named = {schema.key.split("/")[3]: schema for schema in town.latest.schemas}
    assert {name: town.file(schema.key) for name, schema in named.items()} == dict(schemas())
    assert all(digest(town.file(schema.key)) == schema.digest for schema in named.values())
    assert all(layout.is_file(schema.key) for schema in named.values())


def test_every_document_is_as_its_schema_says(town: Town) -> None:
    found = set()
    for key, content in town.files(provisional=True).items():
        if not key.endswith(".json") or "/schema/" in key:
            continue
        document: dict[str, Any] = json.loads(content)
        found.add(document["schema"])
        schema = json.loads(schemas()[document["schema"]])
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
        top = schema["$defs"][schema["$ref"].rpartition("/")[2]]
        assert document.keys() == top["properties"].keys(), key
        for damaged in (document | {"schema": "kakou.other.v1"}, {k: v for k, v in document.items() if k != "schema"}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(damaged, schema, jsonschema.Draft202012Validator)
    assert found == set(schemas())


def test_what_was_published_before_there_were_more_fields_is_understood() -> None:
    """As the first version wrote them."""
    counts = {
        "passages": 1, "vehicles": 1, "travellers": 2, "from_key_regions": 0, "key_region_stay": 0, "fever": 0,
        "last_passage_at": "2020-02-10T13:05:00.000Z", "by": {"vehicle": {"car": 1}},
    }  # fmt: skip
    summary = {
        "schema": "kakou.summary.v1", "window": "hour", "from": "2020-02-10T13:00:00.000Z",
        "until": "2020-02-10T14:00:00.000Z", "state": "final", "revision": 1, "late": 0, "settings_versions": [1],
        "key_regions_versions": [1], "fever_from": [373], "expired": False, "passages_read": 1,
        "passages_digest": "0", "merged_from": [], "city": counts,
        "checkpoints": {"101": {"name_zh": "", "name_en": "", "state": "counted", "since": None, "counts": counts}},
    }  # fmt: skip
    assert decode(json.dumps(summary).encode()).city.passages == 1
    latest = {
        "schema": "kakou.latest.v1", "from": summary["from"], "final_up_to": summary["until"], "hour": None,
        "totals": {"passages": 1, "vehicles": 1, "travellers": 2}, "operation": None, "hours": [], "days": [],
    }  # fmt: skip
    understood = decode_latest(json.dumps(latest).encode())
    assert (understood.today, understood.trend, understood.schemas) == (None, None, ())
    for name, document in (("kakou.summary.v1", summary), ("kakou.latest.v1", latest)):
        jsonschema.validate(document, json.loads(schemas()[name]), jsonschema.Draft202012Validator)
