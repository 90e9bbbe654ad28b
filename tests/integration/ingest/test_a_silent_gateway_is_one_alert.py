"""A gateway that says nothing makes what speaks through it unknown: one alert, also after outages of our own and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.worker import Bench, add_device, add_home, build_bench

from alerts.model import Alert
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from devices.model import Device
from ingest.worker import recall

CHILDREN = 40


@dataclass
class Street:
    """A home with a gateway and forty sensors behind it, and the worker of it, which can die and come again."""

    database: Database
    clock: ManualClock
    settings: Settings
    folder: Path

    def __post_init__(self) -> None:
        now = self.clock.now()
        self.home = add_home(self.database, now, "h1")
        # Met in this order at a start, so that nothing hangs on the gateway being the first.
        self.first = add_device(self.database, now, self.home, "c0", "motion")
        self.gateway = add_device(self.database, now, self.home, "g1", "zigbee2mqtt-gateway")
        for number in range(1, CHILDREN):
            add_device(self.database, now, self.home, f"c{number}", "motion", parent_id=self.gateway)
        self.change(Device.code == "c0", parent_id=self.gateway)
        self.heard(now)
        self.start()

    def start(self) -> None:
        self.bench: Bench[ManualClock] = build_bench(self.folder, self.database, self.clock, self.settings)
        with self.database.snapshot() as session:
            self.bench.tools.book.load_all(session)
            self.bench.tools.conditions.load(session)
            recall(session, self.bench.tools.seen)

    def die(self) -> None:
        self.bench.store.close()
        self.start()

    def change(self, which: sa.ColumnElement[bool], **values: object) -> None:
        with self.database.transaction() as session:
            session.execute(sa.update(Device).where(which).values(**values))

    def heard(self, at: datetime) -> None:
        """Everything was heard then, and is looked at when its profile's time is over."""
        self.change(Device.code != "", last_seen_at=at)
        self.change(Device.parent_id.is_not(None), silence_due_at=at + timedelta(hours=24))
        self.change(Device.code == "g1", silence_due_at=at + timedelta(minutes=15))

    def speak(self) -> None:
        """The gateway says a word of its own."""
        self.bench.say("yl/v1/h1/g1/up/zigbee2mqtt/bridge/state", {"state": "online"})
        with self.database.transaction() as session:
            self.bench.tools.seen.flush(session, self.clock.now())

    def tick(self) -> None:
        self.bench.tools.conditions.learn(self.bench.silence.tick())

    def silent(self) -> list[str]:
        """The subjects of all alerts of silence."""
        with self.database.snapshot() as session:
            return list(session.scalars(sa.select(Alert.subject).where(Alert.rule == "silence").order_by(Alert.id)))


@pytest.fixture
def street(tmp_path: Path, database: Database, clock: ManualClock, settings: Settings) -> Iterator[Street]:
    street = Street(database, clock, settings, tmp_path)
    yield street
    street.bench.store.close()


def test_after_a_long_outage_of_our_own_a_dead_gateway_is_one_alert(street: Street) -> None:
    street.clock.advance(timedelta(hours=30))
    street.die()
    street.tick()
    assert street.silent() == []  # the grace
    street.clock.advance(timedelta(seconds=street.settings.restart_grace_seconds))
    for _ in range(3):
        street.tick()
    assert street.silent() == ["device:g1"]


def test_children_have_their_full_time_again_although_the_worker_died(street: Street) -> None:
    street.clock.advance(timedelta(minutes=20))
    street.tick()
    assert street.silent() == ["device:g1"]
    street.clock.advance(timedelta(hours=30))
    street.speak()
    street.die()
    street.clock.advance(timedelta(seconds=street.settings.restart_grace_seconds + 1))
    street.change(Device.parent_id.is_not(None), silence_due_at=street.clock.now())
    street.tick()
    assert street.silent() == ["device:g1"]
    street.clock.advance(timedelta(hours=23))
    street.speak()
    street.tick()
    assert street.silent() == ["device:g1"]
    street.clock.advance(timedelta(hours=1, minutes=5))
    street.speak()
    street.tick()
    assert len(street.silent()) == 1 + CHILDREN  # their day is over: now they are missing for themselves


def test_the_dues_of_a_worker_that_stands_still_hold_up_nobody_elses(street: Street) -> None:
    now = street.clock.now()
    elsewhere = add_home(street.database, now, "elsewhere")
    for number in range(510):
        add_device(street.database, now, elsewhere, f"e{number}", "motion", silence_due_at=now - timedelta(hours=1))
    street.bench.tools.book._partitions = 1_000_003  # only what is in the book already is ours
    street.clock.advance(timedelta(minutes=20))
    street.tick()
    assert street.silent() == ["device:g1"]
