"""A picture of a long time is computed in InfluxDB's storage engine, and still is SQLite's picture to the point.

Read out and windowed row by row, a year of one home takes a minute on a small machine, longer than anybody waits.
"""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from support.influx import InfluxServer
from support.readings import START

from core.clock import SystemClock
from timeseries.influx_connection import InfluxConnection
from timeseries.influx_flux import rows
from timeseries.influx_pictures import Pictures
from timeseries.ports import StoredReading
from timeseries.sqlite_store import SqliteReadingStore

METRICS = ("heart_rate", "spo2")
MINUTES = 20_000
"""Several of the blocks of 1,000 points that InfluxDB keeps a series in."""
END = START + timedelta(minutes=MINUTES)
PROFILED = 'import "profiler"\noption profiler.enabledProfilers = ["operator"]\n'


def long_series() -> list[StoredReading]:
    """Few different values, so that many points of a stretch are as low as each other."""
    return [
        StoredReading(1, 1, metric, START + timedelta(minutes=minute), float(60 + minute * minute % 13))
        for metric in METRICS
        for minute in range(MINUTES)
    ]


def test_a_long_series_gives_the_same_picture_from_both_stores(influx: InfluxServer, tmp_path: Path) -> None:
    with closing(SqliteReadingStore(tmp_path / "readings.db")) as embedded, closing(influx.store(influx.new_bucket())) as remote:
        for store in (embedded, remote):
            store.write(long_series())
        for points in (2, 7, 100, 1_000):
            drawn = remote.read_many([1], METRICS, START, END, points)
            assert drawn == embedded.read_many([1], METRICS, START, END, points)
            assert all(len(series) > points // 2 for series in drawn.values())


def test_what_a_long_series_is_asked_for_is_computed_while_it_is_read(influx: InfluxServer) -> None:
    bucket = influx.new_bucket()
    with closing(influx.store(bucket)) as store:
        store.write(long_series())
    answers: list[str] = []
    with closing(InfluxConnection(influx.address(bucket), SystemClock(), read_seconds=60)) as connection:

        def ask(flux: str) -> str:
            answers.append(connection.ask(PROFILED + flux))
            return connection.ask(flux)

        Pictures(influx.address(bucket).names, ask).of([1], METRICS, (START, END), 1_000)
    assert len(answers) == 2
    for answer in answers:
        work = {row["Type"] for row in rows(answer) if row.get("_measurement") == "profiler/operator"}
        assert work == {"*influxdb.readWindowAggregateSource", "*universe.schemaMutationTransformation"}
