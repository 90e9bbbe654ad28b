"""What a family asks: is today normal?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session, selectinload

from alerts.model import Incident, IncidentState, SignalRecord
from api.callers import allowed
from api.day import MOVEMENT
from api.deps import Using
from api.errors import refusals
from api.schemas.homes import DeviceCounts, FamilyHome, FamilyHomeList, FamilyIncident, LastMovement, LowestBattery
from api.schemas.incidents import IncidentItem
from api.verdict import HomeFacts, judge
from api.views.devices import is_silent
from api.views.homes import home_devices
from api.views.incidents import incident_items, timeline_views
from api.views.people import centre_view
from api.visibility import visible_incidents
from devices.model import Device
from devices.profiles import catalogue
from people.model import Home
from people.rights import Caller, Capability

router = APIRouter(tags=["family"])

_FAULTS = frozenset({"low", "info"})
"""Severities that call for an engineer, not for worry."""
_MOST_HOMES = 20


@router.get("/family/homes", responses=refusals())
def list_family_homes(caller: Annotated[Caller, Depends(allowed(Capability.SEE_FAMILY_PAGE))], deps: Using) -> FamilyHomeList:
    """The caller's homes, each with its verdict and with what it rests on."""
    now = deps.clock.now()
    with deps.database.snapshot() as session:
        own = (
            sa.select(Home).where(caller.scope.homes()).options(selectinload(Home.residents)).order_by(Home.code).limit(_MOST_HOMES)
        )
        phone = centre_view(session).phone
        today = now.astimezone(ZoneInfo(deps.settings.timezone)).date()
        return FamilyHomeList(
            items=[
                _family_home(session, home, _open_incidents(session, home.id, caller, today), phone, now)
                for home in session.scalars(own).all()
            ]
        )


def _family_home(
    session: Session, home: Home, items: Sequence[IncidentItem], centre_phone: str | None, now: datetime
) -> FamilyHome:
    devices = home_devices(session, home.id)
    silent = [device for device in devices if is_silent(device, now)]
    movement = _last_movement(session, home.id, devices)
    battery = min(
        (device for device in devices if device.battery is not None), key=lambda device: device.battery or 0, default=None
    )
    last_seen = max((device.last_seen_at for device in devices if device.last_seen_at is not None), default=None)
    dangers = [item for item in items if item.severity not in _FAULTS]
    facts = HomeFacts(
        danger_open=bool(dangers),
        devices=len(devices),
        silent_devices=len(silent),
        gateway_silent=any(_is_gateway(device) for device in silent),
        last_seen_at=last_seen,
        lowest_battery=None if battery is None else battery.battery,
        watches_movement=any(_watches_movement(device) for device in devices),
        last_movement_at=None if movement is None else movement.at,
    )
    verdict, sentence = judge(facts, now)
    shown = dangers[0] if dangers else (items[0] if items else None)
    return FamilyHome(
        home=home.code,
        name=home.name,
        address=home.address,
        phone=home.phone or next((resident.phone for resident in home.residents if resident.phone), None),
        residents=[resident.name for resident in home.residents],
        verdict=verdict,
        sentence_code=sentence,
        last_movement=movement,
        last_seen_at=last_seen,
        battery=None if battery is None or battery.battery is None else LowestBattery(lowest=battery.battery, device=battery.name),
        devices=DeviceCounts(total=len(devices), silent=len(silent)),
        incident=None if shown is None else FamilyIncident(**dict(shown), steps=timeline_views(session, shown.id)),
        open_incidents=len(items),
        centre_phone=centre_phone,
    )


def _open_incidents(session: Session, home_id: int, caller: Caller, today: date) -> list[IncidentItem]:
    # Drills are nobody's worry, whoever asks.
    query = sa.select(Incident).where(
        Incident.home_id == home_id, Incident.state != IncidentState.CLOSED, Incident.drill.is_(False)
    )
    found = session.scalars(query.where(visible_incidents(caller)).order_by(Incident.id.desc())).all()
    return incident_items(session, found, today, caller)


def _last_movement(session: Session, home_id: int, devices: Sequence[Device]) -> LastMovement | None:
    query = sa.select(SignalRecord.received_at, SignalRecord.device_id).where(
        SignalRecord.home_id == home_id, SignalRecord.type.in_(MOVEMENT)
    )
    last = session.execute(query.order_by(SignalRecord.received_at.desc()).limit(1)).first()
    if last is None:
        return None
    return LastMovement(at=last[0], room=next((device.room for device in devices if device.id == last[1]), None))


def _is_gateway(device: Device) -> bool:
    profile = catalogue().get(device.profile)
    return profile is not None and profile.is_gateway


def _watches_movement(device: Device) -> bool:
    profile = catalogue().get(device.profile)
    return profile is not None and bool({"motion.seen", "presence.on", "bed.entered"} & set(profile.signals))
