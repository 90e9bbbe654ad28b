"""Readings against limits, with hysteresis and a hold time: vitals, carbon monoxide in ppm, a room's temperature. Pure.

A missing value is never a normal one: only a reading that is there, and inside the limits by the hysteresis, clears, or
ends a hold. A hold is a timer that its first value outside arms; a normal reading, or a further one outside, costs no write.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from alerts.facts import DeviceFacts, Limit
from alerts.findings import Condition, Finding, Link
from alerts.model import Severity
from alerts.rules.context import NOTHING, ActiveLookup, Day, DueTimer, Evaluation, TimerChange
from alerts.rules.memory import Seen
from alerts.rules.scene import Scene, builtin, looks_at, of_device, personal, place_of
from alerts.rules.windows import contains
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import ThresholdRule

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


_ANY = (-math.inf, math.inf)


class Measurement(Protocol):
    """One reading: metric, value in the metric's unit, and its credible instant."""

    @property
    def metric(self) -> str:
        """What was measured."""
        ...

    @property
    def value(self) -> float:
        """In the metric's unit."""
        ...

    @property
    def at(self) -> datetime:
        """When, by the device where that can be believed."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement as a value."""

    metric: str
    value: float
    at: datetime


def judge_reading(reading: Measurement, facts: DeviceFacts, rule: RuleInForce, scene: Scene) -> Evaluation:
    """What a reading changes under one rule: findings, and the timer of a hold."""
    spec = _spec(rule, facts, scene)
    limit = None if spec is None else limit_of(rule, spec, facts, reading.metric)
    if spec is None or limit is None or not is_plausible(reading.metric, reading.value):
        return NOTHING
    subject = subject_of(reading.metric, facts)
    severity = severity_of(reading.value, limit)
    waiting = scene.memory.armed.get((spec.code, subject))
    active = scene.active_of(rule, subject)
    if severity is None and waiting is None and active is None:
        return NOTHING  # as nearly always
    findings = tuple(findings_of_reading(reading, facts, active, rule, limit=limit, day=scene.day, spec=spec))
    if severity is None:
        ended = waiting is not None and is_back(reading.value, limit)
        return Evaluation(findings, (TimerChange(spec.code, subject, None),) if ended else ())
    if not findings or active is not None or not spec.hold_seconds or facts.measures_on_demand:
        return Evaluation(findings)
    if waiting is not None:
        return NOTHING
    state = {"device_id": facts.id, "metric": reading.metric, "value": reading.value, "at": reading.at.isoformat()}
    due_at = reading.at + timedelta(seconds=spec.hold_seconds)
    return Evaluation(timers=(TimerChange(spec.code, subject, due_at, state, reading.at),))


def is_plainly_normal(reading: Measurement, facts: DeviceFacts, active: ActiveLookup) -> bool:
    """Whether the built-in rule has nothing to say of a reading; the short way for nearly all there are."""
    limit = facts.limits.get(reading.metric)
    if limit is None:
        return True
    value = reading.value
    if (limit.low is not None and value < limit.low) or (limit.high is not None and value > limit.high):
        return False
    return active(RULE, subject_of(reading.metric, facts)) is None


def judge_hold(timer: DueTimer, rule: RuleInForce, scene: Scene) -> Evaluation:
    """A hold is over: raised unless the last value known is normal again. A value that stopped coming does not end it."""
    over = TimerChange(timer.rule, timer.subject, None)
    facts = scene.home.devices.get(int(timer.state.get("device_id", 0)))
    metric = str(timer.state.get("metric", ""))
    spec = None if facts is None else _spec(rule, facts, scene)
    limit = None if facts is None or spec is None else limit_of(rule, spec, facts, metric)
    if facts is None or spec is None or limit is None:
        return Evaluation(timers=(over,))
    first = Measured(metric, float(timer.state["value"]), timer.armed_at)
    last = _last(facts, metric, scene)
    if last is None or last.at < first.at:  # a death forgot the value that began it; what was before says nothing of since
        last = Seen(first.at, facts.id, metric, first.value)
    value = first.value if last.value is None else last.value
    if is_back(value, limit) or scene.active_of(rule, timer.subject) is not None:
        return Evaluation(timers=(over,))
    severity = severity_of(value, limit) or limit.severity
    finding = _finding(Measured(metric, value, last.at), facts, limit, severity, Condition.ON, rule=rule)
    begun = Link("reading", first.at, metric, facts.id, first.value, {**_compared(limit), **place_of(facts)})
    held = {"held_seconds": spec.hold_seconds, "since": first.at.isoformat()}
    chain = (begun, *(replace(link, details={**link.details, **held}) for link in finding.chain))
    return Evaluation((replace(finding, chain=chain, evidence={**finding.evidence, **held}),), (over,))


def _last(facts: DeviceFacts, metric: str, scene: Scene) -> Seen | None:
    """The newest value; of a vital, whichever of the resident's devices measured it."""
    of = [facts]
    if facts.resident_id is not None and metric in VITALS:
        of = [one for one in scene.home.devices.values() if one.resident_id == facts.resident_id]
    known = [seen for one in of if (seen := scene.memory.values.get((one.id, metric))) is not None]
    return max(known, key=lambda seen: seen.at, default=None)


def _spec(rule: RuleInForce, facts: DeviceFacts, scene: Scene) -> ThresholdRule | None:
    spec = rule.spec
    if not isinstance(spec, ThresholdRule) or not looks_at(rule, facts):
        return None
    return personal(spec, scene.home, facts.resident_id) if scene.home.own_codes else spec


def limit_of(rule: RuleInForce, spec: ThresholdRule, facts: DeviceFacts, metric: str) -> Limit | None:
    """The limit of a metric of a device: the rule's sides, the profile's where those are null, the resident's own above all."""
    base = facts.limits.get(metric)
    if not rule.version and spec.metric is None:
        return base
    own = base is not None and metric in facts.own_limits
    if base is None or not (spec.limits_of_profile or own):
        base = Limit()
    far = spec.far_severity or (base.far_severity if spec.limits_of_profile else Severity.HIGH)
    low, high = (base.low, base.high) if own else (_first(spec.low, base.low), _first(spec.high, base.high))
    limit = Limit(
        low=low,
        high=high,
        hysteresis=spec.hysteresis or base.hysteresis,
        severity=spec.severity,
        far_low=_at_most(_first(spec.far_low, base.far_low), low),
        far_high=_at_least(_first(spec.far_high, base.far_high), high),
        far_severity=min(far, spec.severity, key=lambda one: one.rank),
    )
    return None if limit.low is None and limit.high is None else limit


def _first(ours: float | None, theirs: float | None) -> float | None:
    return theirs if ours is None else ours


def _at_most(far: float | None, low: float | None) -> float | None:
    return None if far is None or low is None else min(far, low)


def _at_least(far: float | None, high: float | None) -> float | None:
    return None if far is None or high is None else max(far, high)


def findings_of_reading(  # noqa: PLR0913 the last three are what a caller already has
    reading: Measurement,
    facts: DeviceFacts,
    active: Severity | None,
    rule: RuleInForce | None = None,
    *,
    limit: Limit | None = None,
    day: Day | None = None,
    spec: ThresholdRule | None = None,
) -> list[Finding]:
    """What a reading changes: `active` is the severity of the open condition of this metric, or None; `rule` None the built-in.

    While a condition lasts only a worse severity is found again. A device that measures on demand has happenings, not
    conditions: each measurement out of range is found, and closing it needs no shelving.
    """
    rule = rule or builtin(RULE)
    limit = limit or facts.limits.get(reading.metric)
    if limit is None or not is_plausible(reading.metric, reading.value):
        return []
    severity = severity_of(reading.value, limit)
    if severity is None:
        back = active is not None and is_back(reading.value, limit)
        return [_finding(reading, facts, limit, Severity.INFO, Condition.OFF, rule=rule)] if back else []
    if spec is not None and spec.during is not None and day is not None and not contains(spec.during, day, reading.at):
        return []
    if facts.measures_on_demand:
        return [_finding(reading, facts, limit, severity, Condition.MOMENTARY, rule=rule)]
    if active is not None and severity.rank >= active.rank:
        return []
    return [_finding(reading, facts, limit, severity, Condition.ON, rule=rule)]


def is_plausible(metric: str, value: float) -> bool:
    """Whether a value can be what the metric says at all."""
    low, high = _PLAUSIBLE.get(metric, _ANY)
    return low <= value <= high and math.isfinite(value)


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


def _finding(  # noqa: PLR0913 each is one column of the finding
    reading: Measurement, facts: DeviceFacts, limit: Limit, severity: Severity, condition: Condition, *, rule: RuleInForce
) -> Finding:
    compared = _compared(limit)
    return of_device(
        rule,
        facts,
        subject=subject_of(reading.metric, facts),
        condition=condition,
        kind=kind_of(reading.metric, rule),
        severity=severity,
        evidence={
            "metric": reading.metric,
            "value": reading.value,
            "at": reading.at.isoformat(),
            "low": limit.low,
            "high": limit.high,
        },
        chain=(Link("reading", reading.at, reading.metric, facts.id, reading.value, {**compared, **place_of(facts)}),),
    )


def kind_of(metric: str, rule: RuleInForce) -> str:
    """What an alert about this metric is called."""
    spec = rule.spec
    if metric in VITALS or (isinstance(spec, ThresholdRule) and spec.metric is not None):
        return spec.raises
    return _KINDS.get(metric, "environment")


def _compared(limit: Limit) -> Mapping[str, Any]:
    sides = {"low": limit.low, "high": limit.high, "far_low": limit.far_low, "far_high": limit.far_high}
    return {name: side for name, side in sides.items() if side is not None}


__all__ = [
    "RULE",
    "VITALS",
    "Measured",
    "Measurement",
    "findings_of_reading",
    "is_back",
    "is_plainly_normal",
    "is_plausible",
    "judge_hold",
    "judge_reading",
    "kind_of",
    "limit_of",
    "severity_of",
    "subject_of",
]
