from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from support.api_town import Town

from alerts.model import Alert, Incident, TimelineEntry
from people.model import AuditEntry, Resident

API = "/api/v1/incidents"


def test_the_life_of_an_incident_over_http(town: Town) -> None:
    headers = town.bearer("operator")
    made = town.client.post(API, json={"home": "h-north", "kind": "phone_call", "note": "she called"}, headers=headers)
    assert made.status_code == 201, made.text
    incident = made.json()
    assert incident["home"] == "h-north"
    assert incident["opened_at"].endswith("Z")
    assert incident["residents"][0]["name"] == "Old north"
    url = f"{API}/{incident['id']}"
    taken = town.client.post(f"{url}/acknowledge", headers=headers)
    assert taken.status_code == 200, taken.text
    assert taken.json()["owner"]["name"] == "Operator"
    for act, body, state in (
        ("release", None, "open"),
        ("dispatch", {"responder_name": "Neighbour Li", "note": "has a key"}, "dispatched"),
        ("note", {"text": "on the way"}, "dispatched"),
        ("on-scene", None, "on_scene"),
        ("resolve", None, "resolved"),
        ("reopen", None, "open"),
        ("close", {"reason": "reassured"}, "closed"),
    ):
        answer = town.client.post(f"{url}/{act}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == state
    acts = [entry["act"] for entry in answer.json()["timeline"]]
    assert {"acknowledged", "released", "dispatched", "noted", "on_scene", "resolved", "reopened", "closed"} <= set(acts)
    assert answer.json()["responder"] == {"id": None, "name": "Neighbour Li"}


def test_what_the_state_does_not_allow_is_409_with_a_code_and_a_sentence(town: Town) -> None:
    headers = town.bearer("operator")
    url = f"{API}/{town.incident('h-north')}"
    refused = town.client.post(f"{url}/on-scene", headers=headers)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "transition_not_allowed"
    assert "open" in refused.json()["error"]["message"]
    chinese = town.client.post(f"{url}/on-scene", headers=headers | {"Accept-Language": "zh-CN,zh;q=0.9"})
    assert "警情" in chinese.json()["error"]["message"]


def test_an_incident_somebody_has_is_not_given_to_a_second(town: Town) -> None:
    url = f"{API}/{town.incident('h-north')}/acknowledge"
    assert town.client.post(url, headers=town.bearer("operator")).status_code == 200
    second = town.client.post(url, headers=town.bearer("supervisor"))
    assert (second.status_code, second.json()["error"]["code"]) == (409, "already_taken")
    assert "Operator" in second.json()["error"]["message"]


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("close", {"reason": "because"}),
        ("close", None),
        ("dispatch", {}),
        ("dispatch", {"responder": "nobody"}),
        ("dispatch", {"responder": "family"}),
        ("note", {"text": ""}),
        ("note", {"text": "x", "colour": "red"}),
    ],
)
def test_what_cannot_be_understood_is_422(town: Town, act: str, body: object) -> None:
    answer = town.client.post(f"{API}/{town.incident('h-north')}/{act}", json=body, headers=town.bearer("operator"))
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("query", ["state=opne", "limit=0", "limit=501", "cursor=xyz", "cursor=WzFd"])
def test_unknown_query_values_are_422(town: Town, query: str) -> None:
    assert town.client.get(f"{API}?{query}", headers=town.bearer("operator")).status_code == 422


def test_pages_hold_every_open_incident_once_worst_first(town: Town) -> None:
    kinds = ["phone_call", "sos", "walk_in", "water", "sos", "battery", "other"]
    made = {town.incident("h-north" if index % 2 else "h-south", kind) for index, kind in enumerate(kinds) if kind != "battery"}
    headers = town.bearer("operator")
    seen: list[dict[str, Any]] = []
    cursor = None
    for _ in range(20):
        page = town.client.get(
            API, params={"state": "open", "limit": 2} | ({"cursor": cursor} if cursor else {}), headers=headers
        ).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert {item["id"] for item in seen} == made
    assert len(seen) == len(made)
    ranks = [["critical", "high", "medium", "low", "info"].index(item["severity"]) for item in seen]
    assert ranks == sorted(ranks)


def test_open_means_not_closed_and_closed_ones_come_newest_first(town: Town) -> None:
    headers = town.bearer("operator")
    first, second, third = (town.incident("h-north") for _ in range(3))
    for incident in (first, second):
        town.client.post(f"{API}/{incident}/close", json={"reason": "test"}, headers=headers)
    town.client.post(f"{API}/{third}/resolve", headers=headers)
    assert [item["id"] for item in town.client.get(f"{API}?state=open", headers=headers).json()["items"]] == [third]
    assert [item["id"] for item in town.client.get(f"{API}?state=closed", headers=headers).json()["items"]] == [second, first]


def test_five_hundred_open_incidents_take_a_fixed_number_of_queries(town: Town) -> None:
    now = town.clock.now()
    home = town.home_id("h-north")
    with town.deps.database.transaction() as session:
        for number in range(500):
            incident = Incident(
                number=1000 + number,
                kind="sos",
                home_id=home,
                lane=f"manual:{number}",
                severity="critical",
                state="open",
                opened_at=now,
            )
            session.add(incident)
            session.flush()
            session.add(
                Alert(
                    incident_id=incident.id,
                    home_id=home,
                    device_id=town.devices["h-north"],
                    rule="signal",
                    subject=f"s{number}",
                    kind="sos",
                    severity="critical",
                    state="unacknowledged",
                    raised_at=now,
                    happened_at=now,
                    last_signal_at=now,
                )
            )
    headers = town.bearer("operator")
    statements: list[str] = []

    def count(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    def selects(limit: int) -> int:
        """The least of three: the live stream asks now and then beside the request, which only adds."""
        counted = []
        for _ in range(3):
            statements.clear()
            answer = town.client.get(f"{API}?limit={limit}", headers=headers)
            counted.append(len([one for one in statements if one.startswith("SELECT")]))
            assert len(answer.json()["items"]) == limit
        return min(counted)

    sa.event.listen(town.deps.database.engine, "before_cursor_execute", count)
    try:
        many, few = selects(500), selects(1)
    finally:
        sa.event.remove(town.deps.database.engine, "before_cursor_execute", count)
    assert many == few
    assert many < 14


def test_every_act_and_every_look_at_medical_data_is_in_the_audit(town: Town) -> None:
    headers = town.bearer("operator")
    incident = town.incident("h-north")
    town.client.get(f"{API}/{incident}", headers=headers)
    town.client.post(f"{API}/{incident}/acknowledge", headers=headers)
    town.client.get(f"{API}/{incident}", headers=town.bearer("responder"))
    with town.deps.database.snapshot() as session:
        entries = [(entry.actor, entry.action) for entry in session.query(AuditEntry)]
    assert entries.count(("Operator", "medical.viewed")) == 1
    assert ("Operator", "incident.acknowledged") in entries
    assert ("Responder", "medical.viewed") not in entries
    items = town.client.get("/api/v1/audit?limit=1", headers=town.bearer("supervisor")).json()
    assert items["items"][0]["home"] == "h-north"
    assert items["next"]


def test_a_page_that_loads_again_is_one_look_in_the_audit(town: Town) -> None:
    first, second = town.incident("h-north"), town.incident("h-south")
    operator, doctor = town.bearer("operator"), town.bearer("doctor")

    def looks() -> list[tuple[str, str | None]]:
        with town.deps.database.snapshot() as session:
            rows = session.query(AuditEntry).filter(AuditEntry.action == "medical.viewed").order_by(AuditEntry.id)
            return [(row.actor, row.subject) for row in rows]

    for _ in range(3):
        for reader in (operator, doctor):
            town.client.get(f"{API}/{first}", headers=reader)
        town.client.get(f"{API}/{second}", headers=operator)
        town.client.get("/api/v1/homes/h-north", headers=operator)
        town.clock.advance(timedelta(minutes=3))
    once = looks()
    assert len(once) == len(set(once)) == 4, once
    town.clock.advance(timedelta(minutes=1, seconds=1))
    town.client.get(f"{API}/{first}", headers=operator)
    assert looks() == [*once, once[0]], "ten minutes after the first look, whoever looks on is written down again"


def test_a_row_carries_the_age_of_the_resident_it_is_about(town: Town) -> None:
    today = town.clock.now().astimezone(ZoneInfo(town.deps.settings.timezone)).date()
    with town.deps.database.transaction() as session:
        session.get_one(Resident, town.residents["h-north"]).birth_date = today.replace(year=today.year - 81) + timedelta(days=1)
    north, south = town.incident("h-north"), town.incident("h-south")

    def ages(username: str) -> dict[int, int | None]:
        items = town.client.get(API, headers=town.bearer(username)).json()["items"]
        return {item["id"]: item["resident_age"] for item in items}

    assert ages("operator") == {north: 80, south: None}, "her birthday is tomorrow; of the other nothing is known"
    town.clock.advance(timedelta(days=1))
    assert ages("operator")[north] == 81
    assert town.client.get(f"{API}/{north}", headers=town.bearer("operator")).json()["resident_age"] == 81
    assert ages("family") == {north: 81}
    with town.deps.database.transaction() as session:
        session.add(Resident(home_id=town.home_id("h-north"), name="Her husband", created_at=town.clock.now()))
    assert ages("operator")[north] is None, "of two people one age says nothing"


def test_a_responder_keeps_an_incident_but_not_the_age_of_people_out_of_their_sight(town: Town) -> None:
    with town.deps.database.transaction() as session:
        session.get_one(Resident, town.residents["h-south"]).birth_date = date(1940, 1, 1)
    incident = town.incident("h-south")
    url, operator, responder = f"{API}/{incident}", town.bearer("operator"), town.bearer("responder")
    town.client.post(f"{url}/acknowledge", headers=operator)
    town.client.post(f"{url}/dispatch", json={"responder": "responder"}, headers=operator)
    assert town.client.get(url, headers=responder).json()["resident_age"] > 80
    assert town.client.post(f"{url}/close", json={"reason": "reassured"}, headers=operator).status_code == 200
    listed = town.client.get(f"{API}?state=closed", headers=responder).json()["items"]
    assert [(item["id"], item["resident_age"]) for item in listed] == [(incident, None)]
    assert town.client.get(f"{API}?state=closed", headers=operator).json()["items"][0]["resident_age"] > 80


def test_audit_and_timeline_cannot_be_changed(town: Town) -> None:
    town.client.get(f"{API}/{town.incident('h-north')}", headers=town.bearer("operator"))
    for table in (AuditEntry, TimelineEntry):
        for statement in (sa.update(table).values(actor="nobody"), sa.delete(table)):
            with pytest.raises(sa.exc.DatabaseError), town.deps.database.transaction() as session:
                session.execute(statement)


def test_a_doctor_answers_doctor_calls_and_nothing_else(town: Town) -> None:
    headers = town.bearer("doctor")
    call, other = town.incident("h-north", "doctor_call"), town.incident("h-south")
    assert town.client.post(f"{API}/{call}/acknowledge", headers=headers).status_code == 200
    assert town.client.post(f"{API}/{other}/acknowledge", headers=headers).status_code == 403
