"""Nobody takes an SOS: at 15 s it rings again and the one who has the shift is paged, at 30 s the supervisor, at 60 s the
family in its order, at 180 s the second centre; whoever takes it ends the climb."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.moved_time import World, local_instant, moved_centre


def _climbing(world: World) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [
        {"after_seconds": 15, "targets": [{"who": "roster", "roster": "night"}]},
        {"after_seconds": 30, "targets": [{"who": "role", "role": "supervisor"}]},
        {"after_seconds": 60, "targets": [{"who": "contacts", "one_after_another_seconds": 20}]},
        {"after_seconds": 180, "targets": [{"who": "second_centre", "address": world.phones.address("second centre")}]},
    ]
    return {"code": "climb", "name": "Climb", "severities": ["critical", "high"], "steps": steps}


def test_nobody_takes_it(tmp_path: Path) -> None:
    with moved_centre(tmp_path, starts_at=local_instant(2027, 3, 1, 22)) as world:
        operator = world.staff("operator", "operator", phone=False)
        world.staff("on-shift", "responder")
        world.staff("other-night", "responder")
        world.staff("chief", "supervisor")
        shift = {
            "name": "night",
            "since": "20:00",
            "until": "08:00",
            "groups": [["on-shift"], ["other-night"]],
            "turns_from": "2027-03-01",
        }
        world.put("/rosters/night", {"name": "Night", "spec": {"shifts": [shift]}})
        world.put("/escalation/policies/climb", {"spec": _climbing(world)})
        home = world.centre.home()
        world.contact(home, "daughter", consents=False, order=1)
        world.contact(home, "son", consents=False, order=2)
        with world.watching(operator), world.button(world.device(home)) as device:
            world.press(device)
            incident = world.centre.wait_incident(home)
            world.wait_since(incident, 11)
            world.nobody_was_paged()
            world.wait_since(incident, 18)
            world.call("on-shift", home)
            assert "rang_again" in world.told(incident["id"])
            world.wait_since(incident, 26)
            world.nobody_was_paged()
            world.wait_since(incident, 33)
            world.call("chief", home)
            world.wait_since(incident, 63)
            world.call("daughter", home)
            world.nobody_was_paged()
            world.wait_since(incident, 83)
            world.call("son", home)
            world.wait_since(incident, 175)
            world.nobody_was_paged()
            world.wait_since(incident, 184)
            world.call("second centre", home)
            world.act(operator, incident["id"], "acknowledge")
            rung = world.incident(incident["id"])["ring_count"]
            world.wait(40)
            world.nobody_was_paged()
            assert world.incident(incident["id"])["ring_count"] == rung


def test_taken_after_twenty_seconds_the_supervisor_is_left_alone(tmp_path: Path) -> None:
    with moved_centre(tmp_path) as world:
        operator = world.staff("operator", "operator", phone=False)
        world.staff("chief", "supervisor")
        home = world.centre.home()
        with world.watching(operator), world.button(world.device(home)) as device:
            incident = world.press(device)
            world.wait_since(incident, 20)
            world.act(operator, incident["id"], "acknowledge")
            world.wait_since(incident, 100)
            world.nobody_was_paged()
            world.wait_since(incident, 145)  # the claim has run out: it climbs again, from the beginning
            assert "claim_expired" in world.told(incident["id"])
            world.wait_since(incident, 176)
            world.call("chief", home)
