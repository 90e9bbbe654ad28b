"""What the acts share: finding the incident, and what taking or giving it up does to its alerts, clocks and receipts.

The caller owns the transaction; a death before its commit leaves the incident as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.changes import hold_order
from alerts.escalation.family import tell_step
from alerts.metrics import ANSWER_SECONDS
from alerts.model import Alert, AlertState, Incident, IncidentState, Receipt, SignalRecord
from alerts.presence import is_watched
from alerts.ringing import quiet, ring_again
from alerts.timeline import Act
from core.config import Settings
from core.database import after_commit
from core.errors import NotFoundError

RECEIPTS_A_DEVICE = 20
"""A device that pressed more often than this hears of its latest presses only."""


def incident_by_id(session: Session, incident_id: int) -> Incident:
    """The incident as it is now, under the order lock; `NotFoundError` for none, or the probe's."""
    hold_order(session)
    incident = session.get(Incident, incident_id, populate_existing=True)
    if incident is None or incident.probe:
        raise NotFoundError
    return incident


def open_alerts(session: Session, incident: Incident) -> Sequence[Alert]:
    """The alerts of an incident that are not closed, oldest first."""
    query = sa.select(Alert).where(Alert.incident_id == incident.id, Alert.closed_at.is_(None)).order_by(Alert.id)
    return session.scalars(query).all()


def take(session: Session, incident: Incident, by: By) -> None:
    """Count a person's act as the answer: silence it, own it when nobody does, tell the devices it was seen."""
    quiet(incident)
    incident.claim_due_at = None
    incident.owner_id = incident.owner_id or by.actor.id
    first = by.first(incident.acknowledged_at)
    if first != incident.acknowledged_at:
        incident.acknowledged_at = first
        incident.entered_afterwards = incident.entered_afterwards or by.done_at is not None
        _count_answer(session, incident, by.now)
    newly = False
    for alert in open_alerts(session, incident):
        if alert.state == AlertState.UNACKNOWLEDGED:
            alert.state = AlertState.ACKNOWLEDGED
            newly = True
        elif alert.state == AlertState.RETURN_UNACKNOWLEDGED:
            alert.state = AlertState.NORMAL
            newly = True
    if newly:
        send_receipts(session, incident, "seen", by.now)


def _count_answer(session: Session, incident: Incident, now: datetime) -> None:
    if incident.drill or incident.test or incident.probe or incident.entered_afterwards:
        return
    severity, seconds = incident.severity, max((now - incident.opened_at).total_seconds(), 0.0)
    after_commit(session, lambda: ANSWER_SECONDS.labels(severity).observe(seconds))


def tell_families(session: Session, incident: Incident, act: Act, by: By) -> None:
    """Tell the families who know of it what happened now."""
    if by.is_news:
        tell_step(session, incident, act, by.now, by.settings)


def renew_claim(incident: Incident, now: datetime, settings: Settings) -> None:
    """An owner who only looks at it has this long for a next act."""
    incident.claim_due_at = now + timedelta(seconds=settings.claim_expires_seconds)


def give_up(session: Session, incident: Incident, now: datetime, settings: Settings) -> None:
    """Back to the queue, ringing; the devices' `seen` is taken back by `accepted`."""
    incident.state = IncidentState.OPEN
    incident.owner_id = None
    incident.claim_due_at = None
    for alert in open_alerts(session, incident):
        if alert.state == AlertState.ACKNOWLEDGED:
            alert.state = AlertState.UNACKNOWLEDGED
        elif alert.state == AlertState.NORMAL:
            alert.state = AlertState.RETURN_UNACKNOWLEDGED
    ring_again(session, incident, now, settings, watched=is_watched(session, now))
    send_receipts(session, incident, "accepted", now)


def send_receipts(session: Session, incident: Incident, status: str, now: datetime) -> None:
    """A receipt for every id that was told `accepted` for this incident; of a device that gave many, for the latest."""
    place = sa.func.row_number().over(partition_by=SignalRecord.device_id, order_by=SignalRecord.id.desc())
    ranked = (
        sa.select(SignalRecord.id, place.label("place"))
        .where(SignalRecord.incident_id == incident.id, SignalRecord.own_id, SignalRecord.alert_id.is_not(None))
        .subquery()
    )
    latest = sa.select(ranked.c.id).where(ranked.c.place <= RECEIPTS_A_DEVICE)
    for signal in session.scalars(sa.select(SignalRecord).where(SignalRecord.id.in_(latest)).order_by(SignalRecord.id)):
        session.add(
            Receipt(
                device_id=signal.device_id,
                home_id=signal.home_id,
                incident_id=incident.id,
                event_key=signal.event_key,
                status=status,
                created_at=now,
            )
        )


__all__ = ["give_up", "incident_by_id", "open_alerts", "renew_claim", "send_receipts", "take", "tell_families"]
