"""A centre with two areas, homes and supervisors, and the Grafanas it is shown in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from support.grafana_houses import OLD_AND_NEW, House, facts_of, house, houses

from core.clock import ManualClock
from core.database import Database
from people.model import Area, Home, Resident, Role, User
from yinling.grafana.facts import Facts


@pytest.fixture(params=houses())
def grafana(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Each Grafana in turn."""
    with house(str(request.param), tmp_path / "data") as one:
        yield one


@pytest.fixture(params=OLD_AND_NEW)
def documented(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Servers of our own only, for what cannot be made to happen, or be seen, at a real one."""
    with house(str(request.param), tmp_path / "data") as one:
        yield one


@pytest.fixture
def county(database: Database, clock: ManualClock) -> Database:
    """东街 with 一社区 below it, 西街; four homes, one of them the probe's; three supervisors, an operator and a family."""
    fill(database, clock.now())
    return database


@pytest.fixture
def facts(county: Database) -> Facts:
    """What Grafana is to know of it."""
    return facts_of(county)


def fill(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        east = Area(code="east", name="东街", path="/east/")
        west = Area(code="west", name="西街", path="/west/")
        session.add_all([east, west])
        session.flush()
        first = Area(code="east-1", name="一社区", path="/east/east-1/", parent_id=east.id)
        session.add(first)
        session.flush()
        for code, area in (("h0001", first), ("h0002", first), ("h0003", west), ("h0004", None)):
            session.add(Home(code=code, name=f"{code}的家", address="幸福路1号", area_id=area and area.id, created_at=now))
        session.add(Home(code="probe-0", name="probe", address="-", is_probe=True, created_at=now))
        session.flush()
        session.add(Resident(home_id=1, name="李秀英", illnesses="高血压", created_at=now))
        for username, role, areas in (
            ("wang", Role.SUPERVISOR, []),
            ("li", Role.SUPERVISOR, [first]),
            ("zhao", Role.SUPERVISOR, [west]),
            ("chen", Role.OPERATOR, []),
            ("son", Role.FAMILY, []),
        ):
            session.add(User(username=username, name=f"{username} 先生", role=role, password_hash="x", created_at=now, areas=areas))
