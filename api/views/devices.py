"""Devices as answers. Silence is judged by the profile, in Python for one and in SQL for counts, from the same numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import SignalRecord
from api.schemas.base import PersonReference
from api.schemas.devices import Device as DeviceOut
from api.schemas.devices import MetricLimits, ProfileName, ProfileOut, Value
from devices.model import Device, DeviceState
from devices.profiles import Profile, catalogue
from devices.silence import SILENCE_WITHOUT_PROFILE, is_silent, silence_allowed
from devices.vocabulary import LIFE_SIGNALS
from people.model import Home, Resident

HEALTH_METRICS = frozenset(
    {"heart_rate", "respiration_rate", "spo2", "systolic", "diastolic", "blood_glucose", "body_temperature", "weight"}
)
"""Metrics that say something of a person's health: shown only to those who may see the medical card."""
_TESTING = LIFE_SIGNALS | {"device.tested"}


def profile_out(profile: Profile) -> ProfileOut:
    """A catalogue entry as an answer."""
    return ProfileOut(
        id=profile.id,
        name=_name(profile),
        category=profile.category,
        worn=profile.worn,
        signals=list(profile.signals),
        metrics=list(profile.metrics),
        limits={metric: MetricLimits(low=limit.low, high=limit.high) for metric, limit in profile.limits.items()},
        silence_seconds=profile.silence_seconds,
        cancel_window_seconds=profile.cancel_window_seconds,
    )


def silent_devices(now: datetime) -> sa.ColumnElement[bool]:
    """`is_silent` as a condition on rows of `devices`."""
    heard = sa.func.coalesce(Device.last_seen_at, Device.created_at)
    known = [
        sa.and_(Device.profile == id_, heard < sa.literal(now - silence_allowed(id_), Device.created_at.type))
        for id_ in catalogue()
    ]
    other = sa.and_(
        Device.profile.not_in(list(catalogue())), heard < sa.literal(now - SILENCE_WITHOUT_PROFILE, Device.created_at.type)
    )
    return sa.and_(Device.state != DeviceState.RETIRED, sa.or_(*known, other))


def device_views(session: Session, devices: Sequence[Device], now: datetime, health_of: Iterable[int]) -> list[DeviceOut]:
    """Devices as answers, in the same order; health values only for the homes (ids) in `health_of`."""
    shown = frozenset(health_of)
    codes = _pairs(session, sa.select(Home.id, Home.code).where(Home.id.in_({device.home_id for device in devices})))
    wearers = {device.resident_id for device in devices if device.resident_id is not None}
    names = _pairs(session, sa.select(Resident.id, Resident.name).where(Resident.id.in_(wearers))) if wearers else {}
    tested = _tested(session, devices)
    return [_view(device, now, codes, names, tested, with_health=device.home_id in shown) for device in devices]


def _view(  # noqa: PLR0913 what a view is made of
    device: Device,
    now: datetime,
    codes: Mapping[int, str],
    names: Mapping[int, str],
    tested: Mapping[int, datetime],
    *,
    with_health: bool,
) -> DeviceOut:
    profile = catalogue().get(device.profile)
    resident = None if device.resident_id is None else PersonReference(id=device.resident_id, name=names[device.resident_id])
    return DeviceOut(
        id=device.id,
        code=device.code,
        home=codes[device.home_id],
        name=device.name,
        room=device.room,
        profile=device.profile,
        profile_name=ProfileName(chinese=device.profile, english=device.profile) if profile is None else _name(profile),
        serial=device.serial,
        model=device.model,
        resident=resident,
        parent=device.parent_id,
        state=device.state,
        live_at=device.live_at,
        last_seen_at=device.last_seen_at,
        last_event_at=device.last_event_at,
        online=device.online,
        battery=device.battery,
        rssi=device.rssi,
        firmware=device.firmware,
        values=_values(device, with_health=with_health),
        silent=is_silent(device, now),
        silence_due_seconds=silence_allowed(device.profile).total_seconds(),
        credential=_credential(device),
        certificate_ends_at=device.certificate_ends_at,
        refused_at=device.refused_at,
        refused_reason=device.refused_reason,
        tested_at=tested.get(device.id, device.live_at),
    )


def _credential(device: Device) -> Literal["secret", "certificate"] | None:
    if device.certificate_hash is not None:
        return "certificate"
    return None if device.secret_hash is None else "secret"


def _values(device: Device, *, with_health: bool) -> dict[str, Value]:
    values = {}
    for metric, latest in (device.last_values or {}).items():
        if with_health or metric not in HEALTH_METRICS:
            values[metric] = Value(value=latest["value"], at=datetime.fromtimestamp(latest["at"] / 1000, UTC))
    return values


def has_health_values(devices: Iterable[DeviceOut]) -> bool:
    """Whether any of them shows something of a person's health."""
    return any(HEALTH_METRICS & device.values.keys() for device in devices)


def _name(profile: Profile) -> ProfileName:
    return ProfileName(chinese=profile.name.zh_cn, english=profile.name.en)


def tested_at(session: Session, device: Device) -> datetime | None:
    """When the centre last saw an alarm or a test of a device that is not yet live."""
    return _tested(session, [device]).get(device.id)


def _tested(session: Session, devices: Sequence[Device]) -> dict[int, datetime]:
    """The last alarm or test of each device that is not yet live; live ones were tested when they went live."""
    waiting = [device.id for device in devices if device.state == DeviceState.REGISTERED]
    if not waiting:
        return {}
    query = (
        sa.select(SignalRecord.device_id, sa.func.max(SignalRecord.received_at, type_=SignalRecord.received_at.type))
        .where(SignalRecord.device_id.in_(waiting), SignalRecord.type.in_(_TESTING))
        .group_by(SignalRecord.device_id)
    )
    return dict(session.execute(query).all())


def _pairs(session: Session, query: sa.Select[int, str]) -> dict[int, str]:
    return dict(session.execute(query).all())
