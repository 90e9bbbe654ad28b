"""Zigbee2MQTT as a real gateway speaks it, through the gateway port: names people give, echoes, a device list past 1 MiB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from support.centre import Centre, Credentials
from support.processes import until

NAMES = {
    "0x00158d0001a2b3c4": "Living room button",
    "0x00158d0001a2b3c5": "一楼/卧室 烟雾报警器",
    "0x00158d0001a2b3c6": "bath room/water leak",
    "0x00158d0001a2b3c7": "厨房门",
}
MODELS = {
    "0x00158d0001a2b3c4": ("TS0215A_sos", "SOS button", ["action", "battery"]),
    "0x00158d0001a2b3c5": ("JTYJ-GD-01LM/BW", "MiJia Honeywell smoke detector", ["smoke", "battery", "tamper"]),
    "0x00158d0001a2b3c6": ("SJCGQ11LM", "Aqara water leak sensor", ["water_leak", "battery"]),
    "0x00158d0001a2b3c7": ("MCCGQ11LM", "Aqara door sensor", ["contact", "battery"]),
}


class Gateway:
    """The MQTT client of a Zigbee2MQTT: base topic below its own, a will, a subscription to everything below it."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.base = f"{credentials.topic}/zigbee2mqtt"
        self.heard: list[tuple[str, bytes]] = []
        self.losses: list[str] = []
        self._in = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=credentials.client_id, clean_session=True)
        self._client.username_pw_set(credentials.username, credentials.password)
        self._client.will_set(f"{self.base}/bridge/state", '{"state":"offline"}', qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: setattr(self, "_in", True)
        self._client.on_disconnect = lambda _c, _d, _f, code, _p: self.losses.append(str(code))
        self._client.on_message = lambda _c, _d, message: self.heard.append((message.topic, bytes(message.payload)))
        self._client.connect(credentials.host, credentials.port, keepalive=60)
        self._client.loop_start()
        until(lambda: self._in, what="the gateway let in")

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe([(f"{self.base}/#", 0)])

    def say(self, name: str, body: Any, *, retain: bool = False) -> None:
        """Publish as Zigbee2MQTT does: QoS 1 here, so that the test knows when the broker has it."""
        payload = body if isinstance(body, str) else orjson.dumps(body)
        info = self._client.publish(f"{self.base}/{name}", payload, qos=1, retain=retain)
        info.wait_for_publish(20)
        assert info.is_published(), f"{name}: {self.losses}"

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def _gateway(credentials: Credentials) -> Iterator[Gateway]:
    gateway = Gateway(credentials)
    try:
        yield gateway
    finally:
        gateway.close()


def _device_list(*, padding_bytes: int = 0) -> list[dict[str, Any]]:
    """`bridge/devices` as Zigbee2MQTT 2 writes it, each with its long definition."""
    coordinator = {"ieee_address": "0x00124b0024c8a1b2", "type": "Coordinator", "friendly_name": "Coordinator", "definition": None}
    devices: list[dict[str, Any]] = [coordinator]
    for address, name in NAMES.items():
        model, description, properties = MODELS[address]
        exposes = [_expose(one) for one in properties]
        devices.append(
            {
                "ieee_address": address,
                "type": "EndDevice",
                "friendly_name": name,
                "supported": True,
                "disabled": False,
                "interview_completed": True,
                "power_source": "Battery",
                "model_id": "lumi.sensor",
                "definition": {
                    "model": model,
                    "vendor": "Aqara",
                    "description": description + "." * (padding_bytes // len(NAMES)),
                    "exposes": exposes,
                    "options": [],
                },
            }
        )
    return devices


def _expose(name: str) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "property": name, "access": 1}
    return told | ({"type": "enum", "values": ["emergency"]} if name == "action" else {"type": "binary"})


def _children(centre: Centre, gateway: Credentials) -> dict[str, dict[str, Any]]:
    items = centre.get("/devices", home=gateway.home)["items"]
    return {item["name"]: item for item in items if item["parent"] is not None}


def test_a_gateway_from_its_first_word_to_its_alarms(centre: Centre) -> None:
    home = centre.home()
    credentials = centre.device(home, "zigbee2mqtt-gateway")
    assert credentials.port == centre.gateway_port
    with _gateway(credentials) as gateway:
        gateway.say("bridge/state", {"state": "online"}, retain=True)
        listing = _device_list(padding_bytes=1_500_000)
        assert len(json.dumps(listing)) > 1_048_576
        gateway.say("bridge/devices", listing, retain=True)
        until(lambda: set(_children(centre, credentials)) == set(NAMES.values()), what=lambda: str(_children(centre, credentials)))
        assert gateway.losses == []

        _a_press_and_its_echo_are_one(centre, gateway, home)
        _smoke_with_slashes_and_chinese_rings(centre, gateway, home)
        _a_door_that_opens_is_no_alarm(centre, gateway, home)
        assert gateway.losses == []
        topics = {topic for topic, _ in gateway.heard}
        assert not any("\u00a0" in topic for topic in topics), topics


def _a_press_and_its_echo_are_one(centre: Centre, gateway: Gateway, home: str) -> None:
    name = NAMES["0x00158d0001a2b3c4"]
    gateway.say(name, {"action": "emergency", "battery": 91, "linkquality": 120, "voltage": 2995})
    gateway.say(f"{name}/action", "emergency")
    gateway.say(name, {"action": "", "battery": 91, "linkquality": 120})
    incident = centre.wait_incident(home)
    assert incident["kind"] == "sos"
    gateway.say(name, {"action": None, "battery": 91, "linkquality": 118})
    gateway.say(f"{name}/availability", {"state": "online"})
    until(lambda: _children(centre, gateway.credentials)[name]["battery"] == 91, what="its battery", every_seconds=0.2)
    [alert] = centre.incidents(home)[0]["alerts"]
    assert (alert["kind"], alert["count"]) == ("sos", 1)


def _smoke_with_slashes_and_chinese_rings(centre: Centre, gateway: Gateway, home: str) -> None:
    smoke, water = NAMES["0x00158d0001a2b3c5"], NAMES["0x00158d0001a2b3c6"]
    gateway.say(smoke, {"smoke": False, "battery": 100, "tamper": False, "linkquality": 80})
    gateway.say(water, {"water_leak": None, "battery": 100})
    gateway.say(smoke, {"smoke": True, "battery": 100, "tamper": False, "linkquality": 80})
    gateway.say(water, {"water_leak": True, "battery": 100})

    def kinds() -> set[str]:
        return {alert["kind"] for incident in centre.incidents(home) for alert in incident["alerts"]}

    until(lambda: {"sos", "smoke", "water"} <= kinds(), what=lambda: str(kinds()))
    [incident] = centre.incidents(home)
    refused = centre.api.post(f"/api/v1/incidents/{incident['id']}/close", json={"reason": "reassured"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "condition_persists")
    gateway.say(smoke, {"smoke": False, "battery": 100})
    gateway.say(water, {"water_leak": False, "battery": 100})
    until(
        lambda: not any(alert["condition_active"] for alert in centre.get(f"/incidents/{incident['id']}")["alerts"]),
        what="both cleared",
    )
    assert centre.post(f"/incidents/{incident['id']}/close", {"reason": "real_assisted"})["state"] == "closed"


def _a_door_that_opens_is_no_alarm(centre: Centre, gateway: Gateway, home: str) -> None:
    door = NAMES["0x00158d0001a2b3c7"]
    for contact in (True, False, True):
        gateway.say(door, {"contact": contact, "battery": 88})
    until(
        lambda: "contact_open" in _children(centre, gateway.credentials)[door]["values"], what="the door's state", every_seconds=0.2
    )
    assert centre.incidents(home) == []


@pytest.mark.parametrize("name", ["卧室 按钮", "a/b/c d", "plain"])
def test_a_press_of_a_button_nobody_announced_rings(centre: Centre, name: str) -> None:
    home = centre.home()
    with _gateway(centre.device(home, "zigbee2mqtt-gateway")) as gateway:
        gateway.say(name, {"action": "emergency", "battery": 70})
        assert centre.wait_incident(home)["kind"] == "sos"


def test_a_plain_switch_calls_nobody_but_is_shown(centre: Centre) -> None:
    home = centre.home()
    credentials = centre.device(home, "zigbee2mqtt-gateway")
    with _gateway(credentials) as gateway:
        gateway.say("hall switch", {"action": "single", "battery": 70})

        def shown() -> list[str]:
            return [item["topic"] for item in centre.get("/messages/unknown", limit=200)["items"] if item["home"] == home]

        until(shown, what="the message that was not understood", every_seconds=0.2)
        assert set(shown()) == {f"{gateway.base}/hall switch"}
    assert centre.incidents(home) == []
