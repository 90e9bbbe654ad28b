"""A policy all of whose people are gone, or cannot be reached, leaves no alarm unheard where there is a fallback address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.escalation import settle, step

from alerts.paging.model import Page

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged


def test_when_no_step_reaches_anybody_the_fallback_is_paged_once_a_round(paged: Paged) -> None:
    town = paged.town
    paged.people.staff("wang")  # has no number and no account
    paged.people.policy(step(10, "user:wang"), step(20, "role:responder"), repeat=1)
    incident_id = town.say("sos.pressed").incident_id
    for _ in range(3):
        town.later(10)
        settle(paged.loop)
    assert [(page.target, page.round) for page in town.rows(Page)] == [("fallback", 1)]
    assert paged.carrier.targets() == ["fallback"]
    told = town.told(incident_id)
    assert told.count("nobody_on_duty") == 2
    assert "nobody_to_page" not in told
    town.later(400)
    settle(paged.loop)
    town.later(30)
    settle(paged.loop)
    assert [page.round for page in town.rows(Page)] == [1, 2]


def test_a_policy_that_reached_somebody_asks_the_fallback_only_where_it_says_so(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.policy(step(10, "user:wang"), step(20, "role:responder"))
    paged.town.say("sos.pressed")
    for _ in range(4):
        paged.town.later(10)
        settle(paged.loop)
    assert [page.target for page in paged.town.rows(Page)] == ["wang"]
