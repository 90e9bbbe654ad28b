"""What becomes of a finding that ends, lowers or only notes something. Inside the engine's transaction.

A cleared condition that nobody acknowledged still needs a person (return-unacknowledged, ISA-18.2): the alert returns,
the incident stays.
"""

from __future__ import annotations

from datetime import timedelta

from alerts.batch import JOINABLE, Batch
from alerts.chain import Effect, keep_links
from alerts.changes import record_incident
from alerts.findings import Finding
from alerts.model import Alert, AlertState, Disposition, Incident, Severity
from alerts.modes.store import end_suppressed
from alerts.raising import MUTED, Result, is_one_of_many
from alerts.repeats import REDELIVERY_WINDOW
from alerts.ringing import calm
from alerts.timeline import Act, tell

UNWATCHED = "no_longer_watched"
"""In the evidence of an end that nobody saw: why nobody can tell it any more. It is told apart from a danger that is over."""
LOWERED_TO = Severity.MEDIUM
"""The severity of a fall its wearer cancelled in time: it still wants a person, without haste."""


def clear_alert(batch: Batch, finding: Finding) -> Result:
    """The condition is no longer so."""
    alert = batch.alerts.get(finding.key)
    if alert is None:
        end_suppressed(batch.session, finding.home_id, finding.rule, finding.subject, batch.now)
    if alert is None or (not alert.condition_active and alert.returned_at is not None):
        return Disposition.STORED, alert, None if alert is None else batch.incident_of(alert)
    incident = batch.incident_of(alert)
    if _came_before_on(finding, alert):
        return Disposition.SUPERSEDED, alert, incident
    end_suppressed(batch.session, finding.home_id, finding.rule, finding.subject, batch.now)
    alert.condition_active = False
    alert.returned_at = batch.now
    keep_links(batch.session, alert, finding, Effect.RETURNED, batch.now)
    if incident is None or incident.state not in JOINABLE:
        alert.state = AlertState.NORMAL
        alert.shelved_due_at = None
        alert.closed_at = batch.now
        batch.forget(alert)
        if incident is not None:
            _tell_returned(batch, incident, alert, finding)
        return Disposition.CLEARED, alert, incident
    # Whoever shelved it, or set the mode that mutes it, has seen it.
    seen = alert.state in {AlertState.ACKNOWLEDGED, AlertState.SHELVED, *MUTED}
    alert.shelved_due_at = None
    alert.state = AlertState.NORMAL if seen else AlertState.RETURN_UNACKNOWLEDGED
    _tell_returned(batch, incident, alert, finding)
    return Disposition.CLEARED, alert, incident


def _tell_returned(batch: Batch, incident: Incident, alert: Alert, finding: Finding) -> None:
    if is_one_of_many(incident, alert):
        return  # the outage tells how many homes are back
    because = finding.evidence.get(UNWATCHED)
    act, said = (Act.ALERT_RETURNED, {}) if because is None else (Act.ALERT_UNWATCHED, {"because": because})
    tell(batch.session, incident, act, batch.now, alert=alert.id, kind=alert.kind, subject=finding.subject, **said)
    record_incident(batch.session, incident, batch.now)


def _came_before_on(finding: Finding, alert: Alert) -> bool:
    """A redelivered `off` from before the `on` that was already worked on; in doubt the condition stays."""
    event = finding.event
    if event is None or not event.redelivered:
        return False
    if event.device_at is not None and event.happened_at == event.device_at:
        return event.device_at < alert.happened_at
    return event.received_at - alert.last_signal_at < REDELIVERY_WINDOW


def cancel_alert(batch: Batch, finding: Finding) -> Result:
    """The wearer took it back: inside the window the alert is lowered, later it is only noted."""
    alert = batch.alerts.get(finding.key)
    if alert is None or alert.state == AlertState.SHELVED:
        return Disposition.STORED, alert, None
    incident = batch.incident_of(alert)
    if incident is None or incident.state not in JOINABLE:
        return Disposition.STORED, alert, incident
    if not _is_in_time(batch, finding, alert):
        return note_alert(batch, finding)
    alert.cancelled = True
    alert.pending = False
    alert.pending_due_at = None
    alert.severity = max(Severity(alert.severity), LOWERED_TO, key=lambda one: one.rank)
    _lower(batch, incident)
    tell(batch.session, incident, Act.FALL_CANCELLED, batch.now, alert=alert.id, severity=alert.severity)
    record_incident(batch.session, incident, batch.now)
    return Disposition.LOWERED, alert, incident


def _is_in_time(batch: Batch, finding: Finding, alert: Alert) -> bool:
    if alert.cancelled:
        return False
    if alert.pending or finding.event is None:
        return alert.pending
    confirmed_after = batch.settings.fall_confirm_seconds if finding.confirm_seconds is None else finding.confirm_seconds
    window = timedelta(seconds=max(confirmed_after, finding.cancel_window_seconds or 0))
    return timedelta(0) <= finding.event.happened_at - alert.happened_at <= window


def _lower(batch: Batch, incident: Incident) -> None:
    """The incident's severity is that of its worst alert; what is no longer critical has no fallback clock.

    It goes on ringing: the wearer's cancel is a person's act, but not one that takes the incident.
    """
    worst = batch.worst_severity(incident)
    if worst is not None:
        incident.severity = worst
    calm(incident)


def note_alert(batch: Batch, finding: Finding) -> Result:
    """Write it on the timeline of its open incident; change nothing else."""
    alert = batch.alerts.get(finding.key)
    incident = None if alert is None else batch.incident_of(alert)
    if alert is None or incident is None or incident.state not in JOINABLE:
        return Disposition.STORED, alert, incident
    what = finding.rule if finding.event is None else finding.event.type
    tell(batch.session, incident, Act.SIGNAL_NOTED, batch.now, alert=alert.id, signal=what)
    record_incident(batch.session, incident, batch.now)
    return Disposition.NOTED, alert, incident


__all__ = ["LOWERED_TO", "UNWATCHED", "cancel_alert", "clear_alert", "note_alert"]
