"""Release, an expired claim, reopening and getting worse: new rounds, never later clocks, nobody paged twice in a moment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from support.escalation import by_round, settle, step

from alerts.clocks import work_alone
from alerts.due import CLOCKS
from alerts.incidents import Ending, acknowledge, close, release, reopen
from alerts.paging.model import Page
from alerts.ports import NotSent

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged


def test_a_persons_act_ends_the_round_and_its_release_begins_another(paged: Paged) -> None:
    town = paged.town
    paged.people.staff("wang", "wang")
    paged.people.policy(step(10, "user:wang"), step(60, "fallback"))
    sos = town.say("sos.pressed")
    assert paged.after(11) == ["wang"]
    town.do(acknowledge, sos.incident_id)
    incident = town.incident(sos.incident_id)
    assert (incident.escalation_due_at, incident.escalation_step) == (None, 1)
    assert paged.after(100) == []
    town.do(release, sos.incident_id)
    incident = town.incident(sos.incident_id)
    assert (incident.escalation_round, incident.escalation_step) == (2, 0)
    assert paged.after(11) == ["wang"]
    assert sorted(by_round(town.rows(Page))) == [1, 2]


def test_taken_and_given_back_in_a_moment_pages_nobody_twice(paged: Paged) -> None:
    town = paged.town
    paged.people.staff("wang", "wang")
    paged.people.policy(step(0, "user:wang"))
    sos = town.say("sos.pressed")
    assert paged.after(0) == ["wang"]
    town.later(1)
    town.do(acknowledge, sos.incident_id)
    town.do(release, sos.incident_id)
    assert paged.after(0) == []
    assert paged.after(28) == []
    assert paged.after(2) == ["wang"]


def test_what_was_not_sent_before_is_asked_for_by_the_new_round_only(paged: Paged) -> None:
    town = paged.town
    paged.people.staff("wang", "wang")
    paged.people.policy(step(10, "user:wang"))
    paged.carrier.otherwise = NotSent("down")
    sos = town.say("sos.pressed")
    paged.after(11)
    town.do(acknowledge, sos.incident_id)
    town.do(release, sos.incident_id)
    paged.carrier.otherwise = type(paged.carrier)().otherwise
    assert paged.after(5) == []
    assert paged.after(6) == ["wang"]
    assert [state for _, _, state in by_round(town.rows(Page))[1]] == ["given_up"]


def test_reopening_asks_again(paged: Paged) -> None:
    town = paged.town
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    town.do(close, sos.incident_id, Ending("reassured"))
    assert paged.after(600) == []
    town.do(reopen, sos.incident_id)
    assert paged.after(59) == []
    assert paged.after(2) == ["fallback"]


def test_an_unwatched_release_rests_before_it_pages_again(paged: Paged) -> None:
    town = paged.town
    town.watch(lasts=timedelta(days=-1))
    sos = town.say("sos.pressed")
    assert paged.after(0) == ["fallback"]
    town.do(acknowledge, sos.incident_id)
    town.do(release, sos.incident_id)
    assert paged.after(1) == []
    assert paged.after(62) == ["fallback"]


def test_getting_worse_takes_the_policy_of_the_worse_and_never_a_later_clock(paged: Paged) -> None:
    town = paged.town
    paged.people.staff("wang", "wang")
    paged.people.staff("li", "li")
    paged.people.policy(step(30, "user:wang"), code="life", severities=("critical",))
    paged.people.policy(step(40, "user:li"), step(50, "user:li"), code="hazard", severities=("high",))
    water = town.say("water.on", "smoke")
    due_at = town.incident(water.incident_id).escalation_due_at
    town.later(35)
    settle(paged.loop)
    smoke = town.say("smoke.on", "smoke")
    assert smoke.incident_id == water.incident_id
    incident = town.incident(smoke.incident_id)
    assert (incident.policy or {})["code"] == "life"
    assert incident.escalation_due_at == due_at, "the new policy would wait thirty seconds, the old one five"
    assert paged.after(6) == ["wang"]


def test_a_repeat_changes_no_clock_and_no_round(paged: Paged) -> None:
    town = paged.town
    sos = town.say("sos.pressed")
    before = town.incident(sos.incident_id)
    for _ in range(5):
        town.later(10)
        settle(paged.loop)
        town.say("sos.pressed")
    after = town.incident(sos.incident_id)
    assert (after.escalation_due_at, after.escalation_round) == (before.escalation_due_at, 1)


def test_presses_while_it_rings_again_at_its_owner_put_nothing_off(paged: Paged) -> None:
    town = paged.town
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    heard: list[str] = []
    for _ in range(8):
        town.say("sos.pressed")
        heard += paged.after(10)
    assert heard == ["fallback"]


def test_a_fall_its_wearer_cancelled_is_not_paged_and_a_press_after_it_is(paged: Paged) -> None:
    town = paged.town
    watch: dict[str, Any] = {"facts": {"cancel_window_seconds": 30.0}}
    fall = town.say("fall.detected", "pendant", **watch)
    town.later(5)
    town.say("fall.cancelled", "pendant", **watch)
    incident = town.incident(fall.incident_id)
    assert (incident.severity, incident.policy, incident.escalation_due_at) == ("medium", None, None)
    assert paged.after(300) == []
    town.say("sos.pressed", "pendant")
    assert paged.after(61) == ["fallback"]


def test_a_stale_look_escalates_nothing_twice(paged: Paged) -> None:
    """Two pagers saw the same row due; the second finds that it was taken."""

    town = paged.town
    paged.people.staff("wang", "wang")
    paged.people.policy(step(10, "user:wang"), step(600, "fallback"))
    sos = town.say("sos.pressed")
    town.later(11)
    for _ in range(3):
        work_alone(town.desk, CLOCKS[0], sos.incident_id or 0)
    assert [(page.step, page.target) for page in town.rows(Page)] == [(0, "wang")]
    assert town.told(sos.incident_id).count("escalated") == 1
