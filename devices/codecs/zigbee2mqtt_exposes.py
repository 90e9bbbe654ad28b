"""What a Zigbee2MQTT device is, from the list of what it exposes: the profile it is registered with.

A lamp or a plug without a meter gets no profile: it is not registered. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from devices.profiles import Profile

SOS_WORDS = frozenset({"emergency", "sos", "panic", "help"})
"""Actions, or words in them, that mean a press for help on every model."""

_BY_BINARY = (
    (("sos", "sos_alarm"), "sos-button"),
    (("fall_status", "fall_down_status", "fall_detection"), "fall-sensor"),
    (("smoke", "smoke_state", "smoke_alarm_1"), "smoke-alarm"),
    (("gas", "gas_state", "gas_alarm_1"), "gas-alarm"),
    (("carbon_monoxide", "co_state", "carbon_monoxide_alarm_1"), "co-alarm"),
    (("water_leak", "water_leak_alarm_1", "water_leak_zone_1"), "water-leak"),
    (("presence", "presence_state"), "presence"),
    (("occupancy",), "motion"),
    (("contact",), "door"),
)
_ENVIRONMENT = ("temperature", "humidity", "co2", "pm25", "noise", "illuminance", "illuminance_lux", "power", "energy")
_DEEPEST = 4


def says_sos(action: str) -> bool:
    """Whether an action means a press for help on every model."""
    words = set(action.lower().replace("-", "_").replace(" ", "_").split("_"))
    return bool(words & SOS_WORDS) and not words & {"cancel", "cancelled", "release", "released", "clear"}


def profile_for(model: str | None, exposes: Any, profiles: Mapping[str, Profile]) -> str | None:
    """The profile's id, or None for what watches over nobody."""
    for profile in profiles.values():
        if model is not None and model in profile.models:
            return profile.id
    found = dict(_properties(exposes, _DEEPEST))
    actions = found.get("action", {}).get("values")
    if isinstance(actions, list) and any(isinstance(each, str) and says_sos(each) for each in actions):
        return "sos-button"
    for names, profile_id in _BY_BINARY:
        # A numeric "gas" is a meter's volume or a concentration, not an alarm.
        if any(found[name].get("type") != "numeric" for name in names if name in found):
            return profile_id
    if any(name in found for name in _ENVIRONMENT) and not any(kind in ("light", "climate") for kind in _kinds(exposes)):
        return "environment"
    return None


def profile_guess(properties: Mapping[str, Any]) -> str | None:
    """The profile of a device met by its first message, before its gateway listed it."""
    action = properties.get("action")
    if isinstance(action, str) and says_sos(action):
        return "sos-button"
    for names, profile_id in _BY_BINARY:
        if any(properties.get(name) is not None for name in names):
            return profile_id
    return "environment" if any(properties.get(name) is not None for name in _ENVIRONMENT) else None


def _properties(exposes: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for each in exposes if isinstance(exposes, list) and depth > 0 else ():
        if not isinstance(each, dict):
            continue
        if isinstance(each.get("property"), str):
            yield each["property"], each
        yield from _properties(each.get("features"), depth - 1)


def _kinds(exposes: Any) -> list[Any]:
    return [each.get("type") for each in exposes if isinstance(each, dict)] if isinstance(exposes, list) else []
