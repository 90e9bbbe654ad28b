"""An ingest worker in the test's own thread: the real pipeline, database and store, fed with deliveries by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa

from alerts.conditions import ActiveConditions
from alerts.engine import AlertEngine
from alerts.leases import take_lease
from alerts.model import Incident
from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.database import Database
from devices.model import Device, DeviceState
from ingest.book import HomeBook
from ingest.history import StoredHistory
from ingest.live_rules import LiveRules
from ingest.pipeline import Pipeline
from ingest.receipts import ReceiptSender
from ingest.reported import ReportedStates
from ingest.rule_timers import RuleTimers
from ingest.seen import SeenBook
from ingest.silence import SilenceTimer
from ingest.source import Delivery
from ingest.tools import Tools
from ingest.unknown import UnknownKeeper
from people.model import Home
from timeseries.ports import ReadingStore
from timeseries.recorder import Recorder
from timeseries.spool import Spool
from timeseries.sqlite_store import SqliteReadingStore


@dataclass
class Outbox:
    """A publisher that keeps what was sent."""

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> None:
        assert qos == 0
        self.sent.append((topic, orjson.loads(payload)))

    def statuses(self) -> list[str]:
        return [body["status"] for _, body in self.sent]


C = TypeVar("C", bound=Clock)


@dataclass
class Bench(Generic[C]):
    """Everything a test of the pipeline touches."""

    database: Database
    clock: C
    tools: Tools
    pipeline: Pipeline
    outbox: Outbox
    store: ReadingStore
    silence: SilenceTimer
    timers: RuleTimers

    def message(self, topic: str, body: Any, **flags: bool) -> Delivery:
        payload = body if isinstance(body, bytes) else orjson.dumps(body)
        return Delivery(
            f"part/0/alarm/{topic}",
            payload,
            flags.get("retained", False),
            flags.get("redelivered", False),
            self.clock.now(),
            1,
            1,
            1,
        )

    def say(self, topic: str, body: Any, **flags: bool) -> None:
        self.pipeline.handle([self.message(topic, body, **flags)])

    def incidents(self) -> list[Incident]:
        with self.database.snapshot() as session:
            return list(session.scalars(sa.select(Incident).order_by(Incident.id)))


def add_home(database: Database, now: datetime, code: str, **home: Any) -> int:
    with database.transaction() as session:
        row = Home(code=code, name=f"家 {code}", address="建国路 1 号", created_at=now, **home)
        session.add(row)
        session.flush()
        return row.id


def add_device(database: Database, now: datetime, home_id: int, code: str, profile: str, **device: Any) -> int:
    with database.transaction() as session:
        fields: Mapping[str, Any] = {"state": DeviceState.LIVE, "name": code, "client_id": f"yl-{code}", **device}
        row = Device(code=code, home_id=home_id, profile=profile, created_at=now, **fields)
        session.add(row)
        session.flush()
        return row.id


def build_bench(folder: Path, database: Database, clock: C, settings: Settings, recorder: Recorder | None = None) -> Bench[C]:
    with database.transaction() as session:
        epoch = take_lease(session, 0, "test", clock.now())
    book, outbox = HomeBook(0, 1), Outbox()
    if recorder is None:
        recorder = Recorder(SqliteReadingStore(folder / "readings.db"), Spool(folder / "spool", most_bytes=1024 * 1024), clock)
    rules = LiveRules(ZoneInfo(settings.timezone), StoredHistory(recorder))
    with database.snapshot() as session:
        rules.reload(session)
    tools = Tools(
        database=database,
        clock=clock,
        bus=Bus("nats://127.0.0.1:1", user="", password="", name="test"),
        book=book,
        seen=SeenBook(),
        reported=ReportedStates(),
        conditions=ActiveConditions(),
        engine=AlertEngine(settings),
        receipts=ReceiptSender(database, outbox, clock, partition=0, partitions=1, epoch=epoch),
        recorder=recorder,
        unknown=UnknownKeeper(settings.unknown_messages_per_topic),
        partition=0,
        epoch=epoch,
        rules=rules,
    )
    silence = SilenceTimer(tools, grace_seconds=settings.restart_grace_seconds)
    pipeline = Pipeline(tools, limit=None, wake=lambda: None, on_outcomes=silence.note)
    timers = RuleTimers(tools, grace_seconds=settings.restart_grace_seconds)
    return Bench(database, clock, tools, pipeline, outbox, recorder._store, silence, timers)
