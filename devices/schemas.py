"""What the services of devices take and give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from devices.certificates import DeviceCertificate

Name = Annotated[str, Field(min_length=1, max_length=200)]
Room = Annotated[str, Field(max_length=60)]
Serial = Annotated[str, Field(min_length=1, max_length=120)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NewDevice(_In):
    """A device to be hung in a home; without a `serial` of its own it is known by our code."""

    name: Name
    profile: str
    serial: Serial | None = None
    resident_id: int | None = None
    room: Room | None = None


class DeviceChanges(_In):
    """What is to change; fields left out stay. None empties `room` and `resident_id`."""

    name: Name | None = None
    room: Room | None = None
    resident_id: int | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class MqttAccess:
    """What a device needs to speak. The password, or the key of its certificate, is known here and then no more."""

    host: str
    port: int
    tls: bool
    username: str
    password: str | None
    client_id: str
    topic: str
    certificate: DeviceCertificate | None = None
