"""`yinling repartition`: refused while a device is connected or the broker holds something, done when it is drained."""

from __future__ import annotations

import asyncio
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from support.broker import BrokerHandle, running_broker
from support.processes import until

from core.clock import SystemClock
from ingest.broker import mqtt_servers
from ingest.source import LaneSource, SourceAddress
from ingest.topics import Lane, lane_filter
from yinling.commands.repartition import _drained, look
from yinling.errors import CannotStartError


def worker_of(broker: BrokerHandle) -> LaneSource:
    address = SourceAddress(
        mqtt_servers(broker.settings), "ingest", broker.secrets.password, "yinling-ingest-0-alarm", lane_filter(0, Lane.ALARM)
    )
    source = LaneSource("alarm", address, SystemClock(), capacity=100)
    source.start()
    assert source.subscribed.wait(60)
    return source


def client_of(broker: BrokerHandle, client_id: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    client.username_pw_set("ingest", broker.secrets.password)
    client.connect("127.0.0.1", broker.mqtt_port)
    client.loop_start()
    until(client.is_connected)
    return client


def test_nothing_changes_before_everything_was_worked_on(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker:
        source, device = worker_of(broker), client_of(broker, "yl-button-1")
        device.publish("yl/v1/home-1/button-1/event", b"1", qos=1).wait_for_publish(10)
        with pytest.raises(CannotStartError, match="1 devices are connected"):
            asyncio.run(_drained(broker.settings, 1.0))
        device.disconnect()
        device.loop_stop()
        until(lambda: not asyncio.run(look(broker.settings)).devices)
        with pytest.raises(CannotStartError, match="still holds 1 messages"):
            asyncio.run(_drained(broker.settings, 1.0))
        source.acknowledge(source.take(10, 5))
        asyncio.run(_drained(broker.settings, 20.0))
        source.stop()


def test_a_broker_that_does_not_answer_is_no_drained_one(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker:
        broker.kill()
        with pytest.raises(CannotStartError, match="does not answer"):
            asyncio.run(_drained(broker.settings, 1.0))
