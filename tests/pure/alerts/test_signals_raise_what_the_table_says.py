from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding
from alerts.model import Severity
from alerts.rules.signal import findings_of_signal
from devices.codecs.types import Signal
from devices.vocabulary import SIGNAL_TYPES

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
BUTTON = DeviceFacts(id=1, code="btn-1", home_id=7, profile="sos-button")


def found(kind: str, facts: DeviceFacts = BUTTON, **data: Any) -> Finding:
    signal = Signal("btn-1", kind, "e1", None, NOW, data, retained=False, redelivered=False, has_own_id=True)
    (finding,) = findings_of_signal(signal, facts)
    return finding


@pytest.mark.parametrize(
    ("signal", "kind", "severity", "condition", "lane"),
    [
        ("sos.pressed", "sos", Severity.CRITICAL, Condition.MOMENTARY, "life"),
        ("fall.detected", "fall", Severity.CRITICAL, Condition.MOMENTARY, "life"),
        ("smoke.on", "smoke", Severity.CRITICAL, Condition.ON, "life"),
        ("gas.on", "gas", Severity.CRITICAL, Condition.ON, "life"),
        ("co.off", "co", Severity.CRITICAL, Condition.OFF, "life"),
        ("water.on", "water", Severity.HIGH, Condition.ON, "life"),
        ("call.requested", "doctor_call", Severity.HIGH, Condition.MOMENTARY, "doctor_call"),
        ("tamper.on", "device_fault", Severity.LOW, Condition.ON, "fault"),
        ("fault.off", "device_fault", Severity.LOW, Condition.OFF, "fault"),
        ("power.lost", "device_fault", Severity.LOW, Condition.ON, "fault"),
        ("battery.low", "battery", Severity.LOW, Condition.ON, "fault"),
    ],
)
def test_the_table(signal: str, kind: str, severity: Severity, condition: Condition, lane: str) -> None:
    finding = found(signal)
    assert (finding.kind, finding.severity, finding.condition, finding.lane) == (kind, severity, condition, lane)


@pytest.mark.parametrize("signal", sorted(SIGNAL_TYPES))
def test_every_signal_of_the_contract_makes_exactly_one_finding_that_keeps_it(signal: str) -> None:
    finding = found(signal)
    assert finding.event is not None
    assert finding.event.type == signal


@pytest.mark.parametrize("signal", ["motion.seen", "device.tested", "door.opened", "zone.left", "worn.off"])
def test_what_raises_nothing_is_only_stored(signal: str) -> None:
    assert found(signal).condition is Condition.NONE


def test_a_hint_raises_the_severity_and_never_lowers_it() -> None:
    assert found("water.on", severity="critical").severity is Severity.CRITICAL
    assert found("sos.pressed", severity="low").severity is Severity.CRITICAL
    assert found("water.on", severity=None).severity is Severity.HIGH
    assert found("water.on", severity="nonsense").severity is Severity.HIGH


def test_what_one_resident_wears_stays_in_that_residents_lane() -> None:
    pendant = replace(BUTTON, worn=True, resident_id=12)
    assert found("sos.pressed", pendant).lane == "life:resident:12"
    assert found("sos.pressed", pendant).resident_id == 12
    assert found("sos.pressed", replace(pendant, worn=False)).lane == "life"
    assert found("battery.low", pendant).lane == "fault"


def test_a_press_taken_back_lowers_nothing() -> None:
    assert found("sos.cancelled").condition is Condition.NOTED


def test_only_a_fall_gets_the_cancel_window() -> None:
    watch = replace(BUTTON, cancel_window_seconds=30)
    assert found("fall.detected", watch).cancel_window_seconds == 30
    assert found("sos.pressed", watch).cancel_window_seconds is None


def test_a_device_that_is_not_live_rings_all_the_same_marked() -> None:
    finding = found("sos.pressed", replace(BUTTON, live=False))
    assert finding.not_live
    assert finding.severity is Severity.CRITICAL
