"""The JSON Schemas: what each kind of document looks like, for whoever reads it without this code.

Made from the structs themselves. Within a version fields are only ever added, with a default; every such schema is a
file of its own, named after its digest, and `latest` names those that hold now. `docs/schema/` keeps a copy of each, so
that no change of what is published goes unseen (`scripts/make_schemas` renews it).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.summary import layout
from chalicelib.summary.alarms import Alarms
from chalicelib.summary.document import Reference, Summary, digest
from chalicelib.summary.pointers import Latest, Now
from chalicelib.summary.reconciliation import Reconciliation
from chalicelib.summary.trend import Trend

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DOCUMENTS: tuple[type[Struct], ...] = (Alarms, Latest, Now, Reconciliation, Summary, Trend)


@cache
def schemas() -> Mapping[str, bytes]:
    """The name of a kind of document (`kakou.summary.v1`, its `schema`) -> the canonical bytes of its JSON Schema."""
    found = {}
    for document in _DOCUMENTS:
        schema: dict[str, Any] = msgspec.json.schema(document)
        top = schema["$defs"][document.__name__]
        top["required"] = ["schema", *top["required"]]  # what it is, every document says
        name = top["properties"]["schema"]["default"]
        found[name] = msgspec.json.encode({"$schema": DIALECT, "$id": f"urn:{name}", **schema}, order="sorted")
    return dict(sorted(found.items()))


@cache
def published() -> tuple[tuple[Reference, bytes], ...]:
    """The files of the schemas, by name."""
    return tuple(
        (Reference(layout.schema_key(name, digest(content)), digest(content)), content)
        for name, content in schemas().items()
    )
