"""What is known of a home at this moment, and the verdict on it: for a family's page and for the daily message alike.

Reads only. Stale, unknown, or an open incident is never normal; an outage of the home's area neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Incident, IncidentHome, IncidentState, Severity, SignalRecord
from alerts.modes.model import Mode, ModeKind
from alerts.modes.service import MOVEMENT
from alerts.verdict import HomeFacts, Sentence, Verdict, judge
from devices.model import Device, DeviceState
from devices.profiles import catalogue
from devices.silence import is_silent

_FAULTS = frozenset({Severity.LOW, Severity.INFO})
"""Severities that call for an engineer, not for worry."""
_AWAY = (ModeKind.AWAY, ModeKind.HOSPITAL)


@dataclass(frozen=True, slots=True)
class Movement:
    """When somebody moved last, and in which room."""

    at: datetime
    room: str | None


@dataclass(frozen=True, slots=True)
class HomeToday:
    """The verdict, and what it rests on."""

    verdict: Verdict
    sentence: Sentence
    movement: Movement | None
    last_seen_at: datetime | None
    battery: float | None
    battery_device: str | None
    devices: int
    silent_devices: int


def home_today(session: Session, home_id: int, now: datetime) -> HomeToday:
    """Look at one home."""
    devices = session.scalars(
        sa.select(Device).where(Device.home_id == home_id, Device.state != DeviceState.RETIRED).order_by(Device.id)
    ).all()
    silent = [device for device in devices if is_silent(device, now)]
    movement = last_movement(session, home_id, devices)
    weakest = min((one for one in devices if one.battery is not None), key=lambda one: one.battery or 0, default=None)
    last_seen_at = max((one.last_seen_at for one in devices if one.last_seen_at is not None), default=None)
    severities = _open_severities(session, home_id)
    facts = HomeFacts(
        danger_open=any(severity not in _FAULTS for severity in severities),
        devices=len(devices),
        silent_devices=len(silent),
        gateway_silent=any(_is_gateway(device) for device in silent),
        last_seen_at=last_seen_at,
        lowest_battery=None if weakest is None else weakest.battery,
        watches_movement=any(_watches_movement(device) for device in devices),
        last_movement_at=None if movement is None else movement.at,
        fault_open=any(severity in _FAULTS for severity in severities),
        away=_is_away(session, home_id, now),
    )
    verdict, sentence = judge(facts, now)
    return HomeToday(
        verdict=verdict,
        sentence=sentence,
        movement=movement,
        last_seen_at=last_seen_at,
        battery=None if weakest is None else weakest.battery,
        battery_device=None if weakest is None else weakest.name,
        devices=len(devices),
        silent_devices=len(silent),
    )


def last_movement(session: Session, home_id: int, devices: Sequence[Device]) -> Movement | None:
    """The latest sign of somebody being up and about."""
    query = sa.select(SignalRecord.received_at, SignalRecord.device_id).where(
        SignalRecord.home_id == home_id, SignalRecord.type.in_(MOVEMENT)
    )
    last = session.execute(query.order_by(SignalRecord.received_at.desc()).limit(1)).first()
    return None if last is None else Movement(last[0], next((one.room for one in devices if one.id == last[1]), None))


def _open_severities(session: Session, home_id: int) -> list[str]:
    """Of what is not closed here: its own incidents, and an outage of its area that has not ended for it. No drills, no tests."""
    real = sa.and_(Incident.drill.is_(False), Incident.test.is_(False), Incident.probe.is_(False))
    own = sa.select(Incident.severity).where(Incident.home_id == home_id, Incident.state != IncidentState.CLOSED, real)
    of_area = (
        sa.select(Incident.severity)
        .join(IncidentHome, IncidentHome.incident_id == Incident.id)
        .where(
            IncidentHome.home_id == home_id,
            IncidentHome.restored_at.is_(None),
            Incident.state != IncidentState.CLOSED,
            real,
        )
    )
    return [*session.scalars(own), *session.scalars(of_area)]


def _is_away(session: Session, home_id: int, now: datetime) -> bool:
    query = sa.select(Mode.id).where(Mode.home_id == home_id, Mode.ended_at.is_(None), Mode.until_at > now, Mode.mode.in_(_AWAY))
    return session.scalar(query.limit(1)) is not None


def _is_gateway(device: Device) -> bool:
    profile = catalogue().get(device.profile)
    return profile is not None and profile.is_gateway


def _watches_movement(device: Device) -> bool:
    profile = catalogue().get(device.profile)
    return profile is not None and bool({"motion.seen", "presence.on", "bed.entered"} & set(profile.signals))


__all__ = ["HomeToday", "Movement", "home_today", "last_movement"]
