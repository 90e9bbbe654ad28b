"""Somebody moves where nobody should be: the centre is asked once a stay whether they are back, and nothing is switched off."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from alerts.clocks import work_off
from alerts.incidents import Ending, close
from alerts.mode_ends import end_stay, set_mode
from alerts.modes.model import Mode, ModeKind
from alerts.modes.service import Wanted, movement_seen
from alerts.timeline import Actor

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

WANG = Actor(1, "王芳")


def leave(town: Town, mode: ModeKind = ModeKind.AWAY, **more: Any) -> Mode:
    wanted = Wanted(home_id=1, mode=mode, until_at=town.clock.now() + timedelta(days=5), **more)
    made = town.desk.do(WANG, lambda session, by: set_mode(session, wanted, by))
    town.later(2 * 3600)
    return made


@pytest.mark.parametrize("mode", [ModeKind.AWAY, ModeKind.HOSPITAL])
@pytest.mark.parametrize("signal", ["motion.seen", "door.opened", "bed.entered", "presence.on"])
def test_movement_asks_and_only_once(town: Town, mode: ModeKind, signal: str) -> None:
    stay = leave(town, mode)
    town.say(signal, "smoke")
    work_off(town.desk)
    (incident,) = town.incidents()
    assert (incident.kind, incident.severity, incident.lane) == ("mode_question", "low", "mode_question")
    stored = town.rows(Mode)[0]
    assert stored.movement_seen_at == town.clock.now()
    assert stored.ended_at is None
    assert (town.alerts()[0].evidence or {})["mode"] == mode
    town.do(close, incident.id, Ending("reassured"))
    town.later(600)
    town.say(signal, "smoke")
    work_off(town.desk)
    assert len(town.incidents()) == 1
    assert town.rows(Mode)[0].id == stay.id


def test_packing_and_going_asks_nothing(town: Town) -> None:
    leave(town)
    town.clock.advance(-timedelta(hours=2) + timedelta(minutes=20))
    town.say("door.opened", "smoke")
    work_off(town.desk)
    assert town.incidents() == []


def test_old_news_asks_nothing(town: Town) -> None:
    leave(town)
    town.say("motion.seen", "smoke", retained=True)
    work_off(town.desk)
    assert town.incidents() == []


def test_where_somebody_stayed_behind_movement_is_expected(town: Town) -> None:
    leave(town, ModeKind.HOSPITAL, resident_id=1)
    town.say("motion.seen", "smoke")
    work_off(town.desk)
    assert town.incidents() == []


def test_a_reading_of_movement_asks_too(town: Town) -> None:
    with town.database.transaction() as session:
        assert not movement_seen(session, [1], town.clock.now())
    leave(town)
    with town.database.transaction() as session:
        assert movement_seen(session, [1], town.clock.now())
        assert not movement_seen(session, [1], town.clock.now())
    work_off(town.desk)
    assert [one.kind for one in town.incidents()] == ["mode_question"]


def test_a_stay_that_ended_meanwhile_is_not_asked_about(town: Town) -> None:
    stay = leave(town)
    town.say("motion.seen", "smoke")
    town.desk.act(lambda session, now: end_stay(session, session.get_one(Mode, stay.id), now, town.settings, WANG))
    work_off(town.desk)
    assert town.incidents() == []


def test_the_question_never_shares_with_an_alarm(town: Town) -> None:
    leave(town)
    sos = town.say("sos.pressed")
    town.say("motion.seen", "smoke")
    work_off(town.desk)
    assert {one.kind for one in town.incidents()} == {"sos", "mode_question"}
    assert len(town.alerts(sos.incident_id)) == 1
