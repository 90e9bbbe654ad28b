"""Wrong secrets, unknown devices, foreign topics and messages nobody understands: refused or kept, and always shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import paho.mqtt.client as mqtt
from support.centre import Centre, Credentials
from support.device import Button, button
from support.processes import until


def _refused(centre: Centre, client: str, reason: str) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        items = centre.get("/broker/refusals")["items"]
        return next((item for item in items if item["client"] == client and item["reason"] == reason), None)

    return until(find, what=lambda: str(centre.get("/broker/refusals")["items"]), every_seconds=0.2)


def _try(credentials: Credentials) -> None:
    device = Button(credentials)
    try:
        until(lambda: device.refusals, what="a refusal")
        assert not device.is_connected
    finally:
        device.close()


def test_a_wrong_secret(centre: Centre) -> None:
    device = centre.device(centre.home())
    _try(replace(device, password="not-the-secret"))
    assert _refused(centre, device.code, "wrong_secret")["count"] >= 1
    until(lambda: centre.get(f"/devices/{device.id}")["refused_reason"] == "wrong_secret", what="shown beside the device")


def test_an_unknown_device(centre: Centre) -> None:
    device = centre.device(centre.home())
    _try(replace(device, username="dev-nobody", client_id="yl-dev-nobody"))
    assert _refused(centre, "dev-nobody", "unknown_device")["count"] >= 1


def test_another_homes_topic(centre: Centre) -> None:
    own, other = centre.device(centre.home()), centre.device(centre.home())
    with button(replace(own, topic=other.topic)) as impostor:
        impostor.publish_event("foreign-1")
        assert _refused(centre, own.code, "foreign_topic")["count"] >= 1
        assert impostor.receipts == []
    assert centre.incidents(other.home) == []


def test_a_message_nobody_understands_is_kept_and_shown(centre: Centre) -> None:
    device = centre.device(centre.home())
    with button(device) as speaker:
        assert speaker.publish("event", b"\x00not json").rc == mqtt.MQTT_ERR_SUCCESS
        speaker.publish("telemetry", {"values": {"mood": 7}})

        def reasons() -> set[str]:
            items = centre.get("/messages/unknown", limit=200)["items"]
            return {item["reason"] for item in items if item["device"] in {device.code, device.id}}

        until(
            lambda: {"malformed", "unknown_metric"} <= reasons(),
            what=lambda: str(centre.get("/messages/unknown")["items"]),
            every_seconds=0.2,
        )
