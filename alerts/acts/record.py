"""Writing something down, and putting alerts where they belong: note, merge, split, and an incident made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.acts.taking import incident_by_id, open_alerts, renew_claim
from alerts.audience import of_alert, of_incident, write_audience
from alerts.batch import JOINABLE
from alerts.changes import hold_order, record_incident
from alerts.lanes import lane_by_hand, may_merge, may_share, split_lane
from alerts.model import Alert, CloseReason, Incident, IncidentHome, IncidentState, Severity
from alerts.opening import open_incident
from alerts.presence import is_watched
from alerts.ringing import quiet, ring_again, start_ringing, widen
from alerts.timeline import Act, tell
from alerts.transitions import next_state
from core.errors import ConflictError, InvalidInputError

SEVERITIES_BY_HAND: Mapping[str, Severity] = {
    "sos": Severity.CRITICAL,
    "fall": Severity.CRITICAL,
    "smoke": Severity.CRITICAL,
    "gas": Severity.CRITICAL,
    "co": Severity.CRITICAL,
    "water": Severity.HIGH,
    "vitals": Severity.MEDIUM,
    "doctor_call": Severity.HIGH,
    "phone_call": Severity.HIGH,
    "walk_in": Severity.HIGH,
    "other": Severity.MEDIUM,
    "device_fault": Severity.LOW,
}
"""Kinds a person may open, with the severity they have unless the person says another."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a person says of an incident they open."""

    kind: str
    note: str | None = None
    severity: str | None = None
    drill: bool = False
    happened_at: datetime | None = None
    """When it happened, of one that is entered afterwards."""
    is_over: bool = False
    """Entered as already over: it rings nobody, pages nobody, and no family is told."""


def note(session: Session, incident_id: int, by: By, text: str) -> Incident:
    """Write a remark on the timeline.

    The owner's remark counts as their next act: it renews the claim and answers what rang again, since somebody who is
    writing is working on it. Anybody else's changes nothing, and on an incident nobody took it silences nothing.
    """
    incident = incident_by_id(session, incident_id)
    incident.state = next_state(Act.NOTED, incident.state)
    if incident.owner_id == by.actor.id and incident.state in JOINABLE - {IncidentState.OPEN}:
        quiet(incident)
        if incident.state == IncidentState.ACKNOWLEDGED:
            renew_claim(incident, by.now, by.settings)
    tell(session, incident, Act.NOTED, by.now, actor=by.actor, done_at=by.done_at, text=text)
    record_incident(session, incident, by.now)
    return incident


def merge(session: Session, incident_id: int, by: By, into_id: int) -> Incident:
    """Put an incident's alerts into another open one of the home and close it as a duplicate; gives the other."""
    incident = incident_by_id(session, incident_id)
    into = incident_by_id(session, into_id)
    next_state(Act.MERGED, incident.state)
    next_state(Act.MERGED, into.state)
    same_place = incident.home_id == into.home_id and (incident.area_id is None) == (into.area_id is None)
    same_truth = incident.test == into.test and incident.drill == into.drill  # nothing real hides in practice
    if incident.id == into.id or not (same_place and same_truth) or into.state not in JOINABLE:
        raise ConflictError("merge_not_allowed", into=into.number)
    if not (may_merge(incident.lane, into.lane) and _may_share(session, incident, into)):
        raise ConflictError("merge_not_allowed", into=into.number)
    moved = open_alerts(session, incident)
    for alert in moved:
        alert.incident_id = into.id
    _move_homes(session, incident, into)
    nobody_took_it = incident.state == IncidentState.OPEN
    worse = Severity(incident.severity).rank < Severity(into.severity).rank
    if worse:
        into.severity = incident.severity
        into.kind = incident.kind
    if not into.test and (
        worse or (nobody_took_it and into.state != IncidentState.OPEN and incident.severity == Severity.CRITICAL)
    ):
        ring_again(session, into, by.now, by.settings, watched=is_watched(session, by.now))
    widen(session, into, of_incident(incident), by.now, by.settings, watched=is_watched(session, by.now))
    close_merged(incident, into, by.now)
    tell(session, incident, Act.MERGED, by.now, actor=by.actor, into=into.id, into_number=into.number)
    tell(
        session,
        into,
        Act.MERGED,
        by.now,
        actor=by.actor,
        merged=incident.id,
        number=incident.number,
        alerts=[one.id for one in moved],
    )
    record_incident(session, incident, by.now)
    record_incident(session, into, by.now)
    return into


def _may_share(session: Session, incident: Incident, into: Incident) -> bool:
    """Judged by every alert both ever held, so that nothing reaches a resident's incident by way of another's."""
    alerts = session.scalars(sa.select(Alert).where(Alert.incident_id.in_((incident.id, into.id)))).all()
    kinds = {incident.kind, into.kind} | {one.kind for one in alerts}
    residents = {one.resident_id for one in alerts} | {incident.resident_id, into.resident_id}
    return may_share(kinds, {one for one in residents if one is not None})


def _move_homes(session: Session, incident: Incident, into: Incident) -> None:
    """The homes of an area's incident go with its alerts, save those the other has already."""
    there = sa.select(IncidentHome.home_id).where(IncidentHome.incident_id == into.id)
    going = sa.update(IncidentHome).where(IncidentHome.incident_id == incident.id, IncidentHome.home_id.not_in(there))
    session.execute(going.values(incident_id=into.id).execution_options(synchronize_session=False))


def close_merged(incident: Incident, into: Incident, now: datetime) -> None:
    """Close an incident whose alerts went into another."""
    quiet(incident)
    incident.claim_due_at = None
    incident.state = IncidentState.CLOSED
    incident.reason = CloseReason.DUPLICATE
    incident.closed_at = now
    incident.resolved_at = incident.resolved_at or now
    if into.previous_id is None:
        into.previous_id = incident.id


def split(session: Session, incident_id: int, by: By, alert_ids: Sequence[int]) -> Incident:
    """Give some of an incident's open alerts an incident of their own, which rings; gives the new one."""
    incident = incident_by_id(session, incident_id)
    next_state(Act.SPLIT, incident.state)
    alerts = open_alerts(session, incident)
    leaving = [one for one in alerts if one.id in set(alert_ids)]
    if not leaving or len(leaving) != len(set(alert_ids)) or len(leaving) == len(alerts):
        raise ConflictError("split_not_allowed", alerts=list(alert_ids))
    worst = min(leaving, key=lambda one: Severity(one.severity).rank)
    new = Incident(
        kind=worst.kind,
        home_id=incident.home_id,
        area_id=incident.area_id,
        resident_id=_one_resident(leaving),
        lane=split_lane(incident.lane),
        severity=worst.severity,
        audience=write_audience(frozenset[str]().union(*(of_alert(one) for one in leaving))),
        state=IncidentState.OPEN,
        drill=incident.drill,
        test=incident.test,
        not_live=incident.not_live,
        ring_count=1,
        previous_id=incident.id,
    )
    open_incident(session, new, by.now, actor=by.actor, split_from=incident.number)
    for alert in leaving:
        alert.incident_id = new.id
    if not new.test:
        start_ringing(session, new, by.now, by.settings, watched=is_watched(session, by.now))
    tell(session, incident, Act.SPLIT, by.now, actor=by.actor, alerts=[one.id for one in leaving], new=new.id, number=new.number)
    record_incident(session, incident, by.now)
    return new


def _one_resident(alerts: Sequence[Alert]) -> int | None:
    residents = {one.resident_id for one in alerts}
    return residents.pop() if len(residents) == 1 else None


def open_by_hand(session: Session, home_id: int, by: By, what: ByHand) -> Incident:
    """Open an incident for what no device said: a phone call, a walk-in. Nothing joins it by itself."""
    if what.kind not in SEVERITIES_BY_HAND:
        raise InvalidInputError("unknown_kind", kind=what.kind, kinds=sorted(SEVERITIES_BY_HAND))
    if what.severity is not None and what.severity not in Severity.__members__.values():
        raise InvalidInputError("unknown_severity", severity=what.severity)
    hold_order(session)
    incident = Incident(
        kind=what.kind,
        home_id=home_id,
        lane=lane_by_hand(),
        severity=what.severity or SEVERITIES_BY_HAND[what.kind],
        state=IncidentState.OPEN,
        drill=what.drill,
        ring_count=1,
        happened_at=what.happened_at,
        entered_afterwards=what.happened_at is not None,
    )
    open_incident(session, incident, by.now, actor=by.actor, note=what.note, drill=what.drill)
    if not what.is_over:
        # Whoever opens it by hand is watching, whatever their stream says.
        start_ringing(session, incident, by.now, by.settings, watched=True)
    return incident


__all__ = ["SEVERITIES_BY_HAND", "ByHand", "close_merged", "merge", "note", "open_by_hand", "split"]
