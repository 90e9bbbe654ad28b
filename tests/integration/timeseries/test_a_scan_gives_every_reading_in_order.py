"""What a backtest reads: every point of a home, none thinned out, in the order of time, without holding writers up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.readings import START, reading, readings

from timeseries.ports import StoredReading
from timeseries.sqlite_store import SqliteReadingStore

DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteReadingStore]:
    with closing(SqliteReadingStore(tmp_path / "readings.db")) as store:
        yield store


def test_no_point_is_left_out_however_many_there_are(store: SqliteReadingStore) -> None:
    store.write(readings(2500))
    scanned = list(store.scan([1], None, START, START + DAY))
    assert [one.value for one in scanned] == [float(second) for second in range(2500)]
    assert list(store.scan([1], None, START + timedelta(seconds=10), START + timedelta(seconds=12))) == readings(12)[10:]


SERIES = st.tuples(st.integers(0, 40), st.integers(1, 3), st.sampled_from(("heart_rate", "latitude", "motion")))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.dictionaries(SERIES, st.floats(0, 200), max_size=60))
def test_devices_and_metrics_are_merged_by_time(
    tmp_path_factory: pytest.TempPathFactory, written: dict[tuple[int, int, str], float]
) -> None:
    wanted = [reading(second, value, device, metric) for (second, device, metric), value in written.items()]
    with closing(SqliteReadingStore(tmp_path_factory.mktemp("scan") / "readings.db")) as store:
        store.write(wanted)
        scanned = list(store.scan([1, 2], {"heart_rate", "motion"}, START, START + DAY))

    def place(one: StoredReading) -> tuple[object, int, str]:
        return (one.at, one.device_id, one.metric)

    assert scanned == sorted((one for one in wanted if one.device_id < 3 and one.metric != "latitude"), key=place)


def test_writers_pass_while_somebody_scans(store: SqliteReadingStore) -> None:
    store.write(readings(2500))
    scan = store.scan([1], None, START, START + DAY)
    first = next(scan)
    store.write([reading(3000, 1.0)])
    rest = list(scan)
    assert first.value == 0.0
    assert rest[-1] == reading(3000, 1.0), "what was written meanwhile is read where the scan has not been yet"
