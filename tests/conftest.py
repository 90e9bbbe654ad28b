"""Fixtures every layer of tests stands on: a migrated database, a clock that is moved, a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from people.model import Centre
from yinling.migrations import upgrade

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    """Stands at three in the morning until moved."""
    return ManualClock(START)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose data folder is the test's own."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database built by running the migrations, with its one centre."""
    database = Database(f"sqlite:///{tmp_path / 'yinling.db'}")
    upgrade(database)
    with database.transaction() as session:
        session.add(Centre(id=1, name="银铃县调度中心", phone="0797-8120120", created_at=START))
    yield database
    database.close()
