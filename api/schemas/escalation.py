"""Escalation policies as they cross HTTP, who they would reach now, and where an incident stands in its own.

`spec` is the whole policy, as `alerts.escalation.schemas` reads it.
"""

from __future__ import annotations

from typing import Literal

from alerts.escalation.schemas import PolicySpec
from api.schemas.base import InstantOut, Out
from people.schemas import In

TargetKind = Literal["roster", "role", "user", "contacts", "fallback", "address", "second_centre"]


class PolicyItem(Out):
    """A policy in force. The built-in one is made of the settings, and stands last."""

    code: str
    version: int
    """0: the built-in one."""
    built_in: bool
    spec: PolicySpec
    updated_at: InstantOut | None
    updated_by: str | None


class PolicyList(Out):
    """Every policy in force, the centre's own by code, then the built-in one."""

    items: list[PolicyItem]


class PolicyVersionOut(Out):
    """What a policy said from one moment on."""

    version: int
    created_at: InstantOut
    created_by: str | None
    spec: PolicySpec


class PolicyOut(PolicyItem):
    """A policy with everything it ever said, the latest first."""

    versions: list[PolicyVersionOut]


class PolicyPut(In):
    """What a policy is to say from now on."""

    spec: PolicySpec


class ReachedPerson(Out):
    """Somebody a step reaches; `person` is null for an address."""

    person: str | None
    name: str
    channels: list[str]
    after_seconds: float
    """How long after the beginning of the step, for those who are called one after another."""


class PreviewStep(Out):
    """What a step would do if it began now."""

    after_seconds: float
    people: list[ReachedPerson]
    unreachable: list[str]
    """Names of those it means who have no number or account that works."""
    nobody: bool
    """It reaches nobody, so the next one would be taken at once."""


class EscalationPreview(Out):
    """Who would be told of an alarm of a home at this moment; without a policy nobody is."""

    policy: str | None
    version: int | None
    name: str | None
    steps: list[PreviewStep]


class EscalationStepOut(Out):
    """One step of an incident's own policy, and whom it told."""

    after_seconds: float
    who: list[TargetKind]
    """What its targets are: a step of addresses alone has no person to name."""
    state: Literal["done", "next", "waiting"]
    at: InstantOut | None
    """When it is due, or was; null where no round runs."""
    people: list[str]


class EscalationOut(Out):
    """Where an incident stands in the policy it froze; null where it has none."""

    policy: str
    name: str
    version: int
    step: int
    next_at: InstantOut | None
    round: int
    steps: list[EscalationStepOut]
