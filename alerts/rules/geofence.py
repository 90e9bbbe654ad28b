"""A position outside, or inside, places. Pure.

A position is a circle as wide as its accuracy. It is outside when all of that circle is, inside when all of it is, and in
between it decides nothing, which keeps a wearer at the edge from flapping; so does one vaguer than the rule trusts. A
device that tells no accuracy is taken at its word. Leaving arms the hold; a certain return ends hold and alert.
"""

from __future__ import annotations

import math
from datetime import timedelta

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding, Link
from alerts.rules.context import NOTHING, DueTimer, Evaluation, HomeFacts, TimerChange
from alerts.rules.memory import Seen
from alerts.rules.scene import Scene, evidence_of, looks_at, of_device, personal, place_of
from alerts.rules.windows import contains
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import Circle, GeofenceRule

METRICS = ("accuracy", "latitude", "longitude")
"""In the order in which readings of one position must be told: the position is judged with its last part."""

_EARTH_RADIUS_METRES = 6_371_008.8


def judge_position(facts: DeviceFacts, rule: RuleInForce, scene: Scene) -> Evaluation:
    """A device told where it is (memory knows)."""
    spec = _spec(rule, facts, scene)
    where = _where(facts, scene)
    if spec is None or where is None:
        return NOTHING
    beyond = is_beyond(where, spec, scene.home)
    subject = facts.subject
    waiting = (spec.code, subject) in scene.memory.armed
    active = scene.active_of(rule, subject) is not None
    if beyond is None:
        return NOTHING
    if not beyond:
        over = (TimerChange(spec.code, subject, None),) if waiting else ()
        ended = (_finding(rule, spec, facts, scene, where, condition=Condition.OFF),) if active else ()
        return Evaluation(ended, over) if ended or over else NOTHING
    if active or waiting or not contains(spec.during, scene.day, where[0].at):
        return NOTHING
    if not spec.hold_seconds:
        return Evaluation((_finding(rule, spec, facts, scene, where, condition=Condition.ON),))
    due_at = where[0].at + timedelta(seconds=spec.hold_seconds)
    state = {
        "device_id": facts.id,
        "latitude": where[0].value,
        "longitude": where[1].value,
        "accuracy": None if where[2] is None else where[2].value,
    }
    return Evaluation(timers=(TimerChange(spec.code, subject, due_at, state, where[0].at),))


def judge_away(timer: DueTimer, rule: RuleInForce, scene: Scene) -> Evaluation:
    """The hold is over: raised unless the last position known is certainly back."""
    over = Evaluation(timers=(TimerChange(timer.rule, timer.subject, None),))
    facts = scene.home.devices.get(int(timer.state.get("device_id", 0)))
    spec = None if facts is None else _spec(rule, facts, scene)
    where = None if facts is None else _last(timer, facts, scene)
    if facts is None or spec is None or where is None or is_beyond(where, spec, scene.home) is False:
        return over
    if scene.active_of(rule, timer.subject) is not None or not contains(spec.during, scene.day, timer.due_at):
        return over
    return over + Evaluation((_finding(rule, spec, facts, scene, where, condition=Condition.ON),))


Where = tuple[Seen, Seen, Seen | None]
"""Latitude, longitude and accuracy of one position."""


def is_beyond(where: Where, spec: GeofenceRule, home: HomeFacts) -> bool | None:
    """Whether a position is where it should not be; None where that is not certain."""
    circles = circles_of(spec, home)
    vague = _accuracy(where)
    if not circles or vague > spec.worst_accuracy_metres:
        return None
    away = [distance_metres(where[0].value or 0.0, where[1].value or 0.0, one) - one.radius_metres for one in circles]
    if min(away) > vague:
        return spec.outside
    if min(away) <= -vague:
        return not spec.outside
    return None


def circles_of(spec: GeofenceRule, home: HomeFacts) -> tuple[Circle, ...]:
    """The rule's circles, or the one around the home where it is on the map."""
    if spec.circles:
        return spec.circles
    if home.latitude is None or home.longitude is None:
        return ()
    return (Circle(latitude=home.latitude, longitude=home.longitude, radius_metres=spec.home_radius_metres),)


def distance_metres(latitude: float, longitude: float, circle: Circle) -> float:
    """From a position to the middle of a circle, along the sphere (haversine)."""
    here, there = math.radians(latitude), math.radians(circle.latitude)
    half_north = (there - here) / 2
    half_east = math.radians(circle.longitude - longitude) / 2
    chord = math.sin(half_north) ** 2 + math.cos(here) * math.cos(there) * math.sin(half_east) ** 2
    return 2 * _EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, chord)))


def _spec(rule: RuleInForce, facts: DeviceFacts, scene: Scene) -> GeofenceRule | None:
    spec = rule.spec
    if not isinstance(spec, GeofenceRule) or not looks_at(rule, facts):
        return None
    return personal(spec, scene.home, facts.resident_id)


def _where(facts: DeviceFacts, scene: Scene) -> Where | None:
    """The newest whole position; parts of different times make none."""
    values = scene.memory.values
    latitude, longitude = values.get((facts.id, "latitude")), values.get((facts.id, "longitude"))
    if latitude is None or longitude is None or latitude.at != longitude.at:
        return None
    accuracy = values.get((facts.id, "accuracy"))
    return latitude, longitude, accuracy if accuracy is not None and accuracy.at == latitude.at else None


def _last(timer: DueTimer, facts: DeviceFacts, scene: Scene) -> Where | None:
    """The newest position since the hold began, which the timer keeps: a death may have forgotten it, and knows an older one."""
    where = _where(facts, scene)
    if where is not None and where[0].at >= timer.armed_at:
        return where
    try:
        parts = {name: float(timer.state[name]) for name in ("latitude", "longitude")}
        accuracy = timer.state["accuracy"]
        vague = None if accuracy is None else Seen(timer.armed_at, facts.id, "accuracy", float(accuracy))
    except (KeyError, TypeError, ValueError):
        return where
    north, east = (Seen(timer.armed_at, facts.id, name, value) for name, value in parts.items())
    return north, east, vague


def _accuracy(where: Where) -> float:
    return 0.0 if where[2] is None or where[2].value is None else where[2].value


def _finding(  # noqa: PLR0913 a rule, a device, a place and what is so
    rule: RuleInForce, spec: GeofenceRule, facts: DeviceFacts, scene: Scene, where: Where, *, condition: Condition
) -> Finding:
    latitude, longitude = where[0].value or 0.0, where[1].value or 0.0
    circles = circles_of(spec, scene.home)
    away, nearest = min(
        ((distance_metres(latitude, longitude, one), one) for one in circles), key=lambda pair: pair[0] - pair[1].radius_metres
    )
    details = {
        "latitude": latitude,
        "longitude": longitude,
        "accuracy_metres": _accuracy(where),
        "distance_metres": round(away),
        "radius_metres": nearest.radius_metres,
        "circle": {"latitude": nearest.latitude, "longitude": nearest.longitude},
        "outside": spec.outside,
        **place_of(facts),
    }
    chain = (Link("reading", where[0].at, "position", facts.id, float(round(away)), details),)
    return of_device(
        rule,
        facts,
        subject=facts.subject,
        condition=condition,
        severity=spec.severity,
        chain=chain,
        evidence=evidence_of(chain),
    )


__all__ = ["METRICS", "circles_of", "distance_metres", "is_beyond", "judge_away", "judge_position"]
