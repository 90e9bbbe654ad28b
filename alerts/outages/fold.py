"""What one home's missing power or voice had opened becomes part of the outage of its area. Inside the caller's transaction.

Only alerts of power and silence move, and only out of fault incidents on which nobody is on the way; a danger to life stays
where it is. A fault incident left without an open alert is closed as a duplicate of the outage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.record import close_merged
from alerts.audience import of_alert
from alerts.changes import record_incident
from alerts.lanes import FAULT, OUTAGE_RULES
from alerts.model import Alert, AlertState, Incident, IncidentState, Severity
from alerts.presence import is_watched
from alerts.ringing import widen
from alerts.timeline import Act, tell
from core.config import Settings

_CHUNK = 400
_NOBODY_ON_THE_WAY = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)


def fold_homes(session: Session, outage: Incident, home_ids: Sequence[int], now: datetime, settings: Settings) -> int:
    """Move what belongs to the outage of an area into its incident; how many alerts moved."""
    moved = 0
    for start in range(0, len(home_ids), _CHUNK):
        of_homes = Incident.home_id.in_(home_ids[start : start + _CHUNK])
        query = sa.select(Incident).where(of_homes, Incident.lane == FAULT, Incident.state.in_(_NOBODY_ON_THE_WAY))
        incidents = session.scalars(query.order_by(Incident.id)).all()
        alerts: dict[int | None, list[Alert]] = defaultdict(list)
        still_open = sa.select(Alert).where(Alert.incident_id.in_([one.id for one in incidents]), Alert.closed_at.is_(None))
        for alert in session.scalars(still_open.order_by(Alert.id)):
            alerts[alert.incident_id].append(alert)
        for incident in incidents:
            going = [one for one in alerts[incident.id] if _goes(one)]
            if going:
                words = frozenset[str]().union(*(of_alert(one) for one in going))
                widen(session, outage, words, now, settings, watched=is_watched(session, now))
                _fold(session, outage, incident, going, now, whole=len(going) == len(alerts[incident.id]))
                moved += len(going)
    return moved


def _fold(session: Session, outage: Incident, incident: Incident, going: Sequence[Alert], now: datetime, *, whole: bool) -> None:  # noqa: PLR0913
    for alert in going:
        alert.incident_id = outage.id
    ids = [one.id for one in going]
    tell(session, incident, Act.MERGED, now, into=outage.id, into_number=outage.number, alerts=ids)
    if whole:
        close_merged(incident, outage, now)
    record_incident(session, incident, now)


def _goes(alert: Alert) -> bool:
    """What a centre calls critical keeps its own alarm, as what is on the shelf keeps its place."""
    plain = alert.state != AlertState.SHELVED and alert.severity != Severity.CRITICAL
    return alert.rule in OUTAGE_RULES and alert.condition_active and plain


__all__ = ["fold_homes"]
