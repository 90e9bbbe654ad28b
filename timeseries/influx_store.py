"""Readings in InfluxDB 2, behind the same promises as the embedded store.

A write returns once InfluxDB has synced it; a batch is sent in chunks, and one that failed half-way is sent again whole,
which overwrites the same points. Series that changed home are one series to whoever reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from core.clock import Clock
from timeseries.influx_connection import InfluxAddress, InfluxConnection
from timeseries.influx_flux import instant, microseconds, moment, rows, source, text
from timeseries.influx_lines import EARLIEST, LATEST, Lines
from timeseries.influx_names import MEASUREMENT
from timeseries.influx_pictures import Pictures
from timeseries.influx_scan import scan
from timeseries.ports import Point, StoredReading, check_range

LINES_AT_ONCE = 5_000


class InfluxReadingStore:
    """The `ReadingStore` of a county."""

    def __init__(self, address: InfluxAddress, clock: Clock, *, read_seconds: float) -> None:
        self._names = address.names
        self._connection = InfluxConnection(address, clock, read_seconds=read_seconds)
        self._lines = Lines(address.names.centre)
        self._pictures = Pictures(self._names, self._connection.ask)

    def write(self, readings: Sequence[StoredReading]) -> None:
        """Keep all of them or raise.

        Raises:
            StoreRefusedError: a reading that no later try will make acceptable is among them.
            StoreAwayError: InfluxDB does not answer, or does not let us in.
        """
        lines = self._lines.of(readings)
        for first in range(0, len(lines), LINES_AT_ONCE):
            self._connection.write("\n".join(lines[first : first + LINES_AT_ONCE]))

    def read(self, device_id: int, metric: str, start: datetime, end: datetime, points: int) -> list[Point]:
        """The series within [start, end), oldest first, at most `points`, extremes kept."""
        return self.read_many([device_id], [metric], start, end, points).get((device_id, metric), [])

    def read_many(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime, points: int
    ) -> dict[tuple[int, str], list[Point]]:
        """`read` for several series at once; series without a point in the range are left out. Raises RangeError."""
        check_range(start, end, points)
        return self._pictures.of(device_ids, metrics, (start, end), points)

    def scan(
        self, device_ids: Sequence[int], metrics: Collection[str] | None, start: datetime, end: datetime
    ) -> Iterator[StoredReading]:
        """Every point within [start, end) of these devices, by time, then device, then metric; read in slices of time."""
        return scan(self._names, self._connection.ask, (device_ids, metrics), start, end)

    def latest(self, device_id: int) -> Mapping[str, Point]:
        """The newest point of each metric of a device."""
        flux = source(self._names, EARLIEST, LATEST, [device_id], None)
        answer = self._connection.ask(f'{flux}\n  |> last()\n  |> keep(columns: ["_time", "_value", "metric"])')
        newest: dict[str, Point] = {}
        for row in rows(answer):
            point = Point(moment(microseconds(row["_time"])), float(row["_value"]))
            known = newest.get(row["metric"])
            if known is None or known.at < point.at:
                newest[row["metric"]] = point
        return newest

    def devices(self) -> list[int]:
        """Every device that has a point, by id."""
        answer = self._connection.ask(
            'import "influxdata/influxdb/schema"\n'
            f'schema.tagValues(bucket: {text(self._names.bucket)}, tag: "device", '
            f'predicate: (r) => r._measurement == "{MEASUREMENT}" and r.centre == "{self._names.centre}", '
            f"start: {instant(EARLIEST)}, stop: {instant(LATEST)})"
        )
        return sorted(int(row["_value"]) for row in rows(answer))

    def delete_before(self, at: datetime) -> int:
        """Delete points older than `at`; how many they were."""
        counted = self._connection.run(
            f"from(bucket: {text(self._names.bucket)})\n  |> range(start: {instant(EARLIEST)}, stop: {instant(at)})\n"
            f'  |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r.centre == "{self._names.centre}")\n'
            "  |> count()\n  |> group()\n  |> sum()"
        )
        old = sum(int(row["_value"]) for row in rows(counted))
        if old:
            # The end of a deletion is part of it.
            last = instant(at - timedelta(microseconds=1))
            self._connection.delete(instant(EARLIEST), last, f'_measurement="{MEASUREMENT}" AND centre="{self._names.centre}"')
        return old

    def check(self) -> None:
        """Raise `StoreAwayError` when the store cannot be written now."""
        self._connection.check()

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()
