"""The table of suppression: each mode against each finding, with everything that must ring whatever stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.findings import Condition, Finding
from alerts.model import Severity
from alerts.modes.model import ModeKind, SuppressedBecause
from alerts.modes.suppression import StandingMode, because, emptied, mark_of, muted_by

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

LIFE = [
    ("sos", Severity.CRITICAL, "signal", "life"),
    ("fall", Severity.CRITICAL, "signal", "life:resident:1"),
    ("fall", Severity.MEDIUM, "signal", "life:resident:1"),
    ("smoke", Severity.CRITICAL, "signal", "life"),
    ("gas", Severity.CRITICAL, "signal", "life"),
    ("co", Severity.CRITICAL, "signal", "life"),
    ("water", Severity.HIGH, "signal", "life"),
    ("doctor_call", Severity.HIGH, "signal", "doctor_call"),
    ("fall", Severity.CRITICAL, "sequence", "life"),
    ("vitals", Severity.HIGH, "threshold", "life:resident:1"),
]


def found(kind: str = "inactivity", rule_kind: str = "inactivity", **more: Any) -> Finding:
    fields: dict[str, Any] = {
        "home_id": 1,
        "device_id": None,
        "rule": kind,
        "subject": "home",
        "kind": kind,
        "severity": Severity.MEDIUM,
        "condition": Condition.ON,
        "lane": "life",
        "rule_kind": rule_kind,
    }
    return Finding(**fields | more)


def stay(mode: ModeKind, **more: Any) -> StandingMode:
    fields: dict[str, Any] = {"id": 1, "home_id": 1, "mode": mode, "until_at": NOW + timedelta(hours=1)}
    if mode in {ModeKind.AWAY, ModeKind.HOSPITAL}:
        fields["empties_home"] = True
    return StandingMode(**fields | more)


def judge(finding: Finding, *modes: StandingMode) -> SuppressedBecause | None:
    return because(finding, modes, lane=finding.lane, monitor=finding.monitor)


@pytest.mark.parametrize(("kind", "severity", "rule_kind", "lane"), LIFE)
@pytest.mark.parametrize("mode", list(ModeKind))
def test_no_mode_mutes_a_danger_to_life(kind: str, severity: Severity, rule_kind: str, lane: str, mode: ModeKind) -> None:
    finding = found(kind, rule_kind, severity=severity, lane=lane, device_id=7, resident_id=1)
    standing = [stay(mode, device_id=7), stay(mode, resident_id=1), stay(mode)]
    assert judge(finding, *standing) is None


@pytest.mark.parametrize("mode", [ModeKind.AWAY, ModeKind.HOSPITAL])
@pytest.mark.parametrize("rule_kind", ["inactivity", "routine"])
def test_an_empty_home_is_not_inactive(mode: ModeKind, rule_kind: str) -> None:
    assert judge(found(rule_kind=rule_kind), stay(mode)) == mode.value


@pytest.mark.parametrize("rule_kind", ["signal", "threshold", "trend", "sequence", "absence", "battery", "outage"])
def test_what_was_seen_or_measured_in_an_empty_home_rings(rule_kind: str) -> None:
    assert judge(found("water", rule_kind), stay(ModeKind.AWAY)) is None


def test_somebody_seen_and_not_come_out_of_the_bathroom_rings_in_a_home_said_to_be_empty() -> None:
    too_long = found(evidence={"name": "longer_than", "room": "卫生间"}, device_id=4)
    assert judge(too_long, stay(ModeKind.AWAY)) is None


def test_far_from_home_is_expected_of_whoever_is_away_and_a_forbidden_place_is_not() -> None:
    far = found("wandering", "geofence", resident_id=1, evidence={"outside": True})
    assert judge(far, stay(ModeKind.AWAY, resident_id=1, empties_home=False)) == "away"
    assert judge(far, stay(ModeKind.AWAY, resident_id=2, empties_home=False)) is None
    at_the_lake = found("wandering", "geofence", resident_id=1, evidence={"outside": False})
    assert judge(at_the_lake, stay(ModeKind.AWAY, resident_id=1)) is None


def test_one_of_two_in_hospital_leaves_a_home_where_somebody_may_lie_on_the_floor() -> None:
    one = stay(ModeKind.HOSPITAL, resident_id=1, empties_home=False)
    assert judge(found(), one) is None
    assert judge(found(resident_id=1), one) == "hospital"
    assert not emptied([one], [1, 2])
    assert emptied([one, stay(ModeKind.AWAY, resident_id=2)], [1, 2])
    assert emptied([stay(ModeKind.AWAY)], [1, 2])
    assert not emptied([stay(ModeKind.TEST, device_id=7)], [])


@pytest.mark.parametrize(("kind", "rule_kind"), [("silence", "absence"), ("battery", "battery"), ("device_fault", "signal")])
def test_a_device_under_repair_has_no_faults(kind: str, rule_kind: str) -> None:
    fault = found(kind, rule_kind, device_id=7, lane="fault", severity=Severity.LOW)
    assert judge(fault, stay(ModeKind.OUT_OF_SERVICE, device_id=7)) == "out_of_service"
    assert judge(fault, stay(ModeKind.OUT_OF_SERVICE, device_id=8)) is None
    assert judge(fault, stay(ModeKind.AWAY)) is None


def test_what_a_broken_device_measures_is_muted_only_while_it_is_not_grave() -> None:
    broken = stay(ModeKind.OUT_OF_SERVICE, device_id=7)
    assert judge(found("environment", "threshold", device_id=7), broken) == "out_of_service"
    assert judge(found("vitals", "threshold", device_id=7, severity=Severity.HIGH), broken) is None
    assert judge(found("device_fault", "signal", device_id=7, lane="fault", severity=Severity.CRITICAL), broken) is None


def test_a_rule_in_monitor_mode_is_never_shown() -> None:
    assert judge(found("sos", "signal", monitor=True, severity=Severity.CRITICAL)) == "monitor"


def test_a_test_marks_its_own_device_and_nothing_else() -> None:
    testing = [stay(ModeKind.TEST, device_id=7)]
    assert mark_of(found("sos", "signal", device_id=7), testing) == "test"
    assert mark_of(found("sos", "signal", device_id=8), testing) is None
    assert mark_of(found("sos", "signal"), testing) is None
    assert mark_of(found(device_id=7), testing) is None, "nothing having been seen is no device's word"


def test_a_drill_marks_the_whole_home() -> None:
    drill = [stay(ModeKind.DRILL)]
    assert mark_of(found("sos", "signal", device_id=8), drill) == "drill"
    assert mark_of(found("sos", "signal", device_id=7), [*drill, stay(ModeKind.TEST, device_id=7)]) == "test"


def test_of_two_modes_the_longer_one_is_the_reason() -> None:
    longer = stay(ModeKind.HOSPITAL, id=2, until_at=NOW + timedelta(days=2))
    assert muted_by(found(), [stay(ModeKind.AWAY), longer], lane="life") is longer
