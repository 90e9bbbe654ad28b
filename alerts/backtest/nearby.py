"""The real incidents of a home: those a person closed as real, whatever raised them. Drills, tests and the probe are none."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.backtest.fires import NEARBY
from alerts.model import CloseReason, Incident

REAL = (CloseReason.REAL_ASSISTED, CloseReason.REAL_AMBULANCE)


def real_incidents(session: Session, home_id: int, start: datetime, end: datetime) -> tuple[datetime, ...]:
    """When the home's real incidents opened, from `NEARBY` before `start` to `NEARBY` after `end`."""
    query = (
        sa.select(Incident.opened_at)
        .where(Incident.home_id == home_id, Incident.reason.in_(REAL))
        .where(Incident.drill.is_(False), Incident.test.is_(False), Incident.probe.is_(False))
        .where(Incident.opened_at.between(start - NEARBY, end + NEARBY))
        .order_by(Incident.opened_at)
    )
    return tuple(session.scalars(query))


__all__ = ["REAL", "real_incidents"]
