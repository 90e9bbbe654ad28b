"""A month of a home never lies in memory, and the thread that works on it lets go in the middle of it when told."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.processes import until
from support.worker import add_device, add_home

from alerts.backtest import jobs
from alerts.backtest import store as rows
from alerts.backtest.jobs import Backtests, Ground
from alerts.backtest.run import as_tried
from alerts.backtest.service import Wanted, ask
from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.model import BacktestRun
from alerts.ruleset.schemas import ThresholdRule
from api.replaying import make_replay
from core.clock import SystemClock
from core.database import Database
from people.model import Resident
from timeseries.ports import StoredReading
from timeseries.sqlite_store import SqliteReadingStore

END = datetime(2026, 11, 20, tzinfo=UTC)
MONTH = timedelta(days=30)
ZONE = "Asia/Shanghai"
PULSE = ThresholdRule(
    code="pulse",
    name=builtin_specs()["threshold"].name,
    severity="medium",
    raises="vitals",
    metric="heart_rate",
    high=100,
    hysteresis=5,
)


@pytest.fixture
def readings(tmp_path: Path) -> Iterator[SqliteReadingStore]:
    with closing(SqliteReadingStore(tmp_path / "readings.db")) as store:
        yield store


def month(database: Database, readings: SqliteReadingStore) -> int:
    """A home whose watch told a pulse every minute for a month, out of range for one minute an hour."""
    home = add_home(database, END - 2 * MONTH, "h-month")
    with database.transaction() as session:
        resident = Resident(home_id=home, name="王秀兰", created_at=END)
        session.add(resident)
        session.flush()
        resident_id = resident.id
    watch = add_device(database, END - 2 * MONTH, home, "watch", "watch", resident_id=resident_id)
    for day in range(31):
        at = END - timedelta(days=31 - day)
        readings.write(
            [
                StoredReading(home, watch, "heart_rate", at + timedelta(minutes=minute), 120.0 if minute % 60 == 0 else 70.0)
                for minute in range(24 * 60)
            ]
        )
    return home


def test_a_month_is_read_in_slices(database: Database, readings: SqliteReadingStore) -> None:
    home = month(database, readings)
    replay = make_replay(database, readings, ZONE)
    list(replay.fires(as_tried(PULSE), home, END - timedelta(hours=1), END))  # what is made once
    tracemalloc.start()
    fired = sum(fire is not None for fire in replay.fires(as_tried(PULSE), home, END - MONTH, END))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fired == 30 * 24
    assert peak_bytes < 2_000_000, "43,200 readings would be ten times as much"


def test_the_thread_lets_go_of_a_home_at_a_cancel_and_at_a_stop(
    database: Database, readings: SqliteReadingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    month(database, readings)
    monkeypatch.setattr(jobs, "_BREATH_SECONDS", 0.2)  # the month takes minutes; nobody here waits so long
    clock = SystemClock()
    backtests = Backtests(Ground(database, clock, make_replay(database, readings, ZONE), ZONE))

    def state(run: int) -> str:
        with database.snapshot() as session:
            return str(session.scalar(sa.select(BacktestRun.state).where(BacktestRun.id == run)))

    def begin() -> int:
        with database.transaction() as session:
            return ask(session, Wanted(END - MONTH, END, spec=PULSE), clock.now(), "a test").id

    first = begin()
    backtests.start()
    until(lambda: state(first) == "running", what="taken")
    with database.transaction() as session:
        assert rows.cancel(session, first)
    second = begin()
    backtests.wake()
    until(lambda: state(second) == "running", seconds=30, what="the first was let go and the second taken")
    backtests.stop()
    until(lambda: state(second) == "waiting", seconds=30, what="given back, to be gone on with")
    assert state(first) == "cancelled"
