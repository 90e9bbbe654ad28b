"""What an installer may do with a fault: close it once the device itself says that it is well, and take that back at once.

Everything else belongs to the operators. Whether a fault is theirs is judged under the order lock, so that nothing joins
between the look and the act; the act is then the same `close` or `reopen` as anybody's, with its timeline, receipts and news.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.acts.ending import Ending, close, reopen, still_there
from alerts.acts.taking import incident_by_id, open_alerts
from alerts.audience import is_installers_own
from alerts.model import Alert, CloseReason, Incident, TimelineEntry
from alerts.timeline import Act
from core.errors import ConflictError, ForbiddenError, InvalidInputError

REPAIR_REASONS = (CloseReason.BATTERY_CHANGED, CloseReason.REPAIRED, CloseReason.REPLACED, CloseReason.NOTHING_FOUND)
"""What an installer may say; none of them takes an incident out of the figures."""

TAKEN_BACK_WITHIN = timedelta(minutes=1)
"""For a slip of the thumb; whatever comes later is a new alarm of the device."""


def is_repairable(session: Session, incident: Incident) -> bool:
    """Whether an installer who sees this incident may close it."""
    return is_installers_own(incident, _alerts(session, incident))


def close_fault(session: Session, incident_id: int, by: By, ending: Ending) -> Incident:
    """End it with what was done. 409 `fault_persists` until the device has said that it is well: it is never shelved."""
    incident = _theirs(session, incident_id)
    if ending.reason not in REPAIR_REASONS:
        raise InvalidInputError("unknown_reason", reason=ending.reason, reasons=[str(one) for one in REPAIR_REASONS])
    there = still_there(open_alerts(session, incident))
    if there:
        raise ConflictError("fault_persists", kinds=sorted({one.kind for one in there}))
    return close(session, incident_id, by, replace(ending, shelve_until=None))


def reopen_fault(session: Session, incident_id: int, by: By, note: str | None = None) -> Incident:
    """Take the own close of a moment ago back; 403 `not_your_close` for any other."""
    incident = _theirs(session, incident_id)
    told = sa.select(TimelineEntry).where(TimelineEntry.incident_id == incident.id, TimelineEntry.act == Act.CLOSED)
    closed = session.scalar(told.order_by(TimelineEntry.id.desc()).limit(1))
    if closed is None or closed.actor_id != by.actor.id or closed.at < by.now - TAKEN_BACK_WITHIN:
        raise ForbiddenError("not_your_close")
    return reopen(session, incident_id, by, note)


def _theirs(session: Session, incident_id: int) -> Incident:
    incident = incident_by_id(session, incident_id)
    if not is_repairable(session, incident):
        raise ForbiddenError("only_faults")
    return incident


def _alerts(session: Session, incident: Incident) -> Iterable[Alert]:
    return session.scalars(sa.select(Alert).where(Alert.incident_id == incident.id))


__all__ = ["REPAIR_REASONS", "TAKEN_BACK_WITHIN", "close_fault", "is_repairable", "reopen_fault"]
