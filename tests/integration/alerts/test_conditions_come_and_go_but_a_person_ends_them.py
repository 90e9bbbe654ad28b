from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.clocks import work_off
from alerts.conditions import ActiveConditions
from alerts.incidents import Ending, acknowledge, close, reopen, resolve
from alerts.model import Disposition, SignalRecord
from core.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from integration.alerts.conftest import Town


def test_smoke_off_before_anybody_looked_still_needs_a_person(town: Town) -> None:
    on = town.say("smoke.on", "smoke")
    off = town.say("smoke.off", "smoke")
    assert off.disposition is Disposition.CLEARED
    (alert,) = town.alerts()
    assert (alert.state, alert.condition_active) == ("return_unacknowledged", False)
    assert town.incident(on.incident_id).state == "open"
    town.do(acknowledge, on.incident_id)
    assert town.alerts()[0].state == "normal"


def test_smoke_off_after_the_acknowledgement_is_normal(town: Town) -> None:
    on = town.say("smoke.on", "smoke")
    town.do(acknowledge, on.incident_id)
    town.say("smoke.off", "smoke")
    assert town.alerts()[0].state == "normal"
    town.say("smoke.on", "smoke")
    assert (town.alerts()[0].state, town.incident(on.incident_id).ring_count) == ("unacknowledged", 2)


def test_a_state_told_again_is_neither_a_new_alarm_nor_a_line(town: Town) -> None:
    on = town.say("smoke.on", "smoke", "digest", own=False, data={"report": "state"})
    town.later(30)
    assert town.say("smoke.on", "smoke", "digest", own=False).disposition is Disposition.REPEATED
    assert town.told(on.incident_id) == ["opened"]
    assert town.say("smoke.off", "smoke", "other", own=False).disposition is Disposition.CLEARED
    town.later(1)
    assert town.say("smoke.on", "smoke", "digest", own=False).disposition is Disposition.REPEATED
    assert town.alerts()[0].condition_active
    assert town.told(on.incident_id) == ["opened", "alert_returned", "alert_repeated"]


def test_a_retained_state_raises_once(town: Town) -> None:
    first = town.say("smoke.on", "smoke", "digest", own=False, retained=True)
    assert first.disposition is Disposition.OPENED
    town.later(300)
    assert town.say("smoke.on", "smoke", "digest", own=False, retained=True).disposition is Disposition.REPEATED
    assert len(town.incidents()) == 1


@pytest.mark.parametrize("own", [True, False])
def test_a_late_redelivery_neither_clears_nor_doubles(town: Town, *, own: bool) -> None:
    town.say("smoke.on", "smoke", "on-2", own=own)
    town.later(2)
    late_off = town.say("smoke.off", "smoke", "off-1", own=own, redelivered=True)
    assert late_off.disposition is Disposition.SUPERSEDED
    assert town.alerts()[0].condition_active
    late_on = town.say("smoke.on", "smoke", "on-1", own=own, redelivered=True)
    assert late_on.disposition is Disposition.SUPERSEDED
    assert town.alerts()[0].count == 1
    town.later(2)
    town.say("smoke.off", "smoke", "off-2", own=own)
    town.later(2)
    assert town.say("smoke.on", "smoke", "on-0", own=own, redelivered=True).disposition is Disposition.SUPERSEDED
    assert not town.alerts()[0].condition_active
    assert len(town.incidents()) == 1


def test_an_on_overtaken_by_its_off_still_opens_but_as_returned(town: Town) -> None:
    town.say("smoke.off", "smoke", "off-1")
    on = town.say("smoke.on", "smoke", "on-1", redelivered=True)
    assert on.disposition is Disposition.OPENED
    assert town.alerts()[0].state == "return_unacknowledged"


def test_a_late_on_of_a_closed_episode_opens_nothing(town: Town) -> None:
    on = town.say("smoke.on", "smoke", "on-2", device_at=town.clock.now())
    town.later(5)
    town.say("smoke.off", "smoke", "off-2", device_at=town.clock.now())
    town.do(close, on.incident_id, Ending("technical"))
    late = town.say("smoke.on", "smoke", "on-1", redelivered=True, device_at=town.clock.now() - timedelta(seconds=9))
    assert (late.disposition, late.incident_id) == (Disposition.SUPERSEDED, on.incident_id)


def test_closing_over_smoke_that_is_still_on_is_refused_unless_shelved(town: Town) -> None:
    on = town.say("smoke.on", "smoke")
    with pytest.raises(ConflictError, match="condition_persists"):
        town.do(close, on.incident_id, Ending("technical"))
    for hours in (0, -1, 9):
        with pytest.raises(InvalidInputError, match="shelf_out_of_range"):
            town.do(close, on.incident_id, Ending("technical", shelve_until=town.clock.now() + timedelta(hours=hours)))
    town.do(close, on.incident_id, Ending("technical", shelve_until=town.clock.now() + timedelta(hours=2)))
    assert town.say("smoke.on", "smoke").disposition is Disposition.SHELVED
    assert len(town.incidents()) == 1
    assert town.rows(SignalRecord)[-1].disposition == "shelved"


def test_a_shelf_that_ends_over_a_condition_rings_again_in_a_linked_incident(town: Town) -> None:
    on = town.say("smoke.on", "smoke")
    town.do(close, on.incident_id, Ending("technical", shelve_until=town.clock.now() + timedelta(hours=2)))
    town.later(7200)
    assert work_off(town.desk) == 1
    before, new = town.incidents()
    assert (new.state, new.severity, new.previous_id) == ("open", "critical", before.id)
    assert new.escalation_due_at is not None
    (alert,) = town.alerts()
    assert (alert.state, alert.incident_id) == ("unacknowledged", new.id)


def test_smoke_that_ends_on_the_shelf_is_over(town: Town) -> None:
    on = town.say("smoke.on", "smoke")
    town.do(close, on.incident_id, Ending("technical", shelve_until=town.clock.now() + timedelta(hours=2)))
    assert town.say("smoke.off", "smoke").disposition is Disposition.CLEARED
    town.later(7200)
    assert work_off(town.desk) == 0
    assert town.say("smoke.on", "smoke").disposition is Disposition.OPENED


def test_resolving_keeps_an_active_condition_and_its_repeats_quiet(town: Town) -> None:
    on = town.say("smoke.on", "smoke")
    town.do(resolve, on.incident_id)
    assert town.say("smoke.on", "smoke", own=False).incident_id == on.incident_id
    with pytest.raises(ConflictError, match="condition_persists"):
        town.do(close, on.incident_id, Ending("technical"))
    town.say("smoke.off", "smoke")
    assert town.say("smoke.on", "smoke").disposition is Disposition.OPENED


def test_an_unknown_reason_is_refused(town: Town) -> None:
    sos = town.say("sos.pressed")
    with pytest.raises(InvalidInputError, match="unknown_reason"):
        town.do(close, sos.incident_id, Ending("bored"))


def test_reopening_rings_and_is_refused_while_a_later_one_is_open(town: Town) -> None:
    first = town.say("sos.pressed")
    town.do(close, first.incident_id, Ending("reassured"))
    again = town.do(reopen, first.incident_id)
    assert (again.state, again.ring_count, again.owner_id, again.closed_at) == ("open", 2, None, None)
    assert town.alerts()[0].state == "unacknowledged"
    town.do(close, first.incident_id, Ending("reassured"))
    town.say("sos.pressed")
    with pytest.raises(ConflictError, match="another_incident_open"):
        town.do(reopen, first.incident_id)


def test_a_worker_that_starts_anew_knows_what_is_still_so(town: Town) -> None:
    town.say("battery.low")
    town.say("sos.pressed")
    conditions = ActiveConditions()
    with town.database.snapshot() as session:
        conditions.load(session)
    assert conditions.severity(1, "battery", "device:button") == "low"
    assert conditions.severity(1, "sos", "device:button") is None
    conditions.learn([town.say("battery.ok")])
    assert conditions.severity(1, "battery", "device:button") is None
