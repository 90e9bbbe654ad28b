"""Something, and then something else within a time; or something, and then nothing. Pure.

The first happening arms a timer, for both forms, so that what was seen survives a death with the message that told it. It
is never armed twice: a repeat does not give more time. What has to follow ends it; a due timer looks once more at what is
known, because the two may have come in on different lanes. What could never be seen did not follow.

With `only_when_nobody_home` and something that lasts (a stove that is on) the timer is kept as long as that lasts, and
each time it is due it asks whether the last person has left and how long ago.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding, Link
from alerts.rules.context import NOTHING, DueTimer, Evaluation, TimerChange
from alerts.rules.memory import Seen
from alerts.rules.scene import Scene, evidence_of, last_of, link_of, looks_at, nobody_home_since, of_device, of_home, personal
from alerts.rules.windows import contains
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import SequenceRule
from devices.vocabulary import CONDITIONS


def judge_first(seen: Seen, facts: DeviceFacts, rule: RuleInForce, scene: Scene) -> Evaluation:
    """The first happening was seen at a device: begin to wait."""
    spec = _spec(rule, scene)
    if spec is None or not looks_at(rule, facts) or (spec.code, facts.subject) in scene.memory.armed:
        return NOTHING
    if not contains(spec.during, scene.day, seen.at):
        return NOTHING
    if spec.only_when_nobody_home and seen.name not in CONDITIONS and nobody_home_since(scene) is None:
        return NOTHING
    due_at = seen.at + timedelta(seconds=spec.within_seconds)
    return Evaluation(timers=(TimerChange(spec.code, facts.subject, due_at, _state(seen), seen.at),))


def judge_then(seen: Seen, facts: DeviceFacts, rule: RuleInForce, scene: Scene) -> Evaluation:
    """What has to follow was seen: raised when it makes the rule true, and the waiting is over."""
    spec = _spec(rule, scene)
    if spec is None:
        return NOTHING
    found = NOTHING
    for timer in list(scene.memory.armed.values()):
        first = _first(timer)
        if timer.rule != spec.code or first is None or seen.at <= first.at:
            continue
        if _is_kept(spec, first) and (seen.name != CONDITIONS[first.name] or seen.device_id != first.device_id):
            continue
        over = TimerChange(timer.rule, timer.subject, None)
        raised: tuple[Finding, ...] = ()
        if spec.expected and seen.at - first.at <= timedelta(seconds=spec.within_seconds):
            chain = (link_of(first, scene), link_of(seen, scene, within_seconds=spec.within_seconds))
            raised = (_finding(rule, spec, timer, scene, chain),)
        found += Evaluation(raised, (over,))
    del facts
    return found


def judge_wait(timer: DueTimer, rule: RuleInForce, scene: Scene, now: datetime) -> Evaluation:
    """The time is over."""
    over = Evaluation(timers=(TimerChange(timer.rule, timer.subject, None),))
    spec, first = _spec(rule, scene), _first(timer)
    if spec is None or first is None or spec.expected:
        return over
    if _is_kept(spec, first):
        return _judge_kept(timer, rule, spec, first, scene, now=now)
    follow = last_of(spec.then, scene)
    if follow is not None and follow.at > first.at:
        return over
    if spec.only_when_nobody_home and nobody_home_since(scene) is None:
        return over
    return over + Evaluation((_finding(rule, spec, timer, scene, _missing(spec, first, first.at, now, scene)),))


def _judge_kept(  # noqa: PLR0913 one due timer, and everything it is judged by
    timer: DueTimer, rule: RuleInForce, spec: SequenceRule, first: Seen, scene: Scene, *, now: datetime
) -> Evaluation:
    """Something lasts, and somebody may have left since."""
    over = Evaluation(timers=(TimerChange(timer.rule, timer.subject, None),))
    ended_at = scene.memory.signals.get((first.device_id, CONDITIONS[first.name]))
    if ended_at is not None and ended_at > first.at:
        return over
    within = timedelta(seconds=spec.within_seconds)
    left_at = nobody_home_since(scene)
    if left_at is None:
        return Evaluation(timers=(TimerChange(timer.rule, timer.subject, now + within, timer.state, timer.armed_at),))
    since = max(left_at, first.at)
    if since + within > now:
        return Evaluation(timers=(TimerChange(timer.rule, timer.subject, since + within, timer.state, timer.armed_at),))
    return over + Evaluation((_finding(rule, spec, timer, scene, _missing(spec, first, since, now, scene)),))


def _spec(rule: RuleInForce, scene: Scene) -> SequenceRule | None:
    return personal(rule.spec, scene.home) if isinstance(rule.spec, SequenceRule) else None


def _is_kept(spec: SequenceRule, first: Seen) -> bool:
    return spec.only_when_nobody_home and not spec.expected and first.name in CONDITIONS


def _missing(spec: SequenceRule, first: Seen, since: datetime, now: datetime, scene: Scene) -> tuple[Link, ...]:
    """What was seen first, what was seen last, and what was not seen since."""
    last = last_of(spec.then, scene)
    seen = [link_of(one, scene) for one in (last, first) if one is not None]
    waited: dict[str, Any] = {"within_seconds": spec.within_seconds, "since": since.isoformat(), "signals": list(spec.then.signals)}
    if spec.then.metric is not None:
        waited["metric"] = spec.then.metric
    if spec.only_when_nobody_home:
        waited["nobody_home"] = True
    return (*sorted(seen, key=lambda link: link.at), Link("silence", now, "not_followed", None, None, waited))


def _finding(rule: RuleInForce, spec: SequenceRule, timer: DueTimer, scene: Scene, chain: tuple[Link, ...]) -> Finding:
    first = _first(timer)
    facts = None if first is None else scene.home.devices.get(first.device_id)
    evidence = evidence_of(chain, rule=spec.code)
    if facts is None:
        made = of_home(rule, scene.home, condition=Condition.MOMENTARY, evidence=evidence, chain=chain, subject=timer.subject)
    else:
        made = of_device(
            rule,
            facts,
            subject=timer.subject,
            condition=Condition.MOMENTARY,
            evidence=evidence,
            chain=chain,
            severity=spec.severity,
        )
    return made if spec.worsens is None else replace(made, rule=spec.worsens)


def _state(seen: Seen) -> dict[str, Any]:
    return {"at": seen.at.isoformat(), "device_id": seen.device_id, "name": seen.name, "value": seen.value}


def _first(timer: DueTimer) -> Seen | None:
    """What armed it, when it was armed: that follows a step of the clock, as what was seen since does."""
    state: Mapping[str, Any] = timer.state
    try:
        return Seen(timer.armed_at, int(state["device_id"]), str(state["name"]), state.get("value"))
    except (KeyError, TypeError, ValueError):
        return None


__all__ = ["judge_first", "judge_then", "judge_wait"]
