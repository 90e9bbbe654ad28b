"""Whether a finding that raises is shown, marked, or kept out of sight with its reason. Inside the engine's transaction.

What is muted and lasts stands as an alert of its own in the state `suppressed` or `out_of_service`, without an incident,
so that its end is seen and so that what is still so when the mode ends is raised then. What is over at once leaves its
row among the suppressed. What a device in test mode says, or a home in a drill, goes the true way, in a lane of its own.
"""

from __future__ import annotations

from alerts.batch import Batch
from alerts.chain import Effect, keep_links
from alerts.findings import Condition, Finding
from alerts.model import Alert, AlertState, Disposition, Severity
from alerts.modes.model import ModeKind, SuppressedBecause
from alerts.modes.store import note_suppressed
from alerts.modes.suppression import StandingMode, mark_of, muted_by
from alerts.raising import Result, keep_condition, raise_alert


def raise_unless_muted(batch: Batch, finding: Finding) -> Result:
    """Raise, raise marked, or suppress with a reason."""
    if finding.monitor:
        return _keep_out_of_sight(batch, finding, SuppressedBecause.MONITOR, None)
    standing = batch.standing(finding.home_id)
    if not standing:
        return raise_alert(batch, finding)
    muting = muted_by(finding, standing, lane=finding.lane)
    if muting is not None:
        return _mute(batch, finding, muting)
    return raise_alert(batch, finding, mark_of(finding, standing))


def _keep_out_of_sight(batch: Batch, finding: Finding, because: SuppressedBecause, mode_id: int | None) -> Result:
    row = note_suppressed(batch.session, finding, because, batch.now, mode_id)
    batch.suppressed = row
    return Disposition.SUPPRESSED, None, None


def _mute(batch: Batch, finding: Finding, muting: StandingMode) -> Result:
    because = SuppressedBecause(muting.mode)
    alert = batch.alerts.get(finding.key)
    if alert is not None and alert.state == AlertState.SHELVED:
        return raise_alert(batch, finding)  # only counts it
    if alert is None and finding.condition is Condition.MOMENTARY:
        return _keep_out_of_sight(batch, finding, because, muting.id)
    if alert is None:
        alert = _muted_alert(batch, finding, muting)
    else:
        alert.count += 1
        alert.last_signal_at = batch.now
        keep_condition(alert, finding, batch.now)
        alert.returned_at = None
        alert.state = state_under(muting)
        alert.severity = min(Severity(alert.severity), finding.severity, key=lambda one: one.rank)
    batch.suppressed = note_suppressed(batch.session, finding, because, batch.now, muting.id, alert.id)
    return Disposition.SUPPRESSED, alert, batch.incident_of(alert)


def _muted_alert(batch: Batch, finding: Finding, muting: StandingMode) -> Alert:
    alert = Alert(
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
        state=state_under(muting),
        condition_active=True,
        raised_at=batch.now,
        happened_at=batch.now if finding.event is None else finding.event.happened_at,
        last_signal_at=batch.now,
        count=1,
        playbook=finding.playbook,
        audience=list(finding.audience) or None,
        evidence=dict(finding.evidence),
    )
    batch.session.add(alert)
    batch.session.flush()
    keep_links(batch.session, alert, finding, Effect.RAISED, batch.now)
    batch.alerts[finding.key] = alert
    return alert


def state_under(muting: StandingMode) -> AlertState:
    """The ISA-18.2 state of an alert that this mode mutes."""
    return AlertState.OUT_OF_SERVICE if muting.mode is ModeKind.OUT_OF_SERVICE else AlertState.SUPPRESSED


__all__ = ["raise_unless_muted", "state_under"]
