"""Away mutes that nobody moves, keeps what it muted with its reason, and mutes no call for help; it ends by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.moved_time import local_instant, moved_centre

LONG = timedelta(minutes=10)


def test_away_until_noon_of_the_next_day(tmp_path: Path) -> None:
    with moved_centre(
        tmp_path,
        starts_at=local_instant(2027, 3, 1, 22),
        with_phones=lambda phones: {"fallback_urls": phones.address("duty")},
    ) as world:
        home = world.centre.home()
        sensor, sos = world.device(home, "motion"), world.device(home)
        with world.button(sensor) as room, world.button(sos) as button:
            world.say(room, "motion.seen")
            world.wait(minutes=5, hop=LONG)
            until = local_instant(2027, 3, 2, 12).isoformat()
            world.centre.post(f"/homes/{home}/modes", {"mode": "away", "until": until, "reason": "住女儿家"})
            world.wait_until(local_instant(2027, 3, 2, 10, 2), hop=LONG)
            assert world.centre.incidents(home) == []
            (muted,) = world.centre.get("/suppressed", home=home)["items"]
            assert (muted["because"], muted["rule"]) == ("away", "not_up")
            incident = world.press(button)
            assert incident["severity"] == "critical"
            world.call("duty", home)
            world.centre.post(f"/incidents/{incident['id']}/close", {"reason": "false_accidental"})
            world.wait_until(local_instant(2027, 3, 2, 12, 1), hop=LONG)
            (mode,) = world.centre.get(f"/homes/{home}/modes", ended=True)["items"]
            assert mode["ended_at"] is not None
            assert mode["ended_by"] is None
