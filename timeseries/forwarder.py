"""Readings on their way to a store across the network: always through the spool, which a thread of its own brings there.

`record` returns when the readings are synced on disk and never waits for the store, however it hangs: no alarm is late for
it. The thread writes oldest first in large batches, a second after the first of them came, and removes a segment after it
was written. While the store is away the place in the spool stays, and the pauses grow, with jitter so that several workers
do not knock together. A store that locks us out is tried once a minute, and `locked_out` says why. A process killed
anywhere writes some points again, which changes nothing.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

import structlog

from core.clock import Clock
from timeseries.ports import ReadingStore, StoreAwayError, StoredReading, StoreLockedOutError
from timeseries.recorder import Recorder, spool_bytes
from timeseries.spool import Spool

log = structlog.get_logger()

BATCH_READINGS = 5_000
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_LOCKED_OUT_PAUSE_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_GATHER_SECONDS = 1.0
"""What comes within this of the first reading goes in one write: where homes say little, a write each would cost the store most."""
_STOP_SECONDS = 15.0


class Forwarder(Recorder):
    """A `Recorder` whose store is written by its own thread, from `start` to `close`."""

    def __init__(self, store: ReadingStore, spool: Spool, clock: Clock) -> None:
        super().__init__(store, spool, clock)
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._locked_out: str | None = None
        self._place: tuple[Path, int] | None = None
        """How many readings of the oldest segment are in the store."""
        self._thread = self._new_thread()

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    @property
    def locked_out(self) -> str | None:
        """Why the store lets nobody in until a person has put it right; None while that is not so."""
        return self._locked_out

    def record(self, readings: Sequence[StoredReading]) -> None:
        """Keep every reading in the spool, synced."""
        if readings:
            with self._lock:
                self._keep(readings)
            self._news.set()

    def drain(self) -> int:
        """The chore beside the lanes: nothing but a look whether the thread lives, since it does the work.

        One that ended is started again, and told as a chore that failed: no alarm is to suffer for it.
        """
        if not self._thread.is_alive() and not self._stopping.is_set():
            self._thread = self._new_thread()
            self._thread.start()
            raise RuntimeError("the thread that forwards readings had ended and was started again")
        return 0

    def delete_before(self, at: datetime) -> int:  # noqa: ARG002 the store's own business
        """Nothing: the store across the network forgets by the retention of its buckets."""
        return 0

    def close(self) -> None:
        """End after the write at hand; what is left in the spool is forwarded by the next start."""
        self._stopping.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        super().close()

    def forward(self) -> float:
        """Bring what is spooled into the store until it is empty or the store refuses; seconds to wait then."""
        try:
            while not self._stopping.is_set() and self._forward_segment():
                self._came_back()
        except StoreLockedOutError as error:
            self._away, self._locked_out = True, str(error.details.get("reason"))
            log.warning("readings_store_locked_out", reason=self._locked_out)
            return _LOCKED_OUT_PAUSE_SECONDS
        except (StoreAwayError, OSError) as error:
            log.warning("readings_store_away", reason=str(error))
            self._away = True
            return self._pause_after(error)
        return 0.0

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="readings-forwarder", daemon=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._news.wait(_LOOK_SECONDS):
                self._stopping.wait(_GATHER_SECONDS)
            self._news.clear()
            wait_seconds = self.forward()
            if wait_seconds:
                self._stopping.wait(wait_seconds)

    def _forward_segment(self) -> bool:
        """The oldest segment into the store; False when there was none."""
        segment = self._spool.oldest()
        if segment is None:
            return False
        path, batches = segment
        done = self._place[1] if self._place is not None and self._place[0] == path else 0
        rest = islice(chain.from_iterable(batches), done, None)
        while batch := list(islice(rest, BATCH_READINGS)):
            self._writer.write(batch)
            done += len(batch)
            self._place = (path, done)
        self._spool.remove(path)
        with self._lock:  # whoever records meanwhile tells a size of its own moment
            spool_bytes.set(self._spool.size_bytes)
        return True

    def _came_back(self) -> None:
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        if self._away:
            log.info("readings_store_back", spooled_bytes=self._spool.size_bytes)
        self._away, self._locked_out = False, None

    def _pause_after(self, error: Exception) -> float:
        pause_seconds = self._pause_seconds
        self._pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
        asked = error.details.get("retry_after_seconds") if isinstance(error, StoreAwayError) else None
        # Jitter spreads workers that lost the store in the same moment; it is no secret.
        return max(pause_seconds * random.uniform(0.5, 1.0), float(asked or 0.0))  # noqa: S311
