"""The pager as a process: incident clocks, pages, and the probe that proves the whole path every minute.

One loop each second does what is due; every due row is a transaction of its own. What is due stands in the store, so a
process that dies leaves nothing undone for longer than its restart.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import prometheus_client
import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from alerts.auditor import AUDIT_SECONDS, Auditor
from alerts.channels.registry import make_channels
from alerts.holding import HeldLease, Waiting, lease_one
from alerts.leases import Duty
from alerts.pager import PagerLoop
from alerts.probe import ProbeTarget, answered, ensure_probe_homes, start_run
from alerts.work import Desk
from core.bus import HINT_SUBJECT, Bus
from core.clock import Clock, wait
from core.config import Settings
from core.database import Database
from core.ending import end_for_certain
from core.machine import process_mark
from ingest.broker import load_or_create_secrets, mqtt_context, mqtt_servers, nats_context, nats_servers
from ingest.probe_device import Answer, ProbeDevice, give_secret, probe_secret
from yinling.heartbeat import Heartbeat
from yinling.sheet.making import HourlySheet

log = structlog.get_logger()

TICK_SECONDS = 1.0
DUTY = Duty("watch")
"""Chores, the auditor and the probes: one pager of a centre does them."""
_STOP_SECONDS = 5.0
_FIRST_CONNECTION_SECONDS = 30.0
# Hints come with every commit; under a flood a round each tenth of a second is enough.
_LEAST_PAUSE_SECONDS = 0.1

pager_failures_total = Counter("yinling_pager_failures_total", "Rounds of the pager that failed and will be tried again.", ["loop"])


def watch_over(threads: Sequence[threading.Thread], stopping: threading.Event) -> None:
    """Return once told to stop; `RuntimeError` when one of them ended before that."""
    while not stopping.wait(_LEAST_PAUSE_SECONDS):
        # Asked in this order: told to stop between the two, they have ended as they should.
        if not all(thread.is_alive() for thread in threads) and not stopping.is_set():
            message = "a loop of the pager died"
            raise RuntimeError(message)


class PagerProcess:
    """The pager, from start to end."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._wake = threading.Event()
        self._database = Database.of(settings, "yinling-pager")
        self._secrets = load_or_create_secrets(settings)
        self._bus = Bus(
            nats_servers(settings), user="yinling", password=self._secrets.password, name="pager", tls=nats_context(settings)
        )
        self._desk = Desk(self._database, clock, settings, self._bus.hint)
        self._sheet = HourlySheet(settings, clock)
        self._loop = PagerLoop(self._desk, make_channels(settings), chores={"sheet": self._sheet.tick}, wake=self._wake_clocks)
        self._auditor = Auditor(self._desk)
        self._heartbeat = Heartbeat(settings.heartbeat_url)
        self._stopping = threading.Event()
        self._stop_soon: Callable[[], object] | None = None
        self._failed = threading.Event()
        self._watch_duty: HeldLease | None = None
        self._last_round_seconds = clock.monotonic_seconds()

    def run(self) -> None:
        """Work until told to stop; raises SystemExit(1) when a loop failed, so that it is started anew."""
        asyncio.run(self._main())
        self._database.close()
        if self._failed.is_set():
            raise SystemExit(1)

    async def _main(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await self._bus.start()
        loop = asyncio.get_running_loop()

        self._stop_soon = lambda: loop.call_soon_threadsafe(stop.set)

        def guarded(work: Callable[[], None]) -> None:
            try:
                work()
            except BaseException:
                self._failed.set()
                loop.call_soon_threadsafe(stop.set)
                raise

        threads = [
            threading.Thread(target=guarded, args=(work,), name=name, daemon=True)
            for name, work in (("clocks", self._clocks), ("duty", self._do_duty))
        ]
        for thread in threads:
            thread.start()
        answering = asyncio.create_task(self._answer())
        await stop.wait()
        end_for_certain()
        answering.cancel()
        self._stopping.set()
        self._wake.set()
        for thread in threads:
            await asyncio.to_thread(thread.join, _STOP_SECONDS)
        self._sheet.close()
        await self._bus.stop()

    async def _answer(self) -> None:
        await self._bus.answer_status(self.status)

        async def hinted(_message: object) -> None:
            self._wake.set()

        await self._bus.subscribe(HINT_SUBJECT, hinted)

    def _wake_clocks(self) -> None:
        self._wake.set()

    def _clocks(self) -> None:
        """What is due in incidents, alerts and pages; while much is due, round after round."""
        while not self._stopping.is_set():
            done = 0
            try:
                done = self._loop.work()
                self._last_round_seconds = self._clock.monotonic_seconds()
            except SQLAlchemyError:
                log.warning("pager_round_failed", exc_info=True)
                pager_failures_total.labels("clocks").inc()
            if not done:
                self._wake.wait(TICK_SECONDS)
                self._stopping.wait(_LEAST_PAUSE_SECONDS)
            self._wake.clear()
        self._loop.close()

    def _do_duty(self) -> None:
        """What only one pager of a centre does: chores, the auditor, the probes. The others wait until it is gone."""
        lease = self._await_duty()
        if lease is None:
            return
        self._watch_duty = lease
        lease.start()
        lease.tell(lambda _error: self._end_as_replaced())
        threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("chores", self._chores), ("auditor", self._audit), ("probe", self._probe))
        ]
        for thread in threads:
            thread.start()
        watch_over(threads, self._stopping)
        for thread in threads:
            thread.join(_STOP_SECONDS - 1)
        lease.stop()

    def _await_duty(self) -> HeldLease | None:
        while not self._stopping.is_set():
            try:
                return lease_one(self._database, self._clock, [DUTY], "pager", waiting=Waiting(self._stopping))
            except SQLAlchemyError:
                log.warning("pager_round_failed", exc_info=True)
                pager_failures_total.labels("duty").inc()
                self._stopping.wait(TICK_SECONDS)
        return None

    def _end_as_replaced(self) -> None:
        """Another pager has the duty: this one ends, and its next life waits."""
        self._failed.set()
        if self._stop_soon is not None:
            self._stop_soon()

    def _may_watch(self) -> bool:
        """Whether no other pager can have the duty now; one that stood still finds out before it does anything."""
        return self._watch_duty is not None and self._watch_duty.is_sure

    def _chores(self) -> None:
        """What can wait for a moment must not hold up what cannot: a thread of its own."""
        while not self._stopping.is_set():
            if self._may_watch():
                self._loop.do_chores()
            self._stopping.wait(TICK_SECONDS)

    def _audit(self) -> None:
        """The auditor's own loop: it shares nothing with the clocks but the store."""
        while not self._stopping.wait(AUDIT_SECONDS):
            if not self._may_watch():
                continue
            try:
                self._auditor.tick()
            except SQLAlchemyError:
                log.warning("pager_round_failed", exc_info=True)
                pager_failures_total.labels("auditor").inc()

    def _probe(self) -> None:
        """A synthetic alarm through every partition, each minute."""
        devices: dict[ProbeTarget, ProbeDevice] = {}
        while not self._stopping.is_set():
            try:
                if not devices:
                    devices = self._probe_devices()
                    self._await_connection(devices.values())
                for device in devices.values() if self._may_watch() else ():
                    with self._database.transaction() as session:
                        event_key = start_run(session, self._clock.now(), self._settings).event_key
                    device.press(event_key)
            except SQLAlchemyError:
                log.warning("probe_round_failed", exc_info=True)
                pager_failures_total.labels("probe").inc()
            wait(self._stopping, self._settings.probe_interval_seconds, self._clock)
        for device in devices.values():
            device.stop()

    def _await_connection(self, devices: Iterable[ProbeDevice]) -> None:
        """At our own start the first probe waits for the others to start too; after that no connection is a finding."""
        deadline_seconds = self._clock.monotonic_seconds() + _FIRST_CONNECTION_SECONDS
        while not all(device.is_connected for device in devices) and self._clock.monotonic_seconds() < deadline_seconds:
            if self._stopping.wait(_LEAST_PAUSE_SECONDS):
                return

    def _probe_devices(self) -> dict[ProbeTarget, ProbeDevice]:
        settings = self._settings
        with self._database.transaction() as session:
            targets = ensure_probe_homes(session, settings.partitions, self._clock.now())
            for target in targets:
                give_secret(session, target.device, probe_secret(self._secrets.password, target.device))
        devices = {
            target: ProbeDevice(
                mqtt_servers(settings),
                topic=target.topic,
                device=target.device,
                secret=probe_secret(self._secrets.password, target.device),
                clock=self._clock,
                on_answer=self._answered,
                tls=mqtt_context(settings),
            )
            for target in targets
        }
        for device in devices.values():
            device.start()
        return devices

    def _answered(self, answer: Answer) -> None:
        """The receipt came back: the run's latency is the whole way there and back."""
        try:
            with self._database.transaction() as session:
                answered(session, answer.event_key, answer.seconds)
        except SQLAlchemyError:
            log.warning("probe_answer_not_recorded", exc_info=True)
            return
        self._bus.hint()
        if self._auditor.is_content:
            self._heartbeat.beat()

    def status(self) -> Mapping[str, Any]:
        """What `/readyz` and `/metrics` are told."""
        since = self._clock.monotonic_seconds() - self._last_round_seconds
        ready = since < 10 * TICK_SECONDS
        return {
            "process": "pager",
            "machine": process_mark(),
            "ready": ready,
            "checks": {"clocks": "ok" if ready else "stalled"},
            "metrics": prometheus_client.generate_latest().decode(),
        }
