"""What is not for the operators is in neither their queue nor the figures, is listed for whom it is, and can be asked for."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from support.api_town import Town

from alerts.engine import AlertEngine
from alerts.findings import Condition, Finding
from alerts.model import Change, Severity
from api.live.events import render
from people.model import User
from people.rights import Caller
from people.sign_in import caller_of


def raise_one(town: Town, *audience: str, home: str = "h-north", lane: str = "fault", severity: Severity = Severity.LOW) -> int:
    finding = Finding(
        home_id=town.home_id(home),
        device_id=town.devices[home],
        rule=f"rule-{'-'.join(audience)}-{lane}",
        subject="device:button",
        kind="battery" if lane == "fault" else "vitals",
        severity=severity,
        condition=Condition.ON,
        lane=lane,
        audience=audience,
        rule_kind="battery",
    )
    with town.deps.database.transaction() as session:
        (outcome,) = AlertEngine(town.deps.settings).apply(session, [finding], town.clock.now())
    assert outcome.incident_id is not None
    return outcome.incident_id


def listed(town: Town, who: str, **query: Any) -> list[int]:
    answer = town.client.get("/api/v1/incidents", params=query, headers=town.bearer(who))
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def streamed(town: Town, who: str) -> set[int | None]:
    with town.deps.database.snapshot() as session:
        changes = session.scalars(sa.select(Change).order_by(Change.sequence)).all()
        events = render(session, changes, town.clock.now(), ZoneInfo("Asia/Shanghai"))
        caller = person(session, town, who)
        return {event.incident_id for event in events if event.incident_id is not None and event.frame_for(caller) is not None}


def person(session: Any, town: Town, who: str) -> Caller:
    return caller_of(session.get_one(User, town.users[who]))


def test_it_is_in_the_queue_of_those_it_is_for_and_can_be_asked_for(town: Town) -> None:
    theirs, not_theirs = raise_one(town, "operators", home="h-south"), raise_one(town, "installers")
    assert listed(town, "operator") == [theirs]
    assert listed(town, "operator", audience="all") == [theirs, not_theirs]
    assert listed(town, "operator", audience="installers") == [not_theirs]
    assert (listed(town, "operator", audience="others"), listed(town, "installer", audience="others")) == (
        [not_theirs],
        [not_theirs],
    )
    assert listed(town, "operator", home="h-north") == [not_theirs], "whoever looks at the home sees everything"
    assert listed(town, "supervisor") == [theirs, not_theirs]
    assert listed(town, "supervisor", audience="operators") == [theirs]
    assert listed(town, "installer") == [not_theirs]
    assert (streamed(town, "operator"), streamed(town, "supervisor")) == ({theirs}, {theirs, not_theirs})
    items = town.client.get("/api/v1/incidents", headers=town.bearer("supervisor")).json()["items"]
    assert [(item["audience"], item["for_operators"]) for item in items] == [(["operators"], True), (["installers"], False)]


def test_it_comes_to_the_operators_the_moment_it_is_theirs(town: Town) -> None:
    incident = raise_one(town, "installers")
    assert incident not in streamed(town, "operator")
    assert raise_one(town, "operators") == incident
    assert incident in streamed(town, "operator")
    assert listed(town, "operator") == [incident]


def test_an_installer_sees_faults_meant_for_them_and_no_danger_to_life(town: Town) -> None:
    raise_one(town, "operators")
    life = raise_one(town, "operators", "installers", lane="life", severity=Severity.HIGH)
    assert listed(town, "installer") == []
    assert streamed(town, "installer") == set()
    assert town.client.get(f"/api/v1/incidents/{life}", headers=town.bearer("installer")).status_code == 404
    fault = raise_one(town, "operators", "installers")
    assert listed(town, "installer") == [fault]
    assert streamed(town, "installer") == {fault}
    elsewhere = raise_one(town, "installers", home="h-south")
    assert elsewhere not in listed(town, "installer")


def test_the_figures_of_the_centre_count_what_is_the_operators(town: Town) -> None:
    raise_one(town, "installers", severity=Severity.MEDIUM)
    overview = town.client.get("/api/v1/centre/overview", headers=town.bearer("supervisor")).json()
    assert (overview["open"]["medium"], overview["answered"]["total"], overview["busiest_area"]) == (0, 0, None)
    raise_one(town, "operators", home="h-south", severity=Severity.MEDIUM)
    overview = town.client.get("/api/v1/centre/overview", headers=town.bearer("supervisor")).json()
    assert (overview["open"]["medium"], overview["answered"]["total"]) == (1, 1)
    assert overview["busiest_area"]["code"] == "south"


GRAVE: list[dict[str, Any]] = [
    {"severity": "high"},
    {"severity": "critical"},
    {"severity": "low", "raises": "fall"},
    {"severity": "low", "cancel": ["sos.cancelled"], "confirm_seconds": 20, "cancelled_severity": "high"},
]


@pytest.mark.parametrize("grave", GRAVE)
def test_a_rule_for_what_is_grave_must_be_for_the_operators(town: Town, grave: dict[str, Any]) -> None:
    spec = {
        "kind": "signal", "code": "own", "name": {"zh": "自定", "en": "Own"}, "raises": "vitals", "on": ["sos.pressed"],
        "audience": ["family"], **grave,
    }  # fmt: skip
    headers = town.bearer("supervisor")
    refused = town.client.put("/api/v1/rules/own", json={"spec": spec}, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "rule_needs_operators"), refused.text
    chinese = town.client.put("/api/v1/rules/own", json={"spec": spec}, headers={**headers, "Accept-Language": "zh-CN"})
    assert "调度员" in chinese.json()["error"]["message"]
    allowed = town.client.put("/api/v1/rules/own", json={"spec": {**spec, "audience": ["operators", "family"]}}, headers=headers)
    assert allowed.status_code == 200, allowed.text


def test_an_import_refuses_it_too(town: Town) -> None:
    text = (
        "yinling_rules: 1\nrules:\n  - {code: own, kind: signal, name: {zh: 自定, en: Own}, severity: high, raises: vitals,"
        " audience: [installers], on: [sos.pressed]}\n"
    )
    answer = town.client.post("/api/v1/rules/import", json={"yaml": text}, headers=town.bearer("supervisor")).json()
    assert [(one["rule"], one["path"]) for one in answer["problems"]] == [("own", "audience")]
    assert "must be for the operators" in answer["problems"][0]["message"]
