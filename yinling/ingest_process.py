"""The ingest worker as a process: its threads, and the loop of what it says and answers on the broker.

Ends with exit code 1 when a lane, a network thread or the partition's lease is lost; the supervisor starts it again. What
is in flight then was not acknowledged and is delivered again.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import prometheus_client
import structlog
from sqlalchemy.exc import SQLAlchemyError

from alerts.conditions import ActiveConditions
from alerts.engine import AlertEngine
from alerts.holding import HeldLease
from alerts.leases import LeaseLostError
from core import collector
from core.bus import HINT_SUBJECT, Bus
from core.clock import Clock
from core.config import Settings
from core.database import Database
from core.ending import end_for_certain
from core.machine import process_mark
from ingest.book import HomeBook
from ingest.broker import load_or_create_secrets, mqtt_context, mqtt_servers, nats_context, nats_servers
from ingest.broker_secrets import BrokerSecrets
from ingest.broker_side import BrokerSide, take_on
from ingest.doors import Doors
from ingest.history import StoredHistory
from ingest.lane import LaneLoop
from ingest.live_rules import LiveRules
from ingest.pipeline import Pipeline
from ingest.rate_limit import TelemetryLimit
from ingest.receipts import ReceiptSender
from ingest.refusal_alarm import RefusalAlarm
from ingest.refusals import Refusal
from ingest.reported import ReportedStates
from ingest.rule_timers import RuleTimers
from ingest.seen import SeenBook
from ingest.sign_in import SignInResponder
from ingest.silence import SilenceTimer
from ingest.source import LaneSource, SourceAddress
from ingest.tools import Tools
from ingest.topics import Lane, lane_filter
from ingest.unknown import UnknownKeeper
from ingest.watch import BrokerWatch
from ingest.worker import Worker, make_chores, recall
from timeseries.opening import open_recorder
from timeseries.recorder import Recorder

log = structlog.get_logger()

_LOOK_SECONDS = 0.25
_GATEWAY_PORT_SECONDS = 1.0
# Each alarm is some milliseconds of one writer's time: in a flood the pager and people's acts must get their turn too.
_ALARMS_AT_ONCE = 200


class IngestProcess:
    """One worker, from start to end."""

    def __init__(self, settings: Settings, clock: Clock, database: Database, lease: HeldLease, partitions: int) -> None:
        self._settings = settings
        self._clock = clock
        self._lease = lease
        self._partition = 0 if lease.duty.partition is None else lease.duty.partition
        self._partitions = partitions
        self._name = f"ingest-{self._partition}"
        self._database = database
        self._secrets: BrokerSecrets = load_or_create_secrets(settings)
        self._bus = Bus(
            nats_servers(settings),
            user="yinling",
            password=self._secrets.password,
            name=self._name,
            tls=nats_context(settings),
        )
        self._recorder: Recorder = open_recorder(settings, clock, self._name)
        self._failed = threading.Event()
        self._ready = False
        self._watch: BrokerWatch | None = None
        self._worker = self._build()

    def run(self) -> None:
        """Work until told to stop; raises SystemExit(1) when it cannot go on."""
        collector.settle()
        trouble = asyncio.run(self._main())
        self._recorder.close()
        self._database.close()
        if trouble is not None:
            log.error("ingest_ends", reason=trouble)
            raise SystemExit(1)

    def _build(self) -> Worker:
        settings = self._settings
        sources = {lane: self._source(lane) for lane in Lane}
        tools = self._make_tools(sources[Lane.ALARM])
        silence = SilenceTimer(tools, grace_seconds=settings.restart_grace_seconds)
        timers = RuleTimers(tools, grace_seconds=settings.restart_grace_seconds)
        chores = make_chores(tools, settings, silence, timers, list(sources.values()))
        limits = {Lane.ALARM: None, Lane.DATA: TelemetryLimit(settings.telemetry_per_device_per_minute)}
        whole = settings.ingest_batch_messages
        most = {Lane.ALARM: min(whole, _ALARMS_AT_ONCE), Lane.DATA: whole}
        lanes = [
            LaneLoop(
                source,
                Pipeline(tools, limit=limits[lane], wake=chores.wake, on_outcomes=silence.note),
                self._clock,
                most=most[lane],
                on_failure=self._fail,
            )
            for lane, source in sources.items()
        ]
        self._chores = chores
        self._refusal_alarm = RefusalAlarm(tools)
        return Worker(list(sources.values()), lanes, chores, self._failed)

    def _make_tools(self, alarm_source: LaneSource) -> Tools:
        clock, database = self._clock, self._database
        epoch = self._lease.epoch
        book, seen, conditions = HomeBook(self._partition, self._partitions), SeenBook(), ActiveConditions()
        rules = LiveRules(ZoneInfo(self._settings.timezone), StoredHistory(self._recorder))
        with database.snapshot() as session:
            homes = book.load_all(session)
            rules.reload(session)
            conditions.load(session)
            recall(session, seen)
        log.info("ingest_starts", partition=self._partition, epoch=epoch, homes=homes)
        return Tools(
            database=database,
            clock=clock,
            bus=self._bus,
            book=book,
            seen=seen,
            reported=ReportedStates(),
            conditions=conditions,
            engine=AlertEngine(self._settings),
            receipts=ReceiptSender(
                database, alarm_source.client, clock, partition=self._partition, partitions=self._partitions, epoch=epoch
            ),
            recorder=self._recorder,
            unknown=UnknownKeeper(self._settings.unknown_messages_per_topic),
            partition=self._partition,
            epoch=epoch,
            assure=self._lease.assure,
            rules=rules,
        )

    def _source(self, lane: Lane) -> LaneSource:
        address = SourceAddress(
            mqtt_servers(self._settings),
            "ingest",
            self._secrets.password,
            f"yinling-ingest-{self._partition}-{lane}",
            lane_filter(self._partition, lane),
            first=self._partition,
            tls=mqtt_context(self._settings),
        )
        return LaneSource(lane, address, self._clock, capacity=self._settings.ingest_queue_messages, may_connect=self._lease.assure)

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, LeaseLostError):
            self._lost(error)
        else:
            log.error("lane_failed", error=repr(error))
            self._end()

    def _lost(self, error: LeaseLostError) -> None:
        """Another has the partition: nothing more may be done for it, not even what is at hand."""
        log.warning("partition_taken_over", partition=self._partition, error=str(error))
        self._end()

    def _end(self) -> None:
        """From whichever thread: the loop that looks for it may be what hangs."""
        self._failed.set()
        end_for_certain()

    async def _main(self) -> str | None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await self._bus.start()
        self._lease.tell(self._lost)
        self._worker.start()
        edges = asyncio.create_task(self._edges())
        trouble: str | None = None
        try:
            while not stop.is_set() and trouble is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await stop.wait()
                trouble = self._worker.trouble()
                if edges.done() and edges.exception() is not None:
                    log.error("edge_failed", error=repr(edges.exception()))
                    trouble = "an edge failed"
        finally:
            end_for_certain()
            edges.cancel()
            await asyncio.gather(edges, return_exceptions=True)
            await asyncio.to_thread(self._worker.stop)
            await asyncio.to_thread(self._lease.stop)
            await self._bus.stop()
        return trouble

    async def _edges(self) -> None:
        """Everything that speaks with the broker beside the lanes; runs until cancelled."""
        side = BrokerSide(
            self._settings,
            self._database,
            self._clock,
            on_grave=self._raise_soon,
            may_reload=lambda: responder.is_open,
        )
        responder = SignInResponder(
            self._bus,
            self._secrets,
            side.directory,
            self._clock,
            partition=self._partition,
            partitions=self._partitions,
            on_refusal=side.ledger.add,
        )
        doors = Doors(self._settings, self._secrets)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._answer())
                tasks.create_task(self._keep_gate(responder))
                tasks.create_task(_keep_doors(doors))
                tasks.create_task(take_on(self._bus, self._raise_soon))
                if self._partition == 0:
                    self._watch = side.watch
                tasks.create_task(side.run(every_node=self._partition == 0))
                await responder.start()
        finally:
            await responder.stop()
            await doors.close()

    def _raise_soon(self, refusal: Refusal) -> None:
        asyncio.get_running_loop().run_in_executor(None, self._raise_refusal, refusal)

    def _raise_refusal(self, refusal: Refusal) -> None:
        try:
            self._refusal_alarm.raise_for(refusal)
        except SQLAlchemyError:
            log.exception("grave_refusal_not_raised", client=refusal.client)

    async def _answer(self) -> None:
        await self._bus.answer_status(self.status)

        async def hinted(_message: object) -> None:
            self._chores.wake()

        await self._bus.subscribe(HINT_SUBJECT, hinted)

    async def _keep_gate(self, responder: SignInResponder) -> None:
        """Devices come in only while both sessions exist."""
        while True:
            self._ready = self._worker.is_subscribed
            if self._ready:
                responder.open()
            else:
                responder.close()
            await asyncio.sleep(0.05)

    def _broker_check(self) -> str:
        if self._watch is not None and self._watch.trouble is not None:
            return self._watch.trouble
        return "ok" if self._ready else "no_session"

    def status(self) -> Mapping[str, Any]:
        """What `/readyz` and `/metrics` are told."""
        return {
            "process": self._name,
            "machine": process_mark(),
            "ready": self._ready,
            "checks": {"broker": self._broker_check(), "readings": self._recorder.health()},
            "metrics": prometheus_client.generate_latest().decode(),
        }


async def _keep_doors(doors: Doors) -> None:
    """Open for this machine's gateways, and take new certificates; where another worker of the machine did, wait for it to go."""
    said = False
    while True:
        try:
            await doors.open()
        except OSError as error:
            if not said:
                log.info("gateway_port_taken", port=doors.gateway.port, error=str(error))
                said = True
            await doors.close()
            await asyncio.sleep(_GATEWAY_PORT_SECONDS)
        else:
            return await doors.keep_fresh()
