"""Ends the connections of devices that may not be in any more: retired, given a new secret, or moved to another home.

Rights are judged at sign-in only, so a connection that stands would keep them. The sign-in directory notices the change
within seconds; what changed while this worker was away is noticed at its start, from the snapshot on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from core.bus import Bus

log = structlog.get_logger()

_CONNECTIONS = "$SYS.REQ.SERVER.PING.CONNZ"
_WAIT_SECONDS = 1.0


class Ejector:
    """Speaks with the broker's system account over a bus of the watcher's."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def eject(self, client_ids: Sequence[str]) -> int:
        """End every MQTT connection with one of these client ids; how many were told to go."""
        client = await self._bus.connected()
        ended = 0
        for client_id in client_ids:
            for server, connection in await self._find(client, client_id):
                with contextlib.suppress(NatsError, TimeoutError):
                    request = orjson.dumps({"cid": connection})
                    await client.request(f"$SYS.REQ.SERVER.{server}.KICK", request, timeout=_WAIT_SECONDS)
                    ended += 1
                    log.info("device_ejected", client_id=client_id)
        return ended

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
