"""What stayed silent when its home came back from an outage of its area: after a time it asks for somebody again.

While the area was without, its alert was part of that incident, one of many. The home is back and the device is not: that
is no part of the outage any more. Derived from what is stored, so that a pager that was away finds the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import record_incident
from alerts.lanes import OUTAGE_RULES
from alerts.mode_ends import raise_apart
from alerts.model import Alert, AlertState, Incident, IncidentHome
from alerts.raising import MUTED
from core.config import Settings

TIME_TO_SPEAK = timedelta(minutes=30)
"""Devices of a home that is back have so long to be heard."""
_SET_BACK = timedelta(seconds=60)
"""A home that came back in the future by more than this did so before the clock was set back: it waits no longer."""


def still_silent(session: Session, now: datetime, limit: int) -> list[int]:
    """The ids of alerts that an outage folded and that outlasted it at their home."""
    of_home = sa.and_(IncidentHome.incident_id == Alert.incident_id, IncidentHome.home_id == Alert.home_id)
    back = sa.or_(IncidentHome.restored_at <= now - TIME_TO_SPEAK, IncidentHome.restored_at > now + _SET_BACK)
    query = (
        sa.select(Alert.id)
        .join(IncidentHome, of_home)
        .where(back, Alert.closed_at.is_(None), Alert.home_id.is_not(None), Alert.condition_active)
        .where(Alert.rule.in_(OUTAGE_RULES), Alert.state.not_in((AlertState.SHELVED, *MUTED)))
    )
    return list(session.scalars(query.order_by(Alert.id).limit(limit)))


def ask_again(session: Session, now: datetime, settings: Settings, limit: int) -> int:
    """Raise them at their own homes, as if they had just been found; how many. Inside the caller's transaction."""
    ids = still_silent(session, now, limit)
    for alert in session.scalars(sa.select(Alert).where(Alert.id.in_(ids)).order_by(Alert.id)).all():
        outage = session.get_one(Incident, alert.incident_id)
        raise_apart(session, alert, now, settings)
        record_incident(session, outage, now)
    return len(ids)


__all__ = ["TIME_TO_SPEAK", "ask_again", "still_silent"]
