"""Queries over devices. Nothing here commits; a caller's transaction that dies leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from devices.codecs.types import DeviceView
from devices.model import Device, DeviceState
from people.model import Home

_CHUNK = 400


def find_device(session: Session, device_id: int) -> Device:
    """The device, or NotFoundError `device_not_found`."""
    device = session.get(Device, device_id)
    if device is None:
        raise NotFoundError("device_not_found")
    return device


def find_by_code(session: Session, code: str) -> Device | None:
    """The device with this topic name."""
    return session.scalar(sa.select(Device).where(Device.code == code))


def serial_in_use(session: Session, serial: str, centre_id: int) -> bool:
    """Whether a device that is not retired has this serial."""
    query = sa.select(Device.id).where(Device.serial == serial, Device.centre_id == centre_id, Device.state != DeviceState.RETIRED)
    return session.scalar(query) is not None


def children_of(session: Session, gateway_id: int) -> Sequence[Device]:
    """Everything that speaks through a gateway."""
    return session.scalars(sa.select(Device).where(Device.parent_id == gateway_id).order_by(Device.id)).all()


def device_views(session: Session, home_ids: Iterable[int] | None = None) -> list[DeviceView]:
    """What codecs need of the devices of these homes, or of all."""
    query = sa.select(Device, Home.code).join(Home, Home.id == Device.home_id).order_by(Device.id)
    if home_ids is None:
        return [view_of(device, home_code) for device, home_code in session.execute(query)]
    wanted = sorted(set(home_ids))
    views: list[DeviceView] = []
    for start in range(0, len(wanted), _CHUNK):
        chunk = query.where(Device.home_id.in_(wanted[start : start + _CHUNK]))
        views += [view_of(device, home_code) for device, home_code in session.execute(chunk)]
    return views


def view_of(device: Device, home_code: str) -> DeviceView:
    """The copy of a device that codecs work with."""
    return DeviceView(
        id=device.id,
        code=device.code,
        home_id=device.home_id,
        home_code=home_code,
        profile=device.profile,
        resident_id=device.resident_id,
        parent_id=device.parent_id,
        address=device.address,
        name=device.name,
        live=device.state == DeviceState.LIVE,
        model=device.model,
        alias=device.alias,
    )


def home_changed(session: Session, home_id: int) -> None:
    """Let every worker know that its copy of this home is old (invariant 13)."""
    session.execute(sa.update(Home).where(Home.id == home_id).values(revision=Home.revision + 1))
