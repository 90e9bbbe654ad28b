"""A resident's own values of rules: which parameters can be their own, and the rule as it then is. Pure.

`Resident.rule_values` is `{rule code: {parameter: value}}`. `enabled: false` takes a rule away from one resident; rules of
signals, of devices and of areas have no values of their own, so that nobody's call for help can be switched off here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from alerts.ruleset.schemas import RuleSpec
from alerts.ruleset.yaml_form import ADAPTER

OWN_VALUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "threshold": frozenset({"enabled", "low", "high", "far_low", "far_high", "hysteresis", "hold_seconds"}),
        "trend": frozenset({"enabled", "change", "at_least_days"}),
        "sequence": frozenset({"enabled", "within_seconds", "during"}),
        "inactivity": frozenset({"enabled", "none_for_seconds", "none_in", "longer_than_seconds", "rooms", "during"}),
        "geofence": frozenset({"enabled", "circles", "home_radius_metres", "hold_seconds", "during"}),
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
