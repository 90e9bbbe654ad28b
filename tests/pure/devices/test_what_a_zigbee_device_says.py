"""Zigbee2MQTT: the common safety properties, readings, names of every kind, and what is not understood."""

from __future__ import annotations

import pytest
from support.codecs import child, doubts_of, from_zigbee, signals_of, values_of

from devices.codecs.types import ChildKey, StateUpdate

TRUTHS = [True, "True", "ON", "on", 1, "1"]
LIES = [False, "False", "OFF", 0, "0"]


@pytest.mark.parametrize(
    ("prop", "profile", "on", "off"),
    [
        ("smoke", "smoke-alarm", "smoke.on", "smoke.off"),
        ("gas", "gas-alarm", "gas.on", "gas.off"),
        ("carbon_monoxide", "co-alarm", "co.on", "co.off"),
        ("water_leak", "water-leak", "water.on", "water.off"),
        ("tamper", "door", "tamper.on", "tamper.off"),
        ("battery_low", "door", "battery.low", "battery.ok"),
        ("presence", "presence", "presence.on", "presence.off"),
    ],
)
def test_each_safety_property_is_its_signal_in_every_spelling(prop: str, profile: str, on: str, off: str) -> None:
    device = child("厨房/灶台 1", profile)
    for value in TRUTHS:
        assert signals_of(from_zigbee("厨房/灶台 1", {prop: value}, device)) == [on]
    for value in LIES:
        assert signals_of(from_zigbee("厨房/灶台 1", {prop: value}, device)) == [off]
    signal = from_zigbee("厨房/灶台 1", {prop: True}, device).signals[0]
    assert signal.device == ChildKey("厨房/灶台 1")
    assert signal.data["report"] == "state"


def test_a_retained_state_keeps_its_flag_and_gives_no_reading() -> None:
    decoded = from_zigbee("k", {"smoke": True, "temperature": 30}, child("k", "smoke-alarm"), retained=True)
    assert [(signal.type, signal.retained, signal.data["report"]) for signal in decoded.signals] == [("smoke.on", True, "state")]
    assert decoded.readings == ()


def test_a_retained_press_keeps_the_flag_that_makes_it_old_news() -> None:
    signal = from_zigbee("b", {"action": "emergency"}, child("b", "sos-button"), retained=True).signals[0]
    assert signal.retained
    assert "report" not in signal.data


@pytest.mark.parametrize(
    "body",
    [
        {"fault": True},
        {"trouble": True},
        {"battery_defect": True},
        {"self_test": "check_failure"},
        {"self_test_result": "failure"},
        {"fault": "probe_fault"},
        {"fault_state": "sensor fault"},
        {"fault": False, "self_test": "radar_fault"},
        {"self_test": "radar_fault", "fault": False},
    ],
)
def test_a_blind_sensor_is_a_fault(body: dict[str, object]) -> None:
    assert signals_of(from_zigbee("s", body, child("s", "smoke-alarm"))) == ["fault.on"]


@pytest.mark.parametrize("body", [{"fault": False}, {"fault": "none"}, {"self_test": "check_success"}, {"fault_state": "normal"}])
def test_a_sensor_that_sees_again_clears_its_fault(body: dict[str, object]) -> None:
    assert signals_of(from_zigbee("s", body, child("s", "smoke-alarm"))) == ["fault.off"]


def test_a_test_button_that_publishes_no_smoke_is_a_test() -> None:
    assert signals_of(from_zigbee("s", {"smoke": False, "test": True}, child("s", "smoke-alarm"))) == ["smoke.off", "device.tested"]


def test_two_probes_of_one_sensor_make_one_condition_and_on_wins() -> None:
    body = {"water_leak_alarm_1": False, "water_leak_alarm_2": True, "water_leak": False}
    assert signals_of(from_zigbee("w", body, child("w", "water-leak"))) == ["water.on"]


def test_a_radar_sees_a_fall() -> None:
    assert signals_of(from_zigbee("r", {"fall_down_status": "fall"}, child("r", "fall-sensor"))) == ["fall.detected"]
    assert signals_of(from_zigbee("r", {"fall_down_status": "none"}, child("r", "fall-sensor"))) == []


def test_movement_is_a_signal_and_its_end_only_a_reading() -> None:
    device = child("m", "motion")
    assert signals_of(from_zigbee("m", {"occupancy": True}, device)) == ["motion.seen"]
    ended = from_zigbee("m", {"occupancy": False}, device)
    assert (signals_of(ended), values_of(ended)) == ([], {"motion": 0.0})


def test_readings_are_filed_in_our_units_and_the_rest_is_told() -> None:
    body = {
        "battery": 97,
        "voltage": 3000,
        "linkquality": 120,
        "temperature": "21.5",
        "humidity": 40,
        "illuminance": 12,
        "illuminance_lux": 15,
        "pressure": 1013,
        "power_outage_count": 3,
        "last_seen": None,
        "update": {"state": "idle"},
    }
    decoded = from_zigbee("t", body, child("t", "environment"))
    assert values_of(decoded) == {
        "battery": 97,
        "voltage": 3,
        "link_quality": 120,
        "temperature": 21.5,
        "humidity": 40,
        "illuminance": 15,
    }
    assert decoded.states == (StateUpdate(ChildKey("t"), battery=97),)
    assert doubts_of(decoded) == {"unknown_property": "pressure, power_outage_count"}


def test_mains_voltage_is_in_volts_already() -> None:
    assert values_of(from_zigbee("p", {"voltage": 231}, child("p", "environment"))) == {"voltage": 231}


def test_a_child_is_known_by_its_name_today_and_answers_by_its_lasting_address() -> None:
    device = child("Living room/左 sensor", "smoke-alarm", address="0x00158d0001")
    assert from_zigbee("Living room/左 sensor", {"smoke": True}, device).signals[0].device == ChildKey("0x00158d0001")
    assert from_zigbee("0x00158d0001", {"smoke": True}, device).signals[0].device == ChildKey("0x00158d0001")


@pytest.mark.parametrize(("payload", "online"), [(b"online", True), (b'{"state":"offline"}', False), (b'"online"', True)])
def test_availability_is_a_state(payload: bytes, *, online: bool) -> None:
    decoded = from_zigbee("客厅 按钮/availability", payload, child("客厅 按钮", "sos-button"))
    assert decoded.states == (StateUpdate(ChildKey("客厅 按钮"), online=online),)


def test_one_value_a_topic_is_read_too() -> None:
    assert signals_of(from_zigbee("k/smoke", b"true", child("k", "smoke-alarm"))) == ["smoke.on"]
    assert signals_of(from_zigbee("k/contact", b"OFF", child("k", "door"))) == ["door.opened"]


def test_a_lamp_is_not_registered_and_not_hidden() -> None:
    decoded = from_zigbee("lamp", {"state": "ON", "linkquality": 90})
    assert (decoded.children, decoded.readings, decoded.signals) == ((), (), ())
    assert doubts_of(decoded) == {"unknown_device": "lamp", "unknown_property": "state"}


@pytest.mark.parametrize(
    ("body", "profile"),
    [
        ({"smoke": False}, "smoke-alarm"),
        ({"contact": True}, "door"),
        ({"occupancy": True}, "motion"),
        ({"humidity": 4}, "environment"),
    ],
)
def test_a_device_met_before_its_gateway_listed_it_is_registered_by_what_it_says(body: dict[str, object], profile: str) -> None:
    assert [(seen.address, seen.profile) for seen in from_zigbee("new one", body).children] == [("new one", profile)]


@pytest.mark.parametrize("rest", ["k/set", "k/get", "bridge/info", "bridge/logging", "bridge/request/device/rename"])
def test_other_channels_are_kept_as_not_understood(rest: str) -> None:
    assert "unknown_channel" in doubts_of(from_zigbee(rest, {"state": "ON"}, child("k", "smoke-alarm")))


def test_text_where_a_state_should_be_is_malformed() -> None:
    assert "malformed" in doubts_of(from_zigbee("k", b"hello", child("k", "smoke-alarm")))
