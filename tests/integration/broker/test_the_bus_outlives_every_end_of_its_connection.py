"""Who listens on the bus goes on listening, also when the broker ended the connection with an error of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from support.broker import BrokerHandle, running_broker

from core.bus import Bus

SUBJECT = "yinling.test"
SECONDS = 30.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerHandle]:
    with running_broker(tmp_path) as handle:
        yield handle


@asynccontextmanager
async def bus_of(broker: BrokerHandle, name: str) -> AsyncIterator[Bus]:
    bus = Bus(broker.url, user="yinling", password=broker.secrets.password, name=name)
    await bus.start()
    try:
        await bus.connected()
        yield bus
    finally:
        await bus.stop()


async def wait_until_heard(speaker: Bus, listener: Bus, heard: asyncio.Event, *, after: int) -> None:
    """Say something until it is heard on a later connection than this one."""
    async with asyncio.timeout(SECONDS):
        while listener.connections == after or not heard.is_set():
            heard.clear()
            await speaker.publish(SUBJECT, {})
            await asyncio.sleep(0.1)


async def say_nonsense(bus: Bus, _broker: BrokerHandle) -> None:
    """The broker answers with an error and closes; to the client's library that is the end for good."""
    client = await bus.connected()
    client._transport.write(b"NONSENSE\r\n")  # type: ignore[union-attr]
    await client._transport.drain()  # type: ignore[union-attr]


async def restart(_bus: Bus, broker: BrokerHandle) -> None:
    await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(broker.start)


@pytest.mark.parametrize("end", [say_nonsense, restart])
def test_who_listens_hears_again(broker: BrokerHandle, end: Callable[[Bus, BrokerHandle], Awaitable[None]]) -> None:
    async def listen() -> None:
        heard = asyncio.Event()

        async def hear(_message: Msg) -> None:
            heard.set()

        async with bus_of(broker, "listener") as listener, bus_of(broker, "speaker") as speaker:
            await listener.subscribe(SUBJECT, hear)
            await wait_until_heard(speaker, listener, heard, after=0)
            for _ in range(2):
                connection = listener.connections
                await end(listener, broker)
                await wait_until_heard(speaker, listener, heard, after=connection)

    asyncio.run(listen())
