"""Two pagers on one store: what is due is done once, whoever gets to it; what one holds the other passes over."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from support.escalation import settle, step

from alerts.auditor import Auditor
from alerts.clocks import follow_step
from alerts.model import Incident
from alerts.outbox import claim_page
from alerts.pager import PagerLoop
from alerts.paging.model import Page
from alerts.work import Desk
from core.clock import ManualClock

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged

HOMES = ("button", "other-button", "pendant", "pendant-2")


def test_two_pagers_at_once_take_each_step_and_send_each_page_once(paged: Paged) -> None:
    paged.people.staff("wang", "wang")
    paged.people.staff("li", "li")
    paged.people.policy(step(10, "user:wang"), step(20, "user:li"), step(30, "fallback"))
    town = paged.town
    incidents = [town.say("sos.pressed", device).incident_id for device in HOMES]
    loops = [paged.loop, PagerLoop(town.desk, {"apprise": paged.carrier})]
    for seconds in (11, 10, 10):
        town.later(seconds)
        gate = threading.Barrier(2)

        def work(loop: PagerLoop, gate: threading.Barrier = gate) -> None:
            gate.wait(60)
            settle(loop)

        threads = [threading.Thread(target=work, args=(loop,)) for loop in loops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for loop in loops:
            settle(loop)
    loops[1].close()
    pages = town.rows(Page)
    assert sorted((page.incident_id, page.step) for page in pages) == sorted(
        (incident_id, number) for incident_id in incidents for number in range(3)
    )
    assert {page.state for page in pages} == {"sent"}
    assert {page.attempts for page in pages} == {1}
    assert len(paged.carrier.carried) == len(pages)
    for incident_id in incidents:
        assert town.told(incident_id).count("escalated") == 3
        assert town.told(incident_id).count("paged") == 3


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)  # SQLite has one writer, and no second that could hold a row
def test_what_one_pager_holds_the_other_passes_over(paged: Paged) -> None:
    town = paged.town
    for device in HOMES[:2]:
        town.say("sos.pressed", device)
    town.later(61)
    paged.loop._send_due = lambda: 0  # type: ignore[method-assign]  # pages are written and stay
    settle(paged.loop)
    first, second = (page.id for page in town.rows(Page))
    now = town.clock.now()
    with town.database.transaction() as one, town.database.transaction() as other:
        assert claim_page(one, first, now, town.settings) is not None
        assert claim_page(other, first, now, town.settings) is None
        assert claim_page(other, second, now, town.settings) is not None


def test_a_second_pager_finds_nothing_to_audit(paged: Paged) -> None:
    paged.town.say("sos.pressed")
    paged.town.later(61)
    settle(paged.loop)
    for auditor in (Auditor(paged.town.desk), Auditor(paged.town.desk)):
        assert (auditor.tick(), auditor.tick(), auditor.is_content) == (0, 0, True)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_step_of_the_clock_that_both_notice_moves_what_is_due_once(paged: Paged, hours: int) -> None:
    town, step = paged.town, timedelta(hours=hours)
    town.say("sos.pressed")
    [before] = town.rows(Incident)
    desks = [town.desk, Desk(town.database, ManualClock(town.clock.now()), town.settings, lambda _: None)]
    for _ in range(2):  # two steps of the same size, shortly after each other
        for desk in desks:
            assert isinstance(desk.clock, ManualClock)
            desk.clock.step(step)
        for desk in desks:
            assert follow_step(desk) == step
            assert follow_step(desk) is None
    [after] = town.rows(Incident)
    assert before.ring_due_at is not None
    assert after.ring_due_at == before.ring_due_at + 2 * step
    assert before.escalation_due_at is not None
    assert after.escalation_due_at == before.escalation_due_at + 2 * step


def test_a_machine_that_started_in_1970_moves_nothing_away_when_its_clock_is_set(paged: Paged) -> None:
    """Power is back, the clock has no battery: what was due in 2026 is due in 2026 once the time is known."""
    town = paged.town
    town.say("sos.pressed")
    [before] = town.rows(Incident)
    clock = ManualClock(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    desk = Desk(town.database, clock, town.settings, lambda _: None)
    assert follow_step(desk) is None
    clock.step(town.clock.now() - clock.now())
    assert follow_step(desk) is not None
    [after] = town.rows(Incident)
    assert (after.ring_due_at, after.escalation_due_at) == (before.ring_due_at, before.escalation_due_at)
    assert after.escalation_from_at == before.escalation_from_at
