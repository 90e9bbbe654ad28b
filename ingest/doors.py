"""The doors of a machine: the gateway port, and the certificate port where one is set; both take new certificates by themselves.

One worker of the machine opens them, the first to be there; the others wait for it to go. A certificate that cannot be read
ends the worker with the reason; nothing of a connection is kept here.
"""

from __future__ import annotations

import ssl

from core.config import Settings
from core.tls import ServedCertificate, keep_fresh, served_certificate
from ingest.broker_secrets import BrokerSecrets
from ingest.certificate_badge import CertificateBadge
from ingest.gateway_port import AS_THEY_ARE, GatewayPort


class DoorError(RuntimeError):
    """A door that cannot be opened; the text says what is missing."""


class Doors:
    """`open` once, `close` at the end; `keep_fresh` runs until cancelled."""

    def __init__(self, settings: Settings, secrets: BrokerSecrets) -> None:
        badge = CertificateBadge(secrets.password)
        clients = settings.device_authority if settings.device_authority.exists() else None
        over_tls = settings.transport.speaks_tls("gateway")
        self._served: list[ServedCertificate | None] = [served_certificate(settings, clients=clients) if over_tls else None]
        self.gateway = GatewayPort(settings, tls=_context(self._served[0]), badge=badge)
        self.certificate: GatewayPort | None = None
        if settings.certificate_port is not None:
            served = served_certificate(settings, clients=clients, required=True)
            if served is None or clients is None:
                raise DoorError(
                    "YINLING_CERTIFICATE_PORT needs YINLING_TLS_CERTIFICATE, and the authority of devices in "
                    f"{settings.device_authority}: `yinling certs authority` makes it"
                )
            self._served.append(served)
            self.certificate = GatewayPort(
                settings, port=settings.certificate_port, ways=AS_THEY_ARE, tls=served.context, badge=badge
            )

    async def open(self) -> None:
        """Listen; `OSError` when a port is taken."""
        await self.gateway.start()
        if self.certificate is not None:
            await self.certificate.start()

    async def keep_fresh(self) -> None:
        """Take new certificates until cancelled."""
        await keep_fresh(*self._served)

    async def close(self) -> None:
        """Close both, and every connection."""
        await self.gateway.stop()
        if self.certificate is not None:
            await self.certificate.stop()


def _context(served: ServedCertificate | None) -> ssl.SSLContext | None:
    return None if served is None else served.context


__all__ = ["DoorError", "Doors"]
