"""The ingest worker of one partition: two lanes, the chores beside them, and what devices sign in with.

The lanes run in threads of their own; the chores run in one more, each second or when woken; the main thread's loop holds
the connection for hints, the sign-in responder and (worker 0) the gateway port. When a lane, a network thread or the lease
is lost the process ends with an error and its supervisor starts it again; nothing acknowledged depends on memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
import structlog
from prometheus_client import Counter
from sqlalchemy.orm import Session

from alerts.leases import LeaseLostError
from core.clock import Clock
from core.config import Settings
from core.database import stands_in_the_way
from devices.model import Device
from ingest.lane import LaneLoop
from ingest.readings_watch import ReadingsWatch
from ingest.rule_timers import RuleTimers
from ingest.seen import SeenBook, write
from ingest.silence import SilenceTimer
from ingest.source import LaneSource
from ingest.tools import Tools

log = structlog.get_logger()

chores_failed_total = Counter(
    "yinling_chores_failed_total", "Chores of an ingest worker that failed and will be tried again.", ["chore"]
)
chores_put_off_total = Counter(
    "yinling_chores_put_off_total", "Chores of an ingest worker put off because the relational store was busy.", ["chore"]
)

TICK_SECONDS = 1.0
_PUT_OFF_SECONDS = 5.0
"""A chore that is done seldom does not wait its whole turn when the store was busy."""
_BOOK_CHECK_SECONDS = 5.0
_PURGE_SECONDS = 3600.0
# People close alerts elsewhere; what this worker remembers as active is read again this often.
_CONDITIONS_SECONDS = 5.0


@dataclass(slots=True)
class Chore:
    """Something done every so often beside the lanes."""

    name: str
    every_seconds: float
    work: Callable[[], object]
    due_at_seconds: float = 0.0
    put_off: int = 0
    """How often in a row the store was busy."""


class Chores:
    """Runs chores in one thread; a failing one is counted and tried again, and never stops the next.

    Under a flood the store is busy with alarms, which go first: a chore that waited in vain for a lock is put off, with a
    warning, and does all of its work later. Any other failure is an error.
    """

    def __init__(self, clock: Clock, chores: Sequence[Chore]) -> None:
        self._clock = clock
        self._chores = list(chores)
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Do what is done each tick now (from any thread)."""
        self._wake.set()

    def stop(self) -> None:
        """End after the chore at hand."""
        self._stopping = True
        self._wake.set()
        self._thread.join(10)

    def run_due(self) -> None:
        """Run what is due."""
        for chore in self._chores:
            now = self._clock.monotonic_seconds()
            if chore.due_at_seconds > now:
                continue
            chore.due_at_seconds = now + chore.every_seconds
            try:
                chore.work()
                chore.put_off = 0
            except LeaseLostError as error:  # the process ends; whoever has the lease does it
                log.warning("chore_not_ours", chore=chore.name, now_owned_by=error.details.get("now_owned_by"))
            except Exception as error:
                if not self._put_off(chore, error):
                    log.exception("chore_failed", chore=chore.name)
                    chores_failed_total.labels(chore.name).inc()

    def _put_off(self, chore: Chore, error: Exception) -> bool:
        """Try again soon where somebody else's work goes first; False for any other failure."""
        why = stands_in_the_way(error)
        if why is None:
            return False
        chore.put_off += 1
        chore.due_at_seconds = min(chore.due_at_seconds, self._clock.monotonic_seconds() + _PUT_OFF_SECONDS)
        log.warning("chore_put_off", chore=chore.name, why=why, in_a_row=chore.put_off, error=str(getattr(error, "orig", error)))
        chores_put_off_total.labels(chore.name).inc()
        return True

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()
            self.run_due()


class FlushSeen:
    """Writes last-seen times: every few seconds, at once while somebody watches an installation.

    What the store did not take stays in memory and is written with what comes meanwhile.
    """

    def __init__(self, tools: Tools, *, every_seconds: float) -> None:
        self._tools = tools
        self._every_seconds = every_seconds
        self._due_at_seconds = 0.0

    def __call__(self) -> None:
        """Flush when due."""
        watched = self._tools.seen.has_watched()
        now_seconds = self._tools.clock.monotonic_seconds()
        if not watched and now_seconds < self._due_at_seconds:
            return
        self._due_at_seconds = now_seconds + self._every_seconds
        with self._tools.seen.taken() as pending, self._tools.transaction() as session:
            written = write(session, pending, self._tools.clock.now())
        if written and watched:
            self._tools.bus.hint()


class CheckBook:
    """Reads homes again that changed while only telemetry came from them."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def __call__(self) -> None:
        """Compare all revisions, a few hundred homes a query."""
        book = self._tools.book
        with self._tools.database.snapshot() as session:
            stale = book.stale(session, book.ids())
            if stale:
                book.load(session, stale)


def purge(tools: Tools, settings: Settings) -> None:
    """Forget what is older than its retention."""
    now = tools.clock.now()
    with tools.transaction() as session:
        tools.unknown.purge(session, now - timedelta(days=settings.unknown_retention_days))
    tools.recorder.delete_before(now - timedelta(days=settings.readings_retention_days))


@dataclass(slots=True)
class Worker:
    """The threads of one partition. `failed` is set when the process must end."""

    sources: Sequence[LaneSource]
    lanes: Sequence[LaneLoop]
    chores: Chores
    failed: threading.Event

    def start(self) -> None:
        """Start lanes and chores."""
        for source in self.sources:
            source.start()
        for lane in self.lanes:
            lane.start()
        self.chores.start()

    def stop(self) -> None:
        """Finish what is at hand and end; what is unacknowledged stays with the broker."""
        for lane in self.lanes:
            lane.stop()
        for source in self.sources:
            source.stop()
        self.chores.stop()

    @property
    def is_subscribed(self) -> bool:
        """Whether both lanes have their subscription now."""
        return all(source.subscribed.is_set() for source in self.sources)

    def trouble(self) -> str | None:
        """Why the process must end, or None."""
        if self.failed.is_set():
            return "a lane failed"
        if any(source.taken_over.is_set() for source in self.sources):
            return "another process uses this worker's client id"
        if not all(source.is_alive for source in self.sources):
            return "a network thread died"
        if not all(lane.is_alive for lane in self.lanes):
            return "a lane died"
        return None


def recall(session: Session, seen: SeenBook) -> None:
    """Fill the book of last-seen times from the store, at start."""
    rows = session.execute(sa.select(Device.id, Device.last_seen_at, Device.online))
    seen.recall((row.id, row.last_seen_at, row.online) for row in rows)


class Ears:
    """Notices that our own connection was away, so that nobody is called silent for it."""

    def __init__(self, sources: Sequence[LaneSource], *listeners: SilenceTimer | RuleTimers) -> None:
        self._sources = sources
        self._listeners = listeners
        self._connections = 0

    def __call__(self) -> None:
        """Compare the connections with those of the last look."""
        connections = sum(source.connection for source in self._sources)
        if connections != self._connections:
            self._connections = connections
            for listener in self._listeners:
                listener.our_ears_were_closed()


class FollowClock:
    """Follows a step of the wall clock: the pager moves the stored dues, here moves what is remembered."""

    def __init__(self, tools: Tools, silence: SilenceTimer, timers: RuleTimers) -> None:
        self._tools = tools
        self._silence = silence
        self._timers = timers

    def __call__(self) -> None:
        """Look whether there was one."""
        step = self._tools.clock.take_step()
        if step is not None:
            self._tools.rules.shift(step)
            self._silence.our_ears_were_closed()
            self._timers.clock_stepped()


class ReloadRules:
    """Reads the rules again when they changed, and looks at every home with them."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def __call__(self) -> None:
        """Compare the revision."""
        with self._tools.database.snapshot() as session:
            if self._tools.rules.reload(session):
                self._tools.book.refresh_all()


def make_chores(
    tools: Tools, settings: Settings, silence: SilenceTimer, timers: RuleTimers, sources: Sequence[LaneSource]
) -> Chores:
    """The chores of a worker, the quick ones each tick."""

    def judge_silence() -> None:
        outcomes = silence.tick()
        if outcomes:
            tools.conditions.learn(outcomes)
            tools.bus.hint()

    def judge_timers() -> None:
        if timers.tick():
            tools.bus.hint()

    def refresh_conditions() -> None:
        with tools.database.snapshot() as session:
            tools.conditions.load(session)

    flush = FlushSeen(tools, every_seconds=settings.seen_flush_seconds)
    return Chores(
        tools.clock,
        [
            Chore("clock", 0, FollowClock(tools, silence, timers)),
            Chore("receipts", 0, tools.receipts.drain),
            Chore("seen", 0, flush),
            Chore("ears", 0, Ears(sources, silence, timers)),
            Chore("rules", 0, ReloadRules(tools)),
            Chore("silence", TICK_SECONDS, judge_silence),
            Chore("rule_beginnings", TICK_SECONDS, timers.begin),
            Chore("rule_timers", TICK_SECONDS, judge_timers),
            Chore("spool", TICK_SECONDS, tools.recorder.drain),
            Chore("readings_store", TICK_SECONDS, ReadingsWatch(tools)),
            Chore("conditions", _CONDITIONS_SECONDS, refresh_conditions),
            Chore("book", _BOOK_CHECK_SECONDS, CheckBook(tools)),
            Chore("purge", _PURGE_SECONDS, lambda: purge(tools, settings)),
        ],
    )
