"""A connection that stands ends when its device is retired, moved or given a new secret."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from support.devices import House
from support.processes import until

from core.bus import Bus
from core.clock import SystemClock
from ingest.broker_config import WATCHER_USER
from ingest.directory import DeviceCredentials, Gone, no_longer_allowed
from ingest.ejection import Ejector

DEVICE = DeviceCredentials("dev-1", "home-1", "hash", "yl-dev-1", is_gateway=False, retired=False)


@pytest.mark.parametrize(
    "now",
    [
        {},
        {"dev-1": replace(DEVICE, retired=True)},
        {"dev-1": replace(DEVICE, secret_hash="other")},
        {"dev-1": replace(DEVICE, home_code="home-2")},
    ],
)
def test_what_no_longer_holds_is_told(now: dict[str, DeviceCredentials]) -> None:
    assert [gone.client_id for gone in no_longer_allowed({"dev-1": DEVICE}, now)] == ["yl-dev-1"]


def test_what_still_holds_is_left_alone() -> None:
    others = {"dev-2": replace(DEVICE, code="dev-2", client_id="yl-dev-2")}
    assert no_longer_allowed({"dev-1": DEVICE}, {"dev-1": DEVICE, **others}) == []


def test_its_connection_ends_and_no_others(house: House) -> None:
    out, stays = house.cast.device("dev-1"), house.cast.device("dev-2")
    assert out.is_in
    assert stays.is_in

    async def eject() -> int:
        bus = Bus(house.broker.url, user=WATCHER_USER, password=house.broker.secrets.password, name="test")
        await bus.start()
        try:
            return await Ejector(bus, SystemClock()).eject([Gone("yl-dev-1", "retired"), Gone("yl-nobody", "retired")])
        finally:
            await bus.stop()

    house.sign_in.directory.add("dev-1", "home-1", retired=True)  # it comes back by itself, and is refused
    assert asyncio.run(eject()) == 1
    until(lambda: not out.is_in, what="the connection ends")
    assert stays.is_in


def test_who_was_put_out_by_another_worker_may_come_back(house: House) -> None:
    """It noticed the new secret later than the first: by then the device is in with the new one."""
    house.cast.device("dev-1")
    renewed = replace(DEVICE, secret_hash="other")
    gone = no_longer_allowed({"dev-1": DEVICE}, {"dev-1": renewed})
    again = no_longer_allowed({"dev-1": renewed}, {"dev-1": replace(renewed, secret_hash="third")})

    async def eject() -> list[int]:
        buses = [Bus(house.broker.url, user=WATCHER_USER, password=house.broker.secrets.password, name="test") for _ in range(2)]
        first, second = (Ejector(bus, SystemClock()) for bus in buses)
        for bus in buses:
            await bus.start()
        try:
            await second.listen()
            await (await buses[1].connected()).flush()
            ended = [await first.eject(gone)]
            back = await asyncio.to_thread(house.cast.device, "dev-1")
            ended.append(await second.eject(gone))
            assert back.is_in
            ended.append(await second.eject(again))
            return ended
        finally:
            for bus in buses:
                await bus.stop()

    assert asyncio.run(eject()) == [1, 0, 1]
