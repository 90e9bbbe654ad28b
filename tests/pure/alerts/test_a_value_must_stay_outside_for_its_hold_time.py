from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_house import House, device, limited, local, rule

from alerts.facts import DeviceFacts, Limit
from alerts.model import Severity
from alerts.rules.context import ResidentFacts

NIGHT = local("2026-11-22 01:00")
OXYGEN = rule(
    "threshold", code="low_oxygen", metric="spo2", low=90, far_low=85, far_severity="high", hysteresis=2, hold_seconds=300
)
WATCH = device(1, "watch", resident_id=3)


def house(watch: DeviceFacts = WATCH) -> House:
    return House([OXYGEN], [watch], NIGHT)


def test_low_for_five_minutes_is_raised_after_five_minutes() -> None:
    home = house()
    assert home.measure(1, "spo2", 88) == []
    home.wait(minutes=2)
    home.measure(1, "spo2", 87)
    [finding] = home.wait(minutes=4)
    assert home.found[-1][0] == NIGHT + timedelta(minutes=5)
    assert (finding.rule, finding.subject, finding.severity) == ("low_oxygen", "resident:3:spo2", Severity.MEDIUM)
    assert [(link.what, link.value, link.details["low"]) for link in finding.chain] == [("reading", 88, 90), ("reading", 87, 90)]
    assert finding.chain[-1].details["held_seconds"] == 300
    assert (finding.rule_kind, finding.rule_version) == ("threshold", 1)


def test_a_normal_value_ends_the_hold_and_a_value_in_between_does_not() -> None:
    home = house()
    home.measure(1, "spo2", 88)
    home.wait(minutes=1)
    home.measure(1, "spo2", 91)  # inside, but not by the hysteresis
    assert len(home.wait(minutes=10)) == 1
    again = house()
    again.measure(1, "spo2", 88)
    again.wait(minutes=1)
    again.measure(1, "spo2", 92)
    assert again.wait(minutes=10) == []


def test_a_value_that_stops_coming_does_not_end_the_hold() -> None:
    home = house()
    home.measure(1, "spo2", 88)
    home.restart()
    assert [one.rule for one in home.wait(minutes=5)] == ["low_oxygen"]


def test_a_value_from_before_the_hold_does_not_end_it() -> None:
    home = house()
    home.measure(1, "spo2", 97)
    home.wait(minutes=1)
    home.measure(1, "spo2", 88)
    home.restart()  # before the value of 88 was kept as the device's latest
    home.evaluator.recall_reading(1, "spo2", NIGHT, 97)
    [finding] = home.wait(minutes=5)
    assert finding.chain[-1].value == 88


def test_only_the_first_value_outside_writes_a_timer() -> None:
    home = house()
    for _ in range(50):
        home.measure(1, "spo2", 96)
    assert home.writes == 0
    for _ in range(50):
        home.measure(1, "spo2", 88)
    assert home.writes == 1


def test_the_severity_is_that_of_the_last_value() -> None:
    home = house()
    home.measure(1, "spo2", 88)
    home.wait(minutes=4)
    home.measure(1, "spo2", 84)
    [finding] = home.wait(minutes=2)
    assert finding.severity is Severity.HIGH


def test_it_clears_inside_by_the_hysteresis_only() -> None:
    home = house()
    home.measure(1, "spo2", 88)
    home.wait(minutes=5)
    assert home.measure(1, "spo2", 91) == []
    [finding] = home.measure(1, "spo2", 92)
    assert str(finding.condition) == "off"


def test_an_implausible_value_neither_begins_nor_ends_a_hold() -> None:
    home = house()
    assert home.measure(1, "spo2", 3) == []
    assert home.writes == 0
    home.measure(1, "spo2", 88)
    home.measure(1, "spo2", 300)
    assert len(home.wait(minutes=5)) == 1


def test_a_residents_own_limit_wins_over_the_rule() -> None:
    weak = replace(limited(WATCH, spo2=Limit(low=86, hysteresis=1)), own_limits=frozenset({"spo2"}))
    home = house(weak)
    home.measure(1, "spo2", 88)
    assert home.wait(minutes=10) == []
    home.measure(1, "spo2", 85.5)
    assert len(home.wait(minutes=10)) == 1


def test_a_residents_own_hold_time_wins_over_the_rule() -> None:
    home = House([OXYGEN], [WATCH], NIGHT, residents=[ResidentFacts(3, {"low_oxygen": {"hold_seconds": 60}})])
    home.measure(1, "spo2", 88)
    assert len(home.wait(minutes=1)) == 1


def test_own_values_that_make_no_rule_are_passed_over() -> None:
    home = House([OXYGEN], [WATCH], NIGHT, residents=[ResidentFacts(3, {"low_oxygen": {"hold_seconds": "long", "what": 1}})])
    home.measure(1, "spo2", 88)
    home.wait(minutes=4)
    assert len(home.wait(minutes=1)) == 1


def test_outside_its_part_of_the_day_nothing_begins() -> None:
    at_night = rule("threshold", code="cold", metric="temperature", low=14, during={"since": "22:00", "until": "06:00"})
    home = House([at_night], [device(1, "environment")], local("2026-11-22 12:00"))
    assert home.measure(1, "temperature", 10) == []
    home.until(local("2026-11-22 23:00"))
    assert len(home.measure(1, "temperature", 10)) == 1


def test_in_monitor_mode_a_condition_is_found_once_until_it_ends() -> None:
    quiet = rule("threshold", code="warm", metric="temperature", high=28, hysteresis=1, monitor=True)
    home = House([quiet], [device(1, "environment")], NIGHT)
    for value in (29, 29.5, 30):
        home.measure(1, "temperature", value)
    assert [one.monitor for _, one in home.found] == [True]
    home.measure(1, "temperature", 26)
    home.measure(1, "temperature", 29)
    assert home.said == [("warm", "on"), ("warm", "off"), ("warm", "on")]


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(60, 100)), max_size=40))
def test_it_agrees_with_looking_at_every_second(course: list[tuple[int, float]]) -> None:
    """A slow reference: walk each second, hold the last value, raise when it has not been normal for 300 s."""
    home = house()
    for seconds, value in course:
        home.wait(seconds=seconds)
        home.measure(1, "spo2", value)
    home.wait(seconds=1000)
    ours = [(int((at - NIGHT).total_seconds()), str(one.condition)) for at, one in home.found if one.severity is not Severity.HIGH]
    assert ours == _slowly(course, home)


def _slowly(course: list[tuple[int, float]], home: House) -> list[tuple[int, str]]:
    said: list[tuple[int, str]] = []
    begun: int | None = None
    active = False
    at = 0
    severe = {int((when - NIGHT).total_seconds()) for when, one in home.found if one.severity is Severity.HIGH}
    for seconds, value in [*course, (1000, -1.0)]:
        for second in range(at + 1, at + seconds + 1):
            if begun is not None and not active and second - begun == 300:
                active, begun = True, None
                if second not in severe:
                    said.append((second, "on"))
        at += seconds
        if value < 0:
            break
        if value >= 92:
            begun = None
            if active:
                active = False
                said.append((at, "off"))
        elif value < 90 and not active and begun is None:
            begun = at
    return said


@pytest.mark.parametrize("hold_seconds", [0, 60])
def test_a_measurement_on_demand_is_a_happening_at_once(hold_seconds: float) -> None:
    cuff = rule("threshold", code="high_pressure", metric="systolic", high=180, hold_seconds=hold_seconds)
    home = House([cuff], [device(2, "vitals", resident_id=3)], NIGHT)
    [finding] = home.measure(2, "systolic", 190)
    assert str(finding.condition) == "momentary"
