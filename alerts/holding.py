"""Holding a lease for as long as a process lives: waiting for one that is free, renewing it, giving it back.

The renewing thread is the first to hear that another has taken over; it says so once, and the process ends. Between
renewals `is_sure` tells by the monotonic clock whether another may have taken over meanwhile: a process that stood still
finds out before it has asked anybody. Killed anywhere, the lease lapses and the next one waiting takes it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter

from alerts.leases import (
    LAPSE_SECONDS,
    LOOK_SECONDS,
    RENEW_SECONDS,
    Claimant,
    Duty,
    LeaseLostError,
    Seen,
    Watcher,
    look,
    release,
    renew,
    take,
)
from alerts.poison import STORE_IS_AWAY
from core.clock import Clock, SystemClock
from core.database import Database
from core.machine import process_mark

log = structlog.get_logger()

_MACHINE = SystemClock()
"""Whether a process still lives is a matter of the machine's time, also where a test moves the centre's."""

takeovers_total = Counter("yinling_lease_takeovers_total", "Leases taken from a process that had not given them back.", ["duty"])


class LeaseUnsureError(OSError):
    """Not renewed for so long that another may have it; nothing may be done for it until it is renewed."""


class HeldLease:
    """A lease this process has. `start` renews it until `stop`, which gives it back; `tell` says who hears when it is lost.

    It is renewed from the moment it is taken: a worker of many homes takes longer to be ready than a lease lasts.
    With `lapses` false (a store that only one machine can reach) nobody takes it from a process that lives, so a store
    that is away makes nobody unsure.
    """

    def __init__(self, database: Database, clock: Clock, duty: Duty, epoch: int, *, lapses: bool) -> None:
        self.duty = duty
        self.epoch = epoch
        self._database = database
        self._clock = clock
        self._lapses = lapses
        self._renewed_seconds = _MACHINE.monotonic_seconds()
        self._lost: LeaseLostError | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease-{duty.name}", daemon=True)
        self._on_lost: Callable[[LeaseLostError], None] | None = None
        self._telling = threading.Lock()

    def start(self) -> None:
        """Renew from now on."""
        self._thread.start()

    def tell(self, on_lost: Callable[[LeaseLostError], None]) -> None:
        """`on_lost` is called once, on the renewing thread, or here and now where it was lost before."""
        with self._telling:
            self._on_lost = on_lost
        self._tell_loss()

    def stop(self) -> None:
        """Give it back: whoever waits takes it at once."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2 * RENEW_SECONDS)
        if self._lost is None:
            try:
                with self._database.transaction() as session:
                    release(session, self.duty, self.epoch)
            except STORE_IS_AWAY as error:
                log.warning("lease_not_given_back", duty=self.duty.name, error=type(error).__name__)

    @property
    def is_sure(self) -> bool:
        """Whether nobody else can have it now."""
        if self._lost is not None:
            return False
        return not self._lapses or _MACHINE.monotonic_seconds() - self._renewed_seconds < LAPSE_SECONDS

    def assure(self) -> None:
        """Raise `LeaseLostError` when it is lost, `LeaseUnsureError` when it may be."""
        if self._lost is not None:
            raise self._lost
        if not self.is_sure:
            message = f"the lease of {self.duty.name} was not renewed for {LAPSE_SECONDS:.0f} s"
            raise LeaseUnsureError(message)

    def renew(self) -> None:
        """Renew now; raises `LeaseLostError`, and what the store raises when it is away."""
        began_seconds = _MACHINE.monotonic_seconds()
        try:
            with self._database.transaction() as session:
                renew(session, self.duty, self.epoch, self._clock.now())
        except LeaseLostError as error:
            self._lost = error
            raise
        self._renewed_seconds = began_seconds

    def _run(self) -> None:
        while not self._stopping.wait(RENEW_SECONDS):
            try:
                self.renew()
            except LeaseLostError as error:
                log.warning("lease_lost", duty=self.duty.name, epoch=self.epoch, now_owned_by=error.details.get("now_owned_by"))
                self._tell_loss()
                return
            except STORE_IS_AWAY as error:
                log.warning("lease_not_renewed", duty=self.duty.name, error=type(error).__name__)

    def _tell_loss(self) -> None:
        with self._telling:
            on_lost, lost = self._on_lost, self._lost
            if on_lost is None or lost is None:
                return
            self._on_lost = None
        on_lost(lost)


@dataclass
class Waiting:
    """How somebody waits: until told to stop; `looked` hears, at each look that found nothing free, whether the store answered."""

    stopping: threading.Event = field(default_factory=threading.Event)
    looked: Callable[[bool], None] = lambda _store_answers: None


def lease_one(
    database: Database, clock: Clock, duties: Sequence[Duty], name: str, *, waiting: Waiting | None = None
) -> HeldLease | None:
    """Wait until one of these is nobody's and take it; None when told to stop. The first look raises what the store raises."""
    how = waiting or Waiting()
    if database.is_sqlite:
        return _take_at_once(database, clock, duties[0], name)
    watchers = {duty: Watcher() for duty in duties}
    said = False
    while True:
        store_answers = True
        try:
            held = _try_all(database, clock, watchers, name)
        except STORE_IS_AWAY as error:
            if not said:
                raise
            held, store_answers = None, False
            log.warning("lease_not_looked_at", error=type(error).__name__)
        if held is not None:
            return held
        how.looked(store_answers)
        if not said:
            said = True
            log.info("standing_by", name=name, duties=[duty.name for duty in duties])
        if how.stopping.wait(LOOK_SECONDS):
            return None


def _try_all(database: Database, clock: Clock, watchers: dict[Duty, Watcher], name: str) -> HeldLease | None:
    with database.snapshot() as session:
        seen = {duty: look(session, duty) for duty in watchers}
    now_seconds = _MACHINE.monotonic_seconds()
    free = [duty for duty, watcher in watchers.items() if watcher.is_free(seen[duty], now_seconds)]
    for duty in free:
        held = _take(database, clock, duty, name, seen[duty])
        if held is not None:
            return held
    return None


def _claimant(name: str) -> Claimant:
    return Claimant(f"{socket.gethostname()}:{name}"[:120], process_mark())


def _take(database: Database, clock: Clock, duty: Duty, name: str, seen: Seen | None) -> HeldLease | None:
    with database.transaction() as session:
        epoch = take(session, duty, _claimant(name), clock.now(), seen=seen)
    if epoch is None:
        return None
    if seen is not None and not seen.released:
        takeovers_total.labels(duty.name).inc()
        log.warning("lease_taken_over", duty=duty.name, epoch=epoch, before=seen.owner)
    return HeldLease(database, clock, duty, epoch, lapses=not database.is_sqlite)


def _take_at_once(database: Database, clock: Clock, duty: Duty, name: str) -> HeldLease:
    """One machine, one writer: whoever starts is the one."""
    with database.transaction() as session:
        epoch = take(session, duty, _claimant(name), clock.now(), seen=look(session, duty))
    if epoch is None:  # cannot be: the transaction is the only writer
        raise LeaseLostError(duty=duty.name)
    return HeldLease(database, clock, duty, epoch, lapses=False)


__all__ = ["HeldLease", "LeaseUnsureError", "Waiting", "lease_one", "takeovers_total"]
