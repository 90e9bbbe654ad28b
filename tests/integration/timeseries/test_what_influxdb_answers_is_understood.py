"""A real InfluxDB that refuses, hangs, dies and forgets: nothing is taken for written that is not there afterwards."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from influxdb_client.client.write_api import SYNCHRONOUS
from support.influx import InfluxServer, running_influx
from support.readings import START, reading, readings

from core.clock import ManualClock, SystemClock
from timeseries.influx_errors import expired_total
from timeseries.influx_names import InfluxNames
from timeseries.influx_store import InfluxReadingStore
from timeseries.ports import StoreAwayError, StoredReading, StoreLockedOutError, StoreRefusedError
from timeseries.writing import Writer, refused_total

DAY = timedelta(days=1)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[InfluxServer]:
    """A server that this test alone kills and stops."""
    with running_influx(tmp_path / "influx") as server:
        yield server


def count(store: InfluxReadingStore, device: int = 1) -> int:
    return len(store.read(device, "heart_rate", START - 3000 * DAY, START + 3000 * DAY, 10_000))


def test_a_token_that_opens_nothing_locks_us_out(influx: InfluxServer) -> None:
    address = influx.address(influx.new_bucket(), token="withdrawn")
    with closing(InfluxReadingStore(address, SystemClock(), read_seconds=5)) as store:
        for act in (lambda: store.write(readings(1)), store.check, lambda: store.latest(1)):
            with pytest.raises(StoreLockedOutError):
                act()


def test_a_bucket_and_an_organisation_that_are_gone_lock_us_out(influx: InfluxServer) -> None:
    for names in (InfluxNames("yinling", "gone", "1"), InfluxNames("gone", influx.new_bucket(), "1")):
        address = replace(influx.address("any"), names=names)
        with closing(InfluxReadingStore(address, SystemClock(), read_seconds=5)) as store:
            with pytest.raises(StoreLockedOutError):
                store.write(readings(1))
            with pytest.raises(StoreLockedOutError):
                store.check()


def test_what_is_older_than_the_bucket_keeps_is_counted_and_the_rest_is_kept(influx: InfluxServer) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    before = expired_total._value.get()
    with closing(influx.store(influx.new_bucket(days=7))) as store:
        store.write([StoredReading(1, 1, "heart_rate", now - timedelta(days=days), 70.0) for days in (0, 1, 30, 60)])
        assert count(store) == 2
        store.write([StoredReading(1, 2, "heart_rate", now - 30 * DAY, 70.0)])
        assert count(store, 2) == 0
    assert expired_total._value.get() == before + 3


def test_a_field_that_was_made_something_else_refuses_and_the_good_ones_are_kept(influx: InfluxServer) -> None:
    """Somebody wrote a whole number by hand into the day's measurement: InfluxDB refuses floats there from then on."""
    bucket = influx.new_bucket()
    with closing(influx.client()) as client:
        line = f"reading,centre=1,device=1,home=1,metric=heart_rate value=1i {int(START.timestamp() * 1e9)}"
        client.write_api(write_options=SYNCHRONOUS).write(bucket, record=line)
    before = refused_total._value.get()
    with closing(influx.store(bucket)) as store:
        with pytest.raises(StoreRefusedError):
            store.write(readings(2))
        elsewhere = [reading(90 * 24 * 3600 + second) for second in range(6)]  # another shard, where nothing stands yet
        Writer(store, SystemClock()).write([*readings(2), *elsewhere])
        assert len(store.read(1, "heart_rate", START + 80 * DAY, START + 100 * DAY, 100)) == 6
    assert refused_total._value.get() == before + 2


@pytest.mark.parametrize("metric", ["", "with space", "a,b=c", "x" * 65, "line\nfeed"])
def test_a_metric_that_is_no_bounded_name_is_refused_before_it_is_sent(influx: InfluxServer, metric: str) -> None:
    with closing(influx.store(influx.new_bucket())) as store:
        with pytest.raises(StoreRefusedError):
            store.write([reading(0), reading(1, metric=metric)])
        assert count(store) == 0


def test_a_server_that_dies_is_away_and_what_it_had_said_yes_to_is_there_afterwards(own: InfluxServer) -> None:
    with closing(own.store(own.new_bucket())) as store:
        store.write(readings(2_000))
        own.kill()
        with pytest.raises(StoreAwayError):
            store.write(readings(10, device=2))
        own.start()
        store.write(readings(10, device=2))
        assert count(store) == 2_000
        assert count(store, 2) == 10


def test_a_server_that_hangs_is_asked_once_and_then_left_alone_for_a_while(own: InfluxServer, clock: ManualClock) -> None:
    address = own.address(own.new_bucket())
    with closing(InfluxReadingStore(address, clock, read_seconds=3)) as store:
        store.write(readings(5))
        own.signal(signal.SIGSTOP)
        try:
            with pytest.raises(StoreAwayError):
                store.latest(1)
            began = time.monotonic()
            for _ in range(50):
                with pytest.raises(StoreAwayError):
                    store.latest(1)
                with pytest.raises(StoreAwayError):
                    store.check()
            assert time.monotonic() - began < 30, "each read waited for a time-out of its own"
            with pytest.raises(StoreAwayError):
                store.write(readings(1))
            clock.advance(timedelta(seconds=30))  # the rest after a failed read is over, but the write got no answer
            began = time.monotonic()
            with pytest.raises(StoreAwayError):
                store.latest(1)
            assert time.monotonic() - began < 2.5
        finally:
            own.signal(signal.SIGCONT)
        store.write(readings(5))
        assert count(store) == 5, "a write that gets through opens the way for reads"


def test_a_device_that_moved_keeps_its_past(influx: InfluxServer) -> None:
    with closing(influx.store(influx.new_bucket())) as store:
        store.write([StoredReading(1, 1, "spo2", START + timedelta(minutes=minute), 90.0 + minute) for minute in range(5)])
        store.write([StoredReading(2, 1, "spo2", START + timedelta(minutes=minute), 90.0 + minute) for minute in range(5, 10)])
        everything = store.read(1, "spo2", START, START + DAY, 100)
        assert [point.value for point in everything] == [90.0 + minute for minute in range(10)]
        assert [point.value for point in store.read(1, "spo2", START, START + DAY, 4)] == [90.0, 94.0, 95.0, 99.0]
        assert store.latest(1)["spo2"].value == 99.0
        assert [one.home_id for one in store.scan([1], None, START, START + DAY)] == [1] * 5 + [2] * 5


def test_centres_that_share_a_bucket_do_not_see_each_other(influx: InfluxServer) -> None:
    bucket = influx.new_bucket()
    there = replace(influx.address(bucket), names=InfluxNames("yinling", bucket, "other"))
    with closing(influx.store(bucket)) as here, closing(InfluxReadingStore(there, SystemClock(), read_seconds=5)) as other:
        here.write(readings(3))
        other.write(readings(5, device=2))
        assert (here.devices(), other.devices()) == ([1], [2])
        assert other.delete_before(START + DAY) == 5
        assert count(here) == 3
