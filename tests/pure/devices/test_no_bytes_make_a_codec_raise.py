"""A codec answers any bytes on any topic with values, and what it answers can be stored."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.database import Instant
from devices.codecs.registry import CODECS, codec_for
from devices.codecs.types import CodecContext, Decoded, DeviceView, RawMessage, index_children
from devices.codecs.zigbee2mqtt_state import PROPERTIES
from devices.vocabulary import METRICS, SIGNAL_TYPES

RECEIVED = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
REASONS = {"unknown_device", "unknown_channel", "malformed", "unknown_type", "unknown_metric", "unknown_property"}


def device(code: str, profile: str, name: str | None = None) -> DeviceView:
    return DeviceView(1, code, 1, "home-1", profile, None, None, name, code, live=True, model=None, alias=name)


CONTEXT = CodecContext(
    device("gw-1", "zigbee2mqtt-gateway"),
    index_children(
        [device("dev-2", "sos-button", "客厅 按钮"), device("dev-3", "bed", "bed/left"), device("dev-4", "gas-alarm", "kitchen")]
    ),
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["ON", "true", "", "emergency", "1e999", "nan", "sos.pressed", "9" * 50, -(2**63), 2**63, 1e300]),
)
words = st.one_of(
    st.sampled_from(
        [
            "id",
            "type",
            "ts",
            "data",
            "values",
            "online",
            "battery",
            "rssi",
            "firmware",
            "state",
            "device",
            "last_seen",
            "ieee_address",
            "friendly_name",
            "definition",
            "exposes",
            "model",
            "features",
            *METRICS,
            *PROPERTIES,
        ]
    ),
    st.text(max_size=12),
)
bodies = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=6)), max_leaves=20
)
json_bytes = bodies.map(lambda body: json.dumps(body, ensure_ascii=True).encode())
cut = st.tuples(json_bytes, st.integers(0, 40)).map(lambda pair: pair[0][: -pair[1] or None])
payloads = st.one_of(
    json_bytes, cut, st.binary(max_size=200), st.sampled_from([b"[" * 5000, b'{"a":' * 3000, b'{"ts":' + b"9" * 6000])
)
channels = st.one_of(
    st.sampled_from(
        [
            "event",
            "telemetry",
            "status",
            "reply",
            "zigbee2mqtt/客厅 按钮",
            "zigbee2mqtt/bed/left",
            "zigbee2mqtt/kitchen/action",
            "zigbee2mqtt/kitchen/gas",
            "zigbee2mqtt/new one",
            "zigbee2mqtt/x/availability",
            "zigbee2mqtt/bridge/state",
            "zigbee2mqtt/bridge/devices",
            "zigbee2mqtt/bridge/event",
            "zigbee2mqtt/bridge/info",
            "zigbee2mqtt/",
            "zigbee2mqtt//",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(lambda name: f"zigbee2mqtt/{name}"),
)


def storable(value: Any) -> bool:
    text = json.dumps(value, allow_nan=False)
    return "\\u0000" not in text and len(orjson.dumps(value)) < 10_000_000


def check(decoded: Decoded) -> None:
    for reading in decoded.readings:
        assert reading.metric in METRICS
        assert math.isfinite(reading.value)
        assert isinstance(reading.value, float)
        assert reading.at.tzinfo is not None
    for signal in decoded.signals:
        assert signal.type in SIGNAL_TYPES
        assert 0 < len(signal.event_key) <= 200
        signal.event_key.encode()
        assert storable(signal.data)
        Instant().process_bind_param(signal.device_at, None)
    for doubt in decoded.not_understood:
        assert doubt.reason in REASONS
        assert len(doubt.detail.encode()) <= 1200
        assert len(doubt.detail) <= 300
    for child in decoded.children:
        assert len(child.address) <= 200
        child.address.encode()
        assert child.profile in CONTEXT.profiles
    for event_id, code in decoded.refused:
        event_id.encode()
        assert code in {"unknown_type", "malformed"}


@settings(max_examples=400, deadline=None)
@given(channel=channels, payload=payloads, retained=st.booleans())
def test_any_message_is_answered_with_values_that_can_be_stored(channel: str, payload: bytes, *, retained: bool) -> None:
    topic = f"yl/v1/home-1/gw-1/{channel}"
    codec = codec_for(topic.split("/"))
    if codec is not None:
        check(codec.decode(RawMessage(topic, payload, RECEIVED, retained), CONTEXT))


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.dialect)
@pytest.mark.parametrize("topic", ["", "/", "yl/v1/h/d", "yl/v1/h/d/zigbee2mqtt", "yl/v1/h/d/event/more", "x/event"])
def test_a_topic_of_any_shape_is_answered(codec: Any, topic: str) -> None:
    check(codec.decode(RawMessage(topic, b"{}", RECEIVED), CONTEXT))


def test_a_stream_of_open_brackets_is_malformed_and_nothing_worse() -> None:
    for channel in ("event", "telemetry", "status", "zigbee2mqtt/kitchen"):
        topic = f"yl/v1/home-1/gw-1/{channel}"
        codec = codec_for(topic.split("/"))
        assert codec is not None
        decoded = codec.decode(RawMessage(topic, b"[" * 1_000_000, RECEIVED), CONTEXT)
        assert [doubt.reason for doubt in decoded.not_understood] == ["malformed"]
