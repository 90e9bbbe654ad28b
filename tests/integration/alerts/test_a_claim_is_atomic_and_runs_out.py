from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.acts.taking import RECEIPTS_A_DEVICE
from alerts.clocks import work_off
from alerts.incidents import (
    Actor,
    ByHand,
    Ending,
    Responder,
    acknowledge,
    close,
    dispatch,
    note,
    on_scene,
    open_by_hand,
    release,
    resolve,
)
from alerts.model import Incident, Receipt
from core.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

LI = Actor(2, "李强")


def test_of_two_operators_at_once_one_wins_and_the_other_is_told_who(town: Town) -> None:
    sos = town.say("sos.pressed")
    results: list[str] = []
    gate = threading.Barrier(2)

    def press(actor: Actor) -> None:
        gate.wait(60)
        try:
            town.do(acknowledge, sos.incident_id, actor=actor)
            results.append("won")
        except ConflictError as refused:
            results.append(refused.code)

    threads = [threading.Thread(target=press, args=(actor,)) for actor in (Actor(1, "王芳"), LI)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == ["already_taken", "won"]
    assert town.told(sos.incident_id).count("acknowledged") == 1


def test_the_same_persons_second_press_is_refused_and_changes_nothing(town: Town) -> None:
    sos = town.say("sos.pressed")
    first = town.do(acknowledge, sos.incident_id)
    town.later(5)
    with pytest.raises(ConflictError) as refused:
        town.do(acknowledge, sos.incident_id)
    assert refused.value.code == "transition_not_allowed"
    again = town.incident(sos.incident_id)
    assert (again.version, again.claim_due_at) == (first.version, first.claim_due_at)
    assert town.told(sos.incident_id) == ["opened", "acknowledged"]


def test_a_claim_without_a_next_act_goes_back_to_the_queue_and_rings(town: Town) -> None:
    sos = town.say("sos.pressed")
    taken = town.do(acknowledge, sos.incident_id)
    assert taken.claim_due_at == town.clock.now() + timedelta(seconds=120)
    town.later(120)
    work_off(town.desk)
    incident = town.incident(sos.incident_id)
    assert (incident.state, incident.owner_id, incident.ring_count) == ("open", None, 2)
    assert incident.escalation_due_at == town.clock.now() + timedelta(seconds=60)
    assert incident.acknowledged_at == taken.acknowledged_at
    assert town.alerts()[0].state == "unacknowledged"
    assert town.told(sos.incident_id)[-1] == "claim_expired"


def test_the_owners_note_is_a_next_act_and_anothers_is_not(town: Town) -> None:
    sos = town.say("sos.pressed")
    due = town.do(acknowledge, sos.incident_id).claim_due_at
    town.later(100)
    assert town.do(note, sos.incident_id, "旁观", actor=LI).claim_due_at == due
    assert town.do(note, sos.incident_id, "正在通话").claim_due_at == town.clock.now() + timedelta(seconds=120)
    unseen = town.say("sos.pressed", "other-button")
    assert town.do(note, unseen.incident_id, "?").ring_due_at is not None


def test_a_dispatched_incident_has_no_claim_to_lose(town: Town) -> None:
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    sent = town.do(dispatch, sos.incident_id, Responder(name="网格员小陈"))
    assert (sent.state, sent.claim_due_at, sent.owner_id) == ("dispatched", None, 1)
    town.later(3600)
    assert work_off(town.desk) == 0
    assert town.do(on_scene, sos.incident_id, actor=LI).owner_id == 1
    town.do(resolve, sos.incident_id)
    ended = town.do(close, sos.incident_id, Ending("real_assisted", "扶起"))
    assert (ended.state, ended.reason) == ("closed", "real_assisted")
    assert town.told(sos.incident_id) == ["opened", "acknowledged", "dispatched", "on_scene", "resolved", "closed"]


def test_sending_somebody_at_once_counts_as_the_answer(town: Town) -> None:
    sos = town.say("sos.pressed")
    sent = town.do(dispatch, sos.incident_id, Responder(id=2))
    assert (sent.owner_id, sent.acknowledged_at, sent.ring_due_at) == (1, town.clock.now(), None)
    with pytest.raises(InvalidInputError, match="responder_missing"):
        town.do(dispatch, sos.incident_id, Responder(name=" "))


def test_receipts_tell_the_device_that_it_was_seen_and_take_that_back(town: Town) -> None:
    sos = town.say("sos.pressed", event_id="a")
    town.say("sos.pressed", event_id="b")
    town.say("smoke.on", "smoke", "digest", own=False)
    town.do(acknowledge, sos.incident_id)
    town.do(release, sos.incident_id)
    town.do(acknowledge, sos.incident_id, actor=LI)
    receipts = [(one.event_key, one.status, one.sent_at) for one in town.rows(Receipt)]
    assert receipts == [(key, status, None) for status in ("seen", "accepted", "seen") for key in ("a", "b")]


def test_of_a_device_that_pressed_very_often_the_latest_presses_are_answered(town: Town) -> None:
    for serial in range(RECEIPTS_A_DEVICE + 5):
        sos = town.say("sos.pressed", event_id=f"press-{serial}")
    town.do(acknowledge, sos.incident_id)
    assert [one.event_key for one in town.rows(Receipt)] == [f"press-{serial}" for serial in range(5, RECEIPTS_A_DEVICE + 5)]


def test_what_the_state_does_not_allow_is_refused_and_leaves_no_trace(town: Town) -> None:
    sos = town.say("sos.pressed")
    for act in (release, on_scene):
        with pytest.raises(ConflictError, match="transition_not_allowed"):
            town.do(act, sos.incident_id)
    assert town.told(sos.incident_id) == ["opened"]
    assert town.incident(sos.incident_id).version == 1
    with pytest.raises(NotFoundError):
        town.do(acknowledge, 999)


def test_an_incident_by_hand_stands_alone_and_rings(town: Town) -> None:
    def opened(kind: str) -> Incident:
        return town.do(open_by_hand, 1, ByHand(kind, note="女儿来电", drill=True))

    first, second = opened("phone_call"), opened("phone_call")
    assert first.id != second.id
    assert (first.state, first.severity, first.drill, first.ring_due_at is None) == ("open", "high", True, False)
    assert town.say("sos.pressed").incident_id not in {first.id, second.id}
    with pytest.raises(InvalidInputError, match="unknown_kind"):
        opened("party")


def test_each_commit_hints_its_place_in_the_sequence(town: Town) -> None:
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    town.do(note, sos.incident_id, "x")
    assert town.hints == [2, 3]
