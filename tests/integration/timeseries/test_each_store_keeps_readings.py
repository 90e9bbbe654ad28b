"""One contract, each store: idempotent writes, few points with their extremes, retention, and what is refused for good."""

from __future__ import annotations

import math
import threading
import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.readings import START, reading, readings

from timeseries.ports import Point, RangeError, ReadingStore, StoredReading, StoreRefusedError

DAY = timedelta(days=1)


def values(store: ReadingStore, points: int = 10_000, device: int = 1) -> list[float]:
    return [point.value for point in store.read(device, "heart_rate", START - DAY, START + DAY, points)]


def test_a_replay_changes_nothing_and_a_correction_overwrites(store: ReadingStore) -> None:
    store.write(readings(3))
    store.write(readings(3))
    store.write([reading(1, 99.0)])
    assert values(store) == [0.0, 99.0, 2.0]


def test_instants_come_back_to_the_microsecond(store: ReadingStore) -> None:
    at = START.replace(microsecond=123457)
    store.write([StoredReading(1, 1, "heart_rate", at, 70.5)])
    assert store.read(1, "heart_rate", START, START + DAY, 10) == [Point(at, 70.5)]


def test_a_range_has_its_start_and_not_its_end(store: ReadingStore) -> None:
    store.write(readings(10))
    got = store.read(1, "heart_rate", START + timedelta(seconds=3), START + timedelta(seconds=6), 100)
    assert [point.value for point in got] == [3.0, 4.0, 5.0]


def test_devices_and_metrics_are_kept_apart(store: ReadingStore) -> None:
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
    store: ReadingStore, samples: dict[int, float], points: int
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


def test_one_minute_of_low_oxygen_is_seen_in_the_picture_of_a_month(store: ReadingStore) -> None:
    month = [StoredReading(1, 1, "spo2", START + timedelta(minutes=minute), 97.0) for minute in range(30 * 24 * 60)]
    month[12_345] = StoredReading(1, 1, "spo2", month[12_345].at, 71.0)
    for first in range(0, len(month), 10_000):
        store.write(month[first : first + 10_000])
    got = store.read(1, "spo2", START, START + 31 * DAY, 200)
    assert len(got) <= 200
    assert Point(month[12_345].at, 71.0) in got


@pytest.mark.parametrize("points", [0, -1, 10_001])
def test_an_absurd_number_of_points_is_refused(store: ReadingStore, points: int) -> None:
    with pytest.raises(RangeError):
        store.read(1, "heart_rate", START, START + DAY, points)


def test_a_range_that_ends_before_it_begins_is_refused(store: ReadingStore) -> None:
    with pytest.raises(RangeError):
        store.read(1, "heart_rate", START, START, 10)


def test_retention_deletes_what_is_older_and_nothing_else(store: ReadingStore) -> None:
    for device in range(1, 4):
        store.write(readings(4_000, device))
    assert store.delete_before(START + timedelta(seconds=3_990)) == 3 * 3_990
    for device in range(1, 4):
        assert values(store, device=device) == [float(second) for second in range(3_990, 4_000)]
    assert store.delete_before(START) == 0


def _longest_wait(store: ReadingStore) -> float:
    """How much of a deletion the write waited that waited longest, 0 to 1."""
    store.write(readings(40_000))
    deleting = threading.Thread(target=store.delete_before, args=(START + DAY,))
    began = last = time.monotonic()
    deleting.start()
    longest, writes = 0.0, 0
    while deleting.is_alive():
        store.write([reading(100_000 + writes, 1.0, device=2)])
        writes += 1
        last, before = time.monotonic(), last
        longest = max(longest, last - before)
    deleting.join()
    return longest / (last - began) if writes else 1.0


def test_writers_pass_while_old_readings_are_deleted(store: ReadingStore) -> None:
    # A deletion that is over sooner than two writes says nothing; one in a single piece holds a write up for 0.95 of itself.
    assert any(_longest_wait(store) < 0.8 for _ in range(30)), "writes waited for the whole deletion"
    assert values(store) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "70", True])
def test_what_is_no_number_is_refused_for_good_and_takes_nothing_with_it(store: ReadingStore, value: float) -> None:
    with pytest.raises(StoreRefusedError):
        store.write([reading(0), reading(1, value)])
    assert values(store) == []
    store.write([reading(0)])
    assert values(store) == [70.0]


@pytest.mark.parametrize("metric", [None, ["x"]])
def test_a_row_the_schema_refuses_is_refused_for_good(store: ReadingStore, metric: str) -> None:
    with pytest.raises((StoreRefusedError, TypeError)) as refused:
        store.write([reading(0, metric=metric)])
    assert isinstance(refused.value, StoreRefusedError)


def test_a_naive_instant_is_refused_for_good(store: ReadingStore) -> None:
    with pytest.raises(StoreRefusedError):
        store.write([StoredReading(1, 1, "heart_rate", START.replace(tzinfo=None), 70.0)])
