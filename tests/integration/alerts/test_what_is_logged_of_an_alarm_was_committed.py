from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from alerts.incidents import note
from alerts.timeline import Act, tell

if TYPE_CHECKING:
    from integration.alerts.conftest import Town
    from sqlalchemy.orm import Session

    from alerts.model import Incident


class _GivenUpError(Exception):
    """Something fails before the commit."""


def _tell_and_give_up(session: Session, incident: Incident, town: Town) -> None:
    tell(session, incident, Act.RANG_AGAIN, town.clock.now())
    session.flush()
    raise _GivenUpError


def test_a_press_logs_its_message_and_its_incident(town: Town) -> None:
    with capture_logs() as lines:
        outcome = town.say("sos.pressed", event_id="17")
    told = [(line["event"], line["incident"], line.get("act", line.get("message"))) for line in lines]
    assert sorted(told) == [
        ("incident_told", outcome.incident_id, "opened"),
        ("signal_kept", outcome.incident_id, "17"),
    ]


def test_nothing_is_logged_of_what_was_given_up(town: Town) -> None:
    incident_id = town.say("sos.pressed").incident_id
    with capture_logs() as lines, pytest.raises(_GivenUpError), town.database.transaction() as session:
        _tell_and_give_up(session, town.incident(incident_id), town)
    assert lines == []


def test_a_savepoint_given_up_is_not_logged_and_what_stands_beside_it_is(town: Town) -> None:
    incident = town.incident(town.say("sos.pressed").incident_id)
    with capture_logs() as lines, town.database.transaction() as session:
        with pytest.raises(_GivenUpError), session.begin_nested():
            _tell_and_give_up(session, incident, town)
        with session.begin_nested():
            tell(session, incident, Act.ESCALATED, town.clock.now(), step=2)
            session.flush()
            assert lines == []
    assert [(line["act"], line["step"]) for line in lines] == [("escalated", 2)]


def test_no_text_and_no_name_reaches_a_log(town: Town) -> None:
    incident_id = town.say("sos.pressed").incident_id
    with capture_logs() as lines:
        town.do(note, incident_id, "她有糖尿病")
    (line,) = lines
    assert (line["act"], line["user"]) == ("noted", 1)
    assert "糖尿病" not in str(line)
    assert "actor" not in line
