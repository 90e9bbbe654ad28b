"""Taking an incident, and giving it back.

A claim is atomic: of two operators who press at once one wins, and the other is told who. The owner's own second press
answers what rang again meanwhile, and is otherwise nothing.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.acts.taking import give_up, incident_by_id, renew_claim, take, tell_families
from alerts.changes import record_incident
from alerts.model import Incident, IncidentState
from alerts.timeline import Act, tell
from alerts.transitions import is_allowed, next_state
from core.config import Settings
from core.errors import ConflictError
from people.model import User


def acknowledge(session: Session, incident_id: int, by: By) -> Incident:
    """Claim it. 409 `already_taken` when another has it; the owner takes it again only while it rings again."""
    incident = incident_by_id(session, incident_id)
    if not is_allowed(Act.ACKNOWLEDGED, incident.state):
        return _acknowledge_again(session, incident, by)
    claim = (
        sa.update(Incident)
        .where(Incident.id == incident.id, Incident.state == IncidentState.OPEN)
        .values(state=IncidentState.ACKNOWLEDGED, owner_id=by.actor.id)
        .execution_options(synchronize_session=False)
    )
    won = session.execute(claim.returning(Incident.id)).one_or_none() is not None
    session.refresh(incident)
    if not won:
        return _acknowledge_again(session, incident, by)
    take(session, incident, by)
    renew_claim(incident, by.now, by.settings)
    tell(session, incident, Act.ACKNOWLEDGED, by.now, actor=by.actor, done_at=by.done_at)
    tell_families(session, incident, Act.ACKNOWLEDGED, by)
    record_incident(session, incident, by.now)
    return incident


def _acknowledge_again(session: Session, incident: Incident, by: By) -> Incident:
    if incident.state in {IncidentState.RESOLVED, IncidentState.CLOSED}:
        next_state(Act.ACKNOWLEDGED, incident.state)  # raises
    if incident.owner_id != by.actor.id:
        owner = None if incident.owner_id is None else session.get(User, incident.owner_id)
        raise ConflictError("already_taken", state=incident.state, owner=None if owner is None else owner.name)
    if incident.ring_due_at is None:
        next_state(Act.ACKNOWLEDGED, incident.state)  # raises
    take(session, incident, by)
    if incident.state == IncidentState.ACKNOWLEDGED:
        renew_claim(incident, by.now, by.settings)
    tell(session, incident, Act.ACKNOWLEDGED, by.now, actor=by.actor, done_at=by.done_at, again=True)
    record_incident(session, incident, by.now)
    return incident


def release(session: Session, incident_id: int, by: By) -> Incident:
    """Give it back to the queue, where it rings."""
    incident = incident_by_id(session, incident_id)
    next_state(Act.RELEASED, incident.state)
    give_up(session, incident, by.now, by.settings)
    tell(session, incident, Act.RELEASED, by.now, actor=by.actor)
    record_incident(session, incident, by.now)
    return incident


def expire_claim(session: Session, incident: Incident, now: datetime, settings: Settings) -> None:
    """The owner did nothing more in time: back to the queue, as if released."""
    next_state(Act.CLAIM_EXPIRED, incident.state)
    owner_id = incident.owner_id
    give_up(session, incident, now, settings)
    tell(session, incident, Act.CLAIM_EXPIRED, now, owner=owner_id)
    record_incident(session, incident, now)


__all__ = ["acknowledge", "expire_claim", "release"]
