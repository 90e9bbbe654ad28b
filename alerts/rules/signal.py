"""Signals that raise at once: a press, a fall, smoke, gas, carbon monoxide, water, a call, a fault.

The table is the whole rule. A signal that is not in it raises nothing and is stored. Pure; no state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from alerts.facts import DeviceFacts
from alerts.findings import Condition, EventKey, Finding
from alerts.lanes import DOCTOR_CALL, FAULT, life_lane
from alerts.model import Severity


def _life(facts: DeviceFacts) -> str:
    return life_lane(facts.worn_by)


def _fault(_facts: DeviceFacts) -> str:
    return FAULT


def _doctor_call(_facts: DeviceFacts) -> str:
    return DOCTOR_CALL


@dataclass(frozen=True, slots=True)
class _Row:
    rule: str
    kind: str
    severity: Severity
    condition: Condition
    lane: Callable[[DeviceFacts], str]


def _hazard(name: str, severity: Severity) -> dict[str, _Row]:
    return {
        f"{name}.on": _Row(name, name, severity, Condition.ON, _life),
        f"{name}.off": _Row(name, name, severity, Condition.OFF, _life),
    }


def _device_fault(rule: str, on: str, off: str, kind: str = "device_fault") -> dict[str, _Row]:
    return {
        on: _Row(rule, kind, Severity.LOW, Condition.ON, _fault),
        off: _Row(rule, kind, Severity.LOW, Condition.OFF, _fault),
    }


TABLE: Mapping[str, _Row] = {
    "sos.pressed": _Row("sos", "sos", Severity.CRITICAL, Condition.MOMENTARY, _life),
    # A press taken back still needs a person: nobody knows who took it back.
    "sos.cancelled": _Row("sos", "sos", Severity.CRITICAL, Condition.NOTED, _life),
    "fall.detected": _Row("fall", "fall", Severity.CRITICAL, Condition.MOMENTARY, _life),
    "fall.cancelled": _Row("fall", "fall", Severity.MEDIUM, Condition.CANCELLED, _life),
    **_hazard("smoke", Severity.CRITICAL),
    **_hazard("gas", Severity.CRITICAL),
    **_hazard("co", Severity.CRITICAL),
    **_hazard("water", Severity.HIGH),
    "call.requested": _Row("doctor_call", "doctor_call", Severity.HIGH, Condition.MOMENTARY, _doctor_call),
    "call.ended": _Row("doctor_call", "doctor_call", Severity.HIGH, Condition.NOTED, _doctor_call),
    **_device_fault("tamper", "tamper.on", "tamper.off"),
    **_device_fault("fault", "fault.on", "fault.off"),
    **_device_fault("power", "power.lost", "power.restored"),
    **_device_fault("battery", "battery.low", "battery.ok", kind="battery"),
}
"""Native signal types (design, section 5) that raise, clear or belong on a timeline."""

RULES: frozenset[str] = frozenset(row.rule for row in TABLE.values())


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


def findings_of_signal(signal: Signal, facts: DeviceFacts) -> list[Finding]:
    """The finding of one signal: exactly one, so that every signal is stored with what became of it."""
    event = EventKey(
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
    row = TABLE.get(signal.type)
    if row is None:
        row = _Row("none", "none", Severity.INFO, Condition.NONE, _fault)
    return [
        Finding(
            home_id=facts.home_id,
            device_id=facts.id,
            resident_id=facts.worn_by if row.lane is _life else None,
            rule=row.rule,
            subject=facts.subject,
            kind=row.kind,
            severity=raised_by_hint(row.severity, signal.data) if row.condition in _RAISING else row.severity,
            condition=row.condition,
            lane=row.lane(facts),
            event=event,
            not_live=not facts.live,
            probe=facts.probe,
            cancel_window_seconds=facts.cancel_window_seconds if row.rule == "fall" else None,
            evidence={"signal": signal.type},
        )
    ]


_RAISING = frozenset({Condition.MOMENTARY, Condition.ON})


def raised_by_hint(severity: Severity, data: Mapping[str, Any]) -> Severity:
    """`severity`, raised by a hint in `data`; a hint never lowers it, and nonsense is no hint."""
    hint = data.get("severity")
    if isinstance(hint, str) and hint in Severity.__members__.values():
        return min(severity, Severity(hint), key=lambda one: one.rank)
    return severity


__all__ = ["RULES", "TABLE", "Signal", "findings_of_signal", "raised_by_hint"]
