"""What a bug, a hand in the store or a dead loop could leave behind is found, set right, raised and told outside."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from support.escalation import settle, step

from alerts.auditor import WHAT, Auditor
from alerts.incidents import acknowledge
from alerts.model import Incident
from alerts.paging.model import Page, PageToken
from core.config import Settings

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged


def spoil(paged: Paged, incident_id: int | None, **values: Any) -> None:
    with paged.town.database.transaction() as session:
        session.execute(sa.update(Incident).where(Incident.id == incident_id).values(**values))


def look_twice(auditor: Auditor) -> int:
    assert auditor.tick() == 0, "what is seen once may be work under way"
    return auditor.tick()


def raised(paged: Paged) -> list[Incident]:
    return [one for one in paged.town.incidents() if one.lane == f"system:{WHAT}"]


def test_nothing_wrong_is_nothing_said(paged: Paged) -> None:
    paged.town.say("sos.pressed")
    auditor = Auditor(paged.town.desk)
    assert auditor.is_content is False, "before its first look it has nothing to say"
    assert look_twice(auditor) == 0
    assert auditor.is_content
    assert raised(paged) == []


def test_an_incident_without_a_clock_rings_again(paged: Paged) -> None:
    sos = paged.town.say("sos.pressed")
    spoil(paged, sos.incident_id, ring_due_at=None, escalation_due_at=None)
    auditor = Auditor(paged.town.desk)
    assert look_twice(auditor) == 1
    incident = paged.town.incident(sos.incident_id)
    assert incident.ring_due_at is not None
    assert incident.escalation_due_at is not None
    assert "repaired" in paged.town.told(sos.incident_id)
    (system,) = raised(paged)
    assert (system.severity, system.state) == ("high", "open")
    assert auditor.is_content is False, "the outside watcher hears nothing"
    assert look_twice(auditor) == 0
    assert auditor.is_content
    assert [alert.state for alert in paged.town.alerts(system.id)] == ["return_unacknowledged"]


@pytest.mark.parametrize("spoiled", [{"policy": None, "escalation_due_at": None}, {"escalation_due_at": None}])
@pytest.mark.parametrize("taken", [False, True])
def test_a_critical_incident_that_rings_and_asks_nobody_asks_again(paged: Paged, spoiled: dict[str, Any], taken: bool) -> None:
    """Also one that somebody took and that got worse since."""
    town = paged.town
    sos = town.say("sos.pressed")
    if taken:
        town.do(acknowledge, sos.incident_id)
        town.say("smoke.on", "other-button")
        town.say("sos.pressed", "button", "2")
    assert town.incident(sos.incident_id).ring_due_at is not None
    spoil(paged, sos.incident_id, **({"policy": sa.null(), "escalation_due_at": None} if "policy" in spoiled else spoiled))
    auditor = Auditor(town.desk)
    assert look_twice(auditor) == 1
    incident = town.incident(sos.incident_id)
    assert (incident.policy or {})["code"] == "default"
    assert "repaired" in town.told(sos.incident_id)
    assert look_twice(auditor) == 0
    assert "fallback" in [heard for _ in range(11) for heard in paged.after(9)]


def test_what_nobody_is_paged_for_is_no_flaw(paged: Paged) -> None:
    paged.town.say("battery.low")
    assert look_twice(Auditor(paged.town.desk)) == 0


def test_a_claim_without_an_end_gets_one(paged: Paged) -> None:
    sos = paged.town.say("sos.pressed")
    paged.town.do(acknowledge, sos.incident_id)
    spoil(paged, sos.incident_id, claim_due_at=None)
    assert look_twice(Auditor(paged.town.desk)) == 1
    assert paged.town.incident(sos.incident_id).claim_due_at is not None


def test_work_overdue_by_more_than_ten_seconds_is_done_by_the_auditor(paged: Paged) -> None:
    sos = paged.town.say("sos.pressed")
    auditor = Auditor(paged.town.desk)
    paged.town.later(69)  # a pager that stands still; the step was due nine seconds ago, a ring long before
    assert auditor.tick() == 0
    paged.town.later(5)
    auditor.tick()
    paged.town.later(5)
    auditor.tick()
    assert [page.target for page in paged.town.rows(Page)] == ["fallback"]
    assert paged.town.incident(sos.incident_id).ring_count > 1
    assert raised(paged) != []


def test_pages_the_policy_asked_for_and_nobody_wrote_are_written(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.policy(step(10, "user:wang"), step(600, "fallback"))
    sos = paged.town.say("sos.pressed")
    spoil(paged, sos.incident_id, escalation_step=1, escalation_due_at=paged.town.clock.now() + timedelta(seconds=600))
    paged.town.later(21)
    settle(paged.loop)
    assert paged.carrier.take() == []
    auditor = Auditor(paged.town.desk)
    assert look_twice(auditor) == 1
    assert paged.after(0) == ["wang"]
    assert look_twice(auditor) == 0


def test_fewer_pages_than_a_step_asked_for_are_written_and_only_once_again(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.staff("li", "li")
    paged.people.policy(step(10, "user:wang", "user:li"), step(600, "fallback"))
    sos = paged.town.say("sos.pressed")
    assert paged.after(11) == ["li", "wang"]
    with paged.town.database.transaction() as session:
        lost = sa.select(Page.id).where(Page.target == "li").scalar_subquery()
        session.execute(sa.delete(PageToken).where(PageToken.page_id == lost))
        session.execute(sa.delete(Page).where(Page.target == "li"))
    paged.town.later(11)
    auditor = Auditor(paged.town.desk)
    assert look_twice(auditor) == 1
    assert paged.after(0) == ["li"]
    assert raised(paged) != []
    with paged.town.database.transaction() as session:  # what cannot be written again is no reason to look for ever
        session.execute(sa.delete(PageToken).where(PageToken.page_id == lost))
        session.execute(sa.delete(Page).where(Page.target == "li"))
    assert look_twice(auditor) == 0
    assert auditor.is_content
    assert paged.town.told(sos.incident_id).count("repaired") == 1


def test_pages_nobody_sends_are_said(paged: Paged) -> None:
    paged.town.say("sos.pressed")
    paged.town.later(61)
    paged.loop._send_due = lambda: 0  # type: ignore[method-assign]  # the senders are dead
    settle(paged.loop)
    for _ in range(3):
        paged.town.later(5)
        settle(paged.loop)
    auditor = Auditor(paged.town.desk)
    assert look_twice(auditor) == 1
    assert raised(paged) != []


@pytest.mark.parametrize("hours", [1, -1])
def test_a_step_of_the_wall_clock_is_no_flaw(paged: Paged, hours: int) -> None:
    paged.town.say("sos.pressed")
    auditor = Auditor(paged.town.desk)
    paged.town.clock.step(timedelta(hours=hours))
    auditor.tick()  # before the pager has moved what is due
    settle(paged.loop)
    assert auditor.tick() == 0
    assert auditor.is_content
    assert raised(paged) == []


def test_a_look_that_is_old_says_nothing_outside(paged: Paged) -> None:
    auditor = Auditor(paged.town.desk)
    auditor.tick()
    assert auditor.is_content
    paged.town.later(61)
    assert auditor.is_content is False


def test_a_step_that_had_nobody_is_not_a_page_that_is_missing(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.staff("silent")
    paged.people.policy(step(5, "second_centre"), step(10, "user:wang"), step(20, "user:silent"), step(25, "second_centre"))
    sos = paged.town.say("sos.pressed")
    assert paged.after(6) == ["wang"]
    paged.after(60)
    assert look_twice(Auditor(paged.town.desk)) == 0
    assert paged.town.told(sos.incident_id).count("nobody_on_duty") == 3


def test_a_centre_that_set_nothing_up_is_not_repaired_for_ever(paged: Paged) -> None:
    paged.town.desk.settings = Settings(data_dir=paged.town.settings.data_dir)
    sos = paged.town.say("sos.pressed")
    paged.after(90)
    assert look_twice(Auditor(paged.town.desk)) == 0
    assert "nobody_to_page" in paged.town.told(sos.incident_id)
