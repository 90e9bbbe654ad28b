"""What a look at the town leads to: homes that join an outage, new waves, homes that are back, outages that are over. Pure.

A wave belongs to the smallest area that holds all its homes, so a dark estate is not called a dark county; when it spreads
beyond its area, the area of its incident grows and no second incident is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.rules.outage import LostHome, cluster_of, is_over
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import OutageRule

SETTLING = timedelta(seconds=30)
"""A device that only lost its connection has so long to come back before its home counts; broker restarts are shorter."""


@dataclass(frozen=True, slots=True)
class AreaNode:
    """A node of the centre's tree; `path` is `/root/child/`."""

    id: int
    code: str
    path: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A home that stands in an area's incident and is not back."""

    incident_id: int
    home_id: int


@dataclass(frozen=True, slots=True)
class OpenOutage:
    """An area's incident whose alert is not closed."""

    incident_id: int
    rule: str
    area_id: int
    began_at: datetime
    """When its first home was lost."""
    joinable: bool
    active: bool
    """Whether the outage goes on."""


@dataclass(frozen=True, slots=True)
class Town:
    """Everything a look has read."""

    areas: Mapping[int, AreaNode]
    watched: Mapping[int, int]
    """Homes with devices, by their own area."""
    area_of: Mapping[int, int]
    """The area of each lost home."""
    lost: Sequence[LostHome]
    standing: Sequence[Standing] = ()
    outages: Sequence[OpenOutage] = ()
    monitored: frozenset[tuple[str, str]] = frozenset()
    """(rule, subject) of what a rule in monitor mode has found and is not over."""

    def watched_in(self, area: AreaNode) -> int:
        """Homes with devices in the area and below it."""
        return sum(count for id_, count in self.watched.items() if id_ in self.areas and self.areas[id_].path.startswith(area.path))

    def lies_in(self, home_id: int, area: AreaNode) -> bool:
        """Whether a lost home lies in the area or below it."""
        own = self.areas.get(self.area_of.get(home_id, 0))
        return own is not None and own.path.startswith(area.path)


@dataclass(frozen=True, slots=True)
class Wave:
    """A new outage."""

    rule: RuleInForce
    area_id: int
    lost: tuple[LostHome, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """Homes that join an open outage; with `area_id` it spreads to that area."""

    incident_id: int
    lost: tuple[LostHome, ...]
    area_id: int | None = None


@dataclass(slots=True)
class Plan:
    """What is to be done, in this order."""

    town: Town
    growths: list[Growth] = field(default_factory=list)
    waves: list[Wave] = field(default_factory=list)
    restored: dict[int, list[int]] = field(default_factory=dict)
    over: list[int] = field(default_factory=list)
    monitored_over: list[tuple[RuleInForce, AreaNode]] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.growths or self.waves or self.restored or self.over or self.monitored_over)

    def first(self, homes: int) -> Plan:
        """This plan with at most so many homes joining and as many coming back; the rest is found by the next look."""
        part = Plan(self.town, over=list(self.over), monitored_over=list(self.monitored_over))
        left = homes
        for growth in self.growths:
            if left > 0:
                part.growths.append(replace(growth, lost=growth.lost[:left]))
                left -= len(growth.lost)
        for wave in self.waves:
            if left > 0:
                part.waves.append(wave)
                left -= len(wave.lost)
        left = 4 * homes
        for incident_id, back in self.restored.items():
            if left > 0:
                part.restored[incident_id] = back[:left]
                left -= len(back)
        return part

    @property
    def size(self) -> int:
        """How many homes it concerns."""
        coming = sum(len(growth.lost) for growth in self.growths) + sum(len(wave.lost) for wave in self.waves)
        return coming + sum(len(homes) for homes in self.restored.values())


def plan_of(town: Town, rules: Sequence[RuleInForce], now: datetime) -> Plan:
    """Judge a look."""
    plan = Plan(town)
    lost_now = {one.home_id for one in town.lost}
    for row in town.standing:
        if row.home_id not in lost_now:
            plan.restored.setdefault(row.incident_id, []).append(row.home_id)
    taken = {row.home_id for row in town.standing}
    fresh = {one.home_id: one for one in town.lost if one.home_id not in taken and _has_settled(one, now)}
    for outage in town.outages:
        _join(plan, outage, fresh)
    going_on = {outage.incident_id for outage in town.outages if outage.joinable and outage.active}
    spreading = {row.home_id for row in town.standing if row.incident_id in going_on}
    for rule in rules:
        _find_waves(plan, rule, fresh, spreading, now)
    specs = {rule.code: rule.spec for rule in rules}
    for outage in town.outages:
        _judge_end(plan, outage, specs.get(outage.rule))
    return plan


def _has_settled(one: LostHome, now: datetime) -> bool:
    return one.because != "offline" or one.at <= now - SETTLING


def _join(plan: Plan, outage: OpenOutage, fresh: dict[int, LostHome]) -> None:
    """While it goes on, homes of its area that are lost later join it; those lost long before it do not belong to it."""
    area = plan.town.areas.get(outage.area_id)
    if area is None or not (outage.joinable and outage.active):
        return
    since = outage.began_at - SETTLING
    joining = [one for one in fresh.values() if one.at >= since and plan.town.lies_in(one.home_id, area)]
    if joining:
        plan.growths.append(Growth(outage.incident_id, tuple(joining)))
        for one in joining:
            del fresh[one.home_id]


def _find_waves(plan: Plan, rule: RuleInForce, fresh: dict[int, LostHome], spreading: set[int], now: datetime) -> None:
    spec = rule.spec
    if not isinstance(spec, OutageRule):
        return
    town = plan.town
    for area in sorted(town.areas.values(), key=lambda one: (len(one.path), one.path)):
        if not _applies(spec, area):
            continue
        lost = [one for one in town.lost if town.lies_in(one.home_id, area) and _has_settled(one, now)]
        if len(lost) < spec.homes_at_least:
            _end_monitored(plan, rule, area, lost)
            continue
        watched = town.watched_in(area)
        alone = cluster_of(spec, watched, [one for one in lost if one.home_id in fresh])
        spread = cluster_of(spec, watched, [one for one in lost if one.home_id in fresh or one.home_id in spreading])
        cluster = max(spread, alone, key=lambda homes: (any(one.home_id in fresh for one in homes), len(homes)))
        new = tuple(one for one in cluster if one.home_id in fresh)
        if new:
            _add_wave(plan, rule, _smallest(town, area, cluster), new)
            for one in new:
                del fresh[one.home_id]


def _applies(spec: OutageRule, area: AreaNode) -> bool:
    return not spec.applies.areas or bool(set(spec.applies.areas) & set(area.path.strip("/").split("/")))


def _smallest(town: Town, area: AreaNode, cluster: Iterable[LostHome]) -> AreaNode:
    """The deepest area that holds every home of the cluster."""
    homes = [one.home_id for one in cluster]
    holding = [one for one in town.areas.values() if all(town.lies_in(home_id, one) for home_id in homes)]
    return max(holding, key=lambda one: len(one.path), default=area)


def _add_wave(plan: Plan, rule: RuleInForce, area: AreaNode, new: tuple[LostHome, ...]) -> None:
    below = [
        outage
        for outage in plan.town.outages
        if outage.joinable
        and outage.active
        and outage.rule == rule.code
        and (own := plan.town.areas.get(outage.area_id)) is not None
        and own.path.startswith(area.path)
    ]
    if below:
        oldest = min(below, key=lambda one: one.incident_id)
        plan.growths.append(Growth(oldest.incident_id, new, area.id))
    elif not (rule.spec.monitor and (rule.code, f"area:{area.code}") in plan.town.monitored):
        plan.waves.append(Wave(rule, area.id, new))


def _end_monitored(plan: Plan, rule: RuleInForce, area: AreaNode, lost: Sequence[LostHome]) -> None:
    known = (rule.code, f"area:{area.code}") in plan.town.monitored
    if known and isinstance(rule.spec, OutageRule) and is_over(rule.spec, plan.town.watched_in(area), len(lost)):
        plan.monitored_over.append((rule, area))


def _judge_end(plan: Plan, outage: OpenOutage, spec: object) -> None:
    if not outage.active:
        return
    back = len(plan.restored.get(outage.incident_id, ()))
    joined = sum(len(one.lost) for one in plan.growths if one.incident_id == outage.incident_id)
    still = sum(row.incident_id == outage.incident_id for row in plan.town.standing) - back + joined
    area = plan.town.areas.get(outage.area_id)
    if isinstance(spec, OutageRule) and area is not None:
        if is_over(spec, plan.town.watched_in(area), still):
            plan.over.append(outage.incident_id)
    elif still == 0:
        plan.over.append(outage.incident_id)


__all__ = ["SETTLING", "AreaNode", "Growth", "OpenOutage", "Plan", "Standing", "Town", "Wave", "plan_of"]
