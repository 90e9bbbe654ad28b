"""Readings against limits, with hysteresis: vitals, carbon monoxide in ppm, a room's temperature. Pure.

A missing value is never a normal one: only a reading that is there, and inside the limits by the hysteresis, clears.
The caller keeps which conditions are active (`alerts.conditions`), so that a normal reading costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from alerts.facts import DeviceFacts, Limit
from alerts.findings import Condition, Finding
from alerts.lanes import life_lane
from alerts.model import Severity

RULE = "threshold"

VITALS = frozenset(
    {
        "heart_rate",
        "respiration_rate",
        "spo2",
        "systolic",
        "diastolic",
        "blood_glucose",
        "body_temperature",
        "weight",
    }
)

_KINDS = {"co": "co", "gas": "gas", "water": "water"}
# Beyond these the sensor, not the person, is the matter (a detached cuff reports 0); they neither raise nor clear.
_PLAUSIBLE = {
    "heart_rate": (15.0, 300.0),
    "respiration_rate": (1.0, 90.0),
    "spo2": (30.0, 100.0),
    "systolic": (30.0, 320.0),
    "diastolic": (15.0, 220.0),
    "blood_glucose": (0.5, 60.0),
    "body_temperature": (20.0, 45.0),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One reading: metric, value in the metric's unit, and its credible instant."""

    metric: str
    value: float
    at: datetime


def findings_of_reading(reading: Measured, facts: DeviceFacts, active: Severity | None) -> list[Finding]:
    """What a reading changes: `active` is the severity of the open condition of this metric, or None.

    While a condition lasts only a worse severity is found again. A device that measures on demand has happenings, not
    conditions: each measurement out of range is found, and closing it needs no shelving.
    """
    limit = facts.limits.get(reading.metric)
    if limit is None or not is_plausible(reading.metric, reading.value):
        return []
    severity = severity_of(reading.value, limit)
    if severity is None:
        back = active is not None and is_back(reading.value, limit)
        return [_finding(reading, facts, limit, Severity.INFO, Condition.OFF)] if back else []
    if facts.measures_on_demand:
        return [_finding(reading, facts, limit, severity, Condition.MOMENTARY)]
    if active is not None and severity.rank >= active.rank:
        return []
    return [_finding(reading, facts, limit, severity, Condition.ON)]


def is_plausible(metric: str, value: float) -> bool:
    """Whether a value can be what the metric says at all."""
    low, high = _PLAUSIBLE.get(metric, (-math.inf, math.inf))
    return math.isfinite(value) and low <= value <= high


def severity_of(value: float, limit: Limit) -> Severity | None:
    """How bad a value outside the limits is; None inside them."""
    if (limit.far_low is not None and value <= limit.far_low) or (limit.far_high is not None and value >= limit.far_high):
        return limit.far_severity
    if (limit.low is not None and value < limit.low) or (limit.high is not None and value > limit.high):
        return limit.severity
    return None


def is_back(value: float, limit: Limit) -> bool:
    """Whether a value is inside the limits by the hysteresis on both sides."""
    above = limit.low is None or value >= limit.low + limit.hysteresis
    below = limit.high is None or value <= limit.high - limit.hysteresis
    return above and below


def subject_of(metric: str, facts: DeviceFacts) -> str:
    """Vitals are the resident's, whatever device measured them; anything else is the device's."""
    whose = f"resident:{facts.resident_id}" if facts.resident_id is not None and metric in VITALS else facts.subject
    return f"{whose}:{metric}"


def _finding(reading: Measured, facts: DeviceFacts, limit: Limit, severity: Severity, condition: Condition) -> Finding:
    return Finding(
        home_id=facts.home_id,
        device_id=facts.id,
        resident_id=facts.worn_by,
        rule=RULE,
        subject=subject_of(reading.metric, facts),
        kind="vitals" if reading.metric in VITALS else _KINDS.get(reading.metric, "environment"),
        severity=severity,
        condition=condition,
        lane=life_lane(facts.worn_by),
        not_live=not facts.live,
        probe=facts.probe,
        evidence={
            "metric": reading.metric,
            "value": reading.value,
            "at": reading.at.isoformat(),
            "low": limit.low,
            "high": limit.high,
        },
    )


__all__ = [
    "RULE",
    "VITALS",
    "Measured",
    "findings_of_reading",
    "is_back",
    "is_plausible",
    "severity_of",
    "subject_of",
]
