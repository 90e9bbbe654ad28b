"""Any change to a rule that protects life is refused, or every danger still rings everywhere, as bad as before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.compile import HomeKey, RuleInForce, Ruleset
from alerts.ruleset.life import LONGEST_CONFIRMATION_SECONDS, PROTECTED, weakening
from alerts.ruleset.schemas import SignalRule
from alerts.ruleset.yaml_form import ADAPTER
from devices.vocabulary import SIGNAL_TYPES

_signals = st.lists(st.sampled_from(sorted(SIGNAL_TYPES)), max_size=3, unique=True)
_changes = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.sampled_from(["critical", "high", "info"]),
        "enabled": st.booleans(),
        "monitor": st.booleans(),
        "on": _signals,
        "off": _signals,
        "cancel": _signals,
        "note": _signals,
        "cancelled_severity": st.sampled_from(["critical", "medium", "info"]),
        "confirm_seconds": st.none() | st.floats(1, 600),
        "confirm_only_with_profile_window": st.booleans(),
        "audience": st.lists(st.sampled_from(["operators", "supervisors", "family"]), max_size=3),
        "during": st.none() | st.just({"named": "sleep"}),
        "lane": st.sampled_from(["life", "fault"]),
        "applies": st.sampled_from([{}, {"homes": ["h2"]}, {"profiles": ["watch"]}, {"homes_with": ["motion"]}]),
    },
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(PROTECTED)), _changes)
def test_what_is_let_through_protects_as_much(code: str, changes: dict[str, Any]) -> None:
    ours = builtin_specs()[code]
    assert isinstance(ours, SignalRule)
    try:
        spec = ADAPTER.validate_python(ours.model_dump() | changes)
    except ValidationError:
        return
    if weakening(spec, builtin_specs()) is not None:
        return
    assert isinstance(spec, SignalRule)
    in_force = Ruleset([RuleInForce(spec, 1)]).for_home(HomeKey(None, "h1"))
    assert [rule.code for rule in in_force] == [code], "in every home, whatever hangs in it"
    assert not spec.monitor
    assert spec.during is None
    assert set(ours.on) <= set(spec.on)
    assert spec.severity.rank <= ours.severity.rank
    assert set(spec.off) <= set(ours.off)
    assert set(spec.cancel) <= set(ours.cancel)
    assert "operators" in spec.audience
    assert spec.lane == ours.lane
    assert spec.confirm_seconds is None or spec.confirm_seconds <= LONGEST_CONFIRMATION_SECONDS


@pytest.mark.parametrize("code", sorted(PROTECTED))
def test_another_kind_under_its_code_is_weaker(code: str) -> None:
    text = {"code": code, "kind": "absence", "name": {"zh": "好", "en": "Good"}, "severity": "critical", "raises": code}
    assert weakening(ADAPTER.validate_python(text), builtin_specs()) == "kind"


@pytest.mark.parametrize("code", sorted(set(builtin_specs()) - PROTECTED - {"routine"}))
def test_every_other_rule_can_be_switched_off(code: str) -> None:
    spec = ADAPTER.validate_python(builtin_specs()[code].model_dump() | {"enabled": False, "monitor": True})
    assert weakening(spec, builtin_specs()) is None
