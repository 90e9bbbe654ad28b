"""A home is back from an outage of its area and a device of it is not: half an hour later that asks for somebody again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from integration.alerts.test_an_area_without_power_is_one_incident import HOMES, fault, look, lose, of_area, restore, street

from alerts.findings import Condition, Finding
from alerts.incidents import Ending, close
from alerts.model import Incident
from alerts.modes.model import Suppressed
from alerts.outage_watch import OutageWatch
from devices.model import Device, DeviceState

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

__all__ = ["street"]


@pytest.fixture
def dark(street: Town) -> Town:
    """Five homes without power, and in one of them a sensor that fell silent with it."""
    with street.database.transaction() as session:
        now = street.clock.now()
        live = DeviceState.LIVE
        session.add(Device(id=40, code="mat", home_id=11, name="床垫", profile="generic", state=live, created_at=now))
    lose(street, 11, 12, 13, 14, 15)
    look(street, OutageWatch(street.desk))
    street.apply(silence())
    assert own(street) == []
    return street


def silence(condition: Condition = Condition.ON) -> Finding:
    return replace(fault(11, "silence", condition), device_id=40, subject="device:mat")


def own(town: Town) -> list[Incident]:
    return [one for one in town.incidents() if one.home_id in HOMES and one.state == "open"]


def wait(town: Town, minutes: float) -> None:
    """Looked at by a pager that was started only now: nothing is kept in memory."""
    town.later(minutes * 60)
    look(town, OutageWatch(town.desk))


def test_it_is_raised_at_its_own_home_once(dark: Town) -> None:
    restore(dark, 11)
    wait(dark, 0)
    wait(dark, 29)
    assert own(dark) == []
    wait(dark, 1)
    (single,) = own(dark)
    assert (single.home_id, single.lane, single.ring_due_at is not None) == (11, "fault", True)
    (alert,) = dark.alerts(single.id)
    assert (alert.subject, alert.state, alert.condition_active) == ("device:mat", "unacknowledged", True)
    (folded,) = [one for one in dark.alerts(of_area(dark)[0].id) if one.subject == "device:mat"]
    assert folded.closed_at is not None, "what the outage was stays told"
    assert [row.ended_at is None for row in dark.rows(Suppressed)] == [False]
    wait(dark, 60)
    assert len(own(dark)) == 1
    dark.apply(silence(Condition.OFF))
    assert dark.alerts(single.id)[0].condition_active is False


def test_one_that_speaks_in_time_asks_nobody(dark: Town) -> None:
    restore(dark, 11)
    wait(dark, 0)
    dark.apply(silence(Condition.OFF))
    wait(dark, 31)
    assert own(dark) == []


def test_while_the_home_is_dark_or_dark_again_it_belongs_to_the_outage(dark: Town) -> None:
    wait(dark, 120)
    assert own(dark) == []
    restore(dark, 11)
    wait(dark, 0)
    wait(dark, 20)
    lose(dark, 11)
    wait(dark, 0)
    wait(dark, 120)
    assert own(dark) == []


def test_what_a_person_put_on_the_shelf_with_the_outage_waits_for_its_end(dark: Town) -> None:
    restore(dark, 11)
    wait(dark, 0)
    until = dark.clock.now() + timedelta(hours=2)
    dark.do(close, of_area(dark)[0].id, Ending("handed_over", shelve_until=until))
    wait(dark, 60)
    assert own(dark) == []


def test_a_clock_that_was_set_back_does_not_put_it_off(dark: Town) -> None:
    restore(dark, 11)
    wait(dark, 0)
    with dark.database.transaction() as session:
        session.execute(sa.text("UPDATE incident_homes SET restored_at = restored_at + 86400000000 WHERE home_id = 11"))
    wait(dark, 0)
    assert [one.home_id for one in own(dark)] == [11]
