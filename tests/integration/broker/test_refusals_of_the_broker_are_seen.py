"""The watch beside the real broker: foreign topics, throw-outs, take-overs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from support.beside import beside
from support.devices import SECRET, House
from support.processes import until

from core.clock import SystemClock
from ingest.refusals import Refusal, RefusalReason
from ingest.watch import BrokerWatch


@pytest.fixture
def told(house: House) -> Iterator[list[Refusal]]:
    """What a running watch has told."""
    refusals: list[Refusal] = []

    @asynccontextmanager
    async def watch() -> AsyncIterator[None]:
        broker = house.broker
        watching = BrokerWatch(broker.settings, broker.secrets, SystemClock(), refusals.append)
        running = asyncio.create_task(watching.run(every_node=True))
        while not (watching._bus.is_connected and watching._bus._client._subs.get(2) is not None):  # noqa: ASYNC110 it tells nobody
            await asyncio.sleep(0.02)
        await watching._bus._client.flush()
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    with beside(watch()):
        yield refusals


def test_a_publication_on_another_homes_topic_reaches_nobody_and_is_told(house: House, told: list[Refusal]) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/#", "yl/#", qos=1)
    device = house.cast.device("dev-1")
    for qos in (0, 1):
        device.publish("yl/v1/home-2/dev-2/event", b"foreign", qos=qos)
    device.publish("yl/v1/home-2/dev-2/status", b"foreign", retain=True)
    device.publish("yl/v1/home-2/dev-2/receipt", b"foreign")
    device.publish("yl/v1/home-1/dev-1/event", b"own")
    until(lambda: b"own" in worker.payloads())
    assert set(worker.payloads()) == {b"own"}
    late = house.cast.ingest("late", persistent=False)
    late.subscribe("part/+/alarm/yl/v1/home-2/#", "yl/#", qos=1)
    until(lambda: len({each.detail for each in told}) == 3)
    assert late.heard == []
    assert {each.client for each in told} == {"yl-dev-1"}
    assert {(each.reason, each.grave) for each in told} == {(RefusalReason.FOREIGN_TOPIC, True)}


def test_a_will_on_another_homes_topic_reaches_nobody_and_is_told(house: House, told: list[Refusal]) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/#", "yl/#", qos=1)
    house.cast.device("dev-1", will=("yl/v1/home-2/dev-2/status", b"foreign")).cut()
    until(lambda: told)
    assert told[0].reason is RefusalReason.FOREIGN_TOPIC
    assert worker.heard == []


def test_another_devices_receipts_cannot_be_heard(house: House, told: list[Refusal]) -> None:
    device = house.cast.device("dev-1")
    assert device.subscribe("yl/v1/home-1/dev-1/receipt", "yl/v1/home-2/dev-2/receipt", "#", "part/#") == [0, 0x80, 0x80, 0x80]
    until(lambda: told)
    assert not any(each.grave for each in told)


def test_a_device_thrown_out_again_and_again_is_grave(house: House, told: list[Refusal]) -> None:
    for _ in range(3):
        device = house.cast.device("dev-2")
        device.publish("yl/v1/home-2/dev-2/e vent", b"{}")
    until(lambda: len(told) == 3)
    assert {(each.client, each.reason) for each in told} == {("dev-2", RefusalReason.THROWN_OUT)}
    assert told[0].detail == "Protocol Violation: character not supported for MQTT topics"
    assert [each.grave for each in told] == [False, False, True]


def test_a_client_id_used_twice_is_told(house: House, told: list[Refusal]) -> None:
    first = house.cast.device("dev-1")
    house.cast.device("dev-1")
    until(lambda: first.disconnections and told)
    assert (told[0].client, told[0].reason) == ("dev-1", RefusalReason.TAKEN_OVER)


def test_an_attempt_on_our_own_users_is_told(house: House, told: list[Refusal]) -> None:
    house.cast.device("ingest", password=SECRET)
    until(lambda: told)
    assert (told[0].client, told[0].reason, told[0].grave) == ("ingest", RefusalReason.WRONG_SECRET, True)
