"""Answers about incidents: the row of a queue, and the whole story of one."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from api.schemas.base import InstantOut, Out, PersonReference, SeverityName
from api.schemas.devices import Device
from api.schemas.escalation import EscalationOut
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
    "battery_changed",
    "repaired",
    "replaced",
    "nothing_found",
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
    shelved_until: InstantOut | None
    rule_kind: str
    rule_version: int
    playbook: str | None
    audience: list[str]
    device: AlertDevice | None
    evidence: dict[str, JsonValue] | None


class IncidentItem(Out):
    """A row of the queue. `home` is null for an incident of an area or of the system itself.

    `what` is the kind of the worst alert; `due_at` the nearest instant at which the centre itself will act on it
    (claim expiry, fallback page, a doctor's answer); `ring_count` grows each time it must ring again. `resident_age`
    is in whole years; null when the birth date is unknown, when it is about several people, or when the caller may not
    see the residents of that home. `area` and `homes_affected`, the homes not yet restored, are those of an incident of a
    whole area. What a device in test mode said is marked `test`: it rings nobody. `happened_at` is when it happened, of one
    entered afterwards from paper; `entered_afterwards` says that its times, or that of its first answer, are those of paper.
    `audience` says who it is for; what is not `for_operators` rings at no console and pages nobody of the staff.
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
    audience: list[str]
    for_operators: bool
    state: IncidentStateName
    opened_at: InstantOut
    happened_at: InstantOut | None
    entered_afterwards: bool
    acknowledged_at: InstantOut | None
    closed_at: InstantOut | None
    reason: CloseReasonName | None
    drill: bool
    test: bool
    not_live: bool
    area: AreaReference | None
    homes_affected: int
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
    """One line of an incident's story; `actor` is null when the system did it.

    `done_at` is when it was done, of what was entered afterwards; `at` and `actor` then say when and by whom it was entered.
    """

    id: int
    at: InstantOut
    done_at: InstantOut | None
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


class PageAnswerOut(Out):
    """What a paged person answered."""

    answer: Literal["accepted", "declined", "received"]
    via: str
    at: InstantOut


class PageOut(Out):
    """A message to somebody outside the console about this incident; its target is masked.

    `step` is that of the incident's escalation, null for news to families; `delivery` what the provider told afterwards
    (`delivered`, `read`, `undelivered`), which stops nothing.
    """

    channel: str
    person_name: str | None
    step: int | None
    round: int | None
    delivery: str | None
    delivery_at: InstantOut | None
    answers: list[PageAnswerOut]
    target: str
    cause: str
    state: str
    due_at: InstantOut
    attempts: int
    sent_at: InstantOut | None
    error: str | None


class AffectedHome(Out):
    """A home of an area's incident: why it counts, how much is at risk there, and since when it is restored.

    `reasons` are codes, the gravest first: `oxygen`, `falls`, `alone`, `age`.
    """

    code: str
    name: str
    address: str
    phone: str | None
    residents: list[str]
    because: str
    risk: int
    reasons: list[str]
    joined_at: InstantOut
    restored_at: InstantOut | None


class IncidentDetail(IncidentItem):
    """Everything about one incident that the caller may see; `homes` of an area's, those most at risk first.

    `may_close` says whether it is the caller's to close; what the present state allows is judged when they do.
    """

    may_close: bool
    homes: list[AffectedHome]
    timeline: list[TimelineItem]
    residents: list[ResidentOut]
    contacts: list[ContactOut]
    home_detail: HomeDetail | None
    devices: list[Device]
    past: list[IncidentItem]
    script: list[ScriptStep]
    pages: list[PageOut]
    escalation: EscalationOut | None
    """Null where nobody is paged for it, and for those who do not watch the queue."""
