"""Rosters, leave and holidays as they cross HTTP. `spec` is the whole roster, as `people.duty.schemas` reads it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from api.schemas.base import InstantIn, InstantOut, Out
from people.duty.schemas import RosterSpec
from people.schemas import In, Name, Username


class RosterItem(Out):
    """A roster."""

    code: str
    name: str
    spec: RosterSpec
    updated_at: InstantOut
    updated_by: str | None


class RosterList(Out):
    """Every roster, by code."""

    items: list[RosterItem]


class RosterPut(In):
    """What a roster is to say."""

    name: Name
    spec: RosterSpec


class PersonOnShift(Out):
    """Somebody who has a shift; `instead_of` is the name of whom they stand in for."""

    username: str
    name: str
    instead_of: str | None


class ShiftOut(Out):
    """A shift, or the part of it in which the same people are there."""

    name: str
    since_at: InstantOut
    until_at: InstantOut
    people: list[PersonOnShift]


class RosterDay(Out):
    """The shifts that begin on a day."""

    day: date
    shifts: list[ShiftOut]


class RosterDays(Out):
    """The days of a roster, at most 92."""

    days: list[RosterDay]


class DutyOfRoster(Out):
    """Who a roster means at this moment."""

    roster: str
    name: str
    people: list[PersonOnShift]


class DutyNow(Out):
    """Who is on duty at this moment, by roster."""

    items: list[DutyOfRoster]


class LeaveOut(Out):
    """Somebody is not there; the reason is shown to those who may change duty."""

    id: int
    username: str
    name: str
    starts_at: InstantOut
    ends_at: InstantOut
    substitute: str | None
    substitute_name: str | None
    reason: str | None


class LeaveList(Out):
    """Leave that is not over, earliest first."""

    items: list[LeaveOut]


class LeaveCreate(In):
    """Somebody will not be there."""

    username: Username
    starts_at: InstantIn
    ends_at: InstantIn
    substitute: Username | None = None
    reason: Annotated[str, Field(max_length=200)] | None = None


class HolidayOut(Out):
    """A day off, or a weekend day that is worked."""

    day: date
    name: str
    working: bool


class HolidayList(Out):
    """Days that are not what the calendar says, in order."""

    items: list[HolidayOut]


class HolidayPut(In):
    """What a day is."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    working: bool = False
