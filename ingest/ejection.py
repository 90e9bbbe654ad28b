"""Ends the connections of devices that may not be in any more: retired, given a new secret, or moved to another home.

Rights are judged at sign-in only, so a connection that stands would keep them. The sign-in directory of every worker, also of
a spare one, notices the change within seconds, so that no death of one of them keeps a retired device in; what changed while
all were away is noticed at the next start, from the snapshot on disk. The first to put a device out tells the others: by
the time they notice, it may be in again with what is good now. A word that is lost costs a device one more sign-in.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from core.bus import Bus
from core.clock import Clock
from ingest.directory import SNAPSHOT_SECONDS, Gone

log = structlog.get_logger()

_CONNECTIONS = "$SYS.REQ.SERVER.PING.CONNZ"
_PUT_OUT = "yinling.put_out"
_WAIT_SECONDS = 1.0
_REMEMBERED_SECONDS = 4 * SNAPSHOT_SECONDS
_MOST_REMEMBERED = 10_000


class Ejector:
    """Speaks with the broker's system account over a bus of the watcher's."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._by_others: OrderedDict[Gone, float] = OrderedDict()

    async def listen(self) -> None:
        """Hear whom the other workers put out."""

        async def heard(message: Msg) -> None:
            told = orjson.loads(message.data)
            self._by_others[Gone(told["client_id"], told["judged_by"])] = self._clock.monotonic_seconds()
            while len(self._by_others) > _MOST_REMEMBERED:
                self._by_others.popitem(last=False)

        await self._bus.subscribe(_PUT_OUT, heard)

    async def eject(self, gone: Sequence[Gone]) -> int:
        """End every MQTT connection of these that no other worker has ended; how many were told to go."""
        client = await self._bus.connected()
        ended = 0
        for each in gone:
            if self._is_out(each):
                continue
            for server, connection in await self._find(client, each.client_id):
                with contextlib.suppress(NatsError, TimeoutError):
                    request = orjson.dumps({"cid": connection})
                    await client.request(f"$SYS.REQ.SERVER.{server}.KICK", request, timeout=_WAIT_SECONDS)
                    ended += 1
                    log.info("device_ejected", client_id=each.client_id)
            await self._bus.publish(_PUT_OUT, {"client_id": each.client_id, "judged_by": each.judged_by})
        return ended

    def _is_out(self, gone: Gone) -> bool:
        at_seconds = self._by_others.get(gone)
        return at_seconds is not None and self._clock.monotonic_seconds() - at_seconds < _REMEMBERED_SECONDS

    @staticmethod
    async def _find(client: Client, client_id: str) -> list[tuple[str, int]]:
        """(server id, connection id) of each connection, on whichever server of a cluster."""
        found: list[tuple[str, int]] = []
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox)
        try:
            await client.publish(_CONNECTIONS, orjson.dumps({"mqtt_client": client_id}), reply=inbox)
            deadline = asyncio.get_running_loop().time() + _WAIT_SECONDS
            while (left := deadline - asyncio.get_running_loop().time()) > 0:
                answer: dict[str, Any] = orjson.loads((await subscription.next_msg(left)).data)
                server = answer["server"]["id"]
                found += [(server, int(each["cid"])) for each in answer["data"].get("connections", ())]
        except (NatsError, TimeoutError):
            pass  # nobody answers any more
        finally:
            await subscription.unsubscribe()
        return found
