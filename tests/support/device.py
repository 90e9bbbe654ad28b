"""A device as it stands in a home: presses, repeats with the same id until it is told `accepted`, remembers its receipts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import orjson
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from support.centre import Credentials
from support.processes import PATIENCE_SECONDS, until

from core.open_files import expect_many_files
from ingest.mqtt_nodes import MqttNodes

expect_many_files()  # a town of devices in one process; each leaves its sockets to the collector

REPEAT_SECONDS = 2.0
_TAKEN = {"accepted", "duplicate", "seen"}


class Button:
    """One MQTT client with a device's own rights. Reconnects for ever, as a device does."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        port: int | None = None,
        nodes: MqttNodes | None = None,
        keepalive_seconds: int = 15,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.credentials = credentials
        self._wall = wall
        self.receipts: list[dict[str, Any]] = []
        self.refusals: list[str] = []
        self._ids = count(1)
        # Filled without a lock: paho holds its own while it calls back, and while it publishes.
        self._sent: list[tuple[str, int]] = []
        self._confirmed: set[int] = set()
        self._changed = threading.Condition()
        self._connected = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=credentials.client_id, clean_session=True)
        self._client.username_pw_set(credentials.username, credentials.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self._connected.clear()
        self._client.on_subscribe = lambda *_: self._connected.set()
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        if nodes is not None:
            nodes.attach(self._client)
            self._client.on_pre_connect = lambda client, _data: nodes.next(client)
        self._client.connect_async(credentials.host, port or credentials.port, keepalive=keepalive_seconds)
        self._client.loop_start()

    def _on_connect(self, client: mqtt.Client, _data: object, _flags: object, code: Any, _properties: object) -> None:
        if code.is_failure:
            self.refusals.append(str(code))
            return
        client.subscribe(f"{self.credentials.topic}/receipt", qos=0)

    def _on_publish(self, _client: mqtt.Client, _data: object, mid: int, _code: object, _properties: object) -> None:
        self._confirmed.add(mid)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.receipts.append(orjson.loads(message.payload))
            self._changed.notify_all()

    def wait_connected(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Until the broker let it in and its receipts can reach it."""
        assert self._connected.wait(seconds), f"not let in: {self.refusals}"

    @property
    def acknowledged(self) -> set[str]:
        """Ids of events the broker confirmed with a PUBACK."""
        return {event_id for event_id, mid in list(self._sent) if mid in self._confirmed}

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    def new_id(self) -> str:
        return f"e-{next(self._ids)}"

    def publish_event(self, event_id: str, kind: str = "sos.pressed", data: Mapping[str, Any] | None = None) -> None:
        """Send one event once, at QoS 1, without waiting for anything."""
        body = {"id": event_id, "type": kind, "ts": int(self._wall() * 1000), "data": dict(data or {})}
        info = self._client.publish(f"{self.credentials.topic}/event", orjson.dumps(body), qos=1)
        self._sent.append((event_id, info.mid))

    def publish(self, channel: str, body: Any, *, qos: int = 1, retain: bool = False) -> mqtt.MQTTMessageInfo:
        """Send anything below the device's topic."""
        payload = body if isinstance(body, bytes) else orjson.dumps(body)
        return self._client.publish(f"{self.credentials.topic}/{channel}", payload, qos=qos, retain=retain)

    def press(self, kind: str = "sos.pressed", *, event_id: str | None = None, seconds: float = 60.0) -> dict[str, Any]:
        """What a real device does: the same event again and again until it is told that it was taken."""
        event_id = event_id or self.new_id()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.is_connected:
                self.publish_event(event_id, kind)
            taken = self.wait_receipt(event_id, REPEAT_SECONDS)
            if taken is not None:
                return taken
        pytest_message = f"{self.credentials.code} was not told within {seconds} s that {event_id} was taken"
        raise AssertionError(pytest_message)

    def wait_receipt(self, event_id: str, seconds: float, status: set[str] | None = None) -> dict[str, Any] | None:
        """The first receipt of an event with one of these statuses, or None."""
        wanted = status or _TAKEN
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for receipt in self.receipts:
                    if receipt["id"] == event_id and receipt["status"] in wanted:
                        return receipt
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return None

    def wait_acknowledged(self, event_id: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Until the broker has confirmed an event."""
        until(lambda: event_id in self.acknowledged, seconds, f"the PUBACK of {event_id}")

    def statuses(self, event_id: str) -> list[str]:
        return [receipt["status"] for receipt in self.receipts if receipt["id"] == event_id]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def button(
    credentials: Credentials, *, port: int | None = None, wait: bool = True, wall: Callable[[], float] = time.time
) -> Iterator[Button]:
    """A device for one test; `wall` is the clock it stamps its events with."""
    device = Button(credentials, port=port, wall=wall)
    try:
        if wait:
            device.wait_connected()
        yield device
    finally:
        device.close()
