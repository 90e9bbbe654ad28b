from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.incidents import acknowledge, merge, split
from alerts.model import Disposition
from core.errors import ConflictError

if TYPE_CHECKING:
    from integration.alerts.conftest import Town


def test_dangers_of_one_home_join_and_raise_its_severity(town: Town) -> None:
    water = town.say("water.on", "smoke")
    sos = town.say("sos.pressed")
    assert (sos.disposition, sos.incident_id) == (Disposition.JOINED, water.incident_id)
    incident = town.incident(water.incident_id)
    assert (incident.severity, incident.kind) == ("critical", "sos")
    assert incident.escalation_due_at is not None
    assert town.told(incident.id) == ["opened", "alert_joined"]


def test_two_homes_never_share(town: Town) -> None:
    assert town.say("sos.pressed").incident_id != town.say("sos.pressed", "other-button").incident_id


def test_what_one_resident_wears_joins_only_that_residents(town: Town) -> None:
    ids = [town.say("sos.pressed", device).incident_id for device in ("pendant", "pendant-2", "button")]
    assert len(set(ids)) == 3
    fall = town.say("fall.detected", "pendant")
    assert fall.incident_id == ids[0]
    assert town.incident(ids[0]).resident_id == 1


def test_a_fault_never_shares_with_a_danger_to_life(town: Town) -> None:
    sos = town.say("sos.pressed")
    fault = town.say("tamper.on", "smoke")
    battery = town.say("battery.low")
    assert fault.incident_id != sos.incident_id
    assert battery.incident_id == fault.incident_id
    with pytest.raises(ConflictError, match="merge_not_allowed"):
        town.do(merge, fault.incident_id, sos.incident_id)


def test_a_doctor_call_has_its_own_incident_and_clock(town: Town) -> None:
    town.say("sos.pressed")
    call = town.say("call.requested", "kiosk")
    incident = town.incident(call.incident_id)
    assert (incident.kind, incident.severity, call.disposition) == ("doctor_call", "high", Disposition.OPENED)
    assert incident.answer_due_at is not None
    assert town.do(acknowledge, call.incident_id).answer_due_at is None
    ended = town.say("call.ended", "kiosk")
    assert ended.disposition is Disposition.NOTED
    assert town.told(call.incident_id)[-1] == "signal_noted"


def test_a_new_danger_on_a_taken_incident_rings_again(town: Town) -> None:
    water = town.say("water.on", "smoke")
    town.do(acknowledge, water.incident_id)
    town.say("sos.pressed")
    incident = town.incident(water.incident_id)
    assert (incident.state, incident.ring_count) == ("acknowledged", 2)
    assert incident.escalation_due_at is not None


def test_merge_moves_the_alerts_and_closes_as_a_duplicate(town: Town) -> None:
    worn = town.say("sos.pressed", "pendant")
    home = town.say("smoke.on", "smoke")
    town.do(merge, worn.incident_id, home.incident_id)
    assert {alert.incident_id for alert in town.alerts()} == {home.incident_id}
    source = town.incident(worn.incident_id)
    assert (source.state, source.reason) == ("closed", "duplicate")
    assert town.told(worn.incident_id)[-1] == town.told(home.incident_id)[-1] == "merged"
    assert town.say("sos.pressed", "pendant").incident_id == home.incident_id


def test_split_gives_some_alerts_a_ringing_incident_of_their_own(town: Town) -> None:
    smoke = town.say("smoke.on", "smoke")
    town.say("sos.pressed")
    town.do(acknowledge, smoke.incident_id)
    sos = town.alerts()[1]
    new = town.do(split, smoke.incident_id, [sos.id])
    assert (new.state, new.previous_id, new.kind) == ("open", smoke.incident_id, "sos")
    assert new.ring_due_at is not None
    assert town.say("sos.pressed").incident_id == new.id
    assert town.say("gas.on", "kiosk").incident_id == smoke.incident_id
    with pytest.raises(ConflictError, match="split_not_allowed"):
        town.do(split, new.id, [sos.id])
