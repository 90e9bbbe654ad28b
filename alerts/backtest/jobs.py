"""Backtests at work: one thread in each API process, one run at a time, behind everything else.

The thread has the lowest priority the system gives and lets go of the processor every few milliseconds, so that a page
never waits for it. It looks several times a second whether the run was cancelled. After each few homes it writes down what
it knows; a process that dies leaves a run that the next one goes on with. A home that cannot be worked on is set aside,
counted, and the others go on; readings that are away fail the run with their code.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from alerts.backtest import store
from alerts.backtest.areas import Losses, count_outages
from alerts.backtest.fires import Fire, HomeTally, Tally
from alerts.backtest.nearby import real_incidents
from alerts.backtest.run import as_tried
from alerts.backtest.service import OVER_AREAS
from alerts.backtest.store import Held, RunState
from alerts.outages.course import Sign
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.yaml_form import ADAPTER
from core.clock import Clock
from core.database import Database
from core.errors import YinlingError
from people.model import Home

log = structlog.get_logger()

runs_total = Counter("yinling_backtest_runs_total", "Backtests that ended, by how.", ["state"])
failures_total = Counter("yinling_backtest_failures_total", "Failures of the thread that runs backtests; it goes on.")

POLL_SECONDS = 2.0
_LOOK_SECONDS = 0.25
_KEEP_SECONDS = 2.0
_BREATH_SECONDS = 0.001
_PAGE = 200
_NICE = 19


class Replaying(Protocol):
    """Runs a rule over the stored time of one home."""

    def fires(self, rule: RuleInForce, home_id: int, start: datetime, end: datetime) -> Iterator[Fire | None]:
        """Each firing in the order of time; None now and then, so that whoever asked can breathe."""
        ...

    def signs(self, home_id: int, start: datetime, end: datetime) -> Iterator[Sign | None]:
        """What of the home's losses rules over areas count; None now and then."""
        ...


class StoppedError(Exception):
    """The run was cancelled or lost, or the process ends."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a run stands on."""

    database: Database
    clock: Clock
    replay: Replaying
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        """The centre's zone."""
        return ZoneInfo(self.timezone)


def _silent(_done: int, _total: int, _fired: int) -> None:
    """Nobody watches."""


class Backtests:
    """The thread. `start` it once; `wake` it when a run was made."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look for runs."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="backtests", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now (from any thread)."""
        self._wake.set()

    def stop(self) -> None:
        """Give the run at hand back and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2)

    def work_once(self) -> bool:
        """Take one run and work on it to its end; False when none waits."""
        with self._ground.database.transaction() as session:
            held = store.take(session, self._ground.clock.now())
        if held is None:
            return False
        RunAtWork(self._ground, held, self._stopping.is_set).work()
        return True

    def _loop(self) -> None:
        _step_back()
        while not self._stopping.is_set():
            try:
                busy = self.work_once()
            except STORE_IS_AWAY as error:
                log.warning("backtests_wait_for_the_store", error=str(getattr(error, "orig", error)))
                failures_total.inc()
                busy = False
            except Exception:
                log.exception("backtests_failed")
                failures_total.inc()
                busy = False
            if not busy:
                self._wake.wait(POLL_SECONDS)
                self._wake.clear()


class RunAtWork:
    """One run that this process has taken, from its first home to its end."""

    def __init__(
        self,
        ground: Ground,
        held: Held,
        is_stopping: Callable[[], bool],
        on_progress: Callable[[int, int, int], None] = _silent,
    ) -> None:
        self._database = ground.database
        self._clock = ground.clock
        self._replay = ground.replay
        self._held = held
        self._on_progress = on_progress
        """Told homes done, homes in all, and times fired."""
        self._is_stopping = is_stopping
        self._pause = threading.Event()
        self._tally = Tally.read(held.result if held.result and "fired" in held.result else None, ground.zone)
        self._losses = Losses.read((held.result or {}).get("losses")) if held.spec.get("kind") in OVER_AREAS else None
        """What the homes done so far lost, for a rule over areas."""
        self._takes = int((held.result or {}).get("takes", 1))
        self._homes_done = self._homes_total = 0
        self._looked_at_seconds = self._kept_at_seconds = ground.clock.monotonic_seconds()

    def work(self) -> None:
        """Work on it; whatever happens, its row says so."""
        log.info("backtest_starts", run=self._held.id, after_home=self._tally.last_home_id)
        try:
            rule = as_tried(ADAPTER.validate_python(self._held.spec))
            self._count()
            for home_id in self._homes():
                self._work_home(rule, home_id)
            if self._losses is not None:
                for _ in count_outages(self._database, self._held, rule, self._losses, self._tally):
                    self._breathe()
        except StoppedError:
            self._give_back()
            return
        except (YinlingError, ValidationError) as error:
            self._end(RunState.FAILED, error.code if isinstance(error, YinlingError) else "invalid_input")
            return
        self._end(RunState.DONE, None)

    def _count(self) -> None:
        with self._database.snapshot() as session:
            self._homes_done = store.count_homes(session, self._held, self._tally.last_home_id)
            self._homes_total = store.count_homes(session, self._held, None)
        self._write({"homes_total": self._homes_total})

    def _homes(self) -> Iterator[int]:
        while True:
            with self._database.snapshot() as session:
                page = store.homes_after(session, self._held, self._tally.last_home_id, _PAGE)
            if not page:
                return
            yield from page

    def _work_home(self, rule: RuleInForce, home_id: int) -> None:
        held, tally = self._held, self._tally
        with self._database.snapshot() as session:
            row = session.get_one(Home, home_id)
            home = HomeTally(home_id, row.code, row.name, real_incidents(session, home_id, held.start_at, held.end_at))
        try:
            self._read_home(rule, home)
        except (StoppedError, YinlingError, *STORE_IS_AWAY):
            raise
        except Exception as error:  # noqa: BLE001 quarantined: one home does not stop the others
            tally.homes_failed += 1
            with self._database.transaction() as session:
                set_aside(session, Failed("backtest", f"run {held.id} home {home.code}", error), self._clock.now())
        tally.close(home)
        self._homes_done += 1
        self._on_progress(self._homes_done, self._homes_total, tally.fired)
        self._breathe()

    def _read_home(self, rule: RuleInForce, home: HomeTally) -> None:
        start, end = self._held.start_at, self._held.end_at
        if self._losses is None:
            for fire in self._replay.fires(rule, home.id, start, end):
                if fire is not None:
                    home.add(fire, self._tally.zone)
                self._breathe()
            return
        found: list[Sign] = []
        for sign in self._replay.signs(home.id, start, end):
            if sign is not None:
                found.append(sign)
            self._breathe()
        self._losses.add(found)

    def _breathe(self) -> None:
        """Let others have the processor; now and then look whether to go on, and write down what is known."""
        self._pause.wait(_BREATH_SECONDS)
        if self._is_stopping():
            raise StoppedError
        now_seconds = self._clock.monotonic_seconds()
        if now_seconds - self._kept_at_seconds >= _KEEP_SECONDS:
            self._write({})
        elif now_seconds - self._looked_at_seconds >= _LOOK_SECONDS:
            self._looked_at_seconds = now_seconds
            with self._database.snapshot() as session:
                if not store.is_held(session, self._held):
                    raise StoppedError

    def _write(self, values: dict[str, Any]) -> None:
        self._kept_at_seconds = self._looked_at_seconds = self._clock.monotonic_seconds()
        with self._database.transaction() as session:
            until = store.keep(session, self._held, self._clock.now(), {**self._known(), **values})
        if until is None:
            raise StoppedError
        self._held.lease_expires_at = until

    def _known(self) -> dict[str, Any]:
        losses = {} if self._losses is None else {"losses": self._losses.written()}
        return {"result": {**self._tally.written(), **losses, "takes": self._takes}, "homes_done": self._homes_done}

    def _give_back(self) -> None:
        """Cancelled, or another has it, or the process ends; in the last case the next one goes on at once."""
        with self._database.transaction() as session:
            known = self._known()
            known["result"]["takes"] = self._takes - 1  # nobody died of it
            store.release(session, self._held, known)
        log.info("backtest_stops", run=self._held.id, homes_done=self._homes_done)

    def _end(self, state: RunState, error: str | None) -> None:
        with self._database.transaction() as session:
            if store.finish(session, self._held, state, {**self._known(), "error": error}):
                runs_total.labels(state).inc()
        log.info("backtest_ends", run=self._held.id, state=state, fired=self._tally.fired, error=error)


def _step_back() -> None:
    """Take the lowest priority for this thread; Linux has one per thread, elsewhere nothing happens."""
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


__all__ = ["POLL_SECONDS", "Backtests", "Ground", "Replaying", "RunAtWork", "StoppedError"]
