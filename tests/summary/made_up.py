"""Made-up facts for tests of the summaries: by Hypothesis, and by a seed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hypothesis import strategies as st
from msgspec import structs

from chalicelib.checkpoint.register import Checkpoint
from chalicelib.passage import codes
from chalicelib.passage.facts import Facts, Registered, Scan, TravellerFacts
from chalicelib.passage.hour import Hour, stamp
from chalicelib.settings import KeyRegions, Poster, Settings, first_settings

ORIGINS = ("420106", "420500", "429004", "110105", "210381", "210102", "500101", "820000", "441900", codes.ABROAD)
TOWNSHIPS = ("210381001", "210381100", codes.ELSEWHERE)
PLATES = ("p1", "p2", "p3", None)

travellers = st.builds(
    TravellerFacts,
    document=st.sampled_from(codes.DOCUMENTS),
    origin=st.sampled_from(ORIGINS),
    township=st.sampled_from(TOWNSHIPS),
    purpose=st.sampled_from(codes.PURPOSES),
    key_region_stay=st.booleans(),
    symptoms=st.sets(st.sampled_from(codes.SYMPTOMS[1:]), max_size=3).map(
        lambda some: tuple(sorted(some)) or ("none",)
    ),
    temperature=st.none() | st.integers(340, 430),
)
facts = st.builds(
    Facts,
    version=st.just(1),
    poster=st.integers(1, 3),
    key=st.sampled_from(("A", "B")),
    vehicle=st.sampled_from(codes.VEHICLES),
    plate=st.sampled_from(PLATES),
    travellers=st.lists(travellers, min_size=1, max_size=4).map(tuple),
    retiring=st.booleans(),
    waited=st.none() | st.sampled_from((0, 600, 601, 90_000)),
)


def registrations(hour: Hour, most: int = 8) -> st.SearchStrategy[list[Registered]]:
    """The passages of one checkpoint in `hour`, no two with the same submission id."""
    one = st.builds(
        lambda after, submission, counted, corrections: Registered(
            stamp(hour.start + timedelta(milliseconds=after)), f"{submission:032x}", counted, corrections
        ),
        st.integers(0, 3_599_999),
        st.integers(0, 2**128 - 1),
        facts,
        st.sampled_from((0, 0, 0, 1, 2)),
    )
    return st.lists(one, max_size=most, unique_by=lambda registered: registered.submission)


def passage(rng: random.Random, at: datetime) -> Registered:
    """One passage by the seed."""
    vehicle, poster = rng.choice(codes.VEHICLES), rng.choice((1, 1, 2))
    plate = None if vehicle in codes.NO_VEHICLE else f"{rng.randrange(40):016x}"
    return Registered(
        stamp(at),
        f"{rng.getrandbits(128):032x}",
        Facts(
            1,
            poster,
            "A",
            vehicle,
            None if vehicle == "other" and rng.random() < 0.5 else plate,
            tuple(
                TravellerFacts(
                    rng.choice(codes.DOCUMENTS),
                    rng.choice(ORIGINS),
                    rng.choice(TOWNSHIPS),
                    rng.choice(codes.PURPOSES),
                    rng.random() < 0.1,
                    rng.choice((("none",), ("cough",), ("cough", "fever"))),
                    rng.choice((None, 365, 372, 373, 385)),
                )
                for _ in range(rng.randint(1, 4))
            ),
            retiring=poster == 2,
        ),
    )


def scan(rng: random.Random, checkpoint: str, at: datetime) -> Scan:
    """One scan of a revoked poster, by the seed."""
    return Scan(checkpoint, stamp(at), f"{rng.getrandbits(64):016x}", rng.choice((1, 3)), "A")


def scans(hour: Hour, checkpoint: str = "101", most: int = 4) -> st.SearchStrategy[list[Scan]]:
    """Scans of revoked posters at `checkpoint` in `hour`."""
    one = st.builds(
        lambda after, number, poster: Scan(
            checkpoint, stamp(hour.start + timedelta(milliseconds=after)), f"{number:016x}", poster, "A"
        ),
        st.integers(0, 3_599_999),
        st.integers(0, 2**64 - 1),
        st.integers(1, 3),
    )
    return st.lists(one, max_size=most, unique_by=lambda scan: scan.id)


def settings(
    starts: Hour, *, checkpoints: int = 3, closed: int = 1, version: int = 1, retention_days: int = 30
) -> Settings:
    """Settings of a small city: checkpoints 101, 102, ..., the last `closed` of them closed."""
    listed = tuple(
        Checkpoint(str(101 + at), f"卡口{101 + at}", f"Checkpoint {101 + at}", "road", "210381001", at < checkpoints)
        for at in range(checkpoints + closed)
    )
    return structs.replace(
        first_settings("kakou-test", "https://example.invalid", stamp(starts.start)),
        version=version,
        retention_days=retention_days,
        checkpoints=listed,
        posters=(Poster("101", 1, "revoked"), Poster("101", 2, "retiring"), Poster("101", 3, "active")),
        key_regions=(KeyRegions(7, ("420000", "110000")),),
    )
