"""The policy of a centre that made none, from its settings (design, section 7). Pure.

It asks only whom it could reach: without a supervisor who has a number or an account, their step would only bring the
next one forward.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts.escalation.policy import BUILT_IN, Frozen, InForce
from alerts.escalation.schemas import PolicySpec, Step, Target
from alerts.model import Severity
from core.config import Settings

ONE_AFTER_ANOTHER_SECONDS = 30.0
"""The next contact is called when the one before had this long to answer."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether there is any way to reach these people at all."""

    supervisors: bool = False
    contacts: bool = False


def built_in(settings: Settings, reach: Reach) -> InForce:
    """Supervisors, then the contacts by order, then the fallback addresses, then the second centre."""
    steps = [
        Step(
            after_seconds=settings.fallback_after_seconds,
            targets=(Target(who="fallback"),),
            retry_for_seconds=settings.fallback_deadline_seconds,
        )
    ]
    if reach.contacts:
        steps.append(
            Step(
                after_seconds=settings.contacts_after_seconds,
                targets=(Target(who="contacts", one_after_another_seconds=ONE_AFTER_ANOTHER_SECONDS),),
            )
        )
    if reach.supervisors:
        steps.append(
            Step(after_seconds=settings.supervisor_after_seconds, targets=(Target(who="role", role="supervisor"),)),
        )
    if settings.second_centre_url is not None:
        steps.append(Step(after_seconds=settings.second_centre_after_seconds, targets=(Target(who="second_centre"),)))
    spec = PolicySpec(
        code=BUILT_IN,
        name="Default",
        severities=(Severity.CRITICAL, Severity.HIGH),
        steps=tuple(sorted(steps, key=lambda step: step.after_seconds)),
    )
    return InForce(Frozen(BUILT_IN, 0, spec), None)


__all__ = ["ONE_AFTER_ANOTHER_SECONDS", "Reach", "built_in"]
