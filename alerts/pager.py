"""The pager's loop: what is due, what is to be sent, what became of the probe.

Clocks are worked off on the caller's thread; sends run on a few threads of their own, so that a slow provider delays
neither a clock nor another's page, and only as many pages are claimed as can be sent at once. Everything lives in the
store: killed anywhere, the next pager goes on.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from alerts.clocks import follow_step, work_off
from alerts.outbox import Claimed, claim_page, due_pages, record_page
from alerts.paging.render import page_text
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from alerts.ports import Channel, Message, NotSent, Sent
from alerts.presence import forget_expired
from alerts.probe_watch import needs_look, watch_probe
from alerts.retention import forget_old
from alerts.work import Desk
from core.failpoints import reach

log = structlog.get_logger()

SENDERS = 8
_TIDY_EVERY = timedelta(minutes=10)


class PagerLoop:
    """Call `tick` several times a second from one thread."""

    def __init__(self, desk: Desk, channel: Channel, senders: int = SENDERS) -> None:
        self._desk = desk
        self._channel = channel
        self._senders = senders
        self._pool = ThreadPoolExecutor(senders, thread_name_prefix="page")
        self._sending: set[Future[None]] = set()
        self._tidied_at: datetime | None = None
        self._stopping = threading.Event()

    def tick(self) -> int:
        """Do everything that is due now; how much was done. Raises only when the store is away."""
        follow_step(self._desk)
        done = work_off(self._desk)
        done += self._send_due()
        self._watch_probe()
        self._tidy()
        return done

    def wait_for_sends(self, timeout_seconds: float) -> bool:
        """Wait until no send is under way; whether that was so in time."""
        return not wait(list(self._sending), timeout_seconds).not_done

    def close(self) -> None:
        """Let sends under way finish, start no more."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _send_due(self) -> int:
        self._sending = {future for future in self._sending if not future.done()}
        free = self._senders - len(self._sending)
        if free <= 0:
            return 0
        with self._desk.database.snapshot() as session:
            page_ids = due_pages(session, self._desk.clock.now(), free)
        claimed = [one for page_id in page_ids if (one := self._claim(page_id)) is not None]
        for one in claimed:
            self._sending.add(self._pool.submit(self._send, one))
        return len(claimed)

    def _claim(self, page_id: int) -> Claimed | None:
        claimed = self._desk.act(lambda session, now: claim_page(session, page_id, now))
        reach("pager.after_claim")
        return claimed

    def _send(self, claimed: Claimed) -> None:
        settings = self._desk.settings
        result: Sent | NotSent
        try:
            title, body = page_text(claimed.facts, settings.language, settings.timezone)
            result = self._channel.send(Message(claimed.target, title, body, claimed.idempotency_key))
            reach("pager.after_send")
            self._record(claimed, result)
        except STORE_IS_AWAY:
            log.exception("page_not_recorded", page=claimed.page_id)  # its lease runs out, and it is tried again
        except Exception as error:  # noqa: BLE001 quarantined; the lease runs out, and it is tried again
            self._quarantine(claimed, error)

    def _record(self, claimed: Claimed, result: Sent | NotSent) -> None:
        def act(session: Session, now: datetime) -> None:
            record_page(session, claimed, result, now)

        self._desk.act(act)
        reach("pager.after_record")

    def _quarantine(self, claimed: Claimed, error: Exception) -> None:
        with self._desk.database.transaction() as session:
            set_aside(session, Failed("pages", f"pages:{claimed.page_id}", error), self._desk.clock.now())

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
        while not self._stopping.is_set():
            with self._desk.database.transaction() as session:
                if not forget_old(session, now, self._desk.settings):
                    return


__all__ = ["SENDERS", "PagerLoop"]
