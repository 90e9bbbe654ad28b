"""From what a device says to the bytes it publishes: our own contract, and Zigbee2MQTT's for the children of a gateway.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from yinling.demo.furnishing import DevicePlan
from yinling.simulate.happenings import Happening


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication below the device's (or its gateway's) own topic; `event_id` where a receipt is awaited."""

    below: str
    payload: bytes
    retain: bool = False
    event_id: str | None = None


def native(happening: Happening, event_id: str, now: datetime) -> Publication:
    """By our own contract: an event with an id, or telemetry."""
    stamp = int(now.timestamp() * 1000)
    if happening.type is None:
        return Publication("telemetry", orjson.dumps({"ts": stamp, "values": dict(happening.values)}))
    event = {"id": event_id, "type": happening.type, "ts": stamp}
    if happening.data:
        event["data"] = dict(happening.data)
    return Publication("event", orjson.dumps(event), event_id=event_id)


def status(*, online: bool, battery: int | None = None, rssi: int | None = None) -> bytes:
    """The retained word on a device's state; also its will."""
    known = {"online": online, "battery": battery, "rssi": rssi, "firmware": "1.4.2" if online else None}
    return orjson.dumps({name: value for name, value in known.items() if value is not None})


_ZIGBEE: dict[str, dict[str, object]] = {
    "sos.pressed": {"action": "single"},
    "motion.seen": {"occupancy": True},
    "motion.over": {"occupancy": False},
    "door.opened": {"contact": False},
    "door.closed": {"contact": True},
    "smoke.on": {"smoke": True},
    "smoke.off": {"smoke": False},
    "water.on": {"water_leak": True},
    "water.off": {"water_leak": False},
    "battery.low": {"battery_low": True},
    "battery.ok": {"battery_low": False},
}


def zigbee(happening: Happening, device: DevicePlan, battery: int) -> Publication | None:
    """As Zigbee2MQTT tells it, under the name its owner gave; None where its kind has no such word."""
    said = _ZIGBEE.get(happening.type or "")
    if said is None:
        return None
    body = {**said, "battery": battery, "linkquality": 96}
    return Publication(f"zigbee2mqtt/{device.name}", orjson.dumps(body))


def zigbee_state(device: DevicePlan, battery: int) -> Publication:
    """Its present state, all quiet, as a gateway tells it again after a restart."""
    quiet = {
        "motion": {"occupancy": False},
        "door": {"contact": True},
        "smoke-alarm": {"smoke": False},
        "water-leak": {"water_leak": False},
    }
    body = {**quiet.get(device.profile, {}), "battery": battery, "linkquality": 96}
    return Publication(f"zigbee2mqtt/{device.name}", orjson.dumps(body))


def zigbee_devices(children: Sequence[DevicePlan]) -> Publication:
    """The gateway's retained list of what is paired with it."""
    coordinator = {"ieee_address": "0x00124b0018e2c3d4", "type": "Coordinator", "friendly_name": "Coordinator", "supported": True}
    listed = [
        {
            "ieee_address": child.address,
            "type": "EndDevice",
            "friendly_name": child.name,
            "supported": True,
            "interview_completed": True,
            "power_source": "Battery",
            "definition": {
                "model": child.model,
                "vendor": "Example",
                "description": child.profile,
                "exposes": _exposes(child.profile),
            },
        }
        for child in children
    ]
    return Publication("zigbee2mqtt/bridge/devices", orjson.dumps([coordinator, *listed]), retain=True)


def zigbee_online() -> Publication:
    """The gateway's retained word that its bridge works."""
    return Publication("zigbee2mqtt/bridge/state", orjson.dumps({"state": "online"}), retain=True)


def _exposes(profile: str) -> list[dict[str, object]]:
    own = {
        "sos-button": {"type": "enum", "name": "action", "property": "action", "values": ["single"], "access": 1},
        "motion": {
            "type": "binary",
            "name": "occupancy",
            "property": "occupancy",
            "value_on": True,
            "value_off": False,
            "access": 1,
        },
        "door": {"type": "binary", "name": "contact", "property": "contact", "value_on": False, "value_off": True, "access": 1},
        "smoke-alarm": {"type": "binary", "name": "smoke", "property": "smoke", "value_on": True, "value_off": False, "access": 1},
        "water-leak": {
            "type": "binary",
            "name": "water_leak",
            "property": "water_leak",
            "value_on": True,
            "value_off": False,
            "access": 1,
        },
    }.get(profile)
    battery: dict[str, object] = {"type": "numeric", "name": "battery", "property": "battery", "unit": "%", "access": 1}
    return [battery] if own is None else [own, battery]
