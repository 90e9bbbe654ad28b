"""Homes as answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Incident, IncidentState
from api.schemas.homes import HomeItem, HomeOut
from api.schemas.incidents import HomeDetail
from api.views.devices import device_views, silent_devices
from api.views.incidents import incident_items
from api.views.people import area_references, contact_view, resident_view
from api.visibility import visible_incidents
from devices.model import Device, DeviceState
from people.model import Home
from people.rights import Caller
from people.schemas import Rhythm


def home_items(session: Session, homes: Sequence[Home], caller: Caller, now: datetime) -> list[HomeItem]:
    """Homes as rows of a list, in the same order; a fixed number of queries."""
    ids = [home.id for home in homes]
    areas = area_references(session, [home.area for home in homes])
    in_use = sa.select(Device.home_id, sa.func.count()).where(Device.home_id.in_(ids), Device.state != DeviceState.RETIRED)
    devices = _counts(session, in_use.group_by(Device.home_id))
    silent = _counts(session, in_use.where(silent_devices(now)).group_by(Device.home_id))
    open_incidents = _counts(
        session,
        sa.select(Incident.home_id, sa.func.count())
        .where(Incident.home_id.in_(ids), Incident.state != IncidentState.CLOSED, visible_incidents(caller))
        .group_by(Incident.home_id),
    )
    return [
        HomeItem(
            code=home.code,
            name=home.name,
            address=home.address,
            area=None if home.area_id is None else areas.get(home.area_id),
            phone=home.phone,
            residents=[resident.name for resident in home.residents],
            devices=devices.get(home.id, 0),
            silent_devices=silent.get(home.id, 0),
            open_incidents=open_incidents.get(home.id, 0),
        )
        for home in homes
    ]


def _counts(session: Session, query: sa.Select[int, int] | sa.Select[int | None, int]) -> dict[int | None, int]:
    return {row[0]: row[1] for row in session.execute(query)}


def home_devices(session: Session, home_id: int) -> Sequence[Device]:
    """The devices of a home that are not retired: gateways before what speaks through them."""
    query = sa.select(Device).where(Device.home_id == home_id, Device.state != DeviceState.RETIRED)
    return session.scalars(query.order_by(Device.parent_id.is_not(None), Device.id)).all()


def home_view(session: Session, home: Home, caller: Caller, now: datetime, timezone: str) -> HomeOut:
    """Everything about a home that the caller may see."""
    with_medical = caller.may_see_medical(home.id)
    today = now.astimezone(ZoneInfo(timezone)).date()
    detail = home_detail(session, home)
    open_incidents = session.scalars(
        sa.select(Incident)
        .where(Incident.home_id == home.id, Incident.state != IncidentState.CLOSED, visible_incidents(caller))
        .order_by(Incident.id)
    ).all()
    return HomeOut(
        **detail.model_dump(exclude={"area"}),
        area=detail.area,
        rhythm=None if home.rhythm is None else Rhythm.model_validate(home.rhythm),
        residents=[resident_view(resident, today, with_medical=with_medical) for resident in home.residents],
        contacts=[contact_view(contact) for contact in home.contacts],
        devices=device_views(session, home_devices(session, home.id), now, [home.id] if with_medical else []),
        open_incidents=incident_items(session, open_incidents, today, caller),
    )


def home_detail(session: Session, home: Home) -> HomeDetail:
    """What somebody at the door needs."""
    areas = area_references(session, [home.area])
    return HomeDetail(
        code=home.code,
        name=home.name,
        address=home.address,
        area=None if home.area_id is None else areas.get(home.area_id),
        entry_method=home.entry_method,
        phone=home.phone,
        notes=home.notes,
        latitude=home.latitude,
        longitude=home.longitude,
    )
