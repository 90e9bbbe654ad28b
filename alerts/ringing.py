"""When an incident rings, and what its clocks do then. The clocks are columns; nothing waits in memory.

Ringing starts at opening and again after a release, an expired claim, a reopening, or when things get worse on an
incident somebody already took. One that is not for the operators has no clocks at all. A repeat never restarts a clock.
Only a person's act stops them (`quiet`). Who is paged meanwhile is the policy's matter (`alerts.escalation`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from alerts.audience import FAMILY, add_audience, is_for_operators, of_incident
from alerts.escalation.family import tell_opened
from alerts.escalation.rounds import arm, disarm, is_ringing, read_policy
from alerts.model import Incident, Severity
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
    """Arm the clocks of an incident that rings from now on, and tell the family; page at once when nobody watches."""
    if incident.test:
        return  # shown and marked: somebody stands beside the device
    if is_for_operators(incident):
        incident.ring_due_at = now + ring_interval(incident.severity, settings)
        arm(session, incident, now, settings, watched=watched)
    if ":split:" not in incident.lane:  # its family was told of it before it was split off
        tell_opened(session, incident, now, settings)


def hurry(session: Session, incident: Incident, now: datetime, settings: Settings, *, watched: bool) -> None:
    """An open incident that got worse gets the clocks of its new severity, never later ones than it had."""
    ring_due_at = incident.ring_due_at
    start_ringing(session, incident, now, settings, watched=watched)
    if ring_due_at is not None and incident.ring_due_at is not None:
        incident.ring_due_at = min(ring_due_at, incident.ring_due_at)


def calm(incident: Incident) -> None:
    """Its severity went down: it is paged as its new severity is, from its next step on. It goes on ringing as before.

    A policy that does not cover the new severity ends with this; what is milder gets no clock it did not have.
    """
    frozen = read_policy(incident)
    if frozen is None or not frozen.covers(incident.severity):
        disarm(incident)


def widen(  # noqa: PLR0913 the rows, for whom, and what ringing needs
    session: Session, incident: Incident, words: Collection[str], now: datetime, settings: Settings, *, watched: bool
) -> bool:
    """Make an incident for these people too. One that comes to the operators by it rings from now on; whether it did.

    A family that is meant from now on is told from now on.
    """
    had = of_incident(incident)
    comes = add_audience(incident, words)
    if incident.test:
        return False
    if comes:
        ring_again(session, incident, now, settings, watched=watched)
    elif FAMILY in words and FAMILY not in had:
        tell_opened(session, incident, now, settings)
    return comes


def ring_again(session: Session, incident: Incident, now: datetime, settings: Settings, *, watched: bool) -> None:
    """Ring once more; whoever owns it still owns it. Clocks that run already are never put off."""
    incident.ring_count += 1
    hurry(session, incident, now, settings, watched=watched)


def quiet(incident: Incident) -> None:
    """Stop ringing and escalation: only a person's act may call this."""
    incident.ring_due_at = None
    incident.escalation_due_at = None
    incident.answer_due_at = None


__all__ = ["RING_FACTORS", "calm", "hurry", "is_ringing", "quiet", "ring_again", "ring_interval", "start_ringing", "widen"]
