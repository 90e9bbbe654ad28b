"""A bounded queue of readings on disk, for the time the store refuses.

Segments are append-only files; `append` returns after the file was synced. A process that dies tears at most the record it
was writing; its successor begins a new segment, and so does an append after a disk error, so nothing is ever written behind
a torn record. When the spool is full the oldest segment goes, counted: telemetry may be lost then, acknowledgements are never
withheld for it (invariant 11).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from core.failpoints import reach
from timeseries import segments
from timeseries.ports import StoredReading

log = structlog.get_logger()

_SUFFIX = ".spool"
_SEGMENTS = 16
"""A full spool loses at most this part of itself at a time."""
_LARGEST_SEGMENT_BYTES = 1024 * 1024
"""What is brought back into the store at a time, so that nothing waits long behind it."""


class Spool:
    """The spool in one folder, of one process. Safe between threads."""

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._segment_bytes = max(min(most_bytes // _SEGMENTS, _LARGEST_SEGMENT_BYTES), 1)
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._sizes = {path: path.stat().st_size for path in sorted(folder.glob(f"*{_SUFFIX}"))}
        """Size of each segment, oldest first."""
        self._serial = max((int(path.stem) for path in self._sizes), default=0) + 1
        self.dropped_readings = 0
        """Readings dropped since this process began because the spool was full."""

    @property
    def size_bytes(self) -> int:
        """What it holds on disk."""
        with self._lock:
            return sum(self._sizes.values())

    def append(self, readings: Sequence[StoredReading]) -> None:
        """Keep a batch; synced when it returns. Raises OSError when the disk refuses, and then nothing of it is kept."""
        if not readings:
            return
        record = segments.pack(readings)
        if len(record) > self._most_bytes:
            self._append_halves(readings)
            return
        reach("spool.before_append")
        with self._lock:
            self._make_room(len(record))
            self._write(record)
        reach("spool.after_append")

    def oldest(self) -> tuple[Path, list[list[StoredReading]]] | None:
        """The oldest segment and its batches; None when the spool is empty. Nothing is appended to it any more."""
        found = self._read_oldest()
        if found is None:
            return None
        path, data = found  # whoever appends meanwhile does not wait for this to be understood
        return path, segments.unpack(data, path.name)

    def remove(self, segment: Path) -> None:
        """Forget a segment whose readings are in the store."""
        reach("spool.after_drain")
        with self._lock:
            segment.unlink(missing_ok=True)
            self._sizes.pop(segment, None)

    def _read_oldest(self) -> tuple[Path, bytes] | None:
        with self._lock:
            for path in list(self._sizes):
                if path == self._path():
                    self._serial += 1
                try:
                    return path, path.read_bytes()
                except FileNotFoundError:  # somebody cleared the folder
                    del self._sizes[path]
        return None

    def _append_halves(self, readings: Sequence[StoredReading]) -> None:
        if len(readings) == 1:
            self.dropped_readings += 1  # a spool that is smaller than one reading
            return
        half = len(readings) // 2
        self.append(readings[:half])
        self.append(readings[half:])

    def _path(self) -> Path:
        return self._folder / f"{self._serial:012d}{_SUFFIX}"

    def _write(self, record: bytes) -> None:
        path = self._path()
        if self._sizes.get(path, 0) >= self._segment_bytes:
            self._serial += 1
            path = self._path()
        is_new = path not in self._sizes
        before = self._sizes.get(path, 0)
        try:
            with path.open("ab") as file:
                file.write(record)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                self._sync_folder()
        except OSError:
            self._serial += 1
            self._take_back(path, before)
            raise
        self._sizes[path] = before + len(record)

    def _take_back(self, path: Path, size: int) -> None:
        """Undo a torn append where the disk still lets us; where not, its checksum ends the segment there."""
        try:
            if size:
                os.truncate(path, size)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("spool_record_torn", segment=path.name, position=size, reason=str(error))

    def _make_room(self, needed: int) -> None:
        while self._sizes and sum(self._sizes.values()) + needed > self._most_bytes:
            oldest = next(iter(self._sizes))
            if oldest == self._path():
                self._serial += 1
            lost = _count(oldest)
            oldest.unlink(missing_ok=True)
            del self._sizes[oldest]
            self.dropped_readings += lost
            log.error("spool_full_dropped_oldest", readings=lost)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _count(segment: Path) -> int:
    try:
        return segments.count(segment)
    except OSError as error:  # nobody can read what is in it any more
        log.warning("spool_segment_unreadable", segment=segment.name, reason=str(error))
        return 0
