"""Answer times and waiting incidents on `/metrics`: real ones only, each once, and only what was committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from alerts.incidents import ByHand, acknowledge, open_by_hand, release
from alerts.timeline import Actor
from alerts.waiting import EVERY, Waiting
from core.database import after_commit

if TYPE_CHECKING:
    from integration.alerts.conftest import Town
    from sqlalchemy.orm import Session

    from alerts.acts.by import By


WANG = Actor(1, "王芳")


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def answers() -> tuple[float, float]:
    return (
        value("yinling_answer_seconds_count", severity="critical"),
        value("yinling_answer_seconds_sum", severity="critical"),
    )


def test_an_answer_is_counted_once_from_opening_to_the_first_person(town: Town) -> None:
    count, seconds = answers()
    incident = town.say("sos.pressed").incident_id
    town.later(12)
    town.do(acknowledge, incident)
    assert answers() == pytest.approx((count + 1, seconds + 12))
    town.do(release, incident)
    town.later(30)
    town.do(acknowledge, incident)
    assert answers() == pytest.approx((count + 1, seconds + 12)), "only the first answer is the answer time"


def test_a_drill_and_what_fails_before_its_commit_count_nothing(town: Town) -> None:
    before = answers(), value("yinling_incidents_opened_total", severity="critical")
    drill = town.desk.do(WANG, lambda session, by: open_by_hand(session, 1, by, ByHand("sos", drill=True)))
    town.do(acknowledge, drill.id)
    assert answers() == before[0]
    opened = value("yinling_incidents_opened_total", severity="critical")

    def press_and_die(session: Session, by: By) -> None:
        town.engine.apply(session, [town.finding("sos.pressed")], by.now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        town.desk.do(WANG, press_and_die)
    assert value("yinling_incidents_opened_total", severity="critical") == opened


def test_after_commit_runs_once_and_not_for_what_was_undone(town: Town) -> None:
    ran: list[str] = []
    with town.database.transaction() as session:
        with session.begin_nested():
            after_commit(session, lambda: ran.append("kept"))
        undone = session.begin_nested()
        with session.begin_nested():
            after_commit(session, lambda: ran.append("undone"))
        undone.rollback()
        after_commit(session, lambda: ran.append("outside"))
        assert ran == []
    assert ran == ["kept", "outside"]


def test_what_waits_is_counted_from_the_store(town: Town) -> None:
    waiting = Waiting(town.desk)
    waiting.tick()
    assert value("yinling_incidents_not_closed", severity="critical", state="open") == 0
    assert value("yinling_longest_wait_seconds") == 0
    incident = town.say("sos.pressed").incident_id
    town.say("sos.pressed", "probe-button")
    town.later(40)
    assert town.clock.advance(EVERY)
    waiting.tick()
    assert value("yinling_incidents_not_closed", severity="critical", state="open") == 1
    assert value("yinling_longest_wait_seconds") == 45
    town.do(acknowledge, incident)
    town.clock.advance(EVERY)
    waiting.tick()
    assert value("yinling_incidents_not_closed", severity="critical", state="open") == 0
    assert value("yinling_incidents_not_closed", severity="critical", state="acknowledged") == 1
    assert value("yinling_longest_wait_seconds") == 0
