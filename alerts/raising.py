"""What becomes of a finding that raises: a new incident, a place in an open one, or one more count of an open alert.

Inside the engine's transaction; every path writes the alert, the incident's line, clocks and change together, so that a
death in between leaves none of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerts.audience import audience_of, of_alert, write_audience
from alerts.batch import FOLLOWS_WITHIN, JOINABLE, Batch
from alerts.chain import Effect, keep_links
from alerts.changes import record_incident
from alerts.findings import Condition, Finding
from alerts.lanes import DOCTOR_CALL, FAULT, OUTAGE_RULES, lane_of_drill, lane_of_test
from alerts.model import Alert, AlertState, Disposition, Incident, IncidentState, Severity, SignalRecord
from alerts.modes.model import ModeKind, SuppressedBecause
from alerts.modes.store import end_suppressed, note_suppressed
from alerts.opening import open_incident
from alerts.repeats import REDELIVERY_WINDOW, came_before
from alerts.ringing import hurry, ring_again, start_ringing, widen
from alerts.timeline import Act, tell

Result = tuple[Disposition, Alert | None, Incident | None]

MUTED = frozenset({AlertState.SUPPRESSED, AlertState.OUT_OF_SERVICE})
"""States of an alert that a mode keeps out of sight."""


def raise_alert(batch: Batch, finding: Finding, mark: ModeKind | None = None) -> Result:
    """Open, join or repeat; what a test or a drill makes is marked so, and never takes what is real."""
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
        if incident is not None and _takes_repeats(incident, alert, finding) and not _is_only_practice(incident, mark):
            return _repeat(batch, alert, incident, finding)
        _finish(batch, alert)
    elif finding.event is not None and finding.event.redelivered and finding.condition is Condition.ON:
        closed = _episode_that_is_over(batch, finding)
        if closed is not None:
            return Disposition.SUPERSEDED, closed, batch.incident_of(closed)
    return _open_or_join(batch, finding, mark)


def _is_only_practice(incident: Incident, mark: ModeKind | None) -> bool:
    """Whether an alert stands in a test's or a drill's incident, and what is said now is not of it: that must be seen."""
    return (incident.test and mark is not ModeKind.TEST) or (incident.drill and mark is None)


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
    alert.pending = False
    alert.pending_due_at = None
    alert.closed_at = batch.now
    batch.session.flush()
    batch.forget(alert)
    end_suppressed(batch.session, alert.home_id, alert.rule, alert.subject, batch.now)


def _count_shelved(batch: Batch, alert: Alert, finding: Finding) -> Result:
    alert.count += 1
    alert.last_signal_at = batch.now
    keep_condition(alert, finding, batch.now)
    batch.suppressed = note_suppressed(batch.session, finding, SuppressedBecause.SHELVED, batch.now, None, alert.id)
    return Disposition.SHELVED, alert, batch.incident_of(alert)


def _is_still_so(alert: Alert, finding: Finding) -> bool:
    """Whether an alert's condition holds after a finding: what a rule of another kind adds to it does not end it."""
    return finding.condition is Condition.ON or (alert.condition_active and finding.rule_kind != alert.rule_kind)


def keep_condition(alert: Alert, finding: Finding, now: datetime) -> None:
    """A finding came to an open alert: whether its condition holds, and since when, where it had been over."""
    is_so = _is_still_so(alert, finding)
    if is_so and not alert.condition_active:
        alert.active_since_at = now
    alert.condition_active = is_so


def _repeat(batch: Batch, alert: Alert, incident: Incident, finding: Finding) -> Result:
    now = batch.now
    anew = finding.condition is Condition.MOMENTARY or not alert.condition_active or alert.state in MUTED
    worse = _is_worse(finding.severity, alert.severity)
    alert.count += 1
    alert.last_signal_at = now
    keep_condition(alert, finding, batch.now)
    alert.returned_at = None
    if worse:
        alert.severity = finding.severity
    if alert.cancelled:
        alert.cancelled = False
        _begin_pending(batch, alert, finding)
    keep_links(batch.session, alert, finding, Effect.WORSENED if worse else Effect.REPEATED, now)
    if incident.state not in JOINABLE:
        record_incident(batch.session, incident, now)
        return Disposition.REPEATED, alert, incident
    if worse or (anew and (finding.severity == Severity.CRITICAL or alert.state != AlertState.ACKNOWLEDGED)):
        alert.state = AlertState.UNACKNOWLEDGED
    if (worse or anew) and not is_one_of_many(incident, alert):
        act = Act.ALERT_RAISED if worse else Act.ALERT_REPEATED
        tell(batch.session, incident, act, now, alert=alert.id, severity=alert.severity, count=alert.count, **_what(finding))
    _make_for(batch, incident, finding)
    _worsen(batch, incident, finding, anew=anew)
    record_incident(batch.session, incident, now)
    return (Disposition.RAISED if worse else Disposition.REPEATED), alert, incident


def _make_for(batch: Batch, incident: Incident, finding: Finding) -> None:
    """Whoever the finding is for, the incident is for; the alert that stands says so too."""
    words = audience_of(finding.audience, finding.severity, finding.kind)
    alert = batch.alerts.get(finding.key)
    if alert is not None and not words <= of_alert(alert):
        alert.audience = sorted(of_alert(alert) | words)
    widen(batch.session, incident, words, batch.now, batch.settings, watched=batch.watched)


def _worsen(batch: Batch, incident: Incident, finding: Finding, *, anew: bool) -> None:
    """Raise the incident to the finding's severity; ring again where somebody already took it and it got worse.

    A person who calls the doctor again is waiting again, so that rings too.
    """
    worse = _is_worse(finding.severity, incident.severity)
    if incident.area_id is not None and finding.home_id is not None:
        return  # one home of many; the area's own alert says how bad it is
    if worse:
        incident.severity = finding.severity
        incident.kind = finding.kind
    if incident.test:
        return  # shown and marked; it rings nobody again
    if incident.state == IncidentState.OPEN:
        if worse:
            hurry(batch.session, incident, batch.now, batch.settings, watched=batch.watched)
    elif worse or (anew and (finding.severity == Severity.CRITICAL or finding.kind == DOCTOR_CALL)):
        if finding.kind == DOCTOR_CALL:
            incident.answer_due_at = batch.now + timedelta(seconds=batch.settings.doctor_call_answer_seconds)
        ring_again(batch.session, incident, batch.now, batch.settings, watched=batch.watched)


def is_one_of_many(incident: Incident, alert: Alert) -> bool:
    """Whether it is one home's alert in the incident of an area, whose story is told in sums."""
    return incident.area_id is not None and alert.home_id is not None


def _open_or_join(batch: Batch, finding: Finding, mark: ModeKind | None) -> Result:
    folds = mark is None and finding.rule in OUTAGE_RULES and finding.lane == FAULT and finding.severity != Severity.CRITICAL
    outage = batch.outage_of(finding.home_id) if folds else None
    if outage is not None:
        return _fold(batch, finding, outage)
    lane = _lane(batch, finding, mark)
    incident = batch.joinable(finding.home_id, lane)
    if incident is None:
        incident = _open(batch, finding, lane, mark)
        alert = _new_alert(batch, finding, incident)
        return Disposition.OPENED, alert, incident
    alert = _new_alert(batch, finding, incident)
    incident.not_live = incident.not_live and finding.not_live
    _make_for(batch, incident, finding)
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


def _fold(batch: Batch, finding: Finding, outage: Incident) -> Result:
    """A home without power or voice whose area is without: part of that incident, and no alarm of its own."""
    alert = _new_alert(batch, finding, outage)
    _make_for(batch, outage, finding)
    batch.suppressed = note_suppressed(batch.session, finding, SuppressedBecause.OUTAGE, batch.now, None, alert.id)
    record_incident(batch.session, outage, batch.now)
    return Disposition.JOINED, alert, outage


def _lane(batch: Batch, finding: Finding, mark: ModeKind | None) -> str:
    """Practice has lanes of its own, so that nothing real hides in it; an open real incident keeps what is of its lane."""
    if mark is ModeKind.TEST:
        return lane_of_test(finding.device_id)
    if mark is ModeKind.DRILL and batch.joinable(finding.home_id, finding.lane) is None:
        return lane_of_drill(finding.lane)
    return finding.lane


def _open(batch: Batch, finding: Finding, lane: str, mark: ModeKind | None) -> Incident:
    incident = Incident(
        kind=finding.kind,
        home_id=finding.home_id,
        area_id=finding.area_id,
        resident_id=finding.resident_id,
        lane=lane,
        severity=finding.severity,
        audience=write_audience(audience_of(finding.audience, finding.severity, finding.kind)),
        state=IncidentState.OPEN,
        drill=mark is ModeKind.DRILL,
        test=mark is ModeKind.TEST,
        not_live=finding.not_live,
        ring_count=1,
        previous_id=batch.previous_id(finding.home_id, lane),
    )
    open_incident(batch.session, incident, batch.now, **_what(finding))
    batch.keep(incident)
    if incident.test:
        return incident  # shown and marked: somebody stands beside the device
    if finding.kind == DOCTOR_CALL:
        incident.answer_due_at = batch.now + timedelta(seconds=batch.settings.doctor_call_answer_seconds)
    start_ringing(batch.session, incident, batch.now, batch.settings, watched=batch.watched)
    return incident


def _new_alert(batch: Batch, finding: Finding, incident: Incident) -> Alert:
    event = finding.event
    behind = event or finding.caused_by
    active = finding.condition is Condition.ON and not _is_already_over(batch, finding)
    returned = finding.condition is Condition.ON and not active
    alert = Alert(
        incident_id=incident.id,
        home_id=finding.home_id,
        device_id=finding.device_id,
        resident_id=finding.resident_id,
        rule=finding.rule,
        rule_kind=finding.rule_kind,
        rule_version=finding.rule_version,
        lane=finding.lane,
        subject=finding.subject,
        kind=finding.kind,
        severity=finding.severity,
        state=AlertState.RETURN_UNACKNOWLEDGED if returned else AlertState.UNACKNOWLEDGED,
        condition_active=active,
        raised_at=batch.now,
        happened_at=batch.now if behind is None else behind.happened_at,
        last_signal_at=batch.now,
        returned_at=batch.now if returned else None,
        count=1,
        cancelled=False,
        pending=False,
        playbook=finding.playbook,
        audience=list(finding.audience) or None,
        evidence=dict(finding.evidence),
    )
    _begin_pending(batch, alert, finding)
    batch.session.add(alert)
    batch.session.flush()
    keep_links(batch.session, alert, finding, Effect.RAISED, batch.now)
    batch.alerts[finding.key] = alert
    return alert


def _begin_pending(batch: Batch, alert: Alert, finding: Finding) -> None:
    """A fall with a wearer's cancel window rings at once and is confirmed later, unless cancelled."""
    if finding.cancel_window_seconds is not None:
        alert.pending = True
        seconds = batch.settings.fall_confirm_seconds if finding.confirm_seconds is None else finding.confirm_seconds
        alert.pending_due_at = batch.now + timedelta(seconds=seconds)


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


__all__ = ["MUTED", "Result", "is_one_of_many", "keep_condition", "raise_alert"]
