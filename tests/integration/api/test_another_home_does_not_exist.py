"""Every URL that names something of another home is 404, as if it were not there."""

from __future__ import annotations

import re

import pytest
from support.api_town import Town
from support.databases import chosen_backend

from api.application import create_application
from people.model import Role


@pytest.fixture
def backend() -> str:
    """Every route once: which one is refused is decided above the store. `YINLING_TEST_DATABASE` chooses it."""
    return chosen_backend()


LIMITED = ["family", "installer", "responder"]
BODIES: dict[str, dict[str, object]] = {
    "changeHome": {"name": "mine now"},
    "createResident": {"name": "x"},
    "changeResident": {"name": "x"},
    "createContact": {"name": "x", "phone": "123"},
    "changeContact": {"name": "x"},
    "changeDevice": {"name": "x"},
    "dispatchIncident": {"responder_name": "x"},
    "closeIncident": {"reason": "reassured"},
    "noteIncident": {"text": "x"},
    "mergeIncident": {"into": 1},
    "splitIncident": {"alerts": [1]},
    "setModeOfHome": {"mode": "away", "until": "2026-11-22T04:00:00Z"},
    "createUserContactPoint": {"channel": "sms", "address": "13800138000"},
    "createContactContactPoint": {"channel": "sms", "address": "13800138000"},
    "changeContactPoint": {"label": "x"},
    "certifyDevice": {},
    "shelveAlert": {"until": "2026-11-22T04:00:00Z"},
}
# Whoever holds the link of a page, or is the provider that carried it, comes without a sign-in.
OPEN = {"readAnswer", "giveAnswer", "takeGenericReports", "takeAliyunReports"}
NAMED = [
    (operation["operationId"], method, path)
    for path, operations in create_application(None).openapi()["paths"].items()
    for method, operation in operations.items()
    if "{" in path and "{user_id}" not in path and operation["operationId"] not in OPEN
]


def _url(town: Town, path: str, home: str, incident: int) -> str:
    named = (
        path.replace("{code}", home)
        .replace("{resident_id}", str(town.residents[home]))
        .replace("{contact_id}", str(town.contacts[home]))
        .replace("{device_id}", str(town.devices[home]))
        .replace("{incident_id}", str(incident))
    )
    return re.sub(r"\{\w+_id\}", "1", named)


@pytest.mark.parametrize("role", LIMITED)
@pytest.mark.parametrize(("operation", "method", "path"), NAMED, ids=[name for name, _, _ in NAMED])
def test_another_homes_things_are_404_or_forbidden_by_role(town: Town, role: str, operation: str, method: str, path: str) -> None:
    there, nowhere = town.incident("h-south"), 10**6
    headers = town.bearer(role)
    query = {"metric": "battery"} if operation == "readReadings" else None
    url = _url(town, path, "h-south", there)
    body = BODIES.get(operation)
    answer = town.client.request(method, url, json=body, params=query, headers=headers)
    assert answer.status_code in {403, 404}, answer.text
    # Whatever is said of another's is said of what does not exist: no hint.
    missing = path.replace("{code}", "h-nowhere")
    for key in ("{resident_id}", "{contact_id}", "{device_id}", "{incident_id}"):
        missing = missing.replace(key, str(nowhere))
    missing = re.sub(r"\{\w+_id\}", str(nowhere), missing)
    same = town.client.request(method, missing, json=body, params=query, headers=headers)
    assert (same.status_code, same.json()["error"]["code"]) == (answer.status_code, answer.json()["error"]["code"])
    if answer.status_code == 403:
        assert answer.json()["error"]["code"] == "forbidden"


@pytest.mark.parametrize("role", LIMITED)
@pytest.mark.parametrize("path", ["/api/v1/homes/h-south", "/api/v1/homes/h-south/day"])
def test_reading_another_home_is_404_and_ones_own_is_not(town: Town, role: str, path: str) -> None:
    headers = town.bearer(role)
    assert town.client.get(path, headers=headers).status_code == 404
    assert town.client.get(path.replace("south", "north"), headers=headers).status_code == 200


@pytest.mark.parametrize("role", LIMITED)
def test_lists_hold_ones_own_homes_only(town: Town, role: str) -> None:
    headers = town.bearer(role)
    homes = town.client.get("/api/v1/homes", headers=headers).json()["items"]
    assert [home["code"] for home in homes] == ["h-north"]
    devices = town.client.get("/api/v1/devices", headers=headers).json()["items"]
    assert [device["home"] for device in devices] == ["h-north"]
    assert town.client.get("/api/v1/devices", params={"home": "h-south"}, headers=headers).status_code == 404
    for home in ("h-north", "h-south"):
        town.incident(home)
    seen = [item["home"] for item in town.client.get("/api/v1/incidents", headers=headers).json()["items"]]
    assert seen == ([] if role == "installer" else ["h-north"])
    assert town.client.get("/api/v1/homes", params={"area": "south"}, headers=headers).json()["items"] == []


def test_an_installer_adds_nothing_outside_the_own_area(town: Town) -> None:
    headers = town.bearer("installer")
    device = {"home": "h-south", "name": "x", "profile": "sos-button"}
    refused = town.client.post("/api/v1/devices", json=device, headers=headers)
    missing = town.client.post("/api/v1/devices", json=device | {"home": "h-nowhere"}, headers=headers)
    assert refused.status_code == missing.status_code == 422
    assert refused.json()["error"]["code"] == missing.json()["error"]["code"] == "unknown_home"
    home = {"code": "h-new", "name": "n", "address": "a", "area": "south"}
    assert town.client.post("/api/v1/homes", json=home, headers=headers).json()["error"]["code"] == "unknown_area"
    assert (
        town.client.post("/api/v1/homes", json=home | {"area": None}, headers=headers).json()["error"]["code"] == "home_needs_area"
    )
    assert town.client.post("/api/v1/homes", json=home | {"area": "north"}, headers=headers).status_code == 201


def test_a_responder_sees_a_home_of_another_area_while_sent_there(town: Town) -> None:
    responder, operator = town.bearer("responder"), town.bearer("operator")
    incident = town.incident("h-south")
    assert town.client.get(f"/api/v1/incidents/{incident}", headers=responder).status_code == 404
    sent = town.client.post(f"/api/v1/incidents/{incident}/dispatch", json={"responder": "responder"}, headers=operator)
    assert sent.status_code == 200, sent.text
    detail = town.client.get(f"/api/v1/incidents/{incident}", headers=responder).json()
    assert detail["residents"][0]["medical"]["illnesses"] == "heart"
    assert town.client.get("/api/v1/homes/h-south", headers=responder).json()["code"] == "h-south"
    assert town.client.get("/api/v1/homes/h-north", headers=responder).json()["residents"][0]["medical"] is None
    assert town.client.post(f"/api/v1/incidents/{incident}/on-scene", headers=responder).json()["state"] == "on_scene"
    assert (
        town.client.post(f"/api/v1/incidents/{incident}/close", json={"reason": "reassured"}, headers=responder).status_code == 403
    )
    closed = town.client.post(f"/api/v1/incidents/{incident}/close", json={"reason": "real_assisted"}, headers=operator)
    assert closed.json()["state"] == "closed"
    assert town.client.get("/api/v1/homes/h-south", headers=responder).status_code == 404


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_who_sees_the_medical_card_of_the_own_home(town: Town, role: str) -> None:
    card = town.client.get("/api/v1/homes/h-north", headers=town.bearer(role)).json()
    sees = role not in {"installer", "responder"}
    assert (card["residents"][0]["medical"] is not None) is sees
    assert ("heart_rate" in card["devices"][0]["values"]) is sees
    assert {device.pop("credential") for device in card["devices"]} <= {"secret", "certificate", None}, "what it is, never it"
    assert "secret" not in str(card).lower()


def test_a_family_may_neither_act_nor_note_nor_see_the_audit(town: Town) -> None:
    headers = town.bearer("family")
    incident = town.incident("h-north")
    for act, body in (("acknowledge", None), ("close", {"reason": "reassured"}), ("note", {"text": "x"})):
        assert town.client.post(f"/api/v1/incidents/{incident}/{act}", json=body, headers=headers).status_code == 403
    for path in ("audit", "users", "centre/overview", "messages/unknown", "broker/refusals", "responders", "probe", "areas"):
        assert town.client.get(f"/api/v1/{path}", headers=headers).status_code == 403, path
    drill = town.incident("h-north", "fall", drill=True)
    assert town.client.get(f"/api/v1/incidents/{drill}", headers=headers).status_code == 404
