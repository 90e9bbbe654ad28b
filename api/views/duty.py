"""Duty as answers: rosters, their days, who has the shift now, leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from api.schemas.duty import DutyOfRoster, LeaveOut, PersonOnShift, RosterDay, RosterItem, ShiftOut
from people.duty.model import Leave, Roster
from people.duty.on_duty import Calendar, OnDuty, on_duty, shifts_of_day
from people.duty.schemas import RosterSpec
from people.duty.store import calendar_of
from people.model import User


def roster_item(roster: Roster) -> RosterItem:
    """A roster."""
    return RosterItem(
        code=roster.code,
        name=roster.name,
        spec=RosterSpec.model_validate(roster.spec),
        updated_at=roster.updated_at,
        updated_by=roster.updated_by,
    )


def roster_days(session: Session, roster: Roster, first: date, last: date, timezone: str) -> list[RosterDay]:
    """The shifts of a period, day by day."""
    spec = RosterSpec.model_validate(roster.spec)
    zone = ZoneInfo(timezone)
    since_at = datetime.combine(first, datetime.min.time(), zone)
    until_at = datetime.combine(last + timedelta(days=2), datetime.min.time(), zone)
    calendar = calendar_of(session, since_at, until_at, timezone)
    names = _names(session, [spec], calendar)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [
        RosterDay(
            day=day,
            shifts=[
                ShiftOut(name=one.name, since_at=one.since_at, until_at=one.until_at, people=_people(one.people, names))
                for one in shifts_of_day(spec, day, calendar)
            ],
        )
        for day in days
    ]


def duty_now(session: Session, rosters: Sequence[Roster], now: datetime, timezone: str) -> list[DutyOfRoster]:
    """Who each roster means at this moment."""
    calendar = calendar_of(session, now, now, timezone)
    specs = {roster.code: RosterSpec.model_validate(roster.spec) for roster in rosters}
    names = _names(session, specs.values(), calendar)
    return [
        DutyOfRoster(roster=one.code, name=one.name, people=_people(on_duty(specs[one.code], now, calendar), names))
        for one in rosters
    ]


def _people(people: Iterable[OnDuty], names: dict[str, str]) -> list[PersonOnShift]:
    """Somebody who cannot sign in any more is not there."""
    return [
        PersonOnShift(
            username=one.username,
            name=names[one.username],
            instead_of=None if one.instead_of is None else names.get(one.instead_of, one.instead_of),
        )
        for one in people
        if one.username in names
    ]


def _names(session: Session, specs: Iterable[RosterSpec], calendar: Calendar) -> dict[str, str]:
    wanted = {one.substitute for one in calendar.away if one.substitute is not None}
    for spec in specs:
        wanted |= {person for shift in spec.shifts for group in shift.groups for person in group}
        wanted |= {person for one in spec.overrides for person in one.people}
    query = sa.select(User.username, User.name).where(User.username.in_(wanted), User.disabled_at.is_(None))
    return dict(session.execute(query).all()) if wanted else {}


def leave_views(session: Session, leaves: Sequence[Leave], *, with_reason: bool) -> list[LeaveOut]:
    """Leave with the names of the people."""
    ids = {id_ for one in leaves for id_ in (one.user_id, one.substitute_id) if id_ is not None}
    users = {user.id: user for user in session.scalars(sa.select(User).where(User.id.in_(ids)))} if ids else {}
    found = []
    for one in leaves:
        substitute = None if one.substitute_id is None else users[one.substitute_id]
        found.append(
            LeaveOut(
                id=one.id,
                username=users[one.user_id].username,
                name=users[one.user_id].name,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                substitute=None if substitute is None else substitute.username,
                substitute_name=None if substitute is None else substitute.name,
                reason=one.reason if with_reason else None,
            )
        )
    return found
