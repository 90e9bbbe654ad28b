"""Answers about incidents: the row of a queue, and the whole story of one."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from api.schemas.base import InstantOut, Out, PersonReference, SeverityName
from api.schemas.devices import Device
from api.schemas.people import AreaReference, ContactOut, ResidentOut

IncidentStateName = Literal["open", "acknowledged", "dispatched", "on_scene", "resolved", "closed"]
AlertStateName = Literal[
    "unacknowledged", "acknowledged", "return_unacknowledged", "shelved", "suppressed", "out_of_service", "normal"
]
CloseReasonName = Literal[
    "real_assisted",
    "real_ambulance",
    "reassured",
    "false_accidental",
    "false_device",
    "technical",
    "test",
    "duplicate",
    "handed_over",
]


class ResponderReference(Out):
    """Who was sent; `id` is null for somebody without a sign-in."""

    id: int | None
    name: str


class AlertDevice(Out):
    """The device an alert is about."""

    id: int
    name: str
    room: str | None


class AlertOut(Out):
    """One condition at one home, in an ISA-18.2 state."""

    id: int
    rule: str
    subject: str
    kind: str
    severity: SeverityName
    state: AlertStateName
    raised_at: InstantOut
    happened_at: InstantOut
    last_signal_at: InstantOut
    count: int
    pending: bool
    cancelled: bool
    condition_active: bool
    device: AlertDevice | None
    evidence: dict[str, JsonValue] | None


class IncidentItem(Out):
    """A row of the queue. `home` is null for an incident of an area or of the system itself.

    `what` is the kind of the worst alert; `due_at` the nearest instant at which the centre itself will act on it
    (claim expiry, fallback page, a doctor's answer); `ring_count` grows each time it must ring again. `resident_age`
    is in whole years; null when the birth date is unknown, when it is about several people, or when the caller may not
    see the residents of that home.
    """

    id: int
    number: int
    kind: str
    home: str | None
    home_name: str | None
    address: str | None
    resident_name: str | None
    resident_age: int | None
    severity: SeverityName
    state: IncidentStateName
    opened_at: InstantOut
    acknowledged_at: InstantOut | None
    closed_at: InstantOut | None
    reason: CloseReasonName | None
    drill: bool
    not_live: bool
    owner: PersonReference | None
    responder: ResponderReference | None
    ring_count: int
    due_at: InstantOut | None
    what: str
    alert_count: int
    alerts: list[AlertOut]
    version: int


class IncidentList(Out):
    """A page of incidents, open ones worst and oldest first, closed ones newest first."""

    items: list[IncidentItem]
    next: str | None


class TimelineItem(Out):
    """One line of an incident's story; `actor` is null when the system did it."""

    id: int
    at: InstantOut
    act: str
    actor: str | None
    details: dict[str, JsonValue] | None


class HomeDetail(Out):
    """What somebody at the door needs."""

    code: str
    name: str
    address: str
    area: AreaReference | None
    entry_method: str | None
    phone: str | None
    notes: str | None
    latitude: float | None
    longitude: float | None


class ScriptStep(Out):
    """A step of the script for this kind of alarm; the pages hold its text."""

    key: str


class PageOut(Out):
    """A message to somebody outside the console about this incident; its target is masked."""

    channel: str
    target: str
    cause: str
    state: str
    due_at: InstantOut
    attempts: int
    sent_at: InstantOut | None
    error: str | None


class IncidentDetail(IncidentItem):
    """Everything about one incident that the caller may see."""

    timeline: list[TimelineItem]
    residents: list[ResidentOut]
    contacts: list[ContactOut]
    home_detail: HomeDetail | None
    devices: list[Device]
    past: list[IncidentItem]
    script: list[ScriptStep]
    pages: list[PageOut]
