"""Nothing seen for a time, or nothing in a window of the day. Pure. Too long in one room: `alerts.rules.stay`.

A home waits with one timer a rule. Movement does not move it: when it is due it looks at what was seen last and either
waits on or raises. After its alert the rule is suspended until the next movement, which ends the alert and begins to wait
again. A home without a live device that could see movement is not judged. While all that could see it speaks through
gateways whose silence is an alert nobody can tell: that alert stands, and the home has its full time once one is back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding, Link
from alerts.rules.absence import RULE as SILENCE
from alerts.rules.context import NOTHING, DueTimer, Evaluation, TimerChange
from alerts.rules.memory import Seen
from alerts.rules.scene import Scene, evidence_of, last_of, link_of, of_home, personal, who_can_see
from alerts.rules.windows import after_inside, next_end
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import InactivityRule

_LOOK_AGAIN = timedelta(days=1)
_LOOK_WHILE_BLIND = timedelta(minutes=15)
_BLIND_AT = "blind_at"


def judge_movement(seen: Seen, rule: RuleInForce, scene: Scene) -> Evaluation:
    """Somebody was seen to move."""
    spec = spec_of(rule, scene)
    if spec is None:
        return NOTHING
    subject = scene.home.subject
    ended = _ended(rule, scene, seen) if scene.active_of(rule, subject) is not None else ()
    timer = scene.memory.armed.get((spec.code, subject))
    if spec.none_for_seconds is None or (timer is not None and not timer.state.get("suspended")):
        return Evaluation(ended) if ended else NOTHING
    return Evaluation(ended, (_wait(spec, scene, seen.at),))


def judge_quiet(timer: DueTimer, rule: RuleInForce, scene: Scene, now: datetime) -> Evaluation:
    """The time of a home is over: was there really nothing?"""
    spec = spec_of(rule, scene)
    sees = [] if spec is None else who_can_see(spec.activity, scene, applies=rule)
    if spec is None or not sees:
        return Evaluation(timers=(TimerChange(timer.rule, timer.subject, None),))
    if spec.none_in is not None:
        return _judge_window(timer, rule, spec, scene, now, blind=_is_blind(sees, scene))
    if not timer.state.get("suspended") and _is_blind(sees, scene):
        state = {**timer.state, _BLIND_AT: now.isoformat()}
        return Evaluation(timers=(TimerChange(timer.rule, timer.subject, now + _LOOK_WHILE_BLIND, state),))
    base_at = _known_since(timer, spec, rule, scene) or now
    due_at = after_inside(spec.during, scene.day, base_at, spec.none_for_seconds or 0)
    if due_at > now:
        return Evaluation(timers=(_wait(spec, scene, base_at),))
    rest = TimerChange(timer.rule, timer.subject, now + _LOOK_AGAIN, {"suspended": True})
    if timer.state.get("suspended") or scene.active_of(rule, timer.subject) is not None:
        return Evaluation(timers=(rest,))
    return Evaluation((_finding(rule, spec, scene, base_at, now),), (rest,))


def begin(rule: RuleInForce, scene: Scene, now: datetime) -> Evaluation:
    """The timer a home must have: a new one, or an earlier one where the rule has become stricter."""
    spec = spec_of(rule, scene)
    if spec is None or not who_can_see(spec.activity, scene, applies=rule):
        return NOTHING
    timer = scene.memory.armed.get((spec.code, scene.home.subject))
    if spec.none_in is not None:
        wanted = _next_window(spec, scene, now)
        wrong = timer is None or timer.due_at > (wanted.due_at or now)
    else:
        wanted = _wait(spec, scene, _known_since(timer, spec, rule, scene) or now)
        wrong = timer is None or (not timer.state.get("suspended") and timer.due_at > (wanted.due_at or now))
    return Evaluation(timers=(wanted,)) if wrong else NOTHING


def spec_of(rule: RuleInForce, scene: Scene) -> InactivityRule | None:
    """The rule with the values of the people of this home."""
    return personal(rule.spec, scene.home) if isinstance(rule.spec, InactivityRule) else None


def _judge_window(  # noqa: PLR0913 a timer, its rule, the home, and whether anything can be told of it
    timer: DueTimer, rule: RuleInForce, spec: InactivityRule, scene: Scene, now: datetime, *, blind: bool
) -> Evaluation:
    again = Evaluation(timers=(_next_window(spec, scene, now),))
    since, until = _instant(timer.state.get("since")), _instant(timer.state.get("until"))
    if until is not None and until > now:  # the clock was set back, and dues move with it
        return Evaluation(timers=(TimerChange(timer.rule, timer.subject, until, timer.state),))
    base_at = _base(spec, rule, scene)
    # Seen since the window began, also when we come late; and a home that got its sensors meanwhile is not judged.
    if since is None or blind or (base_at is not None and base_at >= since) or scene.active_of(rule, timer.subject) is not None:
        return again
    return again + Evaluation((_finding(rule, spec, scene, since, now),))


def _next_window(spec: InactivityRule, scene: Scene, now: datetime) -> TimerChange:
    assert spec.none_in is not None  # noqa: S101 the caller looked
    since, until = next_end(spec.none_in, scene.day, now)
    return TimerChange(spec.code, scene.home.subject, until, {"since": since.isoformat(), "until": until.isoformat()})


def _instant(said: object) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def _wait(spec: InactivityRule, scene: Scene, since: datetime) -> TimerChange:
    due_at = after_inside(spec.during, scene.day, since, spec.none_for_seconds or 0)
    return TimerChange(spec.code, scene.home.subject, due_at, {"since": since.isoformat()}, since)


def _known_since(timer: DueTimer | None, spec: InactivityRule, rule: RuleInForce, scene: Scene) -> datetime | None:
    """From when on nothing having been seen says something: the last movement, or the last look at which nobody could tell."""
    blind_at = None if timer is None else _instant(timer.state.get(_BLIND_AT))
    return max((at for at in (_base(spec, rule, scene), blind_at) if at is not None), default=None)


def _is_blind(sees: Sequence[DeviceFacts], scene: Scene) -> bool:
    """Whether everything that could see movement is behind a gateway whose silence is an alert that stands."""
    gateways = [None if one.parent_id is None else scene.home.devices.get(one.parent_id) for one in sees]
    return all(one is not None and scene.active(SILENCE, one.subject) is not None for one in gateways)


def _base(spec: InactivityRule, rule: RuleInForce, scene: Scene) -> datetime | None:
    """When somebody was last seen; where nobody ever was, since when somebody could have been."""
    last = last_of(spec.activity, scene, applies=rule)
    if last is not None:
        return last.at
    made = [facts.created_at for facts in who_can_see(spec.activity, scene, applies=rule) if facts.created_at is not None]
    return max(made, default=None)


def _finding(rule: RuleInForce, spec: InactivityRule, scene: Scene, since: datetime, now: datetime) -> Finding:
    last = last_of(spec.activity, scene, applies=rule)
    waited = {"since": since.isoformat(), "until": now.isoformat()}
    if spec.none_for_seconds is not None:
        quiet = Link("silence", now, "none_for", None, None, {"seconds": spec.none_for_seconds, **waited})
    else:
        quiet = Link("silence", now, "none_in", None, None, waited)
    chain = (quiet,) if last is None else (link_of(last, scene), quiet)
    device_id = None if last is None else last.device_id
    return of_home(
        rule,
        scene.home,
        condition=Condition.ON,
        severity=spec.severity,
        device_id=device_id,
        chain=chain,
        evidence=evidence_of(chain),
    )


def _ended(rule: RuleInForce, scene: Scene, seen: Seen) -> tuple[Finding, ...]:
    chain = (link_of(seen, scene),)
    return (of_home(rule, scene.home, condition=Condition.OFF, device_id=seen.device_id, chain=chain, evidence=evidence_of(chain)),)


__all__ = ["begin", "judge_movement", "judge_quiet", "spec_of"]
