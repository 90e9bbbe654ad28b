"""The logs of all processes, searched for one incident, tell its way from the message to the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.centre import Centre, running_centre
from support.device import button
from support.live import live_stream
from support.processes import until


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A centre that logs what a service's log holds; at a terminal `yinling run` is quieter."""
    with running_centre(tmp_path_factory.mktemp("talkative"), log_level="INFO") as started:
        yield started


def _lines(centre: Centre, incident_id: int) -> list[tuple[str, str, Any]]:
    return [
        (str(line["process"]), str(line["event"]), line.get("act", line.get("status", line.get("message"))))
        for line in centre.logs()
        if line.get("incident") == incident_id
    ]


def test_from_the_message_to_the_screen_and_back(centre: Centre) -> None:
    home = centre.home()
    with live_stream(centre.api), button(centre.device(home)) as device:
        incident_id = device.press(event_id="press-7")["incident"]
        answer = centre.api.post(
            f"/api/v1/incidents/{incident_id}/acknowledge", json={}, headers={"X-Request-ID": "a-night-at-the-desk"}
        )
        assert answer.headers["X-Request-ID"] == "a-night-at-the-desk"
        assert device.wait_receipt("press-7", 10, {"seen"}) is not None
        wanted = {
            ("ingest-0", "signal_kept", "press-7"),
            ("ingest-0", "incident_told", "opened"),
            ("ingest-0", "receipt_sent", "accepted"),
            ("ingest-0", "receipt_sent", "seen"),
            ("api", "incident_shown", None),
            ("api", "incident_told", "acknowledged"),
        }
        until(lambda: wanted <= set(_lines(centre, incident_id)), what=lambda: str(_lines(centre, incident_id)))
    taken = [line for line in centre.logs() if line.get("incident") == incident_id and line.get("act") == "acknowledged"]
    assert [line["request"] for line in taken] == ["a-night-at-the-desk"]
    presses = [line for line in centre.logs() if line.get("message") == "press-7" and line["event"] == "receipt_sent"]
    assert {line["status"] for line in presses} >= {"accepted", "seen"}


def test_a_request_without_a_name_gets_one_and_a_strange_name_is_not_kept(centre: Centre) -> None:
    given = centre.api.get("/healthz").headers["X-Request-ID"]
    assert given.startswith("req-")
    strange = centre.api.get("/healthz", headers={"X-Request-ID": 'a name; with "more"'}).headers["X-Request-ID"]
    assert strange.startswith("req-")
    assert strange != given
