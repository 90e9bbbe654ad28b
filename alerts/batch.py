"""What one transaction of the engine knows: the open alerts and incidents of the homes it touches, read once.

A batch lives inside one savepoint. When that is rolled back the batch is thrown away with it, and the next one reads
what is really stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Condition, ConditionKey, EventKey, Finding
from alerts.model import Alert, Disposition, Incident, IncidentHome, IncidentState, Severity, SignalRecord
from alerts.modes.model import Suppressed
from alerts.modes.service import MOVEMENT
from alerts.modes.store import standing_modes
from alerts.modes.suppression import StandingMode
from alerts.presence import is_watched
from alerts.repeats import REDELIVERY_WINDOW, echo_window, stored_key
from core.config import Settings

T = TypeVar("T")

JOINABLE = frozenset({IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.DISPATCHED, IncidentState.ON_SCENE})
"""States in which an incident takes further alerts of its lane."""

FOLLOWS_WITHIN = timedelta(hours=24)
"""A closed incident of the same lane is named as the one before for this long; a resolved one always is."""

_CHUNK = 400


class Batch:
    """The rows a batch of findings is judged against, kept in step with what it writes."""

    def __init__(self, session: Session, settings: Settings, now: datetime) -> None:
        self.session = session
        self.settings = settings
        self.now = now
        self.alerts: dict[ConditionKey, Alert] = {}
        self._joinable: dict[tuple[int | None, str], Incident] = {}
        self._previous: dict[tuple[int | None, str], int] = {}
        self._priors: dict[tuple[int, str], SignalRecord] = {}
        self._echoes: dict[tuple[int, str], SignalRecord] = {}
        self._watched: bool | None = None
        self._standing: Mapping[int, Sequence[StandingMode]] = {}
        self._unnamed: list[tuple[Suppressed, SignalRecord]] = []
        self.suppressed: Suppressed | None = None
        """The row of the finding that was just suppressed, for its signal to be named in."""

    def load(self, findings: Sequence[Finding]) -> None:
        """Read what is open, and what came before, for every home and event named in `findings`."""
        deciding = [one for one in findings if one.condition is not Condition.NONE]
        homes = {one.home_id for one in deciding if one.home_id is not None}
        for chunk in _chunks(sorted(homes)):
            self._keep(Alert.home_id.in_(chunk), Incident.home_id.in_(chunk))
        moving = {one.home_id for one in findings if one.event is not None and one.event.type in MOVEMENT}
        self._standing = standing_modes(self.session, sorted(homes | {one for one in moving if one is not None}), self.now)
        if any(one.home_id is None for one in deciding):
            self._keep(Alert.home_id.is_(None), Incident.home_id.is_(None))
        events = [one.event or one.caused_by for one in findings]
        self._load_priors([one for one in events if one is not None])
        self._load_echoes(findings)

    def _keep(self, of_alerts: sa.ColumnElement[bool], of_incidents: sa.ColumnElement[bool]) -> None:
        for alert in self.session.scalars(sa.select(Alert).where(of_alerts, Alert.closed_at.is_(None))):
            self.alerts[alert.home_id, alert.rule, alert.subject] = alert
        for incident in self.session.scalars(sa.select(Incident).where(of_incidents, Incident.state.in_(JOINABLE))):
            self.keep(incident)
        lately = sa.or_(Incident.state == IncidentState.RESOLVED, Incident.closed_at > self.now - FOLLOWS_WITHIN)
        over = sa.select(Incident.id, Incident.home_id, Incident.lane).where(of_incidents, lately, ~Incident.probe)
        for row in self.session.execute(over.order_by(Incident.id)):
            self._previous[row.home_id, row.lane] = row.id

    def _load_priors(self, events: Sequence[EventKey]) -> None:
        """The latest arrival of each key. Without an own id the same words come all day: only the latest window counts."""
        own = sorted({(one.device_id, stored_key(one.event_key)) for one in events if one.has_own_id})
        words = sorted({(one.device_id, stored_key(one.event_key)) for one in events if not one.has_own_id and not one.retained})
        kept = sorted({(one.device_id, stored_key(one.event_key)) for one in events if not one.has_own_id and one.retained})
        since = min((one.received_at for one in events), default=self.now) - REDELIVERY_WINDOW
        for pairs, lately in ((own, sa.true()), (words, SignalRecord.received_at >= since)):
            for chunk in _chunks(pairs):
                query = self._priors_of(sa.tuple_(SignalRecord.device_id, SignalRecord.event_key).in_(chunk), lately)
                for row in self.session.scalars(query.order_by(SignalRecord.received_at, SignalRecord.id)):
                    self._priors[row.device_id, row.event_key] = row
        for device_id, key in kept:
            query = self._priors_of(SignalRecord.device_id == device_id, SignalRecord.event_key == key)
            latest = self.session.scalar(query.order_by(SignalRecord.received_at.desc(), SignalRecord.id.desc()).limit(1))
            if latest is not None:
                self._priors[device_id, key] = latest

    def _load_echoes(self, findings: Sequence[Finding]) -> None:
        """The latest signal of the same type, for events that may be told twice in different words."""
        for finding in findings:
            event = finding.event
            window = None if event is None else echo_window(event)
            if event is None or window is None:
                continue
            query = self._priors_of(
                SignalRecord.home_id == finding.home_id,
                SignalRecord.received_at >= event.received_at - window,
                SignalRecord.device_id == event.device_id,
                SignalRecord.type == event.type,
            )
            row = self.session.scalar(query.order_by(SignalRecord.received_at.desc(), SignalRecord.id.desc()).limit(1))
            if row is not None:
                self._echoes[event.device_id, event.type] = row

    @staticmethod
    def _priors_of(*conditions: sa.ColumnElement[bool]) -> sa.Select[SignalRecord]:
        return sa.select(SignalRecord).where(*conditions, SignalRecord.disposition != Disposition.STALE_RETAINED)

    def keep(self, incident: Incident) -> None:
        """Remember a joinable incident."""
        self._joinable[incident.home_id, incident.lane] = incident

    def standing(self, home_id: int | None) -> Sequence[StandingMode]:
        """The modes that stand at a home."""
        return self._standing.get(home_id, ()) if home_id is not None else ()

    def outage_of(self, home_id: int | None) -> Incident | None:
        """The open incident of an area that this home's power and silence belong to, or None."""
        if home_id is None:
            return None
        query = (
            sa.select(Incident)
            .join(IncidentHome, IncidentHome.incident_id == Incident.id)
            .where(IncidentHome.home_id == home_id, IncidentHome.restored_at.is_(None), Incident.state.in_(JOINABLE))
        )
        return self.session.scalar(query.order_by(Incident.id.desc()).limit(1))

    def joinable(self, home_id: int | None, lane: str) -> Incident | None:
        """The incident an alert of this lane joins, or None."""
        return self._joinable.get((home_id, lane))

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
        return self._priors.get((event.device_id, stored_key(event.event_key)))

    def echo(self, event: EventKey) -> SignalRecord | None:
        """The same happening told in other words a moment ago, or None."""
        window = echo_window(event)
        row = self._echoes.get((event.device_id, event.type))
        return row if row is not None and window is not None and event.received_at - row.received_at <= window else None

    def remember(self, record: SignalRecord, suppressed: Suppressed | None = None) -> None:
        """A signal was stored: its repeats later in this batch find it, and the row of what was suppressed names it."""
        if suppressed is not None and suppressed.signal_id is None:
            self._unnamed.append((suppressed, record))
        if record.disposition != Disposition.STALE_RETAINED:
            self._priors[record.device_id, record.event_key] = record
            self._echoes[record.device_id, record.type] = record

    def name_signals(self) -> None:
        """Name the signals behind what was suppressed; call it once they have their ids."""
        for suppressed, record in self._unnamed:
            suppressed.signal_id = record.id
        self._unnamed.clear()

    def previous_id(self, home_id: int | None, lane: str) -> int | None:
        """The resolved, or lately closed, incident of the same lane that a new one follows."""
        return self._previous.get((home_id, lane))

    def worst_severity(self, incident: Incident) -> Severity | None:
        """The worst severity among the open alerts of an incident."""
        open_alerts = (one for one in self.alerts.values() if one.incident_id == incident.id)
        return min((Severity(one.severity) for one in open_alerts), key=lambda one: one.rank, default=None)


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


__all__ = ["FOLLOWS_WITHIN", "JOINABLE", "Batch"]
