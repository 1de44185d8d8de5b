"""The revisions in the bucket: read by name and digest, and settled, which is to write the next one unless what stands
has as much. All that is written is a pure function of what was read, under a name of its own: whoever settles the same
twice, or beside another run, names the same file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from msgspec import structs

from chalicelib.summary import layout
from chalicelib.summary.bucket import Overtaken, SummaryStore
from chalicelib.summary.document import (
    Reference,
    Summary,
    decode,
    digest,
    encode,
    is_older,
    merged,
    revised,
    same_sources,
)
from chalicelib.summary.pointers import Tabled
from chalicelib.summary.reconciliation import Reconciliation
from chalicelib.summary.reports import table, trend_table
from chalicelib.summary.schema import published
from chalicelib.summary.trend import Trend, covers, decode_trend

Document = TypeVar("Document")


class SummaryDamaged(RuntimeError):
    """A file does not hold what names it says: its key."""


class Revisions:
    """Those in `store`; a summary that was fetched or settled is kept."""

    def __init__(self, store: SummaryStore) -> None:
        self._store = store
        self._kept: dict[str, Summary] = {}

    def fetch(self, reference: Reference) -> Summary:
        """The summary that `reference` names. Raises SummaryDamaged when it is not that."""
        if reference.digest not in self._kept:
            self._kept[reference.digest] = self.load(reference, decode)
        return self._kept[reference.digest]

    def at_hand(self, reference: Reference) -> Summary:
        """The same, read and not kept: for one of many."""
        return self._kept.get(reference.digest) or self.load(reference, decode)

    def load(self, reference: Reference, decoder: Callable[[bytes], Document]) -> Document:
        """What `reference` names, read and not kept. Raises SummaryDamaged when it is not that."""
        found = self._store.read(reference.key)
        if found is None or digest(found.content) != reference.digest:
            raise SummaryDamaged(reference.key)
        return decoder(found.content)

    def newest(self, folder: str) -> Reference:
        """The newest revision in `folder`, where there is one."""
        key = max(self._store.names(folder + "/"), key=layout.revision_of, default=folder)
        found = self._store.read(key)
        if found is None:
            raise SummaryDamaged(key)
        there = Reference(key, digest(found.content))
        self._kept[there.digest] = decode(found.content)
        return there

    def settle(self, folder: str, summary: Summary, standing: Reference | None) -> Reference:
        """Writes `summary` as the next revision in `folder`, unless one stands that has the same sources, or more
        passages or scans: they only ever get more, so a run that read earlier must not undo what a later one knew."""
        while True:
            before = self.fetch(standing) if standing else None
            if standing and before:
                if same_sources(before, summary) or is_older(summary, before):
                    return standing
                summary = revised(summary, before)
            content = encode(summary)
            there = Reference(layout.revision_key(folder, summary.revision), digest(content))
            if self._store.create(there.key, content):
                self._kept[there.digest] = summary
                return there
            standing = self.newest(folder)

    def settle_merged(
        self,
        window: Literal["today", "day", "operation"],
        folder: str,
        sources: Sequence[Reference],
        parts: Sequence[Summary] | None = None,
    ) -> Tabled:
        """The final summary merged from `sources`, and the CSV beside it; `parts` where they make the same total in
        fewer steps. Raises Overtaken where one stands that another run made of others, and that has more: what names
        it must not name these sources."""
        summary = merged(window, parts or [self.fetch(source) for source in sources], sources)
        found = self.settle(folder, summary, None)
        if self.fetch(found).merged_from != summary.merged_from:
            raise Overtaken(found.key)
        return Tabled(found.key, found.digest, self._table(layout.csv_key(found.key), table(self.fetch(found))))

    def settle_trend(self, folder: str, trend: Trend) -> Tabled:
        """Writes `trend`, and the CSV beside it, as the next revision in `folder`, unless one stands that was made from
        the same days. Raises Overtaken where that was made from later revisions of them."""
        while True:
            key = layout.revision_key(folder, trend.revision)
            content = encode(trend)
            if self._store.create(key, content):
                break
            newest = max(self._store.names(folder + "/"), key=layout.revision_of)
            found = self._store.read(newest)
            standing = decode_trend(found.content) if found else trend
            if found and covers(standing, trend):
                if standing.merged_from != trend.merged_from:
                    raise Overtaken(newest)  # as above
                trend, key, content = standing, newest, found.content
                break
            trend = structs.replace(trend, revision=standing.revision + 1)
        return Tabled(key, digest(content), self._table(layout.csv_key(key), trend_table(trend)))

    def settle_reconciliation(self, folder: str, found: Reconciliation) -> Reference:
        """Writes `found` as the next revision in `folder`."""
        content = encode(found)
        revision = 1 + max(map(layout.revision_of, self._store.names(folder + "/")), default=0)
        while not self._store.create(key := layout.revision_key(folder, revision), content):
            standing = self._store.read(key)
            if standing and standing.content == content:
                break  # ours, whose answer was lost
            revision += 1
        return Reference(key, digest(content))

    def settle_schemas(self, standing: tuple[Reference, ...]) -> tuple[Reference, ...]:
        """The JSON Schemas, written unless they are those `standing`."""
        wanted = tuple(there for there, _ in published())
        if standing != wanted:
            for there, content in published():
                self._store.create(there.key, content)
        return wanted

    def _table(self, key: str, content: bytes) -> Reference:
        """Writes the CSV, unless one stands."""
        if not self._store.create(key, content):
            standing = self._store.read(key)
            content = standing.content if standing else content
        return Reference(key, digest(content))
