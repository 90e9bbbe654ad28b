"""Devices behind a gateway: registered when first seen, renamed when the gateway renames them, never doubled.

A child met by a message is filed under its name on the topic; when the gateway then tells its lasting address, the same
row takes it. The unique key (gateway, address) makes a race end in one device. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.ids import new_code
from devices.codecs.types import ChildSeen, DeviceView
from devices.model import Device, DeviceState
from devices.profiles import catalogue
from devices.store import children_of, home_changed

_LONGEST = 200


def upsert_children(session: Session, gateway: DeviceView, seen: Sequence[ChildSeen], now: datetime) -> int:
    """Register, complete or rename; how many rows changed. The home's revision grows when any did."""
    known = list(children_of(session, gateway.id))
    changed = 0
    for child in seen:
        changed += _upsert(session, gateway, child, known, now)
    if changed:
        session.flush()
        home_changed(session, gateway.home_id)
    return changed


def _upsert(session: Session, gateway: DeviceView, child: ChildSeen, known: list[Device], now: datetime) -> int:
    alias = child.names[0] if child.names else child.address
    if child.model is None and child.address == alias and any(device.alias == alias for device in known):
        return 0  # met by a message decoded before the gateway's list in the same batch was taken in
    device = _find(known, child)
    if device is None:
        device = _new(gateway, child, alias, now)
        session.add(device)
        known.append(device)
        _take_alias(known, device, alias)
        return 1
    before = (device.address, device.alias, device.model, device.profile)
    device.address = child.address
    _take_alias(known, device, alias)
    if child.model is not None and child.model != device.model:
        # The guess of a first message gives way to what the gateway knows, unless a person has confirmed the device.
        if device.model is None and device.state == DeviceState.REGISTERED and child.profile in catalogue():
            device.profile = child.profile
            device.silence_due_at = now + timedelta(seconds=catalogue()[child.profile].silence_seconds)
        device.model = child.model[:_LONGEST]
    return int(before != (device.address, device.alias, device.model, device.profile))


def _find(known: Sequence[Device], child: ChildSeen) -> Device | None:
    by_address = next((device for device in known if device.address == child.address), None)
    if by_address is not None:
        return by_address
    # Filed under its topic name until now; one with another lasting address is another device that had the name before.
    return next((device for device in known if device.address == device.alias and device.address in child.names), None)


def _take_alias(known: Sequence[Device], device: Device, alias: str) -> None:
    for other in known:
        if other is not device and other.alias == alias:
            other.alias = None
    if device.name == device.alias:  # nobody gave it a name of ours
        device.name = alias[:_LONGEST]
    device.alias = alias[:_LONGEST]


def _new(gateway: DeviceView, child: ChildSeen, alias: str, now: datetime) -> Device:
    profile = catalogue().get(child.profile) or catalogue()["environment"]
    return Device(
        code=new_code("dev"),
        home_id=gateway.home_id,
        resident_id=None,
        parent_id=gateway.id,
        address=child.address[:_LONGEST],
        alias=alias[:_LONGEST],
        name=alias[:_LONGEST],
        profile=profile.id,
        model=None if child.model is None else child.model[:_LONGEST],
        state=DeviceState.REGISTERED,
        silence_due_at=now + timedelta(seconds=profile.silence_seconds),
        created_at=now,
        centre_id=sa.select(Device.centre_id).where(Device.id == gateway.id).scalar_subquery(),
    )
