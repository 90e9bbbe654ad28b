"""Whose session a token is, with what alarms add to their scope: a responder sees the homes they are being sent to."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Incident, IncidentState
from people.model import Role
from people.rights import Caller
from people.sign_in import find_caller


def load_caller(session: Session, session_hash: str, now: datetime) -> tuple[Caller, datetime] | None:
    """The caller of a session with the homes a responder is being sent to, and when the session ends."""
    found = find_caller(session, session_hash, now)
    if found is None or found[0].role is not Role.RESPONDER:
        return found
    caller, expires_at = found
    sent_to = sa.select(Incident.home_id).where(
        Incident.responder_id == caller.user_id, Incident.state != IncidentState.CLOSED, Incident.home_id.is_not(None)
    )
    return caller.sent_to(frozenset(home_id for home_id in session.scalars(sent_to) if home_id is not None)), expires_at
