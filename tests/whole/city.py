"""The city behind the proxy: the public function, the schedule, and what both promise whatever fails."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from chalicelib.summary.document import digest
from tests.conftest import LocalStack
from tests.web.test_pages import Controls
from tests.whole.census import totals
from tests.whole.functions import Function, resource
from tests.whole.proxy import Proxy
from tests.whole.test_line import Centre, Storage, signed
from tests.whole.traveller import Answer, party, post_form

Typed = dict[str, str | list[str]]

GATEWAY = 29.0
"""Seconds that API Gateway waits for a function."""


class City:
    """The stack behind `proxy`. Its schedule runs when it is told to, until the clock wakes it again."""

    def __init__(self, stack: LocalStack, proxy: Proxy) -> None:
        self.stack = stack
        self.proxy = proxy
        self.centre = Centre(stack)
        self.storage = Storage(stack)
        self.url: str = stack.urls["form_urls"]["101"]
        self.seeds = itertools.count(1000)
        """Of parties that nobody else has."""
        self.public = Function(stack, "public", "APIHandler")
        self._schedule = Function(stack, "command", "SummariseSchedule")
        self._clock = resource(stack, "command", "SummariseScheduleSummariseScheduleEvent")
        self._furthest = ("", 0)

    def stop_the_clock(self) -> None:
        self.stack.client("events").disable_rule(Name=self._clock)

    def start_the_clock(self) -> None:
        self.stack.client("events").enable_rule(Name=self._clock)

    # The form

    def press(self, typed: Typed) -> Answer:
        """Send the form once. The answer is ours, in time, and one that is promised."""
        began = time.monotonic()
        answer = post_form(self.url, typed)
        assert time.monotonic() - began < GATEWAY
        assert answer.status in (201, 503), answer.text[:2000]
        assert answer.headers["Content-Security-Policy"], "the page is ours, not the gateway's"
        if answer.status == 201:
            assert signed(answer.text)
        else:
            assert "只会登记一次" in answer.text, "it says that pressing again is safe"
            assert answer.headers["Retry-After"]
            kept = Controls(answer.body).sent
            for name, told in typed.items():
                assert kept[name] == ([told] if isinstance(told, str) else told), "the form is kept whole"
        return answer

    def stored(self, typed: Typed) -> int:
        """Passages in the table under its submission id."""
        found = self.centre.census().execute("select count(*) from passage where id = ?", (typed["submission"],))
        return int(found.fetchone()[0])

    def is_registered_once(self, typed: Typed) -> None:
        """Nothing fails now: the next press confirms, one more gives the same receipt, and one passage is there."""
        receipt, again = self.press(typed), self.press(typed)
        assert (receipt.status, again.status) == (201, 201)
        assert signed(receipt.text) == signed(again.text)
        assert self.stored(typed) == 1

    # The summaries

    def summarise(self) -> str | None:
        """One run of the schedule: None, or the class of the error that it let out. Whatever came of it, `latest`
        names what is there, and went forwards if anywhere."""
        told = json.loads(self._schedule.run())
        latest = self._latest()
        if latest is not None:
            reached = (str(latest["final_up_to"]), int(latest["totals"]["passages"]))
            assert reached >= self._furthest
            self._furthest = reached
        return str(told["errorType"]) if told else None

    def _latest(self) -> dict[str, Any] | None:
        latest = self.centre.document("summaries/v1/latest.json")
        for named in _references(latest):
            assert digest(self.centre.file(named["key"])) == named["digest"], named["key"]
        return latest

    def summaries_equal_the_table(self) -> bool:
        """Compared with the independent count: what is final, and what is known now."""
        base = self.centre.census()
        start = f"hour >= '{self.storage.settings.starts_at[:13]}'"
        latest, now = self._latest(), self.centre.document("summaries/v1/now.json")
        if latest is None or now is None:
            return False
        final = f"{start} and hour < '{latest['final_up_to'][:13]}'"
        return bool(latest["totals"] == totals(base, final) and now["totals"] == totals(base, start))

    def register_late(self, seed: int, at: datetime) -> None:
        """A passage that reached the table at `at`: whatever is final by then needs a revision."""
        fields: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in party(seed).items()}
        self.storage.register("101", fields, at)


def _references(document: Any) -> Iterator[dict[str, str]]:
    if isinstance(document, dict):
        if {"key", "digest"} <= document.keys():
            yield document
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from _references(part)
