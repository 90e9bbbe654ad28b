"""An alert whose device is gone, or whose rule looks at it no longer, does not ring after every shelf for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from integration.ingest.test_rules_wait_in_rows_that_commit_with_their_message import LOW_OXYGEN, Centre, centre

from alerts.acts.by import By
from alerts.acts.ending import Ending, close
from alerts.model import Alert, TimelineEntry
from alerts.timeline import Actor
from core.errors import ConflictError
from devices.model import Device
from devices.service import retire
from ingest.worker import CheckBook
from people.model import User

__all__ = ["centre"]

NOW: dict[str, Any] = {**LOW_OXYGEN, "hold_seconds": 0}


@pytest.fixture(autouse=True)
def _operator(centre: Centre) -> None:
    with centre.database.transaction() as session:
        session.add(User(id=1, username="op", name="调度员", role="operator", password_hash="-", created_at=centre.clock.now()))


def end(centre: Centre) -> str:
    """Close the one incident as an operator does; what stands against it, or nothing."""
    [incident] = centre.bench.incidents()
    try:
        with centre.database.transaction() as session:
            by = By(Actor(1, "调度员"), centre.clock.now(), centre.settings)
            close(session, incident.id, by, Ending("technical"))
    except ConflictError as refused:
        return refused.code
    return ""


def take_out_of_use(centre: Centre, code: str) -> None:
    with centre.database.transaction() as session:
        retire(session, session.scalars(sa.select(Device).where(Device.code == code)).one())


def look(centre: Centre) -> None:
    """The worker learns of what changed, and does its chores."""
    CheckBook(centre.bench.tools)()
    centre.bench.timers.begin()


def story(centre: Centre) -> list[str]:
    with centre.database.snapshot() as session:
        return list(session.scalars(sa.select(TimelineEntry.act).order_by(TimelineEntry.id)))


def test_a_door_whose_tamper_was_open_is_replaced(centre: Centre) -> None:
    centre.say("door", "tamper.on")
    assert end(centre) == "condition_persists"
    take_out_of_use(centre, "door")
    look(centre)
    [alert] = centre.alerts("tamper")
    assert (alert.condition_active, alert.state) == (False, "return_unacknowledged")
    assert story(centre)[-1] == "alert_unwatched"  # nobody is told that a danger is over
    look(centre)
    assert story(centre).count("alert_unwatched") == 1
    assert end(centre) == ""


def test_one_on_the_shelf_does_not_ring_again(centre: Centre) -> None:
    centre.say("door", "tamper.on")
    [incident] = centre.bench.incidents()
    with centre.database.transaction() as session:
        by = By(Actor(1, "调度员"), centre.clock.now(), centre.settings)
        close(session, incident.id, by, Ending("technical", shelve_until=centre.clock.now() + timedelta(hours=8)))
    take_out_of_use(centre, "door")
    centre.die()  # also when the worker was away meanwhile
    [alert] = centre.alerts("tamper")
    assert (alert.state, alert.closed_at is None) == ("normal", False)


OWN: dict[str, Any] = {"code": "own", "kind": "signal", "on": ["tamper.on"], "off": ["tamper.off"], "raises": "device_fault"}


@pytest.mark.parametrize("change", [{"enabled": False}, {"monitor": True}, {"applies": {"profiles": ["motion"]}}])
def test_a_rule_that_was_switched_off_or_narrowed_leaves_nothing_open(centre: Centre, change: dict[str, Any]) -> None:
    centre.put(**OWN)
    centre.say("door", "tamper.on")
    centre.put(**{**OWN, "severity": "medium"})
    assert [one.condition_active for one in centre.alerts("own")] == [True]
    centre.put(**{**OWN, **change})
    assert [one.condition_active for one in centre.alerts("own")] == [False]
    assert [one.condition_active for one in centre.alerts("tamper")] == [True]


def test_a_value_another_device_still_measures_stands(centre: Centre) -> None:
    centre.put(**NOW)
    centre.measure("watch", spo2=92)
    take_out_of_use(centre, "watch")
    look(centre)
    [alert] = centre.alerts("low_oxygen")
    assert alert.condition_active  # the pulse oximeter of the cupboard can still say that it is over
    take_out_of_use(centre, "scale")
    look(centre)
    [alert] = centre.alerts("low_oxygen")
    assert not alert.condition_active


def test_what_stands_stands(centre: Centre) -> None:
    centre.put(**NOW)
    centre.measure("watch", spo2=92)
    centre.say("door", "tamper.on")
    take_out_of_use(centre, "hall")
    centre.put(**{**NOW, "severity": "medium"})
    look(centre)
    with centre.database.snapshot() as session:
        assert session.scalars(sa.select(Alert.condition_active)).all() == [True, True]


def test_a_chore_that_fails_forgets_no_home(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    centre.say("door", "tamper.on")
    take_out_of_use(centre, "door")
    CheckBook(centre.bench.tools)()
    with monkeypatch.context() as patched:
        patched.setattr(centre.bench.tools.engine, "apply", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            centre.bench.timers.begin()
    centre.bench.timers.begin()
    assert [one.condition_active for one in centre.alerts("tamper")] == [False]
