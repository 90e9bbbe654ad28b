"""A home with a native device and a Zigbee2MQTT gateway, as codecs see it, and ways to let them speak."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from devices.codecs.registry import codec_for
from devices.codecs.types import CodecContext, Decoded, DeviceView, RawMessage, index_children

RECEIVED = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
RECEIVED_MS = int(RECEIVED.timestamp() * 1000)

_BASE = DeviceView(
    id=1,
    code="dev-1",
    home_id=1,
    home_code="home-1",
    profile="sos-button",
    resident_id=None,
    parent_id=None,
    address=None,
    name="dev-1",
    live=True,
    model=None,
)


def child(name: str, profile: str, model: str | None = None, address: str | None = None) -> DeviceView:
    """A device behind the gateway, called `name` on its topics."""
    return replace(
        _BASE, id=3, code="dev-3", profile=profile, parent_id=2, address=address or name, alias=name, name=name, model=model
    )


def from_native(channel: str, payload: object, profile: str = "sos-button", **flags: Any) -> Decoded:
    """What a native device says on a channel, decoded. A payload that is no bytes is written as JSON."""
    return _decode(f"yl/v1/home-1/dev-1/{channel}", payload, CodecContext(replace(_BASE, profile=profile)), flags)


def from_zigbee(rest: str, payload: object, *children: DeviceView, **flags: Any) -> Decoded:
    """What a Zigbee2MQTT gateway says below its own topic, decoded."""
    gateway = replace(_BASE, id=2, code="gw-1", profile="zigbee2mqtt-gateway")
    return _decode(f"yl/v1/home-1/gw-1/zigbee2mqtt/{rest}", payload, CodecContext(gateway, index_children(children)), flags)


def signals_of(decoded: Decoded) -> list[str]:
    """The types of the signals, in order."""
    return [signal.type for signal in decoded.signals]


def values_of(decoded: Decoded) -> dict[str, float]:
    """The readings by metric."""
    return {reading.metric: reading.value for reading in decoded.readings}


def doubts_of(decoded: Decoded) -> dict[str, str]:
    """What was not understood, by reason."""
    return {doubt.reason: doubt.detail for doubt in decoded.not_understood}


def _decode(topic: str, payload: object, context: CodecContext, flags: dict[str, Any]) -> Decoded:
    codec = codec_for(topic.split("/"))
    assert codec is not None
    raw = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return codec.decode(RawMessage(topic, raw, RECEIVED, **flags), context)
