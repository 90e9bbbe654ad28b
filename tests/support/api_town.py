"""A small centre with one home in the north, one in the south, and a person of every role, behind the real application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from alerts import incidents as acts
from alerts.model import SignalRecord
from api.deps import Deps
from api.server import make_deps
from core.clock import ManualClock
from core.database import Database
from core.ids import hash_secret, new_secret
from devices import service as devices
from devices.schemas import NewDevice
from people.model import Area, Contact, Home, Resident, Role, SignInSession, User
from people.passwords import hash_password

PASSWORD = "correct horse"
HASHED = hash_password(PASSWORD)

Served = Callable[[str], httpx.Client]
"""Gives a client of somebody signed in, to a real server."""


@dataclass
class Town:
    """The centre of a test, and ways in."""

    deps: Deps
    clock: ManualClock
    application: FastAPI
    client: TestClient
    stop_server: Callable[[], bool] | None = None
    """Stops the real server of the fixture `served`; whether it ended."""
    devices: dict[str, int] = field(default_factory=dict)
    residents: dict[str, int] = field(default_factory=dict)
    contacts: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)

    def token(self, username: str) -> str:
        """A session without the cost of a hash."""
        token = new_secret()
        now = self.clock.now()
        with self.deps.database.transaction() as session:
            session.add(
                SignInSession(
                    token_hash=hash_secret(token),
                    user_id=self.users[username],
                    created_at=now,
                    expires_at=now + timedelta(hours=self.deps.settings.session_hours),
                )
            )
        return token

    def bearer(self, username: str) -> dict[str, str]:
        """Headers of somebody signed in."""
        return {"Authorization": f"Bearer {self.token(username)}", "Accept-Language": "en"}

    def incident(self, home: str, kind: str = "phone_call", *, drill: bool = False) -> int:
        """An incident made by hand by the operator."""

        def run(session: Session, by: acts.By) -> int:
            incident = acts.open_by_hand(session, self.home_id(home), by, acts.ByHand(kind, "for a test", None, drill))
            session.flush()
            return incident.id

        return self.deps.desk.do(acts.Actor(self.users["operator"], "operator"), run)

    def fresh_deps(self) -> Deps:
        """The same centre for a second application in another event loop."""
        return make_deps(self.deps.settings, self.clock, self.deps.database, self.deps.readings, None)

    def home_id(self, code: str) -> int:
        with self.deps.database.snapshot() as session:
            return session.query(Home).filter(Home.code == code).one().id

    def signal(self, device: str, kind: str, **data: object) -> None:
        """A signal as the pipeline would store it."""
        with self.deps.database.transaction() as session:
            session.add(
                SignalRecord(
                    home_id=self.home_id(device),
                    device_id=self.devices[device],
                    event_key=new_secret(),
                    type=kind,
                    received_at=self.clock.now(),
                    data=data,
                    disposition="stored",
                )
            )


def fill(town: Town, database: Database, clock: ManualClock) -> None:
    now = clock.now()
    with database.transaction() as session:
        areas = {code: Area(code=code, name=code.title(), path=f"/{code}/") for code in ("north", "south")}
        session.add_all(areas.values())
        for code in ("north", "south"):
            home = Home(code=f"h-{code}", name=f"{code} home", address=f"1 {code} street", area=areas[code], created_at=now)
            home.residents.append(
                Resident(name=f"Old {code}", created_at=now, illnesses="heart", limits={"heart_rate": {"low": 45, "high": 120}})
            )
            home.contacts.append(Contact(name=f"Son {code}", phone="13800000000", created_at=now))
            session.add(home)
            session.flush()
            town.residents[home.code], town.contacts[home.code] = home.residents[0].id, home.contacts[0].id
            device, _ = devices.provision(session, home, NewDevice(name="button", profile="sos-button"), now)
            device.last_values = {"heart_rate": {"value": 71.0, "at": now.timestamp() * 1000}, "battery": {"value": 80.0, "at": 0}}
            town.devices[home.code] = device.id
        homes = {home.code: home for home in session.query(Home)}
        for role in Role:
            user = User(username=role.value, name=role.value.title(), role=role.value, password_hash=HASHED, created_at=now)
            if role in {Role.INSTALLER, Role.RESPONDER}:
                user.areas.append(areas["north"])
            if role is Role.FAMILY:
                user.homes.append(homes["h-north"])
            session.add(user)
            session.flush()
            town.users[role.value] = user.id
