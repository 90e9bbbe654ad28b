"""What a mode mutes is stored and can be listed; what is still so when it ends is raised then; nothing else is muted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from alerts.clocks import follow_step, work_off
from alerts.findings import Condition, Finding
from alerts.incidents import Ending, acknowledge, close
from alerts.mode_ends import end_stay, set_mode
from alerts.model import AlertState, Disposition, Severity, SignalRecord
from alerts.modes.model import Mode, ModeKind, Suppressed
from alerts.modes.service import Wanted
from alerts.timeline import Actor
from core.errors import InvalidInputError

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

HOUR = timedelta(hours=1)
WANG = Actor(1, "王芳")


def begin(town: Town, mode: ModeKind, lasts: timedelta = HOUR, home: int = 1, **more: Any) -> Mode:
    wanted = Wanted(home_id=home, mode=mode, until_at=town.clock.now() + lasts, **more)
    return town.desk.do(WANG, lambda session, by: set_mode(session, wanted, by))


def end(town: Town, mode: Mode) -> None:
    town.desk.act(lambda session, now: end_stay(session, session.get_one(Mode, mode.id), now, town.settings, WANG))


def inactive(condition: Condition = Condition.ON, **more: Any) -> Finding:
    fields: dict[str, Any] = {
        "home_id": 1,
        "device_id": None,
        "rule": "no_movement",
        "subject": "home:home-1",
        "kind": "inactivity",
        "severity": Severity.MEDIUM,
        "condition": condition,
        "lane": "life",
        "rule_kind": "inactivity",
        "evidence": {"name": "none_for"},
    }
    return Finding(**fields | more)


def test_away_mutes_inactivity_and_keeps_it_with_its_reason(town: Town) -> None:
    mode = begin(town, ModeKind.AWAY)
    (outcome,) = town.apply(inactive())
    assert (outcome.disposition, outcome.incident_id) == (Disposition.SUPPRESSED, None)
    town.apply(inactive())
    (row,) = town.rows(Suppressed)
    assert (row.because, row.count, row.rule, row.mode_id, row.ended_at) == ("away", 2, "no_movement", mode.id, None)
    (alert,) = town.alerts()
    assert (alert.state, alert.incident_id, alert.count) == (AlertState.SUPPRESSED, None, 2)
    assert town.incidents() == []


@pytest.mark.parametrize("mode", [ModeKind.AWAY, ModeKind.HOSPITAL])
@pytest.mark.parametrize("signal", ["sos.pressed", "fall.detected", "smoke.on", "gas.on", "co.on", "water.on"])
def test_dangers_ring_in_a_home_said_to_be_empty(town: Town, mode: ModeKind, signal: str) -> None:
    begin(town, mode)
    outcome = town.say(signal)
    assert outcome.disposition is Disposition.OPENED
    assert town.incident(outcome.incident_id).ring_due_at is not None


def test_movement_ends_what_was_muted(town: Town) -> None:
    begin(town, ModeKind.AWAY)
    town.apply(inactive())
    town.apply(inactive(Condition.OFF))
    assert town.alerts()[0].state == AlertState.NORMAL
    assert town.rows(Suppressed)[0].ended_at is not None


def test_people_come_home_with_their_mode_before_their_absence_counts(town: Town) -> None:
    begin(town, ModeKind.AWAY)
    town.apply(inactive())
    town.later(3601)
    work_off(town.desk)
    assert town.rows(Mode)[0].ended_at is not None
    assert town.alerts()[0].state == AlertState.SHELVED
    assert town.incidents() == []
    town.later(12 * 3600)
    work_off(town.desk)
    (incident,) = town.incidents()
    assert (incident.kind, incident.state) == ("inactivity", "open")
    assert incident.ring_due_at is not None


def test_a_mode_is_over_at_its_end_also_where_no_pager_runs(town: Town) -> None:
    begin(town, ModeKind.AWAY)
    town.later(3601)
    assert town.apply(inactive())[0].disposition is Disposition.OPENED


def test_a_mode_that_a_person_ends_is_over_at_once(town: Town) -> None:
    mode = begin(town, ModeKind.AWAY, timedelta(days=90))
    end(town, mode)
    stored = town.rows(Mode)[0]
    assert (stored.ended_by, stored.end_due_at) == ("王芳", None)
    assert town.apply(inactive())[0].disposition is Disposition.OPENED


def test_setting_it_again_gives_it_another_end(town: Town) -> None:
    first = begin(town, ModeKind.AWAY)
    again = begin(town, ModeKind.AWAY, 2 * HOUR)
    assert again.id == first.id
    town.later(3601)
    work_off(town.desk)
    assert town.rows(Mode)[0].ended_at is None


@pytest.mark.parametrize("hours", [-1, 1])
def test_an_end_moves_with_a_step_of_the_clock(town: Town, hours: int) -> None:
    begin(town, ModeKind.AWAY, timedelta(seconds=30))
    town.clock.step(timedelta(hours=hours))
    follow_step(town.desk)
    town.later(29)
    work_off(town.desk)
    assert town.rows(Mode)[0].ended_at is None
    assert town.apply(inactive())[0].disposition is Disposition.SUPPRESSED
    town.later(2)
    work_off(town.desk)
    assert town.rows(Mode)[0].ended_at is not None


def test_a_device_under_repair_has_no_faults_and_its_press_rings(town: Town) -> None:
    begin(town, ModeKind.OUT_OF_SERVICE, device_id=1)
    fault = town.say("fault.on", "button")
    assert (fault.disposition, fault.receipt) == (Disposition.SUPPRESSED, "accepted")
    assert town.alerts()[0].state == AlertState.OUT_OF_SERVICE
    assert town.rows(SignalRecord)[0].because == "out_of_service"
    assert town.rows(Suppressed)[0].signal_id == town.rows(SignalRecord)[0].id
    assert town.say("fault.on", "smoke").disposition is Disposition.OPENED
    assert town.say("sos.pressed", "button").disposition is Disposition.OPENED


def test_a_fault_that_outlasts_the_repair_is_raised_when_it_ends(town: Town) -> None:
    begin(town, ModeKind.OUT_OF_SERVICE, device_id=1)
    town.say("fault.on", "button")
    town.later(3601)
    work_off(town.desk)
    (incident,) = town.incidents()
    assert (incident.kind, incident.lane, incident.state) == ("device_fault", "fault", "open")
    assert town.rows(Suppressed)[0].ended_at is not None


def test_a_fault_mended_in_time_is_never_raised(town: Town) -> None:
    begin(town, ModeKind.OUT_OF_SERVICE, device_id=1)
    town.say("fault.on", "button")
    town.say("fault.off", "button")
    town.later(3601)
    work_off(town.desk)
    assert town.incidents() == []
    assert town.alerts()[0].closed_at is not None


def test_what_stands_already_goes_out_of_service_and_may_be_closed(town: Town) -> None:
    fault = town.say("fault.on", "button")
    begin(town, ModeKind.OUT_OF_SERVICE, device_id=1)
    assert town.alerts()[0].state == AlertState.OUT_OF_SERVICE
    assert town.told(fault.incident_id)[-1] == "mode_set"
    assert town.do(close, fault.incident_id, Ending("technical")).state == "closed"
    assert town.alerts()[0].closed_at is None
    town.later(3601)
    work_off(town.desk)
    assert [one.state for one in town.incidents()] == ["closed", "open"]


def test_the_end_of_one_mode_shows_nothing_that_another_still_mutes(town: Town) -> None:
    begin(town, ModeKind.HOSPITAL, 2 * HOUR)
    away = begin(town, ModeKind.AWAY)
    town.apply(inactive())
    end(town, away)
    assert town.alerts()[0].state == AlertState.SUPPRESSED
    town.apply(inactive())
    assert town.incidents() == []
    assert [row.because for row in town.rows(Suppressed)] == ["hospital"]


def test_a_rule_in_monitor_mode_is_kept_and_never_shown(town: Town) -> None:
    watched = inactive(monitor=True, rule="trial")
    assert [town.apply(watched)[0].disposition for _ in range(3)] == [Disposition.SUPPRESSED] * 3
    assert [(row.because, row.count, row.ended_at) for row in town.rows(Suppressed)] == [("monitor", 3, None)]
    town.apply(inactive(Condition.OFF, monitor=True, rule="trial"))
    assert town.rows(Suppressed)[0].ended_at is not None
    assert town.alerts() == []
    assert town.incidents() == []


def test_of_two_residents_one_in_hospital_mutes_only_their_own(town: Town) -> None:
    begin(town, ModeKind.HOSPITAL, resident_id=1)
    assert town.apply(inactive(resident_id=1, subject="resident:1"))[0].disposition is Disposition.SUPPRESSED
    assert town.apply(inactive())[0].disposition is Disposition.OPENED


def test_a_muted_alert_that_gets_through_again_rings_where_it_stands(town: Town) -> None:
    opened = town.apply(inactive())[0]
    town.do(acknowledge, opened.incident_id)
    mode = begin(town, ModeKind.AWAY)
    assert town.alerts()[0].state == AlertState.SUPPRESSED
    end(town, mode)
    assert town.alerts()[0].state == AlertState.UNACKNOWLEDGED
    assert len(town.incidents()) == 1


@pytest.mark.parametrize(
    ("mode", "lasts", "more", "code"),
    [
        (ModeKind.AWAY, timedelta(days=91), {}, "mode_end_out_of_range"),
        (ModeKind.AWAY, timedelta(0), {}, "mode_end_out_of_range"),
        (ModeKind.TEST, 5 * HOUR, {"device_id": 1}, "mode_end_out_of_range"),
        (ModeKind.TEST, HOUR, {}, "mode_needs_device"),
        (ModeKind.OUT_OF_SERVICE, HOUR, {}, "mode_needs_device"),
        (ModeKind.AWAY, HOUR, {"device_id": 1}, "mode_takes_no_device"),
        (ModeKind.DRILL, HOUR, {"resident_id": 1}, "mode_takes_no_resident"),
    ],
)
def test_every_mode_has_an_end_and_its_own_subject(
    town: Town, mode: ModeKind, lasts: timedelta, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInputError, match=code):
        begin(town, mode, lasts, **more)
    assert town.rows(Mode) == []
