"""What a newcomer types: `mosquitto_pub` with what provisioning said."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from support.centre import Centre, Credentials
from support.device import button
from support.processes import until
from support.store import stored_events


def _run(program: str, device: Credentials, event_id: str, *more: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} on this machine")
    command = [
        program,
        "-h",
        device.host,
        "-p",
        str(device.port),
        "-u",
        device.username,
        "-P",
        device.password,
        "-i",
        device.client_id,
    ]
    message = json.dumps({"id": event_id, "type": "sos.pressed"})
    command += ["-q", "1", "-t", f"{device.topic}/event", "-m", message, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_one_id_ten_times_and_ten_ids_are_one_incident(centre: Centre) -> None:
    home = centre.home()
    device = centre.device(home)
    for event_id in ["same"] * 10 + [f"other-{serial}" for serial in range(10)]:
        sent = _run("mosquitto_pub", device, event_id)
        assert sent.returncode == 0, sent.stderr
    until(lambda: len(stored_events(centre, device.id)) == 11, what=lambda: str(stored_events(centre, device.id)))
    assert set(stored_events(centre, device.id).values()) == {1}
    [incident] = centre.incidents(home, state="all")
    assert len(incident["alerts"]) == 1
    assert incident["alerts"][0]["count"] == 11


def test_the_receipt_comes_back_to_it(centre: Centre) -> None:
    device = centre.device(centre.home())
    answered = _run("mosquitto_rr", device, "press-1", "-e", f"{device.topic}/receipt", "-V", "311", "-W", "10")
    assert answered.returncode == 0, answered.stderr
    receipt = json.loads(answered.stdout)
    assert (receipt["id"], receipt["status"]) == ("press-1", "accepted")
    assert receipt["incident"] == centre.incidents(device.home)[0]["id"]


def test_each_press_is_told_what_became_of_it(centre: Centre) -> None:
    home = centre.home()
    with button(centre.device(home)) as device:
        assert device.press(event_id="a")["status"] == "accepted"
        for repeat in range(3):
            device.publish_event("a")
            until(lambda repeat=repeat: device.statuses("a").count("duplicate") == repeat + 1)  # type: ignore[misc]
        joined = device.press(event_id="b")
        assert joined["status"] == "accepted"
        incident_id = joined["incident"]
        centre.post(f"/incidents/{incident_id}/acknowledge")
        assert device.wait_receipt("a", 10, {"seen"}) is not None
        assert device.wait_receipt("b", 10, {"seen"}) is not None
        device.publish("event", {"type": "sos.pressed", "ts": "yesterday", "data": None})
        until(lambda: centre.incidents(home)[0]["alerts"][0]["count"] >= 3, what="a press without an id is a press")
        assert len(centre.incidents(home)) == 1
