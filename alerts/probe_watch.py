"""Whether the probe arrives: a run that is due and was not marked is lost, and that is an incident of the system.

The alert returns by itself once a later probe arrives; its incident stays until a person closes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.metrics import PROBES
from alerts.model import Alert, ProbeRun, Severity
from alerts.system import RULE, clear_system, raise_system
from alerts.troubles import Trouble
from core.config import Settings

WHAT = Trouble.PROBE
KEEP = timedelta(days=7)


def needs_look(session: Session, now: datetime) -> bool:
    """Whether `watch_probe` has anything to do; only reads."""
    lost = session.scalar(sa.select(ProbeRun.id).where(ProbeRun.outcome == "sent", ProbeRun.due_at <= now).limit(1))
    return lost is not None or _is_back(session)


def watch_probe(session: Session, now: datetime, settings: Settings) -> int:
    """Mark what is lost and raise it, or say that it works again; how many runs were lost."""
    lost = session.scalars(sa.select(ProbeRun).where(ProbeRun.outcome == "sent", ProbeRun.due_at <= now)).all()
    for run in lost:
        run.outcome = "lost"
        PROBES.labels("lost").inc()
    if lost:
        raise_system(session, WHAT, Severity.CRITICAL, {"lost": len(lost), "sent_at": lost[-1].sent_at.isoformat()}, now, settings)
        session.execute(sa.delete(ProbeRun).where(ProbeRun.sent_at < now - KEEP))
    elif _is_back(session):
        clear_system(session, WHAT, now, settings)
    return len(lost)


def _is_back(session: Session) -> bool:
    """Whether a probe arrived after the last one that was lost."""
    open_alert = sa.select(Alert.last_signal_at).where(
        Alert.home_id.is_(None), Alert.rule == RULE, Alert.subject == WHAT, Alert.closed_at.is_(None), Alert.condition_active
    )
    since = session.scalar(open_alert)
    if since is None:
        return False
    arrived = sa.select(ProbeRun.id).where(ProbeRun.outcome == "arrived", ProbeRun.sent_at > since)
    return session.scalar(arrived.limit(1)) is not None


__all__ = ["KEEP", "WHAT", "needs_look", "watch_probe"]
