"""When an incident rings, and what its clocks do then. The clocks are columns; nothing waits in memory.

Ringing starts at opening and again after a release, an expired claim, a reopening, or when things get worse on an
incident somebody already took. A repeat never restarts a clock. Only a person's act stops them (`quiet`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from alerts.fallback import NOBODY_WATCHING, request_pages
from alerts.model import Incident, IncidentState, Severity
from core.config import Settings

RING_FACTORS: Mapping[str, float] = {
    Severity.CRITICAL: 1,
    Severity.HIGH: 1,
    Severity.MEDIUM: 4,
    # A flat battery must come back to the eye, not wake the centre every fifteen seconds.
    Severity.LOW: 240,
    Severity.INFO: 240,
}
"""Multiples of `ring_again_seconds` between two rings of an incident nobody took."""


def ring_interval(severity: str, settings: Settings) -> timedelta:
    """How long until an incident of this severity rings again."""
    return timedelta(seconds=settings.ring_again_seconds * RING_FACTORS[severity])


def start_ringing(session: Session, incident: Incident, now: datetime, settings: Settings, *, watched: bool) -> None:
    """Arm the clocks of an incident that rings from now on; page at once when it is critical and nobody watches."""
    incident.ring_due_at = now + ring_interval(incident.severity, settings)
    arm_fallback(session, incident, now, settings, watched=watched)


def arm_fallback(session: Session, incident: Incident, now: datetime, settings: Settings, *, watched: bool) -> None:
    """Give a critical incident its fallback clock, or page now when nobody watches; others have none."""
    incident.escalation_due_at = None
    if incident.severity != Severity.CRITICAL or incident.probe:
        return
    if watched:
        incident.escalation_due_at = now + timedelta(seconds=settings.fallback_after_seconds)
    else:
        request_pages(session, incident, NOBODY_WATCHING, now, settings)


def hurry(session: Session, incident: Incident, now: datetime, settings: Settings, *, watched: bool) -> None:
    """An open incident that got worse gets the clocks of its new severity, never later ones than it had."""
    ring_due_at, escalation_due_at = incident.ring_due_at, incident.escalation_due_at
    start_ringing(session, incident, now, settings, watched=watched)
    if ring_due_at is not None and incident.ring_due_at is not None:
        incident.ring_due_at = min(ring_due_at, incident.ring_due_at)
    if escalation_due_at is not None and incident.escalation_due_at is not None:
        incident.escalation_due_at = min(escalation_due_at, incident.escalation_due_at)


def calm(incident: Incident) -> None:
    """Its severity went down: what is no longer critical has no fallback clock. It goes on ringing until a person takes it."""
    if incident.severity != Severity.CRITICAL:
        incident.escalation_due_at = None


def ring_again(session: Session, incident: Incident, now: datetime, settings: Settings, *, watched: bool) -> None:
    """Ring once more with fresh clocks; whoever owns it still owns it."""
    incident.ring_count += 1
    start_ringing(session, incident, now, settings, watched=watched)


def quiet(incident: Incident) -> None:
    """Stop ringing and escalation: only a person's act may call this."""
    incident.ring_due_at = None
    incident.escalation_due_at = None
    incident.answer_due_at = None


def is_ringing(incident: Incident) -> bool:
    """Whether it asks for somebody now: nobody took it, or it got worse since."""
    return incident.state == IncidentState.OPEN or incident.ring_due_at is not None


__all__ = ["RING_FACTORS", "arm_fallback", "calm", "hurry", "is_ringing", "quiet", "ring_again", "ring_interval", "start_ringing"]
