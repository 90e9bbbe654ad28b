"""The promise of a PUBACK, and each measured setting behind it, at the real broker."""

from __future__ import annotations

import re
import shutil
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from support.broker import BrokerHandle, running_broker
from support.devices import Cast, Speaker
from support.processes import until

from ingest.broker import write_config

MESSAGES = 1000


def _publish_all(speaker: Speaker, topic: str, payloads: list[bytes]) -> None:
    """Publish many at QoS 1 and wait until each is acknowledged."""
    mids = {speaker.client.publish(topic, payload, 1).mid for payload in payloads}
    until(lambda: mids <= speaker.published, 30, "every PUBACK")


def _absent_worker(cast: Cast, name: str = "yinling-ingest-0-alarm") -> None:
    worker = cast.ingest(name)
    worker.subscribe("part/0/alarm/#", qos=1)
    worker.close()


def test_a_thousand_acknowledged_events_survive_a_sigkill_while_the_worker_is_away(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker, Cast(broker) as cast:
        _absent_worker(cast)
        device = cast.ingest("publisher", persistent=False)
        events = [f"{number}".encode() for number in range(MESSAGES)]
        _publish_all(device, "yl/v1/home-1/dev-1/event", events)
        broker.kill()
        broker.start()
        worker = cast.ingest("yinling-ingest-0-alarm")
        until(lambda: len(worker.heard) >= MESSAGES, 30)
        assert worker.connections[0] == ("Success", True)
        assert worker.payloads() == events


def test_the_store_is_synced_at_the_interval_of_the_settings(tmp_path: Path) -> None:
    """A power cut cannot be had in a test; what the running server says of itself can."""
    with running_broker(tmp_path, broker_sync_interval_milliseconds=150) as broker:
        config = httpx.get(f"http://127.0.0.1:{broker.monitor_port}/jsz").json()["config"]
    assert config["sync_interval"] == 150_000_000
    with running_broker(tmp_path / "always", broker_sync_interval_milliseconds=0) as broker:
        config = httpx.get(f"http://127.0.0.1:{broker.monitor_port}/jsz").json()["config"]
    assert config["sync_always"] is True


def test_what_is_not_acknowledged_comes_again_within_five_seconds(tmp_path: Path) -> None:
    with running_broker(tmp_path, broker_ack_wait_seconds=3) as broker, Cast(broker) as cast:
        worker = cast.ingest(manual_ack=True)
        worker.subscribe("part/0/alarm/#", qos=1)
        cast.ingest("publisher", persistent=False).publish("yl/v1/home-1/dev-1/event", b"press")
        until(lambda: worker.heard)
        began = time.monotonic()
        until(lambda: len(worker.heard) == 2, 5.5, "the redelivery")
        assert time.monotonic() - began > 2
        assert worker.messages[1].dup
        worker.client.ack(worker.messages[1].mid, 1)


def test_a_worker_may_hold_two_batches_unacknowledged(tmp_path: Path) -> None:
    """The broker's default of 1,024 would stop a batch of 2,048 half way."""
    with running_broker(tmp_path) as broker, Cast(broker) as cast:
        worker = cast.ingest(manual_ack=True)
        worker.subscribe("part/0/alarm/#", qos=1)
        publisher = cast.ingest("publisher", persistent=False)
        _publish_all(publisher, "yl/v1/home-1/dev-1/event", [b"x"] * 4200)
        until(lambda: len({message.mid for message in worker.messages}) >= 2 * broker.settings.ingest_batch_messages)


def test_more_than_a_thousand_qos_1_subscriptions_are_granted(tmp_path: Path) -> None:
    """Fifteen for each of seventy gateways; without the setting the 1,001st is refused."""
    with running_broker(tmp_path) as broker, Cast(broker) as cast:
        granted: list[int] = []
        for gateway in range(70):
            topics = [f"yl/v1/home-{gateway}/gw/zigbee2mqtt/{number}/set" for number in range(15)]
            granted += cast.ingest(f"gateway-{gateway}").subscribe(*topics, qos=1)
        assert granted == [1] * 1050


def test_eight_mebibytes_pass_and_more_ends_the_connection(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker, Cast(broker) as cast:
        worker = cast.ingest()
        worker.subscribe("part/0/alarm/#", qos=1)
        gateway = cast.ingest("publisher", persistent=False)
        size = 8 * 1024 * 1024 - 1024
        gateway.publish("yl/v1/home-1/gw-1/up/zigbee2mqtt/bridge/devices", b"d" * size)
        until(lambda: worker.heard)
        assert len(worker.heard[0].payload) == size
        gateway.publish("yl/v1/home-1/gw-1/up/zigbee2mqtt/bridge/devices", b"d" * (size + 4096))
        until(lambda: gateway.disconnections)


def test_the_stores_size_is_explicit_and_leaves_the_reserve(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker:
        limit = httpx.get(f"http://127.0.0.1:{broker.monitor_port}/jsz").json()["config"]["max_storage"]
        written = re.search(r"max_file_store: (\d+)", write_config(broker.settings, broker.secrets).read_text())
        assert written is not None
        # Other writers on the same disk move the free space between the two.
        assert limit == pytest.approx(int(written[1]), rel=0.1)
        assert limit < shutil.disk_usage(tmp_path).free - broker.settings.broker_reserve_bytes / 2


def test_a_full_store_is_drained_by_an_ingest_only_start_that_lets_no_device_in(tmp_path: Path) -> None:
    small = 4 * 1024 * 1024
    with ExitStack() as stack:
        broker = stack.enter_context(running_broker(tmp_path, store_bytes=small))
        cast = stack.enter_context(Cast(broker))
        _absent_worker(cast)
        kept = _fill(cast, small)
        broker.stop()
        broker.store_bytes, broker.ingest_only = None, True
        broker.start()
        assert not cast.device("dev-1").is_in
        worker = cast.ingest("yinling-ingest-0-alarm")
        until(lambda: len(worker.heard) >= kept, 20)
        assert worker.is_in
        worker.close()
        broker.stop()
        broker.store_bytes, broker.ingest_only = small, False
        broker.start()
        publisher = cast.ingest("publisher", persistent=False)
        publisher.publish("yl/v1/home-1/dev-1/event", b"after")
        assert publisher.published


def _fill(cast: Cast, limit: int) -> int:
    """Publish until the store refuses; the number of acknowledged messages."""
    piece, kept = b"x" * 64 * 1024, 0
    publisher = cast.ingest("filler", persistent=False)
    while publisher.is_in and kept * len(piece) <= 2 * limit:
        publisher.publish("yl/v1/home-1/dev-1/event", piece)
        kept = len(publisher.published)
    assert kept * len(piece) <= limit, "the store took more than its limit"
    assert kept > 10
    return kept


def test_the_brokers_own_ports_listen_on_loopback_only(tmp_path: Path) -> None:
    with running_broker(tmp_path, host="0.0.0.0") as broker:
        socket.create_connection(("127.0.0.2", broker.mqtt_port), timeout=2).close()
        for port in (broker.nats_port, broker.monitor_port):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), timeout=2)


def test_a_broker_that_is_killed_again_and_again_starts_again(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker, Cast(broker) as cast:
        _absent_worker(cast)
        for round_ in range(3):
            publisher = cast.ingest(f"publisher-{round_}", persistent=False)
            _publish_all(publisher, "yl/v1/home-1/dev-1/event", [f"{round_}-{number}".encode() for number in range(20)])
            _killed(broker)
        worker = cast.ingest("yinling-ingest-0-alarm")
        until(lambda: len(set(worker.payloads())) == 60)


def _killed(broker: BrokerHandle) -> None:
    broker.kill()
    broker.start()
