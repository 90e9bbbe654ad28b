"""What the pages ask beyond the queue: the family's word, the centre's figures, what was not understood, and errors."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from support.api_town import Town

from alerts.model import Incident
from api.application import create_application
from devices.model import Device
from ingest.model import BrokerRefusal, UnknownMessage, UnknownTopic
from people.model import Area, Home, User
from timeseries.ports import StoreAwayError


def _family(town: Town) -> dict[str, Any]:
    items = town.client.get("/api/v1/family/homes", headers=town.bearer("family")).json()["items"]
    assert [item["home"] for item in items] == ["h-north"]
    home: dict[str, Any] = items[0]
    return home


def test_a_family_is_told_normal_only_while_something_is_heard(town: Town) -> None:
    assert _family(town)["verdict"] == "unknown"
    with town.deps.database.transaction() as session:
        device = session.get_one(Device, town.devices["h-north"])
        device.last_seen_at, device.battery = town.clock.now(), 80
    said = _family(town)
    assert said["verdict"] == "normal"
    assert said["last_seen_at"]
    assert said["battery"] == {"lowest": 80, "device": "button"}
    town.clock.advance(timedelta(hours=13))
    assert _family(town)["verdict"] == "unknown"


def test_a_family_sees_the_steps_of_what_is_being_done(town: Town) -> None:
    incident = town.incident("h-north", "sos")
    town.incident("h-south", "sos")
    town.client.post(f"/api/v1/incidents/{incident}/acknowledge", headers=town.bearer("operator"))
    said = _family(town)
    assert said["verdict"] == "incident"
    assert [step["act"] for step in said["incident"]["steps"]][-1] == "acknowledged"
    assert said["centre_phone"] == "0797-8120120"


def test_the_figures_leave_out_drills_and_tests(town: Town) -> None:
    headers = town.bearer("operator")
    quick, slow, test = town.incident("h-north", "sos"), town.incident("h-south", "sos"), town.incident("h-north", "sos")
    town.incident("h-north", "sos", drill=True)
    town.clock.advance(timedelta(seconds=10))
    for incident in (quick, test):
        town.client.post(f"/api/v1/incidents/{incident}/acknowledge", headers=headers)
    town.client.post(f"/api/v1/incidents/{test}/close", json={"reason": "test"}, headers=headers)
    town.clock.advance(timedelta(seconds=90))
    town.client.post(f"/api/v1/incidents/{slow}/acknowledge", headers=headers)
    overview = town.client.get("/api/v1/centre/overview", headers=headers).json()
    assert overview["answered"] | {"total": 2, "within_15": 1, "within_60": 1, "within_180": 2} == overview["answered"]
    assert overview["answered"]["median_seconds"] == 10
    assert overview["answered"]["percentile_90_seconds"] == 100
    assert overview["open"]["critical"] == 2
    assert (overview["homes"], overview["devices"]) == (2, 2)
    assert overview["fallback_configured"] is False
    assert len(overview["curve"]) == 24
    assert sum(hour["count"] for hour in overview["curve"]) == 2


def test_the_figures_of_the_day_before_stand_beside_those_of_the_last_day(town: Town) -> None:
    headers = town.bearer("operator")
    quick = town.incident("h-north", "sos")
    town.clock.advance(timedelta(seconds=10))
    town.client.post(f"/api/v1/incidents/{quick}/acknowledge", headers=headers)
    town.clock.advance(timedelta(hours=25))
    late = town.incident("h-south", "sos")
    town.clock.advance(timedelta(seconds=30))
    town.client.post(f"/api/v1/incidents/{late}/acknowledge", headers=town.bearer("operator"))
    overview = town.client.get("/api/v1/centre/overview", headers=town.bearer("operator")).json()
    assert (overview["answered"]["total"], overview["answered"]["within_15"], overview["answered"]["within_60"]) == (1, 0, 1)
    before = overview["answered_yesterday"]
    assert (before["total"], before["within_15"], before["median_seconds"]) == (1, 1, 10)
    assert set(before) == set(overview["answered"])
    town.clock.advance(timedelta(hours=24))
    later = town.client.get("/api/v1/centre/overview", headers=town.bearer("operator")).json()
    assert (later["answered"]["total"], later["answered_yesterday"]["total"]) == (0, 1), "no call is in both, and none in neither"


def test_the_busiest_area_is_the_one_with_most_open_incidents_in_sight(town: Town) -> None:
    def busiest(username: str) -> dict[str, Any] | None:
        answer: dict[str, Any] | None = town.client.get("/api/v1/centre/overview", headers=town.bearer(username)).json()[
            "busiest_area"
        ]
        return answer

    assert busiest("operator") is None
    town.incident("h-north", "sos")
    in_south = [town.incident("h-south", "sos"), town.incident("h-south", "sos")]
    for _ in range(3):
        town.incident("h-north", "sos", drill=True)
    assert busiest("operator") == {"code": "south", "name": "South", "open": 2}
    with town.deps.database.transaction() as session:
        user = session.get_one(User, town.users["supervisor"])
        user.areas.append(session.query(Area).filter(Area.code == "north").one())
    assert busiest("supervisor") == {"code": "north", "name": "North", "open": 1}
    headers = town.bearer("operator")
    for incident in in_south:
        town.client.post(f"/api/v1/incidents/{incident}/close", json={"reason": "reassured"}, headers=headers)
    assert busiest("operator") == {"code": "north", "name": "North", "open": 1}


def test_what_was_not_understood_is_shown_within_the_scope(town: Town) -> None:
    now = town.clock.now()
    with town.deps.database.transaction() as session:
        for number, (home, payload) in enumerate((("h-north", b"\xff\x00"), ("h-south", b'{"a": 1}'), (None, "文".encode()))):
            home_id = None if home is None else session.query(Home).filter(Home.code == home).one().id
            at = now + timedelta(seconds=number)
            topic = UnknownTopic(topic=f"t/{number}", reason="malformed", count=3, home_id=home_id, first_at=now, last_at=at)
            session.add(topic)
            session.flush()
            session.add(UnknownMessage(unknown_topic_id=topic.id, received_at=now, payload=payload))
        session.add(
            BrokerRefusal(client="c", reason="wrong_secret", device_id=town.devices["h-south"], count=2, first_at=now, last_at=now)
        )
    url = "/api/v1/messages/unknown"
    mine = town.client.get(url, headers=town.bearer("installer")).json()["items"]
    assert [(item["topic"], item["payload"], item["encoding"]) for item in mine] == [("t/0", "/wA=", "base64")]
    first = town.client.get(url, params={"limit": 2}, headers=town.bearer("operator")).json()
    second = town.client.get(url, params={"limit": 2, "cursor": first["next"]}, headers=town.bearer("operator")).json()
    assert [item["topic"] for item in first["items"] + second["items"]] == ["t/2", "t/1", "t/0"]
    assert first["items"][0]["payload"] == "文"
    assert second["next"] is None
    assert len(town.client.get("/api/v1/broker/refusals", headers=town.bearer("operator")).json()["items"]) == 1
    assert town.client.get("/api/v1/broker/refusals", headers=town.bearer("installer")).json()["items"] == []


def test_the_day_is_drawn_from_signals(town: Town) -> None:
    for kind in ("bed.entered", "bed.left", "motion.seen", "door.opened", "door.closed", "sos.pressed"):
        town.clock.advance(timedelta(minutes=30))
        town.signal("h-north", kind)
    day = town.client.get("/api/v1/homes/h-north/day", headers=town.bearer("family")).json()
    lanes = {lane["key"]: lane for lane in day["lanes"]}
    assert set(lanes) == {"alarm", "bed", "motion", "door"}
    assert lanes["bed"]["spans"][0]["kind"] == "bed.entered"
    assert [mark["kind"] for mark in lanes["alarm"]["marks"]] == ["sos.pressed"]
    assert day["sentence"]["movements"] == 5
    assert day["from"] < day["to"]


class _Away:
    """A store of readings that does not answer; it is asked while no transaction is open."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.asked = 0

    def read_many(self, *_asked: object) -> object:
        self.asked += 1
        with self.town.deps.database.transaction() as session:  # SQLite has one writer: this waits for nobody
            session.execute(sa.update(Home).values(notes="written meanwhile"))
        raise StoreAwayError("no answer")


@pytest.mark.parametrize("username", ["operator", "family"])
def test_a_day_without_its_readings_says_that_they_are_unknown_and_tells_the_rest(
    town: Town, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.signal("h-north", "motion.seen")
    away = _Away(town)
    monkeypatch.setattr(town.deps.readings, "read_many", away.read_many)
    answer = town.client.get("/api/v1/homes/h-north/day", headers=town.bearer(username))
    assert answer.status_code == 200, answer.text
    day = answer.json()
    assert (away.asked, day["readings_away"], day["vitals"]) == (1, True, [])
    assert [lane["key"] for lane in day["lanes"]] == ["motion"]
    assert day["sentence"]["movements"] == 1
    monkeypatch.undo()
    back = town.client.get("/api/v1/homes/h-north/day", headers=town.bearer(username)).json()
    assert back["readings_away"] is False


def test_whoever_sees_no_readings_is_told_of_none_that_are_away(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    away = _Away(town)
    monkeypatch.setattr(town.deps.readings, "read_many", away.read_many)
    day = town.client.get("/api/v1/homes/h-north/day", headers=town.bearer("installer")).json()
    assert (away.asked, day["readings_away"]) == (0, False)


def test_errors_have_one_shape_in_both_languages(town: Town) -> None:
    for headers, words in (({"Accept-Language": "en-GB"}, "sign in"), ({}, "登录"), ({"Accept-Language": "fr, zh;q=0.5"}, "登录")):
        error = town.client.get("/api/v1/homes", headers=headers).json()["error"]
        assert words in error["message"]
    missing = town.client.get("/api/v1/nothing", headers={"Accept-Language": "en"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert town.client.put("/api/v1/homes").json()["error"]["code"] in {"method_not_allowed", "not_found"}
    large = town.client.post("/api/v1/sign-in", content=b"x" * (1024 * 1024 + 1), headers={"Content-Type": "application/json"})
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")
    unsaid = town.client.post("/api/v1/sign-in", content=iter([b"x" * 600_000] * 2), headers={"Content-Type": "application/json"})
    assert (unsaid.status_code, unsaid.json()["error"]["code"]) == (413, "too_large")
    broken = town.client.post("/api/v1/sign-in", content=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 422


def test_a_password_never_comes_back_in_an_error(town: Town) -> None:
    answer = town.client.post("/api/v1/sign-in", json={"username": "x", "password": "s3cret-word", "extra": "s3cret-word"})
    assert answer.status_code == 422
    assert "s3cret-word" not in answer.text


def test_a_fault_of_ours_is_told_as_a_reference_only(town: Town) -> None:
    def fail() -> None:
        raise RuntimeError("the password is hunter2")

    application = create_application(town.fresh_deps())
    application.add_api_route("/api/v1/fail", fail)
    # Before the pages' catch-all.
    application.router.routes.insert(0, application.router.routes.pop())
    with TestClient(application, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/fail", headers={"Accept-Language": "en"})
    assert answer.status_code == 500
    assert answer.json()["error"]["details"]["reference"].startswith("err-")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_every_response_carries_the_guards(town: Town) -> None:
    for path in ("/api/v1/me", "/", "/nowhere", "/healthz"):
        headers = town.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"]
    assert town.client.get("/api/v1/me").headers["cache-control"] == "no-store"


def test_pages_are_served_and_a_missing_build_says_what_to_do(town: Town, tmp_path: Path) -> None:
    built = tmp_path / "static"
    (built / "assets").mkdir(parents=True)
    (built / "assets" / "app-1a2b.js").write_text("1")
    with TestClient(create_application(town.fresh_deps(), built)) as client:
        assert "make install" in client.get("/").text
        (built / "index.html").write_text("<title>银铃</title>")
        assert "银铃" in client.get("/incidents/5").text
        assert client.get("/").headers["cache-control"] == "no-cache"
        assert "immutable" in client.get("/assets/app-1a2b.js").headers["cache-control"]
        assert client.get("/assets/gone.js").status_code == 404
        (tmp_path / "secret").write_text("no")
        for path in ("/../secret", "/%2e%2e/secret", "/assets/../../secret"):
            assert client.get(path).text != "no"


def test_the_document_names_every_error_and_each_operation_once(town: Town) -> None:
    document = create_application(None).openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert json.dumps(document) == json.dumps(town.client.get("/openapi.json").json())
    closing = document["paths"]["/api/v1/incidents/{incident_id}/close"]["post"]["responses"]
    assert {"transition_not_allowed", "condition_persists"} <= set(closing["409"]["content"]["application/json"]["examples"])
    assert all(
        "401" in operation["responses"]
        for path, item in document["paths"].items()
        for operation in item.values()
        if "/api/" in path and not path.startswith(("/api/v1/answers/", "/api/v1/providers/"))  # these need no sign-in
    )


def test_incidents_opened_by_devices_not_yet_live_are_the_installers_to_see(town: Town) -> None:
    incident = town.incident("h-north", "sos")
    with town.deps.database.transaction() as session:
        session.get_one(Incident, incident).not_live = True
    items = town.client.get("/api/v1/incidents", headers=town.bearer("installer")).json()["items"]
    assert [item["id"] for item in items] == [incident]


def test_the_document_names_fields_as_they_are_sent() -> None:
    schemas = create_application(None).openapi()["components"]["schemas"]
    assert set(schemas["ProfileName"]["properties"]) == {"zh-CN", "en"}
    assert {"from", "to"} <= set(schemas["Span"]["properties"]) & set(schemas["Day"]["properties"])
    assert set(schemas["IncidentItem"]["required"]) == set(schemas["IncidentItem"]["properties"])
