from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

from support.escalation import settle, step

from alerts.model import Poison
from alerts.pager import PagerLoop
from alerts.paging.model import Page, PageTemplate
from alerts.ports import Channel, Message, NotSent, Sent

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged


def test_ten_minutes_away_then_everything_goes_the_moment_it_is_back(paged: Paged) -> None:
    paged.people.staff("wang", "sms://wang")
    paged.people.policy(step(0, "user:wang"))
    paged.carrier.otherwise = NotSent("no answer")
    town = paged.town
    for device in ("button", "other-button", "pendant"):
        town.say("sos.pressed", device)
    for _ in range(40):
        assert paged.after(15) == []
    waiting = [page.incident_id for page in town.rows(Page) if page.state == "pending"]
    assert len(waiting) == len(set(waiting)) == 3, "a later round asks in the place of what was not sent"
    paged.carrier.otherwise = Sent()
    town.say("sos.pressed", "pendant-2")
    assert paged.after(0) == ["sms://wang"] * 4, "the first that goes through lets the others go"


def test_a_deadline_that_passes_takes_the_next_step(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.policy(step(0, "user:wang", retry_for_seconds=60), step(3600, "fallback"))
    paged.carrier.says["wang"] = NotSent("no answer")
    sos = paged.town.say("sos.pressed")
    assert [heard for _ in range(5) for heard in paged.after(9)] == []
    assert [heard for _ in range(4) for heard in paged.after(9)] == ["fallback"]
    assert "page_failed" in paged.town.told(sos.incident_id)


def test_what_the_provider_asks_is_waited_for_but_never_past_the_deadline(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.policy(step(0, "user:wang", retry_for_seconds=300))
    paged.carrier.says["wang"] = NotSent("slow down", retry_after_seconds=100)
    paged.town.say("sos.pressed")
    for _ in range(11):
        paged.after(9)
    assert len(paged.carrier.tried) == 1
    paged.after(11)
    assert len(paged.carrier.tried) == 2
    paged.carrier.says["wang"] = NotSent("slow down", retry_after_seconds=100_000)
    paged.after(101)
    (page,) = paged.town.rows(Page)
    assert (page.state, page.due_at < page.deadline_at) == ("pending", True)


def test_a_provider_that_stalls_holds_up_no_other(paged: Paged) -> None:
    let_go = threading.Event()

    class Stalls:
        def send(self, _message: Message) -> Sent:
            let_go.wait(60)
            return Sent()

    town = paged.town
    loop = PagerLoop(town.desk, {"apprise": paged.carrier, "webhook": cast("Channel", Stalls())})
    slow = [f"address:http://slow/{number}" for number in range(20)]
    paged.people.policy(step(0, *slow), code="flood", severities=("critical",))
    town.say("sos.pressed")
    loop.tick()
    paged.people.staff("wang", "wang")
    paged.people.policy(step(0, "user:wang"), code="flood", severities=("critical",))
    town.say("sos.pressed", "other-button")
    loop.tick()
    for _ in range(200):
        if paged.carrier.carried:
            break
        threading.Event().wait(0.05)
    assert paged.carrier.take() == ["wang"]
    let_go.set()
    assert loop.wait_for_sends(30)
    settle(loop)
    assert {page.state for page in town.rows(Page)} == {"sent"}
    loop.close()


def test_a_text_that_cannot_be_made_is_set_aside_and_the_page_goes_all_the_same(paged: Paged) -> None:
    town = paged.town
    with town.database.transaction() as session:
        session.add(
            PageTemplate(key="alarm.full", language="zh-CN", title="{kind!r", body="{", updated_at=town.clock.now(), updated_by="x")
        )
    town.say("sos.pressed")
    assert paged.after(61) == ["fallback"]
    assert {row.place for row in town.rows(Poison)} == {"pages.text"}


def test_a_channel_nobody_set_up_escalates_at_once(paged: Paged) -> None:
    paged.people.staff("wang", "web_push!browser")
    paged.people.policy(step(0, "user:wang"), step(600, "fallback"))
    paged.town.say("sos.pressed")
    assert paged.after(0) == ["fallback"]


def test_one_chore_that_fails_stops_no_clock_and_no_other_chore(paged: Paged) -> None:
    done: list[str] = []

    def fails() -> None:
        raise RuntimeError("poison")

    chores: dict[str, Any] = {"bad": fails, "good": lambda: done.append("good")}
    loop = PagerLoop(paged.town.desk, {"apprise": paged.carrier}, chores=chores)
    paged.town.say("sos.pressed")
    paged.town.later(61)
    settle(loop)
    loop.close()
    assert done
    assert paged.carrier.take() == ["fallback"]
