"""The rules that protect life: nobody can make them see less, say less or say it to fewer homes. Pure.

They may be renamed, given another playbook, told to more people, or made to hear more signals.
"""

from __future__ import annotations

from collections.abc import Mapping

from alerts.audience import GRAVE, LIFE_KINDS, OPERATORS
from alerts.ruleset.schemas import Applies, RuleSpec, SignalRule, ThresholdRule

PROTECTED: frozenset[str] = frozenset({"sos", "fall", "smoke", "gas", "co"})
"""Codes of the built-in rules no change may weaken."""
LONGEST_CONFIRMATION_SECONDS = 60.0
"""Wearables wait 20 to 30 s; a fall that hangs as pending for longer than this would be a fall nobody is sent to."""


def weakening(spec: RuleSpec, builtin: Mapping[str, RuleSpec]) -> str | None:
    """The field by which a rule would protect less than the built-in one of its code; None when it does not."""
    ours = builtin.get(spec.code)
    if spec.code not in PROTECTED or not isinstance(ours, SignalRule):
        return None
    if not isinstance(spec, SignalRule):
        return "kind"
    weaker = {
        "enabled": not spec.enabled,
        "monitor": spec.monitor,
        "severity": spec.severity.rank > ours.severity.rank,
        "applies": spec.applies != Applies(),
        "during": spec.during is not None,
        "on": not set(ours.on) <= set(spec.on),
        "off": not set(spec.off) <= set(ours.off),
        "cancel": not set(spec.cancel) <= set(ours.cancel),
        "cancelled_severity": bool(ours.cancel) and spec.cancelled_severity.rank > ours.cancelled_severity.rank,
        "confirm_seconds": _waits_longer(spec, ours),
        "confirm_only_with_profile_window": spec.confirm_only_with_profile_window != ours.confirm_only_with_profile_window,
        "raises": spec.raises != ours.raises,
        "lane": spec.lane != ours.lane,
        "audience": "operators" not in spec.audience,
    }
    return next((field for field, is_weaker in weaker.items() if is_weaker), None)


def lacks_operators(spec: RuleSpec) -> bool:
    """Whether what it finds may be grave and it is not for the operators: nobody would come."""
    severities = {spec.severity}
    if isinstance(spec, SignalRule) and spec.cancel:
        severities.add(spec.cancelled_severity)
    if isinstance(spec, ThresholdRule) and spec.far_severity is not None:
        severities.add(spec.far_severity)
    return OPERATORS not in spec.audience and (bool(severities & GRAVE) or spec.raises in LIFE_KINDS)


def _waits_longer(spec: SignalRule, ours: SignalRule) -> bool:
    if spec.confirm_seconds is None:
        return False
    return ours.confirm_seconds is None or spec.confirm_seconds > LONGEST_CONFIRMATION_SECONDS


__all__ = ["LONGEST_CONFIRMATION_SECONDS", "PROTECTED", "lacks_operators", "weakening"]
