"""A process that writes again and again keeps no other process out of a SQLite file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.processes import until

from core.database import Database
from core.turns import Turns

HOLD_SECONDS = 0.2
BUSY = """
import sys, time
import sqlalchemy as sa
from core.database import Database
database = Database(sys.argv[1])
while True:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE counts SET busy = busy + 1"))
        time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'turns.db'}")
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE counts (busy INTEGER, ours INTEGER)"))
        session.execute(sa.text("INSERT INTO counts VALUES (0, 0)"))
    yield database
    database.close()


@pytest.fixture
def busy(database: Database) -> Iterator[subprocess.Popen[bytes]]:
    """A writer in another process that never rests."""
    address = database.url.render_as_string(hide_password=False)
    process = subprocess.Popen([sys.executable, "-c", BUSY, address, str(HOLD_SECONDS)])
    until(lambda: _count(database, "busy") > 0, what="the other writes")
    yield process
    process.kill()
    process.wait()


def _count(database: Database, column: str) -> int:
    with database.snapshot() as session:
        return int(session.scalar(sa.text(f"SELECT {column} FROM counts")) or 0)  # noqa: S608 a name of this file


def _write(database: Database) -> None:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE counts SET ours = ours + 1"))


def test_ten_writes_beside_one_who_never_rests_take_ten_turns(database: Database, busy: subprocess.Popen[bytes]) -> None:
    assert busy.poll() is None
    before = _count(database, "busy")
    for _ in range(10):
        _write(database)
    assert _count(database, "busy") - before <= 12, "the other had many turns for one of ours"


def test_a_process_that_stands_still_in_the_door_holds_up_nobody_for_long(database: Database, tmp_path: Path) -> None:
    with Turns(tmp_path / "turns.db").turn():
        _write(database)
    assert _count(database, "ours") == 1
