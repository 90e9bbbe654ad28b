"""Who is on duty at a moment, from a roster, the calendar and who is away. Pure.

Time of day is that of the centre's zone. A shift belongs to the day it begins and may run over midnight; where the zone
moves its clocks, a shift begins and ends when the wall says so. Nothing is kept: asked again, the answer is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from people.duty.schemas import RosterSpec, Shift

_ONE_DAY = timedelta(days=1)
_WORKING_WEEK = frozenset({1, 2, 3, 4, 5})
_MOST_SUBSTITUTES = 10


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody is not there from `starts_at` until `ends_at`; a substitute may stand in."""

    username: str
    starts_at: datetime
    ends_at: datetime
    substitute: str | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The zone, the days that are not what the calendar says (True: a weekend day that is worked), and who is away."""

    zone: ZoneInfo
    holidays: Mapping[date, bool] = field(default_factory=dict)
    away: Sequence[Away] = ()

    def is_holiday(self, day: date) -> bool:
        """Whether it is a day off."""
        return self.holidays.get(day) is False

    def is_worked(self, day: date) -> bool:
        """Whether it is a weekend day that is worked."""
        return self.holidays.get(day) is True

    def instant(self, day: date, time_of_day: str) -> datetime:
        """When the wall shows this time on this day."""
        return datetime.combine(day, time.fromisoformat(time_of_day), self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """One person of a shift, and in whose place they stand."""

    username: str
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class ShiftOfDay:
    """A shift as it takes place on a day, or the part of it in which the same people are there."""

    name: str
    since_at: datetime
    until_at: datetime
    people: tuple[OnDuty, ...]


def on_duty(spec: RosterSpec, now: datetime, calendar: Calendar) -> tuple[OnDuty, ...]:
    """Everybody on duty at `now`, in the roster's order, nobody twice."""
    today = now.astimezone(calendar.zone).date()
    found: dict[str, OnDuty] = {}
    for day in (today - _ONE_DAY, today):
        for shift in spec.shifts:
            since_at, until_at = _hours(shift, day, calendar)
            if since_at <= now < until_at:
                for one in present(_assigned(spec, shift, day, calendar), now, calendar.away):
                    found.setdefault(one.username, one)
    return tuple(found.values())


def shifts_of_day(spec: RosterSpec, day: date, calendar: Calendar) -> tuple[ShiftOfDay, ...]:
    """The shifts that begin on a day, cut where somebody goes or comes back, earliest first."""
    parts: list[ShiftOfDay] = []
    for shift in spec.shifts:
        if not _takes_place(spec, shift, day, calendar):
            continue
        people = _assigned(spec, shift, day, calendar)
        since_at, until_at = _hours(shift, day, calendar)
        edges = sorted({since_at, until_at} | _edges(since_at, until_at, calendar.away))
        cut = [(start, end, present(people, start, calendar.away)) for start, end in pairwise(edges)]
        parts += _joined(shift.name, cut)
    return tuple(sorted(parts, key=lambda one: (one.since_at, one.name)))


def present(usernames: Iterable[str], at: datetime, away: Sequence[Away]) -> tuple[OnDuty, ...]:
    """These people, each who is away replaced by the substitute who is there, or by nobody."""
    found: dict[str, OnDuty] = {}
    for username in usernames:
        stands_in = _who_stands_in(username, at, away)
        if stands_in is not None:
            found.setdefault(stands_in, OnDuty(stands_in, None if stands_in == username else username))
    return tuple(found.values())


def _who_stands_in(username: str, at: datetime, away: Sequence[Away]) -> str | None:
    """Follows substitutes who are away themselves; two who stand in for each other are nobody."""
    person: str | None = username
    for _ in range(_MOST_SUBSTITUTES):
        leave = next((one for one in away if one.username == person and one.starts_at <= at < one.ends_at), None)
        if leave is None or person is None:
            return person
        person = leave.substitute
    return None


def _hours(shift: Shift, day: date, calendar: Calendar) -> tuple[datetime, datetime]:
    last_day = day if shift.since < shift.until else day + _ONE_DAY
    return calendar.instant(day, shift.since), calendar.instant(last_day, shift.until)


def _override(spec: RosterSpec, shift: Shift, day: date) -> tuple[str, ...] | None:
    """The last one written wins."""
    return next((one.people for one in reversed(spec.overrides) if one.day == day and one.shift == shift.name), None)


def _takes_place(spec: RosterSpec, shift: Shift, day: date, calendar: Calendar) -> bool:
    """An override makes a shift take place; before its first turn a rotation has nobody."""
    return _override(spec, shift, day) is not None or (day >= shift.turns_from and _is_its_day(shift, day, calendar))


def _is_its_day(shift: Shift, day: date, calendar: Calendar) -> bool:
    """A weekend day that is worked counts as a day of the working week."""
    if calendar.is_worked(day):
        return shift.on_holidays != "only" and bool(_WORKING_WEEK & set(shift.weekdays))
    if shift.on_holidays != "always" and calendar.is_holiday(day) != (shift.on_holidays == "only"):
        return False
    return day.isoweekday() in shift.weekdays


def _assigned(spec: RosterSpec, shift: Shift, day: date, calendar: Calendar) -> tuple[str, ...]:
    people = _override(spec, shift, day)
    if people is not None:
        return people
    if not _takes_place(spec, shift, day, calendar):
        return ()
    turn = (day - shift.turns_from).days // shift.turn_days
    return shift.groups[turn % len(shift.groups)]


def _edges(since_at: datetime, until_at: datetime, away: Sequence[Away]) -> set[datetime]:
    instants = (instant for one in away for instant in (one.starts_at, one.ends_at))
    return {instant for instant in instants if since_at < instant < until_at}


def _joined(name: str, cut: Sequence[tuple[datetime, datetime, tuple[OnDuty, ...]]]) -> list[ShiftOfDay]:
    """Neighbouring parts with the same people are one."""
    parts: list[ShiftOfDay] = []
    for start, end, people in cut:
        if parts and parts[-1].people == people:
            parts[-1] = ShiftOfDay(name, parts[-1].since_at, end, people)
        else:
            parts.append(ShiftOfDay(name, start, end, people))
    return parts


__all__ = ["Away", "Calendar", "OnDuty", "ShiftOfDay", "on_duty", "present", "shifts_of_day"]
