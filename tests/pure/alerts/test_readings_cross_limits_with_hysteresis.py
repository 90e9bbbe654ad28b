from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.facts import DeviceFacts, Limit
from alerts.findings import Condition, Finding
from alerts.model import Severity
from alerts.rules.battery import findings_of_battery
from alerts.rules.threshold import Measured, findings_of_reading

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LIMIT = Limit(low=50, high=110, hysteresis=5, far_low=40, far_high=130)
WATCH = DeviceFacts(id=1, code="w-1", home_id=7, profile="watch", resident_id=3, worn=True, limits={"heart_rate": LIMIT})
CUFF = DeviceFacts(id=2, code="c-1", home_id=7, profile="vitals", measures_on_demand=True, limits={"systolic": Limit(high=150)})


def heart(value: float, active: Severity | None = None) -> list[Finding]:
    return findings_of_reading(Measured("heart_rate", value, NOW), WATCH, active)


@pytest.mark.parametrize(
    ("value", "active", "expected"),
    [
        (80, None, []),
        (111, None, [(Condition.ON, Severity.MEDIUM)]),
        (49, None, [(Condition.ON, Severity.MEDIUM)]),
        (130, None, [(Condition.ON, Severity.HIGH)]),
        (40, None, [(Condition.ON, Severity.HIGH)]),
        (112, Severity.MEDIUM, []),
        (135, Severity.MEDIUM, [(Condition.ON, Severity.HIGH)]),
        (112, Severity.HIGH, []),
        (107, Severity.MEDIUM, []),
        (105, Severity.MEDIUM, [(Condition.OFF, Severity.INFO)]),
        (80, Severity.HIGH, [(Condition.OFF, Severity.INFO)]),
    ],
)
def test_limits(value: float, active: Severity | None, expected: list[tuple[Condition, Severity]]) -> None:
    assert [(one.condition, one.severity) for one in heart(value, active)] == expected


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf, -3.0, 900.0])
def test_an_impossible_value_neither_raises_nor_clears(value: float) -> None:
    assert heart(value) == []
    assert heart(value, Severity.MEDIUM) == []


def test_a_metric_without_limits_finds_nothing() -> None:
    assert findings_of_reading(Measured("steps", 9e9, NOW), WATCH, None) == []


def test_a_measurement_on_demand_is_a_happening_each_time() -> None:
    high = Measured("systolic", 190, NOW)
    for active in (None, Severity.MEDIUM):
        (finding,) = findings_of_reading(high, CUFF, active)
        assert finding.condition is Condition.MOMENTARY


def test_vitals_are_the_residents_whatever_measured_them() -> None:
    (finding,) = heart(120)
    assert finding.subject == "resident:3:heart_rate"
    assert finding.lane == "life:resident:3"
    assert finding.evidence["value"] == 120
    assert finding.evidence["high"] == 110


@given(st.lists(st.floats(15, 300), max_size=60))
def test_raising_and_clearing_always_alternate(values: list[float]) -> None:
    active: Severity | None = None
    for value in values:
        for finding in heart(value, active):
            if finding.condition is Condition.ON:
                assert active is None or finding.severity.rank < active.rank
                active = finding.severity
            else:
                assert active is not None
                assert 55 <= value <= 105
                active = None
        assert active is not None or 50 <= value <= 110


@pytest.mark.parametrize(
    ("percent", "active", "conditions"),
    [
        (88, False, []),
        (19, False, [Condition.ON]),
        (0, False, [Condition.ON]),
        (19, True, []),
        (25, True, []),
        (30, True, [Condition.OFF]),
        (255, False, []),
        (-1, True, []),
    ],
)
def test_battery(percent: float, *, active: bool, conditions: list[Condition]) -> None:
    found = findings_of_battery(Measured("battery", percent, NOW), WATCH, active=active)
    assert [one.condition for one in found] == conditions
    assert all((one.rule, one.lane) == ("battery", "fault") for one in found)
