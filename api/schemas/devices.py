"""Answers about devices: the catalogue, what hangs in a home, its readings and signals, and what was not understood."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from api.schemas.base import InstantOut, Out, PersonReference

DeviceStateName = Literal["registered", "live", "retired"]


class MetricLimits(Out):
    """Where a reading begins to be an alert."""

    low: float | None
    high: float | None


class ProfileName(Out):
    """The name of a model in both languages of the pages."""

    chinese: str = Field(serialization_alias="zh-CN")
    english: str = Field(serialization_alias="en")


class ProfileOut(Out):
    """A catalogue entry: what a model can say and how often."""

    id: str
    name: ProfileName
    category: str
    worn: bool
    signals: list[str]
    metrics: list[str]
    limits: dict[str, MetricLimits]
    silence_seconds: float
    cancel_window_seconds: float | None


class ProfileList(Out):
    """The catalogue."""

    items: list[ProfileOut]


class Value(Out):
    """The latest value of a metric and when it was measured."""

    value: float
    at: InstantOut


class Device(Out):
    """A thing at a home that speaks. `silent` means: not heard for longer than its profile allows (also true when never heard).

    `credential` is what it signs in with; null for what speaks through a gateway, and for a device that cannot sign in because
    its certificate was revoked.
    """

    id: int
    code: str
    home: str
    name: str
    room: str | None
    profile: str
    profile_name: ProfileName
    serial: str | None
    model: str | None
    resident: PersonReference | None
    parent: int | None
    state: DeviceStateName
    live_at: InstantOut | None
    last_seen_at: InstantOut | None
    last_event_at: InstantOut | None
    online: bool | None
    battery: float | None
    rssi: float | None
    firmware: str | None
    values: dict[str, Value]
    silent: bool
    silence_due_seconds: float
    credential: Literal["secret", "certificate"] | None
    certificate_ends_at: InstantOut | None
    refused_at: InstantOut | None
    refused_reason: str | None
    tested_at: InstantOut | None


class DeviceList(Out):
    """A page of devices."""

    items: list[Device]
    next: str | None


class DeviceCertificate(Out):
    """What a device signs in with instead of a password (PEM); `key` is shown this once only, and null when it made its own."""

    certificate: str
    key: str | None
    ends_at: InstantOut


class MqttAccess(Out):
    """What a device needs to speak; the password is shown this once only, and null when it has a certificate."""

    host: str
    port: int
    tls: bool
    username: str
    password: str | None
    certificate: DeviceCertificate | None
    client_id: str
    topic: str


class ProvisionedDevice(Device):
    """A device with its new access; `mqtt` is null for what speaks through a gateway."""

    mqtt: MqttAccess | None


class ReadingOut(Out):
    """One point of a series."""

    at: InstantOut
    value: float


class ReadingList(Out):
    """At most the number of points asked for, extremes kept."""

    items: list[ReadingOut]


class SignalOut(Out):
    """A discrete happening and what became of it; `incident` is the id of the incident it led to."""

    at: InstantOut
    received_at: InstantOut
    type: str
    disposition: str
    data: dict[str, JsonValue] | None
    incident: int | None


class SignalList(Out):
    """The newest first."""

    items: list[SignalOut]


class UnknownMessageOut(Out):
    """What arrived and was not understood, counted per topic and reason, with the newest payload kept."""

    id: int
    topic: str
    reason: str
    detail: str | None
    count: int
    home: str | None
    device: str | None
    first_at: InstantOut
    last_at: InstantOut
    payload: str | None
    encoding: Literal["text", "base64"] | None


class UnknownMessageList(Out):
    """A page, newest first."""

    items: list[UnknownMessageOut]
    next: str | None


class RefusalOut(Out):
    """A connection or publication the broker refused, counted per client and reason."""

    client: str
    reason: str
    detail: str | None
    count: int
    device: str | None
    first_at: InstantOut
    last_at: InstantOut


class RefusalList(Out):
    """The newest first."""

    items: list[RefusalOut]
