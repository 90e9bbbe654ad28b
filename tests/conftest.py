"""Fixtures every layer of tests stands on: a migrated database, a clock that is moved, a real broker."""

from __future__ import annotations

import shutil
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


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file built by running the migrations, with its one centre; tests work on copies of it."""
    path = tmp_path_factory.mktemp("migrated") / "yinling.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.transaction() as session:
        session.add(Centre(id=1, name="银铃县调度中心", phone="0797-8120120", created_at=START))
    database.close()
    return path


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Iterator[Database]:
    """A migrated database of the test's own."""
    path = tmp_path / "yinling.db"
    shutil.copyfile(migrated, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()
