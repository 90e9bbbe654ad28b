"""One alert is shelved by hand until a time, never a call for help; when the time is over what is still so rings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.clocks import work_off
from alerts.incidents import Ending, acknowledge, close
from alerts.model import AlertState, Disposition
from alerts.modes.model import Suppressed
from alerts.shelving import Shelf, shelve, unshelve
from core.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from integration.alerts.conftest import Town


def until(town: Town, minutes: float = 30) -> Shelf:
    return Shelf(1, town.clock.now() + timedelta(minutes=minutes), "师傅在修")


def test_a_shelved_alert_counts_and_rings_nobody_until_its_end(town: Town) -> None:
    water = town.say("water.on", "smoke")
    town.do(acknowledge, water.incident_id)
    town.do(shelve, water.incident_id, until(town))
    assert town.alerts()[0].state == AlertState.SHELVED
    again = town.say("water.on", "smoke")
    assert again.disposition is Disposition.SHELVED
    (row,) = town.rows(Suppressed)
    assert (row.because, row.alert_id, row.ended_at) == ("shelved", 1, None)
    assert town.incident(water.incident_id).ring_count == 1
    town.later(1801)
    work_off(town.desk)
    incident = town.incident(water.incident_id)
    assert town.alerts()[0].state == AlertState.UNACKNOWLEDGED
    assert incident.ring_count > 1
    assert "shelf_ended" in town.told(incident.id)
    assert town.rows(Suppressed)[0].ended_at is not None


def test_a_condition_that_ends_on_the_shelf_needs_nobody(town: Town) -> None:
    water = town.say("water.on", "smoke")
    town.do(acknowledge, water.incident_id)
    town.do(shelve, water.incident_id, until(town))
    town.say("water.off", "smoke")
    alert = town.alerts()[0]
    assert (alert.state, alert.shelved_due_at) == (AlertState.NORMAL, None)
    town.later(1801)
    work_off(town.desk)
    assert "shelf_ended" not in town.told(water.incident_id)


def test_taking_it_off_the_shelf_asks_for_somebody_again(town: Town) -> None:
    water = town.say("water.on", "smoke")
    town.do(acknowledge, water.incident_id)
    town.do(shelve, water.incident_id, until(town))
    town.do(unshelve, water.incident_id, 1)
    assert town.alerts()[0].state == AlertState.UNACKNOWLEDGED
    assert town.incident(water.incident_id).ring_due_at is not None
    assert town.told(water.incident_id)[-1] == "unshelved"
    with pytest.raises(ConflictError, match="not_shelved"):
        town.do(unshelve, water.incident_id, 1)


def test_what_was_shelved_at_closing_comes_off_into_a_new_incident(town: Town) -> None:
    water = town.say("water.on", "smoke")
    town.do(close, water.incident_id, Ending("technical", shelve_until=town.clock.now() + timedelta(hours=2)))
    new = town.do(unshelve, water.incident_id, 1)
    assert new.id != water.incident_id
    assert (new.previous_id, new.state) == (water.incident_id, "open")


def test_a_shelf_already_made_by_hand_is_kept_at_closing(town: Town) -> None:
    water = town.say("water.on", "smoke")
    town.do(shelve, water.incident_id, until(town))
    assert town.do(close, water.incident_id, Ending("technical")).state == "closed"
    assert town.alerts()[0].state == AlertState.SHELVED


def test_what_is_worse_comes_through_the_shelf(town: Town) -> None:
    water = town.say("water.on", "smoke")
    town.do(shelve, water.incident_id, until(town))
    worse = town.say("water.on", "smoke", data={"severity": "critical"})
    assert worse.disposition in {Disposition.OPENED, Disposition.JOINED}
    assert town.incident(worse.incident_id).severity == "critical"


@pytest.mark.parametrize(
    ("signal", "device"), [("sos.pressed", "button"), ("fall.detected", "pendant"), ("call.requested", "kiosk")]
)
def test_a_call_for_help_is_never_shelved(town: Town, signal: str, device: str) -> None:
    outcome = town.say(signal, device)
    with pytest.raises(ConflictError, match="shelf_not_allowed"):
        town.do(shelve, outcome.incident_id, until(town))
    assert town.say(signal, device).disposition is not Disposition.SHELVED


@pytest.mark.parametrize("minutes", [0, -1, 481])
def test_every_shelf_has_an_end_within_a_shift(town: Town, minutes: int) -> None:
    water = town.say("water.on", "smoke")
    with pytest.raises(InvalidInputError, match="shelf_out_of_range"):
        town.do(shelve, water.incident_id, until(town, minutes))


def test_an_alert_of_another_incident_does_not_exist(town: Town) -> None:
    town.say("water.on", "smoke")
    other = town.say("sos.pressed", "other-button")
    with pytest.raises(NotFoundError, match="alert_not_found"):
        town.do(shelve, other.incident_id, until(town))
