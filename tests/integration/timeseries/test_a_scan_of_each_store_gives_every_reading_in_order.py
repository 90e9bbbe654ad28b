"""What a backtest reads: every point of a home, none thinned out, in the order of time, without holding writers up."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.readings import START, reading, readings

from timeseries.ports import ReadingStore, StoredReading

DAY = timedelta(days=1)


def test_no_point_is_left_out_however_many_there_are(store: ReadingStore) -> None:
    store.write(readings(2500))
    scanned = list(store.scan([1], None, START, START + DAY))
    assert [one.value for one in scanned] == [float(second) for second in range(2500)]
    assert list(store.scan([1], None, START + timedelta(seconds=10), START + timedelta(seconds=12))) == readings(12)[10:]


SERIES = st.tuples(st.integers(0, 40), st.integers(1, 3), st.sampled_from(("heart_rate", "latitude", "motion")))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.dictionaries(SERIES, st.floats(0, 200), max_size=60))
def test_devices_and_metrics_are_merged_by_time(store: ReadingStore, written: dict[tuple[int, int, str], float]) -> None:
    wanted = [reading(second, value, device, metric) for (second, device, metric), value in written.items()]
    store.delete_before(START + 2 * DAY)
    store.write(wanted)
    scanned = list(store.scan([1, 2], {"heart_rate", "motion"}, START, START + DAY))

    def place(one: StoredReading) -> tuple[object, int, str]:
        return (one.at, one.device_id, one.metric)

    assert scanned == sorted((one for one in wanted if one.device_id < 3 and one.metric != "latitude"), key=place)


def test_writers_pass_while_somebody_scans(store: ReadingStore) -> None:
    store.write(readings(2500))
    scan = store.scan([1], None, START, START + DAY)
    first = next(scan)
    store.write([reading(3000, 1.0)])
    rest = list(scan)
    assert first.value == 0.0
    assert rest[-1] == reading(3000, 1.0), "what was written meanwhile is read where the scan has not been yet"


def test_a_gap_of_years_and_a_crowded_minute_are_scanned_whole(store: ReadingStore) -> None:
    crowd = [StoredReading(1, 1, "motion", START + timedelta(milliseconds=number), float(number)) for number in range(12_000)]
    late = reading(900 * 24 * 3600, 5.0)
    early = reading(-3000 * 24 * 3600, 4.0)
    store.write([*crowd, late, early])
    scanned = list(store.scan([1], None, START - 9_000 * DAY, START + 9_000 * DAY))
    assert scanned == [early, *crowd, late]


def test_nothing_wanted_is_nothing_found(store: ReadingStore) -> None:
    store.write(readings(3))
    assert list(store.scan([], None, START, START + DAY)) == []
    assert list(store.scan([1], [], START, START + DAY)) == []
    assert list(store.scan([7], None, START, START + DAY)) == []
