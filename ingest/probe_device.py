"""The probe's button: a device like any other, in a hidden home, that presses itself and times the answer.

It signs in through the callout, publishes over MQTT with QoS 1 and listens for its receipt, so what it measures is what a
resident's button would meet. Nothing is kept here; a run that is not answered is noticed by its row in the store.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
import paho.mqtt.client as mqtt
import sqlalchemy as sa
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy.orm import Session

from core.clock import Clock
from core.ids import hash_secret
from devices.model import Device
from ingest.mqtt_nodes import MqttNodes, Server

log = structlog.get_logger()

_KEEPALIVE_SECONDS = 10
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """A receipt that came back: which run, and after how long."""

    event_key: str
    seconds: float


def probe_secret(broker_password: str, device: str) -> str:
    """The button's secret: every pager can derive it, nobody without the broker's password can."""
    return hashlib.sha256(f"{broker_password}:{device}".encode()).hexdigest()


def give_secret(session: Session, device: str, secret: str) -> None:
    """Let the button sign in with this secret."""
    session.execute(
        sa.update(Device).where(Device.code == device).values(secret_hash=hash_secret(secret), client_id=f"yl-{device}")
    )


class ProbeDevice:
    """One button. `on_answer` is called on the network thread."""

    def __init__(  # noqa: PLR0913 the seams of an edge, all named
        self,
        servers: Sequence[Server],
        *,
        topic: str,
        device: str,
        secret: str,
        clock: Clock,
        on_answer: Callable[[Answer], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._topic = topic
        self._clock = clock
        self._on_answer = on_answer
        self._pressed: dict[str, float] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"yl-{device}")
        self._client.username_pw_set(device, secret)
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.reconnect_delay_set(1, 2)
        self._nodes = MqttNodes(servers)
        self._nodes.attach(self._client)
        self._client.on_pre_connect = lambda client, _data: self._nodes.next(client)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._hear
        self._client.connect_async(*self._nodes.first, keepalive=_KEEPALIVE_SECONDS)

    def start(self) -> None:
        """Connect and stay connected."""
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_connected(self) -> bool:
        """Whether the broker let it in."""
        return self._client.is_connected()

    def press(self, event_key: str) -> None:
        """Publish one press; while the broker is away nothing is sent, and the run is lost, as it should be noticed."""
        if not self.is_connected:
            log.warning("probe_not_connected", device=self._topic)
            return
        self._pressed[event_key] = self._clock.monotonic_seconds()
        while len(self._pressed) > _REMEMBERED:
            self._pressed.pop(next(iter(self._pressed)))
        self._client.publish(self._topic, orjson.dumps({"id": event_key, "type": "sos.pressed"}), qos=1)

    def _subscribe(self, client: mqtt.Client, *_rest: object) -> None:
        client.subscribe(f"{self._topic.removesuffix('/event')}/receipt", qos=0)

    def _hear(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        body = orjson.loads(message.payload)
        pressed_at = self._pressed.pop(body.get("id"), None)
        if pressed_at is not None and body.get("status") == "accepted":
            self._on_answer(Answer(body["id"], self._clock.monotonic_seconds() - pressed_at))
