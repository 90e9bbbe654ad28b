from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from support.rule_house import House, device, local, rule

from alerts.rules.context import ResidentFacts
from alerts.rules.scene import builtin
from alerts.rules.trend import change_of

START = local("2028-02-26 08:00")
SCALE = device(1, "vitals", resident_id=3)
GAIN = builtin("weight_gain")


def live(home: House, weights: list[float | None]) -> list[Any]:
    """One morning a day, and the rest of that day."""
    begun = len(home.found)
    for weight in weights:
        if weight is not None:
            home.measure(1, "weight", weight)
        home.wait(days=1)
    return [(str(one.condition), (at - START).days) for at, one in home.found[begun:]]


def house(of: object = GAIN, **more: Any) -> House:
    return House([of], [SCALE], START, **more)  # type: ignore[list-item]


def test_two_kilograms_in_three_days_over_a_leap_day() -> None:
    home = house()
    assert live(home, [60, 60.5, 61, 62.1]) == [("on", 3)]
    finding = home.found[-1][1]
    assert (finding.subject, finding.kind, finding.rule_kind) == ("resident:3:weight", "vitals", "trend")
    assert [link.value for link in finding.chain] == [60, 60.5, 61, 62.1]
    assert finding.chain[-1].details["change"] == pytest.approx(2.1)
    assert finding.chain[-1].details["earlier"] == "2028-02-26"


def test_it_ends_when_a_later_day_says_so_and_a_day_without_a_value_says_nothing() -> None:
    home = house()
    assert live(home, [60, 62.5, None, None, 62.4, 62.3, 62.2]) == [("on", 1), ("off", 4)]


def test_slower_than_that_is_nothing() -> None:
    assert live(house(), [60, 60.5, 61, 61.5, 62, 62.5]) == []


def test_one_day_alone_decides_nothing() -> None:
    assert live(house(), [60, None, None, None, 70]) == []


def test_too_few_days_decide_nothing() -> None:
    strict = rule("trend", metric="weight", over_days=5, direction="fall", change=3, at_least_days=4)
    assert live(house(strict), [60, 58, 56, None, None]) == []
    assert live(house(strict), [60, 58, 57.5, 56]) == [("on", 3)]


def test_per_cent_of_the_earlier_value_and_either_way() -> None:
    relative = rule("trend", metric="weight", over_days=10, direction="either", change=5, relative=True)
    assert live(house(relative), [60, 62.9]) == []
    assert live(house(relative), [60, 56.9]) == [("on", 1)]


def test_only_the_mornings_count_for_a_morning_mean() -> None:
    mean = builtin("morning_systolic")
    home = House([mean], [SCALE], local("2028-02-26 07:00"))
    for morning in (130, 132, 151):
        home.measure(1, "systolic", morning - 2)
        home.wait(hours=1)
        home.measure(1, "systolic", morning + 2)
        home.wait(hours=12)
        home.measure(1, "systolic", 200)
        home.wait(hours=11)
    home.wait(days=1)
    [(at, finding)] = home.found
    assert at == local("2028-02-28 11:00") + timedelta(seconds=7)
    assert [link.value for link in finding.chain] == [130, 132, 151]


def test_the_day_is_judged_although_the_process_died_and_only_once() -> None:
    home = house()
    live(home, [60, 61])
    home.measure(1, "weight", 63)
    home.restart()
    home.measure(1, "weight", 63)
    home.wait(days=1)
    assert [str(one.condition) for _, one in home.found] == ["on"]
    assert home.memory.armed == {}


def test_a_day_costs_one_timer_however_often_it_is_measured() -> None:
    home = house()
    for _ in range(20):
        home.measure(1, "weight", 60)
        home.wait(minutes=10)
    assert home.writes == 1


def test_a_residents_own_change_wins() -> None:
    home = house(residents=[ResidentFacts(3, {"weight_gain": {"change": 5}})])
    assert live(home, [60, 63]) == []


def test_nobodys_scale_is_nobodys_trend() -> None:
    home = House([GAIN], [device(1, "vitals")], START)
    assert live(home, [60, 70]) == []


def test_the_earlier_day_that_differs_most_is_compared() -> None:
    spec: Any = rule("trend", metric="weight", over_days=5, direction="rise", change=2).spec
    days = {date(2026, 1, day): value for day, value in ((1, 62.0), (2, 60.0), (3, 61.0), (4, 62.5))}
    change = change_of(spec, days, date(2026, 1, 4))
    assert change is not None
    assert (change.earlier, change.by) == (date(2026, 1, 2), 2.5)


def nights(home: House, days: int) -> list[str]:
    """Weighed each morning at seven, heavier by a kilogram a day; when something was found, by the home's wall."""
    for day in range(days):
        home.measure(1, "weight", 60 + day)
        home.wait(days=1)
    return [f"{at.astimezone(home.zone):%d %H:%M}" for at, one in home.found if str(one.condition) == "on"]


def test_a_change_over_days_wakes_nobody_and_no_day_is_lost_by_it() -> None:
    home = House([GAIN], [SCALE], local("2028-03-01 07:00"))
    assert nights(home, 4) == ["04 06:30"], "found at the end of the third day, told when the home's sleep is over"


def test_every_day_is_judged_although_the_one_before_waits_for_its_morning() -> None:
    home = House([GAIN], [SCALE], local("2028-03-01 05:00"))
    for weight in (60, 63, 60, 63, 60):
        home.measure(1, "weight", weight)
        home.wait(days=1)
    home.wait(days=1)
    told = [f"{at.astimezone(home.zone):%d %H:%M} {one.condition}" for at, one in home.found]
    assert told == ["03 06:30 on", "04 06:30 off", "05 06:30 on", "06 06:30 off"]


def test_a_home_with_other_nights_hears_of_it_in_its_own_morning() -> None:
    home = House([GAIN], [SCALE], local("2028-03-01 07:00"), more={"sleep": (time(20, 0), time(5, 0))})
    assert nights(home, 4) == ["04 05:00"]
    awake = House([GAIN], [SCALE], local("2028-03-01 07:00"), more={"sleep": (time(3, 0), time(9, 0))})
    assert nights(awake, 4) == ["04 00:00"]


def test_what_a_centre_calls_critical_is_told_at_once() -> None:
    grave = rule("trend", metric="weight", over_days=3, direction="rise", change=2, severity="critical")
    assert nights(House([grave], [SCALE], local("2028-03-01 07:00")), 4) == ["04 00:00"]


def test_days_without_a_value_ask_for_nothing() -> None:
    home = House([GAIN], [SCALE], local("2028-03-01 05:00"))
    assert nights(home, 5) == ["04 06:30"]
    home.wait(days=3)
    assert home.memory.armed == {}
