"""Readings on their way into the store: written through, or spooled on disk when the store refuses.

`record` returns only when every reading is in the store or synced in the spool, or was refused for good and counted; so the
caller may acknowledge. `drain` brings the spool into the store, oldest first. A process killed after a drain and before the
segment was removed writes the same points again, which changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import structlog
from prometheus_client import Counter, Gauge

from core.clock import Clock
from timeseries.ports import ReadingStore, StoreAwayError, StoredReading
from timeseries.spool import Spool
from timeseries.writing import Writer

log = structlog.get_logger()

spooled_total = Counter("yinling_readings_spooled_total", "Readings kept in the spool because the store refused.")
dropped_total = Counter("yinling_readings_dropped_total", "Readings dropped because the spool was full or the disk refused.")
spool_bytes = Gauge("yinling_spool_bytes", "Size of the spool on disk.")

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_SMALL_REST_BYTES = 1024 * 1024


class Recorder:
    """Store and spool as one. `record` and `drain` may be called from different threads."""

    def __init__(self, store: ReadingStore, spool: Spool, clock: Clock) -> None:
        self._store = store
        self._writer = Writer(store, clock)
        self._spool = spool
        self._clock = clock
        self._lock = threading.Lock()
        self._away = spool.size_bytes > 0
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._retry_at_seconds = 0.0
        spool_bytes.set(spool.size_bytes)

    @property
    def is_away(self) -> bool:
        """Whether readings go to the spool now."""
        return self._away

    def health(self) -> str:
        """`ok`, or `spooling` while the store refuses or the spool is not drained."""
        return "spooling" if self._away else "ok"

    @property
    def spooled_bytes(self) -> int:
        """What waits on disk."""
        return self._spool.size_bytes

    @property
    def locked_out(self) -> str | None:
        """Why the store lets nobody in until a person has put it right; None while that is not so."""
        return None

    def record(self, readings: Sequence[StoredReading]) -> None:
        """Keep every reading, in the store or in the spool."""
        if not readings:
            return
        with self._lock:
            if not self._away:
                try:
                    self._writer.write(readings)
                except StoreAwayError as error:
                    log.warning("readings_store_away", reason=str(error))
                    self._away = True
                    self._back_off()
                else:
                    return
            self._keep(readings)

    def drain(self) -> int:
        """Bring one segment of the spool into the store when it is time to try; the readings written.

        While much is left, new readings go on being spooled beside it. The last small rest is drained with `record` held
        back for that moment, so that a steady stream of readings cannot keep the spool in use for ever.
        """
        with self._lock:
            if not self._away or self._clock.monotonic_seconds() < self._retry_at_seconds:
                return 0
            if self._spool.size_bytes <= _SMALL_REST_BYTES:
                return self._drain_rest()
        written = self._drain_segment()
        return written or 0

    def _drain_rest(self) -> int:
        total = 0
        while (written := self._drain_segment()) is not None:
            total += written
            if self._spool.size_bytes == 0:
                self._away = False
                log.info("readings_store_back")
                break
        return total

    def _drain_segment(self) -> int | None:
        """One segment into the store; None when the store is still away, 0 when the spool was empty."""
        try:
            segment = self._spool.oldest()
            if segment is None:
                return 0
            path, batches = segment
            for batch in batches:
                self._writer.write(batch)
        except (StoreAwayError, OSError) as error:
            log.warning("readings_store_still_away", reason=str(error))
            self._back_off()
            return None
        self._spool.remove(path)
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        spool_bytes.set(self._spool.size_bytes)
        return sum(len(batch) for batch in batches)

    def scan(
        self, device_ids: Sequence[int], metrics: Collection[str] | None, start: datetime, end: datetime
    ) -> Iterator[StoredReading]:
        """What the store has within [start, end), as `ReadingStore.scan`; what is still spooled is not in it."""
        return self._store.scan(device_ids, metrics, start, end)

    def delete_before(self, at: datetime) -> int:
        """Retention: delete stored readings older than `at`."""
        return self._store.delete_before(at)

    def close(self) -> None:
        """Close the store; the spool is on disk already."""
        self._store.close()

    def _keep(self, readings: Sequence[StoredReading]) -> None:
        dropped = self._spool.dropped_readings
        try:
            self._spool.append(readings)
        except OSError as error:
            # The disk itself refuses: telemetry is dropped, counted, and alarms go on (invariant 11).
            log.warning("spool_refused", reason=str(error), readings=len(readings))
            dropped_total.inc(len(readings))
            return
        spooled_total.inc(len(readings))
        dropped_total.inc(self._spool.dropped_readings - dropped)
        spool_bytes.set(self._spool.size_bytes)

    def _back_off(self) -> None:
        self._retry_at_seconds = self._clock.monotonic_seconds() + self._pause_seconds
        self._pause_seconds = min(self._pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
