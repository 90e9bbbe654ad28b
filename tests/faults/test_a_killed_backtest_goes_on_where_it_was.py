"""`yinling rules backtest` is killed in the midst of its homes; whoever takes the run next ends it, and counts nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import chosen_backend, settings_of
from support.processes import until
from support.worker import add_device, add_home

from alerts.backtest.jobs import Backtests, Ground
from alerts.backtest.store import LEASE
from alerts.ruleset.model import BacktestRun
from api.replaying import make_replay
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from people.model import Centre, Resident
from timeseries.ports import StoredReading
from timeseries.sqlite_store import SqliteReadingStore
from yinling.migrations import upgrade

HOMES = 60
DAYS = 4


def furnish(settings: Settings, now: datetime) -> None:
    """Homes whose watches told a pulse every minute, out of range for a minute every six hours."""
    settings.data_dir.mkdir()
    with closing(Database(settings.relational_url)) as database, closing(SqliteReadingStore(settings.readings_path)) as readings:
        upgrade(database)
        with database.transaction() as session:
            session.add(Centre(id=1, name="调度中心", created_at=now))
        for number in range(HOMES):
            made_at = now - timedelta(days=30)
            home = add_home(database, made_at, f"h-{number}")
            with database.transaction() as session:
                resident = Resident(home_id=home, name="王秀兰", created_at=made_at)
                session.add(resident)
                session.flush()
                resident_id = resident.id
            watch = add_device(database, made_at, home, f"watch-{number}", "watch", resident_id=resident_id)
            start = now - timedelta(days=DAYS) + timedelta(minutes=5)
            readings.write(
                [
                    StoredReading(
                        home, watch, "heart_rate", start + timedelta(minutes=minute), 120.0 if minute % 360 == 0 else 70.0
                    )
                    for minute in range(DAYS * 24 * 60 - 30)
                ]
            )


@pytest.mark.timeout(300)
def test_a_killed_backtest_goes_on_where_it_was(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", **settings_of(chosen_backend()))
    now = datetime.now(UTC)
    furnish(settings, now)
    command = [sys.executable, "-m", "yinling", "rules", "backtest", "threshold", "--days", str(DAYS)]
    environment = {**os.environ, "YINLING_DATA_DIR": str(settings.data_dir), "YINLING_DATABASE_URL": settings.relational_url}
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with closing(Database(settings.relational_url)) as database, closing(SqliteReadingStore(settings.readings_path)) as readings:

        def run() -> BacktestRun | None:
            with database.snapshot() as session:
                return session.scalar(sa.select(BacktestRun))

        until(lambda: (one := run()) is not None and one.homes_done >= 1, seconds=120, what="some homes are done")
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        left = run()
        assert left is not None
        assert left.state == "running", "the dead still hold it"
        assert 1 <= left.homes_done < HOMES
        heir_clock = ManualClock(datetime.now(UTC) + LEASE)
        heir = Backtests(Ground(database, heir_clock, make_replay(database, readings, settings.timezone), settings.timezone))
        assert heir.work_once()
        done = run()
    assert done is not None
    assert (done.state, done.homes_done) == ("done", HOMES)
    assert (done.result or {})["fired"] == HOMES * DAYS * 4
    assert (done.result or {})["homes_fired"] == HOMES
