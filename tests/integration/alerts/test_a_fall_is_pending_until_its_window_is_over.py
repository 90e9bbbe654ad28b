from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.clocks import work_off
from alerts.model import Disposition

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

WATCH: dict[str, Any] = {"facts": {"cancel_window_seconds": 30.0}}


def test_it_rings_at_once_and_is_confirmed_after_twenty_seconds(town: Town) -> None:
    fall = town.say("fall.detected", "pendant", **WATCH)
    (alert,) = town.alerts()
    assert (alert.pending, alert.severity, town.incident(fall.incident_id).state) == (True, "critical", "open")
    town.later(14)
    assert work_off(town.desk) == 0
    town.later(6)
    work_off(town.desk)
    assert "fall_confirmed" in town.told(fall.incident_id)
    assert not town.alerts()[0].pending


def test_cancelled_in_time_it_stays_lower_until_a_person_closes_it(town: Town) -> None:
    fall = town.say("fall.detected", "pendant", **WATCH)
    town.later(10)
    assert town.say("fall.cancelled", "pendant", **WATCH).disposition is Disposition.LOWERED
    incident = town.incident(fall.incident_id)
    assert (incident.state, incident.severity, incident.escalation_due_at) == ("open", "medium", None)
    assert incident.ring_due_at is not None
    (alert,) = town.alerts()
    assert (alert.cancelled, alert.pending, alert.severity, alert.closed_at) == (True, False, "medium", None)
    town.later(3600)
    work_off(town.desk)
    assert town.incident(fall.incident_id).state == "open"
    assert "fall_confirmed" not in town.told(fall.incident_id)


def test_cancelled_beside_an_sos_the_incident_stays_critical(town: Town) -> None:
    fall = town.say("fall.detected", "pendant", **WATCH)
    town.say("sos.pressed", "pendant")
    town.say("fall.cancelled", "pendant", **WATCH)
    incident = town.incident(fall.incident_id)
    assert (incident.severity, incident.escalation_due_at is None) == ("critical", False)


def test_cancelled_too_late_is_only_noted(town: Town) -> None:
    fall = town.say("fall.detected", "pendant", **WATCH)
    town.later(21)
    work_off(town.desk)
    town.later(600)
    assert town.say("fall.cancelled", "pendant", **WATCH).disposition is Disposition.NOTED
    assert town.incident(fall.incident_id).severity == "critical"


def test_a_second_fall_after_a_cancelled_one_is_critical_again(town: Town) -> None:
    fall = town.say("fall.detected", "pendant", **WATCH)
    town.say("fall.cancelled", "pendant", **WATCH)
    assert town.say("fall.detected", "pendant", **WATCH).disposition is Disposition.RAISED
    incident = town.incident(fall.incident_id)
    assert (incident.severity, incident.escalation_due_at is not None) == ("critical", True)
    assert town.alerts()[0].pending


def test_a_radar_nobody_can_cancel_is_never_pending(town: Town) -> None:
    town.say("fall.detected", "button")
    assert not town.alerts()[0].pending


def test_a_press_taken_back_lowers_nothing(town: Town) -> None:
    sos = town.say("sos.pressed")
    assert town.say("sos.cancelled").disposition is Disposition.NOTED
    assert town.incident(sos.incident_id).severity == "critical"
    assert town.told(sos.incident_id) == ["opened", "signal_noted"]
