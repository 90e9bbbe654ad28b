"""PostgreSQL and InfluxDB over TLS: Yinling speaks to the server the authority vouches for, and to nobody else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.certificates import Certificates, now
from support.influx import KEEPING, PASSWORD, InfluxServer
from support.influxd import require_influxd
from support.postgres import PostgresServer, running_postgres

from core.certificate_folder import AUTHORITY
from core.certificates import Kind
from core.clock import SystemClock
from core.config import Settings
from core.database import Database
from timeseries import influx_setup
from timeseries.influx_store import InfluxReadingStore
from timeseries.opening import influx_address
from timeseries.ports import StoreAwayError

NAME = "db.county.test"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates(tmp_path_factory.mktemp("certs"))
    made.folder.issue(Kind.SERVER, "database", now(), 30, hosts=[NAME])
    return made


@pytest.fixture(scope="module")
def address() -> str:
    """An address of this machine that nobody else listens on."""
    return f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"


@pytest.fixture(scope="module")
def server(certificates: Certificates, address: str) -> Iterator[PostgresServer]:
    with running_postgres(durable=False) as server:
        server.speak_tls(address, certificates.folder.path("database"), certificates.folder.key_path("database"))
        yield server


def _reached(name: str, address: str, authority: Path) -> bool:
    """Whether the connection to PostgreSQL is encrypted, as the server sees it; raises what refuses it."""
    settings = Settings(database_url=f"postgresql+psycopg://postgres@{name}/postgres?hostaddr={address}", tls_authority=authority)
    with closing(Database(settings.relational_url)) as database, database.snapshot() as session:
        return bool(session.scalar(sa.text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")))


def test_postgresql_is_spoken_to_over_tls(server: PostgresServer, address: str, certificates: Certificates) -> None:
    assert server.process is not None
    assert _reached(NAME, address, certificates.folder.path(AUTHORITY))


def test_a_postgresql_of_another_name_is_not_spoken_to(server: PostgresServer, address: str, certificates: Certificates) -> None:
    assert server.process is not None
    with pytest.raises(sa.exc.OperationalError, match="does not match host name"):
        _reached("other.county.test", address, certificates.folder.path(AUTHORITY))


def test_a_postgresql_nobody_vouches_for_is_not_spoken_to(server: PostgresServer, address: str, tmp_path: Path) -> None:
    assert server.process is not None
    stranger = Certificates(tmp_path / "other")
    with pytest.raises(sa.exc.OperationalError, match="certificate verify failed"):
        _reached(NAME, address, stranger.folder.path(AUTHORITY))


def test_a_postgresql_whose_certificate_was_taken_back_is_not_spoken_to_any_more(
    server: PostgresServer, address: str, certificates: Certificates
) -> None:
    """By a process that runs: its address was read before."""
    folder = certificates.folder
    folder.issue(Kind.SERVER, "lost", now(), 30, hosts=[NAME])
    server.speak_tls(address, folder.path("lost"), folder.key_path("lost"))
    settings = Settings(
        database_url=f"postgresql+psycopg://postgres@{NAME}/postgres?hostaddr={address}", tls_authority=folder.path(AUTHORITY)
    )
    try:
        with closing(Database(settings.relational_url)) as database:
            with database.snapshot() as session:
                session.execute(sa.text("SELECT 1"))
            folder.revoke("lost", now())
            database.engine.dispose()  # as after a failover: the next connection is a new one
            with pytest.raises(sa.exc.OperationalError, match="certificate verify failed"), database.snapshot() as session:
                session.execute(sa.text("SELECT 1"))
    finally:
        server.speak_tls(address, folder.path("database"), folder.key_path("database"))
    assert _reached(NAME, address, folder.path(AUTHORITY)), "what was not taken back is spoken to"


def test_influxdb_is_spoken_to_over_tls_and_an_impostor_is_not(tmp_path: Path, certificates: Certificates) -> None:
    folder = certificates.folder
    running = InfluxServer(require_influxd(), tmp_path, (folder.path("server"), folder.key_path("server")))
    try:
        running.start()
        trusted = running.settings(tmp_path, "readings", tls_authority=folder.path(AUTHORITY))
        stranger = Certificates(tmp_path / "other").folder.path(AUTHORITY)
        fooled = running.settings(tmp_path, "readings", tls_authority=stranger)
        trusted_way, fooled_way = influx_address(trusted), influx_address(fooled)
        assert trusted_way is not None
        assert fooled_way is not None
        influx_setup.ensure(trusted_way, KEEPING, PASSWORD, SystemClock())
        with closing(InfluxReadingStore(trusted_way, SystemClock(), read_seconds=30)) as store:
            store.check()
        with closing(InfluxReadingStore(fooled_way, SystemClock(), read_seconds=30)) as store, pytest.raises(StoreAwayError):
            store.check()
        with closing(InfluxReadingStore(trusted_way, SystemClock(), read_seconds=30)) as store:
            folder.revoke("server", now())
            with pytest.raises(StoreAwayError):
                store.check()
    finally:
        running.kill()
