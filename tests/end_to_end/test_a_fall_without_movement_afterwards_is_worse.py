"""A fall its wearer took back stands lower; without movement in the minute after it, it is as bad as it was, and rings."""

from __future__ import annotations

from pathlib import Path

from support.moved_time import moved_centre


def test_a_minute_without_movement(tmp_path: Path) -> None:
    with moved_centre(tmp_path, ring_again_seconds=3600) as world:
        found = {}
        operator = world.staff("operator", "operator", phone=False)
        with world.watching(operator):
            for moves in (False, True):
                home = world.centre.home()
                resident = world.centre.post(f"/homes/{home}/residents", {"name": "王秀兰"})["id"]
                sensor = world.device(home, "motion")
                watch = world.device(home, "watch", resident=resident)
                with world.button(watch) as worn, world.button(sensor) as room:
                    incident = world.press(worn, "fall.detected")
                    world.wait_since(incident, 8)
                    world.press(worn, "fall.cancelled")
                    assert world.incident(incident["id"])["severity"] == "medium"
                    if moves:
                        world.say(room, "motion.seen")
                    world.wait_since(incident, 50)
                    assert world.incident(incident["id"])["severity"] == "medium"
                    world.wait_since(incident, 70)
                    found[moves] = world.incident(incident["id"])
                    world.act(operator, incident["id"], "close", reason="test")
        assert found[False]["severity"] == "critical"
        assert "alert_raised" in [entry["act"] for entry in found[False]["timeline"]]
        assert found[True]["severity"] == "medium"
