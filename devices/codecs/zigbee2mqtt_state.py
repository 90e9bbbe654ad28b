"""The state of one Zigbee2MQTT device: a flat object of properties, translated one by one.

The object is the device's whole cached state, so most of it repeats what was said before: such signals carry
`"report": "state"`. Several properties that tell the same thing count as one; *on* wins. What a property means comes
from the profile of the model where the name alone cannot say. Pure; never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.clock import credible_instant
from devices.codecs.native import doubts
from devices.codecs.scalars import digest, instant, number, shown, truth
from devices.codecs.types import ChildKey, Decoded, NotUnderstood, RawMessage, Reading, Signal, StateUpdate
from devices.codecs.zigbee2mqtt_child import LONGEST_NAME, Child
from devices.codecs.zigbee2mqtt_exposes import profile_guess, says_sos
from devices.vocabulary import CONDITIONS, METRICS

ECHO_SECONDS = 3.0
"""A press is told as JSON, then as JSON with an empty action, then as bare text, within about a second."""

_CONDITIONS = {
    "smoke": "smoke.on",
    "smoke_state": "smoke.on",
    "smoke_alarm_1": "smoke.on",
    "smoke_alarm_2": "smoke.on",
    "gas": "gas.on",
    "gas_state": "gas.on",
    "gas_alarm_1": "gas.on",
    "gas_alarm_2": "gas.on",
    "carbon_monoxide": "co.on",
    "co_state": "co.on",
    "carbon_monoxide_alarm_1": "co.on",
    "carbon_monoxide_alarm_2": "co.on",
    "water_leak": "water.on",
    "water_leak_alarm_1": "water.on",
    "water_leak_alarm_2": "water.on",
    "water_leak_zone_1": "water.on",
    "water_leak_zone_2": "water.on",
    "tamper": "tamper.on",
    "tamper_alarm": "tamper.on",
    "battery_low": "battery.low",
    "presence": "presence.on",
    "presence_state": "presence.on",
    "occupancy": "motion.seen",
    "sos": "sos.pressed",
    "sos_alarm": "sos.pressed",
    "ac_status": "power.lost",
    "test": "device.tested",
    "trouble": "fault.on",
    "battery_defect": "fault.on",
    "device_fault": "fault.on",
    "end_of_life": "fault.on",
}
_FAULT_TEXTS = frozenset({"fault", "fault_alarm", "fault_state", "faults"})
_SELF_TESTS = frozenset({"self_test", "self_test_result", "test_alarm_result"})
_FALLS = {"fall_status": ("fall_alarm", "fall_warning"), "fall_down_status": ("fall", "maybe_fall"), "fall_detection": ("fall",)}
_READINGS = {
    "battery": "battery",
    "linkquality": "link_quality",
    "temperature": "temperature",
    "humidity": "humidity",
    "illuminance_lux": "illuminance",
    "illuminance": "illuminance",
    "co2": "co2",
    "co": "co",
    "pm25": "pm25",
    "noise": "noise",
    "power": "power",
    "energy": "energy",
    "voltage": "voltage",
    "heart_rate": "heart_rate",
    "breathing_rate": "respiration_rate",
}
# The gateway's own words about a device: neither reading nor signal, and in every message.
_SILENT = frozenset({"last_seen", "device", "update", "update_available", "elapsed", "type"})
_NO_FAULT = frozenset({"none", "clear", "normal", "ok", "no_fault", "0", "[]", "false", "off", "not_detected"})
_MILLIVOLTS_FROM = 500.0
_METRIC_OF = {"presence.on": "presence", "bed.entered": "in_bed", "door.opened": "contact_open", "motion.seen": "motion"}

PROPERTIES: frozenset[str] = frozenset({"action", "contact", *_CONDITIONS, *_FAULT_TEXTS, *_SELF_TESTS, *_FALLS, *_READINGS})
"""Every property this codec reads."""


@dataclass(slots=True)
class _Heard:
    """What the properties of one message say together."""

    conditions: dict[str, bool] = field(default_factory=dict)
    """Signal that begins a state, to whether it is so."""
    causes: dict[str, dict[str, Any]] = field(default_factory=dict)
    presses: list[tuple[str, str]] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)

    def note(self, begins: str, so: bool, name: str, value: Any) -> None:
        """One property's word on a state; *on* wins over *off*."""
        if so or begins not in self.conditions:
            self.conditions[begins] = so
            self.causes[begins] = {name: value if isinstance(value, bool) else shown(value, 60)}


def decode_state(body: Mapping[str, Any], child: Child, message: RawMessage) -> Decoded:
    """Everything one device's state says."""
    heard = _Heard()
    for name, value in body.items():
        if value is not None and value != "" and name not in _SILENT:
            _property(name, value, child, heard)
    not_understood = doubts(unknown_property=heard.unknown, malformed=heard.malformed)
    profile = child.profile.id if child.profile else profile_guess(body)
    pressed_or_alarmed = bool(heard.presses) or any(heard.conditions.values())
    if profile is None:
        if not pressed_or_alarmed:
            return Decoded(not_understood=(NotUnderstood("unknown_device", child.name[:200]), *not_understood))
        profile = "environment"
    device_at = instant(body.get("last_seen"))
    signals = tuple(_signals(heard, child, message, device_at))
    battery = heard.values.get("battery")
    states = (StateUpdate(child.speaker, battery=battery),) if battery is not None and isinstance(child.speaker, ChildKey) else ()
    return Decoded(
        readings=_readings(heard, child, message, device_at),
        signals=signals,
        states=states,
        children=child.seen(profile),
        not_understood=not_understood,
    )


def _property(name: str, value: Any, child: Child, heard: _Heard) -> None:
    as_metric = child.profile.reading_of(name, child.model) if child.profile else None
    if name == "action":
        _action(value, child, heard)
    elif as_metric is not None or name in _READINGS:
        _value(name, as_metric or _READINGS[name], value, heard)
    elif name == "contact":
        _contact(value, child, heard)
    elif name in _CONDITIONS:
        _condition(name, value, child, heard)
    elif name in _FALLS:
        _fall(name, value, heard)
    elif name in _FAULT_TEXTS or name in _SELF_TESTS:
        _fault(name, value, heard)
    else:
        heard.unknown.append(name[:80])


def _action(value: Any, child: Child, heard: _Heard) -> None:
    action = value.strip() if isinstance(value, str) else str(value)[:80]
    if not action or action.lower() in ("null", "none"):
        return
    means = child.profile.action_means(action, child.model) if child.profile else None
    if means is None and says_sos(action):
        means = "sos.pressed"
    if means is None:
        heard.unknown.append(f"action={action[:60]}")
    else:
        heard.presses.append((means, shown(action, 60)))


def _value(name: str, metric: str, raw: Any, heard: _Heard) -> None:
    value = number(raw)
    if value is not None and name == "voltage" and abs(value) >= _MILLIVOLTS_FROM:
        value /= 1000  # battery models say millivolts, mains models volts
    limits = METRICS[metric]
    if value is None or not limits.lowest <= value <= limits.highest:
        heard.malformed.append(f"{name}: {raw!s:.40}")
    elif metric not in heard.values or name == "illuminance_lux":
        heard.values[metric] = value


def _contact(value: Any, child: Child, heard: _Heard) -> None:
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in ("open", "opened", "close", "closed"):
        heard.note("door.opened", word.startswith("open"), "contact", value)
        return
    said = truth(value)
    if said is None:
        heard.malformed.append(f"contact: {value!s:.40}")
        return
    open_when = child.profile.contact_open_value(child.model) if child.profile else False
    heard.note("door.opened", said is open_when, "contact", value)


def _condition(name: str, value: Any, child: Child, heard: _Heard) -> None:
    said = truth(value)
    if _is_quantity(name, value, child):
        heard.unknown.append(f"{name}: a quantity, not an alarm")
        return
    if said is None:
        if not (isinstance(value, str) and value.strip().lower() in ("unknown", "detecting", "checking")):
            heard.malformed.append(f"{name}: {value!s:.40}")
        return
    begins = _CONDITIONS[name]
    watches = child.profile.id if child.profile else ""
    if begins == "motion.seen" and watches in ("presence", "fall-sensor"):
        begins = "presence.on"
    if begins == "presence.on" and watches == "bed":
        begins = "bed.entered"
    heard.note(begins, said, name, value)


def _is_quantity(name: str, value: Any, child: Child) -> bool:
    """Whether a `gas` is a volume or a concentration: some meters and sensors call it so too."""
    if not name.startswith("gas") or isinstance(value, bool | str):
        return False
    watches_gas = child.profile is None or "gas.on" in child.profile.signals
    return truth(value) is None or not watches_gas


def _fall(name: str, value: Any, heard: _Heard) -> None:
    said = truth(value)
    fallen = said if said is not None else str(value).strip().lower() in _FALLS[name]
    if fallen:
        heard.note("fall.detected", so=True, name=name, value=value)


def _fault(name: str, value: Any, heard: _Heard) -> None:
    word = str(value).strip().lower()[:80]
    if name in _SELF_TESTS:
        if "fail" in word or "fault" in word:
            heard.note("fault.on", so=True, name=name, value=value)
        elif "success" in word:
            heard.note("fault.on", so=False, name=name, value=value)
        return
    said = truth(value)
    blind = said if said is not None else bool(word) and word not in _NO_FAULT
    heard.note("fault.on", blind, name, value)


def _signals(heard: _Heard, child: Child, message: RawMessage, device_at: datetime | None) -> list[Signal]:
    found: list[tuple[str, dict[str, Any]]] = [
        (means, {"action": action, "echo_within_seconds": ECHO_SECONDS}) for means, action in heard.presses
    ]
    for begins, so in heard.conditions.items():
        kind = begins if so else CONDITIONS.get(begins)
        if kind is not None:
            found.append((kind, {**heard.causes[begins], "report": "state"}))
    return [
        Signal(
            device=child.speaker,
            type=kind,
            event_key=digest(message.topic, message.payload, kind),
            device_at=device_at,
            received_at=message.received_at,
            data=data if isinstance(child.speaker, ChildKey) else {**data, "child": shown(child.name, LONGEST_NAME)},
            retained=message.retained,
            redelivered=message.redelivered,
            has_own_id=False,
        )
        for kind, data in found
    ]


def _readings(heard: _Heard, child: Child, message: RawMessage, device_at: datetime | None) -> tuple[Reading, ...]:
    if not isinstance(child.speaker, ChildKey):
        return ()
    at = credible_instant(device_at, message.received_at)
    if message.retained and at != device_at:
        return ()  # a retained state is the present state, but nobody knows since when: no reading
    values = dict(heard.values)
    for begins, so in heard.conditions.items():
        if begins in _METRIC_OF:
            values[_METRIC_OF[begins]] = float(so)
    return tuple(Reading(child.speaker, metric, value, at) for metric, value in values.items())
