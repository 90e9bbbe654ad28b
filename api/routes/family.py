"""What a family asks: is today normal?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session, selectinload

from alerts.home_today import home_today
from alerts.model import Incident, IncidentState
from api.callers import allowed
from api.deps import Using
from api.errors import refusals
from api.schemas.homes import DeviceCounts, FamilyHome, FamilyHomeList, FamilyIncident, LastMovement, LowestBattery
from api.schemas.incidents import IncidentItem
from api.views.family import family_contact
from api.views.incidents import incident_items, timeline_views
from api.views.people import centre_view
from api.visibility import visible_incidents
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
            sa.select(Home)
            .where(caller.scope.homes())
            .options(selectinload(Home.residents), selectinload(Home.contacts))
            .order_by(Home.code)
            .limit(_MOST_HOMES)
        )
        phone = centre_view(session).phone
        today = now.astimezone(ZoneInfo(deps.settings.timezone)).date()
        return FamilyHomeList(
            items=[
                _family_home(session, home, _open_incidents(session, home.id, caller, today), phone, now, caller)
                for home in session.scalars(own).all()
            ]
        )


def _family_home(  # noqa: PLR0913, PLR0917 an answer of that many sides
    session: Session, home: Home, items: Sequence[IncidentItem], centre_phone: str | None, now: datetime, caller: Caller
) -> FamilyHome:
    today = home_today(session, home.id, now)
    dangers = [item for item in items if item.severity not in _FAULTS]
    shown = dangers[0] if dangers else (items[0] if items else None)
    return FamilyHome(
        home=home.code,
        name=home.name,
        address=home.address,
        phone=home.phone or next((resident.phone for resident in home.residents if resident.phone), None),
        residents=[resident.name for resident in home.residents],
        verdict=today.verdict,
        sentence_code=today.sentence,
        last_movement=None if today.movement is None else LastMovement(at=today.movement.at, room=today.movement.room),
        last_seen_at=today.last_seen_at,
        battery=None if today.battery is None else LowestBattery(lowest=today.battery, device=today.battery_device or ""),
        devices=DeviceCounts(total=today.devices, silent=today.silent_devices),
        incident=None if shown is None else FamilyIncident(**dict(shown), steps=timeline_views(session, shown.id)),
        open_incidents=len(items),
        centre_phone=centre_phone,
        contact=family_contact(session, home, caller),
    )


def _open_incidents(session: Session, home_id: int, caller: Caller, today: date) -> list[IncidentItem]:
    # Drills and tests are nobody's worry, whoever asks.
    query = sa.select(Incident).where(
        Incident.home_id == home_id, Incident.state != IncidentState.CLOSED, Incident.drill.is_(False), Incident.test.is_(False)
    )
    found = session.scalars(query.where(visible_incidents(caller)).order_by(Incident.id.desc())).all()
    return incident_items(session, found, today, caller)
