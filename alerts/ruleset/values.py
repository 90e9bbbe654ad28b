"""A resident's own values of rules: which parameters can be their own, and the rule as it then is. Pure.

`Resident.rule_values` is `{rule code: {parameter: value}}`. Values say when and how much, never whether: no rule can be
switched off here, and rules of signals, of devices and of areas have no values of their own at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from alerts.ruleset.schemas import RuleSpec
from alerts.ruleset.yaml_form import ADAPTER

OWN_VALUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "threshold": frozenset({"low", "high", "far_low", "far_high", "hysteresis", "hold_seconds"}),
        "trend": frozenset({"change", "at_least_days"}),
        "sequence": frozenset({"within_seconds", "during"}),
        "inactivity": frozenset({"none_for_seconds", "none_in", "longer_than_seconds", "rooms", "during"}),
        "geofence": frozenset({"circles", "home_radius_metres", "hold_seconds", "during"}),
    }
)
"""`kind: parameters` that can be a resident's own; other kinds have none."""


def own_rule(spec: RuleSpec, values: Mapping[str, Any]) -> RuleSpec:
    """The rule with a resident's values in it; ValidationError where they do not make a rule, KeyError where one cannot be own."""
    for name in values:
        if name not in OWN_VALUES.get(spec.kind, frozenset()):
            raise KeyError(name)
    return ADAPTER.validate_python({**spec.model_dump(), **values})


__all__ = ["OWN_VALUES", "own_rule"]
