"""What is done with a device in its life: provision, give a new secret, confirm, change, retire. Nothing here commits.

A secret is 256-bit random and leaves this module once, as a return value; the store keeps its SHA-256. Whatever changes
a device lets the workers' copy of its home grow old.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.config import Settings
from core.errors import ConflictError, InvalidInputError
from core.ids import hash_secret, new_code, new_secret
from devices.certificates import DeviceCertificate
from devices.model import Device, DeviceState
from devices.profiles import Profile, catalogue
from devices.schemas import DeviceChanges, MqttAccess, NewDevice
from devices.store import children_of, home_changed, serial_in_use
from people.model import Home, Resident

_TOPIC_ROOT = "yl/v1"


def provision(session: Session, home: Home, wanted: NewDevice, now: datetime) -> tuple[Device, str]:
    """Register a device at a home; the device and its secret, which nobody can read again.

    Errors: InvalidInputError `unknown_profile`, `unknown_resident`; ConflictError `serial_taken`.
    """
    profile = _profile(wanted.profile)
    _check_resident(session, home.id, wanted.resident_id)
    if wanted.serial is not None and serial_in_use(session, wanted.serial, home.centre_id):
        raise ConflictError("serial_taken", serial=wanted.serial)
    code = new_code("dev")
    secret = new_secret()
    device = Device(
        code=code,
        home_id=home.id,
        resident_id=wanted.resident_id,
        name=wanted.name,
        room=wanted.room,
        profile=profile.id,
        serial=wanted.serial or code,
        secret_hash=hash_secret(secret),
        client_id=f"yl-{code}",
        state=DeviceState.REGISTERED,
        silence_due_at=now + timedelta(seconds=profile.silence_seconds),
        created_at=now,
        centre_id=home.centre_id,
    )
    session.add(device)
    session.flush()
    home_changed(session, home.id)
    return device, secret


def access_for(
    device: Device, home_code: str, secret: str | None, settings: Settings, certificate: DeviceCertificate | None = None
) -> MqttAccess:
    """Where and as whom the device signs in; gateways get the gateway port, devices with a certificate theirs."""
    profile = catalogue().get(device.profile)
    through_gateway_port = profile is not None and profile.is_gateway
    port = settings.mqtt_port if certificate is None or settings.certificate_port is None else settings.certificate_port
    return MqttAccess(
        host=settings.device_host,
        port=settings.gateway_port if through_gateway_port else port,
        tls=settings.transport.speaks_tls("gateway" if through_gateway_port or certificate is not None else "mqtt"),
        username=device.code,
        password=secret,
        certificate=certificate,
        client_id=device.client_id or f"yl-{device.code}",
        topic=f"{_TOPIC_ROOT}/{home_code}/{device.code}",
    )


def rotate_secret(session: Session, device: Device) -> str:
    """A new secret; the old one, or its certificate, no longer signs in. ConflictError `device_has_no_secret`, `device_retired`."""
    _not_retired(device)
    if device.client_id is None:
        raise ConflictError("device_has_no_secret")
    secret = new_secret()
    device.secret_hash = hash_secret(secret)
    device.certificate_hash = None
    device.certificate_ends_at = None
    device.refused_at = None
    device.refused_reason = None
    session.flush()
    home_changed(session, device.home_id)
    return secret


def set_live(session: Session, device: Device, now: datetime, tested_at: datetime | None) -> None:
    """The installer's confirmation; `tested_at` is when the centre saw its test, if it did.

    ConflictError `not_tested` where the profile asks for a test, `device_retired`. Confirming twice changes nothing.
    """
    _not_retired(device)
    profile = catalogue().get(device.profile)
    if profile is not None and "requires_test" in profile.tags and tested_at is None:
        raise ConflictError("not_tested")
    if device.state == DeviceState.LIVE:
        return
    device.state = DeviceState.LIVE
    device.live_at = now
    session.flush()
    home_changed(session, device.home_id)


def change(session: Session, device: Device, wanted: DeviceChanges, now: datetime) -> None:
    """Change name, room, wearer or profile. Errors as `provision`; ConflictError `device_retired`.

    A device whose profile changes means something else from now on, so its test has to be seen again.
    """
    _not_retired(device)
    fields = wanted.model_dump(exclude_unset=True)
    if fields.get("name") is not None:
        device.name = fields["name"]
    if "room" in fields:
        device.room = fields["room"]
    if "resident_id" in fields:
        _check_resident(session, device.home_id, fields["resident_id"])
        device.resident_id = fields["resident_id"]
    if fields.get("profile") is not None and fields["profile"] != device.profile:
        profile = _profile(fields["profile"])
        device.profile = profile.id
        device.state = DeviceState.REGISTERED
        device.live_at = None
        device.silence_due_at = now + timedelta(seconds=profile.silence_seconds)
    session.flush()
    home_changed(session, device.home_id)


def retire(session: Session, device: Device) -> None:
    """Take it, and whatever speaks through it, out of use for good; the history stays. Twice changes nothing."""
    if device.state == DeviceState.RETIRED:
        return
    for each in (device, *children_of(session, device.id)):
        each.state = DeviceState.RETIRED
        each.silence_due_at = None
    session.flush()
    home_changed(session, device.home_id)


def _profile(profile_id: str) -> Profile:
    profile = catalogue().get(profile_id)
    if profile is None:
        raise InvalidInputError("unknown_profile", profile=profile_id)
    return profile


def _check_resident(session: Session, home_id: int, resident_id: int | None) -> None:
    if resident_id is None:
        return
    resident = session.get(Resident, resident_id)
    if resident is None or resident.home_id != home_id:
        raise InvalidInputError("unknown_resident")


def _not_retired(device: Device) -> None:
    if device.state == DeviceState.RETIRED:
        raise ConflictError("device_retired")
