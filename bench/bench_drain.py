"""How much of a bare drain the whole pipeline keeps.

(a) paho alone reads and acknowledges the messages; (b) the pipeline decodes the same messages from the same broker, runs the
rules, stores the readings with a commit before each acknowledgement, and everything is read back afterwards. Both in one
run, in turn, so that the ratio b/a holds however fast the machine is. Prints a table and one JSON line.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import sqlalchemy as sa
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the real broker that the tests start

from support.broker import BrokerHandle, running_broker
from support.worker import Bench, build_bench

from core import collector
from core.clock import SystemClock
from core.config import Settings
from core.database import Database
from devices.model import Device
from ingest.lane import LaneLoop
from ingest.source import Delivery, LaneSource, SourceAddress
from ingest.topics import Lane, lane_filter
from people.model import Centre, Home
from yinling.migrations import upgrade

HOMES = 200
DEVICES = 3
MESSAGES = 20_000
ROUNDS = 3
READINGS_PER_MESSAGE = 2
PUBLISHERS = 4


def main() -> None:
    """Run both in turn and print."""
    bare: list[float] = []
    piped: list[float] = []
    with tempfile.TemporaryDirectory() as folder, running_broker(Path(folder) / "broker") as broker:
        bench = furnish(Path(folder))
        sessions = {name: make_session(broker, name) for name in ("bench-bare", "bench-pipeline")}
        for number in range(ROUNDS):
            publish(broker, number)
            bare.append(drain_bare(broker, sessions["bench-bare"]))
            piped.append(drain_pipeline(broker, bench, number))
        bench.store.close()
    report(bare, piped)


def furnish(folder: Path) -> Bench[SystemClock]:
    """A database with homes and devices, and a worker that knows them."""
    clock = SystemClock()
    database = make_homes(folder, clock)
    bench = build_bench(folder, database, clock, Settings(data_dir=folder))
    with database.snapshot() as session:
        bench.tools.book.load_all(session)
    collector.settle()
    return bench


def make_homes(folder: Path, clock: SystemClock) -> Database:
    """A database with homes and devices."""
    database = Database(f"sqlite:///{folder / 'yinling.db'}")
    upgrade(database)
    now = clock.now()
    with database.transaction() as session:
        session.add(Centre(id=1, name="bench", created_at=now))
        session.flush()
        for home in range(HOMES):
            row = Home(code=f"h{home}", name=f"h{home}", address="-", created_at=now)
            session.add(row)
            session.flush()
            for device in range(DEVICES):
                code = f"h{home}-d{device}"
                session.add(Device(code=code, home_id=row.id, profile="vitals", name=code, state="live", created_at=now))
    return database


def topic_of(number: int) -> str:
    """The telemetry topic of the message's device."""
    home, device = number % HOMES, number // HOMES % DEVICES
    return f"yl/v1/h{home}/h{home}-d{device}/telemetry"


def payload_of(number: int, base: datetime) -> bytes:
    """Two readings; every message of a run has a time of its own."""
    at = int((base + timedelta(milliseconds=number)).timestamp() * 1000)
    return b'{"ts":%d,"values":{"heart_rate":%d,"spo2":97}}' % (at, 60 + number % 30)


def client_for(broker: BrokerHandle, client_id: str, *, clean: bool) -> mqtt.Client:
    """A paho client as ingest makes one."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean, manual_ack=True)
    client.username_pw_set("ingest", broker.secrets.password)
    return client


def make_session(broker: BrokerHandle, client_id: str) -> str:
    """A persistent session subscribed to the data lane, so that what is published waits for it."""
    client = client_for(broker, client_id, clean=False)
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", broker.mqtt_port)
    client.loop_start()
    client.subscribe(lane_filter(0, Lane.DATA), qos=1)
    assert subscribed.wait(10)
    client.disconnect()
    client.loop_stop()
    return client_id


def base_of(round_number: int) -> datetime:
    """Each round writes a stretch of time of its own."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=round_number)


def publish(broker: BrokerHandle, round_number: int) -> None:
    """Put the messages of one round into the broker, every one acknowledged."""
    base = base_of(round_number)
    publish_all(broker, MESSAGES, lambda number: payload_of(number, base))


def publish_all(broker: BrokerHandle, messages: int, payload: Callable[[int], bytes]) -> None:
    """Put so many messages into the broker, every one acknowledged."""

    def some(part: int) -> None:
        client = client_for(broker, f"bench-publisher-{part}", clean=True)
        client.max_inflight_messages_set(1000)
        client.connect("127.0.0.1", broker.mqtt_port)
        client.loop_start()
        sent = [client.publish(topic_of(n), payload(n), qos=1) for n in range(part, messages, PUBLISHERS)]
        for each in sent:
            each.wait_for_publish(60)
        client.disconnect()
        client.loop_stop()

    threads = [threading.Thread(target=some, args=(part,)) for part in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def drain_bare(broker: BrokerHandle, client_id: str, messages: int = MESSAGES) -> float:
    """(a): messages a second from the first received to the last acknowledged."""
    client = client_for(broker, client_id, clean=False)
    done = threading.Event()
    times: list[float] = []

    def receive(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        times.append(time.perf_counter())
        client.ack(message.mid, message.qos)
        if len(times) == messages:
            done.set()

    client.on_message = receive
    client.connect("127.0.0.1", broker.mqtt_port)
    client.loop_start()
    assert done.wait(120), f"only {len(times)} of {messages} came"
    client.disconnect()
    client.loop_stop()
    return messages / (times[-1] - times[0])


def drain_pipeline(broker: BrokerHandle, bench: Bench[SystemClock], round_number: int) -> float:
    """(b): the same, through lane, codec, rules and store; then every reading is read back."""
    address = SourceAddress(
        [("127.0.0.1", broker.mqtt_port)], "ingest", broker.secrets.password, "bench-pipeline", lane_filter(0, Lane.DATA)
    )
    source = MeasuredSource(Lane.DATA, address, SystemClock(), capacity=8192)
    lane = LaneLoop(source, bench.pipeline, SystemClock(), most=2048, on_failure=lambda error: print("failed:", error))
    lane.start()
    source.start()
    assert source.done.wait(240), f"only {source.count} of {MESSAGES} were acknowledged"
    lane.stop()
    source.stop()
    read_back(bench, round_number)
    return MESSAGES / (source.ended - source.began)


class MeasuredSource(LaneSource):
    """A source that notes when the first message was taken and the last acknowledged."""

    began = ended = 0.0
    count = 0

    def __init__(self, lane: str, address: SourceAddress, clock: SystemClock, *, capacity: int, messages: int = MESSAGES) -> None:
        super().__init__(lane, address, clock, capacity=capacity)
        self.messages = messages
        self._payloads: set[int] = set()
        self.done = threading.Event()

    def take(self, most: int, wait_seconds: float) -> list[Delivery]:
        """As ever, noting the first."""
        taken = super().take(most, wait_seconds)
        if taken and not self.began:
            self.began = time.perf_counter()
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """As ever, noting the last."""
        super().acknowledge(deliveries)
        # A busy machine lets the broker deliver some again: those count once. Every message has an instant of its own.
        self._payloads.update(hash(delivery.payload) for delivery in deliveries)
        self.count = len(self._payloads)
        if not self.ended and self.count >= self.messages:
            self.ended = time.perf_counter()
            self.done.set()


def read_back(bench: Bench[SystemClock], round_number: int) -> None:
    """Every reading of the round is in the store."""
    base = base_of(round_number)
    per_device = MESSAGES // (HOMES * DEVICES) + 1
    with bench.database.snapshot() as session:
        ids = list(session.scalars(sa.select(Device.id)))
    found = bench.store.read_many(ids, ["heart_rate", "spo2"], base, base + timedelta(hours=1), per_device + 10)
    stored = sum(len(points) for points in found.values())
    assert stored == MESSAGES * READINGS_PER_MESSAGE, f"{stored} readings in the store"


def report(bare: list[float], piped: list[float]) -> None:
    """The table and the JSON line."""
    ratios = [b / a for a, b in zip(bare, piped, strict=True)]
    print(f"{'round':>6} {'(a) bare drain msg/s':>22} {'(b) pipeline msg/s':>20} {'readings/s':>12} {'b/a':>6}")
    for number, (a, b, ratio) in enumerate(zip(bare, piped, ratios, strict=True), 1):
        print(f"{number:>6} {a:>22,.0f} {b:>20,.0f} {b * READINGS_PER_MESSAGE:>12,.0f} {ratio:>6.2f}")
    figures = {
        "bench": "drain",
        "bare_messages_per_second": round(statistics.median(bare)),
        "pipeline_messages_per_second": round(statistics.median(piped)),
        "pipeline_readings_per_second": round(statistics.median(piped) * READINGS_PER_MESSAGE),
        "ratio": round(statistics.median(ratios), 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
