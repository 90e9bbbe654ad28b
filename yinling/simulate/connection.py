"""One simulated device's MQTT connection: paho, driven by asyncio instead of a thread of its own.

It connects with the secret it was given, says that it is online, keeps a will that says the opposite, comes back by
itself after every loss, and hands receipts up. What it had to say while away is sent when it is back.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from yinling.simulate.payloads import Publication, status

KEEPALIVE_SECONDS = 300
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where and as whom to connect; `topic` is the device's own, `yl/v1/{home}/{device}`."""

    host: str
    port: int
    code: str
    password: str
    topic: str
    battery: int | None
    tls: ssl.SSLContext | None = None


class Connection:
    """A device on the broker. `on_receipt` gets (event id, status); `on_connect` is called after every sign-in."""

    def __init__(self, address: Address, on_receipt: Callable[[str, str], None], on_connect: Callable[[], None]) -> None:
        self.battery = address.battery
        """What it reports of its battery; None on the mains."""
        self._address = address
        self._on_receipt = on_receipt
        self._on_connect = on_connect
        self._loop = asyncio.get_running_loop()
        self._waits_seconds = 1.0
        self._is_closed = False
        self._client = self._build()

    @property
    def is_connected(self) -> bool:
        """Whether the broker let it in."""
        return self._client.is_connected()

    def connect(self) -> None:
        """Try now; further tries follow by themselves."""
        if self._is_closed:
            return
        try:
            self._client.connect(self._address.host, self._address.port, KEEPALIVE_SECONDS)
        except OSError:
            self._again_later()

    def publish(self, publication: Publication) -> None:
        """Say something at QoS 1; kept while the connection is away."""
        self._client.publish(f"{self._address.topic}/{publication.below}", publication.payload, qos=1, retain=publication.retain)

    def say_status(self) -> None:
        """The retained word on its state."""
        rssi = -55 - len(self._address.code) % 20
        said = status(online=True, battery=self.battery, rssi=rssi)
        self._client.publish(f"{self._address.topic}/status", said, qos=1, retain=True)

    def tick(self) -> None:
        """Keepalive; call every few seconds."""
        if self._client.is_connected():
            self._client.loop_misc()

    def close(self) -> None:
        """Leave, and stay away."""
        self._is_closed = True
        self._client.disconnect()

    def _build(self) -> Client:
        address = self._address
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"yl-{address.code}", clean_session=True)
        client.username_pw_set(address.code, address.password)
        if address.tls is not None:
            client.tls_set_context(address.tls)
        client.will_set(f"{address.topic}/status", status(online=False), qos=1, retain=True)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._message
        client.on_socket_open = self._socket_opened
        client.on_socket_close = self._socket_closed
        client.on_socket_register_write = self._wants_to_write
        client.on_socket_unregister_write = self._wrote
        return client

    def _connected(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            return
        self._waits_seconds = 1.0
        client.subscribe(f"{self._address.topic}/receipt", qos=0)
        self.say_status()
        self._on_connect()

    def _disconnected(self, _c: Client, _data: Any, _flags: DisconnectFlags, _reason: ReasonCode, _p: Properties | None) -> None:
        self._again_later()

    def _again_later(self) -> None:
        if self._is_closed:
            return
        delay_seconds = self._waits_seconds * random.uniform(0.5, 1.5)  # noqa: S311 spreads reconnects
        self._waits_seconds = min(self._waits_seconds * 2, _LONGEST_WAIT_SECONDS)
        self._loop.call_later(delay_seconds, self.connect)

    def _message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            said = orjson.loads(message.payload)
            self._on_receipt(str(said["id"]), str(said["status"]))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return

    def _socket_opened(self, client: Client, _data: Any, opened: Any) -> None:
        self._loop.add_reader(opened, self._read, client, opened)

    @staticmethod
    def _read(client: Client, opened: Any) -> None:
        client.loop_read()
        while isinstance(opened, ssl.SSLSocket) and client.is_connected() and opened.pending():
            client.loop_read()  # already decrypted: the socket itself says nothing more of it

    def _socket_closed(self, _client: Client, _data: Any, closed: Any) -> None:
        if isinstance(closed, socket.socket) and closed.fileno() >= 0:
            self._loop.remove_reader(closed)
            self._loop.remove_writer(closed)

    def _wants_to_write(self, client: Client, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock, client.loop_write)

    def _wrote(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)
