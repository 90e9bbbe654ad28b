"""Answers about people and places: who is signed in, users, areas, residents, contacts, the audit."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import JsonValue

from api.schemas.base import InstantOut, Out, RoleName
from people.schemas import AvailableTime


class CentreOut(Out):
    """The centre a person belongs to."""

    name: str
    phone: str | None


class Me(Out):
    """The person who is signed in, and what they may do (`can`: names of capabilities)."""

    id: int
    username: str
    name: str
    role: RoleName
    must_change_password: bool
    areas: list[str]
    homes: list[str]
    centre: CentreOut
    language: Literal["zh-CN", "en"]
    can: list[str]


class SignedIn(Out):
    """The answer to a sign-in; the token is also set as the session cookie."""

    token: str
    user: Me
    must_change_password: bool


class UserOut(Out):
    """A person of the staff or of a family."""

    id: int
    username: str
    name: str
    role: RoleName
    phone: str | None
    areas: list[str]
    homes: list[str]
    must_change_password: bool
    disabled: bool
    created_at: InstantOut


class UserList(Out):
    """All users the caller may manage."""

    items: list[UserOut]


class ResponderOut(Out):
    """Somebody who can be sent."""

    id: int
    username: str
    name: str
    phone: str | None


class ResponderList(Out):
    """Everybody who can be sent."""

    items: list[ResponderOut]


class AreaOut(Out):
    """A node of the centre's tree; `path` is made of codes, `/root/child/`."""

    code: str
    name: str
    parent: str | None
    path: str


class AreaList(Out):
    """The tree, parents before children."""

    items: list[AreaOut]


class AreaReference(Out):
    """Where a home lies, with the names from the root down."""

    code: str
    name: str
    path_names: list[str]


class Medical(Out):
    """The medical card; each look at it is in the audit."""

    illnesses: str | None
    medicines: str | None
    allergies: str | None
    blood_type: str | None
    doctor: str | None


class ResidentOut(Out):
    """A person who lives in a home; `medical` is null where the caller may not see it."""

    id: int
    name: str
    gender: str | None
    birth_date: date | None
    age: int | None
    phone: str | None
    photo_url: str | None
    dialect: str | None
    hearing: str | None
    mobility: str | None
    lives_alone: bool
    on_oxygen: bool | None
    """Needs a machine that needs electricity; null, as the next two, where the caller may not see the medical card."""
    falls_easily: bool | None
    rule_values: dict[str, dict[str, JsonValue]] | None
    """Own values of rules, `{rule code: {parameter: value}}`."""
    medical: Medical | None


class ContactOut(Out):
    """Family or key holder, in the order they are called."""

    id: int
    name: str
    phone: str
    relation: str | None
    order: int
    key_holder: bool
    availability: str | None
    available: list[AvailableTime] | None
    """When to call; null means always."""
    alarm_consent: bool
    alarm_consent_at: InstantOut | None
    digest_consent: bool
    digest_consent_at: InstantOut | None
    consent_taken_by: str | None
    """Who took what was agreed to last; the audit has all of it."""


class AuditItem(Out):
    """One change, or one look at medical data."""

    id: int
    at: InstantOut
    user_id: int | None
    actor: str
    action: str
    subject: str | None
    home: str | None
    details: dict[str, JsonValue] | None


class AuditList(Out):
    """A page of the audit, newest first."""

    items: list[AuditItem]
    next: str | None
