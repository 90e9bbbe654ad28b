"""`yinling run`: starts every process in order, watches them, and leaves nothing running.

The broker comes first; while it starts, the tables are brought up to date. Then the ingest workers, the pager and the
API start together. A child that dies is started again. SIGTERM, SIGINT or SIGHUP stop them in reverse order of need
within ten seconds; what is left then is killed. When this process is killed with SIGKILL its children die with it, and
the next start waits until the last of them is gone (`yinling.folder_locks`). No alarm waits in this process, so nothing
is lost with it.
"""

from __future__ import annotations

import select
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Protocol, Self

import orjson
import structlog

from core.clock import Clock
from core.config import Settings
from yinling import run_file
from yinling.broker_store import BrokerStore
from yinling.children import Child, Plan
from yinling.environment import environment_of
from yinling.errors import CannotStartError
from yinling.ports import LOOPBACK, Ports, answers, own_address, own_context

log = structlog.get_logger()

STOP_SECONDS = 10.0
"""From the wish to stop until everything is gone."""
ONE_WISH_SECONDS = 0.5
"""Signals this close together are one wish to stop."""
START_SECONDS = 60.0
"""Not ready after this long: say what is missing, and go on trying."""
DEATHS_BEFORE_READY = 5
"""A child that dies this often before the first readiness will not get better by itself."""
_TURN_SECONDS = 0.1


class Steps(Protocol):
    """What a run does between starting its processes."""

    def prepare(self) -> None:
        """Bring the stores up to date, while the broker starts."""
        ...

    def fill(self) -> None:
        """Put in what the centre is to hold, while the workers start."""
        ...

    def announce(self) -> None:
        """Say that everything is ready; called once."""
        ...


class Supervisor:
    """The life of one run."""

    def __init__(self, settings: Settings, data_dir: Path, ports: Ports, lock: int, clock: Clock) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._ports = ports
        self._lock = lock
        self._clock = clock
        self._context = own_context(settings)
        self._children: list[Child] = []
        self._broker_store = BrokerStore(ports.nats_monitor, data_dir, clock)
        self._stops_wished = 0
        self._wished_at_seconds = 0.0
        self._is_ready = False
        self._missing = ""

    def run(self, steps: Steps, companions: Sequence[Plan] = ()) -> None:
        """Start, watch, stop; returns when everything has ended.

        Raises:
            CannotStartError: a child keeps dying before the first readiness.
        """
        with _Wakeup(self._wish_to_stop) as wakeup:
            try:
                self._start(Plan("broker", ("broker",)))
                steps.prepare()
                self._wait(wakeup, lambda: answers(LOOPBACK, self._ports.nats))
                for plan in self._workers():
                    self._start(plan)
                steps.fill()
                self._wait(wakeup, self._ask_ready)
                if not self._stops_wished:
                    self._is_ready = True
                    self._write_run_file()
                    steps.announce()
                    for plan in companions:
                        self._start(plan)
                self._wait(wakeup, lambda: False)
            finally:
                self._stop(wakeup)
                run_file.remove(self._data_dir)

    def _workers(self) -> list[Plan]:
        partitions = self._settings.partitions
        ingest = [Plan(f"ingest-{i}", ("ingest", "--partition", f"{i}/{partitions}")) for i in range(partitions)]
        return [*ingest, Plan("pager", ("pager",)), Plan("api", ("api",))]

    def _start(self, plan: Plan) -> None:
        if self._stops_wished:
            return
        environment = environment_of(
            data_dir=self._data_dir,
            host=self._settings.host,
            http_port=self._ports.http,
            mqtt_port=self._ports.mqtt,
            gateway_port=self._ports.gateway,
            nats_port=self._ports.nats,
            nats_monitor_port=self._ports.nats_monitor,
        )
        child = Child(plan, environment, self._lock, self._clock)
        child.start()
        self._children.append(child)
        if self._is_ready:
            self._write_run_file()

    def _wait(self, wakeup: _Wakeup, until: Callable[[], bool]) -> None:
        """Tend the children until something is so or a stop is wished."""
        complain_at_seconds = self._clock.monotonic_seconds() + START_SECONDS
        while not self._stops_wished and not until():
            wakeup.wait(_TURN_SECONDS)
            changed = [child for child in self._children if child.tend()]
            if self._is_ready:
                if changed:
                    self._write_run_file()
                self._mend_broker()
                continue
            self._refuse_hopeless()
            if self._clock.monotonic_seconds() > complain_at_seconds:
                complain_at_seconds = float("inf")
                log.error("not_ready_yet", after_seconds=START_SECONDS, missing=self._missing)

    def _mend_broker(self) -> None:
        """Start a broker again whose store stays broken after a full disk; what it confirmed is in its file."""
        if self._broker_store.wants_restart():
            broker = next(child for child in self._children if child.name == "broker")
            log.warning("broker_killed", reason="its store stays broken until it is started again")
            broker.send(signal.SIGKILL)

    def _refuse_hopeless(self) -> None:
        for child in self._children:
            if child.deaths >= DEATHS_BEFORE_READY:
                message = (
                    f"The process '{child.name}' does not start: its own words above say why; "
                    "'yinling doctor' checks what it needs."
                )
                raise CannotStartError(message)

    def _ask_ready(self) -> bool:
        address = f"{own_address(self._settings, self._ports.http)}/readyz"
        try:
            with urllib.request.urlopen(address, timeout=1.0, context=self._context) as answer:  # noqa: S310 always http or https
                return bool(answer.status == 200)  # noqa: PLR2004 the status has this name in HTTP
        except urllib.error.HTTPError as error:
            self._missing = _text_of(error)
        except OSError as error:
            self._missing = str(error)
        return False

    def _write_run_file(self) -> None:
        pids = {child.name: child.pid for child in self._children if not child.is_done}
        run_file.write(self._data_dir, host=self._settings.host, ports=self._ports, children=pids)

    def _wish_to_stop(self) -> None:
        # `timeout` and terminals send one wish as two signals: the second is not yet impatience.
        now_seconds = self._clock.monotonic_seconds()
        if self._stops_wished == 0 or now_seconds - self._wished_at_seconds >= ONE_WISH_SECONDS:
            self._wished_at_seconds = now_seconds
            self._stops_wished += 1

    def _stop(self, wakeup: _Wakeup) -> None:
        """Ask each to end, those that need others first; kill what is left at the deadline or at a second wish."""
        deadline_seconds = self._clock.monotonic_seconds() + STOP_SECONDS
        patience = max(self._stops_wished, 1)
        for group in _stop_groups(self._children):
            for child in group:
                child.send(signal.SIGTERM)
            while not all(child.has_ended() for child in group):
                if self._clock.monotonic_seconds() > deadline_seconds or self._stops_wished > patience:
                    break
                wakeup.wait(_TURN_SECONDS)
        for child in self._children:
            if not child.has_ended():
                log.warning("child_killed", child=child.name)
                child.send(signal.SIGKILL)
        while not all(child.has_ended() for child in self._children):
            wakeup.wait(_TURN_SECONDS)


def _stop_groups(children: Sequence[Child]) -> list[list[Child]]:
    """First what only helps and the API, then the pager, the ingest workers, and the broker last."""
    ranks = {"broker": 3, "pager": 1}
    rank_of = {child: 2 if child.name.startswith("ingest-") else ranks.get(child.name, 0) for child in children}
    return [[child for child in children if rank_of[child] == rank] for rank in range(4)]


def _text_of(error: urllib.error.HTTPError) -> str:
    try:
        return str(orjson.loads(error.read()))
    except (OSError, orjson.JSONDecodeError):
        return str(error)


class _Wakeup:
    """Turns signals into wake-ups of one waiting loop, so that a child's death is answered at once."""

    def __init__(self, on_stop: Callable[[], None]) -> None:
        self._on_stop = on_stop
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)  # noqa: FBT003 the library's own signature
        self._writer.setblocking(False)  # noqa: FBT003 the same

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop_wished)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._reader.close()
        self._writer.close()

    def _stop_wished(self, _number: int, _frame: FrameType | None) -> None:
        self._on_stop()

    def wait(self, timeout_seconds: float) -> None:
        """Sleep until a signal comes or the time is over."""
        if select.select([self._reader], [], [], timeout_seconds)[0]:
            self._reader.recv(4096)
