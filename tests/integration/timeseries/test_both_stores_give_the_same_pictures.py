"""The same readings in both stores: every picture, scan and newest value is the same to the point."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.influx import InfluxServer
from support.readings import START

from timeseries.ports import ReadingStore, StoredReading
from timeseries.sqlite_store import SqliteReadingStore

METRICS = ("heart_rate", "motion", "spo2")
WEEK_MICROSECONDS = 7 * 24 * 3600 * 1_000_000
PLACES = st.tuples(st.integers(0, WEEK_MICROSECONDS), st.integers(1, 2), st.sampled_from(METRICS))
# Few different values, so that several points of a stretch are as low as each other.
VALUES = st.sampled_from((-1.5, 0.0, 36.6, 97.0)) | st.floats(-1e9, 1e9)
ENDS = st.integers(0, WEEK_MICROSECONDS)


@pytest.fixture(scope="module")
def both(influx: InfluxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReadingStore, ReadingStore]]:
    path: Path = tmp_path_factory.mktemp("both") / "readings.db"
    with closing(SqliteReadingStore(path)) as embedded, closing(influx.store(influx.new_bucket())) as remote:
        yield embedded, remote


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(written=st.dictionaries(PLACES, VALUES, max_size=80), points=st.integers(1, 30), ends=st.tuples(ENDS, ENDS))
def test_pictures_scans_and_newest_values_are_the_same(
    both: tuple[ReadingStore, ReadingStore],
    written: dict[tuple[int, int, str], float],
    points: int,
    ends: tuple[int, int],
) -> None:
    rows = [
        StoredReading(1, device, metric, START + timedelta(microseconds=at), value)
        for (at, device, metric), value in written.items()
    ]
    for store in both:
        store.delete_before(START + timedelta(days=8))
        store.write(rows)
    start, end = (START + timedelta(microseconds=at) for at in (min(ends), max(ends) + 1))
    embedded, remote = both
    assert remote.read_many([1, 2], METRICS, start, end, points) == embedded.read_many([1, 2], METRICS, start, end, points)
    assert list(remote.scan([1, 2], None, start, end)) == list(embedded.scan([1, 2], None, start, end))
    assert [remote.latest(device) for device in (1, 2)] == [embedded.latest(device) for device in (1, 2)]
    assert remote.devices() == embedded.devices()
