"""The version before runs beside the tables of the next one, and one that would not is told so before it does harm."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from support.filled_tables import fill, reflected
from support.next_version import next_version
from support.processes import until
from support.stores import Stores

from core.database import Database
from yinling.errors import CannotStartError
from yinling.migrations import await_tables, config_of, upgrade

_STEPS = {step.revision: step for step in ScriptDirectory.from_config(config_of(None)).walk_revisions()}
ADDING = [
    (str(step.down_revision), revision)
    for revision, step in sorted(_STEPS.items())
    if step.down_revision in _STEPS and getattr(step.module, "works_with", revision) != revision
]
"""Every step that promises to work with the program before it."""


@pytest.fixture
def empty(stores: Stores) -> Iterator[Database]:
    """A database without a table."""
    url = stores.empty()
    database = Database(url)
    yield database
    database.close()
    stores.forget(url)


def test_there_is_such_a_step() -> None:
    assert ADDING


@pytest.mark.parametrize(("before", "after"), ADDING)
def test_the_program_before_each_step_still_writes_and_reads_all_it_knew(empty: Database, before: str, after: str) -> None:
    upgrade(empty, before)
    known = reflected(empty)
    upgrade(empty, after)
    stored = fill(empty, known)
    assert len(stored) > 20
    with empty.snapshot() as session:
        for name, row in stored.items():
            assert dict(session.execute(sa.select(known.tables[name])).mappings().one()) == row


def test_todays_program_goes_on_beside_the_next_tables(database: Database, tmp_path: Path) -> None:
    known = reflected(database)
    upgrade(database, further=next_version(tmp_path / "next"))
    assert "of_next" in reflected(database).tables["incidents"].columns
    upgrade(database)
    await_tables(database)
    with database.transaction() as session:
        for table in (known.tables["centres"],):
            session.execute(table.update().values(name="改"))


def test_a_program_that_is_too_old_says_so_and_touches_nothing(database: Database, tmp_path: Path) -> None:
    upgrade(database, further=next_version(tmp_path / "next", works_with="next"))
    with pytest.raises(CannotStartError, match="start the newer one"):
        upgrade(database)
    with pytest.raises(CannotStartError, match="start the newer one"):
        await_tables(database)


def test_a_process_started_too_early_waits_for_the_migration(empty: Database) -> None:
    passed = threading.Event()

    def start() -> None:
        await_tables(empty)
        passed.set()

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    upgrade(empty, "0001")
    assert not passed.wait(1.5), "it began on tables it does not know"
    upgrade(empty)
    until(passed.is_set, what="the process goes on")
    thread.join(60)
