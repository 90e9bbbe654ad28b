"""Rosters by example, and against a slow reference that walks every day and every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from people.duty.on_duty import Away, Calendar, OnDuty, on_duty, shifts_of_day
from people.duty.schemas import Override, RosterSpec, Shift

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str, zone: ZoneInfo = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def shift(**more: Any) -> Shift:
    facts: dict[str, Any] = {"name": "day", "since": "08:00", "until": "20:00", "groups": (("wang",), ("li",))}
    return Shift(**facts | {"turns_from": date(2026, 1, 1)} | more)


def names(spec: RosterSpec, when: str, **calendar: Any) -> list[str]:
    return [one.username for one in on_duty(spec, at(when), Calendar(ZONE, **calendar))]


def test_groups_take_turns_and_nobody_is_there_outside_the_shift() -> None:
    spec = RosterSpec(shifts=(shift(),))
    assert names(spec, "2026-01-01T08:00") == ["wang"]
    assert names(spec, "2026-01-02T19:59") == ["li"]
    assert names(spec, "2026-01-02T20:00") == []
    assert names(spec, "2026-01-03T07:59") == []


def test_before_the_first_turn_nobody_has_it() -> None:
    assert names(RosterSpec(shifts=(shift(),)), "2025-12-31T12:00") == []


def test_a_shift_over_midnight_belongs_to_the_day_it_begins() -> None:
    spec = RosterSpec(shifts=(shift(since="20:00", until="08:00"),))
    assert names(spec, "2026-01-01T23:00") == ["wang"]
    assert names(spec, "2026-01-02T07:59") == ["wang"]
    assert names(spec, "2026-01-02T08:00") == []
    assert names(spec, "2026-01-02T20:00") == ["li"]


def test_the_same_time_twice_is_the_whole_day() -> None:
    spec = RosterSpec(shifts=(shift(since="08:00", until="08:00", turn_days=7),))
    assert names(spec, "2026-01-08T07:59") == ["wang"]
    assert names(spec, "2026-01-08T08:00") == ["li"]


def test_the_leap_day_is_a_day_of_its_own_in_the_rotation() -> None:
    spec = RosterSpec(shifts=(shift(turns_from=date(2028, 2, 28), groups=(("wang",), ("li",), ("zhao",))),))
    found = [names(spec, f"{day}T12:00") for day in ("2028-02-28", "2028-02-29", "2028-03-01", "2028-03-02")]
    assert found == [["wang"], ["li"], ["zhao"], ["wang"]]


def test_holidays_and_worked_weekend_days_as_the_state_council_has_them() -> None:
    office = shift(weekdays=(1, 2, 3, 4, 5), on_holidays="never", groups=(("office",),))
    weekend = shift(name="weekend", weekdays=(6, 7), groups=(("weekend",),))
    feast = shift(name="feast", on_holidays="only", groups=(("feast",),))
    spec = RosterSpec(shifts=(office, weekend, feast))
    days = {date(2026, 10, 1): False, date(2026, 10, 10): True}
    assert names(spec, "2026-10-01T12:00", holidays=days) == ["feast"]
    assert names(spec, "2026-10-10T12:00", holidays=days) == ["office"]  # a Saturday that is worked
    assert names(spec, "2026-10-17T12:00", holidays=days) == ["weekend"]
    assert names(spec, "2026-10-09T12:00", holidays=days) == ["office"]


def test_an_override_takes_one_shift_of_one_day_also_on_a_day_off() -> None:
    change = (
        Override(day=date(2026, 1, 3), shift="day", people=("zhao", "li")),
        Override(day=date(2026, 1, 5), shift="day", people=()),
    )
    spec = RosterSpec(shifts=(shift(weekdays=(1, 2, 3, 4, 5)),), overrides=change)
    assert names(spec, "2026-01-03T09:00") == ["zhao", "li"]
    assert names(spec, "2026-01-04T09:00") == []
    assert names(spec, "2026-01-05T09:00") == []


def test_leave_is_filled_by_the_substitute_who_is_there() -> None:
    spec = RosterSpec(shifts=(shift(groups=(("wang", "li"),)),))
    away = (
        Away("wang", at("2026-01-01T12:00"), at("2026-01-01T14:00"), "zhao"),
        Away("zhao", at("2026-01-01T13:00"), at("2026-01-01T15:00"), "wang"),
    )
    assert names(spec, "2026-01-01T11:59", away=away) == ["wang", "li"]
    assert names(spec, "2026-01-01T12:30", away=away) == ["zhao", "li"]
    assert names(spec, "2026-01-01T13:30", away=away) == ["li"], "two who stand in for each other are nobody"
    parts = shifts_of_day(spec, date(2026, 1, 1), Calendar(ZONE, away=away))
    assert [part.people[0] for part in parts] == [
        OnDuty("wang"),
        OnDuty("zhao", "wang"),
        OnDuty("li"),
        OnDuty("wang"),
    ]
    assert parts[0].since_at == at("2026-01-01T08:00")
    assert [a.until_at for a in parts[:-1]] == [b.since_at for b in parts[1:]]


def test_where_the_zone_moves_its_clocks_a_shift_ends_when_the_wall_says_so() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spec = RosterSpec(shifts=(shift(since="22:00", until="06:00", groups=(("night",),)),))
    calendar = Calendar(berlin)
    for day, hours in (("2026-03-28", 7), ("2026-10-24", 9)):
        (night,) = shifts_of_day(spec, date.fromisoformat(day), calendar)
        assert night.until_at - night.since_at == timedelta(hours=hours)
        assert on_duty(spec, night.until_at - timedelta(seconds=1), calendar)
        assert not on_duty(spec, night.until_at, calendar)


PEOPLE = st.sampled_from(["a", "b", "c", "d"])
TIMES = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 30]))
DAYS = st.dates(date(2028, 2, 25), date(2028, 3, 5))
GROUPS = st.lists(st.lists(PEOPLE, max_size=2).map(tuple), min_size=1, max_size=3).map(tuple)


@st.composite
def rosters(draw: st.DrawFn) -> RosterSpec:
    shifts = [
        Shift(
            name=f"s{number}",
            since=draw(TIMES),
            until=draw(TIMES),
            weekdays=tuple(sorted(draw(st.sets(st.integers(1, 7), min_size=1)))),
            on_holidays=draw(st.sampled_from(["always", "never", "only"])),
            groups=draw(GROUPS),
            turn_days=draw(st.integers(1, 4)),
            turns_from=draw(DAYS),
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    override = st.builds(
        Override, day=DAYS, shift=st.sampled_from([one.name for one in shifts]), people=st.lists(PEOPLE, max_size=2)
    )
    return RosterSpec(shifts=tuple(shifts), overrides=tuple(draw(st.lists(override, max_size=3))))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    away = []
    for _ in range(draw(st.integers(0, 3))):
        start = at("2028-02-26T00:00") + timedelta(minutes=30 * draw(st.integers(0, 48 * 6)))
        end = start + timedelta(minutes=30 * draw(st.integers(1, 96)))
        away.append(Away(draw(PEOPLE), start, end, draw(st.none() | PEOPLE)))
    return Calendar(ZONE, draw(st.dictionaries(DAYS, st.booleans(), max_size=4)), tuple(away))


def slow(spec: RosterSpec, now: datetime, calendar: Calendar) -> set[str]:
    """Every day, every shift, one half hour after the other."""
    found = set()
    for offset in range(-3, 3):
        day = now.astimezone(ZONE).date() + timedelta(days=offset)
        for one in spec.shifts:
            start = datetime.combine(day, time.fromisoformat(one.since), ZONE)
            moment, covered = start, set()
            while True:
                covered.add(moment.astimezone(UTC))
                moment += timedelta(minutes=30)
                if moment.strftime("%H:%M") == one.until:
                    break
            if now in covered:
                found |= {stand for who in slow_group(spec, one, day, calendar) if (stand := slow_substitute(who, now, calendar))}
    return found


def slow_group(spec: RosterSpec, one: Shift, day: date, calendar: Calendar) -> tuple[str, ...]:
    chosen: tuple[str, ...] | None = None
    for override in spec.overrides:
        if (override.day, override.shift) == (day, one.name):
            chosen = override.people
    if chosen is not None:
        return chosen
    kind = calendar.holidays.get(day)
    fits = day.isoweekday() in one.weekdays if kind is not True else any(number in one.weekdays for number in range(1, 6))
    if not fits or (one.on_holidays == "never" and kind is False) or (one.on_holidays == "only" and kind is not False):
        return ()
    place, left, walked = 0, one.turn_days, one.turns_from
    if day < walked:
        return ()
    while walked < day:
        walked += timedelta(days=1)
        left -= 1
        if left == 0:
            place, left = (place + 1) % len(one.groups), one.turn_days
    return one.groups[place]


def slow_substitute(who: str | None, now: datetime, calendar: Calendar) -> str | None:
    seen = set()
    while who is not None and who not in seen:
        seen.add(who)
        leaves = [one for one in calendar.away if one.username == who and one.starts_at <= now < one.ends_at]
        if not leaves:
            return who
        who = leaves[0].substitute
    return None


@settings(deadline=None, max_examples=300)
@given(spec=rosters(), calendar=calendars(), step=st.integers(0, 48 * 10))
def test_the_answer_is_that_of_walking_every_day(spec: RosterSpec, calendar: Calendar, step: int) -> None:
    now = at("2028-02-25T00:00") + timedelta(minutes=30 * step)
    assert {one.username for one in on_duty(spec, now, calendar)} == slow(spec, now, calendar)


@settings(deadline=None, max_examples=200)
@given(spec=rosters(), calendar=calendars(), step=st.integers(0, 48 * 10))
def test_the_picture_of_the_week_and_the_answer_of_the_moment_agree(spec: RosterSpec, calendar: Calendar, step: int) -> None:
    now = at("2028-02-25T00:00") + timedelta(minutes=30 * step)
    today = now.astimezone(ZONE).date()
    drawn = set()
    for day in (today - timedelta(days=1), today):
        for part in shifts_of_day(spec, day, calendar):
            if part.since_at <= now < part.until_at:
                drawn |= {one.username for one in part.people}
    assert drawn == {one.username for one in on_duty(spec, now, calendar)}
