"""Fate: what befalls a call to a store. One wrapper for any client."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError


class Crash(BaseException):
    """The process dies here. Not an Exception: no `except Exception` may survive it."""


class Fate:
    """Draws what happens to each call, from one seed.

    `odds` maps a mishap to its probability: `before` (fails, no effect), `after` (takes effect, the answer is lost),
    `twice` (the caller's library sends it again), `conflict` (of two transactions), `crash_before`, `crash_after`, and
    `meanwhile` (someone else's whole run comes between; likelier before a write).
    """

    def __init__(self, rng: random.Random, odds: dict[str, float]) -> None:
        self.rng = rng
        self.odds = odds
        self.quiet = False
        self.meanwhile: Callable[[], None] | None = None
        self._nested = False

    def draw(self, name: str) -> str:
        if self.quiet:
            return "well"
        if name == "put_object" and self.rng.random() < self.odds.get("meanwhile", 0.0) * 4:
            return "meanwhile"
        dart = self.rng.random()
        for mishap, probability in self.odds.items():
            dart -= probability
            if dart < 0:
                return mishap
        return "well"

    def someone_else(self) -> None:
        if self.meanwhile is not None and not self._nested:
            self._nested = True
            try:
                self.meanwhile()
            finally:
                self._nested = False


class Fated:
    """`client` with `fate`: its methods may fail as a network lets them fail."""

    def __init__(self, client: Any, fate: Fate, *, repeatable: frozenset[str] = frozenset()) -> None:
        self._client = client
        self._fate = fate
        self._repeatable = repeatable

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if name == "exceptions":
            return attribute

        def call(**arguments: Any) -> Any:
            mishap = self._fate.draw(name)
            if mishap == "meanwhile":
                self._fate.someone_else()
            elif mishap == "conflict" and name == "transact_write_items":
                raise self._client.error(
                    "TransactionCanceledException", name, CancellationReasons=[{"Code": "TransactionConflict"}] * 2
                )
            elif mishap == "before":
                raise self._network(name, before=True)
            elif mishap == "crash_before":
                raise Crash
            try:
                answer = attribute(**arguments)
            except ClientError:
                # A refusal took no effect; losing it is losing an answer.
                if mishap == "after":
                    raise self._network(name, before=False) from None
                raise
            if mishap == "crash_after":
                raise Crash
            if mishap == "after":
                raise self._network(name, before=False)
            if mishap == "twice" and name not in self._repeatable:
                return attribute(**arguments)
            return answer

        return call

    def _network(self, name: str, *, before: bool) -> Exception:
        if self._fate.rng.random() < 0.3:
            response: Any = {"Error": {"Code": "InternalServerError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
            return ClientError(response, name)
        if before:
            return EndpointConnectionError(endpoint_url="x")
        return ReadTimeoutError(endpoint_url="x")
