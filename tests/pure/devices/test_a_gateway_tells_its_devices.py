"""`bridge/…` of Zigbee2MQTT: the gateway's own state, its list of devices above one megabyte, and what joins and leaves."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from support.codecs import child, doubts_of, from_zigbee

from devices.codecs.types import ChildKey, ChildSeen, StateUpdate


def binary(name: str) -> dict[str, Any]:
    return {"type": "binary", "name": name, "property": name, "value_on": True, "value_off": False, "access": 1}


def entry(address: str, name: str, model: str, *exposes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "ieee_address": address,
        "friendly_name": name,
        "type": "EndDevice",
        "supported": True,
        "model_id": f"raw.{model}",
        "definition": {"model": model, "vendor": "V", "description": "d", "exposes": list(exposes)},
        **more,
    }


ACTION = {"type": "enum", "name": "action", "property": "action", "values": ["emergency"]}


@pytest.mark.parametrize(
    ("exposes", "profile"),
    [
        ([ACTION, binary("battery_low")], "sos-button"),
        ([binary("smoke"), binary("tamper"), binary("test")], "smoke-alarm"),
        ([binary("gas")], "gas-alarm"),
        ([binary("carbon_monoxide")], "co-alarm"),
        ([binary("water_leak")], "water-leak"),
        ([binary("presence"), binary("occupancy")], "presence"),
        ([binary("occupancy"), {"type": "numeric", "property": "illuminance"}], "motion"),
        ([binary("contact"), {"type": "numeric", "property": "temperature"}], "door"),
        ([{"type": "numeric", "property": "temperature"}], "environment"),
        ([{"type": "switch", "features": [binary("state")]}, {"type": "numeric", "property": "power"}], "environment"),
        ([{"type": "numeric", "property": "gas", "unit": "m³"}, {"type": "numeric", "property": "energy"}], "environment"),
    ],
)
def test_a_listed_device_is_registered_by_what_it_exposes(exposes: list[dict[str, Any]], profile: str) -> None:
    decoded = from_zigbee("bridge/devices", [entry("0x01", "客厅 1/左", "M1", *exposes)])
    assert decoded.children == (ChildSeen("0x01", ("客厅 1/左",), "M1", profile),)


def test_a_model_the_catalogue_names_is_that_profile_whatever_it_exposes() -> None:
    decoded = from_zigbee("bridge/devices", [entry("0x01", "b", "SE20-O", {**ACTION, "values": ["single"]})])
    assert [seen.profile for seen in decoded.children] == ["sos-button"]


def test_coordinators_lamps_and_devices_without_definition_are_not_registered() -> None:
    listed = [
        {"ieee_address": "0x00", "friendly_name": "Coordinator", "type": "Coordinator", "definition": None},
        entry("0x01", "lamp", "L", {"type": "light", "features": [binary("state")]}),
        {"ieee_address": "0x02", "friendly_name": "odd", "type": "EndDevice", "model_id": "XYZ", "definition": None},
        7,
    ]
    decoded = from_zigbee("bridge/devices", listed)
    assert decoded.children == ()
    assert "odd (XYZ)" in doubts_of(decoded)["unknown_device"]


def test_a_list_above_one_megabyte_is_read_whole() -> None:
    padding = {"type": "numeric", "property": "sensitivity", "description": "x" * 4000}
    listed = [entry(f"0x{number:04x}", f"房间 {number}/烟感", "M", binary("smoke"), padding) for number in range(400)]
    payload = orjson.dumps(listed)
    assert len(payload) > 1024 * 1024
    decoded = from_zigbee("bridge/devices", payload)
    assert len(decoded.children) == 400
    assert decoded.children[399] == ChildSeen("0x018f", ("房间 399/烟感",), "M", "smoke-alarm")


def test_what_the_register_says_already_is_not_told_again() -> None:
    known = child("smoke 1", "smoke-alarm", "M", address="0x01")
    assert from_zigbee("bridge/devices", [entry("0x01", "smoke 1", "M", binary("smoke"))], known).children == ()
    renamed = from_zigbee("bridge/devices", [entry("0x01", "smoke 2", "M", binary("smoke"))], known)
    assert renamed.children == (ChildSeen("0x01", ("smoke 2",), "M", "smoke-alarm"),)


def test_a_device_met_by_its_name_gets_its_lasting_address() -> None:
    known = child("smoke 1", "smoke-alarm")
    decoded = from_zigbee("bridge/devices", [entry("0x01", "smoke 1", "M", binary("smoke"))], known)
    assert decoded.children == (ChildSeen("0x01", ("smoke 1",), "M", "smoke-alarm"),)


@pytest.mark.parametrize(("payload", "online"), [(b"online", True), (b"offline", False), (b'{"state": "offline"}', False)])
def test_the_gateways_own_state_is_its_own(payload: bytes, *, online: bool) -> None:
    assert from_zigbee("bridge/state", payload).states == (StateUpdate("gw-1", online=online),)


def test_a_finished_interview_registers_and_leaving_is_offline() -> None:
    interviewed = {"type": "device_interview", "data": {**entry("0x01", "new", "M", binary("smoke")), "status": "successful"}}
    assert [seen.address for seen in from_zigbee("bridge/event", interviewed).children] == ["0x01"]
    left = {"type": "device_leave", "data": {"ieee_address": "0x01", "friendly_name": "new"}}
    decoded = from_zigbee("bridge/event", left, child("new", "smoke-alarm", address="0x01"))
    assert decoded.states == (StateUpdate(ChildKey("0x01"), online=False),)
