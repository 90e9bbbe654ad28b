"""The embedded store of readings: one SQLite file of its own, clustered by series and time.

A write returns once it is synced to disk; a process killed inside it leaves the whole batch or none. The file is opened at
the first use and again after every failure, so a file that is locked, full or gone keeps nobody from starting: the store
is away then, and alarms go on.
"""

from __future__ import annotations

import contextlib
import heapq
import math
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.database import sqlite_module
from timeseries.ports import Point, StoreAwayError, StoredReading, StoreRefusedError, check_range
from timeseries.sampling import Sample, buckets, extremes
from timeseries.sqlite_schema import connector

# Whoever writes holds up the acknowledgement of a batch: better spool soon than wait for a lock.
_WRITE_WAIT_SECONDS = 0.5
_READ_WAIT_SECONDS = 5.0
_SCAN_SLICE = 1_000
_DELETE_SLICE = 5_000
_DELETE_SERIES = 500
_PAUSE_SECONDS = 0.001
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Series = tuple[int, int, int, str]
"""(series id, home id, device id, metric)."""
_IN_RANGE = "FROM points WHERE series_id = ? AND at >= ? AND at < ?"


class SqliteReadingStore:
    """The `ReadingStore` of one machine. One writing connection, guarded; one reading connection for each thread."""

    def __init__(self, path: Path) -> None:
        self._module = sqlite_module()
        self._connect = connector(path)
        self._lock = threading.Lock()
        self._writer: Any = None
        self._series: dict[tuple[int, str], int] = {}
        self._readers = threading.local()
        self._open_readers: list[Any] = []

    def write(self, readings: Sequence[StoredReading]) -> None:
        """Keep all readings in one transaction.

        Raises:
            StoreRefusedError: a reading that no later try will make acceptable is among them.
            StoreAwayError: the file is locked, full or gone.
        """
        if not readings:
            return
        for reading in readings:
            if reading.value.__class__ not in (float, int) or not math.isfinite(reading.value):
                raise StoreRefusedError(metric=reading.metric, device=reading.device_id)
        with self._writing() as writer:
            rows = [(self._series_id(writer, reading), _microseconds(reading.at), reading.value) for reading in readings]
            writer.executemany("INSERT OR REPLACE INTO points (series_id, at, value) VALUES (?, ?, ?)", rows)

    def read(self, device_id: int, metric: str, start: datetime, end: datetime, points: int) -> list[Point]:
        """The series within [start, end), oldest first, at most `points`, extremes kept."""
        return self.read_many([device_id], [metric], start, end, points).get((device_id, metric), [])

    def read_many(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime, points: int
    ) -> dict[tuple[int, str], list[Point]]:
        """`read` for several series at once; series without a point in the range are left out. Raises RangeError."""
        check_range(start, end, points)
        found: dict[tuple[int, str], list[Point]] = {}
        with self._reading() as reader:
            for series_id, _, device_id, metric in _series_of(reader, device_ids, metrics):
                samples = _samples(reader, series_id, _microseconds(start), _microseconds(end), points)
                if samples:
                    found[device_id, metric] = [_point(sample) for sample in samples]
        return found

    def scan(
        self, device_ids: Sequence[int], metrics: Collection[str] | None, start: datetime, end: datetime
    ) -> Iterator[StoredReading]:
        """Every point within [start, end) of these devices, by time, then device, then metric; read in slices."""
        with self._reading() as reader:
            series = _series_of(reader, device_ids, metrics)
        span = (_microseconds(start), _microseconds(end))
        for at, device_id, metric, value, home_id in heapq.merge(*(self._scan_one(one, *span) for one in series)):
            yield StoredReading(home_id, device_id, metric, _EPOCH + timedelta(microseconds=at), value)

    def _scan_one(self, series: _Series, start: int, end: int) -> Iterator[tuple[int, int, str, float, int]]:
        series_id, home_id, device_id, metric = series
        rows: list[Sample] = []
        while not rows or len(rows) == _SCAN_SLICE:
            since = rows[-1][0] + 1 if rows else start
            with self._reading() as reader:
                rows = reader.execute(
                    f"SELECT at, value {_IN_RANGE} ORDER BY at LIMIT {_SCAN_SLICE}", (series_id, since, end)
                ).fetchall()
            for at, value in rows:
                yield at, device_id, metric, value, home_id
            if not rows:
                return

    def latest(self, device_id: int) -> Mapping[str, Point]:
        """The newest point of each metric of a device."""
        query = """
            SELECT series.metric, points.at, points.value FROM series
            JOIN points ON points.series_id = series.id
                AND points.at = (SELECT MAX(at) FROM points WHERE series_id = series.id)
            WHERE series.device_id = ?
        """
        with self._reading() as reader:
            rows = reader.execute(query, (device_id,)).fetchall()
        return {metric: _point((at, value)) for metric, at, value in rows}

    def devices(self) -> list[int]:
        """Every device that has a point, by id."""
        query = (
            "SELECT DISTINCT device_id FROM series WHERE EXISTS "
            "(SELECT 1 FROM points WHERE series_id = series.id) ORDER BY device_id"
        )
        with self._reading() as reader:
            return [row[0] for row in reader.execute(query)]

    def delete_before(self, at: datetime) -> int:
        """Delete points older than `at`, in slices, so that writers pass in between."""
        edge = _microseconds(at)
        deleted = 0
        resume: int | None = 0
        while resume is not None:
            with self._writing() as writer:
                gone, resume = _delete_slice(writer, resume, edge)
            deleted += gone
            time.sleep(_PAUSE_SECONDS)
        return deleted

    def check(self) -> None:
        """Raise `StoreAwayError` when the store cannot be written now."""
        with self._writing():
            pass

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in (*self._open_readers, self._writer):
                if connection is not None:
                    connection.close()
            self._open_readers.clear()
            self._writer = None
            self._readers = threading.local()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Any]:
        """The writing connection inside a transaction; whatever fails leaves nothing behind and opens the file anew next time."""
        with self._lock:
            try:
                if self._writer is None:
                    self._writer = self._connect(_WRITE_WAIT_SECONDS)
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                self._series.clear()  # ids made in this transaction are gone with it
                writer, self._writer = self._writer, None
                if writer is not None:
                    with contextlib.suppress(self._module.Error):
                        writer.close()
                if isinstance(error, self._module.IntegrityError | self._module.DataError | OverflowError | TypeError):
                    raise StoreRefusedError(reason=str(error)) from error
                if isinstance(error, self._module.Error | OSError):
                    raise StoreAwayError(reason=str(error)) from error
                raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Any]:
        """This thread's reading connection, seeing one moment."""
        try:
            reader = getattr(self._readers, "connection", None)
            if reader is None:
                reader = self._readers.connection = self._connect(_READ_WAIT_SECONDS)
                self._open_readers.append(reader)
            reader.execute("BEGIN")
            try:
                yield reader
            finally:
                reader.execute("ROLLBACK")
        except (self._module.Error, OSError) as error:
            self._readers.connection = None
            raise StoreAwayError(reason=str(error)) from error

    def _series_id(self, writer: Any, reading: StoredReading) -> int:
        key = (reading.device_id, reading.metric)
        known = self._series.get(key)
        if known is not None:
            return known
        writer.execute(
            "INSERT INTO series (home_id, device_id, metric) VALUES (?, ?, ?) "
            "ON CONFLICT (device_id, metric) DO UPDATE SET home_id = excluded.home_id",
            (reading.home_id, reading.device_id, reading.metric),
        )
        made: int = writer.execute("SELECT id FROM series WHERE device_id = ? AND metric = ?", key).fetchone()[0]
        self._series[key] = made
        return made


def _series_of(reader: Any, device_ids: Sequence[int], metrics: Collection[str] | None) -> list[_Series]:
    wanted = None if metrics is None else frozenset(metrics)
    rows: list[_Series] = []
    for device_id in device_ids:
        rows += reader.execute("SELECT id, home_id, device_id, metric FROM series WHERE device_id = ?", (device_id,)).fetchall()
    return [row for row in rows if wanted is None or row[3] in wanted]


def _samples(reader: Any, series_id: int, start: int, end: int, points: int) -> list[Sample]:
    within = (series_id, start, end)
    samples: list[Sample] = reader.execute(f"SELECT at, value {_IN_RANGE} ORDER BY at LIMIT ?", (*within, points + 1)).fetchall()
    if len(samples) <= points:
        return samples
    last: Sample = reader.execute(f"SELECT at, value {_IN_RANGE} ORDER BY at DESC LIMIT 1", within).fetchone()
    if points == 1:
        return [last]
    kept: list[Sample] = []
    for since, until in buckets(samples[0][0], last[0], points):
        # SQLite gives the other columns of the row that MIN or MAX came from.
        lowest: Sample = reader.execute(f"SELECT at, MIN(value) {_IN_RANGE}", (series_id, since, until)).fetchone()
        if lowest[0] is not None:
            highest: Sample = reader.execute(f"SELECT at, MAX(value) {_IN_RANGE}", (series_id, since, until)).fetchone()
            kept += extremes(lowest, highest)
    return kept


def _delete_slice(writer: Any, resume: int, edge: int) -> tuple[int, int | None]:
    """Delete up to a slice of old points from the series `resume` on; how many, and the series to go on with."""
    series = writer.execute("SELECT id FROM series WHERE id >= ? ORDER BY id LIMIT ?", (resume, _DELETE_SERIES)).fetchall()
    query = (
        "DELETE FROM points WHERE series_id = ? AND at IN "
        "(SELECT at FROM points WHERE series_id = ? AND at < ? ORDER BY at LIMIT ?)"
    )
    deleted = 0
    for (series_id,) in series:
        deleted += writer.execute(query, (series_id, series_id, edge, _DELETE_SLICE - deleted)).rowcount
        if deleted >= _DELETE_SLICE:
            return deleted, series_id
    return deleted, series[-1][0] + 1 if len(series) == _DELETE_SERIES else None


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _point(sample: Sample) -> Point:
    return Point(_EPOCH + timedelta(microseconds=sample[0]), sample[1])
