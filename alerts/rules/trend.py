"""A change over days of one resident's daily value. Pure, given the readings of those days.

The first reading of a day arms the day's judgement, at the end of the part of the day that counts (or of the day itself),
spread over two hours so that a county's scales are not all read in one second. A change over days wakes nobody: what would
be judged in the home's sleep waits for the morning, unless its rule is critical. A day without a value says nothing: it is
not judged, it fills no gap, and it clears no alert. The day judged is compared with the earlier day of the period that
differs most in the rule's direction.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding, Link
from alerts.model import Severity
from alerts.rules.context import NOTHING, Day, DueTimer, Evaluation, TimerChange
from alerts.rules.memory import Seen
from alerts.rules.scene import Scene, evidence_of, looks_at, of_home, personal
from alerts.rules.threshold import is_plausible
from alerts.rules.windows import local_date, next_end, occurrence
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import TrendRule, Window

SPREAD_SECONDS = 7200
_WHOLE_DAY = Window(since="00:00", until="00:00")
_SLEEP = Window(named="sleep")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """Two daily values and how far they are apart, in the metric's unit or in per cent."""

    earlier: date
    earlier_value: float
    value: float
    by: float


def judge_measured(seen: Seen, facts: DeviceFacts, rule: RuleInForce, scene: Scene) -> Evaluation:
    """A value of the metric came in: its day will be judged."""
    spec = rule.spec
    if not isinstance(spec, TrendRule) or facts.resident_id is None or not looks_at(rule, facts):
        return NOTHING
    subject = f"resident:{facts.resident_id}:{spec.metric}"
    if (spec.code, subject) in scene.memory.armed:
        return NOTHING
    window = personal(spec, scene.home, facts.resident_id).during or _WHOLE_DAY
    since, until = next_end(window, scene.day, seen.at)
    if seen.at < since:
        return NOTHING
    return Evaluation(timers=(_judgement(spec, subject, scene, (since, until), seen.at),))


def _judgement(
    spec: TrendRule, subject: str, scene: Scene, window: tuple[datetime, datetime], measured_at: datetime
) -> TimerChange:
    """When a day is judged: soon after its part that counts, and never in the night."""
    since, until = window
    spread = timedelta(seconds=scene.home.id % SPREAD_SECONDS)
    due_at = until + spread
    sleeps_at, wakes_at = next_end(_SLEEP, scene.day, due_at)
    if spec.severity is not Severity.CRITICAL and sleeps_at <= due_at:
        due_at = wakes_at + spread
    state = {"resident_id": _resident(subject), "day": local_date(since, scene.day).isoformat()}
    return TimerChange(spec.code, subject, due_at, state, measured_at)


def judge_day(timer: DueTimer, rule: RuleInForce, scene: Scene, now: datetime) -> Evaluation:
    """The day is over: compare it with those before."""
    over = Evaluation(timers=(TimerChange(timer.rule, timer.subject, None),))
    if not isinstance(rule.spec, TrendRule) or "day" not in timer.state:
        return over
    resident_id = int(timer.state["resident_id"])
    spec = personal(rule.spec, scene.home, resident_id)
    judged = date.fromisoformat(timer.state["day"])
    over = Evaluation(timers=(_next_judgement(timer, spec, judged, scene, now),))
    daily = daily_values(spec, resident_id, judged, scene)
    change = change_of(spec, daily, judged)
    active = scene.active_of(rule, timer.subject) is not None
    if change is None or (change.by >= spec.change) == active:
        return over
    condition = Condition.OFF if active else Condition.ON
    return over + Evaluation(
        (_finding(rule, spec, scene, timer.subject, daily=daily, change=change, condition=condition, now=now),)
    )


def _next_judgement(timer: DueTimer, spec: TrendRule, judged: date, scene: Scene, now: datetime) -> TimerChange:
    """What was measured while this day waited for its judgement asks for that of its own day; without any, none waits."""
    window = spec.during or _WHOLE_DAY
    over_at = occurrence(window, scene.day, judged)[1]
    for _, _, at, value in scene.history.points(_devices(spec, _resident(timer.subject), scene), [spec.metric], over_at, now):
        since, until = next_end(window, scene.day, at)
        if at >= since and is_plausible(spec.metric, value):
            return _judgement(spec, timer.subject, scene, (since, until), at)
    return TimerChange(timer.rule, timer.subject, None)


def _devices(spec: TrendRule, resident_id: int, scene: Scene) -> list[int]:
    return [one.id for one in scene.home.devices.values() if one.resident_id == resident_id and spec.metric in one.metrics]


def daily_values(spec: TrendRule, resident_id: int, judged: date, scene: Scene) -> dict[date, float]:
    """One value for each day of the period that has any."""
    devices = _devices(spec, resident_id, scene)
    window = spec.during or _WHOLE_DAY
    days = [judged - _ONE_DAY * back for back in range(spec.over_days, -1, -1)]
    start, end = occurrence(window, scene.day, days[0])[0], occurrence(window, scene.day, judged)[1]
    points = [
        (at, value)
        for _, _, at, value in scene.history.points(devices, [spec.metric], start, end)
        if is_plausible(spec.metric, value)
    ]
    return dict(_by_day(spec, window, days, sorted(points), scene.day))


def _by_day(
    spec: TrendRule, window: Window, days: Sequence[date], points: Sequence[tuple[datetime, float]], day: Day
) -> list[tuple[date, float]]:
    found = []
    for of in days:
        start, end = occurrence(window, day, of)
        values = [value for at, value in points if start <= at < end]
        if values:
            found.append((of, _STATISTICS[spec.statistic](values)))
    return found


_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "last": lambda values: values[-1],
    "sum": sum,
}


def change_of(spec: TrendRule, daily: Mapping[date, float], judged: date) -> Change | None:
    """How far the judged day is from the earlier day that differs most in the rule's direction; None decides nothing."""
    value = daily.get(judged)
    earlier = {of: before for of, before in daily.items() if of < judged}
    if value is None or not earlier or len(daily) < spec.at_least_days:
        return None
    changes = [Change(of, before, value, _by(spec, before, value)) for of, before in earlier.items()]
    return max(changes, key=lambda one: one.by)


def _by(spec: TrendRule, before: float, value: float) -> float:
    change = value - before
    if spec.direction == "fall":
        change = -change
    elif spec.direction == "either":
        change = abs(change)
    if not spec.relative:
        return change
    return change / abs(before) * 100 if before else 0.0


def _finding(  # noqa: PLR0913 a rule, a resident, the days and what is so
    rule: RuleInForce,
    spec: TrendRule,
    scene: Scene,
    subject: str,
    *,
    daily: Mapping[date, float],
    change: Change,
    condition: Condition,
    now: datetime,
) -> Finding:
    facts = _measures(subject, spec, scene)
    noon = time(12, 0, tzinfo=scene.day.zone)
    links = [
        Link(
            "reading", datetime.combine(of, noon), spec.metric, None if facts is None else facts.id, value, {"day": of.isoformat()}
        )
        for of, value in sorted(daily.items())
    ]
    said = {
        "change": round(change.by, 2),
        "limit": spec.change,
        "relative": spec.relative,
        "direction": spec.direction,
        "statistic": spec.statistic,
        "over_days": spec.over_days,
        "earlier": change.earlier.isoformat(),
        "earlier_value": change.earlier_value,
    }
    links[-1] = Link(
        links[-1].what, min(links[-1].at, now), spec.metric, links[-1].device_id, change.value, {**links[-1].details, **said}
    )
    device_id = None if facts is None else facts.id
    return of_home(
        rule,
        scene.home,
        subject=subject,
        condition=condition,
        severity=spec.severity,
        device_id=device_id,
        chain=tuple(links),
        evidence=evidence_of(links),
    )


def _resident(subject: str) -> int:
    return int(subject.split(":")[1])


def _measures(subject: str, spec: TrendRule, scene: Scene) -> DeviceFacts | None:
    resident_id = _resident(subject)
    devices = (one for one in scene.home.devices.values() if one.resident_id == resident_id and spec.metric in one.metrics)
    return next(devices, None)


__all__ = ["SPREAD_SECONDS", "Change", "change_of", "daily_values", "judge_day", "judge_measured"]
