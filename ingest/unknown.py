"""What arrived and was not understood: counted for ever, kept raw within bounds, shown to people.

Called inside the transaction that precedes the acknowledgement, so nothing is discarded in silence. The raw messages of
one topic are bounded, so that one noisy device cannot fill the disk; its count goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.orm import Session

from ingest.model import UnknownMessage, UnknownTopic

not_understood_total = Counter("yinling_not_understood_total", "Messages or parts of them that were not understood.", ["reason"])

_TOPIC_LENGTH = 1000
_DETAIL_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Unknown:
    """One message, or a part of it, that was not understood."""

    topic: str
    reason: str
    detail: str
    payload: bytes
    received_at: datetime
    home_id: int | None = None
    device_id: int | None = None


class UnknownKeeper:
    """Writes what was not understood. `per_topic` raw messages are kept for each topic and reason."""

    def __init__(self, per_topic: int) -> None:
        self._per_topic = per_topic

    def keep(self, session: Session, unknowns: Sequence[Unknown]) -> None:
        """Count and keep all of them in the caller's transaction."""
        for unknown in unknowns:
            not_understood_total.labels(unknown.reason).inc()
            row = self._row(session, unknown)
            row.count += 1
            row.detail = unknown.detail[:_DETAIL_LENGTH]
            row.home_id, row.device_id = unknown.home_id, unknown.device_id
            row.last_at = unknown.received_at
            session.flush()
            if row.count > self._per_topic:
                self._forget_oldest(session, row.id)
            session.add(UnknownMessage(unknown_topic_id=row.id, received_at=unknown.received_at, payload=unknown.payload))

    def purge(self, session: Session, before: datetime) -> int:
        """Delete raw messages older than `before`; the counts stay."""
        result = session.execute(sa.delete(UnknownMessage).where(UnknownMessage.received_at < before))
        return int(getattr(result, "rowcount", 0))

    @staticmethod
    def _row(session: Session, unknown: Unknown) -> UnknownTopic:
        topic = unknown.topic[:_TOPIC_LENGTH]
        row = session.scalar(sa.select(UnknownTopic).where(UnknownTopic.topic == topic, UnknownTopic.reason == unknown.reason))
        if row is None:
            row = UnknownTopic(
                topic=topic, reason=unknown.reason, first_at=unknown.received_at, last_at=unknown.received_at, count=0
            )
            session.add(row)
        return row

    @staticmethod
    def _forget_oldest(session: Session, topic_id: int) -> None:
        oldest = sa.select(sa.func.min(UnknownMessage.id)).where(UnknownMessage.unknown_topic_id == topic_id).scalar_subquery()
        session.execute(sa.delete(UnknownMessage).where(UnknownMessage.id == oldest))


def retention_edge(now: datetime, days: int) -> datetime:
    """The instant before which raw messages are forgotten."""
    return now - timedelta(days=days)
