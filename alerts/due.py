"""What happens when a clock of an incident or alert runs out: one function each, inside a small transaction of its own.

Every function looks again whether it is still due: between the look and the lock a person may have acted. A pager that
was away does late what was due, once, and goes on from now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from alerts.acts.claim import expire_claim
from alerts.batch import JOINABLE
from alerts.changes import record_incident
from alerts.escalation.steps import escalate
from alerts.mode_ends import ask_whether_back, end_stay
from alerts.model import Alert, Incident, IncidentState, Severity
from alerts.modes.model import Mode
from alerts.presence import is_watched
from alerts.ringing import ring_again, ring_interval
from alerts.shelving import end_shelf
from alerts.timeline import Act, tell
from core.config import Settings

_TELL_EVERY = 20
"""Of the rings nobody answers the first four are told and then one in so many; the count tells the rest."""
_TELL_FIRST = 4


def answer_overdue(session: Session, incident: Incident, now: datetime, settings: Settings) -> None:
    """Nobody answered the call: it becomes the centre's most urgent matter, and rings."""
    incident.answer_due_at = None
    if incident.state not in JOINABLE:
        return
    incident.severity = Severity.CRITICAL
    tell(session, incident, Act.ANSWER_OVERDUE, now)
    ring_again(session, incident, now, settings, watched=is_watched(session, now))
    record_incident(session, incident, now)


def release_claim(session: Session, incident: Incident, now: datetime, settings: Settings) -> None:
    """The owner did nothing more in time."""
    incident.claim_due_at = None
    if incident.state == IncidentState.ACKNOWLEDGED:
        expire_claim(session, incident, now, settings)


def ring(session: Session, incident: Incident, now: datetime, settings: Settings) -> None:
    """Nobody took it: ring again. The clock of its policy runs on by itself."""
    if incident.state not in JOINABLE:
        incident.ring_due_at = None
        return
    incident.ring_count += 1
    incident.ring_due_at = now + ring_interval(incident.severity, settings)
    if incident.ring_count <= _TELL_FIRST or incident.ring_count % _TELL_EVERY == 0:
        tell(session, incident, Act.RANG_AGAIN, now, ring=incident.ring_count)
    record_incident(session, incident, now)


def confirm_fall(session: Session, alert: Alert, now: datetime, _settings: Settings) -> None:
    """The wearer did not cancel in time: the fall stands."""
    alert.pending = False
    alert.pending_due_at = None
    incident = None if alert.incident_id is None else session.get(Incident, alert.incident_id)
    if alert.closed_at is not None or incident is None or incident.state not in JOINABLE:
        return
    tell(session, incident, Act.FALL_CONFIRMED, now, alert=alert.id, severity=alert.severity)
    record_incident(session, incident, now)


@dataclass(frozen=True, slots=True)
class Clock:
    """One kind of due work: its column, and what to do when it has come."""

    name: str
    of: type[Incident | Alert | Mode]
    column: InstrumentedAttribute[datetime | None]
    work: (
        Callable[[Session, Incident, datetime, Settings], None]
        | Callable[[Session, Alert, datetime, Settings], None]
        | Callable[[Session, Mode, datetime, Settings], None]
    )
    order: Sequence[sa.ColumnElement[Any]] = ()
    """What comes before the due time when many are due at once."""


_WORST_FIRST = sa.case({str(severity): severity.rank for severity in Severity}, value=Incident.severity, else_=len(Severity))


CLOCKS: Sequence[Clock] = (
    Clock("escalation", Incident, Incident.escalation_due_at, escalate, (_WORST_FIRST,)),
    Clock("answer", Incident, Incident.answer_due_at, answer_overdue),
    Clock("fall", Alert, Alert.pending_due_at, confirm_fall),
    Clock("claim", Incident, Incident.claim_due_at, release_claim),
    Clock("shelf", Alert, Alert.shelved_due_at, end_shelf),
    Clock("mode", Mode, Mode.end_due_at, end_stay),
    Clock("mode_question", Mode, Mode.question_due_at, ask_whether_back),
    Clock("ring", Incident, Incident.ring_due_at, ring),
)
"""All clocks, the most urgent first."""


__all__ = ["CLOCKS", "Clock"]
