"""Whatever is wrong around it, a press for help comes out of the codec as one `sos.pressed`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.codecs import RECEIVED, child, from_native, from_zigbee, signals_of

from devices.codecs.types import ChildKey

ABSURD = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
    st.text(max_size=30),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


@given(ts=ABSURD, data=ABSURD, neighbour=ABSURD)
def test_absurd_neighbours_do_not_hide_a_native_press(ts: object, data: object, neighbour: object) -> None:
    event = {"id": "p1", "type": "sos.pressed", "ts": ts, "data": data, "battery": neighbour}
    decoded = from_native("event", json.dumps(event).encode())
    assert signals_of(decoded) == ["sos.pressed"]
    assert decoded.signals[0].event_key == "p1"
    assert decoded.signals[0].has_own_id
    assert decoded.refused == ()


@pytest.mark.parametrize("event_id", [None, "", {}, [], True, 1.5, "x" * 500, "a\u0000b", "\n"])
def test_a_press_without_a_usable_id_gets_a_stable_one(event_id: object) -> None:
    event = {"id": event_id, "type": "sos.pressed"}
    first, again = from_native("event", event), from_native("event", event, redelivered=True)
    assert signals_of(first) == ["sos.pressed"]
    assert not first.signals[0].has_own_id
    assert first.signals[0].event_key == again.signals[0].event_key
    assert first.signals[0].event_key != from_native("event", {**event, "ts": 1}).signals[0].event_key


def test_a_number_as_id_is_its_own_id() -> None:
    signal = from_native("event", {"id": 17, "type": "sos.pressed"}).signals[0]
    assert (signal.event_key, signal.has_own_id) == ("17", True)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"id": "p1", "type": "sos.pressed", "ts": NaN}',
        b'{"id": "p1", "type": "sos.pressed", "ts": -Infinity}',
        b'\xef\xbb\xbf{"id": "p1", "type": "sos.pressed"}',
        b'{"id": "p1", "type": "sos.pressed"}\x00\x00',
        '{"id": "p1", "type": "sos.pressed", "data": {"room": "卧室"}}'.encode("gb18030"),
        b'{"id": "p1", "type": "sos.pressed", "ts": ' + b"9" * 6000 + b"}",
        b'{"id": "p1", "type": "sos.pressed", "data": {"a": "\x01"}}',
        b'{"id": "p1", "type": "sos.pressed", "da',
        b'{"id": "p1", "type": "sos.pressed", "data": ' + b"[" * 3000,
        b'{"id": "p1", "type": "SOS.Pressed "}',
        b'{"id": "p1", "type": "sos_pressed"}',
        b'{"id": "p1", "type": "sos.long_press"}',
        b'[{"id": "p1", "type": "sos.pressed"}]',
    ],
)
def test_a_mistreated_message_still_gives_its_press_and_its_id(payload: bytes) -> None:
    decoded = from_native("event", payload)
    assert signals_of(decoded) == ["sos.pressed"]
    assert decoded.signals[0].event_key == "p1"


def test_a_bare_word_is_a_press() -> None:
    assert signals_of(from_native("event", b"sos.pressed")) == ["sos.pressed"]
    assert signals_of(from_native("event", b'"sos.pressed"')) == ["sos.pressed"]


@pytest.mark.parametrize("action", ["emergency", "sos", "panic", "EMERGENCY", "button_1_emergency", "sos_press"])
@pytest.mark.parametrize(
    "beside", [{}, {"battery": None}, {"battery": 0}, {"voltage": "x", "linkquality": None}, {"last_seen": "soon"}, {"tamper": {}}]
)
def test_a_zigbee_press_survives_its_neighbours(action: str, beside: dict[str, object]) -> None:
    decoded = from_zigbee("客厅 按钮", {"action": action, **beside}, child("客厅 按钮", "sos-button"))
    assert signals_of(decoded) == ["sos.pressed"]
    assert decoded.signals[0].device == ChildKey("客厅 按钮")
    assert decoded.signals[0].received_at == RECEIVED


def test_a_press_of_a_device_nobody_registered_registers_it() -> None:
    decoded = from_zigbee("Living room/button/左", {"action": "emergency", "battery": 0})
    assert signals_of(decoded) == ["sos.pressed"]
    assert [(seen.address, seen.names, seen.profile) for seen in decoded.children] == [
        ("Living room/button/左", ("Living room/button/左",), "sos-button")
    ]


def test_a_press_of_a_device_with_an_impossible_name_is_the_gateways() -> None:
    decoded = from_zigbee("x" * 900, {"action": "emergency"})
    assert [(signal.type, signal.device) for signal in decoded.signals] == [("sos.pressed", "gw-1")]
    assert decoded.signals[0].data["child"] == "x" * 200
    assert decoded.children == ()


def test_a_press_beside_an_alarm_is_told_beside_it() -> None:
    decoded = from_zigbee("kitchen", {"smoke": True, "action": "panic", "gas": "?"}, child("kitchen", "smoke-alarm"))
    assert sorted(signals_of(decoded)) == ["smoke.on", "sos.pressed"]
