"""The built-in rules: each device profile is covered, in both languages, with severities of the design."""

from __future__ import annotations

import pytest

from alerts.lanes import DOCTOR_CALL, FAULT, LIFE
from alerts.model import Severity
from alerts.rules.threshold import VITALS
from alerts.ruleset.builtin import builtin_specs, read_file
from alerts.ruleset.compile import HomeKey, Ruleset, builtin_rules
from alerts.ruleset.life import PROTECTED, weakening
from alerts.ruleset.schemas import RULE_KINDS, BatteryRule, SequenceRule, SignalRule, ThresholdRule
from devices.profiles import catalogue
from devices.vocabulary import CONDITIONS, LIFE_SIGNALS

TABLE = {
    "sos.pressed": ("sos", "sos", Severity.CRITICAL, LIFE),
    "fall.detected": ("fall", "fall", Severity.CRITICAL, LIFE),
    "smoke.on": ("smoke", "smoke", Severity.CRITICAL, LIFE),
    "gas.on": ("gas", "gas", Severity.CRITICAL, LIFE),
    "co.on": ("co", "co", Severity.CRITICAL, LIFE),
    "water.on": ("water", "water", Severity.HIGH, LIFE),
    "call.requested": ("doctor_call", "doctor_call", Severity.HIGH, DOCTOR_CALL),
    "tamper.on": ("tamper", "device_fault", Severity.LOW, FAULT),
    "fault.on": ("fault", "device_fault", Severity.LOW, FAULT),
    "power.lost": ("power", "device_fault", Severity.LOW, FAULT),
    "battery.low": ("battery", "battery", Severity.LOW, FAULT),
}
"""Every signal that raises by itself, with rule, kind, severity and lane, as the design says it (sections 5 and 6)."""


def _home(*profiles: str) -> tuple[str, ...]:
    return tuple(rule.code for rule in Ruleset(builtin_rules()).for_home(HomeKey(None, "h1", frozenset({1}), frozenset(profiles))))


def _single() -> dict[str, SignalRule | BatteryRule]:
    """What raises by one signal, by that signal."""
    found: dict[str, SignalRule | BatteryRule] = {}
    for spec in builtin_specs().values():
        if isinstance(spec, SignalRule | BatteryRule):
            for signal in spec.on:
                assert signal not in found, signal
                found[signal] = spec
    return found


def test_exactly_the_signals_of_the_design_raise_by_themselves() -> None:
    said = {signal: (spec.code, spec.raises, spec.severity, spec.lane) for signal, spec in _single().items()}
    assert said == TABLE
    assert set(TABLE) >= LIFE_SIGNALS


def test_a_condition_ends_with_its_own_signal_and_a_moment_with_none() -> None:
    for signal, spec in _single().items():
        assert spec.off == ((CONDITIONS[signal],) if signal in CONDITIONS else ()), signal


def test_a_press_taken_back_is_noted_and_a_fall_taken_back_is_lowered() -> None:
    sos, fall, call = (builtin_specs()[code] for code in ("sos", "fall", "doctor_call"))
    assert isinstance(sos, SignalRule)
    assert isinstance(fall, SignalRule)
    assert isinstance(call, SignalRule)
    assert (sos.cancel, sos.note) == ((), ("sos.cancelled",))
    assert (fall.cancel, fall.cancelled_severity, fall.confirm_seconds) == (("fall.cancelled",), Severity.MEDIUM, 20)
    assert fall.confirm_only_with_profile_window, "a radar's fall cannot be taken back"
    assert call.note == ("call.ended",)


@pytest.mark.parametrize("profile", catalogue())
def test_every_profile_is_covered(profile: str) -> None:
    one = catalogue()[profile]
    in_force = {code: builtin_specs()[code] for code in _home(one.id)}
    heard = {signal for spec in in_force.values() if isinstance(spec, SignalRule | BatteryRule) for signal in spec.on}
    assert {signal for signal in one.signals if signal in TABLE} <= heard
    assert {"silence", "battery", "threshold", *PROTECTED} <= set(in_force)
    if {"motion.seen", "presence.on", "bed.entered"} & set(one.signals):
        assert {"not_up", "no_movement"} <= set(in_force)
    if {"motion.seen", "presence.on"} & set(one.signals) and one.id != "bed":  # a bed sees nobody on the floor
        assert {"fall_no_movement", "bathroom_long", "night_wandering"} <= set(in_force)
    if "latitude" in one.metrics:
        assert {"far_from_home", "out_at_night"} <= set(in_force)


def test_what_could_never_be_seen_is_never_missed() -> None:
    blind = _home("sos-button", "door", "smoke-alarm", "environment", "watch")
    assert not {"not_up", "no_movement", "bathroom_long", "fall_no_movement", "night_wandering"} & set(blind)
    assert not {"far_from_home", "out_at_night"} & set(_home("motion", "pendant"))


def test_limits_come_from_the_profiles_and_each_kind_is_there() -> None:
    threshold = builtin_specs()["threshold"]
    assert isinstance(threshold, ThresholdRule)
    assert threshold.limits_of_profile
    assert threshold.metric is None
    assert {spec.kind for spec in builtin_specs().values()} == set(RULE_KINDS)


def test_only_dangers_to_life_are_critical() -> None:
    critical = {spec.code for spec in builtin_specs().values() if spec.severity is Severity.CRITICAL}
    assert critical == {*PROTECTED, "fall_no_movement"}


def test_inactivity_never_mutes_and_a_fall_without_movement_worsens_the_fall() -> None:
    no_movement = builtin_specs()["fall_no_movement"]
    assert isinstance(no_movement, SequenceRule)
    assert (no_movement.worsens, no_movement.within_seconds, no_movement.expected) == ("fall", 60, False)
    assert no_movement.lane == LIFE


def test_both_languages_are_there_and_chinese_is_chinese() -> None:
    for spec in builtin_specs().values():
        assert any("一" <= letter <= "鿿" for letter in spec.name.zh), spec.code
        assert spec.name.en.isascii(), spec.code
        assert spec.playbook is not None or spec.kind == "routine", spec.code
        assert "operators" in spec.audience, spec.code


def test_nothing_built_in_weakens_life() -> None:
    assert [spec.code for spec in builtin_specs().values() if weakening(spec, builtin_specs())] == []
    assert set(builtin_specs()) >= PROTECTED


def test_trends_are_of_vitals() -> None:
    for spec in builtin_specs().values():
        if spec.kind == "trend":
            assert spec.metric in VITALS


def test_a_data_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ValueError, match=r"broken\.yaml"):
        read_file("broken.yaml", "yinling_rules: 1\nrules: [{code: x, kind: signal}]")
    with pytest.raises(ValueError, match=r"worse\.yaml"):
        read_file("worse.yaml", "{")
