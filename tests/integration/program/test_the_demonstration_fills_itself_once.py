"""The demonstration centre: filled whole, left alone at the second start, its past week resumable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from alerts.model import Alert, Incident, SignalRecord, TimelineEntry
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from core.ids import secret_matches
from devices.model import Device
from people.model import Area, Centre, Contact, Home, Resident, User
from people.passwords import password_matches
from timeseries.sqlite_store import SqliteReadingStore
from yinling.demo import ACCOUNTS, FAMILY_HOME, ensure_centre
from yinling.simulate.past import Past, Stores

HOMES = 12
TABLES = (Area, Home, Resident, Contact, Device, User, Incident, Alert, TimelineEntry, SignalRecord)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, demo=True)


@pytest.fixture
def centre_stores(database: Database, folder: Path) -> Iterator[Stores]:
    with closing(SqliteReadingStore(folder / "readings.db")) as readings:
        yield Stores(database, readings)


def counts(database: Database) -> dict[str, int]:
    with database.snapshot() as session:
        return {table.__tablename__: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in TABLES}


def test_a_second_start_changes_nothing(database: Database, folder: Path, settings: Settings, clock: ManualClock) -> None:
    first = ensure_centre(database, folder, settings, HOMES, clock)
    before = counts(database)

    assert ensure_centre(database, folder, settings, HOMES, clock) == first
    assert counts(database) == before
    assert before["homes"] == HOMES
    assert all(before.values())


def test_the_printed_sign_ins_and_the_trial_button_work(
    database: Database, folder: Path, settings: Settings, clock: ManualClock
) -> None:
    trial = ensure_centre(database, folder, settings, HOMES, clock)

    with database.snapshot() as session:
        people = {user.username: user for user in session.scalars(sa.select(User))}
        assert all(password_matches(account.password, people[account.username].password_hash) for account in ACCOUNTS)
        assert [home.code for home in people["family"].homes] == [FAMILY_HOME]
        button = session.scalars(sa.select(Device).where(Device.code == trial.username)).one()
        assert button.secret_hash is not None
        assert secret_matches(trial.password, button.secret_hash)
        assert button.client_id == trial.client_id
        assert trial.topic == f"yl/v1/{FAMILY_HOME}/{button.code}"


def test_the_past_weeks_incidents_are_all_closed_and_past(
    database: Database, folder: Path, settings: Settings, clock: ManualClock
) -> None:
    ensure_centre(database, folder, settings, HOMES, clock)

    with database.snapshot() as session:
        incidents = session.scalars(sa.select(Incident).order_by(Incident.number)).all()
    assert [incident.number for incident in incidents] == list(range(1, len(incidents) + 1))
    for incident in incidents:
        assert incident.state == "closed"
        assert incident.reason is not None
        assert incident.acknowledged_at is not None
        assert incident.closed_at is not None
        assert incident.opened_at < incident.acknowledged_at < incident.closed_at < clock.now()
        assert not any((incident.ring_due_at, incident.claim_due_at, incident.escalation_due_at, incident.answer_due_at))


def test_more_homes_come_beside_those_that_are_there(
    database: Database, folder: Path, settings: Settings, clock: ManualClock
) -> None:
    ensure_centre(database, folder, settings, HOMES, clock)
    ensure_centre(database, folder, settings, HOMES + 3, clock)

    assert counts(database)["homes"] == HOMES + 3


def test_a_fill_of_the_past_that_was_killed_goes_on_and_doubles_nothing(
    centre_stores: Stores, folder: Path, settings: Settings, clock: ManualClock
) -> None:
    homes = [1, 2, 5]
    ensure_centre(centre_stores.database, folder, settings, HOMES, clock)
    rests = iter(range(7))

    def killed_in_the_eighth_rest(_seconds: float) -> bool:
        if next(rests, None) is None:
            raise KeyboardInterrupt
        return False

    zone = ZoneInfo("Asia/Shanghai")
    with pytest.raises(KeyboardInterrupt):
        Past(folder, zone, clock, killed_in_the_eighth_rest).fill(centre_stores, homes)
    rest = Past(folder, zone, clock, lambda _seconds: False).fill(centre_stores, homes)

    assert 8 + rest == 8 * len(homes)
    assert Past(folder, zone, clock, lambda _seconds: False).fill(centre_stores, homes) == 0
    with centre_stores.database.snapshot() as session:
        told = sa.select(SignalRecord.device_id, SignalRecord.type, SignalRecord.received_at)
        rows = session.execute(told.where(SignalRecord.event_key.like("past-2%"))).all()
        bed = session.scalars(sa.select(Device).where(Device.code == "h0001-bed")).one()
    assert len(rows) == len(set(rows)) > 300
    assert max(row.received_at for row in rows) < clock.now()
    assert centre_stores.readings.latest(bed.id)["heart_rate"].at < clock.now()


def test_a_centre_of_somebodys_own_gets_no_sign_in_with_a_known_password(
    database: Database, folder: Path, settings: Settings, clock: ManualClock
) -> None:
    with database.snapshot() as session:
        name = session.get_one(Centre, 1).name

    ensure_centre(database, folder, settings.model_copy(update={"demo": False}), HOMES, clock)

    assert counts(database)["homes"] == HOMES
    assert counts(database)["users"] == 0
    assert counts(database)["incidents"] == 0
    with database.snapshot() as session:
        assert session.get_one(Centre, 1).name == name
