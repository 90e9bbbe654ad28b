"""The paho source against the real broker: nothing is lost, nothing is acknowledged for another connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from support.broker import BrokerHandle, running_broker
from support.processes import PATIENCE_SECONDS, until

from alerts.leases import LeaseLostError
from core.clock import SystemClock
from ingest.source import Delivery, LaneSource, SourceAddress
from ingest.topics import Lane, lane_filter


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerHandle]:
    with running_broker(tmp_path) as handle:
        yield handle


def source_for(broker: BrokerHandle, *, capacity: int = 1000, may_connect: Callable[[], None] = lambda: None) -> LaneSource:
    address = SourceAddress(
        [("127.0.0.1", broker.mqtt_port)], "ingest", broker.secrets.password, "yinling-ingest-0-alarm", lane_filter(0, Lane.ALARM)
    )
    source = LaneSource("alarm", address, SystemClock(), capacity=capacity, may_connect=may_connect)
    source.start()
    assert source.subscribed.wait(PATIENCE_SECONDS)
    return source


def publish(broker: BrokerHandle, payloads: list[str]) -> None:
    """Publish as a device would on its own topic, waiting for every PUBACK."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="test-device")
    client.username_pw_set("ingest", broker.secrets.password)
    client.connect("127.0.0.1", broker.mqtt_port)
    client.loop_start()
    for payload in payloads:
        client.publish("yl/v1/h1/d1/event", payload, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def take_all(source: LaneSource, count: int, seconds: float = PATIENCE_SECONDS) -> list[Delivery]:
    taken: list[Delivery] = []
    deadline = time.monotonic() + seconds
    while len(taken) < count and time.monotonic() < deadline:
        taken += source.take(100, 0.1)
    return taken


def test_messages_come_in_order_and_on_the_lane_of_their_home(broker: BrokerHandle) -> None:
    source = source_for(broker)
    publish(broker, [str(n) for n in range(20)])
    taken = take_all(source, 20)
    source.acknowledge(taken)
    source.stop()
    assert [delivery.payload for delivery in taken] == [str(n).encode() for n in range(20)]
    assert {delivery.topic for delivery in taken} == {"part/0/alarm/yl/v1/h1/d1/event"}


def test_what_was_not_acknowledged_comes_again_to_the_next_process(broker: BrokerHandle) -> None:
    first = source_for(broker)
    publish(broker, ["kept", "acknowledged"])
    taken = take_all(first, 2)
    first.acknowledge(taken[1:])
    time.sleep(0.3)  # the acknowledgement leaves by the network thread
    first.stop()
    second = source_for(broker)
    again = take_all(second, 1)
    second.acknowledge(again)
    second.stop()
    assert [delivery.payload for delivery in again] == [b"kept"]


def test_messages_that_came_while_nobody_listened_are_there(broker: BrokerHandle) -> None:
    source_for(broker).stop()
    publish(broker, ["missed"])
    source = source_for(broker)
    taken = take_all(source, 1)
    source.acknowledge(taken)
    source.stop()
    assert [delivery.payload for delivery in taken] == [b"missed"]


def test_an_acknowledgement_of_an_older_connection_consumes_nothing(broker: BrokerHandle) -> None:
    source = source_for(broker)
    publish(broker, ["a", "b", "c"])
    old = take_all(source, 3)
    broker.kill()
    broker.start()
    assert source.subscribed.wait(PATIENCE_SECONDS)
    publish(broker, ["d", "e", "f"])
    source.acknowledge(old)  # mids 1-3 of a connection that is gone; the new connection uses them again
    again = take_all(source, 6)
    source.acknowledge(again)
    source.stop()
    assert {delivery.payload for delivery in again} >= {b"a", b"b", b"c", b"d", b"e", b"f"}


def test_a_full_queue_stops_the_reader_and_loses_nothing(broker: BrokerHandle) -> None:
    source = source_for(broker, capacity=5)
    publish(broker, [str(n) for n in range(50)])
    until(source.client.is_connected)
    taken: list[Delivery] = []
    while len({delivery.payload for delivery in taken}) < 50:
        batch = source.take(3, 5)
        assert batch, "the reader stopped for good"
        source.acknowledge(batch)
        taken += batch
    source.stop()
    assert {delivery.payload for delivery in taken} == {str(n).encode() for n in range(50)}


def test_two_processes_with_one_client_id_are_noticed(broker: BrokerHandle) -> None:
    first, second = source_for(broker), source_for(broker)
    noticed = threading.Event()
    until(lambda: first.taken_over.is_set() or second.taken_over.is_set(), 40)
    noticed.set()
    first.stop()
    second.stop()
    assert noticed.is_set()


def test_a_node_that_lets_in_and_cannot_serve_is_nobody_with_the_same_client_id() -> None:
    """A cluster that has just lost a node says yes and hangs up on the subscription, again and again: no reason to end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = SourceAddress([server.getsockname()], "ingest", "secret", "yinling-ingest-0-alarm", lane_filter(0, Lane.ALARM))
        source = LaneSource("alarm", address, SystemClock(), capacity=1)
        source.client.reconnect_delay_set(0, 0)
        source.start()
        for _ in range(20):
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"\x20\x02\x00\x00")  # CONNACK, accepted
                connection.recv(1000)
        assert not source.taken_over.is_set()
        source.stop()


def test_who_lost_its_lease_does_not_connect_again_and_ends_quietly(broker: BrokerHandle) -> None:
    asked: list[int] = []

    def may_connect() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise LeaseLostError(partition=0, now_owned_by="another")

    source = source_for(broker, may_connect=may_connect)
    broker.kill()
    broker.start()
    until(lambda: not source.is_alive)  # a traceback out of a thread would fail this test
    assert len(asked) == 2
    source.stop()
