"""Answers about homes: the row of a list, everything about one, its last day as a picture, and what a family sees."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from alerts.verdict import Sentence, Verdict
from api.schemas.base import InstantOut, Out
from api.schemas.devices import Device, ReadingOut
from api.schemas.incidents import IncidentItem, TimelineItem
from api.schemas.people import AreaReference, ContactOut, ResidentOut
from api.schemas.reach import ContactPointOut
from people.schemas import Rhythm


class HomeItem(Out):
    """A home as a row of a list."""

    code: str
    name: str
    address: str
    area: AreaReference | None
    phone: str | None
    residents: list[str]
    devices: int
    silent_devices: int
    open_incidents: int


class HomeList(Out):
    """A page of homes; ask again with `cursor=next` until it is null."""

    items: list[HomeItem]
    next: str | None


class HomeOut(Out):
    """Everything about a home that the caller may see."""

    code: str
    name: str
    address: str
    area: AreaReference | None
    entry_method: str | None
    phone: str | None
    notes: str | None
    latitude: float | None
    longitude: float | None
    rhythm: Rhythm | None
    """When it sleeps and has daylight; null: the defaults."""
    residents: list[ResidentOut]
    contacts: list[ContactOut]
    devices: list[Device]
    open_incidents: list[IncidentItem]


class Span(Out):
    """A stretch of time in a lane of the day."""

    start: InstantOut = Field(serialization_alias="from")
    end: InstantOut = Field(serialization_alias="to")
    kind: str


class Mark(Out):
    """A moment in a lane of the day."""

    at: InstantOut
    kind: str
    text: str | None


class Lane(Out):
    """One row of the picture: movement of a room, a door, the bed, the alarms."""

    key: str
    name: str
    spans: list[Span]
    marks: list[Mark]


class VitalSeries(Out):
    """One vital over the day with its normal band."""

    metric: str
    unit: str
    points: list[ReadingOut]
    low: float | None
    high: float | None


class UsualHour(Out):
    """How much movement this hour of the day usually has: happenings per hour, the mean of the days before."""

    hour: int
    movement: float


DayCode = Literal["moving", "still", "never_moved", "nothing_heard", "no_devices"]


class DaySentence(Out):
    """The picture in words: a code the pages translate, and what fills it."""

    code: DayCode
    last_movement_at: InstantOut | None
    movements: int
    usual_movements: float | None


class Day(Out):
    """The last hours of a home as a picture.

    With `readings_away` the store of readings does not answer: `vitals` are unknown, not normal. The rest is as ever.
    """

    start: InstantOut = Field(serialization_alias="from")
    end: InstantOut = Field(serialization_alias="to")
    lanes: list[Lane]
    vitals: list[VitalSeries]
    readings_away: bool
    usual: list[UsualHour]
    sentence: DaySentence


class LastMovement(Out):
    """When and where somebody was last noticed."""

    at: InstantOut
    room: str | None


class LowestBattery(Out):
    """The battery that will be empty first."""

    lowest: float
    device: str


class DeviceCounts(Out):
    """How many devices watch, and how many of them are silent."""

    total: int
    silent: int


class FamilyIncident(IncidentItem):
    """An open incident with the steps taken so far."""

    steps: list[TimelineItem]


class FamilyContact(Out):
    """The reader themselves as a contact of the home: what they agreed to, and how they are reached.

    Without `points` it is by the telephone number.
    """

    name: str
    phone: str
    alarm_consent_at: InstantOut | None
    digest_consent_at: InstantOut | None
    points: list[ContactPointOut]


class FamilyHome(Out):
    """Is today normal? `unknown` is said where nothing was heard for too long: stale is never shown as normal."""

    home: str
    name: str
    address: str
    phone: str | None
    residents: list[str]
    verdict: Verdict
    sentence_code: Sentence
    last_movement: LastMovement | None
    last_seen_at: InstantOut | None
    battery: LowestBattery | None
    devices: DeviceCounts
    incident: FamilyIncident | None
    open_incidents: int
    centre_phone: str | None
    contact: FamilyContact | None
    """Null when no contact of the home has the reader's number: then no page reaches them."""


class FamilyHomeList(Out):
    """The homes of a family."""

    items: list[FamilyHome]
