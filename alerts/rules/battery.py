"""A battery that runs low, from its percentage; a device that says `battery.low` itself meets `signal` instead. Pure.

Both make the same alert (rule `battery`), so that a device which does both is visited once.
"""

from __future__ import annotations

from alerts.facts import DeviceFacts, Limit
from alerts.findings import Condition, Finding
from alerts.lanes import FAULT
from alerts.model import Severity
from alerts.rules.threshold import Measured

RULE = "battery"
METRIC = "battery"
DEFAULT_LIMIT = Limit(low=20.0, hysteresis=10.0, severity=Severity.LOW)
"""Low under 20 %, well again from 30 %: a battery recovers by some per cent in a warm room."""

_FULL_PERCENT = 100.0


def findings_of_battery(reading: Measured, facts: DeviceFacts, *, active: bool) -> list[Finding]:
    """What a battery percentage changes; `active` says whether its alert is open."""
    if not 0 <= reading.value <= _FULL_PERCENT:
        return []
    limit = facts.limits.get(METRIC, DEFAULT_LIMIT)
    low = DEFAULT_LIMIT.low if limit.low is None else limit.low
    if low is None:
        return []
    if reading.value < low:
        return [] if active else [_finding(reading, facts, low, Condition.ON)]
    if active and reading.value >= low + limit.hysteresis:
        return [_finding(reading, facts, low, Condition.OFF)]
    return []


def _finding(reading: Measured, facts: DeviceFacts, low: float, condition: Condition) -> Finding:
    return Finding(
        home_id=facts.home_id,
        device_id=facts.id,
        rule=RULE,
        subject=facts.subject,
        kind="battery",
        severity=Severity.LOW,
        condition=condition,
        lane=FAULT,
        not_live=not facts.live,
        probe=facts.probe,
        evidence={"metric": METRIC, "value": reading.value, "at": reading.at.isoformat(), "low": low},
    )


__all__ = ["DEFAULT_LIMIT", "METRIC", "RULE", "findings_of_battery"]
