"""An ingest worker without a partition: it waits for one that is nobody's, and says how it is meanwhile.

It answers under the name `ingest-spare`, is counted on `/metrics`, and is well while it can look at the leases: one that
could not take over when it is needed must not be found out then. Meanwhile it does what needs no partition: it tells what its
machine's broker node refused, and puts out devices that may not be in any more. It holds nothing, so its death loses nothing.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import prometheus_client
import structlog
from prometheus_client import Gauge

from alerts.holding import HeldLease, Waiting, lease_one
from alerts.leases import LAPSE_SECONDS, LOOK_SECONDS, Duty
from core.bus import Bus
from core.clock import Clock, SystemClock
from core.config import Settings
from core.database import Database
from core.ending import end_for_certain
from core.machine import process_mark
from ingest.broker import load_or_create_secrets, nats_context, nats_servers
from ingest.broker_side import BrokerSide, pass_on

log = structlog.get_logger()

SPARE = "ingest-spare"

spare = Gauge("yinling_ingest_spare", "1 while this process waits for a partition of homes that is nobody's.")

_MACHINE = SystemClock()
_STALLED_SECONDS = 20 * LOOK_SECONDS


class StandBy:
    """Waits for one of these partitions. `wait` blocks until it has one, which it renews, or is told to stop by a signal."""

    def __init__(self, settings: Settings, clock: Clock, database: Database, duties: Sequence[Duty]) -> None:
        self._settings = settings
        self._clock = clock
        self._database = database
        self._duties = duties
        self._stopping = threading.Event()
        self._failed = False
        self._store = "ok"
        self._looked_seconds = _MACHINE.monotonic_seconds()

    def wait(self) -> HeldLease | None:
        """The lease of a partition; None when told to stop."""
        return asyncio.run(self._main())

    async def _main(self) -> HeldLease | None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        working: list[asyncio.Task[None]] = []

        def waits() -> None:
            if not working:
                working.append(loop.create_task(self._work()))
                working[0].add_done_callback(self._ended)

        def looked(store_answers: bool) -> None:
            self._store = "ok" if store_answers else "away"
            self._looked_seconds = _MACHINE.monotonic_seconds()
            loop.call_soon_threadsafe(waits)

        try:
            held = await asyncio.to_thread(self._lease_one, looked)
        finally:
            spare.set(0)
            last = end_for_certain(2 * LAPSE_SECONDS)  # a lease in the hands of one that hangs is nobody's
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            last.cancel()
        if held is not None and self._stopping.is_set():
            held.stop()
            held = None
        if self._failed:
            raise SystemExit(1)
        return held

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("edge_failed", error=repr(task.exception()))
            self._failed = True
            self._stopping.set()

    def _lease_one(self, looked: Callable[[bool], None]) -> HeldLease | None:
        held = lease_one(self._database, self._clock, self._duties, "ingest", waiting=Waiting(self._stopping, looked))
        if held is not None:
            held.start()
        return held

    async def _work(self) -> None:
        """Say how it is, to whoever asks, and do beside the broker what needs no partition; until cancelled."""
        settings = self._settings
        password = load_or_create_secrets(settings).password
        bus = Bus(nats_servers(settings), user="yinling", password=password, name=SPARE, tls=nats_context(settings))
        side = BrokerSide(settings, self._database, self._clock, on_grave=lambda refusal: pass_on(bus, refusal))
        spare.set(1)
        await bus.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(bus.answer_status(self.status))
                tasks.create_task(side.run(every_node=False))
        finally:
            await bus.stop()

    def status(self) -> Mapping[str, Any]:
        """What `/metrics` and `yinling health` are told."""
        looks = _MACHINE.monotonic_seconds() - self._looked_seconds < _STALLED_SECONDS
        store = self._store if looks else "stalled"
        return {
            "process": SPARE,
            "machine": process_mark(),
            "state": "spare",
            "waits_for": [duty.name for duty in self._duties],
            "ready": store == "ok",
            "checks": {"database": store},
            "metrics": prometheus_client.generate_latest().decode(),
        }


__all__ = ["SPARE", "StandBy"]
