"""What the beginning and the end of a stay in a mode lead to, and the question that movement in an empty home raises.

Each is one act inside the caller's transaction. What a mode muted and is still so when it ends is raised then, as if it
had just been found; what only rested on nobody having been seen gets time first, since people come home with their mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.changes import hold_order, record_incident
from alerts.engine import AlertEngine
from alerts.findings import Condition, Finding
from alerts.lanes import DRILL_ENDING, FAULT, lane_of_test
from alerts.model import Alert, AlertState, CloseReason, Incident, IncidentState, Severity
from alerts.modes.model import Mode, ModeKind, SuppressedBecause
from alerts.modes.service import Wanted, write_stay
from alerts.modes.store import end_by_mode, end_suppressed, note_suppressed, standing_modes
from alerts.modes.suppression import AWAY_MODES, StandingMode, muted_by
from alerts.muting import state_under
from alerts.raising import MUTED
from alerts.ringing import quiet
from alerts.timeline import Act, Actor, tell
from core.config import Settings

QUESTION = "mode_question"
"""Rule, kind and lane of the question whether somebody is back."""

TIME_TO_BE_SEEN = timedelta(hours=12)
"""After a stay away has ended nobody's inactivity counts for so long: the time of the built-in rule."""

_NOT_CLOSED = Incident.state != IncidentState.CLOSED


def set_mode(session: Session, wanted: Wanted, by: By) -> Mode:
    """Begin or prolong a stay; what it mutes and already stands is muted with it."""
    hold_order(session)
    mode = write_stay(session, wanted, by.actor.id, by.actor.name, by.now)
    standing = standing_modes(session, [mode.home_id], by.now).get(mode.home_id, ())
    for alert in _open_alerts(session, mode.home_id):
        if alert.state in {AlertState.SHELVED, *MUTED}:
            continue
        incident = None if alert.incident_id is None else session.get(Incident, alert.incident_id)
        if incident is not None:
            _mute_standing(session, alert, incident, standing, by)
    return mode


def _mute_standing(session: Session, alert: Alert, incident: Incident, standing: Sequence[StandingMode], by: By) -> None:
    found = finding_of(alert, incident.lane)
    muting = muted_by(found, standing, lane=found.lane)
    if muting is None:
        return
    alert.state = state_under(muting)
    note_suppressed(session, found, SuppressedBecause(muting.mode), by.now, muting.id, alert.id)
    tell(session, incident, Act.MODE_SET, by.now, actor=by.actor, mode=muting.mode, until=str(muting.until_at), alert=alert.id)
    record_incident(session, incident, by.now)


def end_stay(session: Session, mode: Mode, now: datetime, settings: Settings, actor: Actor | None = None) -> None:
    """Its time is over, or a person ends it (`actor`)."""
    mode.end_due_at = None
    mode.question_due_at = None
    if mode.ended_at is not None:
        return
    mode.ended_at = now
    mode.ended_by = None if actor is None else actor.name[:120]
    session.flush()
    if mode.mode == ModeKind.TEST:
        _end_test(session, mode, now, settings, actor)
    elif mode.mode == ModeKind.DRILL:
        for incident in _incidents_in(session, mode.home_id, f"%{DRILL_ENDING}%"):
            tell(session, incident, Act.MODE_ENDED, now, actor=actor, mode=mode.mode)
            record_incident(session, incident, now)
    else:
        _show_again(session, mode, now, settings)


def _incidents_in(session: Session, home_id: int, lane: str) -> Sequence[Incident]:
    query = sa.select(Incident).where(Incident.home_id == home_id, _NOT_CLOSED, Incident.lane.like(lane))
    return session.scalars(query.order_by(Incident.id)).all()


def _end_test(session: Session, mode: Mode, now: datetime, settings: Settings, actor: Actor | None) -> None:
    """What the device said in its test is closed as such; what is still so is raised for what it is."""
    lane = lane_of_test(mode.device_id)
    still_so: list[Finding] = []
    incidents = [*_incidents_in(session, mode.home_id, lane), *_incidents_in(session, mode.home_id, f"{lane}:split:%")]
    for incident in incidents:
        for alert in session.scalars(sa.select(Alert).where(Alert.incident_id == incident.id, Alert.closed_at.is_(None))):
            if alert.condition_active:
                still_so.append(finding_of(alert, incident.lane))
            _finish(alert, now)
        _close_test(session, incident, now, actor)
    session.flush()
    AlertEngine(settings).apply(session, still_so, now)


def _close_test(session: Session, incident: Incident, now: datetime, actor: Actor | None) -> None:
    quiet(incident)
    incident.claim_due_at = None
    incident.state = IncidentState.CLOSED
    incident.reason = CloseReason.TEST
    incident.resolved_at = incident.resolved_at or now
    incident.closed_at = now
    tell(session, incident, Act.CLOSED, now, actor=actor, reason=CloseReason.TEST, mode_ended=True)
    record_incident(session, incident, now)


def _finish(alert: Alert, now: datetime) -> None:
    alert.state = AlertState.NORMAL
    alert.shelved_due_at = None
    alert.pending = False
    alert.pending_due_at = None
    alert.closed_at = now


def _show_again(session: Session, mode: Mode, now: datetime, settings: Settings) -> None:
    """Whatever no other mode mutes any more: raised when it is still so, closed when it is not."""
    standing = standing_modes(session, [mode.home_id], now).get(mode.home_id, ())
    still_so = []
    for alert in _open_alerts(session, mode.home_id):
        if alert.state not in MUTED:
            continue
        found = finding_of(alert, FAULT)
        muting = muted_by(found, standing, lane=found.lane)
        if muting is not None:
            alert.state = state_under(muting)
            if end_by_mode(session, mode.id, alert.id, now):
                note_suppressed(session, found, SuppressedBecause(muting.mode), now, muting.id, alert.id)
        elif alert.condition_active and alert.incident_id is None and mode.mode in AWAY_MODES:
            alert.state = AlertState.SHELVED
            alert.shelved_due_at = now + TIME_TO_BE_SEEN
        elif alert.condition_active:
            still_so.append(found)
        else:
            _put_back(session, alert, now)
    session.flush()
    AlertEngine(settings).apply(session, still_so, now)


def _put_back(session: Session, alert: Alert, now: datetime) -> None:
    """A muted alert that is over: closed, save that its open incident still shows it, seen by whoever set the mode."""
    end_suppressed(session, alert.home_id, alert.rule, alert.subject, now)
    incident = None if alert.incident_id is None else session.get(Incident, alert.incident_id)
    if incident is None or incident.state in {IncidentState.RESOLVED, IncidentState.CLOSED}:
        _finish(alert, now)
    else:
        alert.state = AlertState.NORMAL


def raise_standing(session: Session, alert: Alert, now: datetime, settings: Settings) -> None:
    """An alert without an incident was out of sight long enough: what is still so is raised now."""
    if not alert.condition_active:
        _finish(alert, now)
        return
    found = finding_of(alert, FAULT)
    alert.state = AlertState.SUPPRESSED
    session.flush()
    AlertEngine(settings).apply(session, [found], now)


def raise_apart(session: Session, alert: Alert, now: datetime, settings: Settings) -> None:
    """An alert that is still so does not belong to its incident any more: it ends there, and is raised for itself."""
    found, since = finding_of(alert, FAULT), alert.active_since_at or alert.raised_at
    _finish(alert, now)
    alert.condition_active = False
    end_suppressed(session, alert.home_id, alert.rule, alert.subject, now)
    session.flush()
    AlertEngine(settings).apply(session, [found], now)
    own = sa.update(Alert).where(Alert.home_id == alert.home_id, Alert.rule == alert.rule, Alert.subject == alert.subject)
    session.execute(own.where(Alert.closed_at.is_(None), Alert.condition_active).values(active_since_at=since))


def ask_whether_back(session: Session, mode: Mode, now: datetime, settings: Settings) -> None:
    """Somebody moves in a home that is said to be empty: ask, once a stay, whether they are back."""
    mode.question_due_at = None
    if mode.ended_at is not None or mode.until_at <= now:
        return
    question = Finding(
        home_id=mode.home_id,
        device_id=None,
        rule=QUESTION,
        subject=f"mode:{mode.id}",
        kind=QUESTION,
        severity=Severity.LOW,
        condition=Condition.MOMENTARY,
        lane=QUESTION,
        evidence={"mode": mode.mode, "until_at": mode.until_at.isoformat(), "seen_at": str(mode.movement_seen_at or now)},
        rule_kind="system",
    )
    AlertEngine(settings).apply(session, [question], now)


def finding_of(alert: Alert, otherwise: str) -> Finding:
    """What raised an alert that stands, as if it were found now; `otherwise` is the lane of one that names none."""
    return Finding(
        home_id=alert.home_id,
        device_id=alert.device_id,
        rule=alert.rule,
        subject=alert.subject,
        kind=alert.kind,
        severity=Severity(alert.severity),
        condition=Condition.ON if alert.condition_active else Condition.MOMENTARY,
        lane=alert.lane or otherwise,
        resident_id=alert.resident_id,
        evidence=alert.evidence or {},
        rule_kind=alert.rule_kind,
        rule_version=alert.rule_version,
        playbook=alert.playbook,
        audience=tuple(alert.audience or ()),
    )


def _open_alerts(session: Session, home_id: int) -> Sequence[Alert]:
    query = sa.select(Alert).where(Alert.home_id == home_id, Alert.closed_at.is_(None)).order_by(Alert.id)
    return session.scalars(query).all()


__all__ = [
    "QUESTION",
    "TIME_TO_BE_SEEN",
    "ask_whether_back",
    "end_stay",
    "finding_of",
    "raise_apart",
    "raise_standing",
    "set_mode",
]
