from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.api_town import PASSWORD, Town

from people.model import AuditEntry
from people.reach.model import ContactPoint

Body = dict[str, Any]

SHIFT: Body = {"name": "day", "since": "00:00", "until": "00:00", "groups": [["supervisor"]], "turns_from": "2026-01-01"}
STEP: Body = {"after_seconds": 20, "targets": [{"who": "roster", "roster": "night"}]}


def policy(code: str = "mine", **more: Any) -> Body:
    spec = {"code": code, "name": "Mine", "severities": ["critical"], "steps": [STEP], **more}
    return {"spec": spec}


def roster(town: Town, who: str = "supervisor", **shift: Any) -> Any:
    body = {"name": "Night", "spec": {"shifts": [SHIFT | shift]}}
    return town.client.put("/api/v1/rosters/night", json=body, headers=town.bearer(who))


def put(town: Town, body: Body, who: str = "supervisor") -> Any:
    return town.client.put(f"/api/v1/escalation/policies/{body['spec']['code']}", json=body, headers=town.bearer(who))


def get(town: Town, path: str, who: str = "supervisor") -> Any:
    return town.client.get(f"/api/v1{path}", headers=town.bearer(who))


def code_of(response: Any) -> str:
    return str(response.json()["error"]["code"])


def reachable(town: Town, username: str = "supervisor") -> None:
    with town.deps.database.transaction() as session:
        session.add(
            ContactPoint(user_id=town.users[username], channel="apprise", address="json://127.0.0.1:9", created_at=town.clock.now())
        )


def limited(town: Town) -> None:
    body = {"username": "north-lead", "password": PASSWORD, "name": "North lead", "role": "supervisor", "areas": ["north"]}
    response = town.client.post("/api/v1/users", json=body, headers=town.bearer("administrator"))
    assert response.status_code == 201, response.text
    town.users["north-lead"] = response.json()["id"]


def test_the_built_in_policy_is_there_from_the_first_day(town: Town) -> None:
    (item,) = get(town, "/escalation/policies", "operator").json()["items"]
    assert (item["code"], item["built_in"], item["version"]) == ("default", True, 0)
    assert item["spec"]["severities"] == ["critical", "high"]
    assert [step["after_seconds"] for step in item["spec"]["steps"]] == [60]


def test_a_policy_is_versioned_and_the_same_again_is_no_new_version(town: Town) -> None:
    roster(town)
    first = put(town, policy())
    assert (first.status_code, first.json()["version"]) == (200, 1)
    assert put(town, policy()).json()["version"] == 1
    second = put(town, policy(steps=[STEP | {"after_seconds": 40}])).json()
    assert [one["version"] for one in second["versions"]] == [2, 1]
    assert second["updated_by"] == "Supervisor"
    ended = town.client.delete("/api/v1/escalation/policies/mine", headers=town.bearer("supervisor"))
    assert ended.status_code == 200
    assert code_of(get(town, "/escalation/policies/mine")) == "policy_not_found"
    with town.deps.database.snapshot() as session:
        actions = [one.action for one in session.query(AuditEntry).filter(AuditEntry.subject == "mine")]
    assert actions == ["policy.changed", "policy.changed", "policy.removed"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (policy(steps=[{"after_seconds": 0, "targets": [{"who": "roster", "roster": "none"}]}]), "unknown_roster"),
        (policy(steps=[{"after_seconds": 0, "targets": [{"who": "user", "user": "none"}]}]), "unknown_user"),
        (policy(steps=[{"after_seconds": 0, "targets": [{"who": "role"}]}]), "invalid_input"),
        (policy(area="nowhere"), "unknown_area"),
        (policy(steps=[]), "invalid_input"),
    ],
)
def test_a_policy_that_means_nobody_is_refused(town: Town, body: Body, code: str) -> None:
    roster(town)
    response = put(town, body)
    assert (response.status_code, code_of(response)) == (422, code)


def test_operators_look_and_supervisors_change(town: Town) -> None:
    roster(town)
    assert put(town, policy(), "operator").status_code == 403
    assert roster(town, "operator").status_code == 403
    assert get(town, "/rosters", "operator").status_code == 200
    assert get(town, "/escalation/policies", "family").status_code == 403


def test_who_is_limited_to_an_area_changes_only_its_policies(town: Town) -> None:
    roster(town)
    limited(town)
    assert code_of(put(town, policy(), "north-lead")) == "scope_exceeds_own"
    assert code_of(put(town, policy(area="south"), "north-lead")) == "unknown_area"
    assert put(town, policy(area="north"), "north-lead").status_code == 200
    assert put(town, policy("south", area="south")).status_code == 200
    assert [one["code"] for one in get(town, "/escalation/policies", "north-lead").json()["items"]] == ["mine", "default"]
    assert code_of(put(town, policy("south", area="north"), "north-lead")) == "scope_exceeds_own"
    assert code_of(roster(town, "north-lead")) == "scope_exceeds_own"


def test_the_preview_says_who_would_be_told_now(town: Town) -> None:
    roster(town)
    put(town, policy(area="north"))
    preview = get(town, "/escalation/preview?home=h-north").json()
    assert (preview["policy"], preview["steps"][0]["nobody"], preview["steps"][0]["unreachable"]) == ("mine", True, ["Supervisor"])
    reachable(town)
    (step,) = get(town, "/escalation/preview?home=h-north").json()["steps"]
    assert step["people"] == [
        {"person": f"user:{town.users['supervisor']}", "name": "Supervisor", "channels": ["apprise"], "after_seconds": 0}
    ]
    assert get(town, "/escalation/preview?home=h-south").json()["policy"] == "default"
    assert get(town, "/escalation/preview?home=h-north&severity=low").json()["policy"] is None
    limited(town)
    assert get(town, "/escalation/preview?home=h-south", "north-lead").status_code == 404


def test_a_roster_tells_its_days_and_who_is_there_now(town: Town) -> None:
    assert roster(town, groups=[["supervisor"], ["operator"]]).status_code == 200
    days = get(town, "/rosters/night/days?from=2026-11-22&to=2026-11-23").json()["days"]
    assert [day["day"] for day in days] == ["2026-11-22", "2026-11-23"]
    assert {day["shifts"][0]["people"][0]["name"] for day in days} == {"Supervisor", "Operator"}
    assert days[0]["shifts"][0]["since_at"] == "2026-11-21T16:00:00.000Z"
    (now,) = get(town, "/duty/now").json()["items"]
    assert now["people"] == days[0]["shifts"][0]["people"]
    assert code_of(get(town, "/rosters/night/days?from=2026-01-01&to=2027-01-01")) == "period_invalid"
    assert code_of(get(town, "/rosters/none/days")) == "roster_not_found"


def test_leave_brings_the_substitute(town: Town) -> None:
    roster(town)
    start = town.clock.now() - timedelta(hours=1)
    leave: Body = {"username": "supervisor", "starts_at": start.isoformat(), "ends_at": (start + timedelta(days=1)).isoformat()}
    headers = town.bearer("supervisor")
    body = leave | {"substitute": "operator", "reason": "dentist"}
    added = town.client.post("/api/v1/leaves", json=body, headers=headers)
    assert added.status_code == 201, added.text
    (now,) = get(town, "/duty/now").json()["items"]
    assert now["people"] == [{"username": "operator", "name": "Operator", "instead_of": "Supervisor"}]
    assert get(town, "/leaves").json()["items"][0]["reason"] == "dentist"
    assert get(town, "/leaves", "operator").json()["items"][0]["reason"] is None
    assert (
        code_of(town.client.post("/api/v1/leaves", json=body | {"substitute": "supervisor"}, headers=headers))
        == "substitute_is_self"
    )
    backwards = body | {"starts_at": body["ends_at"], "ends_at": body["starts_at"]}
    assert code_of(town.client.post("/api/v1/leaves", json=backwards, headers=headers)) == "period_invalid"
    assert town.client.delete(f"/api/v1/leaves/{added.json()['id']}", headers=headers).status_code == 204
    assert get(town, "/duty/now").json()["items"][0]["people"][0]["username"] == "supervisor"


def test_holidays_and_worked_weekend_days(town: Town) -> None:
    roster(town, on_holidays="never")
    headers = town.bearer("supervisor")
    url = "/api/v1/holidays/2026-11-22"
    assert town.client.put(url, json={"name": "节日"}, headers=headers).status_code == 200
    assert get(town, "/duty/now").json()["items"][0]["people"] == []
    assert town.client.put(url, json={"name": "调休", "working": True}, headers=headers).status_code == 200
    assert len(get(town, "/duty/now").json()["items"][0]["people"]) == 1
    assert [one["day"] for one in get(town, "/holidays?year=2026").json()["items"]] == ["2026-11-22"]
    weekday = town.client.put("/api/v1/holidays/2026-11-23", json={"name": "x", "working": True}, headers=headers)
    assert code_of(weekday) == "not_a_weekend_day"
    assert town.client.delete(url, headers=headers).status_code == 204
    assert code_of(town.client.delete(url, headers=headers)) == "holiday_not_found"


def test_a_roster_a_policy_asks_is_not_taken_away(town: Town) -> None:
    roster(town)
    put(town, policy())
    headers = town.bearer("supervisor")
    assert code_of(town.client.delete("/api/v1/rosters/night", headers=headers)) == "roster_in_use"
    town.client.delete("/api/v1/escalation/policies/mine", headers=headers)
    assert town.client.delete("/api/v1/rosters/night", headers=headers).status_code == 204


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"shifts": [SHIFT, SHIFT]}, "shift_named_twice"),
        ({"shifts": [SHIFT | {"groups": [["nobody-known"]]}]}, "unknown_user"),
        ({"shifts": [SHIFT], "overrides": [{"day": "2026-11-22", "shift": "x", "people": []}]}, "unknown_shift"),
        ({"shifts": [SHIFT | {"since": "25:00"}]}, "invalid_input"),
    ],
)
def test_a_roster_that_cannot_be_is_refused(town: Town, change: Body, code: str) -> None:
    response = town.client.put("/api/v1/rosters/night", json={"name": "Night", "spec": change}, headers=town.bearer("supervisor"))
    assert (response.status_code, code_of(response)) == (422, code)


def test_an_incident_tells_where_it_stands_in_its_policy_and_keeps_it(town: Town) -> None:
    roster(town)
    put(town, policy())
    incident_id = town.incident("h-north", "sos")
    put(town, policy(steps=[STEP | {"after_seconds": 500}]))
    seen = get(town, f"/incidents/{incident_id}", "operator").json()["escalation"]
    assert (seen["policy"], seen["version"], seen["step"], seen["round"]) == ("mine", 1, 0, 1)
    assert seen["steps"] == [{"after_seconds": 20.0, "who": ["roster"], "state": "next", "at": seen["next_at"], "people": []}]
    assert get(town, f"/incidents/{incident_id}", "family").json()["escalation"] is None
