"""Zigbee2MQTT, below its gateway: which device a topic is about, and what kind of message it is.

`…/zigbee2mqtt/<friendly name>` tells a device's whole state as one JSON object, `…/availability` whether it answers,
`…/action` repeats a button's press as bare text, `…/<property>` one value where the gateway is set to speak so;
`…/bridge/…` is the gateway itself. Names may hold spaces, slashes and any script. Pure; never raises.
"""

from __future__ import annotations

from typing import Any

from devices.codecs.json_text import MalformedError, parse
from devices.codecs.native import doubts
from devices.codecs.scalars import text
from devices.codecs.types import CodecContext, Decoded, NotUnderstood, RawMessage, StateUpdate
from devices.codecs.zigbee2mqtt_bridge import decode_bridge
from devices.codecs.zigbee2mqtt_child import Child, find_child
from devices.codecs.zigbee2mqtt_state import PROPERTIES, decode_state

_NAME_LEVEL = 5
_DOWNWARD = frozenset({"set", "get"})
_ONLINE = {"online": True, "offline": False}


class Zigbee2MqttCodec:
    """The codec of Zigbee2MQTT 1 and 2."""

    dialect = "zigbee2mqtt"

    def decode(self, message: RawMessage, context: CodecContext) -> Decoded:
        """Everything the message says; never raises."""
        levels = message.topic.split("/", _NAME_LEVEL)
        rest = levels[_NAME_LEVEL] if len(levels) > _NAME_LEVEL else ""
        if not rest:
            return Decoded(not_understood=(NotUnderstood("unknown_channel", "no device named"),))
        if not message.payload.strip():
            return Decoded()  # a cleared retained message: empty means unknown, not off
        if rest == "bridge" or rest.startswith("bridge/"):
            return decode_bridge(rest.removeprefix("bridge").removeprefix("/"), message, context)
        return _device(rest, message, context)


def _device(rest: str, message: RawMessage, context: CodecContext) -> Decoded:
    name, _, last = rest.rpartition("/")
    body = _body(message.payload)
    # A device may itself be called "hall/action": what is known by its whole name is that device.
    if name and rest not in context.children:
        if last == "availability":
            return _availability(find_child(name, context, {}), body)
        if last in _DOWNWARD:
            return Decoded(not_understood=(NotUnderstood("unknown_channel", f"…/{last}"),))
        if last in PROPERTIES and not isinstance(body, dict):
            return decode_state({last: body}, find_child(name, context, {}), message)
    if isinstance(body, dict):
        return decode_state(body, find_child(rest, context, body), message)
    return Decoded(not_understood=doubts(malformed=[f"{rest[:80]}: no JSON object"]))


def _availability(child: Child, body: Any) -> Decoded:
    said = body.get("state") if isinstance(body, dict) else body
    online = _ONLINE.get(said.strip().lower()) if isinstance(said, str) else None
    if online is None:
        return Decoded(not_understood=doubts(malformed=[f"availability: {said!s:.60}"]))
    if child.view is None:
        return Decoded(not_understood=(NotUnderstood("unknown_device", child.name[:200]),))
    return Decoded(states=(StateUpdate(child.speaker, online=online),))


def _body(payload: bytes) -> Any:
    """JSON, or the bare text that some topics carry; text that is no JSON stays text."""
    try:
        return parse(payload)
    except MalformedError:
        return text(payload[:200].decode(errors="replace"), 100)
