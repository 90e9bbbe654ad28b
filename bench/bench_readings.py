"""How fast readings are kept and read, for each store: SQLite and a real InfluxDB.

(a) the store alone takes readings in batches of 5,000; (b) the same number comes as messages through the real broker and the
whole pipeline (decode, rules, commit or sync before each acknowledgement, and, for InfluxDB, the spool until it is empty);
(c) paho alone reads and acknowledges those messages, which nothing behind it can pass. All in one run, in turn, so that b/a
holds however fast the machine is; everything is read back. A telemetry message here is one sample of two metrics, or a list
of them, as a gateway or a watch that was out of reach sends it.

Where (b)'s time went stands below, in shares of it: first what the lane's thread did, which adds up to 1, each stage with
what it waited for the disk or for its turn in the interpreter; then how long two threads beside it had a processor: the
one that reads from the broker, and, for InfluxDB, the one that empties the spool. Then a day, a month and a year of one home
(five metrics, a value a minute) are read at 1,000 points. Prints tables and one JSON line.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the real servers that the tests start

import bench_drain as drain
import sqlalchemy as sa
import structlog
from support.broker import BrokerHandle, running_broker
from support.influx import InfluxServer, running_influx
from support.worker import Bench, build_bench

from core import collector
from core.clock import SystemClock
from core.config import Settings
from devices.model import Device
from ingest.lane import LaneLoop
from ingest.source import SourceAddress
from ingest.topics import Lane, lane_filter
from timeseries.forwarder import Forwarder
from timeseries.ports import ReadingStore, StoredReading
from timeseries.recorder import Recorder
from timeseries.spool import Spool
from timeseries.sqlite_store import SqliteReadingStore

ROUNDS = 3
BATCH = 5_000
SAMPLES = (1, 10)
"""Samples of two metrics in a message."""
APART_SECONDS = 100
"""Between two samples of a message: longer than a round's messages lie apart, so that no instant comes twice."""
METRICS = ("heart_rate", "spo2")
STAGES = {
    "waiting": "waiting for the broker",
    "decoding": "decoding",
    "judging": "judging by the rules",
    "committing": "committing to the relational store",
    "recording": "writing to the store or its spool",
    "noting": "noting who was heard",
    "acknowledging": "acknowledging",
    "rest": "everything else of the lane",
    "network": "beside it: reading from the broker",
    "forwarding": "beside it: from the spool to InfluxDB",
}
SPANS = {"day": 1, "month": 30, "year": 365}
HOME_METRICS = ("heart_rate", "spo2", "respiration_rate", "body_temperature", "motion")
POINTS = 1_000
READS = 5


def main() -> None:
    """Every figure of both stores."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    figures: dict[str, Any] = {"bench": "readings"}
    with tempfile.TemporaryDirectory() as folder, running_influx(Path(folder) / "influx") as influx:
        for kind in ("sqlite", "influxdb"):
            place = Path(folder) / kind
            place.mkdir()
            with running_broker(place / "broker") as broker:
                figures |= writes(kind, place, broker, influx)
            figures |= reads(kind, place, influx)
    print(json.dumps(figures))


def open_kind(kind: str, place: Path, influx: InfluxServer, name: str) -> ReadingStore:
    """A store of its own."""
    return SqliteReadingStore(place / f"{name}.db") if kind == "sqlite" else influx.store(influx.new_bucket())


def writes(kind: str, place: Path, broker: BrokerHandle, influx: InfluxServer) -> dict[str, Any]:
    """(a), (b) and (c) for messages of each size."""
    bench, recorder = furnish(kind, place, influx)
    bare = open_kind(kind, place, influx, "bare")
    for session in ("bench-pipeline", "bench-bare"):
        drain.make_session(broker, session)
    figures: dict[str, Any] = {}
    spent: dict[int, dict[str, float]] = {}
    heads = ("readings/message", "(a) bare/s", "(b) pipeline/s", "b/a", "(c) paho alone/s")
    print(f"\n{kind:>10}", *(f"{head:>16}" for head in heads))
    number = 0
    for samples in SAMPLES:
        rounds = []
        for _ in range(ROUNDS):
            number += 1
            a = write_bare(bare, number, samples)
            publish(broker, number, samples)
            c = drain.drain_bare(broker, "bench-bare", messages_of(samples)) * samples * len(METRICS)
            b, shares = drain_pipeline(broker, bench, recorder, number, samples)
            rounds.append((a, b, b / a, c, *(shares[stage] for stage in STAGES)))
        a, b, ratio, c, *each = (statistics.median(column) for column in zip(*rounds, strict=True))
        readings = samples * len(METRICS)
        spent[readings] = dict(zip(STAGES, each, strict=True))
        print(" " * 10, *(f"{cell:>16}" for cell in (readings, f"{a:,.0f}", f"{b:,.0f}", f"{ratio:.2f}", f"{c:,.0f}")))
        prefix = f"{kind}_{readings}_readings_a_message"
        figures |= {
            f"{prefix}_bare_per_second": round(a),
            f"{prefix}_pipeline_per_second": round(b),
            f"{prefix}_ratio": round(ratio, 3),
            f"{prefix}_paho_alone_per_second": round(c),
            f"{prefix}_time": {STAGES[stage]: round(share, 2) for stage, share in spent[readings].items()},
        }
    print_shares(kind, spent)
    recorder.close()
    bare.close()
    return figures


def print_shares(kind: str, spent: dict[int, dict[str, float]]) -> None:
    """Where the time went, a column for each size of message."""
    print(f"\n{kind:>10} {'where the time of (b) goes':<40}", *(f"{readings:>4} readings/message" for readings in spent))
    for stage, title in STAGES.items():
        print(f"{'':>10} {title:<40}", *(f"{shares[stage]:>21.0%}" for shares in spent.values()))


def furnish(kind: str, place: Path, influx: InfluxServer) -> tuple[Bench[SystemClock], Recorder]:
    """Homes and devices, and a worker that knows them and records as it would in a centre with this store."""
    clock = SystemClock()
    spool = Spool(place / "spool", most_bytes=256 * 1024 * 1024)
    store = open_kind(kind, place, influx, "readings")
    recorder = Recorder(store, spool, clock) if kind == "sqlite" else Forwarder(store, spool, clock)
    if isinstance(recorder, Forwarder):
        recorder.start()
    database, settings = drain.make_homes(place, clock), Settings(data_dir=place)
    bench = build_bench(place, database, clock, settings, recorder)
    with database.snapshot() as session:
        bench.tools.book.load_all(session)
    collector.settle()
    return bench, recorder


def messages_of(samples: int) -> int:
    """Fewer messages where each holds more."""
    whole: int = drain.MESSAGES
    return whole if samples == 1 else whole // 4


def base_of(number: int) -> datetime:
    """Each round writes a week of its own."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=7 * number)


def write_bare(store: ReadingStore, number: int, samples: int) -> float:
    """(a): readings a second of the store alone, the same series and instants as in (b)."""
    base = base_of(number)
    readings = [
        StoredReading(
            1,
            message % (drain.HOMES * drain.DEVICES),
            metric,
            base + timedelta(milliseconds=message, seconds=APART_SECONDS * sample),
            60.0,
        )
        for message in range(messages_of(samples))
        for sample in range(samples)
        for metric in METRICS
    ]
    began = time.perf_counter()
    for first in range(0, len(readings), BATCH):
        store.write(readings[first : first + BATCH])
    seconds = time.perf_counter() - began
    devices = range(drain.HOMES * drain.DEVICES)
    assert count(store, devices, base) == len(readings)
    return len(readings) / seconds


def publish(broker: BrokerHandle, number: int, samples: int) -> None:
    """Put the messages of one round into the broker."""
    base = int(base_of(number).timestamp() * 1000)

    def payload(message: int) -> bytes:
        at = base + message
        if samples == 1:
            return b'{"ts":%d,"values":{"heart_rate":%d,"spo2":97}}' % (at, 60 + message % 30)
        rows = [
            {"ts": at + 1000 * APART_SECONDS * sample, "values": {"heart_rate": 60 + message % 30, "spo2": 97}}
            for sample in range(samples)
        ]
        return json.dumps(rows).encode()

    drain.publish_all(broker, messages_of(samples), payload)


def drain_pipeline(
    broker: BrokerHandle, bench: Bench[SystemClock], recorder: Recorder, number: int, samples: int
) -> tuple[float, dict[str, float]]:
    """(b): readings a second until the last is in the store, and the share of that the lane spent in each stage."""
    address = SourceAddress(
        [("127.0.0.1", broker.mqtt_port)], "ingest", broker.secrets.password, "bench-pipeline", lane_filter(0, Lane.DATA)
    )
    messages = messages_of(samples)
    source = drain.MeasuredSource(Lane.DATA, address, SystemClock(), capacity=8192, messages=messages)
    lane = LaneLoop(source, bench.pipeline, SystemClock(), most=2048, on_failure=lambda error: print("failed:", error))
    pipeline = bench.pipeline
    stages = {
        "working": (lane, "_work"),
        "decoding": (pipeline, "_decode"),
        "judging": (pipeline, "_plan"),
        "committing": (pipeline, "_commit"),
        "recording": (recorder, "record"),
        "noting": (pipeline, "_note"),
        "acknowledging": (source, "acknowledge"),
    }
    with timed(stages) as spent:
        lane.start()
        source.start()
        before = processor_seconds()
        assert source.done.wait(300), f"only {source.count} of {messages} were acknowledged"
        while isinstance(recorder, Forwarder) and recorder.spooled_bytes:
            time.sleep(0.005)
        ended = time.perf_counter() if isinstance(recorder, Forwarder) else source.ended
        beside = {stage: after - before[stage] for stage, after in processor_seconds().items()}
    lane.stop()
    source.stop()
    with bench.database.snapshot() as session:
        devices = list(session.scalars(sa.select(Device.id)))
    readings = messages * samples * len(METRICS)
    found = count(bench.store, devices, base_of(number))
    assert found == readings, f"{found} of {readings} readings in the store"
    seconds = ended - source.began
    worked = spent.pop("working")
    whole = {**spent, **beside, "waiting": seconds - worked, "rest": worked - sum(spent.values())}
    return readings / seconds, {stage: whole.get(stage, 0.0) / seconds for stage in STAGES}


def processor_seconds() -> dict[str, float]:
    """How long the threads beside the lane have had a processor."""
    names = {"paho-mqtt-client-bench-pipeline": "network", "readings-forwarder": "forwarding"}
    return {
        names[thread.name]: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.name in names and thread.ident is not None
    }


@contextmanager
def timed(stages: Mapping[str, tuple[Any, str]]) -> Iterator[dict[str, float]]:
    """The seconds spent in each of these methods while it lasts."""
    spent = dict.fromkeys(stages, 0.0)

    def measure(stage: str, owner: Any, name: str) -> None:
        method = getattr(owner, name)

        def measured(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(*arguments)
            finally:
                spent[stage] += time.perf_counter() - began

        setattr(owner, name, measured)

    for stage, (owner, name) in stages.items():
        measure(stage, owner, name)
    try:
        yield spent
    finally:
        for owner, name in stages.values():
            delattr(owner, name)


def count(store: ReadingStore, devices: Sequence[int], base: datetime) -> int:
    """How many readings of a round are in the store."""
    found = store.read_many(list(devices), METRICS, base, base + timedelta(days=1), 10_000)
    return sum(len(points) for points in found.values())


def reads(kind: str, place: Path, influx: InfluxServer) -> dict[str, Any]:
    """A day, a month and a year of one home at 1,000 points a metric."""
    store = open_kind(kind, place, influx, "year")
    end = datetime(2026, 11, 1, tzinfo=UTC)
    before = disk_bytes(kind, place, influx)
    fill_year(store, end)
    written = disk_bytes(kind, place, influx) - before
    figures: dict[str, Any] = {f"{kind}_bytes_on_disk_a_reading": round(written / (365 * 1440 * len(HOME_METRICS)), 1)}
    print(f"\n{kind:>10} {'read':>8} {'points in it':>13} {'milliseconds':>13}")
    for name, days in SPANS.items():
        milliseconds = statistics.median(timed_read(store, end - timedelta(days=days), end) for _ in range(READS))
        print(f"{'':>10} {name:>8} {days * 1440 * len(HOME_METRICS):>13,} {milliseconds:>13.0f}")
        figures[f"{kind}_read_{name}_milliseconds"] = round(milliseconds)
    store.close()
    return figures


def disk_bytes(kind: str, place: Path, influx: InfluxServer) -> int:
    """What the store's files come to."""
    folder = place if kind == "sqlite" else influx.folder / "engine"
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def fill_year(store: ReadingStore, end: datetime) -> None:
    """A value a minute of five metrics."""
    start = end - timedelta(days=365)
    for day in range(365):
        store.write(
            [
                StoredReading(1, 1, metric, start + timedelta(days=day, minutes=minute), float(60 + (minute * 7 + day) % 40))
                for metric in HOME_METRICS
                for minute in range(1440)
            ]
        )


def timed_read(store: ReadingStore, start: datetime, end: datetime) -> float:
    """Milliseconds of one read, its answer looked at."""
    began = time.perf_counter()
    found = store.read_many([1], HOME_METRICS, start, end, POINTS)
    milliseconds = (time.perf_counter() - began) * 1000
    assert len(found) == len(HOME_METRICS)
    assert all(POINTS // 4 < len(points) <= POINTS for points in found.values())
    return milliseconds


if __name__ == "__main__":
    main()
