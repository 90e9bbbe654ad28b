"""Too long in one room: somebody went in and was seen nowhere else. Pure; a form of `inactivity`.

Going in arms a timer; going out, or in again, writes nothing: when it is due it asks memory where somebody was last seen
to move, and since when. A sensor that sees nobody in the room ends nothing, for it sees nobody who lies still either.
With `during`, a stay that began inside it counts to its end: whoever went in before dawn and does not come out is not left
until the next night. One that began outside is judged when the window begins.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding, Link
from alerts.rules.context import NOTHING, DueTimer, Evaluation, TimerChange
from alerts.rules.inactivity import spec_of
from alerts.rules.memory import Place, Seen
from alerts.rules.scene import Scene, evidence_of, in_rooms, link_of, of_home
from alerts.rules.windows import contains, next_inside
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import InactivityRule


def judge_room(seen: Seen, facts: DeviceFacts, rule: RuleInForce, scene: Scene) -> Evaluation:
    """Somebody was seen to move in a room."""
    spec, place = spec_of(rule, scene), scene.memory.place
    if spec is None or facts.room is None or place is None:
        return NOTHING
    active = scene.active_of(rule, scene.home.subject) is not None
    if not in_rooms(spec.rooms, facts.room):
        return Evaluation((_ended(rule, scene, seen),)) if active else NOTHING
    if active or (spec.code, scene.home.subject) in scene.memory.armed:
        return NOTHING
    return Evaluation(timers=(_wait(spec, scene, place),))


def judge_stay(timer: DueTimer, rule: RuleInForce, scene: Scene, now: datetime) -> Evaluation:
    """The time is over: is somebody still in there?"""
    spec, place = spec_of(rule, scene), scene.memory.place
    over = Evaluation(timers=(TimerChange(timer.rule, timer.subject, None),))
    if spec is None or place is None or not in_rooms(spec.rooms, place.room):
        return over
    wait = _wait(spec, scene, place)
    due_at = max(now, wait.due_at or now)
    if not contains(spec.during, scene.day, place.since_at):
        due_at = next_inside(spec.during, scene.day, due_at)
    if due_at > now:
        return Evaluation(timers=(TimerChange(wait.rule, wait.subject, due_at, wait.state, wait.armed_at),))
    if scene.active_of(rule, timer.subject) is not None:
        return over
    return over + Evaluation((_finding(rule, spec, scene, place, now),))


def begin_stay(rule: RuleInForce, scene: Scene) -> Evaluation:
    """Somebody who is in there already when we start is in there."""
    spec, place = spec_of(rule, scene), scene.memory.place
    if spec is None or place is None or not in_rooms(spec.rooms, place.room):
        return NOTHING
    subject = scene.home.subject
    if (spec.code, subject) in scene.memory.armed or scene.active_of(rule, subject) is not None:
        return NOTHING
    return Evaluation(timers=(_wait(spec, scene, place),))


def _wait(spec: InactivityRule, scene: Scene, place: Place) -> TimerChange:
    due_at = place.since_at + timedelta(seconds=spec.longer_than_seconds or 0)
    if not contains(spec.during, scene.day, place.since_at):
        due_at = next_inside(spec.during, scene.day, due_at)
    return TimerChange(
        spec.code, scene.home.subject, due_at, {"room": place.room, "since": place.since_at.isoformat()}, place.since_at
    )


def _finding(rule: RuleInForce, spec: InactivityRule, scene: Scene, place: Place, now: datetime) -> Finding:
    last = link_of(place.last, scene, since=place.since_at.isoformat())
    stayed = {"room": place.room, "seconds": spec.longer_than_seconds, "since": place.since_at.isoformat()}
    chain = (last, Link("silence", now, "longer_than", place.last.device_id, None, stayed))
    return of_home(
        rule,
        scene.home,
        condition=Condition.ON,
        severity=spec.severity,
        device_id=place.last.device_id,
        chain=chain,
        evidence=evidence_of(chain),
    )


def _ended(rule: RuleInForce, scene: Scene, seen: Seen) -> Finding:
    chain = (link_of(seen, scene),)
    return of_home(rule, scene.home, condition=Condition.OFF, device_id=seen.device_id, chain=chain, evidence=evidence_of(chain))


__all__ = ["begin_stay", "judge_room", "judge_stay"]
