"""The first word of a lost connection is kept until the device is back: outages of areas are judged by it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from support.worker import add_device, add_home

from alerts.modes.model import Mode
from core.clock import ManualClock
from core.database import Database
from devices.model import Device
from ingest.seen import SeenBook


def offline_since(database: Database, device_id: int) -> datetime | None:
    with database.snapshot() as session:
        return session.get_one(Device, device_id).offline_at


def test_it_counts_from_the_first_word_and_ends_with_the_return(database: Database, clock: ManualClock) -> None:
    device = add_device(database, clock.now(), add_home(database, clock.now(), "h1"), "hub", "zigbee2mqtt-gateway")
    seen, first = SeenBook(), clock.now()
    for online in (False, False, True, None):
        seen.update(device, clock.now(), online=online, battery=50.0)
        with database.transaction() as session:
            seen.flush(session, clock.now())
        assert offline_since(database, device) == (first if online is False else None)
        clock.advance(timedelta(minutes=1))


@pytest.mark.parametrize(
    ("metric", "value", "asked"), [("motion", 1.0, True), ("motion", 0.0, False), ("temperature", 20.0, False)]
)
def test_a_reading_of_movement_is_noticed_in_a_home_that_is_said_to_be_empty(
    database: Database, clock: ManualClock, metric: str, value: float, *, asked: bool
) -> None:
    home = add_home(database, clock.now(), "h1")
    device = add_device(database, clock.now(), home, "m1", "motion")
    with database.transaction() as session:
        until = clock.now() + timedelta(days=3)
        session.add(Mode(home_id=home, mode="away", starts_at=clock.now(), until_at=until, end_due_at=until, set_by="王芳"))
    clock.advance(timedelta(hours=2))
    seen = SeenBook()
    seen.value(device, clock.now(), metric, value, clock.now())
    with database.transaction() as session:
        seen.flush(session, clock.now())
        stay = session.query(Mode).one()
        session.refresh(stay)
        assert (stay.movement_seen_at is not None, stay.question_due_at is not None) == (asked, asked)
