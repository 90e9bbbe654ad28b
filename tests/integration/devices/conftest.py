"""A home with a resident, to hang devices in."""

from __future__ import annotations

import pytest

from core.clock import ManualClock
from core.database import Database
from people.model import Home, Resident


@pytest.fixture
def home(database: Database, clock: ManualClock) -> Home:
    """The home `home-1` with its resident 王秀兰."""
    with database.transaction() as session:
        home = Home(code="home-1", name="王秀兰家", address="银铃路 1 号", created_at=clock.now())
        session.add(home)
        session.flush()
        session.add(Resident(home_id=home.id, name="王秀兰", created_at=clock.now()))
    return home
