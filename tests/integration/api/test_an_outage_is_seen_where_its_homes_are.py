"""An area's incident shows its homes by risk, and each person sees it, and of it, what lies in their own sight."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.api_town import Town

from alerts.model import Incident, IncidentHome, IncidentState, Severity
from alerts.opening import open_incident
from people.model import Area, User


@pytest.fixture
def outage(town: Town) -> int:
    now = town.clock.now()
    with town.deps.database.transaction() as session:
        area = session.query(Area).filter(Area.code == "north").one()
        incident = Incident(
            kind="outage",
            area_id=area.id,
            lane=f"outage:area:{area.id}",
            severity=Severity.HIGH,
            state=IncidentState.OPEN,
            ring_due_at=now + timedelta(seconds=15),
        )
        open_incident(session, incident, now)
        for code, risk, reasons in (("h-south", 10, []), ("h-north", 8000, ["oxygen"])):
            row = IncidentHome(incident_id=incident.id, home_id=town.home_id(code), joined_at=now, because="power", risk=risk)
            row.reasons = reasons
            session.add(row)
        return incident.id


def test_the_homes_stand_by_risk_with_their_reasons(town: Town, outage: int) -> None:
    seen = town.client.get(f"/api/v1/incidents/{outage}", headers=town.bearer("operator")).json()
    assert (seen["home"], seen["area"]["code"], seen["homes_affected"]) == (None, "north", 2)
    assert [(one["code"], one["reasons"], one["restored_at"]) for one in seen["homes"]] == [
        ("h-north", ["oxygen"], None),
        ("h-south", [], None),
    ]
    assert seen["homes"][0]["residents"] == ["Old north"]
    listed = town.client.get("/api/v1/incidents", params={"area": "north"}, headers=town.bearer("operator")).json()["items"]
    assert [one["id"] for one in listed] == [outage]


@pytest.mark.parametrize(("area", "homes"), [("north", ["h-north"]), ("south", ["h-south"])])
def test_somebody_of_one_area_sees_its_homes_only(town: Town, outage: int, area: str, homes: list[str]) -> None:
    with town.deps.database.transaction() as session:
        user = session.query(User).filter(User.username == "operator").one()
        user.areas.append(session.query(Area).filter(Area.code == area).one())
    seen = town.client.get(f"/api/v1/incidents/{outage}", headers=town.bearer("operator")).json()
    assert [one["code"] for one in seen["homes"]] == homes


def test_somebody_of_another_area_sees_nothing_of_it(town: Town, outage: int) -> None:
    with town.deps.database.transaction() as session:
        elsewhere = Area(code="east", name="East", path="/east/")
        session.add(elsewhere)
        session.flush()
        user = session.query(User).filter(User.username == "operator").one()
        user.areas.append(elsewhere)
    headers = town.bearer("operator")
    assert town.client.get(f"/api/v1/incidents/{outage}", headers=headers).status_code == 404
    assert town.client.get("/api/v1/incidents", headers=headers).json()["items"] == []


@pytest.mark.parametrize("role", ["family", "installer", "responder", "doctor"])
def test_it_is_nobody_elses(town: Town, outage: int, role: str) -> None:
    assert town.client.get(f"/api/v1/incidents/{outage}", headers=town.bearer(role)).status_code == 404
