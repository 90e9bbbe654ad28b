"""The town behind a TestClient, and behind a real uvicorn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from support.api_town import Served, Town, fill
from support.processes import PATIENCE_SECONDS, until

from api.application import create_application
from api.server import Server, make_deps
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from timeseries.sqlite_store import SqliteReadingStore


@pytest.fixture
def town(database: Database, clock: ManualClock, tmp_path: Path) -> Iterator[Town]:
    """The centre behind a TestClient, its live stream running."""
    settings = Settings(data_dir=tmp_path / "data", sign_in_attempts=3)
    readings = SqliteReadingStore(tmp_path / "readings.db")
    deps = make_deps(settings, clock, database, readings, None)
    application = create_application(deps)
    with TestClient(application) as client:
        town = Town(deps, clock, application, client)
        fill(town, database, clock)
        yield town
    readings.close()


@pytest.fixture
def served(town: Town) -> Iterator[Served]:
    """The same centre behind a real uvicorn; gives a client of somebody signed in."""
    town.deps = deps = town.fresh_deps()
    config = uvicorn.Config(create_application(deps), host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=600)
    server = Server(config, deps.live)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    clients: list[httpx.Client] = []

    def sign_in(username: str) -> httpx.Client:
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=town.bearer(username), timeout=PATIENCE_SECONDS)
        clients.append(client)
        return client

    def stop() -> bool:
        server.should_exit = True
        thread.join(60)  # the server would wait ten minutes for streams that do not end by themselves
        return not thread.is_alive()

    town.stop_server = stop
    yield sign_in
    assert stop(), "the server must end although streams were open"
    for client in clients:
        client.close()
