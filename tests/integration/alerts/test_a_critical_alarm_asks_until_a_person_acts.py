"""While nobody acts, the rounds of a critical incident never end; those of any other end where its policy says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.escalation import step

from alerts.incidents import acknowledge
from alerts.paging.model import Page
from alerts.ports import NotSent, Sent

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged


@pytest.mark.parametrize(("repeat", "pause"), [(0, 60), (0, 900), (1, 60)])
def test_it_begins_another_round_for_as_long_as_nobody_acted(paged: Paged, repeat: int, pause: float) -> None:
    paged.people.staff("wang", "wang")
    paged.people.policy(step(10, "user:wang"), repeat=repeat, repeat_after_seconds=pause)
    sos = paged.town.say("sos.pressed")
    assert paged.after(11) == ["wang"]
    for _ in range(repeat):
        assert (paged.after(pause), paged.after(11)) == ([], ["wang"])
    for _ in range(20):
        assert paged.after(max(pause, 300) - 2) == [], "not at the pace of the policy, but slower"
        assert (paged.after(3), paged.after(11)) == ([], ["wang"])
    assert "policy_ended" not in paged.town.told(sos.incident_id)
    paged.town.do(acknowledge, sos.incident_id)
    assert paged.town.incident(sos.incident_id).escalation_due_at is None


def test_whoever_can_be_reached_only_later_is_paged_in_a_later_round(paged: Paged) -> None:
    paged.carrier.says["fallback"] = NotSent("no such address", permanent=True)
    paged.people.policy(step(10, "role:responder"))
    sos = paged.town.say("sos.pressed")
    assert [heard for _ in range(5) for heard in paged.after(10)] == []
    paged.people.staff("chen", "chen", role="responder")
    assert [heard for _ in range(40) for heard in paged.after(10)] == ["chen"]
    assert paged.town.incident(sos.incident_id).state == "open"


def test_a_provider_that_is_back_after_several_rounds_gets_each_page_once(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.policy(step(10, "user:wang"))
    paged.carrier.otherwise = NotSent("no answer")
    paged.town.say("sos.pressed")
    assert [heard for _ in range(90) for heard in paged.after(10)] == []
    paged.carrier.otherwise = Sent()
    assert [heard for _ in range(3) for heard in paged.after(10)] == ["wang"]
    assert sorted(page.state for page in paged.town.rows(Page))[:-1] == ["given_up"] * (len(paged.town.rows(Page)) - 1)


def test_one_that_is_not_critical_ends_and_rings_on(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.policy(step(10, "user:wang"), severities=["high"])
    leak = paged.town.say("water.on")
    assert [heard for _ in range(90) for heard in paged.after(10)] == ["wang"]
    assert "policy_ended" in paged.town.told(leak.incident_id)
    assert paged.town.incident(leak.incident_id).ring_due_at is not None
