"""Critical pages are never bundled and never wait; others of one person come as one that names every resident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.escalation import step

from alerts.incidents import acknowledge
from alerts.paging.model import Page
from alerts.ports import NotSent, Sent
from people.model import Resident

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged


def two_homes(paged: Paged) -> None:
    with paged.town.database.transaction() as session:
        session.add(Resident(home_id=2, name="赵大海", created_at=paged.town.clock.now()))
    paged.people.staff("wang", "wang")
    paged.people.policy(step(30, "user:wang"), severities=("critical", "high"))


def test_what_waits_for_one_person_is_one_page_that_names_everybody(paged: Paged) -> None:
    two_homes(paged)
    first = paged.town.say("water.on", "smoke")
    paged.town.say("water.on", "other-button")
    assert paged.after(31) == ["wang"]
    pages = paged.town.rows(Page)
    assert [page.state for page in pages] == ["sent", "sent"]
    assert [page.bundled_into_id for page in pages] == [None, pages[0].id]
    assert paged.town.told(first.incident_id).count("paged") == 1


def test_the_one_page_names_every_resident(paged: Paged) -> None:
    two_homes(paged)
    paged.town.say("water.on", "smoke")
    paged.town.say("water.on", "other-button")
    paged.town.later(31)
    paged.loop.tick()
    assert paged.loop.wait_for_sends(20)
    (message,) = paged.carrier.carried
    assert "李秀英" in message.body
    assert "赵大海" in message.body


def test_within_a_minute_the_next_waits_and_critical_ones_never(paged: Paged) -> None:
    two_homes(paged)
    paged.town.say("water.on", "smoke")
    assert paged.after(31) == ["wang"]
    paged.town.say("water.on", "other-button")
    assert paged.after(31) == [], "31 s after the one before"
    paged.town.say("sos.pressed", "pendant")
    assert paged.after(28) == [], "its own step is not due yet"
    assert paged.after(3) == ["wang", "wang"], "the critical one by itself, the other when its minute is over"


def test_a_persons_pause_delays_nobody_elses_page(paged: Paged) -> None:
    two_homes(paged)
    paged.people.staff("li", "li")
    paged.people.policy(step(30, "user:wang", "user:li"), code="own", severities=("critical", "high"))
    paged.town.say("water.on", "smoke")
    assert paged.after(31) == ["li", "wang"]
    paged.people.policy(step(30, "user:wang"), step(31, "user:li"), code="own", severities=("critical", "high"))
    paged.town.say("sos.pressed", "other-button")
    assert paged.after(32) == ["li", "wang"], "another resident's alarm is at once, whatever was sent before"


def test_taken_members_are_left_out_and_a_failed_bundle_is_tried_again_whole(paged: Paged) -> None:
    two_homes(paged)
    first = paged.town.say("water.on", "smoke")
    paged.town.say("water.on", "other-button")
    paged.carrier.otherwise = NotSent("down")
    assert paged.after(31) == []
    assert [page.state for page in paged.town.rows(Page)] == ["pending", "pending"]
    paged.town.do(acknowledge, first.incident_id)
    paged.carrier.otherwise = Sent()
    assert paged.after(20) == ["wang"]
    assert sorted(page.state for page in paged.town.rows(Page)) == ["given_up", "sent"]


def test_a_lease_that_ran_out_gives_the_whole_bundle_back(paged: Paged) -> None:
    two_homes(paged)
    paged.town.say("water.on", "smoke")
    paged.town.say("water.on", "other-button")
    paged.town.later(31)
    paged.loop._send_due = lambda: 0  # type: ignore[method-assign]  # this pager dies between its claim and its send
    paged.loop.tick()
    assert len(paged.loop._claim([paged.town.rows(Page)[0].id])) == 1
    del paged.loop._send_due
    assert paged.after(20) == []
    assert paged.after(11) == ["wang"]
    assert [page.state for page in paged.town.rows(Page)] == ["sent", "sent"]
