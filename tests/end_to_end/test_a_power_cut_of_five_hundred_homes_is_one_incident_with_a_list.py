"""Five hundred homes of one area lose power within a minute: one incident with all of them, those most at risk first, and a
press in the midst of it rings as ever."""

from __future__ import annotations

from pathlib import Path

import orjson
import paho.mqtt.client as mqtt
import pytest
import sqlalchemy as sa
from paho.mqtt.enums import CallbackAPIVersion
from support.centre import Credentials
from support.moved_time import World, moved_centre
from support.processes import until
from support.town import settle

from core.config import Settings
from ingest.broker_secrets import load_or_create_secrets

HOMES = 500


@pytest.mark.timeout(400)
def test_one_incident_with_the_list(tmp_path: Path) -> None:
    with moved_centre(tmp_path, with_phones=lambda phones: {"fallback_urls": phones.address("duty")}) as world:
        street = world.centre.post("/areas", {"code": "street", "name": "青山街道"})["code"]
        town = settle(world.centre, HOMES, profile="presence")
        _move_to(world, street, most_at_risk=town[77].home)
        calm = world.centre.home()
        with world.button(world.device(calm)) as device:
            _all_lose_power(world, town)
            until(lambda: len(_listed(world)) == HOMES, 60, lambda: f"{len(_listed(world))} homes listed", 0.5)
            pressed = world.press(device)
            world.call("duty", calm)
            world.wait(20)
            (outage,) = [one for one in world.centre.incidents() if one["id"] != pressed["id"]]
            assert (outage["kind"], outage["home"], outage["homes_affected"]) == ("outage", None, HOMES)
            assert world.incident(outage["id"])["homes"][0]["code"] == town[77].home
            world.wait(65)  # what is not critical is put together with what the same telephone was just told
            world.call("duty", "青山街道")
            world.centre.post(f"/incidents/{pressed['id']}/close", {"reason": "test"})


def _move_to(world: World, area: str, *, most_at_risk: str) -> None:
    with world.database.transaction() as session:
        session.execute(sa.text("UPDATE homes SET area_id = (SELECT id FROM areas WHERE code = :code)"), {"code": area})
        oxygen = "UPDATE residents SET on_oxygen = :yes WHERE home_id = (SELECT id FROM homes WHERE code = :home)"
        session.execute(sa.text(oxygen), {"yes": True, "home": most_at_risk})


def _all_lose_power(world: World, town: list[Credentials]) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="the-power-cut")
    client.username_pw_set("ingest", load_or_create_secrets(Settings(data_dir=world.centre.data_dir)).password)
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", world.centre.mqtt_port)
    client.loop_start()
    sent = [client.publish(f"{one.topic}/event", orjson.dumps({"id": "cut", "type": "power.lost"}), qos=1) for one in town]
    for each in sent:
        each.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


def _listed(world: World) -> list[str]:
    outages = [one for one in world.centre.incidents() if one["kind"] == "outage"]
    return [home["code"] for one in outages for home in world.incident(one["id"])["homes"]]
