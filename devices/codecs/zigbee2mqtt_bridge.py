"""What a Zigbee2MQTT gateway says of itself and of the devices behind it.

`bridge/state` is the gateway's own voice (and its will), `bridge/devices` the list of everything paired, retained and
above one megabyte in a large home, `bridge/event` a device joining, announcing itself or leaving. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devices.codecs.json_text import MalformedError, parse
from devices.codecs.native import doubts
from devices.codecs.scalars import text
from devices.codecs.types import ChildKey, ChildSeen, CodecContext, Decoded, NotUnderstood, RawMessage, StateUpdate
from devices.codecs.zigbee2mqtt_child import LONGEST_NAME, storable
from devices.codecs.zigbee2mqtt_exposes import profile_for

_ONLINE = {"online": True, "offline": False}


def decode_bridge(channel: str, message: RawMessage, context: CodecContext) -> Decoded:
    """One message below `bridge/`."""
    try:
        body = parse(message.payload)
    except MalformedError as error:
        body = text(message.payload[:40].decode(errors="replace"), 20) if channel == "state" else None
        if body is None:
            return Decoded(not_understood=doubts(malformed=[str(error)]))
    if channel == "state":
        return _state(body, context)
    if channel == "devices":
        return _devices(body, context)
    if channel == "event":
        return _event(body, context)
    return Decoded(not_understood=(NotUnderstood("unknown_channel", f"bridge/{channel}"[:LONGEST_NAME]),))


def _state(body: Any, context: CodecContext) -> Decoded:
    said = body.get("state") if isinstance(body, dict) else body
    online = _ONLINE.get(said.strip().lower()) if isinstance(said, str) else None
    if online is None:
        return Decoded(not_understood=doubts(malformed=[f"state: {said!s:.60}"]))
    return Decoded(states=(StateUpdate(context.device.code, online=online),))


def _devices(body: Any, context: CodecContext) -> Decoded:
    if not isinstance(body, list):
        return Decoded(not_understood=doubts(malformed=["bridge/devices is no list"]))
    children: list[ChildSeen] = []
    unknown: list[str] = []
    malformed: list[str] = []
    for entry in body:
        if not isinstance(entry, dict):
            malformed.append(f"{entry!s:.40}")
        elif entry.get("type") != "Coordinator":
            child = _child(entry, context)
            if child is not None:
                children.append(child)
            elif not isinstance(entry.get("definition"), dict):
                unknown.append(f"{entry.get('friendly_name')!s:.60} ({entry.get('model_id')!s:.40})")
    return Decoded(children=tuple(children), not_understood=doubts(unknown_device=unknown, malformed=malformed))


def _child(entry: Mapping[str, Any], context: CodecContext) -> ChildSeen | None:
    """The registration of one listed device; None for what is already so in the register, or watches over nobody."""
    address = entry.get("ieee_address")
    name = entry.get("friendly_name")
    if not isinstance(address, str) or not storable(address):
        return None
    names = (name,) if isinstance(name, str) and storable(name) else (address,)
    definition = entry.get("definition")
    told = definition if isinstance(definition, dict) else {}
    model = text(told.get("model") or entry.get("model_id"), LONGEST_NAME)
    known = context.children.get(address)
    if known is not None and known.alias == names[0] and known.model == model:
        return None
    profile = profile_for(model, told.get("exposes"), context.profiles)
    if known is None:
        known = context.children.get(names[0])  # met by a message before it was listed
    if profile is None and known is None:
        return None
    return ChildSeen(address, names, model, profile or (known.profile if known else "environment"))


def _event(body: Any, context: CodecContext) -> Decoded:
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict):
        return Decoded(not_understood=doubts(malformed=["bridge/event has no data"]))
    kind = body.get("type")
    if kind == "device_leave":
        address = data.get("ieee_address")
        if not isinstance(address, str) or address not in context.children:
            return Decoded()
        return Decoded(states=(StateUpdate(ChildKey(address), online=False),))
    if kind not in ("device_joined", "device_announce", "device_interview"):
        return Decoded(not_understood=doubts(unknown_type=[f"bridge/event {kind!s:.60}"]))
    child = _child(data, context)
    return Decoded(children=(child,) if child else ())
