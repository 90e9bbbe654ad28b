"""Everything dies while smoke is on: the next start finds the alarm, goes on ringing and paging for it, and opens no second."""

from __future__ import annotations

import signal
from pathlib import Path

from support.moved_time import moved_centre


def test_it_goes_on_where_it_stood(tmp_path: Path) -> None:
    with moved_centre(
        tmp_path, with_phones=lambda phones: {"fallback_urls": phones.address("duty")}, fallback_after_seconds=60
    ) as world:
        operator = world.staff("operator", "operator", phone=False)
        home = world.centre.home()
        credentials = world.device(home, "smoke-alarm")
        with world.watching(operator), world.button(credentials) as detector:
            incident = world.press(detector, "smoke.on")
            world.wait_since(incident, 25)
        world.centre.interrupt(signal.SIGKILL)
        world.time_passes_unseen(20)
        world.restart()
        operator = world.centre.sign_in("operator", "password-of-operator")
        with world.watching(operator):
            (found,) = world.centre.incidents(home)
            assert (found["id"], found["state"]) == (incident["id"], "open")
            assert found["alerts"][0]["condition_active"]
            rung = found["ring_count"]
            world.wait_since(incident, 65)
            world.call("duty", home)
            world.wait(16)
            assert world.incident(incident["id"])["ring_count"] > rung
            again = world.moved_credentials(credentials)
            with world.button(again) as detector:
                assert detector.press("smoke.on", event_id="after-the-start")["incident"] == incident["id"]
                assert len(world.centre.incidents(home, state="all")) == 1
                assert detector.press("smoke.off", event_id="it-is-over")["status"] == "accepted"
            assert world.incident(incident["id"])["alerts"][0]["state"] == "return_unacknowledged"
