"""The log: one line of JSON an event, made of listed fields only.

An allow-list and not a redaction: what is not named here cannot be written. Libraries are silenced altogether, because
their messages and tracebacks hold what people typed (botocore's ParamValidationError prints values, Chalice prints
whole exceptions).
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Final

FIELDS: Final = frozenset(
    {"event", "status", "reason", "kind", "where", "checkpoint", "poster", "key", "ms", "hour", "count", "request"}
)
"""What a line may hold. None of them ever carries text that a person typed."""


def note(event: str, **fields: str | int | None) -> None:
    """Write the line of `event` to standard output. Raises ValueError for a field that is not in `FIELDS`."""
    unlisted = fields.keys() - FIELDS
    if unlisted:
        raise ValueError(f"not among the fields of the log: {sorted(unlisted)}")
    line = {"event": event} | {name: value for name, value in fields.items() if value is not None}
    sys.stdout.write(json.dumps(line, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def failure(event: str, error: BaseException, **fields: str | int | None) -> None:
    """Write that `error` happened: its class and the place in our code, never its text or its values."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "chalicelib" in frame.filename]
    where = f"{frames[-1].filename.rpartition('chalicelib/')[2]}:{frames[-1].lineno}" if frames else None
    note(event, kind=type(error).__name__, where=where, **fields)


def only_ours() -> None:
    """Silence every library's logger in this process, for good. Called by what a function begins with: `app.py`, or the
    handler of a function of its own, which Lambda runs without `app.py`."""
    logging.disable(logging.CRITICAL)
