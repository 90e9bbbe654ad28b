"""Resolving, closing and opening again.

An incident is not closed over a condition that is still there, unless it is shelved, which always has an end. What
returned stays on record with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.acts.taking import incident_by_id, open_alerts, send_receipts, take, tell_families
from alerts.batch import JOINABLE
from alerts.changes import record_incident
from alerts.model import Alert, AlertState, CloseReason, Incident
from alerts.presence import is_watched
from alerts.raising import MUTED
from alerts.ringing import ring_again
from alerts.timeline import Act, tell
from alerts.transitions import next_state
from core.errors import ConflictError, InvalidInputError

OUT_OF_SIGHT = MUTED | {AlertState.SHELVED}

LONGEST_SHELF = timedelta(hours=8)
"""One shift: whoever comes next sees it again."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an incident is closed: a reason of `CloseReason`, a remark, and until when active conditions are shelved."""

    reason: str
    note: str | None = None
    shelve_until: datetime | None = None


def resolve(session: Session, incident_id: int, by: By, note: str | None = None) -> Incident:
    """The matter is dealt with; the reason is still to be given. A new alarm of the home opens a new incident."""
    incident = incident_by_id(session, incident_id)
    incident.state = next_state(Act.RESOLVED, incident.state)
    take(session, incident, by)
    incident.resolved_at = by.first(incident.resolved_at)
    for alert in open_alerts(session, incident):
        _end_unless_active(alert, by.now)
    tell(session, incident, Act.RESOLVED, by.now, actor=by.actor, done_at=by.done_at, note=note)
    tell_families(session, incident, Act.RESOLVED, by)
    record_incident(session, incident, by.now)
    return incident


def close(session: Session, incident_id: int, by: By, ending: Ending) -> Incident:
    """End it with a reason. 409 `condition_persists` while, say, smoke is still on and nothing says until when."""
    if ending.reason not in CloseReason.__members__.values():
        raise InvalidInputError("unknown_reason", reason=ending.reason, reasons=[str(one) for one in CloseReason])
    incident = incident_by_id(session, incident_id)
    target = next_state(Act.CLOSED, incident.state)
    alerts = open_alerts(session, incident)
    active = still_there(alerts)
    if active:
        _check_shelf(ending.shelve_until, active, by.now)
    take(session, incident, by)
    incident.state = target
    incident.reason = ending.reason
    incident.resolved_at = by.first(incident.resolved_at)
    incident.closed_at = by.when
    for alert in alerts:
        _end_unless_active(alert, by.now)
    for alert in active:
        alert.state = AlertState.SHELVED
        alert.shelved_due_at = ending.shelve_until
    details = {"shelved": [one.id for one in active], "until": str(ending.shelve_until)} if active else {}
    tell(
        session, incident, Act.CLOSED, by.now, actor=by.actor, done_at=by.done_at, reason=ending.reason, note=ending.note, **details
    )
    tell_families(session, incident, Act.CLOSED, by)
    record_incident(session, incident, by.now)
    return incident


def still_there(alerts: Iterable[Alert]) -> list[Alert]:
    """Those whose condition is still so; what a mode mutes or a person shelved already has its end."""
    return [alert for alert in alerts if alert.condition_active and alert.state not in OUT_OF_SIGHT]


def _check_shelf(until: datetime | None, active: list[Alert], now: datetime) -> None:
    if until is None:
        raise ConflictError("condition_persists", kinds=sorted({one.kind for one in active}))
    if not now < until <= now + LONGEST_SHELF:
        raise InvalidInputError("shelf_out_of_range", longest_hours=LONGEST_SHELF // timedelta(hours=1))


def _end_unless_active(alert: Alert, now: datetime) -> None:
    if not alert.condition_active and alert.state != AlertState.SHELVED:
        alert.state = AlertState.NORMAL
        alert.pending = False
        alert.pending_due_at = None
        alert.closed_at = now


def reopen(session: Session, incident_id: int, by: By, note: str | None = None) -> Incident:
    """Back to the queue, ringing. 409 `another_incident_open` when the home's later alarms opened one meanwhile."""
    incident = incident_by_id(session, incident_id)
    target = next_state(Act.REOPENED, incident.state)
    other = _open_in_lane(session, incident)
    if other is not None:
        raise ConflictError("another_incident_open", number=other.number, id=other.id)
    incident.state = target
    incident.owner_id = None
    incident.resolved_at = None
    incident.closed_at = None
    incident.reason = None
    session.flush()
    _reopen_alerts(session, incident)
    ring_again(session, incident, by.now, by.settings, watched=is_watched(session, by.now))
    send_receipts(session, incident, "accepted", by.now)
    tell(session, incident, Act.REOPENED, by.now, actor=by.actor, note=note)
    record_incident(session, incident, by.now)
    return incident


def _open_in_lane(session: Session, incident: Incident) -> Incident | None:
    home = Incident.home_id.is_(None) if incident.home_id is None else Incident.home_id == incident.home_id
    query = sa.select(Incident).where(home, Incident.lane == incident.lane, Incident.state.in_(JOINABLE))
    return session.scalar(query.limit(1))


def _reopen_alerts(session: Session, incident: Incident) -> None:
    """Its alerts need a person again, save those whose key a later alert has taken."""
    for alert in session.scalars(sa.select(Alert).where(Alert.incident_id == incident.id).order_by(Alert.id.desc())):
        if alert.closed_at is not None:
            if _key_is_taken(session, alert):
                continue
            alert.closed_at = None
        elif alert.state in MUTED:
            continue
        returned = alert.returned_at is not None and not alert.condition_active
        alert.state = AlertState.RETURN_UNACKNOWLEDGED if returned else AlertState.UNACKNOWLEDGED
        alert.shelved_due_at = None
        session.flush()


def _key_is_taken(session: Session, alert: Alert) -> bool:
    home = Alert.home_id.is_(None) if alert.home_id is None else Alert.home_id == alert.home_id
    same_key = sa.and_(home, Alert.rule == alert.rule, Alert.subject == alert.subject, Alert.closed_at.is_(None))
    return session.scalar(sa.select(Alert.id).where(same_key).limit(1)) is not None


__all__ = ["LONGEST_SHELF", "Ending", "close", "reopen", "resolve", "still_there"]
