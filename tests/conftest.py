"""Fixtures every layer of tests stands on: a migrated database, a clock that is moved, a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from support.databases import chosen_backend
from support.influx import InfluxServer, running_influx
from support.influxd import influxd
from support.postgres import PostgresServer, shared_postgres
from support.stores import START, PostgresStores, SqliteStores, Stores, fresh_database

from core.clock import ManualClock
from core.config import Settings
from core.database import Database

# No test is timed: a busy machine is no fault of what is tested.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


@pytest.fixture
def clock() -> ManualClock:
    """Stands at three in the morning until moved."""
    return ManualClock(START)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose data folder is the test's own."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """One PostgreSQL for the whole run, started when the first test asks for it."""
    return shared_postgres(durable=False)


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """One InfluxDB for the whole run, started when the first test asks for it; a test that kills it starts its own."""
    with running_influx(tmp_path_factory.mktemp("influx")) as server:
        yield server


def pytest_collection_finish(session: pytest.Session) -> None:
    """InfluxDB is built, where it has to be, before the first test's time runs."""
    if any("influx" in item.nodeid or "influx" in getattr(item, "fixturenames", ()) for item in session.items):
        influxd()


@pytest.fixture(scope="session")
def sqlite_stores(tmp_path_factory: pytest.TempPathFactory) -> SqliteStores:
    """Databases in files."""
    return SqliteStores(tmp_path_factory.mktemp("stores"))


@pytest.fixture(scope="session")
def postgresql_stores(postgres: PostgresServer) -> PostgresStores:
    """Databases of the one server."""
    return PostgresStores(postgres)


@pytest.fixture
def backend() -> str:
    """The kind of relational store; folders whose tests run on both override it."""
    return chosen_backend()


@pytest.fixture
def stores(request: pytest.FixtureRequest, backend: str) -> Stores:
    """Where this test's databases come from."""
    given: Stores = request.getfixturevalue(f"{backend}_stores")
    return given


@pytest.fixture
def database(stores: Stores) -> Iterator[Database]:
    """A migrated database of the test's own."""
    with fresh_database(stores) as database:
        yield database
