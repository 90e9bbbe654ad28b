"""What becomes of a finding that raises: a new incident, a place in an open one, or one more count of an open alert.

Inside the engine's transaction; every path writes the alert, the incident's line, clocks and change together, so that a
death in between leaves none of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from alerts.batch import FOLLOWS_WITHIN, JOINABLE, Batch
from alerts.changes import record_incident
from alerts.findings import Condition, Finding
from alerts.lanes import DOCTOR_CALL
from alerts.model import Alert, AlertState, Disposition, Incident, IncidentState, Severity, SignalRecord
from alerts.opening import open_incident
from alerts.repeats import REDELIVERY_WINDOW, came_before
from alerts.ringing import hurry, ring_again, start_ringing
from alerts.timeline import Act, tell

Result = tuple[Disposition, Alert | None, Incident | None]


def raise_alert(batch: Batch, finding: Finding) -> Result:
    """Open, join or repeat."""
    alert = batch.alerts.get(finding.key)
    if alert is not None and alert.state == AlertState.SHELVED:
        if not _is_worse(finding.severity, alert.severity):
            return _count_shelved(batch, alert, finding)
        _finish(batch, alert)
        alert = None
    if alert is not None:
        incident = batch.incident_of(alert)
        if _is_late(finding, alert):
            return Disposition.SUPERSEDED, alert, incident
        if incident is not None and _takes_repeats(incident, alert, finding):
            return _repeat(batch, alert, incident, finding)
        _finish(batch, alert)
    elif finding.event is not None and finding.event.redelivered and finding.condition is Condition.ON:
        closed = _episode_that_is_over(batch, finding)
        if closed is not None:
            return Disposition.SUPERSEDED, closed, batch.incident_of(closed)
    return _open_or_join(batch, finding)


def _is_worse(severity: str, than: str) -> bool:
    return Severity(severity).rank < Severity(than).rank


def _is_late(finding: Finding, alert: Alert) -> bool:
    """A redelivered `on` that says nothing new: it is on already, or its `off` was worked on first."""
    event = finding.event
    if event is None or not event.redelivered or finding.condition is not Condition.ON:
        return False
    if alert.condition_active:
        return not _is_worse(finding.severity, alert.severity)
    return alert.returned_at is not None and came_before(event, alert.returned_at)


def _episode_that_is_over(batch: Batch, finding: Finding) -> Alert | None:
    """The closed alert of the same key that a late `on` belongs to, or None."""
    query = (
        sa.select(Alert)
        .where(Alert.home_id == finding.home_id, Alert.rule == finding.rule, Alert.subject == finding.subject)
        .where(Alert.closed_at > batch.now - FOLLOWS_WITHIN)
        .order_by(Alert.id.desc())
        .limit(1)
    )
    alert = batch.session.scalar(query)
    if alert is None or alert.closed_at is None or finding.event is None:
        return None
    return alert if came_before(finding.event, alert.closed_at) else None


def _takes_repeats(incident: Incident, alert: Alert, finding: Finding) -> bool:
    """An open incident does; a resolved one only what says that its condition is still there."""
    if incident.state in JOINABLE:
        return True
    still_there = alert.condition_active and finding.condition is Condition.ON
    return incident.state == IncidentState.RESOLVED and still_there and not _is_worse(finding.severity, alert.severity)


def _finish(batch: Batch, alert: Alert) -> None:
    """Close an alert whose incident is over, so that the new happening opens anew."""
    alert.state = AlertState.NORMAL
    alert.condition_active = False
    alert.shelved_due_at = None
    alert.closed_at = batch.now
    batch.session.flush()
    batch.forget(alert)


def _count_shelved(batch: Batch, alert: Alert, finding: Finding) -> Result:
    alert.count += 1
    alert.last_signal_at = batch.now
    alert.condition_active = finding.condition is Condition.ON
    return Disposition.SHELVED, alert, batch.incident_of(alert)


def _repeat(batch: Batch, alert: Alert, incident: Incident, finding: Finding) -> Result:
    now = batch.now
    anew = finding.condition is Condition.MOMENTARY or not alert.condition_active
    worse = _is_worse(finding.severity, alert.severity)
    alert.count += 1
    alert.last_signal_at = now
    alert.condition_active = finding.condition is Condition.ON
    alert.returned_at = None
    if worse:
        alert.severity = finding.severity
    if alert.cancelled:
        alert.cancelled = False
        _begin_pending(batch, alert, finding)
    if incident.state not in JOINABLE:
        record_incident(batch.session, incident, now)
        return Disposition.REPEATED, alert, incident
    if worse or (anew and (finding.severity == Severity.CRITICAL or alert.state != AlertState.ACKNOWLEDGED)):
        alert.state = AlertState.UNACKNOWLEDGED
    if worse or anew:
        act = Act.ALERT_RAISED if worse else Act.ALERT_REPEATED
        tell(batch.session, incident, act, now, alert=alert.id, severity=alert.severity, count=alert.count, **_what(finding))
    _worsen(batch, incident, finding, anew=anew)
    record_incident(batch.session, incident, now)
    return (Disposition.RAISED if worse else Disposition.REPEATED), alert, incident


def _worsen(batch: Batch, incident: Incident, finding: Finding, *, anew: bool) -> None:
    """Raise the incident to the finding's severity; ring again where somebody already took it and it got worse.

    A person who calls the doctor again is waiting again, so that rings too.
    """
    worse = _is_worse(finding.severity, incident.severity)
    if worse:
        incident.severity = finding.severity
        incident.kind = finding.kind
    if incident.state == IncidentState.OPEN:
        if worse:
            hurry(batch.session, incident, batch.now, batch.settings, watched=batch.watched)
    elif worse or (anew and (finding.severity == Severity.CRITICAL or finding.kind == DOCTOR_CALL)):
        if finding.kind == DOCTOR_CALL:
            incident.answer_due_at = batch.now + timedelta(seconds=batch.settings.doctor_call_answer_seconds)
        ring_again(batch.session, incident, batch.now, batch.settings, watched=batch.watched)


def _open_or_join(batch: Batch, finding: Finding) -> Result:
    incident = batch.joinable(finding)
    if incident is None:
        incident = _open(batch, finding)
        alert = _new_alert(batch, finding, incident)
        return Disposition.OPENED, alert, incident
    alert = _new_alert(batch, finding, incident)
    incident.not_live = incident.not_live and finding.not_live
    tell(
        batch.session,
        incident,
        Act.ALERT_JOINED,
        batch.now,
        alert=alert.id,
        kind=finding.kind,
        severity=finding.severity,
        **_what(finding),
    )
    _worsen(batch, incident, finding, anew=True)
    record_incident(batch.session, incident, batch.now)
    return Disposition.JOINED, alert, incident


def _open(batch: Batch, finding: Finding) -> Incident:
    incident = Incident(
        kind=finding.kind,
        home_id=finding.home_id,
        resident_id=finding.resident_id,
        lane=finding.lane,
        severity=finding.severity,
        state=IncidentState.OPEN,
        not_live=finding.not_live,
        ring_count=1,
        previous_id=batch.previous_id(finding),
    )
    open_incident(batch.session, incident, batch.now, **_what(finding))
    if finding.kind == DOCTOR_CALL:
        incident.answer_due_at = batch.now + timedelta(seconds=batch.settings.doctor_call_answer_seconds)
    start_ringing(batch.session, incident, batch.now, batch.settings, watched=batch.watched)
    batch.keep(incident)
    return incident


def _new_alert(batch: Batch, finding: Finding, incident: Incident) -> Alert:
    event = finding.event
    active = finding.condition is Condition.ON and not _is_already_over(batch, finding)
    returned = finding.condition is Condition.ON and not active
    alert = Alert(
        incident_id=incident.id,
        home_id=finding.home_id,
        device_id=finding.device_id,
        resident_id=finding.resident_id,
        rule=finding.rule,
        subject=finding.subject,
        kind=finding.kind,
        severity=finding.severity,
        state=AlertState.RETURN_UNACKNOWLEDGED if returned else AlertState.UNACKNOWLEDGED,
        condition_active=active,
        raised_at=batch.now,
        happened_at=batch.now if event is None else event.happened_at,
        last_signal_at=batch.now,
        returned_at=batch.now if returned else None,
        count=1,
        cancelled=False,
        pending=False,
        evidence=dict(finding.evidence),
    )
    _begin_pending(batch, alert, finding)
    batch.session.add(alert)
    batch.session.flush()
    batch.alerts[finding.key] = alert
    return alert


def _begin_pending(batch: Batch, alert: Alert, finding: Finding) -> None:
    """A fall with a wearer's cancel window rings at once and is confirmed later, unless cancelled."""
    if finding.cancel_window_seconds is not None:
        alert.pending = True
        alert.pending_due_at = batch.now + timedelta(seconds=batch.settings.fall_confirm_seconds)


def _is_already_over(batch: Batch, finding: Finding) -> bool:
    """Whether the `off` of a redelivered `on` overtook it and was worked on first."""
    event = finding.event
    if event is None or not event.redelivered or not event.type.endswith(".on"):
        return False
    query = (
        sa.select(SignalRecord.device_at, SignalRecord.received_at)
        .where(
            SignalRecord.device_id == event.device_id,
            SignalRecord.home_id == finding.home_id,
            SignalRecord.received_at > event.received_at - REDELIVERY_WINDOW,
            SignalRecord.type == f"{event.type.removesuffix('.on')}.off",
        )
        .order_by(SignalRecord.received_at.desc())
        .limit(1)
    )
    row = batch.session.execute(query).one_or_none()
    return row is not None and came_before(event, row.device_at or row.received_at)


def _what(finding: Finding) -> dict[str, Any]:
    event = finding.event
    return {"subject": finding.subject} | ({} if event is None else {"signal": event.type})


__all__ = ["Result", "raise_alert"]
