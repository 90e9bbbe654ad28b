"""One lane at work: drain what is there, commit once, acknowledge in order.

Low load gives low latency and high load large batches, with no timer. A batch is retried until it is committed; only then
is it acknowledged. A message that fails alone is quarantined with its payload and acknowledged, so that it never stops the
next one; when the store is away nothing is acknowledged, the queue fills, and the broker keeps the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from prometheus_client import Counter, Histogram

from alerts.holding import LeaseUnsureError
from alerts.leases import LeaseLostError
from alerts.poison import STORE_IS_AWAY
from core.clock import Clock
from core.failpoints import reach
from ingest.source import Delivery, LaneSource

log = structlog.get_logger()

batch_messages = Histogram(
    "yinling_batch_messages", "Messages committed at once.", ["lane"], buckets=(1, 2, 5, 10, 50, 100, 500, 1000, 5000)
)
batch_seconds = Histogram("yinling_batch_seconds", "From taking a batch to its acknowledgement.", ["lane"])
store_away_total = Counter("yinling_store_away_total", "Batches that had to wait because the relational store refused.", ["lane"])

_TAKE_WAIT_SECONDS = 0.5
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
# A statement too large for the store looks like a store that is away; alone, each message may pass.
_SPLIT_AFTER = 6


class Handler(Protocol):
    """Commits a batch, or raises and leaves nothing behind."""

    def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Everything up to the acknowledgement."""
        ...

    def quarantine(self, delivery: Delivery, error: Exception) -> None:
        """Set one message aside, counted and shown."""
        ...


class LaneLoop:
    """The thread of one lane. `failed` is set when it must not go on; the process then ends and is started again."""

    def __init__(
        self, source: LaneSource, handler: Handler, clock: Clock, *, most: int, on_failure: Callable[[BaseException], None]
    ) -> None:
        self._source = source
        self._handler = handler
        self._clock = clock
        self._most = most
        self._on_failure = on_failure
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lane-{source.lane}", daemon=True)

    def start(self) -> None:
        """Begin to drain."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand and end."""
        self._stopping.set()
        self._thread.join(10)

    @property
    def is_alive(self) -> bool:
        """Whether the lane is being drained."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                batch = self._source.take(self._most, _TAKE_WAIT_SECONDS)
                if batch:
                    self._work(batch)
        except LeaseLostError as error:  # said by who hears of it; nothing is wrong with this thread
            self._on_failure(error)
        except BaseException as error:  # the process must hear of it, whatever it is
            self._on_failure(error)
            raise

    def _work(self, batch: list[Delivery]) -> None:
        started = self._clock.monotonic_seconds()
        reach("ingest.received")
        if not self._commit(batch):
            return
        self._source.acknowledge(batch)
        reach("ingest.after_acknowledge")
        batch_messages.labels(self._source.lane).observe(len(batch))
        batch_seconds.labels(self._source.lane).observe(self._clock.monotonic_seconds() - started)

    def _commit(self, batch: list[Delivery]) -> bool:
        """Commit the batch, waiting for the store as long as it takes; False when stopped before."""
        pause_seconds = _FIRST_PAUSE_SECONDS
        refusals = 0
        while not self._stopping.is_set():
            try:
                self._handler.handle(batch)
            except LeaseLostError:
                raise
            except (*STORE_IS_AWAY, LeaseUnsureError) as error:
                store_away_total.labels(self._source.lane).inc()
                log.warning("store_away", lane=self._source.lane, error=str(getattr(error, "orig", error)))
                self._stopping.wait(pause_seconds)
                pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
                refusals += 1
                if refusals == _SPLIT_AFTER and len(batch) > 1:
                    return all(self._commit([delivery]) for delivery in batch)
            except Exception as error:
                if len(batch) == 1:
                    log.exception("message_quarantined", lane=self._source.lane, topic=batch[0].topic)
                    self._handler.quarantine(batch[0], error)
                    return True
                log.warning("batch_split", lane=self._source.lane, messages=len(batch), error=repr(error))
                return all(self._commit([delivery]) for delivery in batch)
            else:
                return True
        return False
