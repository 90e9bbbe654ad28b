"""What differs between two machines is one sentence at the start of the second: a secret, or the number of partitions."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.processes import until

from core.clock import SystemClock
from core.config import Settings
from core.database import Database
from yinling import agreement
from yinling.errors import CannotStartError

CLOCK = SystemClock()


@pytest.fixture
def backend() -> str:
    return "postgresql"


def machine(folder: Path, **settings: object) -> Settings:
    return Settings(data_dir=folder, **settings)  # type: ignore[arg-type]


def test_a_machine_with_another_secret_is_told_which(database: Database, tmp_path: Path) -> None:
    first, second = machine(tmp_path / "a"), machine(tmp_path / "b", broker_password="another")
    agreement.check(database, first, CLOCK, partitions=2)
    with pytest.raises(CannotStartError, match="YINLING_BROKER_PASSWORD of this machine is not the one"):
        agreement.check(database, second, CLOCK, partitions=2)


def test_a_machine_with_the_same_data_folder_agrees(database: Database, tmp_path: Path) -> None:
    agreement.check(database, machine(tmp_path), CLOCK, partitions=2)
    agreement.check(database, machine(tmp_path), CLOCK, partitions=2)


def test_two_that_start_at_once_in_a_new_centre_agree(database: Database, tmp_path: Path) -> None:
    """Nobody said anything yet, and the other writes it down at this very moment."""
    settings = machine(tmp_path)
    other = threading.Thread(target=lambda: agreement.check(database, settings, CLOCK, partitions=2))
    with database.transaction() as session:
        agreement.set_partitions(session, 2, CLOCK)
        other.start()
        until(lambda: session.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")), what="the other waits")
    other.join()  # what fails in it fails the test
    agreement.check(database, settings, CLOCK, partitions=2)


def test_migrate_makes_a_new_secret_hold(database: Database, tmp_path: Path) -> None:
    old, new = machine(tmp_path / "a"), machine(tmp_path / "b")
    agreement.check(database, old, CLOCK)
    agreement.renew_secrets(database, new, CLOCK)
    agreement.check(database, new, CLOCK)
    with pytest.raises(CannotStartError):
        agreement.check(database, old, CLOCK)


def test_another_number_of_partitions_is_refused_until_it_was_changed(database: Database, tmp_path: Path) -> None:
    settings = machine(tmp_path)
    agreement.check(database, settings, CLOCK, partitions=2)
    with pytest.raises(CannotStartError, match=r"spread over 2 partitions .* 'yinling repartition 4'"):
        agreement.check(database, settings, CLOCK, partitions=4)
    with database.transaction() as session:
        agreement.set_partitions(session, 4, CLOCK)
    agreement.check(database, settings, CLOCK, partitions=4)


def test_no_secret_is_kept() -> None:
    assert "hunter2" not in agreement.check_value("YINLING_BROKER_PASSWORD", "hunter2")
    assert agreement.check_value("YINLING_BROKER_PASSWORD", "hunter2") != agreement.check_value("YINLING_WEBHOOK_SECRET", "hunter2")
