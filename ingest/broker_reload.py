"""Lets the broker take a new certificate while everybody stays connected.

The broker reads its files only when told, and when told asks the sign-in again about every device that is in (one after
the other, about a millisecond each); so it is told only while this worker answers sign-ins. What it shows is compared with
the file, not with what was done: a request that was lost, or a node that was away, is told again. A death loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from core.addresses import split_address
from core.bus import Bus
from core.config import Settings
from core.ending import asked_to_end
from core.tls import LOOK_SECONDS, file_fingerprint, shown_fingerprint
from ingest.broker import mqtt_servers, nats_servers

log = structlog.get_logger()

_PING = "$SYS.REQ.SERVER.PING"
_WAIT_SECONDS = 1.0
_RELOAD_SECONDS = 120.0
"""A reload asks about every device: a hundred thousand take a while."""
_COMPARE_EVERY = 30


class BrokerReload:
    """Watches the certificate's file over a bus of the system account's; `may_reload` says whether sign-ins are answered."""

    def __init__(self, settings: Settings, bus: Bus, may_reload: Callable[[], bool]) -> None:
        self._settings = settings
        self._bus = bus
        self._may_reload = may_reload
        self._shown_as: str | None = None
        self.reloads = 0
        """How often a node took its files again."""
        self.refused = 0
        """How often one would not: files that do not fit together are told again until they do."""

    async def run(self) -> None:
        """Look until cancelled; returns at once where the broker shows no certificate."""
        if not self._shows_certificates():
            return
        looks = 0
        while not asked_to_end():
            await self._look(compare=looks % _COMPARE_EVERY == 0)
            looks += 1
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, *, compare: bool) -> None:
        wanted = None if self._settings.tls_certificate is None else file_fingerprint(self._settings.tls_certificate)
        if wanted is None or (wanted == self._shown_as and not compare) or not self._may_reload():
            return
        shown = await asyncio.gather(*(asyncio.to_thread(shown_fingerprint, *each) for each in self._listeners()))
        # A node that does not answer reads its files when it starts.
        if all(each in {None, wanted} for each in shown):
            self._shown_as = wanted
            return
        self._shown_as = None
        await self._reload()

    async def _reload(self) -> None:
        client = await self._bus.connected()
        for server in await self._servers(client):
            try:
                answer = await client.request(f"$SYS.REQ.SERVER.{server}.RELOAD", b"{}", timeout=_RELOAD_SECONDS)
            except (OSError, NatsError, TimeoutError) as error:
                log.warning("broker_not_reloaded", server=server, error=str(error))
                continue
            trouble = orjson.loads(answer.data).get("error")
            if trouble:
                self.refused += 1
                log.warning("broker_refused_reload", server=server, error=str(trouble))
            else:
                self.reloads += 1
                log.info("broker_reloaded", server=server)

    @staticmethod
    async def _servers(client: Client) -> list[str]:
        found: list[str] = []
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox)
        try:
            await client.publish(_PING, b"", reply=inbox)
            while not asked_to_end():
                answer = orjson.loads((await subscription.next_msg(_WAIT_SECONDS)).data)
                found.append(str(answer["server"]["id"]))
        except (NatsError, TimeoutError):
            pass  # nobody answers any more
        finally:
            await subscription.unsubscribe()
        return found

    def _shows_certificates(self) -> bool:
        return bool(self._listeners()) and self._settings.tls_certificate is not None

    def _listeners(self) -> list[tuple[str, int]]:
        """Where the broker shows its certificate."""
        transport = self._settings.transport
        if transport.speaks_tls("mqtt"):
            return mqtt_servers(self._settings)
        if transport.speaks_tls("nats"):
            return [split_address(server.removeprefix("nats://")) for server in nats_servers(self._settings)]
        return []


__all__ = ["BrokerReload"]
