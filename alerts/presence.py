"""Whether anybody watches: one row for each live stream an operator has open, renewed while it lives.

The API renews; a stream whose process dies simply expires. An incident that opens while no row is fresh is paged at
once, because an unwatched screen must not mean silence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import OperatorPresence

PRESENCE_LASTS = timedelta(seconds=15)
"""How long a renewal counts; streams renew every five seconds, so two may be missed."""


def renew_presence(session: Session, stream: str, user_id: int, now: datetime) -> None:
    """Say that an operator's live stream is open now."""
    row = session.get(OperatorPresence, stream)
    if row is None:
        row = OperatorPresence(stream=stream, user_id=user_id, opened_at=now, expires_at=now + PRESENCE_LASTS)
        session.add(row)
    row.expires_at = now + PRESENCE_LASTS


def end_presence(session: Session, stream: str) -> None:
    """Say that a live stream was closed."""
    session.execute(sa.delete(OperatorPresence).where(OperatorPresence.stream == stream))


def forget_expired(session: Session, now: datetime) -> int:
    """Delete what expired long ago; how many rows."""
    doomed = sa.delete(OperatorPresence).where(OperatorPresence.expires_at < now - timedelta(hours=1))
    return len(session.execute(doomed.returning(OperatorPresence.stream)).all())


def is_watched(session: Session, now: datetime) -> bool:
    """Whether at least one operator has the live stream open."""
    return session.scalar(sa.select(sa.literal(1)).where(OperatorPresence.expires_at > now).limit(1)) is not None


def count_watching(session: Session, now: datetime) -> int:
    """How many different people watch."""
    query = sa.select(sa.func.count(sa.distinct(OperatorPresence.user_id))).where(OperatorPresence.expires_at > now)
    return session.scalar(query) or 0


__all__ = ["PRESENCE_LASTS", "count_watching", "end_presence", "forget_expired", "is_watched", "renew_presence"]
