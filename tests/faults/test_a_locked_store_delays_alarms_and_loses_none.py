"""While somebody else holds the store's write lock, presses wait: none is lost, and none is acknowledged early."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.centre import Centre, running_centre
from support.databases import BACKENDS
from support.device import button
from support.kill_matrix import pending_messages, readings_store_locked
from support.processes import until
from support.store import incidents_by_home
from support.town import settle

from core.database import BUSY_TIMEOUT_SECONDS, Database

# Work beside the alarms that fails meanwhile is done later, and said.
AWAY = {"chore_failed"}


@contextmanager
def store_locked(centre: Centre) -> Iterator[None]:
    """Somebody else writes, and does not end."""
    if not centre.is_sqlite:
        with closing(Database(centre.database_url)) as database, database.transaction() as session:
            session.execute(sa.text("LOCK TABLE signals, alerts, incidents, changes IN EXCLUSIVE MODE"))
            yield
        return
    with closing(sqlite3.connect(centre.data_dir / "yinling.db", isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_lock_of_four_seconds(tmp_path: Path, backend: str) -> None:
    with running_centre(tmp_path, backend=backend, probe_interval_seconds=3600) as centre:
        _presses_wait(centre, 4.0)


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_lock_of_two_minutes(tmp_path: Path, backend: str) -> None:
    with running_centre(tmp_path, backend=backend, probe_interval_seconds=3600, expect_errors=AWAY) as centre:
        _presses_wait(centre, 120.0)


def _presses_wait(centre: Centre, lock_seconds: float) -> None:
    town = settle(centre, 5)
    with ExitStack() as stack:
        devices = [stack.enter_context(button(credentials)) for credentials in town]
        with store_locked(centre):
            for device in devices:
                device.publish_event("press-1")
                device.wait_acknowledged("press-1")
            until(lambda: pending_messages(centre) >= len(town), what="the broker still holds them")
            ends_at = time.monotonic() + lock_seconds
            while time.monotonic() < ends_at:
                assert pending_messages(centre) >= len(town), "acknowledged before it was committed"
                assert [device.receipts for device in devices] == [[]] * len(town), "a receipt before the commit"
                time.sleep(0.2)
        for device in devices:
            assert device.wait_receipt("press-1", 30, {"accepted"}) is not None
    until(lambda: pending_messages(centre) == 0, what="everything acknowledged", every_seconds=0.1)
    assert incidents_by_home(centre, "town") == {credentials.home: 1 for credentials in town}


def test_a_locked_store_of_readings_delays_no_alarm(tmp_path: Path) -> None:
    with running_centre(tmp_path, probe_interval_seconds=3600) as centre:
        home = centre.home()
        with button(centre.device(home, "motion")) as motion, button(centre.device(home)) as device, readings_store_locked(centre):
            motion.publish("telemetry", {"values": {"illuminance": 20}})
            motion.publish_event("seen-1", "motion.seen")
            motion.wait_acknowledged("seen-1")
            began = time.monotonic()
            device.press()
            assert time.monotonic() - began < BUSY_TIMEOUT_SECONDS, "a press waited for the file of telemetry"
