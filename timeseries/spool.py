"""A bounded queue of readings on disk, for the time the store refuses.

Segments are append-only files of records; each record is a length, a checksum and a batch of readings, and `append` returns
after the file was synced. A record torn by a death is recognised and ends its segment. When the spool is full the oldest
segment goes, counted: telemetry may be lost then, acknowledgements are never withheld for it (invariant 11).
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson
import structlog

from core.failpoints import reach
from timeseries.ports import StoredReading

log = structlog.get_logger()

_HEADER = struct.Struct("<II")
_SUFFIX = ".spool"
_SEGMENTS = 16
"""A full spool loses one sixteenth at a time."""


class Spool:
    """The spool in one folder, of one process. Safe between threads."""

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._segment_bytes = max(most_bytes // _SEGMENTS, 1)
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        names = self._segments()
        self._serial = int(names[-1].stem) + 1 if names else 0
        self.dropped_readings = 0
        """Readings dropped since this process began because the spool was full."""

    @property
    def size_bytes(self) -> int:
        """What it holds on disk."""
        return sum(path.stat().st_size for path in self._segments())

    def append(self, readings: Sequence[StoredReading]) -> None:
        """Keep a batch; synced when it returns. Raises OSError when the disk refuses."""
        body = orjson.dumps([[one.home_id, one.device_id, one.metric, one.at.isoformat(), one.value] for one in readings])
        record = _HEADER.pack(len(body), zlib.crc32(body)) + body
        reach("spool.before_append")
        with self._lock:
            self._make_room(len(record))
            path = self._current()
            is_new = not path.exists()
            with path.open("ab") as file:
                file.write(record)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                self._sync_folder()
        reach("spool.after_append")

    def oldest(self) -> tuple[Path, list[list[StoredReading]]] | None:
        """The oldest segment and its batches; None when the spool is empty. It is closed to further appends."""
        with self._lock:
            segments = self._segments()
            if not segments:
                return None
            path = segments[0]
            if path == self._current():
                self._serial += 1
        return path, _read_segment(path)

    def remove(self, segment: Path) -> None:
        """Forget a segment whose readings are in the store."""
        reach("spool.after_drain")
        with self._lock:
            segment.unlink(missing_ok=True)

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"))

    def _current(self) -> Path:
        path = self._folder / f"{self._serial:012d}{_SUFFIX}"
        if path.exists() and path.stat().st_size >= self._segment_bytes:
            self._serial += 1
            path = self._folder / f"{self._serial:012d}{_SUFFIX}"
        return path

    def _make_room(self, needed: int) -> None:
        while self._segments() and self.size_bytes + needed > self._most_bytes:
            oldest = self._segments()[0]
            lost = sum(len(batch) for batch in _read_segment(oldest))
            self.dropped_readings += lost
            log.warning("spool_full_dropped_oldest", readings=lost)
            oldest.unlink()

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read_segment(path: Path) -> list[list[StoredReading]]:
    """The whole batches of a segment, up to its first torn record."""
    data = path.read_bytes()
    batches: list[list[StoredReading]] = []
    position = 0
    while position + _HEADER.size <= len(data):
        length, checksum = _HEADER.unpack_from(data, position)
        body = data[position + _HEADER.size : position + _HEADER.size + length]
        if len(body) < length or zlib.crc32(body) != checksum:
            log.warning("spool_record_torn", segment=path.name, position=position)
            break
        batches.append(
            [
                StoredReading(home_id, device_id, metric, datetime.fromisoformat(at), value)
                for home_id, device_id, metric, at, value in orjson.loads(body)
            ]
        )
        position += _HEADER.size + length
    return batches
