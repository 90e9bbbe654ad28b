"""The next version's migration on a centre that works: presses go on before, during and after it, also after every process died.

Today's program is the version before: it knows nothing of what the migration adds, and is started again beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.centre import Centre, Credentials, running_centre
from support.device import button
from support.next_version import next_version
from support.processes import until
from support.store import incidents_by_home, rows
from support.town import settle

from core.database import Database
from yinling.migrations import upgrade


@pytest.mark.timeout(400)
def test_presses_go_on(tmp_path: Path) -> None:
    with running_centre(tmp_path, backend="postgresql", probe_interval_seconds=3600) as centre:
        town = settle(centre, 9)
        before, during, after = town[:3], town[3:6], town[6:]
        _press(before)
        with closing(Database(centre.database_url)) as database:
            _migrate_behind_a_long_reader(database, next_version(tmp_path / "next"), lambda: _press(during))
        for child in ("ingest-0", "pager", "api"):
            centre.wait_restarted(child, centre.kill(child), 60)
        _press(after)
        assert incidents_by_home(centre, "town") == {credentials.home: 1 for credentials in town}
        assert rows(centre, "SELECT count(*) FROM incidents WHERE of_next IS NULL AND NOT probe") == [(len(town),)]
        _act(centre, town[-1].home)


def _migrate_behind_a_long_reader(database: Database, further: Path, meanwhile: Callable[[], None]) -> None:
    """Presses are heard while the migration has to wait for somebody who reads; it passes when that one is done."""
    said: list[str] = []
    passed = threading.Event()

    def run() -> None:
        upgrade(database, further=further, say=said.append, wait_seconds=180)
        passed.set()

    thread = threading.Thread(target=run, daemon=True)
    with database.snapshot() as reader:
        reader.execute(sa.text("SELECT count(*) FROM incidents, signals"))
        thread.start()
        until(lambda: said, 60, "it stepped back")
        meanwhile()
        assert not passed.is_set(), "the reader was not in its way"
    until(passed.is_set, 120, lambda: f"the migration passes\n{said}")
    thread.join(60)


def _press(town: Sequence[Credentials]) -> None:
    for credentials in town:
        with button(credentials) as device:
            assert device.press(seconds=90)["status"] in {"accepted", "duplicate"}


def _act(centre: Centre, home: str) -> None:
    (incident,) = centre.incidents(home)
    assert centre.post(f"/incidents/{incident['id']}/acknowledge")["state"] == "acknowledged"
