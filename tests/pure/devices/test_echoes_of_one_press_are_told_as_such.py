"""One press arrives as several messages; what carries no press gives none, and the rest say that they echo."""

from __future__ import annotations

import pytest
from support.codecs import child, from_zigbee, signals_of

from devices.codecs.types import Decoded

BUTTON = child("Bed button", "sos-button", address="0x00158d0001")


@pytest.mark.parametrize("action", [None, "", "  ", "null"])
def test_a_rejoining_button_or_an_emptied_action_is_no_press(action: object) -> None:
    decoded = from_zigbee("Bed button", {"action": action, "battery": 90}, BUTTON)
    assert signals_of(decoded) == []
    assert decoded.not_understood == ()


def test_the_three_forms_of_one_press_name_one_device_and_say_that_they_echo() -> None:
    told = [
        from_zigbee("Bed button", {"action": "emergency", "linkquality": 80}, BUTTON),
        from_zigbee("Bed button", {"action": "", "linkquality": 80}, BUTTON),
        from_zigbee("Bed button/action", b"emergency", BUTTON),
    ]
    assert [signals_of(one) for one in told] == [["sos.pressed"], [], ["sos.pressed"]]
    first, bare = told[0].signals[0], told[2].signals[0]
    assert first.device == bare.device
    assert 1 <= first.data["echo_within_seconds"] <= 10
    assert bare.data["echo_within_seconds"] == first.data["echo_within_seconds"]
    assert not first.has_own_id


def test_a_brokers_redelivery_has_the_same_key() -> None:
    def press(*, redelivered: bool) -> Decoded:
        return from_zigbee("Bed button", {"action": "emergency"}, BUTTON, redelivered=redelivered)

    first, again = press(redelivered=False).signals[0], press(redelivered=True).signals[0]
    assert first.event_key == again.event_key
    assert again.redelivered


@pytest.mark.parametrize("payload", [b"", b" ", b"null", b"{}", b'{"smoke": null}', b'{"smoke": ""}', b'{"water_leak": null}'])
def test_empty_and_null_mean_unknown_and_never_off(payload: bytes) -> None:
    assert signals_of(from_zigbee("hall", payload, child("hall", "smoke-alarm"))) == []


def test_a_device_called_like_a_channel_is_that_device() -> None:
    decoded = from_zigbee("hall/action", {"action": "emergency"}, child("hall/action", "sos-button"))
    assert signals_of(decoded) == ["sos.pressed"]
    assert signals_of(from_zigbee("hall/action/action", b"emergency", child("hall/action", "sos-button"))) == ["sos.pressed"]
