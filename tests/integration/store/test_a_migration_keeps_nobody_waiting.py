"""On PostgreSQL a migration steps back from whoever is in its way, and alarms go on being written while it tries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.filled_tables import reflected
from support.next_version import next_version
from support.processes import until
from support.stores import PostgresStores, fresh_database

from alerts.model import Incident, Severity
from alerts.system import raise_system
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from yinling.errors import CannotStartError
from yinling.migrations import upgrade


@pytest.fixture
def database(postgresql_stores: PostgresStores) -> Iterator[Database]:
    """A migrated PostgreSQL database; SQLite has one writer, and no other version runs beside it."""
    with fresh_database(postgresql_stores) as database:
        yield database


@contextmanager
def long_reader(database: Database) -> Iterator[None]:
    """Somebody reads incidents, and does not end: a report, a backup, a person with a client."""
    with Database(database.url.render_as_string(hide_password=False), name="a-long-report").snapshot() as session:
        session.execute(sa.text("SELECT count(*) FROM incidents"))
        yield


class Migration:
    """The next version's migration, in a thread of its own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.said: list[str] = []
        self.is_done = False
        self._thread = threading.Thread(target=self._run, args=(database, next_version(folder / "next")), daemon=True)
        self._thread.start()

    def _run(self, database: Database, further: Path) -> None:
        upgrade(database, further=further, say=self.said.append, wait_seconds=120)
        self.is_done = True

    def wait(self) -> None:
        self._thread.join(60)
        assert self.is_done


def write_alarms(database: Database, clock: ManualClock, settings: Settings, many: int) -> None:
    """Alarms as the house writes them: incident, alert, timeline, clocks, pages."""
    for serial in range(many):
        with database.transaction() as session:
            raise_system(session, f"unprocessed:test-{serial}", Severity.CRITICAL, {}, clock.now(), settings)
    with database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Incident)) == many


def is_valid(database: Database, index: str) -> bool:
    valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)").bindparams(name=index)
    with database.snapshot() as session:
        return session.scalar(valid) is True


def test_alarms_are_written_while_it_waits_for_a_long_reader(
    database: Database, clock: ManualClock, settings: Settings, tmp_path: Path
) -> None:
    with long_reader(database):
        migration = Migration(database, tmp_path)
        until(lambda: len(migration.said) >= 2, 60, "it stepped back twice")
        write_alarms(database, clock, settings, 20)
        assert not migration.is_done, "the reader was not in its way"
    migration.wait()
    assert any("a-long-report" in text for text in migration.said), migration.said
    assert "of_next" in reflected(database).tables["incidents"].columns
    assert is_valid(database, "ix_incidents_of_next")
    assert is_valid(database, "ix_signals_of_next")


def test_it_gives_up_with_a_sentence_and_leaves_nothing_half_done(database: Database, tmp_path: Path) -> None:
    before = set(reflected(database).tables)
    with long_reader(database), pytest.raises(CannotStartError, match="a-long-report"):
        upgrade(database, further=next_version(tmp_path / "next"), wait_seconds=2)
    assert set(reflected(database).tables) == before


def test_an_index_whose_building_was_killed_is_built_anew(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        session.execute(sa.text("CREATE INDEX ix_signals_of_next ON signals (id)"))
        session.execute(sa.text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_signals_of_next'::regclass"))
    upgrade(database, further=next_version(tmp_path / "next"))
    assert is_valid(database, "ix_signals_of_next")
    indexes = {one["name"]: one["column_names"] for one in sa.inspect(database.engine).get_indexes("signals")}
    assert indexes["ix_signals_of_next"] == ["of_next", "id"]
