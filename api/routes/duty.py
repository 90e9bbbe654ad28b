"""Who is on duty: rosters, their days, leave and holidays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query

from alerts.escalation.service import check_roster_unused
from api.callers import allowed
from api.deps import Using
from api.errors import refusals
from api.schemas.base import Id
from api.schemas.duty import (
    DutyNow,
    HolidayList,
    HolidayOut,
    HolidayPut,
    LeaveCreate,
    LeaveList,
    LeaveOut,
    RosterDays,
    RosterItem,
    RosterList,
    RosterPut,
)
from api.views.duty import duty_now, leave_views, roster_days, roster_item
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from people.duty import service
from people.duty.store import all_rosters, find_roster, holidays_between, leaves_after
from people.model import User
from people.rights import Caller, Capability, scope_of

router = APIRouter(tags=["duty"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_ESCALATION))]
Changer = Annotated[Caller, Depends(allowed(Capability.CHANGE_ESCALATION))]
Code = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]

_EXCEEDS = ForbiddenError("scope_exceeds_own")
_NO_ROSTER = NotFoundError("roster_not_found")
_MOST_DAYS = 92


@router.get("/rosters", responses=refusals())
def list_rosters(_caller: Seer, deps: Using) -> RosterList:
    """Every roster of the centre."""
    with deps.database.snapshot() as session:
        return RosterList(items=[roster_item(one) for one in all_rosters(session)])


@router.get("/rosters/{code}", responses=refusals(_NO_ROSTER))
def read_roster(code: Code, _caller: Seer, deps: Using) -> RosterItem:
    """One roster."""
    with deps.database.snapshot() as session:
        return roster_item(find_roster(session, code))


@router.put(
    "/rosters/{code}",
    responses=refusals(
        InvalidInputError("unknown_user"), InvalidInputError("unknown_shift"), InvalidInputError("shift_named_twice"), _EXCEEDS
    ),
)
def put_roster(code: Code, wanted: RosterPut, caller: Changer, deps: Using) -> RosterItem:
    """Make or replace a roster; it counts from now on, also for alarms under way."""
    with deps.database.transaction() as session:
        return roster_item(service.save_roster(session, code, wanted.name, wanted.spec, deps.clock.now(), caller))


@router.delete("/rosters/{code}", status_code=204, responses=refusals(_NO_ROSTER, ConflictError("roster_in_use"), _EXCEEDS))
def delete_roster(code: Code, caller: Changer, deps: Using) -> None:
    """Take a roster away that no policy asks."""
    with deps.database.transaction() as session:
        check_roster_unused(session, code)
        service.remove_roster(session, code, deps.clock.now(), caller)


@router.get("/rosters/{code}/days", responses=refusals(_NO_ROSTER, InvalidInputError("period_invalid")))
def list_roster_days(
    code: Code,
    _caller: Seer,
    deps: Using,
    since: Annotated[date | None, Query(alias="from", description="The first day; today when it is left out.")] = None,
    until: Annotated[date | None, Query(alias="to", description="The last day; a week from the first.")] = None,
) -> RosterDays:
    """Who has which shift, day by day, at most 92 days."""
    first = since or deps.clock.now().astimezone(ZoneInfo(deps.settings.timezone)).date()
    last = until or first + timedelta(days=6)
    if not first <= last < first + timedelta(days=_MOST_DAYS) or not date(2000, 1, 1) <= first <= date(2200, 1, 1):
        raise InvalidInputError("period_invalid")
    with deps.database.snapshot() as session:
        return RosterDays(days=roster_days(session, find_roster(session, code), first, last, deps.settings.timezone))


@router.get("/duty/now", responses=refusals())
def read_duty_now(_caller: Seer, deps: Using) -> DutyNow:
    """Who is on duty at this moment, by roster."""
    with deps.database.snapshot() as session:
        return DutyNow(items=duty_now(session, all_rosters(session), deps.clock.now(), deps.settings.timezone))


@router.get("/leaves", responses=refusals())
def list_leaves(caller: Seer, deps: Using) -> LeaveList:
    """Leave that is not over, of the people inside the caller's scope."""
    with deps.database.snapshot() as session:
        leaves = leaves_after(session, deps.clock.now())
        users = {user.id: user for user in session.scalars(sa.select(User).where(User.id.in_({one.user_id for one in leaves})))}
        seen = [one for one in leaves if scope_of(users[one.user_id]).within(caller.scope)]
        return LeaveList(items=leave_views(session, seen, with_reason=caller.can(Capability.CHANGE_ESCALATION)))


@router.post(
    "/leaves",
    status_code=201,
    responses=refusals(
        InvalidInputError("unknown_user"), InvalidInputError("period_invalid"), InvalidInputError("substitute_is_self"), _EXCEEDS
    ),
)
def create_leave(wanted: LeaveCreate, caller: Changer, deps: Using) -> LeaveOut:
    """Say that somebody will not be there, and who stands in."""
    with deps.database.transaction() as session:
        leave = service.add_leave(session, **dict(wanted), now=deps.clock.now(), actor=caller)
        return leave_views(session, [leave], with_reason=True)[0]


@router.delete("/leaves/{leave_id}", status_code=204, responses=refusals(NotFoundError("leave_not_found")))
def delete_leave(leave_id: Id, caller: Changer, deps: Using) -> None:
    """Take a leave back."""
    with deps.database.transaction() as session:
        service.remove_leave(session, leave_id, deps.clock.now(), caller)


@router.get("/holidays", responses=refusals(InvalidInputError("period_invalid")))
def list_holidays(
    _caller: Seer,
    deps: Using,
    year: Annotated[int | None, Query(ge=2000, le=2200, description="One year; all when left out.")] = None,
) -> HolidayList:
    """Days off, and weekend days that are worked."""
    first, last = (date(2000, 1, 1), date(2200, 12, 31)) if year is None else (date(year, 1, 1), date(year, 12, 31))
    with deps.database.snapshot() as session:
        days = holidays_between(session, first, last)
        return HolidayList(items=[HolidayOut(day=one.day, name=one.name, working=one.working) for one in days])


@router.put("/holidays/{day}", responses=refusals(InvalidInputError("not_a_weekend_day"), _EXCEEDS))
def put_holiday(day: date, wanted: HolidayPut, caller: Changer, deps: Using) -> HolidayOut:
    """Say what a day is."""
    with deps.database.transaction() as session:
        one = service.save_holiday(session, day, wanted.name, deps.clock.now(), caller, working=wanted.working)
        return HolidayOut(day=one.day, name=one.name, working=one.working)


@router.delete("/holidays/{day}", status_code=204, responses=refusals(NotFoundError("holiday_not_found"), _EXCEEDS))
def delete_holiday(day: date, caller: Changer, deps: Using) -> None:
    """Make it a day like any other."""
    with deps.database.transaction() as session:
        service.remove_holiday(session, day, deps.clock.now(), caller)
