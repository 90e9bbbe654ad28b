"""The steps of a policy, the people behind them at that moment, and the chain that never stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.escalation import Carrier, People, by_round, settle, step

from alerts.incidents import acknowledge
from alerts.pager import PagerLoop
from alerts.paging.model import Page, PageAnswer
from alerts.ports import NotSent
from core.config import Settings
from people.duty.model import Leave
from people.model import Area, Home
from people.reach.model import ContactPoint

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

Duty = tuple["Town", PagerLoop, Carrier, People]
NEVER = NotSent("no such number", permanent=True, broken=True)


@pytest.fixture
def duty(tmp_path: Path, make_town: Callable[[Settings], Town]) -> Iterator[Duty]:
    settings = Settings(data_dir=tmp_path, fallback_urls=("fallback",), second_centre_url="json://second")
    town, carrier = make_town(settings), Carrier()
    town.watch()
    loop = PagerLoop(town.desk, {"apprise": carrier, "web_push": carrier})
    yield town, loop, carrier, People(town.database, town.clock)
    loop.close()


def after(duty: Duty, seconds: float) -> list[str]:
    town, loop, carrier, _ = duty
    town.later(seconds)
    settle(loop)
    return carrier.take()


def test_the_built_in_policy_asks_supervisors_contacts_fallback_and_the_second_centre(duty: Duty) -> None:
    town, _, _, people = duty
    people.staff("lead", "lead")
    people.contact("son", "son", order=1)
    people.contact("aunt", "aunt", order=2)
    sos = town.say("sos.pressed")
    assert after(duty, 29) == []
    assert after(duty, 2) == ["lead"]
    assert after(duty, 28) == []
    assert after(duty, 2) == ["fallback", "son"]
    assert after(duty, 30) == ["aunt"], "contacts are called one after another"
    assert after(duty, 88) == []
    assert after(duty, 3) == ["json://second"]
    assert [act for act in town.told(sos.incident_id) if act == "escalated"] == ["escalated"] * 4
    assert after(duty, 299) == []
    assert after(duty, 2) == []
    assert after(duty, 31) == ["lead"], "nobody came: from the first again"
    assert "policy_ended" not in town.told(sos.incident_id)


def test_who_has_the_shift_is_asked_when_the_step_comes(duty: Duty) -> None:
    town, _, _, people = duty
    first, _ = people.staff("wang", "wang"), people.staff("li", "li")
    people.roster("night", ["wang"], ["li"], since="11:00", until="11:01")
    people.roster("day", ["li"], since="11:01", until="23:00")
    people.policy(step(30, "roster:night"), step(70, "roster:day", "roster:night"))
    with town.database.transaction() as session:
        session.add(
            Leave(user_id=first, starts_at=town.clock.now() + timedelta(hours=1), ends_at=town.clock.now() + timedelta(hours=2))
        )
    town.say("sos.pressed")  # at 11:00 of the centre's zone
    assert after(duty, 31) == ["wang"]
    assert after(duty, 40) == ["li"]


def test_leave_is_filled_by_the_substitute_at_that_moment(duty: Duty) -> None:
    town, _, _, people = duty
    wang, li = people.staff("wang", "wang"), people.staff("li", "li")
    people.policy(step(30, "user:wang"))
    town.say("sos.pressed")
    with town.database.transaction() as session:
        now = town.clock.now()
        session.add(Leave(user_id=wang, starts_at=now, ends_at=now + timedelta(days=1), substitute_id=li))
    assert after(duty, 31) == ["li"]


def test_the_policy_of_the_nearest_area_holds_and_stays_with_the_incident(duty: Duty) -> None:
    town, _, _, people = duty
    with town.database.transaction() as session:
        session.add(Area(id=1, code="street", name="街道", path="/street/"))
        session.add(Area(id=2, code="grid", name="网格", path="/street/grid/"))
        session.flush()
        session.get_one(Home, 1).area_id = 2
    people.staff("grid-lead", "grid-lead", areas=[2])
    people.staff("street-lead", "street-lead", areas=[1])
    people.policy(step(20, "user:street-lead"), code="street", area="street")
    people.policy(step(10, "user:grid-lead"), code="grid", area="grid")
    sos = town.say("sos.pressed")
    other = town.say("sos.pressed", "other-button")
    people.policy(step(900, "user:grid-lead"), code="grid", area="grid")
    frozen = town.incident(sos.incident_id).policy
    assert frozen is not None
    assert (frozen["code"], frozen["version"]) == ("grid", 1)
    assert (town.incident(other.incident_id).policy or {})["code"] == "default"
    assert after(duty, 11) == ["grid-lead"]


def test_nobody_on_duty_takes_the_next_step_at_once(duty: Duty) -> None:
    town, _, _, people = duty
    people.staff("silent")
    people.staff("li", "li")
    people.roster("night", ["silent"], since="20:00", until="21:00")
    people.policy(step(10, "roster:night"), step(20, "user:silent"), step(300, "user:li"), step(400, "fallback"))
    sos = town.say("sos.pressed")
    assert after(duty, 11) == ["li"]
    told = town.told(sos.incident_id)
    assert told.count("nobody_on_duty") == 2
    assert after(duty, 300) == []
    assert after(duty, 100) == ["fallback"]


def test_an_address_that_never_works_takes_the_next_way_then_the_next_step(duty: Duty) -> None:
    town, _, carrier, people = duty
    people.staff("wang", "wang-1", "wang-2")
    people.staff("li", "li")
    people.policy(step(10, "user:wang"), step(600, "user:li"))
    carrier.says |= {"wang-1": NEVER, "wang-2": NEVER}
    town.say("sos.pressed")
    assert after(duty, 11) == ["li"]
    assert carrier.tried == ["wang-1", "wang-2", "li"]
    broken = [point.broken_reason for point in town.rows(ContactPoint) if point.address.startswith("wang")]
    assert broken == ["no such number", "no such number"]
    town.say("sos.pressed", "other-button")
    assert after(duty, 11) == ["li"], "what is broken is not tried again"


def test_each_way_of_a_person_in_turn_until_somebody_takes_it(duty: Duty) -> None:
    town, _, _, people = duty
    people.staff("wang", "app", "web_push!browser")
    people.policy(step(10, "user:wang"))
    sos = town.say("sos.pressed")
    assert after(duty, 11) == ["app"]
    assert after(duty, 21) == ["browser"]
    again = town.say("sos.pressed", "other-button")
    assert after(duty, 11) == ["app"]
    town.do(acknowledge, again.incident_id)
    assert after(duty, 30) == []
    assert [page.state for page in town.rows(Page) if page.incident_id == again.incident_id] == ["sent", "given_up"]
    assert town.incident(sos.incident_id).state == "open"


def test_a_step_takes_only_the_channels_it_names(duty: Duty) -> None:
    town, _, _, people = duty
    people.staff("wang", "app", "web_push!browser")
    people.policy(step(10, "user:wang", channels=["web_push"]))
    town.say("sos.pressed")
    assert after(duty, 11) == ["browser"]


def test_contacts_who_may_not_be_called_now_come_last(duty: Duty) -> None:
    town, _, _, people = duty
    people.contact("son", "son", order=1, available=[{"days": [1, 2, 3, 4, 5, 6, 7], "from": "18:00", "to": "22:00"}])
    people.contact("aunt", "aunt", order=2)
    people.policy(step(10, "contacts:40"))
    town.say("sos.pressed")
    assert after(duty, 11) == ["aunt"]
    assert after(duty, 41) == ["son"]


def test_who_answered_is_not_paged_again_in_that_round(duty: Duty) -> None:
    town, loop, carrier, people = duty
    people.contact("son", "son", "son-2", order=1)
    people.contact("aunt", "aunt", order=2)
    people.policy(step(10, "contacts:60"))
    sos = town.say("sos.pressed")
    assert after(duty, 11) == ["son"]
    with town.database.transaction() as session:
        page = session.query(Page).filter(Page.target == "son").one()
        session.add(
            PageAnswer(
                page_id=page.id, incident_id=sos.incident_id, person=page.person, answer="accepted", via="link", at=town.clock.now()
            )
        )
    assert after(duty, 30) == []
    assert after(duty, 31) == ["aunt"], "each person answers for themselves"
    assert (loop.wait_for_sends(1), carrier.tried.count("son-2")) == (True, 0)


def test_all_steps_are_taken_again_as_often_as_the_policy_says(duty: Duty) -> None:
    town, _, _, people = duty
    people.staff("wang", "wang")
    people.policy(step(10, "user:wang"), repeat=2, repeat_after_seconds=60, severities=["high"])
    leak = town.say("water.on")
    assert town.incident(leak.incident_id).severity == "high"
    heard = [after(duty, seconds) for seconds in (11, 60, 11, 60, 11, 60, 11, 600)]
    assert heard == [["wang"], [], ["wang"], [], ["wang"], [], [], []]
    assert sorted(by_round(town.rows(Page))) == [1, 2, 3]
    assert "policy_ended" in town.told(leak.incident_id)
    assert town.incident(leak.incident_id).ring_due_at is not None, "it rings on"


def test_a_policy_that_cannot_be_read_does_not_silence_its_incident(duty: Duty) -> None:
    town, _, _, _ = duty
    sos = town.say("sos.pressed")
    with town.database.transaction() as session:
        incident = session.get_one(type(town.incident(sos.incident_id)), sos.incident_id)
        incident.policy = {"code": "own", "version": 3, "spec": {"steps": "what?"}}
    assert after(duty, 61) == ["fallback"]
    assert "repaired" in town.told(sos.incident_id)


def test_what_nobody_is_paged_for_has_no_policy(duty: Duty) -> None:
    town, _, _, _ = duty
    low = town.say("battery.low")
    incident = town.incident(low.incident_id)
    assert (incident.policy, incident.escalation_due_at) == (None, None)
    assert incident.ring_due_at is not None
