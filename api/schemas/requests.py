"""What is sent about devices and incidents, and the bounds of every query."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.base import Id, InstantIn, SeverityName
from api.schemas.incidents import CloseReasonName
from people.schemas import Code, In

Note = Annotated[str, Field(min_length=1, max_length=4000)]
HandMadeKind = Literal[
    "sos",
    "fall",
    "smoke",
    "gas",
    "co",
    "water",
    "vitals",
    "inactivity",
    "doctor_call",
    "device_fault",
    "phone_call",
    "walk_in",
    "manual",
    "other",
]


CertificateRequest = Annotated[str, Field(min_length=1, max_length=16_384)]


class DeviceCreate(In):
    """A device to be hung in a home; `serial` is printed on it, ours is made when it has none.

    With `credential` certificate it gets a certificate instead of a secret, for its own key when it sends a signing request.
    """

    home: Code
    name: Annotated[str, Field(min_length=1, max_length=200)]
    profile: Annotated[str, Field(max_length=60)]
    serial: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    resident: Id | None = None
    room: Annotated[str, Field(max_length=60)] | None = None
    credential: Literal["secret", "certificate"] = "secret"
    certificate_request: CertificateRequest | None = None


class DeviceCertify(In):
    """A certificate for a device; `certificate_request` is its own signing request (PEM), else a key is made for it."""

    certificate_request: CertificateRequest | None = None


class DeviceChange(In):
    """What is to change; fields left out stay."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    room: Annotated[str, Field(max_length=60)] | None = None
    resident: Id | None = None
    profile: Annotated[str, Field(max_length=60)] | None = None


class DoneOnPaper(In):
    """A line of the paper: an act with the time it was done. `dispatch` takes a responder, `close` a reason, `note` a note."""

    act: Literal["acknowledge", "dispatch", "on_scene", "resolve", "close", "note"]
    done_at: InstantIn
    responder: Annotated[str, Field(max_length=64)] | None = None
    responder_name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    reason: CloseReasonName | None = None
    note: Note | None = None


class IncidentCreate(In):
    """An incident made by hand: a phone call, a walk-in.

    One that is entered afterwards says when it `happened_at` (within the last 7 days) and what was `done` about it, in its
    order. Entered as resolved or closed it rings nobody and pages nobody; otherwise it rings from now on like any other.
    """

    home: Code
    kind: HandMadeKind
    note: Note
    severity: SeverityName | None = None
    drill: bool = False
    happened_at: InstantIn | None = None
    done: Annotated[list[DoneOnPaper], Field(max_length=50, default_factory=list)]


class Enter(In):
    """What was done on paper about an incident, in its order: all of it is entered, or nothing."""

    done: Annotated[list[DoneOnPaper], Field(min_length=1, max_length=50)]


class Dispatch(In):
    """Who is sent: a user name, or the name of somebody without a sign-in."""

    responder: Annotated[str, Field(max_length=64)] | None = None
    responder_name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    note: Note | None = None


class OptionalNote(In):
    """A note beside an act."""

    note: Note | None = None


class Close(In):
    """Why it is closed; while the condition is still there, until when its alert is shelved."""

    reason: CloseReasonName
    note: Note | None = None
    shelve_until: InstantIn | None = None


class NoteText(In):
    """A line for the timeline."""

    text: Note


class Merge(In):
    """The incident this one goes into."""

    into: Id


class Split(In):
    """The alerts that become an incident of their own."""

    alerts: Annotated[list[Id], Field(min_length=1, max_length=100)]
