"""Faults on the running stack: a proxy between the functions and their services fails, and nothing is lost, doubled or
wrongly confirmed. As soon as the fault is gone all is well again, and nobody did anything."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from chalicelib import patience
from chalicelib.passage.hour import GRACE, Hour, stamp
from chalicelib.passage.table import TRIES
from scripts.stacks.ministack import free_port
from tests.conftest import LocalStack
from tests.whole.city import City, Typed
from tests.whole.proxy import Kind, Proxy
from tests.whole.test_line import eventually, signed
from tests.whole.traveller import get, party, post_json

PLACES = {
    "settings": ("s3", b"settings/v1/current.json"),
    "code keys": ("secretsmanager", b"CodeKeys"),
    "public secret": ("secretsmanager", b"PublicSecret"),
    "data key": ("kms", b""),
    "table": ("dynamodb", b"TransactItems"),
}
"""What a registration needs, in this order: the service, and what its call tells."""

OUTAGES: tuple[Kind, ...] = ("broken", "throttled", "denied", "cut", "lost", "slow", "refused")


@pytest.fixture(scope="module")
def hours() -> list[Hour]:
    """Three hours that are closed."""
    first_open = Hour.of(datetime.now(UTC) - GRACE)
    return [Hour(first_open.start - timedelta(hours=n)) for n in (3, 2, 1)]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, hours: list[Hour]) -> Iterator[City]:
    """A city whose operation began three hours ago. Its clock stands still."""
    port = free_port()
    proxy = Proxy(port)
    with LocalStack(tmp_path_factory.mktemp("faults"), port, environment=proxy.environment) as stack:
        assert stack.ministack.port == port
        city = City(stack, proxy)
        city.stop_the_clock()
        moved = msgspec.structs.replace(city.storage.settings, starts_at=stamp(hours[0].start))
        city.storage.settings = city.storage.settings_bucket.publish(moved, stamp(datetime.now(UTC)))
        for hour in hours:
            city.register_late(next(city.seeds), hour.start)
        yield city
    proxy.close()


@contextlib.contextmanager
def befalls(city: City, place: str, kind: Kind, times: int | None = None) -> Iterator[None]:
    """A fault of `kind` at `place`. What is slow answers half a second after nobody waits any more."""
    service, about = PLACES[place]
    late = patience.PROMPT[service][1] + 0.5
    with city.proxy.fault(service, kind, about=about, times=times, delays=(late,)) as fault:
        yield
        assert fault.met or kind == "refused", "the fault was met"


@pytest.mark.parametrize(
    ("place", "once"),
    [("settings", "throttled"), ("code keys", "lost"), ("public secret", "broken"), ("data key", "cut")],
)
def test_an_outage_at_a_cold_start_tells_to_press_again_and_passes_without_a_hand(
    city: City, place: str, once: Kind
) -> None:
    """The process has nothing from before, and learns nothing while the outages follow each other."""
    city.public.start_cold()
    typed: Typed = party(next(city.seeds))
    for kind in OUTAGES:
        with befalls(city, place, kind):
            assert city.press(typed).status == 503, kind
    city.proxy.settle()
    assert city.stored(typed) == 0
    with befalls(city, place, once, times=1):
        assert city.press(typed).status == 201, "one mishap is not worth a word"
    city.is_registered_once(typed)


@pytest.mark.parametrize("kind", [*OUTAGES, "conflict"])
def test_an_outage_of_the_table_tells_to_press_again_and_passes_without_a_hand(city: City, kind: Kind) -> None:
    """Also where the passage was stored and the answer was not heard, or is stored after the page said 503."""
    typed: Typed = party(next(city.seeds))
    with befalls(city, "table", kind):
        assert city.press(typed).status == 503
    city.proxy.settle()
    assert city.stored(typed) == (kind in ("cut", "lost", "slow"))
    city.is_registered_once(typed)
    if kind not in ("denied", "refused"):
        another: Typed = party(next(city.seeds))
        with befalls(city, "table", kind, times=1):
            assert city.press(another).status == 201, "one mishap is not worth a word"
        city.is_registered_once(another)


def test_a_late_write_that_meets_the_next_press_is_one_passage(city: City) -> None:
    """Nobody waits for the first press to take effect before the second is sent."""
    typed: Typed = party(next(city.seeds))
    with befalls(city, "table", "slow"):
        assert city.press(typed).status == 503
    city.is_registered_once(typed)
    city.proxy.settle()
    city.is_registered_once(typed)


def test_when_everyone_answers_at_the_last_moment_it_is_still_a_receipt_in_time(city: City) -> None:
    """On a cold start; each call is answered at the end of its second try."""
    city.public.start_cold()
    typed: Typed = party(next(city.seeds))
    began = time.monotonic()
    with contextlib.ExitStack() as faults:
        for service, calls in (("s3", 1), ("secretsmanager", 2), ("kms", 1), ("dynamodb", 1)):
            read = patience.PROMPT[service][1]
            faults.enter_context(
                city.proxy.fault(service, "slow", times=2 * calls, delays=(read + 0.2, read - 0.4) * calls)
            )
        assert city.press(typed).status == 201
    assert 11 < time.monotonic() - began < 27
    city.proxy.settle()
    city.is_registered_once(typed)


def test_a_process_that_knows_its_settings_keys_and_secrets_needs_the_table_alone(city: City) -> None:
    assert city.press(party(next(city.seeds))).status == 201
    typed: Typed = party(next(city.seeds))
    with contextlib.ExitStack() as faults:
        for service in ("s3", "secretsmanager", "kms"):
            faults.enter_context(city.proxy.fault(service, "refused"))
        assert get(city.url).status == 200
        city.is_registered_once(typed)


def test_a_form_that_cannot_be_opened_says_so_and_opens_when_it_can(city: City) -> None:
    city.public.start_cold()
    with befalls(city, "settings", "refused"):
        page = get(city.url)
    assert page.status == 503
    assert "现在网络繁忙" in page.text
    assert "没有登记成功" in page.text
    assert get(city.url).status == 200


@pytest.mark.parametrize("place", ["code keys", "table"])
def test_a_program_is_told_too(city: City, place: str) -> None:
    city.public.start_cold()
    typed: Typed = party(next(city.seeds))
    with befalls(city, place, "broken"):
        told = post_json(city.url, typed)
    assert (told.status, json.loads(told.text)["error"]) == (503, "unavailable")
    confirmed = post_json(city.url, typed)
    assert confirmed.status == 201
    assert signed(confirmed.text) == signed(city.press(typed).text)
    assert city.stored(typed) == 1


def test_a_conflict_is_tried_again_and_no_oftener_than_that(city: City) -> None:
    typed: Typed = party(next(city.seeds))
    with city.proxy.fault("dynamodb", "conflict", times=TRIES - 1) as fault:
        assert city.press(typed).status == 201
    assert fault.met == TRIES - 1
    with city.proxy.fault("dynamodb", "conflict") as fault:
        assert city.press(party(next(city.seeds))).status == 503
    assert 1 < fault.met <= TRIES
    city.is_registered_once(typed)


@pytest.mark.parametrize(
    ("service", "kind", "about"),
    [("dynamodb", "throttled", b""), ("s3", "refused", b""), ("s3", "cut", b"latest.json")],
)
def test_a_run_that_meets_an_outage_fails_aloud_and_the_next_does_its_work(
    city: City, hours: list[Hour], service: str, kind: Kind, about: bytes
) -> None:
    city.register_late(next(city.seeds), hours[-1].start)
    with city.proxy.fault(service, kind, about=about) as fault:
        assert city.summarise() is not None
    assert fault.met or kind == "refused"
    assert not city.summaries_equal_the_table()
    assert city.summarise() is None
    assert city.summaries_equal_the_table()


@pytest.mark.parametrize("write", ["hour/", "latest.json"])
def test_a_run_broken_off_at_a_write_is_taken_up_by_the_next(city: City, hours: list[Hour], write: str) -> None:
    city.register_late(next(city.seeds), hours[-1].start)
    about = f"PUT /{city.stack.urls['bucket']}/summaries/v1/{write}".encode()
    with city.proxy.fault("s3", "denied", about=about) as fault:
        assert city.summarise() is not None
    assert fault.met
    assert not city.summaries_equal_the_table()
    assert city.summarise() is None
    assert city.summaries_equal_the_table()


@pytest.mark.parametrize(
    ("service", "kind", "about", "every"),
    [
        ("dynamodb", "slow", b"", 100),
        ("dynamodb", "cut", b"", 10),
        ("s3", "throttled", b"GET ", 2),
        ("s3", "lost", b"PUT ", 2),
    ],
    ids=["a slow page", "pages cut", "each reading throttled", "the answer to each write lost"],
)
def test_a_run_gets_over_mishaps_by_itself(
    city: City, hours: list[Hour], service: str, kind: Kind, about: bytes, every: int
) -> None:
    city.register_late(next(city.seeds), hours[-1].start)
    late = patience.UNHURRIED[service][1] + 0.5
    with city.proxy.fault(service, kind, about=about, every=every, delays=(late,)) as fault:
        assert city.summarise() is None
    assert fault.met
    assert city.summaries_equal_the_table()


def test_many_press_while_one_fault_follows_the_other(city: City) -> None:
    """Each twice at a time, until it is confirmed; and the clock goes again."""
    city.start_the_clock()
    over = threading.Event()
    rng = random.Random(20200210)
    kinds: list[Kind] = ["throttled", "broken", "lost", "cut", "refused", "slow", "conflict"]

    def trouble() -> None:
        while not over.is_set():
            with city.proxy.fault("dynamodb", rng.choice(kinds), times=rng.choice((2, 4, None)), delays=(2.6, 0.5)):
                over.wait(rng.uniform(0.2, 1.2))
            over.wait(rng.uniform(0, 0.3))

    def press(typed: Typed) -> str:
        for _ in range(40):
            answer = city.press(typed)
            if answer.status == 201:
                return signed(answer.text)
        raise AssertionError("never confirmed")

    parties: list[Typed] = [party(seed) for seed in range(100, 116)]
    troubling = threading.Thread(target=trouble)
    troubling.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            receipts = list(pool.map(press, [typed for typed in parties for _ in range(2)]))
    finally:
        over.set()
        troubling.join()
    city.proxy.settle()
    assert receipts[::2] == receipts[1::2]
    assert len(set(receipts)) == len(parties)
    for typed in parties:
        assert city.stored(typed) == 1


def test_after_all_that_the_clock_alone_makes_the_summaries_equal_the_table(city: City) -> None:
    eventually(city.summaries_equal_the_table)
    items = city.stack.client("dynamodb").scan(TableName=city.stack.urls["table"], ProjectionExpression="pk")["Items"]
    kinds = [item["pk"]["S"].partition("#")[0] for item in items]
    assert kinds.count("CP") == kinds.count("SUB") == len(kinds) / 2, "each passage has its guard"
