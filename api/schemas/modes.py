"""Modes of homes and devices, what they keep out of sight, and what is shelved."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from api.schemas.base import Id, InstantIn, InstantOut, Out, PersonReference, SeverityName
from api.schemas.incidents import AlertDevice, AlertOut
from people.schemas import In

ModeName = Literal["away", "hospital", "test", "drill", "out_of_service"]
BecauseName = Literal["away", "hospital", "out_of_service", "monitor", "shelved", "outage"]
Reason = Annotated[str, Field(min_length=1, max_length=300)]


class ModeOut(Out):
    """One stay in a mode. It always has an end; `ended_by` is null when its time was simply over.

    `movement_seen_at` is the first movement in a home that is said to be empty: somebody is asked about it then.
    """

    id: int
    mode: ModeName
    home: str
    home_name: str
    resident: PersonReference | None
    device: AlertDevice | None
    reason: str | None
    starts_at: InstantOut
    until_at: InstantOut
    set_by: str
    movement_seen_at: InstantOut | None
    ended_at: InstantOut | None
    ended_by: str | None


class ModeList(Out):
    """A page of stays, newest first."""

    items: list[ModeOut]
    next: str | None


class ModeCreate(In):
    """A stay: `away` and `hospital` of a home or one resident, `test` and `out_of_service` of a device, `drill` of a home."""

    mode: ModeName
    until: InstantIn
    reason: Reason | None = None
    resident_id: Id | None = None
    device_id: Id | None = None


class SuppressedOut(Out):
    """Something a rule found that no operator was shown, with its reason. `home` is null for what is found in an area."""

    id: int
    at: InstantOut
    last_at: InstantOut
    count: int
    because: BecauseName
    home: str | None
    home_name: str | None
    device: AlertDevice | None
    resident: PersonReference | None
    rule: str
    rule_kind: str
    rule_version: int
    subject: str
    kind: str
    severity: SeverityName
    mode: int | None
    alert: int | None
    lasting: bool
    ended_at: InstantOut | None
    evidence: dict[str, JsonValue] | None


class SuppressedList(Out):
    """A page of what was suppressed, newest first."""

    items: list[SuppressedOut]
    next: str | None


class Shelve(In):
    """Until when an alert is shelved, 8 hours at most."""

    until: InstantIn
    reason: Reason | None = None


class ShelvedOut(Out):
    """A shelved alert with the incident it stands in; that is null for what only waits for people to come home."""

    alert: AlertOut
    until_at: InstantOut
    incident: int | None
    incident_number: int | None
    home: str | None
    home_name: str | None


class ShelvedList(Out):
    """All that is shelved, by its end."""

    items: list[ShelvedOut]
