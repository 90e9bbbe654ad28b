"""The arithmetic of escalation: which policy is whose, and when its next step is due. Pure.

A policy is frozen on its incident, so that a change of it changes no alarm under way. Who a step means is asked when it
begins (`alerts.escalation.people`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from alerts.escalation.schemas import PolicySpec, Step

BUILT_IN = "default"
"""The code of the policy of the settings; a centre's own of this code takes its place."""

NOT_ACKNOWLEDGED = "not_acknowledged"
NOBODY_WATCHING = "nobody_watching"
GOES_ON_AFTER_SECONDS = 300.0
"""The shortest pause between two rounds of a critical incident that its policy itself would not repeat."""
CAUSES = frozenset({NOT_ACKNOWLEDGED, NOBODY_WATCHING})
"""Why a page of a step is sent; every other cause has nothing to do with escalation."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A policy as it holds for one incident."""

    code: str
    version: int
    spec: PolicySpec
    cause: str = NOT_ACKNOWLEDGED
    repeated: int = 0
    """How often all steps were taken again since somebody last had it."""

    def same_policy(self, other: Frozen | None) -> bool:
        """Whether both are the same version of the same policy."""
        return other is not None and (self.code, self.version) == (other.code, other.version)

    def covers(self, severity: str) -> bool:
        """Whether it is for incidents of this severity."""
        return severity in self.spec.severities

    def step(self, number: int) -> Step | None:
        """The step of this number, from 0; None past the last."""
        return self.spec.steps[number] if 0 <= number < len(self.spec.steps) else None

    def due_at(self, number: int, from_at: datetime) -> datetime:
        """When a step is due; past the last one, when the policy ends or begins anew."""
        step = self.step(number)
        if step is not None:
            return from_at + timedelta(seconds=step.after_seconds)
        return from_at + timedelta(seconds=self.spec.steps[-1].after_seconds + self.spec.repeat_after_seconds)

    @property
    def may_repeat(self) -> bool:
        """Whether the steps are taken once more when nobody came."""
        return self.repeated < self.spec.repeat

    def goes_on(self, *, critical: bool) -> bool:
        """Whether another round follows this one: while nobody acts a critical incident never stops asking."""
        return critical or self.may_repeat

    def pause_seconds(self, *, critical: bool) -> float:
        """How long after the last step the next round begins, or the policy ends."""
        pause = self.spec.repeat_after_seconds
        return max(pause, GOES_ON_AFTER_SECONDS) if critical and not self.may_repeat else pause

    def again(self) -> Frozen:
        """The same for the next time its steps are taken."""
        return replace(self, repeated=self.repeated + 1, cause=NOT_ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy of the centre with the subtree it is for (None: everywhere)."""

    frozen: Frozen
    area_path: str | None


def freeze(frozen: Frozen) -> dict[str, Any]:
    """What stands on the incident."""
    return {
        "code": frozen.code,
        "version": frozen.version,
        "spec": frozen.spec.model_dump(mode="json"),
        "cause": frozen.cause,
        "repeated": frozen.repeated,
    }


def thaw(stored: Mapping[str, Any] | None) -> Frozen | None:
    """The policy of an incident; None where it has none. Raises ValueError for what cannot be read."""
    if not stored:
        return None
    spec = _read_spec(orjson.dumps(stored["spec"]))
    return Frozen(
        code=str(stored["code"]),
        version=int(stored["version"]),
        spec=spec,
        cause=str(stored.get("cause", NOT_ACKNOWLEDGED)),
        repeated=int(stored.get("repeated", 0)),
    )


@lru_cache(maxsize=256)
def _read_spec(text: bytes) -> PolicySpec:
    return PolicySpec.model_validate_json(text)


def choose(policies: Iterable[InForce], severity: str, area_path: str | None) -> Frozen | None:
    """The policy of an incident: of those for its severity the one whose area lies nearest above it, by code when equal."""
    fitting = [one for one in policies if one.frozen.covers(severity) and _is_above(one.area_path, area_path)]
    nearest = min(fitting, key=lambda one: (-len(one.area_path or ""), one.frozen.code), default=None)
    return None if nearest is None else nearest.frozen


def _is_above(policy_path: str | None, area_path: str | None) -> bool:
    return policy_path is None or (area_path is not None and area_path.startswith(policy_path))


__all__ = [
    "BUILT_IN",
    "CAUSES",
    "GOES_ON_AFTER_SECONDS",
    "NOBODY_WATCHING",
    "NOT_ACKNOWLEDGED",
    "Frozen",
    "InForce",
    "choose",
    "freeze",
    "thaw",
]
