"""The port gateways connect to: a relay to the broker's MQTT port that changes topics and nothing else.

A second one of its kind, the certificate port, changes no topics: it is for devices that have a certificate instead of a
secret. Both verify a certificate that is shown and sign in for its device (`ingest.certificate_badge`).

Acknowledgements stay end to end: a PUBACK that a gateway gets is the broker's own. Nothing is stored here; when this
process, the broker or the gateway dies, both sides of the connection are closed, and what was not acknowledged is sent
again by whoever still has it. What is no MQTT closes that one connection, with a line in the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
from dataclasses import dataclass

import structlog

from core.config import Settings
from ingest.broker import mqtt_context, mqtt_servers
from ingest.certificate_badge import CertificateBadge, device_in
from ingest.gateway_topics import TO_BROKER, TO_GATEWAY
from ingest.mqtt_packets import Credentials, MalformedPacketError, PacketRewriter, TopicRules

log = structlog.get_logger()

_CHUNK_BYTES = 64 * 1024
_MOST_CONNECTIONS = 10_000
_CONNECT_SECONDS = 2.0
_LINGER_SECONDS = 5.0
_HANDSHAKE_SECONDS = 10.0

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Ways:
    """How topics change in each direction."""

    to_broker: TopicRules = TO_BROKER
    to_device: TopicRules = TO_GATEWAY


AS_THEY_ARE = Ways(TopicRules(), TopicRules())


class GatewayPort:
    """Listens for gateways on the settings' gateway port (0: any free one); the figures are for metrics.

    `tls` makes it speak TLS; with a `badge`, clients that show a certificate `tls` verifies are signed in by it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        port: int | None = None,
        ways: Ways | None = None,
        tls: ssl.SSLContext | None = None,
        badge: CertificateBadge | None = None,
    ) -> None:
        self._host = settings.host
        self._port = settings.gateway_port if port is None else port
        self._rules = ways or Ways()
        self._servers = mqtt_servers(settings)
        self._tls = tls
        self._badge = badge
        self._upstream = mqtt_context(settings)
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self.malformed = 0
        """Connections closed because they spoke no MQTT."""
        self.unreachable = 0
        """Connections closed because the broker was away."""

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else self._port

    @property
    def connections(self) -> int:
        """Gateways connected now."""
        return len(self._relays)

    async def serve(self) -> None:
        """`start`, serve until cancelled, `stop`."""
        await self.start()
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()

    async def start(self) -> None:
        """Listen; `OSError` when the port is taken."""
        shakes = _HANDSHAKE_SECONDS if self._tls is not None else None
        self._server = await asyncio.start_server(
            self._accept, self._host, self._port, ssl=self._tls, ssl_handshake_timeout=shakes, limit=_CHUNK_BYTES
        )

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for relay in tuple(self._relays):
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.current_task()
        if relay is None or len(self._relays) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._relays.add(relay)
        try:
            await self._relay((reader, writer))
        except asyncio.CancelledError:
            writer.transport.abort()  # our own end; the task's owner awaits nothing of it
        finally:
            self._relays.discard(relay)

    async def _relay(self, gateway: Stream) -> None:
        peer = gateway[1].get_extra_info("peername")
        _keep_alive(gateway[1])
        try:
            broker = await self._reach_broker()
        except (OSError, TimeoutError) as error:
            self.unreachable += 1
            log.warning("gateway_port_broker_away", peer=peer, error=str(error))
            await _close(gateway[1])
            return
        ways = [
            asyncio.create_task(_pump(gateway[0], broker[1], PacketRewriter(self._rules.to_broker, self._credentials(gateway[1])))),
            asyncio.create_task(_pump(broker[0], gateway[1], PacketRewriter(self._rules.to_device))),
        ]
        try:
            ended, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for failure in (each.exception() for each in ended):
                if isinstance(failure, MalformedPacketError):
                    self.malformed += 1
                    log.warning("gateway_port_malformed", peer=peer, error=str(failure))
                elif failure is not None and not isinstance(failure, OSError):
                    raise failure
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await asyncio.gather(_close(gateway[1]), _close(broker[1]))

    async def _reach_broker(self) -> Stream:
        """The first node that answers; `OSError` or `TimeoutError` when none does."""
        *others, last = self._servers
        for server in others:
            with contextlib.suppress(OSError, TimeoutError):
                return await self._open(server)
        return await self._open(last)

    async def _open(self, server: tuple[str, int]) -> Stream:
        opening = asyncio.open_connection(*server, ssl=self._upstream, limit=_CHUNK_BYTES)
        return await asyncio.wait_for(opening, _CONNECT_SECONDS)

    def _credentials(self, writer: asyncio.StreamWriter) -> Credentials | None:
        """What the certificate that was shown signs in with; None when none was."""
        shown = writer.get_extra_info("ssl_object")
        raw = None if shown is None else shown.getpeercert(binary_form=True)
        if self._badge is None or shown is None or raw is None:
            return None
        code = device_in(shown.getpeercert()) or ""
        return Credentials(code, self._badge.seal(code, hashlib.sha256(raw).hexdigest()))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rewriter: PacketRewriter) -> None:
    """Carry one direction until its end; a slow receiver holds up its sender, so memory stays bounded."""
    while data := await reader.read(_CHUNK_BYTES):
        writer.writelines(rewriter.feed(data))
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    """Send what is still buffered and close; one who does not take it is cut off."""
    writer.close()
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    handle = writer.get_extra_info("socket")
    if handle is not None:
        with contextlib.suppress(OSError):
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


__all__ = ["AS_THEY_ARE", "GatewayPort", "Ways"]
