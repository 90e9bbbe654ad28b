"""Making an incident: its number, its first line, its clocks, its place in the sequence of changes.

Numbers are what people say over the phone: they run from 1, and one is skipped only where an opening failed and was
undone. The probe's incidents count downwards from -1, so that a synthetic alarm every minute does not eat them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import hold_order, record_incident
from alerts.metrics import INCIDENTS_OPENED
from alerts.model import Incident
from alerts.timeline import Act, Actor, tell
from core.database import after_commit

_TAKEN = "alerts.numbers_taken"


def next_number(session: Session, *, probe: bool = False) -> int:
    """The next free number; the order lock, or SQLite's one writer, keeps two from taking it."""
    hold_order(session)
    taken: dict[bool, int] = session.info.setdefault(_TAKEN, {})
    if probe:
        lowest = taken[True] if True in taken else session.scalar(sa.select(sa.func.min(Incident.number))) or 0
        taken[True] = min(lowest, 0) - 1
    else:
        highest = taken[False] if False in taken else session.scalar(sa.select(sa.func.max(Incident.number))) or 0
        taken[False] = max(highest, 0) + 1
    return taken[probe]


def open_incident(session: Session, incident: Incident, now: datetime, *, actor: Actor | None = None, **details: Any) -> Incident:
    """Give a new incident its number, store it, tell it and announce it; its clocks are the caller's."""
    incident.number = next_number(session, probe=bool(incident.probe))
    incident.opened_at = now
    session.add(incident)
    session.flush()
    told = {"kind": incident.kind, "severity": incident.severity, **details}
    tell(session, incident, Act.OPENED, now, actor=actor, done_at=incident.happened_at, **told)
    record_incident(session, incident, now, opened=True)
    if not incident.probe:
        after_commit(session, INCIDENTS_OPENED.labels(incident.severity).inc)
    return incident


__all__ = ["next_number", "open_incident"]
