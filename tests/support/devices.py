"""Devices for tests of the broker: a directory in memory, a responder in a thread, MQTT clients that remember."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from support.beside import beside
from support.broker import BrokerHandle
from support.processes import until

from core.bus import Bus
from core.clock import SystemClock
from core.ids import hash_secret
from ingest.directory import DeviceCredentials
from ingest.refusals import Refusal
from ingest.sign_in import SignInResponder

SECRET = "a-secret-of-a-test"


@dataclass
class MemoryDirectory:
    """A directory that tests fill."""

    devices: dict[str, DeviceCredentials] = field(default_factory=dict)

    def add(self, code: str, home: str, *, is_gateway: bool = False, retired: bool = False) -> None:
        self.devices[code] = DeviceCredentials(code, home, hash_secret(SECRET), f"yl-{code}", is_gateway, retired)

    async def find(self, code: str) -> DeviceCredentials | None:
        return self.devices.get(code)


@dataclass
class RunningSignIn:
    """A responder at work in its own thread."""

    directory: MemoryDirectory
    refusals: list[Refusal]
    responder: SignInResponder


@contextmanager
def running_sign_in(broker: BrokerHandle, *, partition: int = 0, opened: bool = True) -> Iterator[RunningSignIn]:
    """Answer sign-ins at `broker` from a directory in memory."""

    @asynccontextmanager
    async def answer() -> AsyncIterator[RunningSignIn]:
        refusals: list[Refusal] = []
        directory = MemoryDirectory()
        bus = Bus(broker.url, user="yinling", password=broker.secrets.password, name="sign-in")
        await bus.start()
        responder = SignInResponder(
            bus,
            broker.secrets,
            directory,
            SystemClock(),
            partition=partition,
            partitions=broker.settings.partitions,
            on_refusal=refusals.append,
        )
        await responder.start()
        if opened:
            responder.open()
        try:
            yield RunningSignIn(directory, refusals, responder)
        finally:
            await responder.stop()
            await bus.stop()

    with beside(answer()) as running:
        yield running


@dataclass(frozen=True)
class Heard:
    """One message as a client heard it."""

    topic: str
    payload: bytes
    retained: bool


class Speaker:
    """An MQTT client that remembers what happened to it. Never reconnects by itself unless told."""

    def __init__(
        self,
        port: int,
        username: str,
        password: str,
        client_id: str,
        *,
        persistent: bool = False,
        manual_ack: bool = False,
        transport: Literal["tcp", "websockets"] = "tcp",
    ) -> None:
        self.heard: list[Heard] = []
        self.connections: list[tuple[str, bool]] = []
        self.disconnections: list[str] = []
        self.subscribed: list[list[int]] = []
        self.published: set[int] = set()
        self.messages: list[mqtt.MQTTMessage] = []
        self._port = port
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=not persistent,
            reconnect_on_failure=False,
            manual_ack=manual_ack,
            transport=transport,
        )
        self.client.username_pw_set(username, password)
        self.client.max_inflight_messages_set(1000)
        self.client.on_connect = lambda _c, _u, flags, code, _p: self.connections.append((str(code), flags.session_present))
        self.client.on_disconnect = lambda _c, _u, _f, code, _p: self.disconnections.append(str(code))
        self.client.on_subscribe = lambda _c, _u, _m, codes, _p: self.subscribed.append([code.value for code in codes])
        self.client.on_publish = lambda _c, _u, mid, _code, _p: self.published.add(mid)
        self.client.on_message = self._hear

    def _hear(self, _client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        self.messages.append(message)
        self.heard.append(Heard(message.topic, bytes(message.payload), message.retain))

    def connect(self) -> Speaker:
        """Connect and wait for the CONNACK, whatever it says."""
        self.client.connect("127.0.0.1", self._port, keepalive=30)
        self.client.loop_start()
        until(lambda: self.connections or self.disconnections, what="CONNACK")
        return self

    @property
    def is_in(self) -> bool:
        return bool(self.connections) and self.connections[-1][0] == "Success" and not self.disconnections

    def subscribe(self, *topics: str, qos: int = 0) -> list[int]:
        """Subscribe and give the codes of the SUBACK."""
        already = len(self.subscribed)
        self.client.subscribe([(topic, qos) for topic in topics])
        until(lambda: len(self.subscribed) > already, what="SUBACK")
        return self.subscribed[-1]

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish and wait for the PUBACK, or for the end of the connection."""
        sent = self.client.publish(topic, payload, qos, retain)
        # A broker that throws us out may have done so a moment before this; the callback then still has to say it.
        assert sent.rc in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN, MQTTErrorCode.MQTT_ERR_CONN_LOST}
        until(lambda: sent.mid in self.published or self.disconnections, what="PUBACK")

    def topics(self) -> list[str]:
        return [each.topic for each in self.heard]

    def payloads(self) -> list[bytes]:
        return [each.payload for each in self.heard]

    def cut(self) -> None:
        """End without a DISCONNECT, as a power cut does; the will is published."""
        self.client.loop_stop()
        with suppress(AttributeError, OSError):
            self.client._sock_close()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Cast:
    """The clients of one test; all are closed on leaving."""

    def __init__(self, broker: BrokerHandle) -> None:
        self.broker = broker
        self._speakers: list[Speaker] = []

    def device(
        self,
        code: str,
        *,
        password: str = SECRET,
        client_id: str | None = None,
        port: int | None = None,
        will: tuple[str, bytes] | None = None,
    ) -> Speaker:
        """A device that signs in; its will is QoS 1 and retained."""
        speaker = Speaker(port or self.broker.mqtt_port, code, password, client_id or f"yl-{code}")
        if will is not None:
            speaker.client.will_set(will[0], will[1], 1, retain=True)
        return self._add(speaker)

    def add_device(self, code: str, *, persistent: bool) -> Speaker:
        """A device whose session may outlive its connection."""
        return self._add(Speaker(self.broker.mqtt_port, code, SECRET, f"yl-{code}", persistent=persistent))

    def ingest(self, name: str = "ingest", *, persistent: bool = True, manual_ack: bool = False) -> Speaker:
        """A client with the rights of an ingest worker."""
        return self._add(
            Speaker(
                self.broker.mqtt_port, "ingest", self.broker.secrets.password, name, persistent=persistent, manual_ack=manual_ack
            )
        )

    def _add(self, speaker: Speaker) -> Speaker:
        self._speakers.append(speaker)
        return speaker.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for speaker in self._speakers:
            speaker.close()


@dataclass
class House:
    """A broker, its sign-in, and the clients of one test."""

    broker: BrokerHandle
    sign_in: RunningSignIn
    cast: Cast
