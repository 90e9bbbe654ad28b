from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.incidents import Ending, acknowledge, close, resolve
from alerts.model import Change, Disposition, SignalRecord

if TYPE_CHECKING:
    from integration.alerts.conftest import Town


def test_a_press_is_an_open_critical_ringing_incident(town: Town) -> None:
    outcome = town.say("sos.pressed", event_id="17")
    assert (outcome.disposition, outcome.receipt, outcome.incident_state) == (Disposition.OPENED, "accepted", "open")
    incident = town.incident(outcome.incident_id)
    assert (incident.number, incident.kind, incident.severity, incident.lane) == (1, "sos", "critical", "life")
    assert incident.ring_due_at == town.clock.now() + timedelta(seconds=15)
    assert incident.escalation_due_at == town.clock.now() + timedelta(seconds=60)
    assert town.told(incident.id) == ["opened"]
    (alert,) = town.alerts()
    assert (alert.rule, alert.subject, alert.state, alert.condition_active) == ("sos", "device:button", "unacknowledged", False)
    (signal,) = town.rows(SignalRecord)
    assert (signal.event_key, signal.own_id, signal.disposition, signal.alert_id) == ("17", True, "opened", alert.id)
    (change,) = town.rows(Change)
    assert (change.kind, change.incident_id) == ("incident.opened", incident.id)


def test_the_same_id_ten_times_is_one_incident_and_nine_duplicates(town: Town) -> None:
    outcomes = [town.say("sos.pressed", event_id="17") for _ in range(10)]
    assert [one.receipt for one in outcomes] == ["accepted"] + ["duplicate"] * 9
    assert {one.incident_id for one in outcomes} == {outcomes[0].incident_id}
    assert len(town.incidents()) == 1
    (signal,) = town.rows(SignalRecord)
    assert signal.repeats == 9
    assert town.alerts()[0].count == 1


def test_ten_ids_are_one_incident_with_ten_counts_and_no_clock_started_again(town: Town) -> None:
    first = town.say("sos.pressed")
    due = town.incident(first.incident_id).escalation_due_at
    for _ in range(9):
        town.later(3)
        assert town.say("sos.pressed").receipt == "accepted"
    (incident,) = town.incidents()
    assert incident.escalation_due_at == due
    assert incident.ring_count == 1
    assert town.alerts()[0].count == 10


def test_ten_repeats_in_one_batch_are_one_incident(town: Town) -> None:
    outcomes = town.apply(*(town.finding("sos.pressed", event_id="17") for _ in range(10)))
    assert [one.disposition for one in outcomes] == [Disposition.OPENED] + [Disposition.DUPLICATE] * 9
    assert len(town.rows(SignalRecord)) == 1


def test_an_id_again_after_the_window_is_a_new_press(town: Town) -> None:
    first = town.say("sos.pressed", event_id="1")
    town.do(close, first.incident_id, Ending("reassured"))
    assert town.say("sos.pressed", event_id="1").disposition is Disposition.DUPLICATE
    town.later(601)
    again = town.say("sos.pressed", event_id="1")
    assert again.disposition is Disposition.OPENED
    assert town.incident(again.incident_id).previous_id == first.incident_id


def test_an_id_again_while_its_incident_is_open_is_a_repeat_however_late(town: Town) -> None:
    first = town.say("sos.pressed", event_id="1")
    town.later(3600)
    again = town.say("sos.pressed", event_id="1")
    assert (again.disposition, again.incident_id) == (Disposition.DUPLICATE, first.incident_id)


@pytest.mark.parametrize("ended", ["resolved", "closed"])
def test_a_new_press_after_the_end_opens_anew_linked(town: Town, ended: str) -> None:
    first = town.say("sos.pressed")
    if ended == "resolved":
        town.do(resolve, first.incident_id)
    else:
        town.do(close, first.incident_id, Ending("reassured"))
    again = town.say("sos.pressed")
    assert again.disposition is Disposition.OPENED
    assert town.incident(again.incident_id).previous_id == first.incident_id
    assert town.incident(first.incident_id).state == ended


def test_a_dialect_without_ids_echoes_one_press(town: Town) -> None:
    echo = {"echo_within_seconds": 3.0}
    assert town.say("sos.pressed", event_id="d1", own=False, data=echo).receipt is None
    town.later(1)
    assert town.say("sos.pressed", event_id="d2", own=False, data=echo).disposition is Disposition.DUPLICATE
    assert town.say("sos.pressed", event_id="d1", own=False, data=echo).disposition is Disposition.DUPLICATE
    town.later(5)
    assert town.say("sos.pressed", event_id="d1", own=False, data=echo).disposition is Disposition.REPEATED
    assert len(town.incidents()) == 1


def test_a_retained_event_is_old_news_and_a_live_one_with_its_id_still_rings(town: Town) -> None:
    old = town.say("sos.pressed", event_id="9", retained=True)
    assert (old.disposition, old.incident_id, old.receipt) == (Disposition.STALE_RETAINED, None, None)
    assert town.incidents() == []
    assert town.say("sos.pressed", event_id="9").disposition is Disposition.OPENED


def test_a_press_on_an_incident_somebody_took_rings_again_and_stays_theirs(town: Town) -> None:
    first = town.say("sos.pressed")
    taken = town.do(acknowledge, first.incident_id)
    assert (taken.ring_due_at, taken.escalation_due_at) == (None, None)
    town.later(5)
    town.say("sos.pressed")
    incident = town.incident(first.incident_id)
    assert (incident.state, incident.owner_id, incident.ring_count) == ("acknowledged", 1, 2)
    assert incident.escalation_due_at == town.clock.now() + timedelta(seconds=60)
    again = town.do(acknowledge, first.incident_id)
    assert (again.ring_due_at, again.escalation_due_at) == (None, None)


def test_motion_is_stored_and_raises_nothing(town: Town) -> None:
    outcome = town.say("motion.seen")
    assert (outcome.disposition, outcome.receipt) == (Disposition.STORED, "accepted")
    assert town.incidents() == []
    assert len(town.rows(SignalRecord)) == 1
    assert town.rows(Change) == []
