"""Watches the broker for those it refuses and throws out.

A refused publication is PUBACKed like any other: its device believes that the alarm is on its way. The broker tells of it
only in its log, and of ended connections only in system events. The worker of partition 0, whichever process that is, hears
the events of every node; the log of a node is told of by one process that can read it, a spare one too. What happens while
nobody watches is not told of later. Every watch puts out devices that may not be in any more. The one of partition 0 also asks
whether the broker can still write its store: one that met a full disk takes connections and keeps nothing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.ending import asked_to_end
from ingest.broker import log_paths, nats_context, nats_servers
from ingest.broker_config import ACCOUNT, WATCHER_USER
from ingest.broker_reload import BrokerReload
from ingest.broker_secrets import BrokerSecrets
from ingest.ejection import Ejector
from ingest.node_log import NodeLog
from ingest.refusals import Refusal, RefusalReason
from ingest.watch_events import (
    Crowd,
    LogLine,
    Repetition,
    Seen,
    client_id_of,
    seen_in_disconnect,
    seen_in_failed_sign_in,
    seen_in_log,
)

log = structlog.get_logger()

DISCONNECTS = f"$SYS.ACCOUNT.{ACCOUNT}.DISCONNECT"
FAILED_SIGN_INS = "$SYS.SERVER.*.CLIENT.AUTH.ERR"
HEALTH = "$SYS.REQ.SERVER.PING.HEALTHZ"
_POLL_SECONDS = 0.5
_HEALTH_EVERY_SECONDS = 2.0
_MOST_CAUSES = 1000

# Thrown out three times in ten minutes is no accident; a device that takes its own lost connection over is, so the
# mutual kick-out of two with one client id is told by its speed.
_THROWN_OUT = (3, 600.0)
_TAKEN_OVER = (5, 60.0)

# Where a node's log cannot be read nobody knows why it ended a connection. After the death of another node it ends those of
# many homes at once, because it could not serve them.
_CROWD_SECONDS = 10.0


class BrokerWatch:
    """Calls `on_refusal` for each refusal and throw-out it learns of; `ejector` puts devices out."""

    def __init__(
        self,
        settings: Settings,
        secrets: BrokerSecrets,
        clock: Clock,
        on_refusal: Callable[[Refusal], None],
        *,
        may_reload: Callable[[], bool] = lambda: False,
    ) -> None:
        self.trouble: str | None = None
        """What the broker says is wrong with its store; None when nothing is."""
        self._clock = clock
        self._on_refusal = on_refusal
        self._logs = [NodeLog(path) for path in log_paths(settings)]
        self._bus = Bus(
            nats_servers(settings), user=WATCHER_USER, password=secrets.password, name="watch", tls=nats_context(settings)
        )
        self.ejector = Ejector(self._bus, clock)
        self.reload = BrokerReload(settings, self._bus, may_reload)
        self._causes: OrderedDict[str, str] = OrderedDict()
        self._crowd = Crowd(_CROWD_SECONDS)
        self._repeated = {
            RefusalReason.THROWN_OUT: Repetition(*_THROWN_OUT),
            RefusalReason.TAKEN_OVER: Repetition(*_TAKEN_OVER),
        }

    async def run(self, *, every_node: bool) -> None:
        """Watch until cancelled; the broker may come and go. `every_node` is for one worker of a centre: it hears all events."""
        await self._bus.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_logs())
                tasks.create_task(self.ejector.listen())
                if every_node:
                    tasks.create_task(self._hear_events())
                    tasks.create_task(self._follow_health())
                    tasks.create_task(self.reload.run())
        finally:
            await self._bus.stop()
            for each in self._logs:
                each.close()

    async def _hear_events(self) -> None:
        await self._bus.subscribe(DISCONNECTS, self._disconnected)
        await self._bus.subscribe(FAILED_SIGN_INS, self._failed)

    async def _follow_logs(self) -> None:
        while True:
            self._read_logs()
            await asyncio.sleep(_POLL_SECONDS)

    async def _follow_health(self) -> None:
        while not asked_to_end():
            client = await self._bus.connected()
            try:
                answer = orjson.loads((await client.request(HEALTH, b"{}", timeout=_HEALTH_EVERY_SECONDS)).data)
            except (OSError, NatsError, orjson.JSONDecodeError):
                pass  # an absent broker is seen by its connections
            else:
                self.trouble = trouble_in(answer.get("data", {}))
            await asyncio.sleep(_HEALTH_EVERY_SECONDS)

    def _read_logs(self) -> None:
        told: dict[Seen, None] = {}
        for each in self._logs:
            is_ours = each.is_ours()
            for line in each.poll():
                seen = seen_in_log(line)
                if seen is None:
                    self._remember(line)
                elif is_ours:
                    told[seen] = None  # the same word many times at once is one refusal
        for seen in told:
            self._tell(seen)

    def _remember(self, line: LogLine) -> None:
        self._causes[line.client_id] = line.text
        self._causes.move_to_end(line.client_id)
        while len(self._causes) > _MOST_CAUSES:
            self._causes.popitem(last=False)

    async def _disconnected(self, message: Msg) -> None:
        event = orjson.loads(message.data)
        self._read_logs()  # the line that says why was written before the event
        seen = seen_in_disconnect(event, self._causes.pop(client_id_of(event), None))
        if seen is not None:
            self._tell(seen)

    async def _failed(self, message: Msg) -> None:
        seen = seen_in_failed_sign_in(orjson.loads(message.data))
        if seen is not None:
            self._tell(seen)

    def _tell(self, seen: Seen) -> None:
        repetition = self._repeated.get(seen.reason)
        if seen.unexplained and self._crowd.note(seen.client, self._clock.monotonic_seconds()):
            repetition = None
        if repetition is not None and repetition.note(seen.client, self._clock.monotonic_seconds()):
            seen = replace(seen, grave=True)
        log.warning("broker_refused", client=seen.client, reason=seen.reason.value, detail=seen.detail, grave=seen.grave)
        self._on_refusal(Refusal(seen.client, seen.reason, self._clock.now(), seen.detail, grave=seen.grave))


def trouble_in(health: Mapping[str, Any]) -> str | None:
    """What a health answer of the broker complains of, or None. Pure."""
    return None if health.get("status") == "ok" else str(health.get("error") or health.get("status"))


__all__ = ["BrokerWatch", "trouble_in"]
