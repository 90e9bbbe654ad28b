"""What the broker refused, counted per client and reason, for the pages and for the alert engine.

A device with a wrong secret tries again every second, for days. So refusals are gathered in memory and written once a
second in one transaction; a death loses at most that second's counts, never a device's sign.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from core.database import Database
from devices.model import Device
from ingest.model import BrokerRefusal

log = structlog.get_logger()

MOST_ROWS = 5000
"""Strangers may invent names without end; the oldest rows go."""

MOST_PENDING = 1000
_FLUSH_SECONDS = 1.0
_CLIENT_LENGTH, _DETAIL_LENGTH = 200, 500


class RefusalReason(StrEnum):
    """Why the broker refused a connection or a publication."""

    UNKNOWN_DEVICE = "unknown_device"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 a reason, not a secret
    WRONG_CERTIFICATE = "wrong_certificate"
    WRONG_CLIENT_ID = "wrong_client_id"
    RETIRED = "retired"
    NOT_READY = "not_ready"
    FOREIGN_TOPIC = "foreign_topic"
    THROWN_OUT = "thrown_out"
    TAKEN_OVER = "taken_over"
    UNSUPPORTED_PROTOCOL = "unsupported_protocol"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal. `client` is the device's code where it is known, else its client id, name or address.

    `grave` marks what deserves an incident: speaking on another's topic, or being thrown out again and again.
    """

    client: str
    reason: RefusalReason
    at: datetime
    detail: str | None = None
    grave: bool = False


@dataclass(slots=True)
class _Tally:
    count: int
    first: Refusal
    last: Refusal


class RefusalLedger:
    """Gathers refusals from any thread; `run` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, RefusalReason], _Tally] = {}
        self.counts: dict[RefusalReason, int] = dict.fromkeys(RefusalReason, 0)
        """Refusals since the process began, by reason, for metrics."""

    def add(self, refusal: Refusal) -> None:
        """Count a refusal; it is written within a second."""
        with self._lock:
            self.counts[refusal.reason] += 1
            key = (refusal.client[:_CLIENT_LENGTH], refusal.reason)
            if key not in self._pending and len(self._pending) >= MOST_PENDING:
                key = ("…", refusal.reason)
            tally = self._pending.setdefault(key, _Tally(0, refusal, refusal))
            tally.count += 1
            tally.last = refusal

    async def run(self) -> None:
        """Write for ever; cancelled at the end of the process."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            try:
                await asyncio.to_thread(self.flush)
            except (sa.exc.SQLAlchemyError, OSError) as error:
                log.warning("refusals_not_written", error=str(error))

    def flush(self) -> None:
        """Write what was gathered, in one transaction; kept for the next time when the database refuses."""
        with self._lock:
            taken, self._pending = self._pending, {}
        if not taken:
            return
        try:
            with self._database.transaction() as session:
                for (client, reason), tally in taken.items():
                    _record(session, client, reason, tally)
                _prune(session)
        except (sa.exc.SQLAlchemyError, OSError):
            with self._lock:
                for key, tally in taken.items():
                    newer = self._pending.get(key)
                    if newer is not None:
                        tally.count, tally.last = tally.count + newer.count, newer.last
                    self._pending[key] = tally
            raise


def _record(session: Session, client: str, reason: RefusalReason, tally: _Tally) -> None:
    device = session.scalars(sa.select(Device).where(sa.or_(Device.code == client, Device.client_id == client))).first()
    if device is not None:
        client = device.code
        if reason is not RefusalReason.NOT_READY:  # our fault, not the device's
            device.refused_at, device.refused_reason = tally.last.at, reason.value
    row = session.scalars(
        sa.select(BrokerRefusal).where(BrokerRefusal.client == client, BrokerRefusal.reason == reason.value)
    ).first()
    if row is None:
        row = BrokerRefusal(client=client, reason=reason.value, count=0, first_at=tally.first.at)
        session.add(row)
    row.count += tally.count
    row.last_at = tally.last.at
    row.detail = (tally.last.detail or row.detail or "")[:_DETAIL_LENGTH] or None
    row.device_id = device.id if device is not None else row.device_id
    session.flush()


def _prune(session: Session) -> None:
    surplus = (session.scalar(sa.select(sa.func.count()).select_from(BrokerRefusal)) or 0) - MOST_ROWS
    if surplus > 0:
        oldest = sa.select(BrokerRefusal.id).order_by(BrokerRefusal.last_at).limit(surplus)
        session.execute(sa.delete(BrokerRefusal).where(BrokerRefusal.id.in_(oldest)))


__all__ = ["Refusal", "RefusalLedger", "RefusalReason"]
