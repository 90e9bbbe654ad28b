"""No movement between five and ten in the morning is noticed at ten, in a home with no configuration at all; movement is enough."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.moved_time import local_instant, moved_centre

LONG = timedelta(minutes=10)


def test_at_ten_and_not_before(tmp_path: Path) -> None:
    with moved_centre(tmp_path, starts_at=local_instant(2027, 3, 1, 22)) as world:
        still, early, late = (world.centre.home() for _ in range(3))
        devices = {home: world.device(home, "motion") for home in (still, early, late)}
        with world.button(devices[still]) as bed, world.button(devices[early]) as kitchen, world.button(devices[late]) as hall:
            for sensor in (bed, kitchen, hall):
                world.say(sensor, "motion.seen")
            world.wait_until(local_instant(2027, 3, 2, 6), hop=LONG)
            world.say(kitchen, "motion.seen")
            world.wait_until(local_instant(2027, 3, 2, 9, 50), hop=LONG)
            assert world.centre.incidents() == []
            world.say(hall, "motion.seen")
            world.wait_until(local_instant(2027, 3, 2, 10, 1))
            (incident,) = world.centre.incidents()
            assert (incident["home"], incident["kind"], incident["severity"]) == (still, "inactivity", "medium")
            assert incident["alerts"][0]["rule"] == "not_up"
