"""Changing rosters, leave and holidays. Each function is one change inside the caller's transaction, with its audit entry.

What is on duty is asked when a page is sent, so a change counts from the moment it is committed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.errors import ForbiddenError, InvalidInputError, NotFoundError
from people import audit
from people.duty.model import Holiday, Leave, Roster
from people.duty.schemas import RosterSpec
from people.duty.store import find_roster, roster_by_code, users_by_name
from people.model import User
from people.rights import Caller, scope_of

LONGEST_LEAVE = timedelta(days=366)


def save_roster(session: Session, code: str, name: str, spec: RosterSpec, now: datetime, actor: Caller) -> Roster:  # noqa: PLR0913, PLR0917 its facts
    """Make or replace a roster; InvalidInputError `unknown_user`, `unknown_shift`, `shift_named_twice`."""
    check_whole_centre(actor)
    _check(session, spec)
    roster = roster_by_code(session, code)
    made = roster is None
    if roster is None:
        roster = Roster(code=code, name=name, spec={}, updated_at=now)
        session.add(roster)
    roster.name = name
    roster.spec = spec.model_dump(mode="json")
    roster.updated_at = now
    roster.updated_by = actor.name
    session.flush()
    audit.write(session, now, actor, "roster.created" if made else "roster.changed", subject=code, name=name)
    return roster


def _check(session: Session, spec: RosterSpec) -> None:
    names = [shift.name for shift in spec.shifts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInputError("shift_named_twice", shift=twice)
    unknown = next((one.shift for one in spec.overrides if one.shift not in names), None)
    if unknown is not None:
        raise InvalidInputError("unknown_shift", shift=unknown)
    wanted = {one for shift in spec.shifts for group in shift.groups for one in group} | {
        person for one in spec.overrides for person in one.people
    }
    known = set(session.scalars(sa.select(User.username).where(User.username.in_(wanted)))) if wanted else set()
    missing = sorted(wanted - known)
    if missing:
        raise InvalidInputError("unknown_user", user=missing[0])


def remove_roster(session: Session, code: str, now: datetime, actor: Caller) -> None:
    """Take a roster away; whether a policy still asks it is the caller's question."""
    check_whole_centre(actor)
    session.delete(find_roster(session, code))
    audit.write(session, now, actor, "roster.removed", subject=code)


def add_leave(  # noqa: PLR0913, PLR0917 the facts of a leave
    session: Session,
    username: str,
    starts_at: datetime,
    ends_at: datetime,
    substitute: str | None,
    reason: str | None,
    now: datetime,
    actor: Caller,
) -> Leave:
    """Say that somebody is away; InvalidInputError `unknown_user`, `period_invalid`, `substitute_is_self`."""
    if not starts_at < ends_at <= starts_at + LONGEST_LEAVE:
        raise InvalidInputError("period_invalid")
    if substitute == username:
        raise InvalidInputError("substitute_is_self")
    known = users_by_name(session, [name for name in (username, substitute) if name is not None])
    for name in (username, substitute):
        if name is not None and name not in known:
            raise InvalidInputError("unknown_user", user=name)
    user = known[username]
    if not scope_of(user).within(actor.scope):
        raise ForbiddenError("scope_exceeds_own")
    leave = Leave(
        user_id=user.id,
        starts_at=starts_at,
        ends_at=ends_at,
        substitute_id=None if substitute is None else known[substitute].id,
        reason=reason,
    )
    session.add(leave)
    session.flush()
    audit.write(session, now, actor, "leave.added", subject=username, starts_at=str(starts_at), ends_at=str(ends_at))
    return leave


def remove_leave(session: Session, leave_id: int, now: datetime, actor: Caller) -> None:
    """Take a leave back; NotFoundError `leave_not_found`."""
    leave = session.get(Leave, leave_id)
    user = None if leave is None else session.get_one(User, leave.user_id)
    if leave is None or user is None or not scope_of(user).within(actor.scope):
        raise NotFoundError("leave_not_found")
    session.delete(leave)
    audit.write(session, now, actor, "leave.removed", subject=user.username)


def save_holiday(session: Session, day: date, name: str, now: datetime, actor: Caller, *, working: bool) -> Holiday:  # noqa: PLR0913 its facts
    """Say what a day is: a day off, or a weekend day that is worked (InvalidInputError `not_a_weekend_day`)."""
    check_whole_centre(actor)
    if working and day.isoweekday() <= 5:  # noqa: PLR2004 Friday
        raise InvalidInputError("not_a_weekend_day", day=day.isoformat())
    holiday = session.scalar(sa.select(Holiday).where(Holiday.day == day))
    if holiday is None:
        holiday = Holiday(day=day, name=name, working=working)
        session.add(holiday)
    holiday.name = name
    holiday.working = working
    session.flush()
    audit.write(session, now, actor, "holiday.saved", subject=day.isoformat(), name=name, working=working)
    return holiday


def remove_holiday(session: Session, day: date, now: datetime, actor: Caller) -> None:
    """Make it a day like any other; NotFoundError `holiday_not_found`."""
    check_whole_centre(actor)
    holiday = session.scalar(sa.select(Holiday).where(Holiday.day == day))
    if holiday is None:
        raise NotFoundError("holiday_not_found")
    session.delete(holiday)
    audit.write(session, now, actor, "holiday.removed", subject=day.isoformat())


def check_whole_centre(actor: Caller) -> None:
    """ForbiddenError `scope_exceeds_own` for whoever is limited to areas: this is the whole centre's."""
    if not actor.scope.whole_centre:
        raise ForbiddenError("scope_exceeds_own")


__all__ = [
    "LONGEST_LEAVE",
    "add_leave",
    "check_whole_centre",
    "remove_holiday",
    "remove_leave",
    "remove_roster",
    "save_holiday",
    "save_roster",
]
