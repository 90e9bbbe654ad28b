"""What a rule adds to a danger does not end it, and what a centre calls life or critical never folds into an outage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from integration.alerts.test_an_area_without_power_is_one_incident import HOMES, fault, lose, street

from alerts.findings import Condition, Finding
from alerts.incidents import Ending, close
from alerts.model import Alert, Disposition, Incident, IncidentHome, Severity
from alerts.outage_watch import OutageWatch
from core.errors import ConflictError

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

__all__ = ["street"]


def test_smoke_that_a_sequence_made_worse_is_still_there_and_is_not_closed_over(town: Town) -> None:
    incident_id = town.say("smoke.on", "smoke").incident_id
    [smoke] = town.rows(Alert)
    worse = Finding(
        home_id=smoke.home_id,
        device_id=smoke.device_id,
        rule=smoke.rule,
        subject=smoke.subject,
        kind=smoke.kind,
        severity=Severity.CRITICAL,
        condition=Condition.MOMENTARY,
        lane="life",
        rule_kind="sequence",
        rule_version=1,
    )
    town.apply(worse)
    [smoke] = town.rows(Alert)
    assert (smoke.count, smoke.condition_active) == (2, True)
    assert incident_id is not None
    with pytest.raises(ConflictError, match="condition_persists"):
        town.do(close, incident_id, Ending("reassured"))
    town.say("smoke.off", "smoke")
    [smoke] = town.rows(Alert)
    assert not smoke.condition_active


@pytest.mark.parametrize("life", [{"lane": "life"}, {"severity": Severity.CRITICAL}])
def test_power_that_a_centre_calls_life_or_critical_rings_for_itself_in_an_outage(street: Town, life: dict[str, Any]) -> None:
    watch = OutageWatch(street.desk)
    lose(street, *HOMES)
    watch.tick()
    outage = next(one for one in street.rows(Incident) if one.area_id is not None)
    how: dict[str, Any] = {"severity": Severity.HIGH, **life}
    found = replace(fault(11), subject="device:oxygen", **how)
    [outcome] = street.apply(found)
    assert outcome.disposition is Disposition.OPENED
    assert outcome.incident_id != outage.id
    watch.tick()
    [alert] = [one for one in street.rows(Alert) if one.subject == "device:oxygen"]
    assert alert.incident_id == outcome.incident_id


def test_homes_in_a_drill_without_power_are_no_outage(street: Town) -> None:
    lose(street, *HOMES)
    with street.database.transaction() as session:
        for incident in session.query(Incident):
            incident.drill, incident.lane = True, "fault:drill"
    OutageWatch(street.desk).tick()
    assert street.rows(IncidentHome) == []
