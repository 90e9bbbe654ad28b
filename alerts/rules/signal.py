"""Signals that raise at once: a press, a fall, smoke, gas, carbon monoxide, water, a call, a fault. Pure; no state.

Every signal makes at least one finding, so that each is stored with what became of it. When several rules hear one
signal, one finding carries the event and is stored with it; the others stand on the same event and share its fate when it
turns out to be a repeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from alerts.facts import DeviceFacts
from alerts.findings import Condition, EventKey, Finding, Link
from alerts.lanes import FAULT
from alerts.model import Severity
from alerts.rules.context import Day
from alerts.rules.scene import looks_at, of_device, place_of
from alerts.rules.windows import contains
from alerts.ruleset.compile import RuleInForce, builtin_rules
from alerts.ruleset.schemas import BatteryRule, SignalRule

Heard: TypeAlias = tuple[RuleInForce, Condition]
"""A rule that hears a signal, and what the signal means to it."""


class Signal(Protocol):
    """What this rule reads of a codec's signal (`devices.codecs.types.Signal`)."""

    @property
    def type(self) -> str:
        """Such as `sos.pressed` or `smoke.on`."""
        ...

    @property
    def event_key(self) -> str:
        """The device's own id, or a digest."""
        ...

    @property
    def device_at(self) -> datetime | None:
        """By the device's clock, or None."""
        ...

    @property
    def received_at(self) -> datetime:
        """By ours."""
        ...

    @property
    def data(self) -> Mapping[str, Any]:
        """What else it said."""
        ...

    @property
    def retained(self) -> bool:
        """Whether the broker kept it from before."""
        ...

    @property
    def redelivered(self) -> bool:
        """Whether the broker delivered it before."""
        ...

    @property
    def has_own_id(self) -> bool:
        """Whether `event_key` is the device's own."""
        ...


def event_of(signal: Signal, facts: DeviceFacts) -> EventKey:
    """The event a signal is stored as."""
    return EventKey(
        device_id=facts.id,
        event_key=signal.event_key,
        has_own_id=signal.has_own_id,
        type=signal.type,
        data=signal.data,
        device_at=signal.device_at,
        received_at=signal.received_at,
        retained=signal.retained,
        redelivered=signal.redelivered,
    )


def meanings(rule: RuleInForce) -> dict[str, Condition]:
    """Every signal a rule hears, and what it means."""
    spec = rule.spec
    if isinstance(spec, BatteryRule):
        return {**dict.fromkeys(spec.on, Condition.ON), **dict.fromkeys(spec.off, Condition.OFF)}
    if not isinstance(spec, SignalRule):
        return {}
    raising = Condition.ON if spec.off else Condition.MOMENTARY
    return {
        **dict.fromkeys(spec.on, raising),
        **dict.fromkeys(spec.off, Condition.OFF),
        **dict.fromkeys(spec.cancel, Condition.CANCELLED),
        **dict.fromkeys(spec.note, Condition.NOTED),
    }


def builtin_heard(signal_type: str) -> tuple[Heard, ...]:
    """The built-in rules that hear a signal."""
    return tuple((rule, means[signal_type]) for rule in builtin_rules() if signal_type in (means := meanings(rule)))


def findings_of_signal(
    signal: Signal, facts: DeviceFacts, heard: Sequence[Heard] | None = None, day: Day | None = None
) -> list[Finding]:
    """The findings of one signal, the one that carries its event last; `heard` None means the built-in rules."""
    event = event_of(signal, facts)
    found = [
        _finding(rule, means, event, facts)
        for rule, means in (builtin_heard(signal.type) if heard is None else heard)
        if looks_at(rule, facts) and _is_time(rule, means, event, day)
    ]
    if not found:
        return [_stored_only(event, facts)]
    if len(found) > 1:
        found.sort(key=lambda one: (one.monitor, one.severity.rank), reverse=True)
        found = [*(replace(one, event=None, caused_by=event) for one in found[:-1]), found[-1]]
    return found


def _is_time(rule: RuleInForce, means: Condition, event: EventKey, day: Day | None) -> bool:
    window = rule.spec.during if isinstance(rule.spec, SignalRule) else None
    return window is None or day is None or means not in RAISING or contains(window, day, event.happened_at)


def _finding(rule: RuleInForce, means: Condition, event: EventKey, facts: DeviceFacts) -> Finding:
    spec = rule.spec
    severity = spec.severity
    if means in RAISING:
        severity = raised_by_hint(severity, event.data)
    elif means is Condition.CANCELLED and isinstance(spec, SignalRule):
        severity = spec.cancelled_severity
    return of_device(
        rule,
        facts,
        subject=facts.subject,
        condition=means,
        severity=severity,
        event=event,
        cancel_window_seconds=_window_seconds(rule, facts),
        confirm_seconds=spec.confirm_seconds if isinstance(spec, SignalRule) and rule.version else None,
        evidence={"signal": event.type},
        chain=(Link("signal", event.happened_at, event.type, facts.id, None, place_of(facts)),),
    )


def _window_seconds(rule: RuleInForce, facts: DeviceFacts) -> float | None:
    """How long the wearer may take it back; None where it is certain at once."""
    spec = rule.spec
    if not isinstance(spec, SignalRule) or spec.confirm_seconds is None:
        return None
    return facts.cancel_window_seconds if spec.confirm_only_with_profile_window else spec.confirm_seconds


def _stored_only(event: EventKey, facts: DeviceFacts) -> Finding:
    return Finding(
        home_id=facts.home_id,
        device_id=facts.id,
        rule="none",
        subject=facts.subject,
        kind="none",
        severity=Severity.INFO,
        condition=Condition.NONE,
        lane=FAULT,
        event=event,
        not_live=not facts.live,
        probe=facts.probe,
    )


RAISING = frozenset({Condition.MOMENTARY, Condition.ON})


def raised_by_hint(severity: Severity, data: Mapping[str, Any]) -> Severity:
    """`severity`, raised by a hint in `data`; a hint never lowers it, and nonsense is no hint."""
    hint = data.get("severity")
    if isinstance(hint, str) and hint in Severity.__members__.values():
        return min(severity, Severity(hint), key=lambda one: one.rank)
    return severity


__all__ = [
    "RAISING",
    "Heard",
    "Signal",
    "builtin_heard",
    "event_of",
    "findings_of_signal",
    "meanings",
    "raised_by_hint",
]
