"""Devices: the catalogue, hanging one up, seeing it speak, its readings and signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from alerts.changes import record_device
from alerts.model import SignalRecord
from api.callers import allowed
from api.cursors import read_cursor, write_cursor
from api.deps import Deps, Using
from api.errors import NO_DEVICE, NO_HOME, refusals
from api.schemas.base import Id, InstantIn
from api.schemas.devices import Device as DeviceOut
from api.schemas.devices import (
    DeviceList,
    ProfileList,
    ProvisionedDevice,
    ReadingList,
    ReadingOut,
    SignalList,
    SignalOut,
)
from api.schemas.devices import (
    MqttAccess as MqttOut,
)
from api.schemas.requests import DeviceCertify, DeviceChange, DeviceCreate
from api.views.devices import HEALTH_METRICS, device_views, has_health_values, profile_out, silent_devices, tested_at
from api.visibility import visible_devices
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnavailableError
from devices import service
from devices.certificates import certify, revoke_certificate
from devices.model import Device, DeviceState
from devices.profiles import catalogue
from devices.schemas import DeviceChanges, MqttAccess, NewDevice
from devices.vocabulary import METRICS
from people import audit, store
from people.rights import Caller, Capability

router = APIRouter(tags=["devices"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_DEVICES))]
Installer = Annotated[Caller, Depends(allowed(Capability.PROVISION_DEVICES))]

Answer = TypeVar("Answer")

_NO_CERTIFICATE = (ConflictError("device_certificates_unavailable"), InvalidInputError("certificate_request_invalid"))

READ_POINTS = 500
READ_HOURS = 24


@router.get("/profiles", responses=refusals())
def list_profiles(_caller: Seer) -> ProfileList:
    """The catalogue: what each model can say and how often."""
    return ProfileList(items=[profile_out(profile) for profile in catalogue().values()])


@router.get("/devices", responses=refusals(NO_HOME, InvalidInputError("invalid_cursor")))
def list_devices(  # noqa: PLR0913, PLR0917 a query has that many sides
    caller: Seer,
    deps: Using,
    home: Annotated[str | None, Query(max_length=64)] = None,
    state: Literal["registered", "live", "retired", "silent"] | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DeviceList:
    """Devices that are not retired, or those of one state; health values only when one home is asked for."""
    now = deps.clock.now()
    after = read_cursor(cursor, int)
    query = sa.select(Device).where(visible_devices(caller)).order_by(Device.id).limit(limit + 1)
    if after is not None:
        query = query.where(Device.id > after[0])
    if state == "silent":
        query = query.where(silent_devices(now))
    else:
        query = query.where(Device.state != DeviceState.RETIRED if state is None else Device.state == state)
    with deps.database.snapshot() as session:
        place = None if home is None else store.find_home(session, home, caller.scope)
        if place is not None:
            query = query.where(Device.home_id == place.id)
        found = session.scalars(query).all()
        with_health = [place.id] if place is not None and caller.may_see_medical(place.id) else []
        items = device_views(session, found[:limit], now, with_health)
    if place is not None and has_health_values(items):
        with deps.database.transaction() as session:
            audit.write_look(session, now, caller, subject=f"devices:{place.code}", home_id=place.id)
    return DeviceList(items=items, next=write_cursor(items[-1].id) if len(found) > limit else None)


@router.get("/devices/{device_id}", responses=refusals(NO_DEVICE))
def read_device(device_id: Id, caller: Seer, deps: Using) -> DeviceOut:
    """One device with its latest values."""
    now = deps.clock.now()
    with deps.database.snapshot() as session:
        device = find_device(session, device_id, caller)
        view = device_views(session, [device], now, [device.home_id] if caller.may_see_medical(device.home_id) else [])[0]
    if has_health_values([view]):
        with deps.database.transaction() as session:
            audit.write_look(session, now, caller, subject=f"device:{device.code}", home_id=device.home_id)
    return view


def find_device(session: Session, device_id: int, caller: Caller) -> Device:
    """The device, or NotFoundError `device_not_found` also where it exists outside the scope."""
    device = session.scalar(sa.select(Device).where(Device.id == device_id, visible_devices(caller)))
    if device is None:
        raise NotFoundError("device_not_found")
    return device


@router.post(
    "/devices",
    status_code=201,
    responses=refusals(
        InvalidInputError("unknown_home"),
        InvalidInputError("unknown_profile"),
        InvalidInputError("unknown_resident"),
        ConflictError("serial_taken"),
        *_NO_CERTIFICATE,
    ),
)
def create_device(wanted: DeviceCreate, caller: Installer, deps: Using) -> ProvisionedDevice:
    """Hang a device up: it gets its name and its secret or certificate, which is shown this once only."""
    new = NewDevice(name=wanted.name, profile=wanted.profile, serial=wanted.serial, resident_id=wanted.resident, room=wanted.room)

    def run(session: Session, now: datetime) -> ProvisionedDevice:
        home = store.homes_by_code(session, [wanted.home], caller.scope).get(wanted.home)
        if home is None:
            raise InvalidInputError("unknown_home", home=wanted.home)
        device, secret = service.provision(session, home, new, now)
        if wanted.credential == "certificate":
            certificate = certify(session, device, wanted.certificate_request, now, deps.settings)
            view = _finish(session, device, now, caller, "device.created")
            return _provisioned(view, service.access_for(device, home.code, None, deps.settings, certificate))
        view = _finish(session, device, now, caller, "device.created")
        return _provisioned(view, service.access_for(device, home.code, secret, deps.settings))

    return _told(deps, run)


@router.patch(
    "/devices/{device_id}",
    responses=refusals(
        NO_DEVICE, InvalidInputError("unknown_profile"), InvalidInputError("unknown_resident"), ConflictError("device_retired")
    ),
)
def change_device(device_id: Id, wanted: DeviceChange, caller: Installer, deps: Using) -> DeviceOut:
    """Change its name, room, wearer or profile; with another profile its test has to be seen again."""
    given = wanted.model_dump(exclude_unset=True)
    changes = DeviceChanges(**{"resident_id" if field == "resident" else field: value for field, value in given.items()})
    return _change(
        deps, caller, device_id, "device.changed", lambda session, device, now: service.change(session, device, changes, now)
    )


@router.post(
    "/devices/{device_id}/secret",
    responses=refusals(NO_DEVICE, ConflictError("device_has_no_secret"), ConflictError("device_retired")),
)
def renew_device_secret(device_id: Id, caller: Installer, deps: Using) -> ProvisionedDevice:
    """A new secret, shown this once only; the old one no longer signs in."""

    def run(session: Session, now: datetime) -> ProvisionedDevice:
        device = find_device(session, device_id, caller)
        secret = service.rotate_secret(session, device)
        view = _finish(session, device, now, caller, "device.secret_renewed")
        return _provisioned(view, service.access_for(device, view.home, secret, deps.settings))

    return _told(deps, run)


@router.post(
    "/devices/{device_id}/certificate",
    responses=refusals(NO_DEVICE, ConflictError("device_has_no_secret"), ConflictError("device_retired"), *_NO_CERTIFICATE),
)
def certify_device(device_id: Id, wanted: DeviceCertify, caller: Installer, deps: Using) -> ProvisionedDevice:
    """A certificate instead of its secret, or a new one; its key is shown this once only, and what it had no longer signs in."""

    def run(session: Session, now: datetime) -> ProvisionedDevice:
        device = find_device(session, device_id, caller)
        certificate = certify(session, device, wanted.certificate_request, now, deps.settings)
        view = _finish(session, device, now, caller, "device.certified")
        return _provisioned(view, service.access_for(device, view.home, None, deps.settings, certificate))

    return _told(deps, run)


@router.post(
    "/devices/{device_id}/certificate/revoke",
    responses=refusals(NO_DEVICE, ConflictError("device_has_no_certificate"), ConflictError("device_retired")),
)
def revoke_device_certificate(device_id: Id, caller: Installer, deps: Using) -> DeviceOut:
    """Take its certificate back: its connection ends within seconds, and it is out until it is given a new one or a secret."""
    return _change(
        deps,
        caller,
        device_id,
        "device.certificate_revoked",
        lambda session, device, _now: revoke_certificate(session, device),
    )


@router.post(
    "/devices/{device_id}/live", responses=refusals(NO_DEVICE, ConflictError("not_tested"), ConflictError("device_retired"))
)
def make_device_live(device_id: Id, caller: Installer, deps: Using) -> DeviceOut:
    """Confirm that the centre has seen its test alarm."""

    def confirm(session: Session, device: Device, now: datetime) -> None:
        service.set_live(session, device, now, tested_at(session, device))

    return _change(deps, caller, device_id, "device.made_live", confirm)


@router.post("/devices/{device_id}/retire", responses=refusals(NO_DEVICE))
def retire_device(device_id: Id, caller: Installer, deps: Using) -> DeviceOut:
    """Take it, and what speaks through it, out of use for good; its history stays."""
    return _change(deps, caller, device_id, "device.retired", lambda session, device, _now: service.retire(session, device))


def _change(
    deps: Deps, caller: Caller, device_id: int, action: str, what: Callable[[Session, Device, datetime], None]
) -> DeviceOut:
    def run(session: Session, now: datetime) -> DeviceOut:
        device = find_device(session, device_id, caller)
        what(session, device, now)
        return _finish(session, device, now, caller, action)

    return _told(deps, run)


def _finish(session: Session, device: Device, now: datetime, caller: Caller, action: str) -> DeviceOut:
    """The audit entry and the place among the changes; an answer to an act carries no health values."""
    audit.write(session, now, caller, action, subject=device.code, home_id=device.home_id)
    record_device(session, device.id, device.home_id, now)
    return device_views(session, [device], now, [])[0]


def _provisioned(view: DeviceOut, access: MqttAccess) -> ProvisionedDevice:
    return ProvisionedDevice(**dict(view), mqtt=MqttOut(**asdict(access)))


def _told(deps: Deps, run: Callable[[Session, datetime], Answer]) -> Answer:
    answer = deps.desk.act(run)
    deps.hint(None)
    return answer


@router.get(
    "/devices/{device_id}/readings",
    responses=refusals(
        NO_DEVICE,
        InvalidInputError("unknown_metric"),
        InvalidInputError("period_invalid"),
        UnavailableError("readings_unavailable"),
    ),
)
def read_readings(  # noqa: PLR0913, PLR0917 a query has that many sides
    device_id: Id,
    caller: Seer,
    deps: Using,
    metric: Annotated[str, Query(max_length=40)],
    start: Annotated[InstantIn | None, Query(alias="from", description="The last 24 hours when left out.")] = None,
    end: Annotated[InstantIn | None, Query(alias="to", description="Now when left out.")] = None,
    points: Annotated[int, Query(ge=2, le=5000)] = READ_POINTS,
) -> ReadingList:
    """A series, at most `points` of it with its extremes kept."""
    now = deps.clock.now()
    until: datetime = end or now
    since: datetime = start or until - timedelta(hours=READ_HOURS)
    if metric not in METRICS:
        raise InvalidInputError("unknown_metric", metric=metric)
    if since >= until:
        raise InvalidInputError("period_invalid")
    with deps.database.snapshot() as session:
        device = find_device(session, device_id, caller)
    if metric in HEALTH_METRICS:
        if not caller.may_see_medical(device.home_id):
            raise ForbiddenError
        with deps.database.transaction() as session:
            audit.write_look(session, now, caller, subject=f"readings:{device.code}:{metric}", home_id=device.home_id)
    read = deps.readings.read(device_id, metric, since, until, points)
    return ReadingList(items=[ReadingOut(at=point.at, value=point.value) for point in read])


@router.get("/devices/{device_id}/signals", responses=refusals(NO_DEVICE))
def list_signals(device_id: Id, caller: Seer, deps: Using, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> SignalList:
    """What it said lately and what became of it, newest first."""
    with deps.database.snapshot() as session:
        find_device(session, device_id, caller)
        query = sa.select(SignalRecord).where(SignalRecord.device_id == device_id).order_by(SignalRecord.id.desc()).limit(limit)
        items = [
            SignalOut(
                at=signal.device_at or signal.received_at,
                received_at=signal.received_at,
                type=signal.type,
                disposition=signal.disposition,
                data=signal.data,
                incident=signal.incident_id,
            )
            for signal in session.scalars(query)
        ]
    return SignalList(items=items)
