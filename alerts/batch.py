"""What one transaction of the engine knows: the open alerts and incidents of the homes it touches, read once.

A batch lives inside one savepoint. When that is rolled back the batch is thrown away with it, and the next one reads
what is really stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Condition, ConditionKey, EventKey, Finding
from alerts.model import Alert, Disposition, Incident, IncidentState, Severity, SignalRecord
from alerts.presence import is_watched
from alerts.repeats import stored_key
from core.config import Settings

T = TypeVar("T")

JOINABLE = frozenset({IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.DISPATCHED, IncidentState.ON_SCENE})
"""States in which an incident takes further alerts of its lane."""

_CHUNK = 400


class Batch:
    """The rows a batch of findings is judged against, kept in step with what it writes."""

    def __init__(self, session: Session, settings: Settings, now: datetime) -> None:
        self.session = session
        self.settings = settings
        self.now = now
        self.alerts: dict[ConditionKey, Alert] = {}
        self._joinable: dict[tuple[int | None, str], Incident] = {}
        self._watched: bool | None = None

    def load(self, findings: Sequence[Finding]) -> None:
        """Read the open alerts and joinable incidents of every home named in `findings`."""
        deciding = [one for one in findings if one.condition is not Condition.NONE]
        homes = {one.home_id for one in deciding if one.home_id is not None}
        for chunk in _chunks(sorted(homes)):
            self._keep(Alert.home_id.in_(chunk), Incident.home_id.in_(chunk))
        if any(one.home_id is None for one in deciding):
            self._keep(Alert.home_id.is_(None), Incident.home_id.is_(None))

    def _keep(self, of_alerts: sa.ColumnElement[bool], of_incidents: sa.ColumnElement[bool]) -> None:
        for alert in self.session.scalars(sa.select(Alert).where(of_alerts, Alert.closed_at.is_(None))):
            self.alerts[alert.home_id, alert.rule, alert.subject] = alert
        for incident in self.session.scalars(sa.select(Incident).where(of_incidents, Incident.state.in_(JOINABLE))):
            self.keep(incident)

    def keep(self, incident: Incident) -> None:
        """Remember a joinable incident."""
        self._joinable[incident.home_id, incident.lane] = incident

    def joinable(self, finding: Finding) -> Incident | None:
        """The incident an alert of this finding joins, or None."""
        return self._joinable.get((finding.home_id, finding.lane))

    def incident_of(self, alert: Alert) -> Incident | None:
        """The incident an alert belongs to, whatever its state."""
        return None if alert.incident_id is None else self.session.get(Incident, alert.incident_id)

    def forget(self, alert: Alert) -> None:
        """An alert was closed: its key is free."""
        self.alerts.pop((alert.home_id, alert.rule, alert.subject), None)

    @property
    def watched(self) -> bool:
        """Whether an operator has the live stream open."""
        if self._watched is None:
            self._watched = is_watched(self.session, self.now)
        return self._watched

    def prior(self, event: EventKey) -> SignalRecord | None:
        """The latest arrival of this key from this device that was not old news."""
        query = (
            sa.select(SignalRecord)
            .where(
                SignalRecord.device_id == event.device_id,
                SignalRecord.event_key == stored_key(event.event_key),
                SignalRecord.disposition != Disposition.STALE_RETAINED,
            )
            .order_by(SignalRecord.received_at.desc(), SignalRecord.id.desc())
            .limit(1)
        )
        return self.session.scalar(query)

    def worst_severity(self, incident: Incident) -> Severity | None:
        """The worst severity among the open alerts of an incident."""
        open_alerts = (one for one in self.alerts.values() if one.incident_id == incident.id)
        return min((Severity(one.severity) for one in open_alerts), key=lambda one: one.rank, default=None)


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


__all__ = ["JOINABLE", "Batch"]
