"""From findings to committed alarms, inside the caller's transaction.

Every finding ends in exactly one disposition, and every signal is stored with it. A finding that fails is set aside
and the others go on; one that means danger to life is opened plainly instead, and if even that fails the error goes
up, so that the message is not acknowledged and comes again. The store's own failures always go up. Nothing is
remembered between two calls: a worker killed anywhere in here has done nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from alerts.batch import Batch
from alerts.changes import hold_order
from alerts.clearing import cancel_alert, clear_alert, note_alert
from alerts.findings import Condition, EventKey, Finding, Outcome
from alerts.lanes import plain_lane
from alerts.metrics import SIGNALS
from alerts.model import Alert, AlertState, Disposition, Incident, IncidentState, Severity, SignalRecord
from alerts.modes.service import MOVEMENT, note_movement
from alerts.muting import raise_unless_muted
from alerts.opening import open_incident
from alerts.poison import STORE_IS_AWAY, Failed, printable, set_aside
from alerts.probe import arrive
from alerts.raising import Result
from alerts.repeats import Prior, is_repeat, stored_key
from alerts.ringing import start_ringing
from alerts.trail import log_when_committed
from core.config import Settings

_RAISING = frozenset({Condition.MOMENTARY, Condition.ON})
_STATES = frozenset({Condition.ON, Condition.OFF})


class AlertEngine:
    """Applies findings. Holds no state; one may serve all threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(self, session: Session, findings: Sequence[Finding], now: datetime) -> list[Outcome]:
        """What became of each finding, in order. The caller commits, then sends the receipts."""
        if not findings:
            return []
        if any(one.condition is not Condition.NONE for one in findings):
            hold_order(session)
        try:
            with session.begin_nested():
                outcomes = self._apply_all(session, findings, now)
        except STORE_IS_AWAY:
            raise
        except Exception:  # noqa: BLE001 somewhere in here is poison: find it one by one, which sets it aside
            outcomes = [self._apply_alone(session, finding, now) for finding in findings]
        for outcome in outcomes:
            if outcome.finding.event is not None:
                SIGNALS.labels(outcome.disposition).inc()
        return outcomes

    def _apply_all(self, session: Session, findings: Sequence[Finding], now: datetime) -> list[Outcome]:
        batch = Batch(session, self.settings, now)
        batch.load(findings)
        with session.no_autoflush:  # the batch knows what it wrote; flushing before each question costs most of the time
            outcomes = [_apply_one(batch, finding) for finding in findings]
        session.flush()
        batch.name_signals()
        return outcomes

    def _apply_alone(self, session: Session, finding: Finding, now: datetime) -> Outcome:
        try:
            with session.begin_nested():
                return self._apply_all(session, [finding], now)[0]
        except STORE_IS_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 quarantined
            set_aside(session, Failed("engine", _reference(finding), error, repr(finding)), now)
        if finding.severity == Severity.CRITICAL and finding.condition in _RAISING and not _is_old_news(finding):
            with session.begin_nested():  # what fails in here goes up: no acknowledgement, it comes again
                return self._open_plainly(session, finding, now)
        return Outcome(finding, Disposition.STORED)

    def _open_plainly(self, session: Session, finding: Finding, now: datetime) -> Outcome:
        """Open an incident with the least that can fail: no joining, no evidence, no data."""
        event = finding.event
        batch = Batch(session, self.settings, now)
        batch.load([finding])
        if event is not None:
            prior = batch.prior(event)
            if prior is not None and _repeats(batch, finding, event, prior):
                return _duplicate(batch, finding, prior)
        lane = plain_lane(finding.lane)
        plain = replace(finding, lane=lane, subject=lane, evidence={}, event=None if event is None else replace(event, data={}))
        incident = Incident(
            kind=plain.kind,
            home_id=plain.home_id,
            lane=lane,
            severity=plain.severity,
            state=IncidentState.OPEN,
            not_live=plain.not_live,
            ring_count=1,
        )
        open_incident(session, incident, now, plainly=True)
        start_ringing(session, incident, now, self.settings, watched=batch.watched)
        alert = Alert(
            incident_id=incident.id,
            home_id=plain.home_id,
            device_id=plain.device_id,
            rule=plain.rule,
            rule_kind=plain.rule_kind,
            rule_version=plain.rule_version,
            lane=finding.lane,
            subject=plain.subject,
            kind=plain.kind,
            severity=plain.severity,
            state=AlertState.UNACKNOWLEDGED,
            condition_active=False,
            raised_at=now,
            happened_at=now,
            last_signal_at=now,
        )
        session.add(alert)
        session.flush()
        outcome = _store(batch, plain, (Disposition.OPENED, alert, incident))
        session.flush()
        return replace(outcome, finding=finding)


def _apply_one(batch: Batch, finding: Finding) -> Outcome:
    event = finding.event or finding.caused_by
    if event is not None:
        known = _known(batch, finding, event)
        if known is not None:
            return _duplicate(batch, finding, known)
        if _is_old_news(finding):
            return _store(batch, finding, (Disposition.STALE_RETAINED, None, None))
    if finding.event is not None:
        _notice_movement(batch, finding, finding.event)
    return _apply_probe(batch, finding) if finding.probe else _store(batch, finding, _decide(batch, finding))


def _notice_movement(batch: Batch, finding: Finding, event: EventKey) -> None:
    """Somebody moves in a home that is said to be empty: a person will be asked about it."""
    if event.type in MOVEMENT and not event.retained:
        empty = [mode.id for mode in batch.standing(finding.home_id) if mode.empties_home]
        if empty:
            note_movement(batch.session, empty, batch.now)


def _known(batch: Batch, finding: Finding, event: EventKey) -> SignalRecord | None:
    """The stored signal this event repeats or echoes, or None."""
    prior = batch.prior(event)
    if prior is not None and _repeats(batch, finding, event, prior):
        return prior
    return None if event.retained else batch.echo(event)


def _decide(batch: Batch, finding: Finding) -> Result:
    match finding.condition:
        case Condition.MOMENTARY | Condition.ON:
            return raise_unless_muted(batch, finding)
        case Condition.OFF:
            return clear_alert(batch, finding)
        case Condition.CANCELLED:
            return cancel_alert(batch, finding)
        case Condition.NOTED:
            return note_alert(batch, finding)
        case Condition.NONE:
            return Disposition.STORED, None, None


def _apply_probe(batch: Batch, finding: Finding) -> Outcome:
    """The probe's home never rings; only its press is followed, through the same statements as any other."""
    if finding.condition is not Condition.MOMENTARY:
        return _store(batch, finding, (Disposition.STORED, None, None))
    return _store(batch, finding, (Disposition.OPENED, None, arrive(batch.session, finding, batch.now)))


def _is_old_news(finding: Finding) -> bool:
    """A retained event; a retained *state* is the present one."""
    event = finding.event or finding.caused_by
    return event is not None and event.retained and finding.condition not in _STATES


def _repeats(batch: Batch, finding: Finding, event: EventKey, prior: SignalRecord) -> bool:
    incident = None if prior.incident_id is None else batch.session.get(Incident, prior.incident_id)
    seen = Prior(prior.received_at, incident is not None and incident.state != IncidentState.CLOSED)
    return is_repeat(event, finding.condition, seen, timedelta(seconds=batch.settings.repeat_window_seconds))


def _duplicate(batch: Batch, finding: Finding, prior: SignalRecord) -> Outcome:
    if finding.event is not None:
        prior.repeats += 1
    incident = None if prior.incident_id is None else batch.session.get(Incident, prior.incident_id)
    return _outcome(finding, Disposition.DUPLICATE, incident)


def _store(batch: Batch, finding: Finding, result: Result) -> Outcome:
    """Keep the signal with what became of it."""
    disposition, alert, incident = result
    event = finding.event
    suppressed, batch.suppressed = batch.suppressed, None
    if event is not None and finding.home_id is not None:
        record = SignalRecord(
            home_id=finding.home_id,
            device_id=event.device_id,
            event_key=stored_key(event.event_key),
            own_id=event.has_own_id,
            type=event.type,
            device_at=event.device_at,
            received_at=event.received_at,
            retained=event.retained,
            redelivered=event.redelivered,
            data=dict(event.data) or None,
            disposition=disposition,
            because=None if suppressed is None else suppressed.because,
            repeats=0,
            alert_id=None if alert is None else alert.id,
            incident_id=None if incident is None else incident.id,
        )
        batch.session.add(record)
        batch.remember(record, suppressed)
        if incident is not None or suppressed is not None:
            log_when_committed(batch.session, "signal_kept", lambda: _logged(record))
    return _outcome(finding, disposition, incident)


def _outcome(finding: Finding, disposition: Disposition, incident: Incident | None) -> Outcome:
    event = finding.event
    receipt = None
    if event is not None and event.has_own_id and not event.retained:
        receipt = "duplicate" if disposition is Disposition.DUPLICATE else "accepted"
    return Outcome(
        finding,
        disposition,
        incident_id=None if incident is None else incident.id,
        incident_state=None if incident is None else incident.state,
        receipt=receipt,
    )


def _logged(record: SignalRecord) -> dict[str, object]:
    return {
        "message": record.event_key,
        "device": record.device_id,
        "home": record.home_id,
        "type": record.type,
        "disposition": str(record.disposition),
        "incident": record.incident_id,
    }


def _reference(finding: Finding) -> str:
    key = "" if finding.event is None else finding.event.event_key
    return printable(f"{finding.rule} {finding.subject} {key}")


__all__ = ["AlertEngine"]
