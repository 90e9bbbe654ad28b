"""A fault meant for installers is closed by them once the device is well; whatever else there is stays the operators'."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from support.api_town import Town

from alerts.engine import AlertEngine
from alerts.findings import Condition, Finding
from alerts.model import Severity
from people.model import AuditEntry


def fault(town: Town, *audience: str, home: str = "h-north", **more: Any) -> Finding:
    said = Finding(
        home_id=town.home_id(home),
        device_id=town.devices[home],
        rule="battery",
        subject="device:button",
        kind="battery",
        severity=Severity.LOW,
        condition=Condition.ON,
        lane="fault",
        audience=audience or ("operators", "installers"),
        rule_kind="battery",
    )
    return replace(said, **more)


def found(town: Town, *findings: Finding) -> int:
    """The incident of what was found."""
    with town.deps.database.transaction() as session:
        outcomes = AlertEngine(town.deps.settings).apply(session, list(findings), town.clock.now())
    (incident,) = {outcome.incident_id for outcome in outcomes}
    assert incident is not None
    return incident


def well(town: Town, *findings: Finding) -> None:
    """The devices say that it is over."""
    found(town, *(replace(one, condition=Condition.OFF) for one in findings))


def act(town: Town, who: str, incident: int, name: str = "close", language: str = "en", **body: Any) -> httpx.Response:
    body = body or ({"reason": "battery_changed"} if name == "close" else {})
    headers = town.bearer(who) | {"Accept-Language": language}
    answer: httpx.Response = town.client.post(f"/api/v1/incidents/{incident}/{name}", json=body, headers=headers)
    return answer


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def seen(town: Town, who: str, incident: int) -> dict[str, Any]:
    answer = town.client.get(f"/api/v1/incidents/{incident}", headers=town.bearer(who))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("audience", [("installers",), ("operators", "installers")])
def test_what_was_repaired_is_closed_with_what_was_done_and_who_did_it(town: Town, audience: tuple[str, ...]) -> None:
    battery = fault(town, *audience)
    incident = found(town, battery)
    well(town, battery)
    assert seen(town, "installer", incident)["may_close"]
    closed = act(town, "installer", incident, reason="battery_changed", note="CR2450")
    assert closed.status_code == 200, closed.text
    assert (closed.json()["state"], closed.json()["reason"], closed.json()["owner"]["name"]) == (
        "closed",
        "battery_changed",
        "Installer",
    )
    last = seen(town, "operator", incident)["timeline"][-1]
    assert (last["act"], last["actor"]) == ("closed", "Installer")
    assert last["details"] == {"reason": "battery_changed", "note": "CR2450"}
    with town.deps.database.snapshot() as session:
        written = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "incident.closed")).all()
    assert [(entry.user_id, entry.home_id) for entry in written] == [(town.users["installer"], town.home_id("h-north"))]
    listed = town.client.get("/api/v1/incidents", headers=town.bearer("installer")).json()["items"]
    assert listed == []


def test_it_is_not_closed_while_the_device_still_says_so(town: Town) -> None:
    battery = fault(town)
    incident = found(town, battery)
    until = (town.clock.now() + timedelta(hours=1)).isoformat()
    for body in ({"reason": "repaired"}, {"reason": "repaired", "shelve_until": until}):
        refused = act(town, "installer", incident, language="zh-CN", **body)
        assert refusal(refused) == (409, "fault_persists"), "nor is it shelved, which would hide it from the operators"
        assert "设备还没有报告恢复" in refused.json()["error"]["message"]
    assert seen(town, "operator", incident)["state"] == "open"
    well(town, battery)
    assert act(town, "installer", incident).status_code == 200
    assert found(town, battery) != incident, "what comes back is a new incident"


def test_in_another_area_it_does_not_exist(town: Town) -> None:
    battery = fault(town, home="h-south")
    incident = found(town, battery)
    well(town, battery)
    assert refusal(act(town, "installer", incident)) == (404, "incident_not_found")
    assert seen(town, "operator", incident)["state"] == "open"


DANGERS: list[dict[str, Any]] = [
    {"kind": "sos", "lane": "life", "severity": Severity.CRITICAL, "not_live": True},
    {"kind": "vitals", "lane": "life", "not_live": True},
    {"kind": "smoke"},
    {"severity": Severity.HIGH},
]


@pytest.mark.parametrize("danger", DANGERS)
def test_a_danger_is_refused_with_a_sentence_also_where_they_see_it(town: Town, danger: dict[str, Any]) -> None:
    found_ = fault(town, **danger)
    incident = found(town, found_)
    well(town, found_)
    assert not seen(town, "installer", incident)["may_close"]
    refused = act(town, "installer", incident, language="zh-CN")
    assert refusal(refused) == (403, "only_faults")
    assert refused.json()["error"]["message"] == "这一起由调度员处理。安装员只能关闭交给自己的设备故障。"
    assert seen(town, "operator", incident)["state"] != "closed"


def test_a_danger_they_do_not_see_does_not_exist_for_them(town: Town) -> None:
    incident = found(town, fault(town, kind="sos", lane="life", severity=Severity.CRITICAL))
    assert refusal(act(town, "installer", incident)) == (404, "incident_not_found")


def test_a_fault_for_the_operators_alone_that_joined_keeps_it_theirs(town: Town) -> None:
    battery, oxygen = fault(town), fault(town, "operators", rule="oxygen", kind="device_fault")
    incident = found(town, battery, oxygen)
    well(town, battery, oxygen)
    assert refusal(act(town, "installer", incident)) == (403, "only_faults")
    assert act(town, "operator", incident, reason="technical").status_code == 200


def test_they_say_what_was_done_and_cannot_take_it_out_of_the_figures(town: Town) -> None:
    battery = fault(town)
    incident = found(town, battery)
    well(town, battery)
    for reason in ("test", "duplicate", "real_ambulance"):
        assert refusal(act(town, "installer", incident, reason=reason)) == (422, "unknown_reason")
    assert act(town, "operator", incident, reason="test").status_code == 200


def test_no_other_act_is_theirs(town: Town) -> None:
    incident = found(town, fault(town))
    for name in ("acknowledge", "release", "on-scene", "resolve"):
        assert refusal(act(town, "installer", incident, name)) == (403, "forbidden")
    assert refusal(act(town, "family", incident)) == (403, "forbidden")


def test_a_slip_is_taken_back_at_once_by_whoever_made_it(town: Town) -> None:
    battery = fault(town)
    incident = found(town, battery)
    well(town, battery)
    assert act(town, "operator", incident, reason="technical").status_code == 200
    assert refusal(act(town, "installer", incident, "reopen")) == (403, "not_your_close")
    assert act(town, "operator", incident, "reopen").status_code == 200
    assert act(town, "installer", incident).status_code == 200
    assert act(town, "installer", incident, "reopen").json()["state"] == "open"
    assert act(town, "installer", incident).status_code == 200
    town.clock.advance(timedelta(seconds=61))
    assert refusal(act(town, "installer", incident, "reopen")) == (403, "not_your_close")


def test_the_operators_own_close_is_as_ever(town: Town) -> None:
    battery = fault(town)
    incident = found(town, battery)
    assert act(town, "operator", incident, "acknowledge").status_code == 200
    assert refusal(act(town, "operator", incident, reason="technical")) == (409, "condition_persists")
    until = (town.clock.now() + timedelta(hours=1)).isoformat()
    assert act(town, "operator", incident, reason="technical", shelve_until=until).status_code == 200
    assert seen(town, "operator", incident)["may_close"]
    assert not seen(town, "family", incident)["may_close"]


def test_one_that_an_operator_took_is_closed_under_their_name_too(town: Town) -> None:
    battery = fault(town)
    incident = found(town, battery)
    assert act(town, "operator", incident, "acknowledge").status_code == 200
    well(town, battery)
    closed = act(town, "installer", incident).json()
    assert (closed["state"], closed["owner"]["name"]) == ("closed", "Operator")
    assert refusal(act(town, "installer", incident)) == (409, "transition_not_allowed")
