"""`yinling run --demo`: what it prints works as printed, the town speaks, no page is empty, and a second start finds it all."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from support.centre import Centre, running_centre
from support.processes import until

from yinling.demo import ACCOUNTS


def printed_sos(centre: Centre) -> str:
    found = re.search(r"^mosquitto_pub .*$", centre.said(), re.MULTILINE)
    assert found is not None, centre.said()
    return found[0]


def speaking(centre: Centre) -> int:
    home = centre.get("/homes/h0001")
    return sum(device["online"] is True for device in home["devices"])


def test_a_newcomer_finds_a_town_and_an_sos_that_rings(tmp_path: Path) -> None:
    with running_centre(tmp_path, demo=True) as centre:
        for account in ACCOUNTS:
            if account.username != "admin":  # whose password the test has set
                centre.sign_in(account.username, account.password).close()

        subprocess.run(["sh", "-c", printed_sos(centre)], check=True, timeout=20)
        rung = centre.wait_incident("h0001")
        assert (rung["kind"], rung["severity"], rung["state"]) == ("sos", "critical", "open")

        until(lambda: speaking(centre) > 8, 60, "the devices of the first home speak", 0.5)
        closed = centre.get("/incidents", state="closed", limit=200)["items"]
        assert len(closed) == 200
        family = centre.sign_in("family", "demo-family").get("/api/v1/family/homes").json()["items"]
        assert [home["home"] for home in family] == ["h0001"]

        bed = next(device for device in centre.get("/homes/h0001")["devices"] if device["profile"] == "bed")

        def past_readings() -> int:
            return len(centre.get(f"/devices/{bed['id']}/readings", metric="heart_rate", points=500)["items"])

        until(lambda: past_readings() > 20, 60, "yesterday is filled in", 0.5)

        centre.interrupt()
        centre.start()

        assert {incident["number"] for incident in centre.incidents("h0001")} >= {rung["number"]}
        assert past_readings() > 20
