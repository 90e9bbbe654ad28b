"""The native contract: events, telemetry, status and replies."""

from __future__ import annotations

import pytest
from support.codecs import RECEIVED_MS, doubts_of, from_native, signals_of, values_of

from devices.codecs.registry import codec_for
from devices.codecs.types import StateUpdate
from devices.vocabulary import SIGNAL_TYPES


@pytest.mark.parametrize("kind", sorted(SIGNAL_TYPES))
def test_every_event_type_of_the_contract_is_a_signal(kind: str) -> None:
    decoded = from_native("event", {"id": "e1", "type": kind, "ts": RECEIVED_MS, "data": {"room": "卧室"}})
    assert signals_of(decoded) == [kind]
    assert decoded.signals[0].data == {"room": "卧室"}
    assert decoded.not_understood == ()


@pytest.mark.parametrize(("event", "code"), [({"id": "e1", "type": "party.started"}, "unknown_type"), ({"id": "e1"}, "malformed")])
def test_an_event_that_says_nothing_known_is_refused_by_its_id(event: dict[str, str], code: str) -> None:
    decoded = from_native("event", event)
    assert decoded.refused == (("e1", code),)
    assert "unknown_type" in doubts_of(decoded)


def test_an_event_cut_off_before_anything_that_matters_is_refused_by_its_id() -> None:
    decoded = from_native("event", b'{"id": "e1", "type": "door.ope')
    assert decoded.refused == (("e1", "malformed"),)
    assert signals_of(decoded) == []


def test_a_retained_event_keeps_the_flag_that_makes_it_old_news() -> None:
    decoded = from_native("event", {"id": "1", "type": "motion.seen"}, retained=True)
    assert decoded.signals[0].retained
    assert decoded.readings == ()


def test_a_door_is_a_reading_as_well() -> None:
    assert values_of(from_native("event", {"id": "1", "type": "door.opened"})) == {"contact_open": 1.0}


def test_one_bad_value_does_not_take_the_others_with_it() -> None:
    values = {"heart_rate": "72", "spo2": None, "systolic": 4000, "mood": 3, "temperature": "x", "presence": "ON", "battery": 0}
    decoded = from_native("telemetry", {"values": values})
    assert values_of(decoded) == {"heart_rate": 72.0, "presence": 1.0, "battery": 0.0}
    assert set(doubts_of(decoded)) == {"malformed", "unknown_metric"}
    assert doubts_of(decoded)["unknown_metric"] == "mood"
    assert "systolic" in doubts_of(decoded)["malformed"]


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'"nan"', b'"inf"', b"[1]", b"true", b"1e300"])
def test_what_is_no_finite_number_is_no_reading(value: bytes) -> None:
    decoded = from_native("telemetry", b'{"values": {"heart_rate": ' + value + b', "spo2": 97}}')
    assert values_of(decoded) == {"spo2": 97.0}
    assert "heart_rate" in doubts_of(decoded)["malformed"]


def test_a_list_of_telemetry_is_each_of_its_readings() -> None:
    items = [{"ts": RECEIVED_MS - 1000 * each, "values": {"heart_rate": 60 + each}} for each in range(5)]
    decoded = from_native("telemetry", [*items, "x", {"values": 7}])
    assert [reading.value for reading in decoded.readings] == [60, 61, 62, 63, 64]
    assert "malformed" in doubts_of(decoded)


def test_retained_telemetry_without_its_time_is_not_filed_under_now() -> None:
    decoded = from_native("telemetry", {"values": {"heart_rate": 72}}, retained=True)
    assert decoded.readings == ()
    assert "malformed" in doubts_of(decoded)
    assert from_native("telemetry", {"ts": RECEIVED_MS - 5, "values": {"heart_rate": 72}}, retained=True).readings != ()


def test_a_status_is_the_present_state_retained_or_not() -> None:
    status = {"online": True, "battery": 88, "rssi": -61, "firmware": "1.4.2"}
    expected = StateUpdate("dev-1", online=True, battery=88, rssi=-61, firmware="1.4.2")
    assert from_native("status", status).states == (expected,)
    assert values_of(from_native("status", status)) == {"battery": 88, "rssi": -61}
    assert from_native("status", status, retained=True).states == (expected,)
    assert from_native("status", status, retained=True).readings == ()


@pytest.mark.parametrize("payload", [b'{"online": false}', b"offline", b'{"online": "False"}', b'{"online": 0}'])
def test_a_will_says_offline(payload: bytes) -> None:
    assert [state.online for state in from_native("status", payload).states] == [False]


def test_what_a_status_leaves_out_or_says_badly_is_unknown() -> None:
    decoded = from_native("status", {"battery": 400, "online": None, "rssi": "", "mood": 1})
    assert decoded.states == (StateUpdate("dev-1"),)
    assert set(doubts_of(decoded)) == {"malformed", "unknown_property"}
    assert from_native("status", b"").states == ()


def test_a_reply_is_understood_and_nonsense_is_not() -> None:
    assert from_native("reply", {"id": "c1", "ok": True}).not_understood == ()
    assert "malformed" in doubts_of(from_native("reply", {"ok": True}))


@pytest.mark.parametrize("topic", ["yl/v1/h/d/receipt", "yl/v1/h/d/command", "yl/v1/h/d/tasmota/x", "yl/v1/h/d/event/more"])
def test_channels_and_dialects_nobody_speaks_have_no_codec(topic: str) -> None:
    assert codec_for(topic.split("/")) is None
