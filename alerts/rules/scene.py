"""What a rule looks at when it decides: the home, what is known of it, the day it is, and what is open. Pure.

Here are also the questions several kinds ask: what was the last thing of this kind, does it match, is anybody home.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding, Link
from alerts.lanes import DOCTOR_CALL, FAULT, life_lane
from alerts.model import Severity
from alerts.rules.context import ActiveLookup, Day, History, HomeFacts
from alerts.rules.memory import HomeMemory, Pattern, Seen
from alerts.ruleset.compile import RuleInForce, builtin_rules
from alerts.ruleset.schemas import Happening, RuleBase

S = TypeVar("S", bound=RuleBase)

DOORS = ("door.opened", "door.closed")
INDOORS = Happening(
    signals=("motion.seen", "presence.on", "bed.entered", "bed.left", "sign_in.made", "stove.on", "stove.off"),
    metric="motion",
    above=0.5,
)
"""What only somebody at home does."""
_SEES_INDOORS = frozenset({"motion.seen", "presence.on", "bed.entered"})


@dataclass(frozen=True, slots=True)
class Scene:
    """One home at one moment."""

    home: HomeFacts
    memory: HomeMemory
    day: Day
    active: ActiveLookup
    history: History

    def active_of(self, rule: RuleInForce, subject: str) -> Severity | None:
        """The severity of a rule's open condition; rules in monitor mode have theirs in memory only."""
        if rule.spec.monitor:
            return self.memory.shadow.get((rule.spec.code, subject))
        return self.active(rule.spec.code, subject)


def personal(spec: S, home: HomeFacts, resident_id: int | None = None) -> S:
    """The rule with the resident's own values laid over it; for the home as a whole, those of all who live there.

    Where residents of one home differ, the shorter time counts. Values that make no rule are passed over.
    """
    if spec.code not in home.own_codes:
        return spec
    known = home.personal.get((id(spec), resident_id))
    if known is None or known[0] is not spec:
        known = home.personal[id(spec), resident_id] = (spec, _personal(spec, home, resident_id))
    return cast("S", known[1])


def _personal(spec: S, home: HomeFacts, resident_id: int | None) -> S:
    own: dict[str, Any] = {}
    for resident in home.residents:
        if resident_id is not None and resident.id != resident_id:
            continue
        for name, value in resident.rule_values.get(spec.code, {}).items():
            known = own.get(name)
            own[name] = min(known, value) if name.endswith("_seconds") and _are_numbers(known, value) else own.get(name, value)
    if not own:
        return spec
    try:
        return type(spec).model_validate({**spec.model_dump(), **own})
    except ValidationError:
        return spec


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) for value in values)


def looks_at(rule: RuleInForce, facts: DeviceFacts) -> bool:
    """Whether a rule that applies to the home looks at this device."""
    applies = rule.spec.applies
    if applies.profiles and facts.profile not in applies.profiles:
        return False
    return not applies.residents or facts.resident_id in applies.residents


def in_rooms(rooms: Sequence[str], room: str | None) -> bool:
    """Whether a room is one of `rooms`, whatever its capitals."""
    return room is not None and room.strip().casefold() in _folded(tuple(rooms))


@cache
def _folded(rooms: tuple[str, ...]) -> frozenset[str]:
    return frozenset(room.strip().casefold() for room in rooms)


def pattern_of(happening: Happening) -> Pattern | None:
    """What of a happening a reading can be."""
    return None if happening.metric is None else (happening.metric, happening.above, happening.below)


def is_beyond(pattern: Pattern, value: float) -> bool:
    """Whether a value matches a pattern."""
    _, above, below = pattern
    return (above is None or value > above) and (below is None or value < below)


def is_from(happening: Happening, facts: DeviceFacts) -> bool:
    """Whether the room of a device is one the happening may be seen in."""
    return not happening.rooms or in_rooms(happening.rooms, facts.room)


def last_of(happening: Happening, scene: Scene, *, applies: RuleInForce | None = None) -> Seen | None:
    """The newest such thing that is known of the home."""
    pattern = pattern_of(happening)
    found: Seen | None = None
    for facts in scene.home.devices.values():
        if not is_from(happening, facts) or (applies is not None and not looks_at(applies, facts)):
            continue
        for signal in happening.signals:
            at = scene.memory.signals.get((facts.id, signal))
            if at is not None and (found is None or at > found.at):
                found = Seen(at, facts.id, signal)
        beyond = None if pattern is None else scene.memory.beyond.get((facts.id, pattern))
        if beyond is not None and beyond.last is not None and (found is None or beyond.last.at > found.at):
            found = beyond.last
    return found


def who_can_see(happening: Happening, scene: Scene, *, applies: RuleInForce | None = None) -> list[DeviceFacts]:
    """The live devices that could tell of such a thing."""
    return [
        facts
        for facts in scene.home.devices.values()
        if facts.live
        and is_from(happening, facts)
        and (applies is None or looks_at(applies, facts))
        and (not facts.signals.isdisjoint(happening.signals) or happening.metric in facts.metrics)
    ]


def nobody_home_since(scene: Scene) -> datetime | None:
    """When the last person is believed to have left: a door moved, and nobody was seen indoors since. None: not believed.

    A home where nothing could see somebody indoors is never believed to be empty.
    """
    if not any(facts.live and not facts.signals.isdisjoint(_SEES_INDOORS) for facts in scene.home.devices.values()):
        return None
    doors = [at for (_, name), at in scene.memory.signals.items() if name in DOORS]
    if not doors:
        return None
    left_at = max(doors)
    last = last_of(INDOORS, scene)
    return left_at if last is None or last.at < left_at else None


def link_of(seen: Seen, scene: Scene, **details: Any) -> Link:
    """The link of a why-chain that a signal or reading is, with its place."""
    facts = scene.home.devices.get(seen.device_id)
    what = "signal" if seen.value is None else "reading"
    place = {} if facts is None else place_of(facts)
    return Link(what, seen.at, seen.name, seen.device_id, seen.value, {**place, **details})


def place_of(facts: DeviceFacts) -> dict[str, Any]:
    """Name and room of a device, for a sentence."""
    return {key: value for key, value in (("device", facts.name or facts.code), ("room", facts.room)) if value}


def lane_of(spec: RuleBase, worn_by: int | None) -> str:
    """The lane of a rule's alerts."""
    if spec.lane == "fault":
        return FAULT
    return DOCTOR_CALL if spec.lane == "doctor_call" else life_lane(worn_by)


def of_device(rule: RuleInForce, facts: DeviceFacts, *, subject: str, condition: Condition, **more: Any) -> Finding:
    """A finding of a rule about one device, or about who wears it."""
    spec = rule.spec
    fields = {"kind": spec.raises, "severity": spec.severity, "rule": spec.code, **more}
    return Finding(
        home_id=facts.home_id,
        device_id=facts.id,
        resident_id=facts.worn_by if spec.lane == "life" else None,
        subject=subject,
        condition=condition,
        lane=lane_of(spec, facts.worn_by),
        not_live=not facts.live,
        probe=facts.probe,
        rule_kind=spec.kind,
        rule_version=rule.version,
        monitor=spec.monitor,
        playbook=spec.playbook,
        audience=spec.audience,
        **fields,
    )


def of_home(rule: RuleInForce, home: HomeFacts, *, condition: Condition, **more: Any) -> Finding:
    """A finding of a rule about the home as a whole, or about one of its people."""
    spec = rule.spec
    fields = {"subject": home.subject, "device_id": None, "severity": spec.severity, **more}
    return Finding(
        home_id=home.id,
        rule=spec.code,
        kind=spec.raises,
        condition=condition,
        lane=lane_of(spec, None),
        probe=home.probe,
        rule_kind=spec.kind,
        rule_version=rule.version,
        monitor=spec.monitor,
        playbook=spec.playbook,
        audience=spec.audience,
        **fields,
    )


@cache
def builtin(code: str) -> RuleInForce:
    """The built-in rule of a code."""
    return next(rule for rule in builtin_rules() if rule.spec.code == code)


def evidence_of(chain: Iterable[Link], **more: Any) -> Mapping[str, Any]:
    """The short form of a chain that stays on the alert."""
    links = list(chain)
    last = links[-1] if links else None
    said = {} if last is None else {"name": last.name, "at": last.at.isoformat(), "value": last.value, **last.details}
    return {**said, **more}


__all__ = [
    "DOORS",
    "INDOORS",
    "Scene",
    "builtin",
    "evidence_of",
    "in_rooms",
    "is_beyond",
    "is_from",
    "lane_of",
    "last_of",
    "link_of",
    "looks_at",
    "nobody_home_since",
    "of_device",
    "of_home",
    "pattern_of",
    "personal",
    "place_of",
    "who_can_see",
]
