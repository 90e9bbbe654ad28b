"""The life of a device: provisioned, given a new secret, tested and confirmed, changed, retired."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from core.errors import ConflictError, InvalidInputError, NotFoundError, YinlingError
from core.ids import is_topic_name, secret_matches
from devices.model import Device, DeviceState
from devices.schemas import DeviceChanges, NewDevice
from devices.service import access_for, change, provision, retire, rotate_secret, set_live
from devices.store import device_views, find_by_code, find_device, view_of
from people.model import Home, Resident


def revision(database: Database, home: Home) -> int:
    with database.snapshot() as session:
        return session.scalars(sa.select(Home.revision).where(Home.id == home.id)).one()


def hang(database: Database, home: Home, clock: ManualClock, **wanted: Any) -> tuple[Device, str]:
    with database.transaction() as session:
        return provision(session, home, NewDevice(**{"name": "床头按钮", "profile": "sos-button", **wanted}), clock.now())


def in_transaction(database: Database, device: Device, act: Callable[[Session, Device], Any]) -> Any:
    with database.transaction() as session:
        return act(session, find_device(session, device.id))


def test_a_provisioned_device_has_its_own_name_client_id_and_secret(database: Database, home: Home, clock: ManualClock) -> None:
    device, secret = hang(database, home, clock, room="卧室")
    other, other_secret = hang(database, home, clock)
    assert is_topic_name(device.code)
    assert device.client_id == f"yl-{device.code}"
    assert device.serial == device.code
    assert device.state == DeviceState.REGISTERED
    assert device.silence_due_at == clock.now() + timedelta(hours=25)
    assert (device.code, secret) != (other.code, other_secret)
    assert len(secret) >= 43


def test_the_store_keeps_the_hash_of_the_secret_only(database: Database, home: Home, clock: ManualClock) -> None:
    device, secret = hang(database, home, clock)
    with database.snapshot() as session:
        row = session.execute(sa.text("SELECT * FROM devices WHERE id = :id"), {"id": device.id}).mappings().one()
    assert secret not in str(dict(row))
    assert secret_matches(secret, row["secret_hash"])


def test_gateways_are_sent_to_the_gateway_port(database: Database, home: Home, clock: ManualClock, settings: Settings) -> None:
    button, secret = hang(database, home, clock)
    gateway, gateway_secret = hang(database, home, clock, profile="zigbee2mqtt-gateway")
    access = access_for(button, home.code, secret, settings)
    assert (access.port, access.username, access.password, access.client_id) == (1883, button.code, secret, f"yl-{button.code}")
    assert access.topic == f"yl/v1/home-1/{button.code}"
    assert access_for(gateway, home.code, gateway_secret, settings).port == 1884


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"profile": "teapot"}, (InvalidInputError, "unknown_profile")),
        ({"resident_id": 999}, (InvalidInputError, "unknown_resident")),
        ({"serial": "SN-1"}, (ConflictError, "serial_taken")),
    ],
)
def test_what_cannot_be_hung_is_refused_and_leaves_nothing(
    database: Database, home: Home, clock: ManualClock, wanted: dict[str, Any], refusal: tuple[type[YinlingError], str]
) -> None:
    hang(database, home, clock, serial="SN-1")
    with pytest.raises(refusal[0]) as refused:
        hang(database, home, clock, **wanted)
    assert refused.value.code == refusal[1]
    with database.snapshot() as session:
        assert len(device_views(session)) == 1


def test_a_resident_of_another_home_cannot_wear_it(database: Database, home: Home, clock: ManualClock) -> None:
    with database.transaction() as session:
        other = Home(code="home-2", name="李家", address="别处", created_at=clock.now())
        session.add(other)
        session.flush()
        stranger = Resident(home_id=other.id, name="李", created_at=clock.now())
        session.add(stranger)
    with pytest.raises(InvalidInputError):
        hang(database, home, clock, resident_id=stranger.id)


def test_two_devices_in_use_cannot_have_one_serial_even_without_asking_first(
    database: Database, home: Home, clock: ManualClock
) -> None:
    device, _ = hang(database, home, clock, serial="SN-1")
    twin = Device(code="dev-twin", home_id=home.id, name="x", profile="door", serial="SN-1", created_at=clock.now())
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as session:
        session.add(twin)
    in_transaction(database, device, retire)
    replaced, _ = hang(database, home, clock, serial="SN-1")
    assert replaced.serial == "SN-1"


def test_a_new_secret_ends_the_old_one(database: Database, home: Home, clock: ManualClock) -> None:
    device, old = hang(database, home, clock)
    new = in_transaction(database, device, rotate_secret)
    with database.snapshot() as session:
        stored = find_device(session, device.id).secret_hash or ""
    assert secret_matches(new, stored)
    assert not secret_matches(old, stored)


def test_a_device_is_live_only_after_its_test_was_seen(database: Database, home: Home, clock: ManualClock) -> None:
    device, _ = hang(database, home, clock)
    with pytest.raises(ConflictError) as refused:
        in_transaction(database, device, lambda session, found: set_live(session, found, clock.now(), tested_at=None))
    assert refused.value.code == "not_tested"
    first = clock.now()
    in_transaction(database, device, lambda session, found: set_live(session, found, first, tested_at=first))
    clock.advance(timedelta(hours=1))
    in_transaction(database, device, lambda session, found: set_live(session, found, clock.now(), tested_at=first))
    with database.snapshot() as session:
        found = find_device(session, device.id)
        assert (found.state, found.live_at) == (DeviceState.LIVE, first)
        assert view_of(found, home.code).live


def test_another_profile_asks_for_another_test(database: Database, home: Home, clock: ManualClock) -> None:
    device, _ = hang(database, home, clock)
    in_transaction(database, device, lambda session, found: set_live(session, found, clock.now(), tested_at=clock.now()))
    changes = DeviceChanges(profile="smoke-alarm", room=None)
    in_transaction(database, device, lambda session, found: change(session, found, changes, clock.now()))
    with database.snapshot() as session:
        found = find_device(session, device.id)
    assert (found.profile, found.state, found.live_at, found.room) == ("smoke-alarm", DeviceState.REGISTERED, None, None)
    assert found.silence_due_at == clock.now() + timedelta(hours=24)


def test_fields_left_out_of_a_change_stay(database: Database, home: Home, clock: ManualClock) -> None:
    device, _ = hang(database, home, clock, room="卧室")
    in_transaction(database, device, lambda session, found: change(session, found, DeviceChanges(name="门口按钮"), clock.now()))
    with database.snapshot() as session:
        found = find_device(session, device.id)
    assert (found.name, found.room, found.profile) == ("门口按钮", "卧室", "sos-button")


def test_a_retired_device_is_asked_for_nothing_any_more(database: Database, home: Home, clock: ManualClock) -> None:
    device, _ = hang(database, home, clock)
    in_transaction(database, device, retire)
    in_transaction(database, device, retire)
    with database.snapshot() as session:
        found = find_device(session, device.id)
        assert (found.state, found.silence_due_at) == (DeviceState.RETIRED, None)
    with pytest.raises(ConflictError) as refused:
        in_transaction(database, device, rotate_secret)
    assert refused.value.code == "device_retired"


def test_every_change_makes_the_workers_copy_of_the_home_old(database: Database, home: Home, clock: ManualClock) -> None:
    seen = [revision(database, home)]
    device, _ = hang(database, home, clock)
    acts: list[Callable[[Session, Device], Any]] = [
        rotate_secret,
        lambda session, found: set_live(session, found, clock.now(), tested_at=clock.now()),
        lambda session, found: change(session, found, DeviceChanges(name="x"), clock.now()),
        retire,
    ]
    seen.append(revision(database, home))
    for act in acts:
        in_transaction(database, device, act)
        seen.append(revision(database, home))
    assert seen == sorted(set(seen))


def test_a_transaction_that_fails_leaves_no_device(database: Database, home: Home, clock: ManualClock) -> None:
    codes: list[str] = []

    def fail_after_provisioning() -> None:
        with database.transaction() as session:
            device, _ = provision(session, home, NewDevice(name="x", profile="door"), clock.now())
            codes.append(device.code)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_provisioning()
    with database.snapshot() as session:
        assert find_by_code(session, codes[0]) is None


def test_a_device_that_is_not_there_is_not_found(database: Database) -> None:
    with database.snapshot() as session, pytest.raises(NotFoundError):
        find_device(session, 1)


def test_views_are_those_of_the_homes_asked_for(database: Database, home: Home, clock: ManualClock) -> None:
    device, _ = hang(database, home, clock)
    with database.snapshot() as session:
        assert [view.code for view in device_views(session, [home.id])] == [device.code]
        assert device_views(session, [home.id + 1]) == []
        assert device_views(session)[0].home_code == "home-1"
