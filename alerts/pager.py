"""The pager's loop: what is due, what is to be sent, what became of the probe, and the chores beside them.

Clocks are worked off on the caller's thread; sends run on threads of their own, only so many at once for one provider, so
that a slow one delays neither a clock nor another's page. Everything lives in the store: killed anywhere, the next pager
goes on, and several may run at once.
"""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from alerts.certificate_watch import CertificateWatch
from alerts.clocks import follow_step, work_off
from alerts.metrics import CHORES_FAILED, CHORES_PUT_OFF
from alerts.outage_watch import OutageWatch
from alerts.outbox import LEASE, Claimed, Due, claim_pages, due_pages, postpone_page, record_page, release_waiting
from alerts.paging import digest, page_tests, tokens
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from alerts.ports import Channels, NotSent, Sent
from alerts.presence import forget_expired
from alerts.probe_watch import needs_look, watch_probe
from alerts.retention import forget_old
from alerts.waiting import Waiting
from alerts.work import Desk
from core.database import stands_in_the_way
from core.failpoints import reach

log = structlog.get_logger()

SENDERS = 32
MOST_A_PROVIDER = 8
"""Sends under way over one provider; the others keep room however long it takes."""
_CLAIMED_AT_ONCE = 16
_LOOKED_AT = 1000
_ROUND_SECONDS = 0.25
"""Pages are sent this long from one look at what is due; then clocks, and what became due meanwhile, have their turn."""
_FREED_SECONDS = 0.05
"""A provider that is done with none of its sends in this time is left to them."""
_STORE_RESTS_SECONDS = 0.5
"""Between two tries to write down what came of a send."""
_TIDY_EVERY = timedelta(minutes=10)

Chore = Callable[[], object]


def _nothing() -> None:
    """Nobody to wake."""


class PagerLoop:
    """Call `tick` several times a second from one thread; or `work` from one and `do_chores` from another."""

    def __init__(
        self,
        desk: Desk,
        channels: Channels,
        *,
        chores: Mapping[str, Chore] | None = None,
        wake: Callable[[], None] = _nothing,
    ) -> None:
        self._desk = desk
        self._channels = channels
        self._chores: dict[str, Chore] = {
            "probe": self._watch_probe,
            "page_tests": lambda: page_tests.work(desk),
            "digest": lambda: digest.work(desk),
            "outages": OutageWatch(desk).tick,
            "waiting": Waiting(desk).tick,
            "certificates": CertificateWatch(desk).tick,
            **(chores or {}),
            "tidy": self._tidy,
        }
        self._wake = wake
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="page")
        self._sending: dict[Future[None], str] = {}
        self._failing: set[str] = set()
        self._tidied_at: datetime | None = None
        self._stopping = threading.Event()

    def tick(self) -> int:
        """Do everything that is due now; how much was done. Raises only when the store is away."""
        done = self.work()
        self.do_chores()
        return done

    def work(self) -> int:
        """The clocks, then the pages."""
        follow_step(self._desk)
        done = work_off(self._desk)
        return done + self._send_due()

    def do_chores(self) -> None:
        """What else there is to do; one that fails is counted and tried again next time, and never stops a clock."""
        for name, chore in self._chores.items():
            try:
                chore()
            except Exception as error:
                why = stands_in_the_way(error)
                if why is None:
                    log.exception("chore_failed", chore=name)
                    CHORES_FAILED.labels(name).inc()
                else:  # alarms are being written, or somebody holds a lock
                    log.warning("chore_put_off", chore=name, why=why)
                    CHORES_PUT_OFF.labels(name).inc()

    def wait_for_sends(self, timeout_seconds: float) -> bool:
        """Wait until no send is under way; whether that was so in time."""
        return not wait(list(self._sending), timeout_seconds).not_done

    def close(self) -> None:
        """Let sends under way finish, start no more."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _send_due(self) -> int:
        """Look once at what is due and send from there, most urgent first, as sends under way make room."""
        self._forget_done()
        if len(self._sending) >= SENDERS:
            return 0
        began_seconds = self._desk.clock.monotonic_seconds()
        with self._desk.database.snapshot() as session:
            due = due_pages(session, self._desk.clock.now(), _LOOKED_AT)
        count = 0
        while due and not self._stopping.is_set():
            chosen = self._choose(due)
            if chosen:
                taken = {one.page_id for one in chosen}
                due = [one for one in due if one.page_id not in taken]
                claimed = self._claim([one.page_id for one in chosen])
                count += len(claimed)
                for one in claimed:
                    self._sending[self._pool.submit(self._send, one)] = one.provider
            elif not wait(list(self._sending), _FREED_SECONDS, FIRST_COMPLETED).done:
                break
            if self._desk.clock.monotonic_seconds() - began_seconds >= _ROUND_SECONDS:
                break
            self._forget_done()
        return count

    def _forget_done(self) -> None:
        self._sending = {future: provider for future, provider in self._sending.items() if not future.done()}

    def _choose(self, due: Sequence[Due]) -> list[Due]:
        """The most urgent pages there is room for, now that each provider has its share."""
        room = SENDERS - len(self._sending)
        busy = Tally(self._sending.values())
        chosen: list[Due] = []
        for one in due:
            if len(chosen) == min(room, _CLAIMED_AT_ONCE):
                break
            if busy[one.provider] < MOST_A_PROVIDER:
                busy[one.provider] += 1
                chosen.append(one)
        return chosen

    def _claim(self, page_ids: list[int]) -> list[Claimed]:
        """Lease them in one transaction; when one of them is poison, each in its own."""
        try:
            claimed = self._desk.act(lambda session, now: claim_pages(session, page_ids, now, self._desk.settings))
        except STORE_IS_AWAY:
            raise
        except Exception:  # noqa: BLE001 somewhere in here is poison: find it one by one
            claimed = [one for page_id in page_ids for one in self._claim_alone(page_id)]
        if claimed:
            reach("pager.after_claim")
        return claimed

    def _claim_alone(self, page_id: int) -> list[Claimed]:
        try:
            return self._desk.act(lambda session, now: claim_pages(session, [page_id], now, self._desk.settings))
        except STORE_IS_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 quarantined
            self._quarantine(page_id, error)
            return []

    def _send(self, claimed: Claimed) -> None:
        leased_until_seconds = self._desk.clock.monotonic_seconds() + LEASE.total_seconds()
        channel = self._channels.get(claimed.channel)
        try:
            result: Sent | NotSent = NotSent("channel is not set up", permanent=True)
            reach("pager.before_send")
            if channel is not None:
                result = channel.send(claimed.message)
            reach("pager.after_send")
            self._record_while_leased(claimed, result, leased_until_seconds)
        except STORE_IS_AWAY:
            log.exception("page_not_recorded", page=claimed.page_id)  # its lease runs out, and it is tried again
        except Exception as error:  # noqa: BLE001 quarantined; the lease runs out, and it is tried again
            self._quarantine(claimed.page_id, error)
        finally:
            self._wake()

    def _record_while_leased(self, claimed: Claimed, result: Sent | NotSent, until_seconds: float) -> None:
        """A store that is away for a moment must not have the page sent twice: what came of it is kept until it can be said."""
        while True:
            try:
                return self._record(claimed, result)
            except STORE_IS_AWAY:
                if self._desk.clock.monotonic_seconds() >= until_seconds or self._stopping.wait(_STORE_RESTS_SECONDS):
                    raise
                log.warning("page_recorded_late", page=claimed.page_id)

    def _record(self, claimed: Claimed, result: Sent | NotSent) -> None:
        """Write down what came of one send, at once and alone: a death in between repeats this page and no other."""
        struggled = claimed.attempt > 1 or claimed.provider in self._failing

        def act(session: Session, now: datetime) -> None:
            record_page(session, claimed, result, now, self._desk.settings)
            if struggled and isinstance(result, Sent):
                release_waiting(session, claimed.provider, now)

        self._desk.act(act)
        if isinstance(result, Sent):
            self._failing.discard(claimed.provider)
        elif not result.permanent:
            self._failing.add(claimed.provider)
        reach("pager.after_record")

    def _quarantine(self, page_id: int, error: Exception) -> None:
        """Set it aside and try again when a lease would be over: a poison page must not stand in front of the others."""
        with self._desk.database.transaction() as session:
            now = self._desk.clock.now()
            set_aside(session, Failed("pages", f"pages:{page_id}", error), now)
            postpone_page(session, page_id, now)

    def _watch_probe(self) -> None:
        with self._desk.database.snapshot() as session:
            if not needs_look(session, self._desk.clock.now()):
                return
        self._desk.act(lambda session, now: watch_probe(session, now, self._desk.settings))

    def _tidy(self) -> None:
        now = self._desk.clock.now()
        if self._tidied_at is not None and now - self._tidied_at < _TIDY_EVERY:
            return
        self._tidied_at = now
        with self._desk.database.transaction() as session:
            forget_expired(session, now)
            tokens.forget_old(session, now)
        while not self._stopping.is_set():
            with self._desk.database.transaction() as session:
                if not forget_old(session, now, self._desk.settings):
                    return


__all__ = ["MOST_A_PROVIDER", "SENDERS", "PagerLoop"]
