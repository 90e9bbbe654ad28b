"""Devices behind a gateway: met by name, completed by address, renamed, swapped; never two rows for one device."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.clock import ManualClock
from core.database import Database
from devices.children import upsert_children
from devices.codecs.types import ChildSeen, DeviceView, index_children
from devices.model import Device, DeviceState
from devices.schemas import NewDevice
from devices.service import provision, retire
from devices.store import children_of, find_device, view_of
from people.model import Home


@pytest.fixture
def gateway(database: Database, home: Home, clock: ManualClock) -> DeviceView:
    with database.transaction() as session:
        device, _ = provision(session, home, NewDevice(name="网关", profile="zigbee2mqtt-gateway"), clock.now())
    return view_of(device, home.code)


class House:
    """The gateway's children in the database."""

    def __init__(self, database: Database, gateway: DeviceView, clock: ManualClock) -> None:
        self._database = database
        self.gateway = gateway
        self._clock = clock

    def see(self, *seen: ChildSeen) -> int:
        with self._database.transaction() as session:
            return upsert_children(session, self.gateway, seen, self._clock.now())

    def children(self) -> list[Device]:
        with self._database.snapshot() as session:
            return list(children_of(session, self.gateway.id))

    def revision(self) -> int:
        with self._database.snapshot() as session:
            return session.scalars(sa.select(Home.revision).where(Home.id == self.gateway.home_id)).one()

    def by_topic_name(self, name: str) -> int:
        return index_children([view_of(device, "home-1") for device in self.children()])[name].id


@pytest.fixture
def house(database: Database, gateway: DeviceView, clock: ManualClock) -> House:
    return House(database, gateway, clock)


def listed(address: str, name: str, profile: str = "smoke-alarm", model: str | None = "M") -> ChildSeen:
    return ChildSeen(address, (name,), model, profile)


def test_a_child_is_registered_once_without_a_secret(house: House) -> None:
    before = house.revision()
    assert house.see(listed("0x01", "客厅 烟感/左")) == 1
    assert house.revision() == before + 1
    assert house.see(listed("0x01", "客厅 烟感/左")) == 0
    assert house.revision() == before + 1
    (child,) = house.children()
    assert (child.address, child.alias, child.name, child.model) == ("0x01", "客厅 烟感/左", "客厅 烟感/左", "M")
    assert (child.secret_hash, child.client_id, child.parent_id) == (None, None, house.gateway.id)
    assert child.silence_due_at is not None


def test_a_child_met_by_name_keeps_its_row_when_its_address_is_told(house: House) -> None:
    house.see(ChildSeen("hall", ("hall",), None, "environment"))
    first = house.by_topic_name("hall")
    assert house.see(listed("0x01", "hall")) == 1
    (child,) = house.children()
    assert (child.id, child.address, child.model, child.profile) == (first, "0x01", "M", "smoke-alarm")


def test_a_rename_at_the_gateway_keeps_the_device_and_the_name_a_person_gave(house: House, database: Database) -> None:
    house.see(listed("0x01", "hall"))
    first = house.by_topic_name("hall")
    house.see(listed("0x01", "kitchen"))
    assert house.by_topic_name("kitchen") == first
    assert house.children()[0].name == "kitchen"
    with database.transaction() as session:
        find_device(session, first).name = "厨房烟感"
    house.see(listed("0x01", "bath"))
    assert [(child.id, child.alias, child.name) for child in house.children()] == [(first, "bath", "厨房烟感")]


def test_two_devices_that_swap_names_stay_themselves(house: House) -> None:
    house.see(listed("0x01", "a"), listed("0x02", "b"))
    one, two = house.by_topic_name("a"), house.by_topic_name("b")
    house.see(listed("0x01", "b"), listed("0x02", "a"))
    assert (house.by_topic_name("a"), house.by_topic_name("b")) == (two, one)
    assert len(house.children()) == 2


def test_a_device_that_takes_the_name_of_a_removed_one_is_another(house: House) -> None:
    house.see(listed("0x01", "hall"))
    house.see(listed("0x02", "hall"))
    assert {child.address: child.alias for child in house.children()} == {"0x01": None, "0x02": "hall"}


def test_a_confirmed_devices_profile_is_not_guessed_again(house: House, database: Database) -> None:
    house.see(ChildSeen("hall", ("hall",), None, "door"))
    with database.transaction() as session:
        find_device(session, house.by_topic_name("hall")).state = DeviceState.LIVE
    house.see(listed("0x01", "hall", profile="environment"))
    (child,) = house.children()
    assert (child.profile, child.model) == ("door", "M")


def test_two_workers_cannot_make_two_rows_of_one_child(house: House, database: Database, clock: ManualClock) -> None:
    house.see(listed("0x01", "hall"))
    twin = Device(
        code="dev-twin",
        home_id=house.gateway.home_id,
        parent_id=house.gateway.id,
        address="0x01",
        name="x",
        profile="door",
        created_at=clock.now(),
    )
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as session:
        session.add(twin)


def test_a_retired_gateway_takes_its_children_with_it(house: House, database: Database) -> None:
    house.see(listed("0x01", "hall"), listed("0x02", "bath"))
    with database.transaction() as session:
        retire(session, find_device(session, house.gateway.id))
    assert {child.state for child in house.children()} == {DeviceState.RETIRED}


def test_a_state_decoded_before_the_list_of_its_batch_makes_no_second_child(house: House) -> None:
    met_by_its_message = ChildSeen("客厅/烟感", ("客厅/烟感",), None, "smoke-alarm")

    house.see(listed("0x01", "客厅/烟感"), met_by_its_message)

    assert [(child.address, child.alias) for child in house.children()] == [("0x01", "客厅/烟感")]
    assert house.see(met_by_its_message) == 0
