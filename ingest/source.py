"""One lane of messages from the broker: read by paho, acknowledged only when told.

The network thread only queues. `take` gives what is there, in arrival order; `acknowledge` tells the broker, and only
for messages of the connection they came on: after a reconnect packet ids begin anew, and a stale acknowledgement would
consume another message for good. What is not acknowledged the broker delivers again, also after a SIGKILL here, because
the session is persistent and `on_message` is set before the first connect.
"""

from __future__ import annotations

import ssl
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from prometheus_client import Counter, Gauge

from alerts.leases import LeaseLostError
from core.clock import Clock
from ingest.mqtt_nodes import MqttNodes, Server

log = structlog.get_logger()

KEEPALIVE_SECONDS = 10
"""A broker that stands still without closing anything is left after at most twice this."""
# The reader may wait for room in the queue, but never so long that its keepalive stops.
_PUT_TIMEOUT_SECONDS = KEEPALIVE_SECONDS / 3
# This many losses of a connection that stood, in so short a time, are somebody else using our client id.
_TAKEOVERS = 5
_TAKEOVER_WINDOW_SECONDS = 10.0

received_total = Counter("yinling_messages_received_total", "MQTT messages received.", ["lane"])
acknowledged_total = Counter("yinling_messages_acknowledged_total", "MQTT messages acknowledged after commit.", ["lane"])
stale_total = Counter(
    "yinling_acknowledgements_dropped_total", "Acknowledgements dropped because their connection had ended.", ["lane"]
)
queue_messages = Gauge("yinling_queue_messages", "Messages waiting in memory.", ["lane"])


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it came: `connection` counts the connections of this lane, for the acknowledgement."""

    topic: str
    payload: bytes
    retained: bool
    redelivered: bool
    received_at: datetime
    mid: int
    qos: int
    connection: int


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """Where and as whom a lane connects; `first` says with which of the servers it begins."""

    servers: Sequence[Server]
    username: str
    password: str
    client_id: str
    topic_filter: str
    first: int = 0
    tls: ssl.SSLContext | None = None


class LaneSource:
    """A persistent MQTT session on one topic filter. `lane` names it in metrics."""

    def __init__(
        self,
        lane: str,
        address: SourceAddress,
        clock: Clock,
        *,
        capacity: int,
        may_connect: Callable[[], None] = lambda: None,
    ) -> None:
        self.lane = lane
        self.subscribed = threading.Event()
        """Set while the broker has confirmed the subscription of the present connection."""
        self.taken_over = threading.Event()
        """Set when another client keeps using our id; the process must stop and say so."""
        self._address = address
        self._clock = clock
        self._received = received_total.labels(lane)
        self._capacity = capacity
        self._may_connect = may_connect
        self._waiting: deque[Delivery] = deque()
        self._changed = threading.Condition()
        self._connection = 0
        self._losses: deque[float] = deque(maxlen=_TAKEOVERS)
        self._stopping = False
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=address.client_id, clean_session=False, manual_ack=True, protocol=mqtt.MQTTv311
        )
        self._client.username_pw_set(address.username, address.password)
        if address.tls is not None:
            self._client.tls_set_context(address.tls)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 5)
        self._nodes = MqttNodes(address.servers, first=address.first)
        self._nodes.attach(self._client)
        self._client.on_pre_connect = self._before_connect
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect

    @property
    def client(self) -> mqtt.Client:
        """The paho client, for publishing receipts on the same connection (thread-safe)."""
        return self._client

    def start(self) -> None:
        """Connect in the background and stay connected."""
        self._client.connect_async(*self._nodes.first, keepalive=KEEPALIVE_SECONDS)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect; the session and what is unacknowledged stay with the broker."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def connection(self) -> int:
        """Changes whenever a connection is made or lost."""
        return self._connection

    @property
    def is_alive(self) -> bool:
        """Whether the network thread lives; a dead one leaves `is_connected()` true."""
        thread = self._client._thread  # noqa: SLF001 paho offers no other way to see it
        return thread is not None and thread.is_alive()

    def take(self, most: int, wait_seconds: float) -> list[Delivery]:
        """Up to `most` messages, oldest first; waits up to `wait_seconds` for the first."""
        with self._changed:
            if not self._waiting and not self._stopping:
                self._changed.wait(wait_seconds)
            if len(self._waiting) <= most:
                taken = list(self._waiting)
                self._waiting.clear()
            else:
                taken = [self._waiting.popleft() for _ in range(most)]
            self._changed.notify_all()
        queue_messages.labels(self.lane).set(len(self._waiting))
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge in arrival order what came on the present connection; drop the rest, which will come again."""
        acknowledged = 0
        for delivery in deliveries:
            if delivery.qos == 0:
                continue
            if delivery.connection != self._connection:
                stale_total.labels(self.lane).inc()
                continue
            self._client.ack(delivery.mid, delivery.qos)
            acknowledged += 1
        acknowledged_total.labels(self.lane).inc(acknowledged)

    def _before_connect(self, client: mqtt.Client, _data: object) -> None:
        """End this thread, and with it the process, where another worker may have taken over.

        Connecting again would put the new owner of the session out.
        """
        try:
            self._may_connect()
        except LeaseLostError as error:  # as with the lane: nothing is wrong with this thread
            log.warning("lane_ended_without_its_lease", lane=self.lane, now_owned_by=error.details.get("now_owned_by"))
            client.disconnect()
            raise ConnectionAbortedError from error  # to paho no more than a connection that did not come about
        self._nodes.next(client)

    def _on_connect(
        self, client: mqtt.Client, _data: object, flags: mqtt.ConnectFlags, code: ReasonCode, _properties: object
    ) -> None:
        if code.is_failure:
            log.warning("mqtt_refused", lane=self.lane, reason=str(code))
            return
        self._connection += 1
        # Also with a present session: a process killed between CONNECT and SUBSCRIBE leaves one without a subscription.
        client.subscribe(self._address.topic_filter, qos=1)
        log.info("mqtt_connected", lane=self.lane, session_present=flags.session_present, connection=self._connection)

    def _on_subscribe(self, _client: mqtt.Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: object) -> None:
        if any(code.is_failure for code in codes):
            log.error("mqtt_subscription_refused", lane=self.lane, topic_filter=self._address.topic_filter)
            return
        self.subscribed.set()

    def _on_disconnect(
        self, _client: mqtt.Client, _data: object, _flags: mqtt.DisconnectFlags, code: ReasonCode, _properties: object
    ) -> None:
        stood = self.subscribed.is_set()
        self.subscribed.clear()
        # Whatever is queued stays to be worked on, but its acknowledgements belong to a connection that is gone.
        self._connection += 1
        if self._stopping:
            return
        log.warning("mqtt_disconnected", lane=self.lane, reason=str(code))
        if not stood:
            return  # a node that is not ready yet, or no more: nobody has our id for that
        now = self._clock.monotonic_seconds()
        self._losses.append(now)
        if len(self._losses) == _TAKEOVERS and now - self._losses[0] < _TAKEOVER_WINDOW_SECONDS:
            log.error("mqtt_client_id_in_use", lane=self.lane, client_id=self._address.client_id)
            self.taken_over.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        delivery = Delivery(
            topic=message.topic,
            payload=bytes(message.payload),
            retained=message.retain,
            redelivered=message.dup,
            received_at=self._clock.now(),
            mid=message.mid,
            qos=message.qos,
            connection=self._connection,
        )
        with self._changed:
            if len(self._waiting) >= self._capacity and not self._changed.wait_for(self._has_room, _PUT_TIMEOUT_SECONDS):
                log.warning("lane_full", lane=self.lane)  # not acknowledged: the broker delivers it again
                return
            self._waiting.append(delivery)
            if len(self._waiting) == 1:
                self._changed.notify_all()
        self._received.inc()

    def _has_room(self) -> bool:
        return len(self._waiting) < self._capacity or self._stopping
