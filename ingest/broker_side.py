"""What every ingest process does beside the broker, whether it has a partition or stands by for one.

It keeps the directory of sign-ins, puts out who may not be in any more, and counts what the broker refused. A grave refusal
needs a writer: who has none passes it on over the bus, and any one worker raises it. One that is lost is told by the
device's next try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import orjson
from nats.aio.msg import Msg

from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.database import Database
from ingest.broker_secrets import load_or_create_secrets
from ingest.directory import DatabaseDirectory, Gone
from ingest.refusals import Refusal, RefusalLedger, RefusalReason
from ingest.watch import BrokerWatch

REFUSED = "yinling.refused"
_WORKERS = "workers"


class BrokerSide:
    """Runs until cancelled. `on_grave` is called on the event loop."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        *,
        on_grave: Callable[[Refusal], object],
        may_reload: Callable[[], bool] = lambda: False,
    ) -> None:
        self._on_grave = on_grave
        self._loop: asyncio.AbstractEventLoop | None = None
        self.ledger = RefusalLedger(database)
        self.watch = BrokerWatch(settings, load_or_create_secrets(settings), clock, self._refused, may_reload=may_reload)
        self.directory = DatabaseDirectory(database, settings.data_dir / "sign-in.json", clock, on_gone=self._put_out)

    async def run(self, *, every_node: bool) -> None:
        """Work until cancelled; `every_node` as for the watch."""
        self._loop = asyncio.get_running_loop()
        self.directory.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.ledger.run())
                tasks.create_task(self.watch.run(every_node=every_node))
        finally:
            self.directory.stop()

    def _put_out(self, gone: list[Gone]) -> None:
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self.watch.ejector.eject(gone), self._loop)

    def _refused(self, refusal: Refusal) -> None:
        self.ledger.add(refusal)
        if refusal.grave:
            self._on_grave(refusal)


def pass_on(bus: Bus, refusal: Refusal) -> None:
    """Give a grave refusal to a worker that may write; from any thread."""
    body = {"client": refusal.client, "reason": refusal.reason.value, "at": refusal.at.isoformat(), "detail": refusal.detail}
    bus.publish_soon(REFUSED, body)


async def take_on(bus: Bus, raise_it: Callable[[Refusal], object]) -> None:
    """Raise what others pass on; of several workers one gets each."""

    async def heard(message: Msg) -> None:
        told = orjson.loads(message.data)
        at = datetime.fromisoformat(told["at"])
        raise_it(Refusal(told["client"], RefusalReason(told["reason"]), at, told["detail"], grave=True))

    await bus.subscribe(REFUSED, heard, queue=_WORKERS)


__all__ = ["BrokerSide", "pass_on", "take_on"]
