"""Each person answers for themselves: the first carer's yes is noted, and the second is called all the same; a used or stale
button changes nothing and says why."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
from support.moved_time import World, moved_centre
from support.phones import Call

from core.messages import MESSAGES


def answer(world: World, call: Call, what: str) -> httpx.Response:
    """Press a button of a page, as a browser without a sign-in does."""
    found = re.search(r"/a/([A-Za-z0-9_-]+)", call.text)
    assert found, call.text
    return httpx.post(
        f"{world.centre.url}/api/v1/answers/{found[1]}", json={"answer": what}, headers={"Accept-Language": "en"}, timeout=20
    )


def test_each_for_themselves(tmp_path: Path) -> None:
    with moved_centre(tmp_path, public_url="http://centre.test", ring_again_seconds=3600, contacts_after_seconds=60) as world:
        operator = world.staff("operator", "operator", phone=False)
        world.staff("chief", "supervisor")
        home = world.centre.home()
        world.contact(home, "daughter", consents=False, order=1)
        world.contact(home, "son", consents=False, order=2)
        with world.watching(operator), world.button(world.device(home)) as device:
            incident = world.press(device)
            world.wait_since(incident, 33)
            chief = world.call("chief", home)
            world.wait_since(incident, 63)
            daughter = world.call("daughter", home)
            assert answer(world, daughter, "accepted").status_code == 200
            world.wait_since(incident, 95)
            son = world.call("son", home)
            assert world.incident(incident["id"])["state"] == "open"
            assert answer(world, son, "declined").status_code == 200
            said = [
                (page["person_name"], one["answer"]) for page in world.incident(incident["id"])["pages"] for one in page["answers"]
            ]
            assert sorted(said) == [("daughter", "accepted"), ("son", "declined")]
            assert answer(world, chief, "accepted").status_code == 200
            taken = world.incident(incident["id"])
            assert (taken["state"], taken["owner"]["name"]) == ("acknowledged", "chief")
            used = answer(world, chief, "accepted")
            assert used.status_code == 409
            assert used.json()["error"]["message"] == MESSAGES["answer_link_used"][1]
            assert world.told(incident["id"]).count("acknowledged") == 1


def test_a_button_of_yesterday_takes_nothing(tmp_path: Path) -> None:
    with moved_centre(tmp_path, public_url="http://centre.test", ring_again_seconds=3600) as world:
        operator = world.staff("operator", "operator", phone=False)
        world.staff("chief", "supervisor")
        home = world.centre.home()
        with world.watching(operator), world.button(world.device(home)) as device:
            incident = world.press(device)
            world.wait_since(incident, 33)
            old = world.call("chief", home)
            world.act(operator, incident["id"], "close", reason="reassured")
            world.wait_since(incident, 60)
            world.press(device)
            refused = answer(world, old, "accepted")
            assert refused.status_code == 409, refused.text
            assert refused.json()["error"]["message"]
            (newer,) = world.centre.incidents(home)
            assert newer["state"] == "open", "an old button must not take a new alarm"
            world.act(operator, newer["id"], "close", reason="test")
