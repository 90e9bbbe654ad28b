"""A battery that runs low, from its percentage; a device that says so itself meets the same rule through `signal`. Pure.

Both make the same alert, so that a device which does both is visited once.
"""

from __future__ import annotations

from alerts.facts import DeviceFacts, Limit
from alerts.findings import Condition, Finding, Link
from alerts.model import Severity
from alerts.rules.scene import builtin, of_device, place_of
from alerts.rules.threshold import Measurement
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import BatteryRule

RULE = "battery"
METRIC = "battery"
DEFAULT_LIMIT = Limit(low=20.0, hysteresis=10.0, severity=Severity.LOW)
"""Low under 20 %, well again from 30 %: a battery recovers by some per cent in a warm room."""

_FULL_PERCENT = 100.0


def findings_of_battery(
    reading: Measurement, facts: DeviceFacts, *, active: bool, rule: RuleInForce | None = None, spec: BatteryRule | None = None
) -> list[Finding]:
    """What a battery percentage changes; `active` says whether its alert is open, `rule` None means the built-in one."""
    if not 0 <= reading.value <= _FULL_PERCENT:
        return []
    rule = rule or builtin(RULE)
    low, hysteresis = _limits(facts, spec)
    if low is None:
        return []
    if reading.value < low:
        return [] if active else [_finding(reading, facts, low, Condition.ON, rule)]
    if active and reading.value >= low + hysteresis:
        return [_finding(reading, facts, low, Condition.OFF, rule)]
    return []


def _limits(facts: DeviceFacts, spec: BatteryRule | None) -> tuple[float | None, float]:
    limit = facts.limits.get(METRIC, DEFAULT_LIMIT)
    low, hysteresis = (DEFAULT_LIMIT.low if limit.low is None else limit.low), limit.hysteresis
    if spec is not None:
        low = low if spec.low_percent is None else spec.low_percent
        hysteresis = hysteresis if spec.hysteresis_percent is None else spec.hysteresis_percent
    return low, hysteresis


def _finding(reading: Measurement, facts: DeviceFacts, low: float, condition: Condition, rule: RuleInForce) -> Finding:
    return of_device(
        rule,
        facts,
        subject=facts.subject,
        condition=condition,
        evidence={"metric": METRIC, "value": reading.value, "at": reading.at.isoformat(), "low": low},
        chain=(Link("reading", reading.at, METRIC, facts.id, reading.value, {"low": low, **place_of(facts)}),),
    )


__all__ = ["DEFAULT_LIMIT", "METRIC", "RULE", "findings_of_battery"]
