"""Three nodes, three replicas: whichever is killed under load, what was confirmed is delivered, and our clients go on elsewhere."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from support.cluster import Cluster, running_cluster
from support.processes import until

from core.clock import SystemClock
from ingest.broker import mqtt_servers
from ingest.mqtt_nodes import MqttNodes
from ingest.source import LaneSource, SourceAddress
from ingest.topics import Lane, lane_filter

WITHOUT_A_LEADER_SECONDS = 60.0
"""Two elections and a time-out of a client, on a busy machine."""
AT_ONCE = 100


class Reader:
    """The alarm lane of one worker: acknowledges what it takes, and remembers it."""

    def __init__(self, cluster: Cluster) -> None:
        servers = [server for node in cluster.nodes for server in mqtt_servers(node.settings)]
        password = cluster.nodes[0].secrets.password
        address = SourceAddress(servers, "ingest", password, "yinling-ingest-0-alarm", lane_filter(0, Lane.ALARM))
        self.source = LaneSource("alarm", address, SystemClock(), capacity=10_000)
        self.taken: set[int] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self.source.start()
        assert self.source.subscribed.wait(WITHOUT_A_LEADER_SECONDS)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self.source.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            batch = self.source.take(500, 0.1)
            self.taken.update(int(delivery.payload) for delivery in batch)
            self.source.acknowledge(batch)


class Publisher:
    """Publishes numbers with QoS 1, a hundred at once, and knows which were confirmed; it changes nodes by itself."""

    def __init__(self, cluster: Cluster) -> None:
        self._acknowledged: deque[int] = deque()
        self._waiting: dict[int, int] = {}
        self.sent = 0
        self.confirmed: set[int] = set()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
        self._client.username_pw_set("ingest", cluster.nodes[0].secrets.password)
        self._client.reconnect_delay_set(1, 1)
        nodes = MqttNodes([server for node in cluster.nodes for server in mqtt_servers(node.settings)], first=1)
        nodes.attach(self._client)
        self._client.on_pre_connect = lambda client, _data: nodes.next(client)
        self._client.on_publish = lambda _client, _data, mid, *_rest: self._acknowledged.append(mid)
        self._client.connect_async(*nodes.first, keepalive=10)
        self._client.loop_start()

    def look(self) -> int:
        """How many are confirmed by now."""
        while self._acknowledged:
            self.confirmed.add(self._waiting.pop(self._acknowledged.popleft()))
        return len(self.confirmed)

    def publish_until(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if len(self._waiting) >= AT_ONCE:
                self.look()
                time.sleep(0.005)
                continue
            self._waiting[self._client.publish("yl/v1/home-1/button-1/event", b"%d" % self.sent, qos=1).mid] = self.sent
            self.sent += 1

    def wait_for_more(self) -> None:
        """Until many more are confirmed than are now."""
        before = len(self.confirmed)
        until(lambda: len(self.confirmed) > before + 1000, WITHOUT_A_LEADER_SECONDS, lambda: f"more than {len(self.confirmed)}")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def publishing(publisher: Publisher) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=publisher.publish_until, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.timeout(400)
def test_each_node_is_killed_once_under_load(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster, Reader(cluster) as reader:
        publisher = Publisher(cluster)
        try:
            for node in cluster.nodes:
                with publishing(publisher):
                    publisher.wait_for_more()
                    node.kill()
                    publisher.wait_for_more()
                node.start()
                cluster.wait_formed()
            until(lambda: publisher.look() == publisher.sent, WITHOUT_A_LEADER_SECONDS, "every PUBACK")
            until(lambda: publisher.confirmed <= reader.taken, WITHOUT_A_LEADER_SECONDS, "every delivery", 0.2)
        finally:
            publisher.close()
