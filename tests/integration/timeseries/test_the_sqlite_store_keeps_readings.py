"""The embedded store: idempotent writes, few points with their extremes, retention, and what happens when the file refuses."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.readings import START, reading, readings

from core.database import sqlite_module
from timeseries.ports import Point, RangeError, StoreAwayError, StoredReading, StoreRefusedError
from timeseries.sqlite_store import SqliteReadingStore

DAY = timedelta(days=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "readings.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteReadingStore]:
    with closing(SqliteReadingStore(path)) as store:
        yield store


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the file's write lock."""
    other = sqlite_module().connect(str(path), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


def values(store: SqliteReadingStore, points: int = 10_000, device: int = 1) -> list[float]:
    return [point.value for point in store.read(device, "heart_rate", START - DAY, START + DAY, points)]


def test_what_was_written_is_read_back_by_another_process(path: Path, store: SqliteReadingStore) -> None:
    store.write(readings(5))
    script = (
        "import sys; from pathlib import Path; from support.readings import START; from datetime import timedelta;"
        "from timeseries.sqlite_store import SqliteReadingStore as S;"
        "s = S(Path(sys.argv[1]));"
        "print([p.value for p in s.read(1, 'heart_rate', START, START + timedelta(days=1), 10)])"
    )
    tests = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        cwd=tests.parent,
        env={"PYTHONPATH": f"{tests.parent}:{tests}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[0.0, 1.0, 2.0, 3.0, 4.0]"


def test_a_replay_changes_nothing_and_a_correction_overwrites(store: SqliteReadingStore) -> None:
    store.write(readings(3))
    store.write(readings(3))
    store.write([reading(1, 99.0)])
    assert values(store) == [0.0, 99.0, 2.0]


def test_instants_come_back_to_the_microsecond(store: SqliteReadingStore) -> None:
    at = START.replace(microsecond=123457)
    store.write([StoredReading(1, 1, "heart_rate", at, 70.5)])
    assert store.read(1, "heart_rate", START, START + DAY, 10) == [Point(at, 70.5)]


def test_a_range_has_its_start_and_not_its_end(store: SqliteReadingStore) -> None:
    store.write(readings(10))
    got = store.read(1, "heart_rate", START + timedelta(seconds=3), START + timedelta(seconds=6), 100)
    assert [point.value for point in got] == [3.0, 4.0, 5.0]


def test_devices_and_metrics_are_kept_apart(store: SqliteReadingStore) -> None:
    store.write([reading(0, 1.0), reading(0, 2.0, device=2), reading(0, 3.0, metric="spo2")])
    many = store.read_many([1, 2, 3], ["heart_rate", "spo2"], START, START + DAY, 10)
    assert {key: [point.value for point in points] for key, points in many.items()} == {
        (1, "heart_rate"): [1.0],
        (2, "heart_rate"): [2.0],
        (1, "spo2"): [3.0],
    }
    assert store.latest(1) == {"heart_rate": Point(START, 1.0), "spo2": Point(START, 3.0)}
    assert store.latest(9) == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples=st.dictionaries(st.integers(0, 80_000), st.floats(-1e6, 1e6), min_size=1, max_size=60), points=st.integers(1, 40))
def test_never_more_points_than_asked_for_and_the_extremes_are_among_them(
    store: SqliteReadingStore, samples: dict[int, float], points: int
) -> None:
    store.delete_before(START + 2 * DAY)
    store.write([reading(second, value) for second, value in samples.items()])
    got = store.read(1, "heart_rate", START, START + DAY, points)
    assert 1 <= len(got) <= points
    assert [point.at for point in got] == sorted({point.at for point in got})
    assert all(samples[round((point.at - START).total_seconds())] == point.value for point in got)
    if points >= 2:
        assert max(samples.values()) in [point.value for point in got]
        assert min(samples.values()) in [point.value for point in got]


def test_one_minute_of_low_oxygen_is_seen_in_the_picture_of_a_month(store: SqliteReadingStore) -> None:
    month = [StoredReading(1, 1, "spo2", START + timedelta(minutes=minute), 97.0) for minute in range(30 * 24 * 60)]
    month[12_345] = StoredReading(1, 1, "spo2", month[12_345].at, 71.0)
    for first in range(0, len(month), 10_000):
        store.write(month[first : first + 10_000])
    got = store.read(1, "spo2", START, START + 31 * DAY, 200)
    assert len(got) <= 200
    assert Point(month[12_345].at, 71.0) in got


@pytest.mark.parametrize("points", [0, -1, 10_001])
def test_an_absurd_number_of_points_is_refused(store: SqliteReadingStore, points: int) -> None:
    with pytest.raises(RangeError):
        store.read(1, "heart_rate", START, START + DAY, points)


def test_a_range_that_ends_before_it_begins_is_refused(store: SqliteReadingStore) -> None:
    with pytest.raises(RangeError):
        store.read(1, "heart_rate", START, START, 10)


def test_retention_deletes_what_is_older_and_nothing_else(store: SqliteReadingStore) -> None:
    for device in range(1, 4):
        store.write(readings(4_000, device))
    assert store.delete_before(START + timedelta(seconds=3_990)) == 3 * 3_990
    for device in range(1, 4):
        assert values(store, device=device) == [float(second) for second in range(3_990, 4_000)]
    assert store.delete_before(START) == 0


def test_writers_pass_while_old_readings_are_deleted(store: SqliteReadingStore) -> None:
    store.write(readings(40_000))
    deleting = threading.Thread(target=store.delete_before, args=(START + DAY,))
    deleting.start()
    waits = 0
    while deleting.is_alive() and waits < 10_000:
        store.write([reading(100_000 + waits, 1.0, device=2)])
        waits += 1
    deleting.join(30)
    assert waits > 1
    assert values(store) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "70", True])
def test_what_is_no_number_is_refused_for_good_and_takes_nothing_with_it(store: SqliteReadingStore, value: float) -> None:
    with pytest.raises(StoreRefusedError):
        store.write([reading(0), reading(1, value)])
    assert values(store) == []
    store.write([reading(0)])
    assert values(store) == [70.0]


@pytest.mark.parametrize("metric", [None, ["x"]])
def test_a_row_the_schema_refuses_is_refused_for_good(store: SqliteReadingStore, metric: str) -> None:
    with pytest.raises((StoreRefusedError, TypeError)) as refused:
        store.write([reading(0, metric=metric)])
    assert isinstance(refused.value, StoreRefusedError)


def test_a_naive_instant_is_refused_for_good(store: SqliteReadingStore) -> None:
    with pytest.raises(StoreRefusedError):
        store.write([StoredReading(1, 1, "heart_rate", START.replace(tzinfo=None), 70.0)])


def test_a_locked_file_is_a_store_away_soon_and_not_for_ever(path: Path, store: SqliteReadingStore) -> None:
    store.write(readings(1))
    with locked(path):
        with pytest.raises(StoreAwayError):
            store.write(readings(2))
        with pytest.raises(StoreAwayError):
            store.check()
    store.write(readings(2))
    store.check()
    assert values(store) == [0.0, 1.0]


def test_a_file_locked_at_the_start_keeps_nobody_from_starting(path: Path) -> None:
    path.parent.mkdir()
    with locked(path), closing(SqliteReadingStore(path)) as store, pytest.raises(StoreAwayError):
        store.write(readings(1))
    with closing(SqliteReadingStore(path)) as store:
        store.write(readings(1))
        assert values(store) == [0.0]


def test_a_file_that_is_no_database_is_a_store_away(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 500)
    with closing(SqliteReadingStore(path)) as store:
        with pytest.raises(StoreAwayError):
            store.write(readings(1))
        with pytest.raises(StoreAwayError):
            store.latest(1)


def test_a_file_of_a_newer_version_is_left_alone(path: Path, store: SqliteReadingStore) -> None:
    store.write(readings(1))
    store.close()
    with closing(sqlite_module().connect(str(path))) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreAwayError):
        store.write(readings(2))


def test_a_full_file_refuses_the_batch_whole_and_takes_it_when_there_is_room(store: SqliteReadingStore) -> None:
    store.write(readings(10))
    assert store._writer is not None
    store._writer.execute("PRAGMA max_page_count = 1")  # the smallest it can be: as large as it is now
    with pytest.raises(StoreAwayError):
        store.write(readings(5_000, device=2))
    assert values(store, device=2) == []
    assert len(values(store)) == 10
    store.write(readings(5_000, device=2))  # opened anew: the limit was that connection's
    assert len(values(store, device=2)) == 5_000


def test_many_threads_read_while_one_writes(store: SqliteReadingStore) -> None:
    store.write(readings(100))
    seen: list[int] = []

    def look() -> None:
        seen.extend(len(values(store)) for _ in range(20))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for first in range(100, 1_100, 100):
        store.write(readings(100, start=first))
    for thread in threads:
        thread.join(30)
    assert len(seen) == 80
    assert all(length % 100 == 0 for length in seen)
