from __future__ import annotations

from datetime import timedelta

import pytest
from support.api_town import Town

from devices.model import Device
from devices.profiles import catalogue
from people.model import Home, Resident
from timeseries.ports import StoredReading


def test_a_centre_is_filled_over_http(town: Town) -> None:
    admin = town.bearer("administrator")
    assert town.client.post(
        "/api/v1/areas", json={"code": "grid-1", "name": "Grid 1", "parent": "north"}, headers=admin
    ).json() == {
        "code": "grid-1",
        "name": "Grid 1",
        "parent": "north",
        "path": "/north/grid-1/",
    }
    home = {
        "code": "h-1",
        "name": "Wang",
        "address": "1 Main Street",
        "area": "grid-1",
        "phone": "0797-1",
        "entry_method": "code 1234",
    }
    made = town.client.post("/api/v1/homes", json=home, headers=admin)
    assert made.status_code == 201, made.text
    assert made.json()["area"] == {"code": "grid-1", "name": "Grid 1", "path_names": ["North", "Grid 1"]}
    resident = {"name": "Wang Xiulan", "birth_date": "1940-11-23", "medical": {"allergies": "penicillin"}}
    person = town.client.post("/api/v1/homes/h-1/residents", json=resident, headers=admin).json()
    assert person["age"] == 85
    assert person["medical"]["allergies"] == "penicillin"
    contact = {"name": "Son", "phone": "13800000000", "relation": "son", "order": 1, "key_holder": True}
    assert town.client.post("/api/v1/homes/h-1/contacts", json=contact, headers=admin).json()["key_holder"] is True
    read = town.client.get("/api/v1/homes/h-1", headers=admin).json()
    assert read["residents"][0]["id"] == person["id"]
    assert read["contacts"][0]["relation"] == "son"
    found = town.client.get("/api/v1/homes", params={"query": "Xiulan"}, headers=admin).json()["items"]
    assert [item["code"] for item in found] == ["h-1"]
    below = town.client.get("/api/v1/homes", params={"area": "north"}, headers=admin).json()["items"]
    assert {item["code"] for item in below} == {"h-1", "h-north"}


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("homes", {"code": "h-north", "name": "n", "address": "a"}, "home_code_taken"),
        ("areas", {"code": "north", "name": "n"}, "area_code_taken"),
        ("users", {"username": "OPERATOR", "password": "long enough", "name": "n", "role": "operator"}, "username_taken"),
    ],
)
def test_a_taken_code_is_409(town: Town, path: str, body: dict[str, str], code: str) -> None:
    answer = town.client.post(f"/api/v1/{path}", json=body, headers=town.bearer("administrator"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, code)


@pytest.mark.parametrize("code", ["with space", "银铃", "a/b", "", "x" * 65, "a+b", "#"])
def test_a_code_that_cannot_stand_in_a_topic_is_422(town: Town, code: str) -> None:
    answer = town.client.post(
        "/api/v1/homes", json={"code": code, "name": "n", "address": "a"}, headers=town.bearer("administrator")
    )
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["fields"][0]["field"] == "code"


def test_the_revision_of_a_home_grows_with_every_change(town: Town) -> None:
    admin = town.bearer("administrator")

    def revision() -> int:
        with town.deps.database.snapshot() as session:
            return session.query(Home).filter(Home.code == "h-north").one().revision

    for method, path, body in (
        ("patch", "homes/h-north", {"notes": "dog"}),
        ("post", "homes/h-north/residents", {"name": "x"}),
        ("patch", f"residents/{town.residents['h-north']}", {"limits": {"spo2": {"low": 88}}}),
        ("post", "devices", {"home": "h-north", "name": "x", "profile": "motion"}),
        ("post", "homes/h-north/contacts", {"name": "x", "phone": "123"}),
        ("delete", f"contacts/{town.contacts['h-north']}", None),
    ):
        before = revision()
        answer = town.client.request(method, f"/api/v1/{path}", json=body, headers=admin)
        assert answer.is_success, answer.text
        assert revision() > before, path


def test_pages_of_homes_hold_each_once(town: Town) -> None:
    with town.deps.database.transaction() as session:
        session.add_all(Home(code=f"p-{n:03}", name="n", address="a", created_at=town.clock.now()) for n in range(25))
        session.add(Home(code="probe-0", name="probe", address="-", is_probe=True, created_at=town.clock.now()))
    headers, codes, cursor = town.bearer("operator"), [], None
    for _ in range(10):
        page = town.client.get(
            "/api/v1/homes", params={"limit": 10} | ({"cursor": cursor} if cursor else {}), headers=headers
        ).json()
        codes += [item["code"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert codes == sorted(codes)
    assert len(codes) == 27
    assert "probe-0" not in codes


def test_nobody_gives_more_than_they_have(town: Town) -> None:
    supervisor, admin = town.bearer("supervisor"), town.bearer("administrator")
    user = {"username": "new", "password": "long enough", "name": "n", "role": "administrator"}
    assert town.client.post("/api/v1/users", json=user, headers=supervisor).json()["error"]["code"] == "scope_exceeds_own"
    changed = town.client.patch(f"/api/v1/users/{town.users['supervisor']}", json={"areas": ["north"]}, headers=admin)
    assert changed.json()["areas"] == ["north"]
    supervisor = town.bearer("supervisor")
    for role, areas, status in (("operator", [], 403), ("operator", ["south"], 422), ("operator", ["north"], 201)):
        wanted = user | {"username": f"u-{status}", "role": role, "areas": areas}
        assert town.client.post("/api/v1/users", json=wanted, headers=supervisor).status_code == status
    assert (
        town.client.patch(
            f"/api/v1/users/{town.users['administrator']}", json={"password": "taken over"}, headers=supervisor
        ).status_code
        == 404
    )
    names = {item["username"] for item in town.client.get("/api/v1/users", headers=supervisor).json()["items"]}
    assert "administrator" not in names
    assert "operator" not in names, "the operator of the whole centre is beyond a supervisor of the north"


def test_the_last_administrator_stays(town: Town) -> None:
    admin = town.bearer("administrator")
    url = f"/api/v1/users/{town.users['administrator']}"
    for change in ({"disabled": True}, {"role": "operator"}):
        answer = town.client.patch(url, json=change, headers=admin)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "last_administrator")


def test_a_family_without_a_home_is_refused(town: Town) -> None:
    user = {"username": "new", "password": "long enough", "name": "n", "role": "family"}
    answer = town.client.post("/api/v1/users", json=user, headers=town.bearer("administrator"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "family_needs_homes")


def test_the_life_of_a_device_over_http(town: Town) -> None:
    headers = town.bearer("installer")
    body = {
        "home": "h-north",
        "name": "Button",
        "profile": "sos-button",
        "serial": "S1",
        "resident": town.residents["h-north"],
        "room": "bed",
    }
    made = town.client.post("/api/v1/devices", json=body, headers=headers)
    assert made.status_code == 201, made.text
    device = made.json()
    mqtt = device["mqtt"]
    assert mqtt["topic"] == f"yl/v1/h-north/{device['code']}"
    assert mqtt["username"] == device["code"]
    assert len(mqtt["password"]) >= 43
    url = f"/api/v1/devices/{device['id']}"
    assert "mqtt" not in town.client.get(url, headers=headers).json()
    assert town.client.post("/api/v1/devices", json=body, headers=headers).json()["error"]["code"] == "serial_taken"
    untested = town.client.post(f"{url}/live", headers=headers)
    assert (untested.status_code, untested.json()["error"]["code"]) == (409, "not_tested")
    town.devices["h-north"] = device["id"]
    town.signal("h-north", "sos.pressed")
    assert town.client.get(url, headers=headers).json()["tested_at"] is not None
    assert town.client.post(f"{url}/live", headers=headers).json()["state"] == "live"
    assert town.client.get(f"{url}/signals", headers=headers).json()["items"][0]["type"] == "sos.pressed"
    again = town.client.post(f"{url}/secret", headers=headers).json()["mqtt"]["password"]
    assert again != mqtt["password"]
    with town.deps.database.snapshot() as session:
        assert again not in str(session.get_one(Device, device["id"]).__dict__)
    assert town.client.patch(url, json={"room": None, "name": "New"}, headers=headers).json()["room"] is None
    assert town.client.post(f"{url}/retire", headers=headers).json()["state"] == "retired"
    assert town.client.get("/api/v1/devices?state=retired", headers=headers).json()["items"][0]["id"] == device["id"]


def test_a_gateway_gets_the_gateway_port(town: Town) -> None:
    body = {"home": "h-north", "name": "Hub", "profile": "zigbee2mqtt-gateway"}
    made = town.client.post("/api/v1/devices", json=body, headers=town.bearer("administrator")).json()
    assert made["mqtt"]["port"] == town.deps.settings.gateway_port


@pytest.mark.parametrize("field", [{"profile": "toaster"}, {"resident": 10**6}, {"home": "nowhere"}])
def test_a_device_that_does_not_fit_is_422(town: Town, field: dict[str, object]) -> None:
    body = {"home": "h-north", "name": "x", "profile": "motion"} | field
    assert town.client.post("/api/v1/devices", json=body, headers=town.bearer("administrator")).status_code == 422


def test_the_catalogue_is_whole(town: Town) -> None:
    items = town.client.get("/api/v1/profiles", headers=town.bearer("installer")).json()["items"]
    assert {item["id"] for item in items} == set(catalogue())
    assert all(item["name"]["zh-CN"] and item["name"]["en"] for item in items)


def test_readings_come_back_and_health_only_to_those_who_may_see_it(town: Town) -> None:
    now = town.clock.now()
    home, device = town.home_id("h-north"), town.devices["h-north"]
    rows = [
        StoredReading(home, device, metric, now - timedelta(minutes=m), 60.0 + m)
        for m in range(1, 60)
        for metric in ("heart_rate", "battery")
    ]
    town.deps.readings.write(rows)
    url = f"/api/v1/devices/{device}/readings"
    read = town.client.get(url, params={"metric": "heart_rate", "points": 20}, headers=town.bearer("operator")).json()["items"]
    assert 2 <= len(read) <= 20
    assert {60.0 + 1, 60.0 + 59} <= {point["value"] for point in read}
    assert town.client.get(url, params={"metric": "heart_rate"}, headers=town.bearer("installer")).status_code == 403
    assert len(town.client.get(url, params={"metric": "battery"}, headers=town.bearer("installer")).json()["items"]) == 59
    bad = {"metric": "battery", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    assert town.client.get(url, params=bad, headers=town.bearer("operator")).json()["error"]["code"] == "period_invalid"
    assert (
        town.client.get(url, params={"metric": "joy"}, headers=town.bearer("operator")).json()["error"]["code"] == "unknown_metric"
    )
    naive = {"metric": "battery", "from": "2026-01-02T00:00:00"}
    assert town.client.get(url, params=naive, headers=town.bearer("operator")).status_code == 422
    with town.deps.database.transaction() as session:
        session.get_one(Device, device).resident_id = session.query(Resident).filter(Resident.home_id == home).one().id
    day = town.client.get("/api/v1/homes/h-north/day", headers=town.bearer("operator")).json()
    vital = next(series for series in day["vitals"] if series["metric"] == "heart_rate")
    assert (vital["unit"], vital["low"], vital["high"]) == ("1/min", 45, 120)
    assert town.client.get("/api/v1/homes/h-north/day", headers=town.bearer("installer")).json()["vitals"] == []
