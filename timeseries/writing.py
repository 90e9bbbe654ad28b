"""One write to a store of readings: timed, counted, and halved until the reading that it will never take is found.

That one is set aside, counted and logged; it never stops the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from prometheus_client import Counter, Histogram

from core.clock import Clock
from timeseries.ports import ReadingStore, StoreAwayError, StoredReading, StoreLockedOutError, StoreRefusedError

log = structlog.get_logger()

stored_total = Counter("yinling_readings_stored_total", "Readings written to the store.")
refused_total = Counter("yinling_readings_refused_total", "Readings the store will never take, set aside.")
write_seconds = Histogram("yinling_readings_write_seconds", "Time of one write to the store of readings that succeeded.")
write_failures_total = Counter("yinling_readings_write_failures_total", "Writes to the store of readings that failed.", ["reason"])


class Writer:
    """Writes what can be written; raises StoreAwayError when nothing can."""

    def __init__(self, store: ReadingStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def write(self, readings: Sequence[StoredReading]) -> None:
        """Keep all but those the store will never take."""
        began_seconds = self._clock.monotonic_seconds()
        try:
            self._store.write(readings)
        except StoreRefusedError as error:
            write_failures_total.labels("refused").inc()
            self._halve(readings, error)
        except StoreLockedOutError:
            write_failures_total.labels("locked_out").inc()
            raise
        except StoreAwayError:
            write_failures_total.labels("away").inc()
            raise
        else:
            write_seconds.observe(self._clock.monotonic_seconds() - began_seconds)
            stored_total.inc(len(readings))

    def _halve(self, readings: Sequence[StoredReading], error: StoreRefusedError) -> None:
        if len(readings) == 1:
            log.warning("reading_refused", reading=str(readings[0]), reason=str(error))
            refused_total.inc()
            return
        half = len(readings) // 2
        self.write(readings[:half])
        self.write(readings[half:])
