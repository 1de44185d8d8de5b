"""Fetching: complete, verified, forwards only, and whole wherever it breaks off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from msgspec import structs

from chalicelib.passage.hour import Hour
from chalicelib.summary import layout
from chalicelib.summary.bucket import SummaryBucket
from chalicelib.summary.document import Reference, digest, encode
from chalicelib.summary.fetching import Fetched, NothingPublished, Untrusted, fetch
from chalicelib.summary.pointers import decode_latest, decode_now
from tests.simulation.fate import Crash
from tests.summary.town import PROVISIONAL, Mishaps, Town, crash_before

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENING = Hour(datetime(2020, 2, 10, 13, tzinfo=UTC))
HALF_PAST = timedelta(hours=29, minutes=30)


def town(run_at: timedelta = HALF_PAST) -> Town:
    made = Town(EVENING)
    made.busy(Hour(EVENING.start + timedelta(hours=40)))
    made.run(EVENING.start + run_at)
    return made


def brought(made: Town, folder: Path, client: Any = None) -> Fetched:
    store = SummaryBucket(cast("S3Client", client or made.s3), "b")
    return fetch(store, folder, sleep=lambda _: None)


def files(folder: Path) -> dict[str, bytes]:
    return {
        layout.ROOT + str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_all_that_is_named_is_brought_as_it_was_published(tmp_path: Path) -> None:
    made = town()
    fetched = brought(made, tmp_path)
    there = files(tmp_path)
    assert there == {key: made.file(key) for key in there}
    assert set(fetched.new) == there.keys() - {layout.LATEST, *PROVISIONAL}
    named = {ref.key for ref in made.named()}
    assert named <= set(there)
    assert sum(key.startswith(layout.ROOT + "hour/") for key in there) == 29
    assert fetched.checked == len(fetched.new)
    assert fetched.now == made.now


def test_fetching_again_brings_only_what_is_new(tmp_path: Path) -> None:
    made = town()
    brought(made, tmp_path)
    again = Mishaps(made.s3, -1, crash_before)
    assert brought(made, tmp_path, again).new == ()
    assert again.calls == 4  # latest, now, now's table and its alarms
    made.run(EVENING.start + HALF_PAST + timedelta(hours=1))
    kinds = [key.split("/")[2] for key in brought(made, tmp_path).new]
    assert kinds == ["hour", "today", "today", "operation", "operation", "reconciliation"], "of the day before"


def test_broken_off_anywhere_it_leaves_whole_files_and_goes_on(tmp_path: Path) -> None:
    made = town(timedelta(hours=5, minutes=30))
    whole = tmp_path / "whole"
    counted = Mishaps(made.s3, -1, crash_before)
    brought(made, whole, counted)
    for number in range(counted.calls):
        folder = tmp_path / str(number)
        with pytest.raises(Crash):
            brought(made, folder, Mishaps(made.s3, number, crash_before))
        there = files(folder)
        assert there == {key: made.file(key) for key in there}
        if layout.LATEST in there:
            assert {ref.key for ref in made.named()} <= set(there)
        brought(made, folder)
        assert files(folder) == files(whole)


def test_before_the_first_run_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished):
        brought(Town(EVENING), tmp_path)


def test_before_the_first_hour_is_final_there_is_what_is_known_now(tmp_path: Path) -> None:
    made = town(timedelta(minutes=30))
    fetched = brought(made, tmp_path)
    assert fetched.now is not None
    assert fetched.now.totals == made.now.totals
    assert set(files(tmp_path)) == {layout.LATEST, *PROVISIONAL, *(schema.key for schema in made.latest.schemas)}


def damaged_day(made: Town) -> None:
    made.s3.objects["b", made.latest.days[0].key] += b" "


def damaged_hour_of_a_day(made: Town) -> None:
    made.s3.objects["b", made.day(Hour.of(EVENING.start).day).merged_from[0].key] += b" "


def missing_table(made: Town) -> None:
    del made.s3.objects["b", made.latest.days[0].csv.key]


def name_elsewhere(made: Town) -> None:
    stray = Reference(layout.ROOT + "../../../stray.json", digest(b"{}"))
    made.s3.objects["b", stray.key] = b"{}"
    made.s3.objects["b", layout.LATEST] = encode(structs.replace(made.latest, hours=(stray,)))


def no_pointer(made: Town) -> None:
    made.s3.objects["b", layout.LATEST] = b"<html>"


def damaged_trend(made: Town) -> None:
    assert made.latest.trend
    made.s3.objects["b", made.latest.trend.key] = encode(structs.replace(made.trend, days=()))


def missing_today(made: Town) -> None:
    assert made.latest.today
    del made.s3.objects["b", made.latest.today.key]


def damaged_schema(made: Town) -> None:
    made.s3.objects["b", made.latest.schemas[0].key] = b"{}"


CHANGES = (
    damaged_day, damaged_hour_of_a_day, missing_table, name_elsewhere, no_pointer, damaged_trend, missing_today,
    damaged_schema,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_contradicts_itself_is_not_kept(change: Callable[[Town], None], tmp_path: Path) -> None:
    folder = tmp_path / "in" / "summaries"
    made = town()
    brought(made, folder)
    made.run(EVENING.start + HALF_PAST + timedelta(hours=1))
    before = (folder / "latest.json").read_bytes()
    change(made)
    for path in folder.rglob("day/**/*"):
        if path.is_file():
            path.unlink()
    for path in folder.rglob("hour/**/*"):
        if path.is_file():
            path.unlink()
    for path in [*folder.rglob("trend/**/*"), *folder.rglob("schema/**/*")]:
        if path.is_file():
            path.unlink()
    with pytest.raises(Untrusted):
        brought(made, folder)
    assert (folder / "latest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert all(content == made.s3.objects.get(("b", key), content) for key, content in files(folder).items()
               if key not in (layout.LATEST, *PROVISIONAL))  # fmt: skip


def test_going_back_is_refused(tmp_path: Path) -> None:
    made = town()
    old = made.file(layout.LATEST)
    made.run(EVENING.start + HALF_PAST + timedelta(hours=1))
    brought(made, tmp_path)
    made.s3.objects["b", layout.LATEST] = old
    with pytest.raises(Untrusted, match="went back"):
        brought(made, tmp_path)
    assert decode_latest((tmp_path / "latest.json").read_bytes()).final_up_to == "2020-02-11T19:00:00.000Z"


def test_a_file_that_was_damaged_here_is_brought_again(tmp_path: Path) -> None:
    made = town()
    brought(made, tmp_path)
    there = next(tmp_path.rglob("day/**/*.csv"))
    there.write_bytes(b"half")
    (tmp_path / "latest.json").write_bytes(b"{")
    assert len(brought(made, tmp_path).new) == 1
    assert files(tmp_path).items() <= made.files(provisional=True).items()


@pytest.mark.parametrize("beside", [layout.NOW_CSV, layout.ALARMS])
def test_now_and_its_table_and_its_alarms_belong_together(beside: str, tmp_path: Path) -> None:
    made = town()
    made.s3.objects["b", beside] = b"another run's"
    assert brought(made, tmp_path).now is None
    assert not (tmp_path / "now.json").exists()
    made.run(EVENING.start + HALF_PAST + timedelta(minutes=1))
    brought(made, tmp_path)
    now = decode_now((tmp_path / "now.json").read_bytes())
    assert now.csv is not None
    assert digest((tmp_path / "now.csv").read_bytes()) == now.csv.digest
    assert now.alarms_file is not None
    assert digest((tmp_path / "alarms.json").read_bytes()) == now.alarms_file.digest
