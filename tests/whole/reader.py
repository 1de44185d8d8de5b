"""A reader of the running stack that polls `latest` without a rest, and believes nothing that it is not shown."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from chalicelib.summary import layout
from chalicelib.summary.document import Summary, decode, digest
from chalicelib.summary.pointers import Latest, decode_latest
from tests.conftest import LocalStack


def references(document: Any) -> Iterator[tuple[str, str]]:
    """Every file that a document names, at any depth: key and digest."""
    if isinstance(document, dict):
        if {"key", "digest"} <= document.keys():
            yield document["key"], document["digest"]
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from references(part)


class Reader:
    """While it lasts, a thread reads `latest` and all that it names. `problems` are what it saw that must never be;
    `seen` the different states of `latest`, in order."""

    def __init__(self, stack: LocalStack, pause: float = 0.05) -> None:
        self.problems: list[str] = []
        self.seen: list[Latest] = []
        self._s3 = stack.client("s3")
        self._bucket = stack.urls["bucket"]
        self._pause = pause
        self._known: dict[str, bytes] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(60)

    def _poll(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
            except Exception as error:
                self.problems.append(repr(error))
            time.sleep(self._pause)

    def _look(self) -> None:
        read = self._file(layout.LATEST)
        latest = decode_latest(read)
        if self.seen and latest == self.seen[-1]:
            return
        if self.seen:
            before = self.seen[-1]
            if latest.final_up_to < before.final_up_to or latest.totals.passages < before.totals.passages:
                self.problems.append(f"went back from {before.final_up_to} to {latest.final_up_to}")
            revisions = {layout.day_of(day.key): layout.revision_of(day.key) for day in before.days}
            for day in latest.days:
                if layout.revision_of(day.key) < revisions.get(layout.day_of(day.key), 0):
                    self.problems.append(f"{day.key} is an older revision than was named before")
        self.seen.append(latest)
        for key, named in references(json.loads(read)):
            content = self._known.get(named) or self._file(key)
            if digest(content) != named:
                self.problems.append(f"{key} has not the digest it is named with")
            self._known[named] = content
        if latest.operation:
            operation: Summary = decode(self._known[latest.operation.digest])
            if operation.city.totals != latest.totals or operation.merged_from != latest.sources:
                self.problems.append(f"{latest.operation.key} is not what latest says")

    def _file(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
