"""Shelving one alert by hand, taking it off the shelf, and the end that every shelf has (ISA-18.2).

A shelf keeps a condition that is known from ringing; it never keeps a call for help from anybody: a press, a fall and a
call are not conditions, and whoever presses again must be heard. Inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.acts.ending import LONGEST_SHELF
from alerts.acts.taking import incident_by_id
from alerts.audience import of_alert, write_audience
from alerts.batch import JOINABLE
from alerts.changes import record_incident
from alerts.mode_ends import raise_standing
from alerts.model import Alert, AlertState, Incident, IncidentHome, IncidentState, Severity
from alerts.modes.store import end_suppressed
from alerts.opening import open_incident
from alerts.presence import is_watched
from alerts.raising import is_one_of_many
from alerts.ringing import ring_again, start_ringing, widen
from alerts.timeline import Act, Actor, tell
from core.config import Settings
from core.errors import ConflictError, InvalidInputError, NotFoundError

CALLS = frozenset({"sos", "fall", "doctor_call"})
"""Somebody who asks for help: never shelved."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Which alert goes on the shelf, until when, and why."""

    alert_id: int
    until: datetime
    reason: str | None = None


def shelve(session: Session, incident_id: int, by: By, shelf: Shelf) -> Incident:
    """Put one alert of an incident on the shelf until a time, 8 hours at most; again gives it another end."""
    incident = incident_by_id(session, incident_id)
    alert = _alert_of(session, incident, shelf.alert_id)
    if not by.now < shelf.until <= by.now + LONGEST_SHELF:
        raise InvalidInputError("shelf_out_of_range", longest_hours=LONGEST_SHELF // timedelta(hours=1))
    momentary_danger = alert.severity == Severity.CRITICAL and not alert.condition_active
    if alert.closed_at is not None or alert.kind in CALLS or momentary_danger:
        raise ConflictError("shelf_not_allowed", kind=alert.kind)
    alert.state = AlertState.SHELVED
    alert.shelved_due_at = shelf.until
    said: dict[str, Any] = {"alert": alert.id, "kind": alert.kind, "until": str(shelf.until), "reason": shelf.reason}
    tell(session, incident, Act.SHELVED, by.now, actor=by.actor, **said)
    record_incident(session, incident, by.now)
    return incident


def unshelve(session: Session, incident_id: int, by: By, alert_id: int) -> Incident:
    """Take it off the shelf now; what is still so asks for somebody again. Gives the incident it stands in then."""
    incident = incident_by_id(session, incident_id)
    alert = _alert_of(session, incident, alert_id)
    if alert.state != AlertState.SHELVED:
        raise ConflictError("not_shelved", kind=alert.kind)
    tell(session, incident, Act.UNSHELVED, by.now, actor=by.actor, alert=alert.id, kind=alert.kind)
    record_incident(session, incident, by.now)
    end_shelf(session, alert, by.now, by.settings, actor=by.actor)
    session.flush()
    now_in = alert.incident_id or incident.id
    return incident if now_in == incident.id else session.get_one(Incident, now_in)


def _alert_of(session: Session, incident: Incident, alert_id: int) -> Alert:
    alert = session.get(Alert, alert_id, populate_existing=True)
    if alert is None or alert.incident_id != incident.id:
        raise NotFoundError("alert_not_found")
    return alert


def end_shelf(session: Session, alert: Alert, now: datetime, settings: Settings, actor: Actor | None = None) -> None:
    """The shelf's time is over: what is still so rings again, in the open incident of its lane or a new one."""
    alert.shelved_due_at = None
    if alert.state != AlertState.SHELVED:
        return
    alert.state = AlertState.UNACKNOWLEDGED
    end_suppressed(session, alert.home_id, alert.rule, alert.subject, now)
    before = None if alert.incident_id is None else session.get_one(Incident, alert.incident_id)
    if before is not None and is_one_of_many(before, alert):
        _end_shelf_of_area(session, before, now, settings)
    if before is None or is_one_of_many(before, alert):
        raise_standing(session, alert, now, settings)
    elif alert.condition_active:
        _tell_end(session, alert, _ring_anew(session, alert, before, now, settings), now, actor)
    elif before.state in JOINABLE:
        alert.state = AlertState.UNACKNOWLEDGED if before.state == IncidentState.OPEN else AlertState.ACKNOWLEDGED
        _tell_end(session, alert, before, now, actor)
    else:
        alert.state = AlertState.NORMAL
        alert.closed_at = now


def _end_shelf_of_area(session: Session, before: Incident, now: datetime, settings: Settings) -> None:
    """The area's own alert comes off the shelf before those of its homes, so that they find their incident again."""
    due = sa.select(Alert).where(Alert.incident_id == before.id, Alert.home_id.is_(None), Alert.shelved_due_at <= now)
    for alert in session.scalars(due).all():
        end_shelf(session, alert, now, settings)
    session.flush()


def _ring_anew(session: Session, alert: Alert, before: Incident, now: datetime, settings: Settings) -> Incident:
    incident = before if before.state in JOINABLE else _joinable_like(session, before)
    watched = is_watched(session, now)
    if incident is None:
        incident = _reopened(session, alert, before, now)
        if not incident.test:
            start_ringing(session, incident, now, settings, watched=watched)
    elif Severity(alert.severity).rank <= Severity(incident.severity).rank and not incident.test:
        incident.severity = alert.severity
        ring_again(session, incident, now, settings, watched=watched)
    alert.incident_id = incident.id
    widen(session, incident, of_alert(alert), now, settings, watched=watched)
    return incident


def _reopened(session: Session, alert: Alert, before: Incident, now: datetime) -> Incident:
    """A new incident in the place of the closed one, with the homes of an area that are still without."""
    incident = Incident(
        kind=alert.kind,
        home_id=alert.home_id,
        area_id=before.area_id,
        resident_id=before.resident_id,
        lane=before.lane,
        severity=alert.severity,
        audience=write_audience(of_alert(alert)),
        state=IncidentState.OPEN,
        drill=before.drill,
        test=before.test,
        not_live=before.not_live,
        ring_count=1,
        previous_id=before.id,
    )
    open_incident(session, incident, now, subject=alert.subject, shelf_ended=True)
    homes = sa.update(IncidentHome).where(IncidentHome.incident_id == before.id, IncidentHome.restored_at.is_(None))
    if before.area_id is not None:
        session.execute(homes.values(incident_id=incident.id).execution_options(synchronize_session=False))
    return incident


def _tell_end(session: Session, alert: Alert, incident: Incident, now: datetime, actor: Actor | None) -> None:
    if actor is None:
        tell(session, incident, Act.SHELF_ENDED, now, alert=alert.id, kind=alert.kind, subject=alert.subject)
    record_incident(session, incident, now)


def _joinable_like(session: Session, before: Incident) -> Incident | None:
    home = Incident.home_id.is_(None) if before.home_id is None else Incident.home_id == before.home_id
    query = sa.select(Incident).where(home, Incident.lane == before.lane, Incident.state.in_(JOINABLE))
    return session.scalar(query.limit(1))


__all__ = ["CALLS", "Shelf", "end_shelf", "shelve", "unshelve"]
