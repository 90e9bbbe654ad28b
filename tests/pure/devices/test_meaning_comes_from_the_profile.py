"""What a property or an action means comes from the profile of the model, not from its name."""

from __future__ import annotations

import pytest
from support.codecs import child, doubts_of, from_zigbee, signals_of, values_of


@pytest.mark.parametrize("model", ["HS1EB/HS1EB-E", "MIR-SO100", "SE20-O", "SE21"])
def test_single_is_a_press_for_help_on_models_that_only_ever_say_single(model: str) -> None:
    assert signals_of(from_zigbee("b", {"action": "single"}, child("b", "sos-button", model))) == ["sos.pressed"]


@pytest.mark.parametrize("action", ["single", "double", "hold", "long_press"])
@pytest.mark.parametrize(("profile", "model"), [("sos-button", None), ("sos-button", "WXKG01LM"), ("pendant", "WXKG01LM")])
def test_every_press_of_a_button_that_was_hung_for_help_calls_for_help(profile: str, model: str | None, action: str) -> None:
    assert signals_of(from_zigbee("b", {"action": action}, child("b", profile, model))) == ["sos.pressed"]


@pytest.mark.parametrize(("profile", "model"), [("motion", None), ("door", "SE21")])
def test_single_is_nothing_known_on_any_other(profile: str, model: str | None) -> None:
    decoded = from_zigbee("b", {"action": "single"}, child("b", profile, model))
    assert signals_of(decoded) == []
    assert "single" in doubts_of(decoded)["unknown_property"]


def test_a_dropped_door_sensor_did_not_see_a_person_fall() -> None:
    decoded = from_zigbee("door", {"action": "fall"}, child("door", "door"))
    assert signals_of(decoded) == []
    assert "fall" in doubts_of(decoded)["unknown_property"]


@pytest.mark.parametrize(
    ("value", "model", "signal"),
    [
        (True, None, "door.closed"),
        (False, None, "door.opened"),
        ("OFF", None, "door.opened"),
        ("open", None, "door.opened"),
        ("closed", "TERNCY-DC01", "door.closed"),
        (True, "TERNCY-DC01", "door.opened"),
        (False, "TERNCY-DC01", "door.closed"),
    ],
)
def test_contact_means_closed_except_on_the_model_that_says_otherwise(value: object, model: str | None, signal: str) -> None:
    decoded = from_zigbee("d", {"contact": value}, child("d", "door", model))
    assert signals_of(decoded) == [signal]
    assert values_of(decoded) == {"contact_open": float(signal == "door.opened")}


@pytest.mark.parametrize("value", [0, 1, 12, 1.0, 3.7])
def test_a_gas_meters_volume_is_no_alarm(value: float) -> None:
    decoded = from_zigbee("meter", {"gas": value}, child("meter", "environment", "ZHEMI101"))
    assert signals_of(decoded) == []
    assert "gas" in doubts_of(decoded)["unknown_property"]


def test_a_gas_concentration_is_a_reading_where_the_model_says_so() -> None:
    decoded = from_zigbee("g", {"gas": 1}, child("g", "gas-alarm", "E04CF-Z10T"))
    assert signals_of(decoded) == []
    assert values_of(decoded) == {"gas": 1.0}


@pytest.mark.parametrize("value", [True, "True", "true", "ON", 1])
def test_a_gas_alarm_is_one_in_every_spelling_of_true(value: object) -> None:
    assert signals_of(from_zigbee("g", {"gas": value}, child("g", "gas-alarm"))) == ["gas.on"]


def test_the_profile_decides_what_an_occupied_sensor_watches() -> None:
    assert signals_of(from_zigbee("s", {"occupancy": True}, child("s", "motion"))) == ["motion.seen"]
    assert signals_of(from_zigbee("s", {"occupancy": True}, child("s", "presence"))) == ["presence.on"]
    assert signals_of(from_zigbee("s", {"presence": False}, child("s", "bed"))) == ["bed.left"]
