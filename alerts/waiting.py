"""How many incidents of the operators are not closed, and how long the one that waits longest has waited, for `/metrics`.

Counted by every pager from the store, every few seconds, so that the figures are right after any restart; of several
pagers each shows the same, so whoever reads them takes the highest, never the sum.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from alerts.audience import for_operators
from alerts.metrics import INCIDENTS_NOT_CLOSED, LONGEST_WAIT_SECONDS
from alerts.model import Incident, IncidentState, Severity
from alerts.work import Desk

EVERY = timedelta(seconds=5)


class Waiting:
    """A chore of the pager."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._counted_at: datetime | None = None

    def tick(self) -> None:
        """Count, when the last count is old."""
        now = self._desk.clock.now()
        if self._counted_at is not None and timedelta(0) <= now - self._counted_at < EVERY:
            return
        practice = sa.or_(Incident.drill, Incident.test, Incident.probe)
        query = (
            sa.select(Incident.severity, Incident.state, sa.func.count(), sa.func.min(Incident.opened_at))
            .where(Incident.state != IncidentState.CLOSED, sa.not_(practice), for_operators())
            .group_by(Incident.severity, Incident.state)
        )
        with self._desk.database.snapshot() as session:
            rows = session.execute(query).all()
        counts = {(severity, state): count for severity, state, count, _ in rows}
        for severity in Severity:
            for state in IncidentState:
                if state != IncidentState.CLOSED:
                    INCIDENTS_NOT_CLOSED.labels(severity.value, state.value).set(counts.get((severity, state), 0))
        waits = [(now - since).total_seconds() for _, state, _, since in rows if state == IncidentState.OPEN]
        LONGEST_WAIT_SECONDS.set(max([0.0, *waits]))
        self._counted_at = now


__all__ = ["Waiting"]
