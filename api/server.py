"""`yinling api` as a process: uvicorn with the application, ended within three seconds even while screens watch.

When it is asked to stop, the live streams end first (their readers come back to the next process with their last
number), then requests in flight, then the bus. When it is killed, nothing is lost: facts are in the store.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

import structlog
import uvicorn

from alerts.backtest.jobs import Backtests, Ground
from alerts.work import Desk
from api.application import create_application
from api.deps import Deps
from api.live.hub import LiveHub
from api.replaying import make_replay
from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.database import Database
from core.tls import ServedCertificate, keep_fresh, served_certificate
from ingest.broker import nats_context, nats_servers
from ingest.broker_secrets import load_or_create_secrets
from people.attempts import FailedAttempts
from people.sign_in import SignInDesk
from timeseries.opening import open_store
from timeseries.ports import ReadingStore

log = structlog.get_logger()

STOP_SECONDS = 2
_FAREWELL_SECONDS = 0.5
BUS_USER = "yinling"


def make_deps(settings: Settings, clock: Clock, database: Database, readings: ReadingStore, bus: Bus | None) -> Deps:
    """Wire what the routes stand on."""
    sign_in = SignInDesk(database, clock, settings, FailedAttempts(settings.sign_in_attempts))
    live = LiveHub(database, clock, sign_in, settings.timezone)

    def hint(sequence: int | None) -> None:
        live.wake()
        if bus is not None:
            bus.hint(sequence)

    desk = Desk(database, clock, settings, hint)
    replay = make_replay(database, readings, settings.timezone)
    backtests = Backtests(Ground(database, clock, replay, settings.timezone))
    return Deps(settings, database, clock, readings, desk, sign_in, live, hint, replay, backtests, bus)


class Server(uvicorn.Server):
    """Uvicorn that lets the live streams go before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, live: LiveHub, served: ServedCertificate | None = None) -> None:
        super().__init__(config)
        self._live = live
        self._served = served
        self._fresh: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and take new certificates from then on."""
        await super().startup(sockets)
        if self._served is not None:
            self._fresh = asyncio.create_task(keep_fresh(self._served))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        if self._fresh is not None:
            self._fresh.cancel()
        self._live.end_all()
        letting_go = asyncio.create_task(self._let_go_of_idle()) if self._served is not None else None
        await super().shutdown(sockets)
        if letting_go is not None:
            letting_go.cancel()

    async def _let_go_of_idle(self) -> None:
        """A browser that only keeps its connection open does not answer the farewell of TLS; nobody waits for it."""
        await asyncio.sleep(_FAREWELL_SECONDS)
        for connection in list(self.server_state.connections):
            cycle: Any = getattr(connection, "cycle", None)
            transport: Any = getattr(connection, "transport", None)
            if transport is not None and (cycle is None or cycle.response_complete):
                transport.abort()


def _shows(served: ServedCertificate) -> Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext]:
    return lambda _config, _default: served.context


def serve(settings: Settings, clock: Clock) -> None:
    """Serve until SIGTERM or SIGINT."""
    database = Database.of(settings, "yinling-api")
    readings = open_store(settings, clock)
    password = load_or_create_secrets(settings).password
    bus = Bus(nats_servers(settings), user=BUS_USER, password=password, name="yinling-api", tls=nats_context(settings))
    deps = make_deps(settings, clock, database, readings, bus)
    served = served_certificate(settings) if settings.transport.speaks_tls("http") else None
    config = uvicorn.Config(
        create_application(deps),
        host=settings.host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=30,
        ssl_context_factory=None if served is None else _shows(served),
    )
    log.info("api_starting", host=settings.host, port=settings.http_port)
    try:
        Server(config, deps.live, served).run()
    finally:
        readings.close()
        database.close()
