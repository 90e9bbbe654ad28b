"""`yinling rules backtest` says how often, on which days and on whom, and refuses in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.worker import add_device, add_home

from alerts.model import Disposition, SignalRecord
from core.config import Settings
from core.database import Database
from people.model import Area, Centre, Home
from yinling.migrations import upgrade

RULE = """
yinling_rules: 1
rules:
  - code: door-any
    kind: signal
    name: {zh: 开门, en: Door opened}
    severity: low
    raises: wandering
    monitor: true
    on: [door.opened]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    now = datetime.now(UTC)
    with closing(Database(settings.relational_url)) as database:
        upgrade(database)
        with database.transaction() as session:
            session.add(Centre(id=1, name="调度中心", created_at=now))
        home = add_home(database, now - timedelta(days=30), "h-1")
        door = add_device(database, now - timedelta(days=30), home, "door", "door")
        with database.transaction() as session:
            for hours in (1, 2, 30):
                session.add(
                    SignalRecord(
                        home_id=home,
                        device_id=door,
                        event_key=f"open-{hours}",
                        type="door.opened",
                        received_at=now - timedelta(hours=hours),
                        disposition=Disposition.STORED,
                    )
                )
    return settings.data_dir


def backtest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yinling", "rules", "backtest", *arguments]
    environment = {**os.environ, "YINLING_DATA_DIR": str(folder), "YINLING_LOG_LEVEL": "ERROR"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_rule_that_is_not_in_force_yet_is_tried(folder: Path) -> None:
    (folder / "rule.yaml").write_text(RULE, encoding="utf-8")
    done = backtest(folder, "--file", str(folder / "rule.yaml"), "--days", "3")
    assert done.returncode == 0, done.stderr
    assert "fired 3 times in 1 of 1 homes; 0 of them had a real incident within 24 hours." in done.stdout
    assert "3 of these would not have been shown (away, out of service, monitor)." in done.stdout
    assert "  h-1                  3  家 h-1" in done.stdout


def test_a_rule_over_areas_is_run_over_the_centre(folder: Path) -> None:
    with closing(Database(Settings(data_dir=folder).relational_url)) as database:
        now = datetime.now(UTC) - timedelta(hours=3)
        with database.transaction() as session:
            session.add(Area(id=1, code="east", name="East", path="/east/"))
            session.flush()
            session.execute(sa.update(Home).values(area_id=1))
        for number in range(2, 7):
            home = add_home(database, now - timedelta(days=30), f"h-{number}", area_id=1)
            device = add_device(database, now - timedelta(days=30), home, f"smoke-{number}", "smoke-alarm")
            with database.transaction() as session:
                session.add(
                    SignalRecord(
                        home_id=home,
                        device_id=device,
                        event_key="dark",
                        type="power.lost",
                        received_at=now + timedelta(seconds=number),
                        disposition=Disposition.OPENED,
                    )
                )
    done = backtest(folder, "area_outage")
    assert done.returncode == 0, done.stderr
    assert "area_outage over the centre" in done.stdout
    assert "fired 1 times in 5 of 6 homes" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing",), "There is no such rule."),
        (("sos", "--home", "h-2"), "There is no home “h-2”."),
        (("area_outage", "--home", "h-1"), "An outage is judged over an area: choose an area or the whole centre, not one home."),
        ((), "Give either a rule or the code of one, not both."),
        (("--file", "/nowhere.yaml"), "/nowhere.yaml cannot be read"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = backtest(folder, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
