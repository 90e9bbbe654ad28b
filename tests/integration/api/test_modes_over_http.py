"""Modes, shelves and what was suppressed over HTTP: rights by role, scope, ends, the audit, and bad input by its code."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support.api_town import Town

from alerts.engine import AlertEngine
from alerts.findings import Condition, Finding
from alerts.model import Severity
from people.model import AuditEntry


def at(town: Town, **ahead: float) -> str:
    return (town.clock.now() + timedelta(**ahead)).isoformat()


def post(town: Town, role: str, body: dict[str, Any], home: str = "h-north") -> Any:
    return town.client.post(f"/api/v1/homes/{home}/modes", json=body, headers=town.bearer(role))


def find(town: Town, home: str = "h-north", **more: Any) -> int | None:
    """A finding at a home, through the engine."""
    fields: dict[str, Any] = {
        "home_id": town.home_id(home),
        "device_id": town.devices[home],
        "rule": "water",
        "subject": "device:button",
        "kind": "water",
        "severity": Severity.HIGH,
        "condition": Condition.ON,
        "lane": "life",
    }
    with town.deps.database.transaction() as session:
        outcome = AlertEngine(town.deps.settings).apply(session, [Finding(**fields | more)], town.clock.now())[0]
    return outcome.incident_id


def inactive(town: Town, home: str = "h-north") -> int | None:
    return find(town, home, rule="no_movement", kind="inactivity", rule_kind="inactivity", subject="home", severity=Severity.MEDIUM)


def test_a_family_says_they_are_away_until_a_day_and_that_they_are_back(town: Town) -> None:
    made = post(town, "family", {"mode": "away", "until": at(town, days=5), "reason": "在女儿家"})
    assert made.status_code == 201, made.text
    said = made.json()
    assert (said["mode"], said["home"], said["reason"], said["set_by"], said["ended_at"]) == (
        "away",
        "h-north",
        "在女儿家",
        "Family",
        None,
    )
    url = "/api/v1/homes/h-north/modes"
    listed = town.client.get(url, headers=town.bearer("family")).json()["items"]
    assert [one["id"] for one in listed] == [said["id"]]
    again = post(town, "family", {"mode": "away", "until": at(town, days=6)})
    assert again.json()["id"] == said["id"]
    ended = town.client.delete(f"{url}/{said['id']}", headers=town.bearer("family"))
    assert (ended.status_code, ended.json()["ended_by"]) == (200, "Family")
    assert town.client.delete(f"{url}/{said['id']}", headers=town.bearer("family")).json()["ended_at"] == ended.json()["ended_at"]
    assert town.client.get(url, headers=town.bearer("family")).json()["items"] == []
    assert len(town.client.get(url, params={"ended": True}, headers=town.bearer("family")).json()["items"]) == 1
    with town.deps.database.snapshot() as session:
        written = session.scalars(
            sa.select(AuditEntry.action).where(AuditEntry.action.like("mode.%")).order_by(AuditEntry.id)
        ).all()
    assert written == ["mode.set", "mode.set", "mode.ended"]


@pytest.mark.parametrize(
    ("role", "mode", "status"),
    [
        ("family", "away", 201),
        ("family", "hospital", 201),
        ("family", "test", 403),
        ("family", "drill", 403),
        ("family", "out_of_service", 403),
        ("installer", "test", 201),
        ("installer", "away", 403),
        ("installer", "out_of_service", 403),
        ("operator", "away", 201),
        ("operator", "test", 201),
        ("operator", "drill", 201),
        ("operator", "out_of_service", 201),
        ("supervisor", "drill", 201),
        ("doctor", "away", 403),
        ("responder", "away", 403),
    ],
)
def test_who_may_set_what(town: Town, role: str, mode: str, status: int) -> None:
    body: dict[str, Any] = {"mode": mode, "until": at(town, hours=1)}
    if mode in {"test", "out_of_service"}:
        body["device_id"] = town.devices["h-north"]
    made = post(town, role, body)
    assert made.status_code == status, made.text
    if status == 201:
        other = {"operator": "test", "supervisor": "test"}.get(role)
        ended = town.client.delete(f"/api/v1/homes/h-north/modes/{made.json()['id']}", headers=town.bearer(role))
        assert ended.status_code == 200, (other, ended.text)


@pytest.mark.parametrize("role", ["family", "installer"])
def test_anothers_home_does_not_exist(town: Town, role: str) -> None:
    body = {"mode": "away" if role == "family" else "test", "until": at(town, hours=1)}
    assert post(town, role, body, "h-south").json()["error"]["code"] == "home_not_found"
    made = post(town, "operator", {"mode": "away", "until": at(town, hours=1)}, "h-south").json()
    gone = town.client.delete(f"/api/v1/homes/h-north/modes/{made['id']}", headers=town.bearer("family"))
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "mode_not_found")
    listed = town.client.get("/api/v1/modes", headers=town.bearer("installer")).json()["items"]
    assert listed == []
    assert [one["home"] for one in town.client.get("/api/v1/modes", headers=town.bearer("operator")).json()["items"]] == ["h-south"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"until": "2026-11-22T02:00:00Z"}, 422, "mode_end_out_of_range"),
        ({"until": "2027-11-22T02:00:00Z"}, 422, "mode_end_out_of_range"),
        ({"until": "2026-11-22T04:00:00"}, 422, "invalid_input"),
        ({"mode": "asleep"}, 422, "invalid_input"),
        ({"mode": "test"}, 422, "mode_needs_device"),
        ({"device_id": "own"}, 422, "mode_takes_no_device"),
        ({"device_id": "other", "mode": "test"}, 422, "unknown_device"),
        ({"resident_id": "other"}, 422, "unknown_resident"),
        ({"resident_id": "own", "mode": "drill"}, 422, "mode_takes_no_resident"),
        ({"reason": ""}, 422, "invalid_input"),
        ({"reason": "x" * 301}, 422, "invalid_input"),
        ({"until": None}, 422, "invalid_input"),
        ({"unknown": 1}, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_is_refused_by_its_code(town: Town, change: dict[str, Any], status: int, code: str) -> None:
    body: dict[str, Any] = {"mode": "away", "until": at(town, hours=1)} | change
    for key, known in (("device_id", town.devices), ("resident_id", town.residents)):
        if isinstance(body.get(key), str):
            body[key] = known["h-north" if body[key] == "own" else "h-south"]
    refused = post(town, "operator", body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code), refused.text


def test_what_was_suppressed_is_listed_with_its_reason(town: Town) -> None:
    mode = post(town, "operator", {"mode": "away", "until": at(town, days=1)}).json()
    assert inactive(town) is None
    find(town, "h-south", rule="trial", monitor=True)
    headers = town.bearer("operator")
    south, north = town.client.get("/api/v1/suppressed", headers=headers).json()["items"]
    assert (north["because"], north["home"], north["rule"], north["mode"], north["lasting"], north["count"]) == (
        "away",
        "h-north",
        "no_movement",
        mode["id"],
        True,
        1,
    )
    assert (south["because"], south["alert"]) == ("monitor", None)

    def listed(**params: str) -> list[str]:
        return [one["because"] for one in town.client.get("/api/v1/suppressed", params=params, headers=headers).json()["items"]]

    assert listed(home="h-north") == listed(because="away") == listed(rule="no_movement") == ["away"]
    first = town.client.get("/api/v1/suppressed", params={"limit": 1}, headers=headers).json()
    assert listed(after=first["next"]) == ["away"]
    assert town.client.get("/api/v1/suppressed", params={"home": "h-nowhere"}, headers=headers).status_code == 404
    assert town.client.get("/api/v1/suppressed", params={"after": "x"}, headers=headers).json()["error"]["code"] == "invalid_cursor"
    for role in ("family", "installer", "responder", "doctor"):
        assert town.client.get("/api/v1/suppressed", headers=town.bearer(role)).status_code == 403


def test_an_alert_is_shelved_listed_and_taken_off_again(town: Town) -> None:
    incident = find(town)
    headers = town.bearer("operator")
    alert = town.client.get(f"/api/v1/incidents/{incident}", headers=headers).json()["alerts"][0]
    assert (alert["shelved_until"], alert["rule_version"], alert["audience"]) == (None, 0, ["operators"])
    url = f"/api/v1/incidents/{incident}/alerts/{alert['id']}"
    shelved = town.client.post(f"{url}/shelve", json={"until": at(town, hours=1), "reason": "在修"}, headers=headers)
    assert shelved.json()["alerts"][0]["state"] == "shelved"
    (listed,) = town.client.get("/api/v1/alerts/shelved", headers=headers).json()["items"]
    assert (listed["incident"], listed["home"], listed["alert"]["id"]) == (incident, "h-north", alert["id"])
    assert datetime.fromisoformat(listed["until_at"]) == town.clock.now() + timedelta(hours=1)
    off = town.client.post(f"{url}/unshelve", headers=headers).json()
    assert off["alerts"][0]["state"] == "unacknowledged"
    assert [line["act"] for line in off["timeline"]][-2:] == ["shelved", "unshelved"]
    assert town.client.post(f"{url}/unshelve", headers=headers).json()["error"]["code"] == "not_shelved"
    long = town.client.post(f"{url}/shelve", json={"until": at(town, hours=9)}, headers=headers)
    assert (long.status_code, long.json()["error"]["code"]) == (422, "shelf_out_of_range")
    strange = town.client.post(
        f"/api/v1/incidents/{incident}/alerts/999/shelve", json={"until": at(town, hours=1)}, headers=headers
    )
    assert strange.json()["error"]["code"] == "alert_not_found"
    for role in ("family", "installer", "responder", "doctor"):
        refused = town.client.post(f"{url}/shelve", json={"until": at(town, hours=1)}, headers=town.bearer(role))
        assert refused.status_code == 403


def test_a_call_for_help_cannot_be_shelved(town: Town) -> None:
    incident = find(town, rule="sos", kind="sos", severity=Severity.CRITICAL, condition=Condition.MOMENTARY)
    headers = town.bearer("supervisor")
    alert = town.client.get(f"/api/v1/incidents/{incident}", headers=headers).json()["alerts"][0]["id"]
    url = f"/api/v1/incidents/{incident}/alerts/{alert}/shelve"
    refused = town.client.post(url, json={"until": at(town, hours=1)}, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "shelf_not_allowed")


def test_a_test_is_shown_marked_to_staff_and_installer_and_worries_no_family(town: Town) -> None:
    body = {"mode": "test", "until": at(town, hours=1), "device_id": town.devices["h-north"]}
    assert post(town, "installer", body).status_code == 201
    incident = find(town, rule="sos", kind="sos", severity=Severity.CRITICAL, condition=Condition.MOMENTARY)
    for role in ("operator", "installer"):
        seen = town.client.get(f"/api/v1/incidents/{incident}", headers=town.bearer(role)).json()
        assert (seen["test"], seen["state"]) == (True, "open")
    family = town.bearer("family")
    assert town.client.get(f"/api/v1/incidents/{incident}", headers=family).status_code == 404
    assert town.client.get("/api/v1/family/homes", headers=family).json()["items"][0]["open_incidents"] == 0
    assert town.client.get("/api/v1/centre/overview", headers=town.bearer("operator")).json()["open"]["critical"] == 0
