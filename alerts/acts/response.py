"""Sending somebody, and their arrival. Anyone in scope may, also on an incident another owns: who did it is recorded."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.acts.taking import incident_by_id, take, tell_families
from alerts.changes import record_incident
from alerts.model import Incident
from alerts.timeline import Act, tell
from alerts.transitions import next_state
from core.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Responder:
    """Who is sent: a user, or just a name ("the neighbour, Mr Li"); at least one of the two."""

    id: int | None = None
    name: str | None = None


def dispatch(session: Session, incident_id: int, by: By, responder: Responder, note: str | None = None) -> Incident:
    """Send a named responder; again replaces who was sent before, and the timeline keeps both."""
    if responder.id is None and not (responder.name or "").strip():
        raise InvalidInputError("responder_missing")
    incident = incident_by_id(session, incident_id)
    incident.state = next_state(Act.DISPATCHED, incident.state)
    take(session, incident, by)
    incident.responder_id = responder.id
    incident.responder_name = responder.name
    incident.dispatched_at = by.first(incident.dispatched_at)
    tell(
        session,
        incident,
        Act.DISPATCHED,
        by.now,
        actor=by.actor,
        done_at=by.done_at,
        responder=responder.id,
        name=responder.name,
        note=note,
    )
    tell_families(session, incident, Act.DISPATCHED, by)
    record_incident(session, incident, by.now)
    return incident


def on_scene(session: Session, incident_id: int, by: By) -> Incident:
    """The responder is at the door."""
    incident = incident_by_id(session, incident_id)
    incident.state = next_state(Act.ON_SCENE, incident.state)
    take(session, incident, by)
    incident.on_scene_at = by.first(incident.on_scene_at)
    tell(session, incident, Act.ON_SCENE, by.now, actor=by.actor, done_at=by.done_at)
    tell_families(session, incident, Act.ON_SCENE, by)
    record_incident(session, incident, by.now)
    return incident


__all__ = ["Responder", "dispatch", "on_scene"]
