"""Somebody holds what the last-seen times are written to: they stay in memory, are written later, and nobody calls it an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from support.stores import Stores
from support.worker import Bench, add_device, add_home, build_bench

import core.database
from alerts.modes.model import Mode
from core.clock import ManualClock
from core.config import Settings
from core.database import Database, sqlite_module
from core.postgresql import Pooling
from devices.model import Device
from ingest.worker import Chores, make_chores

WAITED_SECONDS = 0.3
DEVICES = 3


@pytest.fixture
def database(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A store in which nobody waits long for a lock."""
    monkeypatch.setattr(core.database, "BUSY_TIMEOUT_SECONDS", WAITED_SECONDS)
    with closing(Database(stores.fresh(), Pooling(lock_seconds=WAITED_SECONDS))) as database:
        yield database


@pytest.fixture
def bench(database: Database, clock: ManualClock, settings: Settings, tmp_path: Path) -> Bench[ManualClock]:
    home = add_home(database, clock.now(), "h1")
    for number in range(1, DEVICES + 1):
        add_device(database, clock.now(), home, f"d{number}", "motion")
    return build_bench(tmp_path, database, clock, settings)


@pytest.fixture
def chores(bench: Bench[ManualClock], settings: Settings) -> Chores:
    return make_chores(bench.tools, settings, bench.silence, bench.timers, [])


def rows_held(database: Database) -> AbstractContextManager[None]:
    """Somebody else writes, and does not end: the rows of the devices on PostgreSQL, the file on SQLite."""
    return _file_held(database) if database.is_sqlite else _devices_held(database)


@contextmanager
def _devices_held(database: Database) -> Iterator[None]:
    with closing(Database(database.url.render_as_string(hide_password=False))) as other, other.transaction() as session:
        session.execute(sa.select(Device.id).with_for_update())
        yield


@contextmanager
def _file_held(database: Database) -> Iterator[None]:
    with closing(sqlite_module().connect(str(database.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def devices_of(database: Database) -> dict[str, Any]:
    with database.snapshot() as session:
        return {one.code: one for one in session.scalars(sa.select(Device))}


def counted(chore: str) -> tuple[float, float]:
    """How often it was put off, and how often it failed."""
    names = ("yinling_chores_put_off_total", "yinling_chores_failed_total")
    put_off, failed = (REGISTRY.get_sample_value(name, {"chore": chore}) or 0.0 for name in names)
    return put_off, failed


def run(chores: Chores, clock: ManualClock) -> list[Any]:
    """The next turn, and what it logged as a warning or worse."""
    clock.advance(timedelta(seconds=6))
    with capture_logs() as logs:
        chores.run_due()
    return [line for line in logs if line["log_level"] not in {"debug", "info"}]


def test_they_are_written_by_the_turn_after_the_lock_under_what_came_meanwhile(
    bench: Bench[ManualClock], chores: Chores, clock: ManualClock
) -> None:
    seen, database = bench.tools.seen, bench.database
    ids = {code: device.id for code, device in devices_of(database).items()}
    put_off, failed = counted("seen")
    run(chores, clock)
    first = clock.now()
    seen.touch(ids["d1"], first, is_event=True)
    seen.update(ids["d1"], first, battery=50.0, firmware="1.4.2")
    seen.value(ids["d1"], first, "temperature", 21.0, first)
    seen.touch(ids["d2"], first)
    seen.update(ids["d2"], first, online=False)
    with rows_held(database):
        lines = [line for line in run(chores, clock) if line.get("chore") == "seen"]
        assert [(line["event"], line["log_level"], line["in_a_row"]) for line in lines] == [("chore_put_off", "warning", 1)]
        assert REGISTRY.get_sample_value("yinling_last_seen_waiting") == 2
        second = clock.now()
        seen.touch(ids["d1"], second)
        seen.update(ids["d1"], second, battery=49.0)
        seen.value(ids["d1"], second, "humidity", 40.0, second)
        seen.update(ids["d2"], second, online=False)
        seen.touch(ids["d3"], second)
        lines = [line for line in run(chores, clock) if line.get("chore") == "seen"]
        assert [(line["log_level"], line["in_a_row"]) for line in lines] == [("warning", 2)]
        assert devices_of(database)["d1"].last_seen_at is None
    assert run(chores, clock) == []
    assert counted("seen") == (put_off + 2, failed)
    assert REGISTRY.get_sample_value("yinling_last_seen_waiting") == 0
    told = devices_of(database)
    assert [told[code].last_seen_at for code in ("d1", "d2", "d3")] == [second] * DEVICES
    assert (told["d1"].last_event_at, told["d1"].battery, told["d1"].firmware) == (first, 49.0, "1.4.2")
    assert {name: value["value"] for name, value in told["d1"].last_values.items()} == {"temperature": 21.0, "humidity": 40.0}
    assert (told["d2"].online, told["d2"].offline_at) == (False, first)


def test_a_device_that_came_back_while_it_waited_is_not_offline(
    bench: Bench[ManualClock], chores: Chores, clock: ManualClock
) -> None:
    device = devices_of(bench.database)["d1"].id
    bench.tools.seen.update(device, clock.now(), online=False)
    with rows_held(bench.database):
        run(chores, clock)
        bench.tools.seen.update(device, clock.now(), online=True)
    run(chores, clock)
    told = devices_of(bench.database)["d1"]
    assert (told.online, told.offline_at) == (True, None)


def test_movement_that_ended_while_it_waited_is_still_movement(
    bench: Bench[ManualClock], chores: Chores, clock: ManualClock
) -> None:
    device = devices_of(bench.database)["d1"]
    with bench.database.transaction() as session:
        until = clock.now() + timedelta(days=3)
        away = Mode(home_id=device.home_id, mode="away", starts_at=clock.now(), until_at=until, end_due_at=until, set_by="王芳")
        session.add(away)
    clock.advance(timedelta(hours=2))
    bench.tools.seen.value(device.id, clock.now(), "motion", 1.0, clock.now())
    with rows_held(bench.database):
        run(chores, clock)
        bench.tools.seen.value(device.id, clock.now(), "motion", 0.0, clock.now())
    run(chores, clock)
    with bench.database.snapshot() as session:
        assert _movement_of(session.query(Mode).one()) is not None


def _movement_of(stay: Mode) -> datetime | None:
    return stay.movement_seen_at


def test_a_value_no_store_takes_is_an_error_and_holds_up_the_next_turn_for_nobody(
    bench: Bench[ManualClock], chores: Chores, clock: ManualClock
) -> None:
    if bench.database.is_sqlite:
        pytest.skip("SQLite takes every text")
    ids = {code: device.id for code, device in devices_of(bench.database).items()}
    bench.tools.seen.update(ids["d1"], clock.now(), firmware="1\x00")
    assert "chore_failed" in {line["event"] for line in run(chores, clock)}
    bench.tools.seen.touch(ids["d2"], clock.now())
    assert run(chores, clock) == []
    assert devices_of(bench.database)["d2"].last_seen_at is not None
