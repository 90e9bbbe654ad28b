"""Over 29 February the groups take turns as on any other night, and a night shift belongs to the day it begins."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from support.moved_time import local_instant, moved_centre

LONG = timedelta(minutes=20)


def test_nights_before_on_and_after_the_leap_day(tmp_path: Path) -> None:
    with moved_centre(tmp_path, starts_at=local_instant(2028, 2, 28, 23, 30), ring_again_seconds=3600) as world:
        world.staff("an", "responder")
        world.staff("bo", "responder")
        shift = {"name": "night", "since": "20:00", "until": "08:00", "groups": [["an"], ["bo"]], "turns_from": "2028-02-28"}
        world.put("/rosters/night", {"name": "Night", "spec": {"shifts": [shift]}})
        steps = [{"after_seconds": 0, "targets": [{"who": "roster", "roster": "night"}]}]
        world.put(
            "/escalation/policies/leap",
            {"spec": {"code": "leap", "name": "Leap", "severities": ["critical"], "steps": steps}},
        )
        nights = (
            (local_instant(2028, 2, 28, 23, 45), "an"),
            (local_instant(2028, 2, 29, 0, 30), "an"),
            (local_instant(2028, 2, 29, 21, 0), "bo"),
            (local_instant(2028, 3, 1, 6, 0), "bo"),
            (local_instant(2028, 3, 1, 21, 0), "an"),
        )
        week: dict[str, Any] = {"from": "2028-02-28", "to": "2028-03-01"}
        days = world.centre.get("/rosters/night/days", **week)["days"]
        assert [day["day"] for day in days] == ["2028-02-28", "2028-02-29", "2028-03-01"]
        for instant, who in nights:
            world.wait_until(instant, hop=LONG)
            home = world.centre.home()
            with world.button(world.device(home)) as device:
                incident = world.press(device)
                world.wait(6)
                world.call(who, home)
                world.centre.post(f"/incidents/{incident['id']}/close", {"reason": "test"})
