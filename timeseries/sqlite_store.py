"""The embedded store of readings: one SQLite file of its own, clustered by series and time.

A series is a device's metric. Points lie in a table without row ids, so that a day of one series is one stretch of pages. A
write returns once it is synced to disk; a process killed inside it leaves the whole batch or none.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.database import BUSY_TIMEOUT_SECONDS, sqlite_journal_mode, sqlite_module
from timeseries.ports import Point, RangeError, ReadingStore, StoreAwayError, StoredReading, StoreRefusedError
from timeseries.sampling import Sample, downsample

MOST_POINTS = 10_000
"""Nobody draws more."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DELETE_SLICE = 20_000
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    home_id INTEGER NOT NULL,
    device_id INTEGER NOT NULL,
    metric TEXT NOT NULL,
    UNIQUE (device_id, metric)
);
CREATE TABLE IF NOT EXISTS points (
    series_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series_id, at)
) WITHOUT ROWID;
"""


class SqliteReadingStore:
    """The `ReadingStore` of one machine. One writing connection, guarded; one reading connection for each thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._module = sqlite_module()
        self._journal_mode = sqlite_journal_mode()
        self._lock = threading.Lock()
        self._series: dict[tuple[int, str], int] = {}
        self._readers = threading.local()
        self._open_connections: list[Any] = []
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()
            self._writer.executescript(_SCHEMA)
            self._writer.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")

    def write(self, readings: Sequence[StoredReading]) -> None:
        """Keep all readings in one transaction.

        Raises:
            StoreRefusedError: a value is not a number, which no later try will mend.
            StoreAwayError: the file is locked, full or gone.
        """
        for reading in readings:
            if not math.isfinite(reading.value):
                raise StoreRefusedError(metric=reading.metric, device=reading.device_id)
        with self._lock, self._translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                rows = [(self._series_id(reading), _microseconds(reading.at), reading.value) for reading in readings]
                self._writer.executemany("INSERT OR REPLACE INTO points (series_id, at, value) VALUES (?, ?, ?)", rows)
                self._writer.execute("COMMIT")
            except BaseException:
                self._series.clear()  # ids made in this transaction are gone with it
                with contextlib.suppress(self._module.Error):
                    self._writer.execute("ROLLBACK")
                raise

    def read(self, device_id: int, metric: str, start: datetime, end: datetime, points: int) -> list[Point]:
        """The series within [start, end), oldest first, at most `points`, extremes kept."""
        return self.read_many([device_id], [metric], start, end, points).get((device_id, metric), [])

    def read_many(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime, points: int
    ) -> dict[tuple[int, str], list[Point]]:
        """`read` for several series at once; series without a point in the range are left out."""
        if not 1 <= points <= MOST_POINTS:
            raise RangeError(points=points, most=MOST_POINTS)
        if start >= end:
            raise RangeError(start=start.isoformat(), end=end.isoformat())
        found: dict[tuple[int, str], list[Point]] = {}
        with self._translated():
            reader = self._reader()
            for series_id, device_id, metric in self._series_of(reader, device_ids, metrics):
                samples: list[Sample] = reader.execute(
                    "SELECT at, value FROM points WHERE series_id = ? AND at >= ? AND at < ? ORDER BY at",
                    (series_id, _microseconds(start), _microseconds(end)),
                ).fetchall()
                if samples:
                    found[device_id, metric] = [_point(sample) for sample in downsample(samples, points)]
        return found

    def latest(self, device_id: int) -> Mapping[str, Point]:
        """The newest point of each metric of a device."""
        query = """
            SELECT series.metric, points.at, points.value FROM series
            JOIN points ON points.series_id = series.id
                AND points.at = (SELECT MAX(at) FROM points WHERE series_id = series.id)
            WHERE series.device_id = ?
        """
        with self._translated():
            rows = self._reader().execute(query, (device_id,)).fetchall()
        return {metric: _point((at, value)) for metric, at, value in rows}

    def delete_before(self, at: datetime) -> int:
        """Delete points older than `at`, a slice of one series at a time, so that writers pass in between."""
        edge = _microseconds(at)
        with self._translated():
            series = [row[0] for row in self._reader().execute("SELECT id FROM series").fetchall()]
            return sum(self._delete_series_before(series_id, edge) for series_id in series)

    def check(self) -> None:
        """Raise `StoreAwayError` when the store cannot be written now."""
        with self._lock, self._translated():
            self._writer.execute("BEGIN IMMEDIATE")
            self._writer.execute("ROLLBACK")

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._open_connections:
                connection.close()
            self._open_connections.clear()

    def _delete_series_before(self, series_id: int, edge: int) -> int:
        deleted = 0
        query = """
            DELETE FROM points WHERE series_id = ? AND at IN
                (SELECT at FROM points WHERE series_id = ? AND at < ? ORDER BY at LIMIT ?)
        """
        while True:
            with self._lock:
                gone = self._writer.execute(query, (series_id, series_id, edge, _DELETE_SLICE)).rowcount
            deleted += gone
            if gone < _DELETE_SLICE:
                return deleted

    def _series_id(self, reading: StoredReading) -> int:
        key = (reading.device_id, reading.metric)
        known = self._series.get(key)
        if known is not None:
            return known
        self._writer.execute(
            "INSERT INTO series (home_id, device_id, metric) VALUES (?, ?, ?) "
            "ON CONFLICT (device_id, metric) DO UPDATE SET home_id = excluded.home_id",
            (reading.home_id, reading.device_id, reading.metric),
        )
        row = self._writer.execute("SELECT id FROM series WHERE device_id = ? AND metric = ?", key).fetchone()
        series_id = int(row[0])
        self._series[key] = series_id
        return series_id

    @staticmethod
    def _series_of(reader: Any, device_ids: Sequence[int], metrics: Sequence[str]) -> list[tuple[int, int, str]]:
        wanted = set(metrics)
        rows: list[tuple[int, int, str]] = []
        for device_id in device_ids:
            rows += reader.execute("SELECT id, device_id, metric FROM series WHERE device_id = ?", (device_id,)).fetchall()
        return [row for row in rows if row[2] in wanted]

    def _reader(self) -> Any:
        connection = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = self._connect()
        return connection

    def _connect(self) -> Any:
        connection = self._module.connect(
            str(self._path), timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma in (f"journal_mode={self._journal_mode}", "synchronous=FULL", "mmap_size=0", "cache_size=-20000"):
            connection.execute(f"PRAGMA {pragma}")
        self._open_connections.append(connection)
        return connection

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (self._module.Error, OSError) as error:
            raise StoreAwayError(reason=str(error)) from error


def open_store(path: Path) -> ReadingStore:
    """The store of readings in this file, made when it is not there."""
    return SqliteReadingStore(path)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _point(sample: Sample) -> Point:
    return Point(_EPOCH + timedelta(microseconds=sample[0]), sample[1])
