"""Who may sign in, asked of a real database and of its snapshot; and what was refused, written back."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from core.ids import hash_secret
from devices.certificates import revoke_certificate
from devices.model import Device, DeviceState
from ingest.broker_secrets import load_or_create_secrets, secrets_path
from ingest.directory import HOLD_OFF_SECONDS, DatabaseDirectory
from ingest.model import BrokerRefusal
from ingest.refusals import MOST_PENDING, Refusal, RefusalLedger, RefusalReason
from people.model import Home


@pytest.fixture
def device_id(database: Database, clock: ManualClock) -> int:
    """dev-1 of home-1, and a gateway's child without a secret."""
    with database.transaction() as session:
        home = Home(code="home-1", name="张桂英", address="1-2-3", created_at=clock.now())
        session.add(home)
        session.flush()
        device = _device(home.id, "dev-1", clock)
        session.add_all([device, _device(home.id, "gw-1", clock, profile="zigbee2mqtt-gateway")])
        child = _device(home.id, "child-1", clock)
        child.secret_hash = child.client_id = None
        session.add(child)
        session.flush()
        return device.id


def _device(home_id: int, code: str, clock: ManualClock, profile: str = "sos-button") -> Device:
    return Device(
        code=code,
        home_id=home_id,
        name=code,
        profile=profile,
        secret_hash=hash_secret("right"),
        client_id=f"yl-{code}",
        created_at=clock.now(),
    )


@pytest.fixture
def directory(database: Database, tmp_path: Path, clock: ManualClock, device_id: int) -> DatabaseDirectory:
    assert device_id
    return DatabaseDirectory(database, tmp_path / "sign-in.json", clock)


def _break(database: Database) -> None:
    with database.transaction() as session:
        session.execute(sa.text("ALTER TABLE devices RENAME TO devices_away"))


def test_a_device_is_found_with_what_its_sign_in_needs(directory: DatabaseDirectory) -> None:
    device = asyncio.run(directory.find("dev-1"))
    assert device is not None
    assert (device.home_code, device.client_id, device.is_gateway, device.retired) == ("home-1", "yl-dev-1", False, False)
    gateway = asyncio.run(directory.find("gw-1"))
    assert gateway is not None
    assert gateway.is_gateway


def test_a_gateways_child_cannot_sign_in(directory: DatabaseDirectory) -> None:
    assert asyncio.run(directory.find("child-1")) is None


def test_a_retirement_holds_at_once(directory: DatabaseDirectory, database: Database, device_id: int) -> None:
    directory.refresh()
    with database.transaction() as session:
        session.get_one(Device, device_id).state = DeviceState.RETIRED
    found = asyncio.run(directory.find("dev-1"))
    assert found is not None
    assert found.retired


def test_the_snapshot_answers_when_the_database_is_away_also_after_a_restart(
    directory: DatabaseDirectory, database: Database, tmp_path: Path, clock: ManualClock
) -> None:
    directory.refresh()
    _break(database)
    assert asyncio.run(directory.find("dev-1")) is not None
    after_restart = DatabaseDirectory(database, tmp_path / "sign-in.json", clock)
    found = asyncio.run(after_restart.find("dev-1"))
    assert found is not None
    assert found.home_code == "home-1"
    assert asyncio.run(after_restart.find("nobody")) is None
    assert (tmp_path / "sign-in.json").stat().st_mode & 0o777 == 0o600


def test_the_database_is_asked_again_after_a_while(directory: DatabaseDirectory, database: Database, clock: ManualClock) -> None:
    _break(database)
    assert asyncio.run(directory.find("dev-1")) is None  # no snapshot yet
    with database.transaction() as session:
        session.execute(sa.text("ALTER TABLE devices_away RENAME TO devices"))
    assert asyncio.run(directory.find("dev-1")) is None
    clock.advance(timedelta(seconds=HOLD_OFF_SECONDS + 1))
    assert asyncio.run(directory.find("dev-1")) is not None


def test_a_spoilt_snapshot_is_no_reason_not_to_start(
    database: Database, tmp_path: Path, clock: ManualClock, device_id: int
) -> None:
    assert device_id
    (tmp_path / "sign-in.json").write_text("{half")
    assert asyncio.run(DatabaseDirectory(database, tmp_path / "sign-in.json", clock).find("dev-1")) is not None


def test_refusals_are_counted_per_client_and_reason_and_stand_at_the_device(
    database: Database, clock: ManualClock, device_id: int
) -> None:
    ledger = RefusalLedger(database)
    for client in ("dev-1", "yl-dev-1", "dev-1"):
        ledger.add(Refusal(client, RefusalReason.WRONG_SECRET, clock.now(), "127.0.0.1"))
    ledger.flush()
    ledger.add(Refusal("dev-1", RefusalReason.WRONG_SECRET, clock.advance(timedelta(minutes=1))))
    ledger.add(Refusal("stranger", RefusalReason.UNKNOWN_DEVICE, clock.now()))
    ledger.flush()
    with database.snapshot() as session:
        rows = {(each.client, each.reason): each for each in session.scalars(sa.select(BrokerRefusal))}
        device = session.get_one(Device, device_id)
    assert set(rows) == {("dev-1", "wrong_secret"), ("stranger", "unknown_device")}
    assert rows["dev-1", "wrong_secret"].count == 4
    assert rows["dev-1", "wrong_secret"].device_id == device_id
    assert rows["dev-1", "wrong_secret"].detail == "127.0.0.1"
    assert rows["dev-1", "wrong_secret"].last_at - rows["dev-1", "wrong_secret"].first_at == timedelta(minutes=1)
    assert (device.refused_reason, device.refused_at) == ("wrong_secret", clock.now())


def test_not_being_ready_ourselves_is_not_held_against_the_device(database: Database, clock: ManualClock, device_id: int) -> None:
    ledger = RefusalLedger(database)
    ledger.add(Refusal("dev-1", RefusalReason.NOT_READY, clock.now()))
    ledger.flush()
    with database.snapshot() as session:
        assert session.get_one(Device, device_id).refused_at is None


def test_refusals_wait_for_a_database_that_is_away(database: Database, clock: ManualClock, device_id: int) -> None:
    assert device_id
    ledger = RefusalLedger(database)
    ledger.add(Refusal("dev-1", RefusalReason.WRONG_SECRET, clock.now()))
    _break(database)
    with pytest.raises(sa.exc.SQLAlchemyError):
        ledger.flush()
    ledger.add(Refusal("dev-1", RefusalReason.WRONG_SECRET, clock.now()))
    with database.transaction() as session:
        session.execute(sa.text("ALTER TABLE devices_away RENAME TO devices"))
    ledger.flush()
    with database.snapshot() as session:
        assert session.scalars(sa.select(BrokerRefusal)).one().count == 2


def test_strangers_with_endless_names_fill_no_memory(database: Database, clock: ManualClock) -> None:
    ledger = RefusalLedger(database)
    for number in range(MOST_PENDING + 500):
        ledger.add(Refusal(f"stranger-{number}", RefusalReason.UNKNOWN_DEVICE, clock.now()))
    assert len(ledger._pending) == MOST_PENDING + 1
    assert ledger.counts[RefusalReason.UNKNOWN_DEVICE] == MOST_PENDING + 500


def test_processes_that_start_at_once_share_one_secret(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    found = []
    threads = [threading.Thread(target=lambda: found.append(load_or_create_secrets(settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert secrets_path(settings).stat().st_mode & 0o777 == 0o600
    assert list(secrets_path(settings).parent.iterdir()) == [secrets_path(settings)]


def test_settings_win_over_the_file(tmp_path: Path) -> None:
    seed = load_or_create_secrets(Settings(data_dir=tmp_path / "other")).issuer_seed
    chosen = load_or_create_secrets(Settings(data_dir=tmp_path / "data", broker_password="p", broker_issuer_seed=seed))
    assert (chosen.password, chosen.issuer_seed) == ("p", seed)
    with pytest.raises(ValueError, match="seed"):
        load_or_create_secrets(Settings(data_dir=tmp_path / "data", broker_issuer_seed="nonsense"))


def test_what_came_and_went_between_two_snapshots_is_put_out_too(
    database: Database, tmp_path: Path, clock: ManualClock, device_id: int
) -> None:
    gone: list[str] = []
    directory = DatabaseDirectory(
        database, tmp_path / "sign-in.json", clock, on_gone=lambda each: gone.extend(one.client_id for one in each)
    )
    assert asyncio.run(directory.find("dev-1")) is not None  # let in before the first snapshot ever
    with database.transaction() as session:
        session.get_one(Device, device_id).secret_hash = hash_secret("another")
    directory.refresh()
    assert gone == ["yl-dev-1"]
    directory.refresh()
    assert gone == ["yl-dev-1"]


def test_a_device_with_a_certificate_is_found_without_a_secret(
    directory: DatabaseDirectory, database: Database, device_id: int
) -> None:
    with database.transaction() as session:
        device = session.get_one(Device, device_id)
        device.secret_hash, device.certificate_hash = None, "f" * 64
    found = asyncio.run(directory.find("dev-1"))
    assert found is not None
    assert (found.secret_hash, found.certificate_hash) == (None, "f" * 64)
    directory.refresh()
    assert DatabaseDirectory(database, directory._path, directory._clock)._kept["dev-1"] == found


def test_a_device_whose_certificate_was_revoked_is_known_let_in_with_nothing_and_put_out(
    database: Database, device_id: int, tmp_path: Path, clock: ManualClock
) -> None:
    gone: list[str] = []
    directory = DatabaseDirectory(
        database, tmp_path / "sign-in.json", clock, on_gone=lambda each: gone.extend(one.client_id for one in each)
    )
    with database.transaction() as session:
        device = session.get_one(Device, device_id)
        device.secret_hash, device.certificate_hash = None, "f" * 64
    directory.refresh()
    with database.transaction() as session:
        revoke_certificate(session, session.get_one(Device, device_id))
    directory.refresh()
    assert gone == ["yl-dev-1"]
    found = asyncio.run(directory.find("dev-1"))
    assert found is not None, "so that its row says why it was refused"
    assert (found.secret_hash, found.certificate_hash) == (None, None)
