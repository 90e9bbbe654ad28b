"""A small town to ring alarms in: two homes, some devices, two operators, an engine and a desk on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session
from support.stores import count_on_from

from alerts.acts.by import By
from alerts.engine import AlertEngine
from alerts.facts import DeviceFacts
from alerts.findings import Finding, Outcome
from alerts.model import Alert, Incident, TimelineEntry
from alerts.presence import renew_presence
from alerts.rules.signal import findings_of_signal
from alerts.timeline import Actor
from alerts.work import Desk
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from devices.codecs.types import Signal
from devices.model import Device
from people.model import Home, Resident, User

T = TypeVar("T")

WANG = Actor(1, "王芳")
LI = Actor(2, "李强")


@dataclass
class Town:
    """What a test does in a line: press, look, act, let time pass."""

    database: Database
    clock: ManualClock
    settings: Settings
    hints: list[int | None] = field(default_factory=list)
    _serial: int = 0

    def __post_init__(self) -> None:
        self.engine = AlertEngine(self.settings)
        self.desk = Desk(self.database, self.clock, self.settings, self.hints.append)

    def facts(self, device: str = "button", **more: Any) -> DeviceFacts:
        worn = {"pendant": 1, "pendant-2": 2}.get(device)
        number = ["button", "smoke", "pendant", "pendant-2", "kiosk", "other-button", "probe-button"].index(device) + 1
        home = {"other-button": 2, "probe-button": 3}.get(device, 1)
        return DeviceFacts(
            id=number,
            code=device,
            home_id=home,
            profile="sos-button",
            resident_id=worn,
            worn=worn is not None,
            probe=home == 3,
            **more,
        )

    def finding(self, kind: str, device: str = "button", event_id: str | None = None, **how: Any) -> Finding:
        """A finding of one native signal; `event_id` new unless given, received now."""
        if event_id is None:
            self._serial += 1
            event_id = f"auto-{self._serial}"
        signal = Signal(
            device,
            kind,
            event_id,
            how.get("device_at"),
            self.clock.now(),
            how.get("data", {}),
            retained=how.get("retained", False),
            redelivered=how.get("redelivered", False),
            has_own_id=how.get("own", True),
        )
        (finding,) = findings_of_signal(signal, self.facts(device, **how.get("facts", {})))
        return finding

    def apply(self, *findings: Finding) -> list[Outcome]:
        with self.database.transaction() as session:
            return self.engine.apply(session, findings, self.clock.now())

    def say(self, kind: str, device: str = "button", event_id: str | None = None, **how: Any) -> Outcome:
        return self.apply(self.finding(kind, device, event_id, **how))[0]

    def do(self, act: Callable[..., T], incident_id: int | None, *more: Any, actor: Actor = WANG) -> T:
        def run(session: Session, by: By) -> T:
            return act(session, incident_id, by, *more)

        return self.desk.do(actor, run)

    def watch(self, *, lasts: timedelta = timedelta(days=365)) -> None:
        """An operator has the live stream open."""
        with self.database.transaction() as session:
            renew_presence(session, "stream", 1, self.clock.now() + lasts)

    def later(self, seconds: float) -> datetime:
        return self.clock.advance(timedelta(seconds=seconds))

    def incident(self, incident_id: int | None) -> Incident:
        with self.database.snapshot() as session:
            return session.get_one(Incident, incident_id)

    def incidents(self) -> list[Incident]:
        with self.database.snapshot() as session:
            return list(session.scalars(sa.select(Incident).where(~Incident.probe).order_by(Incident.id)))

    def alerts(self, incident_id: int | None = None) -> list[Alert]:
        query = sa.select(Alert).order_by(Alert.id)
        if incident_id is not None:
            query = query.where(Alert.incident_id == incident_id)
        with self.database.snapshot() as session:
            return list(session.scalars(query))

    def told(self, incident_id: int | None) -> list[str]:
        """The acts on an incident's timeline, in order."""
        query = sa.select(TimelineEntry.act).where(TimelineEntry.incident_id == incident_id).order_by(TimelineEntry.id)
        with self.database.snapshot() as session:
            return list(session.scalars(query))

    def rows(self, table: type[T]) -> list[T]:
        with self.database.snapshot() as session:
            return list(session.scalars(sa.select(table)))


def build_town(database: Database, clock: ManualClock, settings: Settings) -> Town:
    """Fill the database and give the town."""
    now = clock.now()
    with database.transaction() as session:
        for number, code in enumerate(("home-1", "home-2", "probe-0"), 1):
            session.add(Home(id=number, code=code, name=code, address="幸福路1号", is_probe=number == 3, created_at=now))
        for actor in (WANG, LI):
            session.add(
                User(id=actor.id, username=f"user-{actor.id}", name=actor.name, role="operator", password_hash="x", created_at=now)
            )
        session.flush()
        session.add(Resident(id=1, home_id=1, name="李秀英", illnesses="高血压", created_at=now))
        session.add(Resident(id=2, home_id=1, name="张建国", created_at=now))
        session.flush()
        town = Town(database, clock, settings)
        for code in ("button", "smoke", "pendant", "pendant-2", "kiosk", "other-button", "probe-button"):
            facts = town.facts(code)
            session.add(Device(id=facts.id, code=code, home_id=facts.home_id, name=code, profile=facts.profile, created_at=now))
        count_on_from(session, Home, User, Resident, Device)
    return town


__all__ = ["LI", "WANG", "Town", "build_town"]
