"""`yinling api` as a process: uvicorn with the application, ended within three seconds even while screens watch.

When it is asked to stop, the live streams end first (their readers come back to the next process with their last
number), then requests in flight, then the bus. When it is killed, nothing is lost: facts are in the store.
"""

from __future__ import annotations

import socket

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
from ingest.broker_secrets import load_or_create_secrets
from people.attempts import FailedAttempts
from people.sign_in import SignInDesk
from timeseries.ports import ReadingStore
from timeseries.sqlite_store import open_store

log = structlog.get_logger()

STOP_SECONDS = 2
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

    def __init__(self, config: uvicorn.Config, live: LiveHub) -> None:
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        self._live.end_all()
        await super().shutdown(sockets)


def serve(settings: Settings, clock: Clock) -> None:
    """Serve until SIGTERM or SIGINT."""
    database = Database(settings.relational_url)
    readings = open_store(settings.readings_path)
    password = load_or_create_secrets(settings).password
    bus = Bus(f"nats://{settings.nats_host}:{settings.nats_port}", user=BUS_USER, password=password, name="yinling-api")
    deps = make_deps(settings, clock, database, readings, bus)
    config = uvicorn.Config(
        create_application(deps),
        host=settings.host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=30,
    )
    log.info("api_starting", host=settings.host, port=settings.http_port)
    try:
        Server(config, deps.live).run()
    finally:
        readings.close()
        database.close()
