"""Writes the town's past incidents with their signals, alerts and timelines, in the caller's transaction.

They are closed from the start: no timer is set, nobody is paged, and no change is announced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.lanes import DOCTOR_CALL, FAULT, life_lane
from alerts.model import Alert, AlertState, Disposition, Incident, IncidentState, SignalRecord, TimelineEntry
from alerts.timeline import Act
from devices.model import Device
from devices.profiles import catalogue
from people.model import Home, Role, User
from yinling.demo.furnishing import TRIAL_ROLE
from yinling.demo.past_week import PastIncident, plan_week


@dataclass(frozen=True, slots=True)
class _Staff:
    """Who had it, and who was sent where somebody was."""

    operator: User
    responder: User


def write_past_incidents(session: Session, homes: Sequence[Home], now: datetime, timezone: str) -> None:
    """Give `homes` their past week."""
    home_ids = [home.id for home in homes]
    devices = [
        device
        for device in session.scalars(sa.select(Device).where(Device.home_id.in_(home_ids)).order_by(Device.id))
        if not device.code.endswith(f"-{TRIAL_ROLE}")
    ]
    operators = session.scalars(sa.select(User).where(User.role == Role.OPERATOR)).all()
    responders = session.scalars(sa.select(User).where(User.role == Role.RESPONDER)).all()
    number = session.scalar(sa.select(sa.func.coalesce(sa.func.max(Incident.number), 0))) or 0
    week = plan_week([device.profile for device in devices], len(homes), now, timezone)
    incidents = []
    for offset, plan in enumerate(week, start=1):
        staff = _Staff(operators[offset % len(operators)], responders[offset % len(responders)])
        incidents.append((plan, devices[plan.place], staff, _incident(plan, devices[plan.place], number + offset, staff)))
    session.add_all(incident for _, _, _, incident in incidents)
    session.flush()
    alerts = [_alert(plan, device, incident) for plan, device, _, incident in incidents]
    session.add_all(alerts)
    session.flush()
    for (plan, device, staff, incident), alert in zip(incidents, alerts, strict=True):
        if plan.cause.kind != "silence":
            session.add(_signal(plan, device, alert, incident))
        session.add_all(_timeline(plan, device, incident, staff))
    session.flush()


def _incident(plan: PastIncident, device: Device, number: int, staff: _Staff) -> Incident:
    worn_by = device.resident_id if catalogue()[device.profile].worn else None
    was_sent = plan.dispatched_at is not None
    return Incident(
        number=number,
        kind=plan.cause.kind,
        home_id=device.home_id,
        resident_id=device.resident_id,
        lane=_lane(plan.cause.kind, worn_by),
        severity=plan.cause.severity,
        state=IncidentState.CLOSED,
        opened_at=plan.opened_at,
        acknowledged_at=plan.acknowledged_at,
        dispatched_at=plan.dispatched_at,
        on_scene_at=plan.on_scene_at,
        resolved_at=plan.closed_at,
        closed_at=plan.closed_at,
        reason=plan.reason,
        owner_id=staff.operator.id,
        responder_id=staff.responder.id if was_sent else None,
        responder_name=staff.responder.name if was_sent else None,
    )


def _alert(plan: PastIncident, device: Device, incident: Incident) -> Alert:
    return Alert(
        incident_id=incident.id,
        home_id=device.home_id,
        device_id=device.id,
        resident_id=device.resident_id,
        rule=plan.cause.kind,
        subject=f"device:{device.code}",
        kind=plan.cause.kind,
        severity=plan.cause.severity,
        state=AlertState.NORMAL,
        condition_active=False,
        raised_at=plan.opened_at,
        happened_at=plan.opened_at,
        last_signal_at=plan.opened_at,
        closed_at=plan.closed_at,
        evidence={"signal": plan.cause.signal},
    )


def _lane(kind: str, worn_by: int | None) -> str:
    if kind == "doctor_call":
        return DOCTOR_CALL
    return FAULT if kind in {"battery", "silence"} else life_lane(worn_by)


def _signal(plan: PastIncident, device: Device, alert: Alert, incident: Incident) -> SignalRecord:
    return SignalRecord(
        home_id=device.home_id,
        device_id=device.id,
        event_key=f"past-{incident.number}",
        type=plan.cause.signal,
        device_at=plan.opened_at,
        received_at=plan.opened_at,
        disposition=Disposition.OPENED,
        alert_id=alert.id,
        incident_id=incident.id,
    )


def _timeline(plan: PastIncident, device: Device, incident: Incident, staff: _Staff) -> list[TimelineEntry]:
    opened = {
        "kind": plan.cause.kind,
        "severity": str(plan.cause.severity),
        "subject": f"device:{device.code}",
        "signal": plan.cause.signal,
    }
    sent = {"responder": staff.responder.id, "name": staff.responder.name, "note": None}
    acts: list[tuple[datetime | None, str, User | None, dict[str, Any] | None]] = [
        (plan.opened_at, Act.OPENED, None, opened),
        (plan.acknowledged_at, Act.ACKNOWLEDGED, staff.operator, None),
        (plan.dispatched_at, Act.DISPATCHED, staff.operator, sent),
        (plan.on_scene_at, Act.ON_SCENE, staff.responder, None),
        (plan.closed_at, Act.CLOSED, staff.operator, {"reason": str(plan.reason), "note": None}),
    ]
    return [
        TimelineEntry(
            incident_id=incident.id,
            at=at,
            act=act,
            actor_id=actor.id if actor else None,
            actor=actor.name if actor else None,
            details=details,
        )
        for at, act, actor, details in acts
        if at is not None
    ]
