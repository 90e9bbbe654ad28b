"""What is forgotten in time: changes every stream has long passed, and signals that raised nothing.

A slice at a time, so that alarms pass in between. What belongs to an alert or an incident is never forgotten here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Change, SignalRecord
from alerts.modes.model import Suppressed
from core.config import Settings

CHANGES_KEPT = timedelta(days=7)
"""A stream that resumes from before this starts anew."""

SLICE = 2000


def forget_old(session: Session, now: datetime, settings: Settings) -> int:
    """Delete at most a slice of each; how many rows went. Call again while it is not 0."""
    changes = sa.select(Change.sequence).where(Change.at < now - CHANGES_KEPT).limit(SLICE)
    idle = sa.and_(SignalRecord.alert_id.is_(None), SignalRecord.incident_id.is_(None))
    edge = now - timedelta(days=settings.signals_retention_days)
    # By id, which grows with time: an index of its own would cost every signal a write.
    signals = sa.select(SignalRecord.id).where(idle, SignalRecord.received_at < edge).order_by(SignalRecord.id).limit(SLICE)
    _forget_suppressed(session, signals, edge)
    gone = session.execute(sa.delete(Change).where(Change.sequence.in_(changes)).returning(Change.sequence)).all()
    gone_too = session.execute(sa.delete(SignalRecord).where(SignalRecord.id.in_(signals)).returning(SignalRecord.id)).all()
    return len(gone) + len(gone_too)


def _forget_suppressed(session: Session, signals: sa.Select[int], edge: datetime) -> None:
    """What was found and not shown goes with the signals of its time, save what still stands or belongs to an alert."""
    over = sa.or_(~Suppressed.lasting, Suppressed.ended_at.is_not(None))
    old = sa.select(Suppressed.id).where(Suppressed.last_at < edge, Suppressed.alert_id.is_(None), over)
    session.execute(sa.delete(Suppressed).where(Suppressed.id.in_(old.order_by(Suppressed.id).limit(SLICE))))
    unnamed = sa.update(Suppressed).where(Suppressed.signal_id.in_(signals)).values(signal_id=None)
    session.execute(unnamed.execution_options(synchronize_session=False))


__all__ = ["CHANGES_KEPT", "SLICE", "forget_old"]
