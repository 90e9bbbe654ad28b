from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_house import local

from alerts.rules.context import Day
from alerts.rules.windows import after_inside, contains, next_end, next_inside, occurrence
from alerts.ruleset.schemas import Window

SHANGHAI = Day(ZoneInfo("Asia/Shanghai"))
BERLIN = Day(ZoneInfo("Europe/Berlin"))
NIGHT = Window(since="22:00", until="06:30")
MORNING = Window(since="05:00", until="10:00")


@pytest.mark.parametrize(
    ("window", "at", "inside"),
    [
        (MORNING, "2026-11-22 04:59", False),
        (MORNING, "2026-11-22 05:00", True),
        (MORNING, "2026-11-22 09:59", True),
        (MORNING, "2026-11-22 10:00", False),
        (NIGHT, "2026-11-22 21:59", False),
        (NIGHT, "2026-11-22 22:00", True),
        (NIGHT, "2026-11-23 00:00", True),
        (NIGHT, "2026-11-23 06:29", True),
        (NIGHT, "2026-11-23 06:30", False),
        (NIGHT, "2028-02-29 00:00", True),
        (NIGHT, "2028-02-29 23:30", True),
        (NIGHT, "2028-03-01 03:00", True),
        (NIGHT, "2026-12-31 23:59", True),
        (NIGHT, "2027-01-01 00:00", True),
        (Window(since="00:00", until="00:00"), "2026-11-22 00:00", True),
        (Window(named="sleep"), "2026-11-22 23:00", True),
        (Window(named="daylight"), "2026-11-22 23:00", False),
    ],
)
def test_what_is_inside(window: Window, at: str, *, inside: bool) -> None:
    assert contains(window, SHANGHAI, local(at)) is inside


def test_a_home_has_its_own_night() -> None:
    early = Day(SHANGHAI.zone, sleep=(time(19, 30), time(4, 0)))
    assert contains(Window(named="sleep"), early, local("2026-11-22 20:00"))
    assert not contains(Window(named="sleep"), early, local("2026-11-22 04:30"))


def test_the_next_beginning_and_the_next_end() -> None:
    noon = local("2026-11-22 12:00")
    assert next_inside(NIGHT, SHANGHAI, noon) == local("2026-11-22 22:00")
    assert next_inside(NIGHT, SHANGHAI, local("2026-11-23 02:00")) == local("2026-11-23 02:00")
    assert next_end(MORNING, SHANGHAI, noon) == (local("2026-11-23 05:00"), local("2026-11-23 10:00"))
    assert next_end(MORNING, SHANGHAI, local("2026-11-22 10:00"))[1] == local("2026-11-23 10:00")


def test_time_outside_the_window_does_not_count() -> None:
    daylight = Window(since="06:00", until="19:00")
    assert after_inside(daylight, SHANGHAI, local("2026-11-22 18:00"), 12 * 3600) == local("2026-11-23 17:00")
    assert after_inside(daylight, SHANGHAI, local("2026-11-22 21:00"), 3600) == local("2026-11-23 07:00")
    assert after_inside(None, SHANGHAI, local("2026-11-22 21:00"), 3600) == local("2026-11-22 22:00")
    assert after_inside(daylight, SHANGHAI, local("2028-02-28 18:30"), 3600) == local("2028-02-29 06:30")


def test_a_night_in_which_the_clock_changes_is_an_hour_shorter_or_longer() -> None:
    spring = occurrence(NIGHT, BERLIN, local("2026-03-28 12:00", BERLIN.zone).date())
    autumn = occurrence(NIGHT, BERLIN, local("2026-10-24 12:00", BERLIN.zone).date())
    usual = occurrence(NIGHT, BERLIN, local("2026-11-24 12:00", BERLIN.zone).date())
    lengths = [end - start for start, end in (spring, usual, autumn)]
    assert lengths == [timedelta(hours=7.5), timedelta(hours=8.5), timedelta(hours=9.5)]


TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
INSTANTS = st.datetimes(datetime(2027, 1, 1), datetime(2029, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@given(TIMES, TIMES, INSTANTS)
def test_a_window_holds_what_the_clock_on_the_wall_says(since: time, until: time, at: datetime) -> None:
    wall = at.astimezone(SHANGHAI.zone).time()
    slow = since <= wall < until if until > since else (wall >= since or wall < until)
    assert contains(Window(since=f"{since:%H:%M}", until=f"{until:%H:%M}"), SHANGHAI, at) is slow


@given(TIMES, TIMES, INSTANTS.map(lambda at: at.replace(second=0, microsecond=0)), st.integers(1, 40 * 60))
def test_counted_minutes_are_the_minutes_one_would_count(since: time, until: time, at: datetime, minutes: int) -> None:
    window = Window(since=f"{since:%H:%M}", until=f"{until:%H:%M}")
    end = after_inside(window, SHANGHAI, at, minutes * 60)
    span = int((end - at) / timedelta(minutes=1))
    if span > 5_000:
        return
    counted = sum(contains(window, SHANGHAI, at + timedelta(minutes=minute)) for minute in range(span))
    assert counted == minutes
    assert contains(window, SHANGHAI, end - timedelta(minutes=1))
