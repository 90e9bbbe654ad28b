"""A device in test mode is answered and shown marked, rings nobody, and every other device rings as always; so in a drill."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.clocks import work_off
from alerts.incidents import ByHand, acknowledge, merge, open_by_hand, release, split
from alerts.mode_ends import set_mode
from alerts.model import AlertState, Disposition
from alerts.modes.model import Mode, ModeKind
from alerts.modes.service import Wanted
from alerts.paging.model import Page
from alerts.timeline import Actor
from core.errors import ConflictError

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

WANG = Actor(1, "王芳")


def begin(town: Town, mode: ModeKind, device_id: int | None = None) -> Mode:
    wanted = Wanted(home_id=1, mode=mode, until_at=town.clock.now() + timedelta(hours=1), device_id=device_id)
    return town.desk.do(WANG, lambda session, by: set_mode(session, wanted, by))


def end_all(town: Town) -> None:
    town.later(3601)
    work_off(town.desk)


def test_a_press_in_test_is_answered_and_shown_and_rings_nobody(town: Town) -> None:
    begin(town, ModeKind.TEST, 1)
    outcome = town.say("sos.pressed")
    assert (outcome.disposition, outcome.receipt) == (Disposition.OPENED, "accepted")
    incident = town.incident(outcome.incident_id)
    assert (incident.test, incident.state, incident.severity) == (True, "open", "critical")
    assert (incident.ring_due_at, incident.escalation_due_at) == (None, None)
    again = town.say("sos.pressed")
    assert again.incident_id == outcome.incident_id
    assert town.incident(outcome.incident_id).ring_count == 1
    town.later(600)
    work_off(town.desk)
    assert town.rows(Page) == []


def test_another_devices_press_rings_as_always(town: Town) -> None:
    begin(town, ModeKind.TEST, 1)
    tried = town.say("sos.pressed", "button")
    for device, signal in (("smoke", "smoke.on"), ("pendant", "sos.pressed"), ("kiosk", "sos.pressed")):
        real = town.incident(town.say(signal, device).incident_id)
        assert real.id != tried.incident_id
        assert not real.test
        assert real.ring_due_at is not None


def test_a_test_is_closed_as_one_when_its_mode_ends_and_the_next_press_is_real(town: Town) -> None:
    begin(town, ModeKind.TEST, 1)
    tried = town.say("sos.pressed")
    end_all(town)
    incident = town.incident(tried.incident_id)
    assert (incident.state, incident.reason) == ("closed", "test")
    assert town.alerts()[0].state == AlertState.NORMAL
    real = town.incident(town.say("sos.pressed").incident_id)
    assert (real.test, real.state) == (False, "open")
    assert real.ring_due_at is not None


def test_a_test_that_was_taken_is_closed_too_and_release_rings_nobody(town: Town) -> None:
    begin(town, ModeKind.TEST, 1)
    tried = town.say("sos.pressed")
    town.do(acknowledge, tried.incident_id)
    town.do(release, tried.incident_id)
    released = town.incident(tried.incident_id)
    assert (released.ring_due_at, released.escalation_due_at) == (None, None)
    town.do(acknowledge, tried.incident_id)
    end_all(town)
    assert town.incident(tried.incident_id).state == "closed"


def test_smoke_that_outlasts_its_test_is_real(town: Town) -> None:
    begin(town, ModeKind.TEST, 2)
    tried = town.say("smoke.on", "smoke")
    end_all(town)
    assert town.incident(tried.incident_id).reason == "test"
    real = town.incidents()[-1]
    assert (real.kind, real.test, real.lane, real.state) == ("smoke", False, "life", "open")
    assert real.ring_due_at is not None


def test_the_same_vital_by_another_device_is_not_hidden_by_a_test(town: Town) -> None:
    begin(town, ModeKind.TEST, 1)
    press = town.finding("sos.pressed", "button")
    town.apply(replace(press, subject="resident:1"))
    real = town.apply(replace(town.finding("sos.pressed", "kiosk"), subject="resident:1"))[0]
    assert real.disposition is Disposition.OPENED
    assert not town.incident(real.incident_id).test


def test_an_open_real_alarm_of_the_button_keeps_its_presses_in_a_test(town: Town) -> None:
    real = town.say("sos.pressed")
    town.do(acknowledge, real.incident_id)
    begin(town, ModeKind.TEST, 1)
    assert town.say("sos.pressed").incident_id == real.incident_id
    assert town.incident(real.incident_id).ring_count == 2


def test_a_drill_goes_the_true_way_marked(town: Town) -> None:
    begin(town, ModeKind.DRILL)
    drill = town.incident(town.say("sos.pressed").incident_id)
    assert (drill.drill, drill.test, drill.lane) == (True, False, "life:drill")
    assert drill.ring_due_at is not None
    assert drill.escalation_due_at is not None


def test_what_comes_after_the_drill_is_never_hidden_in_it(town: Town) -> None:
    begin(town, ModeKind.DRILL)
    drill = town.say("sos.pressed")
    end_all(town)
    assert town.incident(drill.incident_id).state == "open"
    assert "mode_ended" in town.told(drill.incident_id)
    for signal, device in (("sos.pressed", "button"), ("smoke.on", "smoke")):
        real = town.incident(town.say(signal, device).incident_id)
        assert (real.drill, real.lane) == (False, "life")


def test_a_drill_begun_over_a_real_alarm_changes_nothing_of_it(town: Town) -> None:
    real = town.say("smoke.on", "smoke")
    begin(town, ModeKind.DRILL)
    assert town.say("sos.pressed").incident_id == real.incident_id
    assert not town.incident(real.incident_id).drill


def test_practice_and_real_are_never_merged(town: Town) -> None:
    real = town.say("smoke.on", "smoke")
    begin(town, ModeKind.TEST, 1)
    tried = town.say("sos.pressed")
    drill = town.do(open_by_hand, 1, ByHand("sos", drill=True))
    for one, into in ((real, tried), (tried, real)):
        with pytest.raises(ConflictError, match="merge_not_allowed"):
            town.do(merge, one.incident_id, into.incident_id)
    for one_id, into_id in ((real.incident_id, drill.id), (drill.id, real.incident_id)):
        with pytest.raises(ConflictError, match="merge_not_allowed"):
            town.do(merge, one_id, into_id)


def test_a_split_test_is_still_one_and_ends_with_it(town: Town) -> None:
    begin(town, ModeKind.TEST, 1)
    tried = town.say("sos.pressed")
    town.say("fall.detected", "button")
    new = town.do(split, tried.incident_id, [town.alerts()[1].id])
    assert (new.test, new.ring_due_at) == (True, None)
    end_all(town)
    assert {one.state for one in town.incidents()} == {"closed"}
