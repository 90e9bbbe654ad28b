from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alerts.findings import Finding
from alerts.leases import LeaseLostError, check_epoch, take_lease
from alerts.model import Disposition, Incident, Poison, SignalRecord

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

UNSTORABLE: dict[str, Any] = {"data": {"x": object()}}


def test_one_poison_finding_does_not_stop_the_others(town: Town) -> None:
    outcomes = town.apply(
        town.finding("sos.pressed"),
        town.finding("motion.seen", **UNSTORABLE),
        town.finding("sos.pressed", "other-button"),
    )
    assert [one.disposition for one in outcomes] == [Disposition.OPENED, Disposition.STORED, Disposition.OPENED]
    assert outcomes[1].receipt is None
    assert len(town.incidents()) == 2
    (poison,) = town.rows(Poison)
    assert poison.place == "engine"
    assert poison.payload is not None


def test_an_sos_that_fails_the_usual_way_is_opened_plainly_and_only_once(town: Town) -> None:
    first = town.say("sos.pressed", event_id="17", **UNSTORABLE)
    assert (first.disposition, first.receipt) == (Disposition.OPENED, "accepted")
    (incident,) = town.incidents()
    assert (incident.state, incident.severity, incident.escalation_due_at is None) == ("open", "critical", False)
    assert town.say("sos.pressed", event_id="17", **UNSTORABLE).disposition is Disposition.DUPLICATE
    assert len(town.incidents()) == 1
    assert len(town.rows(SignalRecord)) == 1


def test_an_sos_with_a_key_no_database_stores_still_opens(town: Town) -> None:
    for key in ("\ud800", "a\x00b", "x" * 5000):
        assert town.say("sos.pressed", event_id=key).receipt == "accepted"
    assert len(town.incidents()) == 1


def test_an_sos_that_cannot_be_opened_at_all_goes_up_so_that_it_comes_again(town: Town) -> None:
    def impossible(finding: Finding) -> Finding:
        return replace(finding, home_id=404)

    with pytest.raises(sa.exc.IntegrityError):
        town.apply(impossible(town.finding("sos.pressed")))
    assert town.incidents() == []


def test_a_store_that_is_away_is_nobodys_poison(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr("alerts.engine._apply_one", away)
    with pytest.raises(sa.exc.OperationalError):
        town.say("sos.pressed")
    assert town.rows(Poison) == []


def test_the_database_itself_refuses_a_second_open_incident_of_a_lane(town: Town) -> None:
    town.say("sos.pressed")
    with pytest.raises(sa.exc.IntegrityError), town.database.transaction() as session:
        session.add(
            Incident(number=99, kind="sos", home_id=1, lane="life", severity="critical", state="open", opened_at=town.clock.now())
        )


def test_a_worker_that_was_replaced_commits_nothing(town: Town) -> None:
    with town.database.transaction() as session:
        old = take_lease(session, 0, "ingest-a", town.clock.now())
    with town.database.transaction() as session:
        check_epoch(session, 0, old)
    with town.database.transaction() as session:
        assert take_lease(session, 0, "ingest-b", town.clock.now()) == old + 1

    def wake_up() -> None:
        with town.database.transaction() as session:
            town.engine.apply(session, [town.finding("sos.pressed")], town.clock.now())
            check_epoch(session, 0, old)

    with pytest.raises(LeaseLostError):
        wake_up()
    assert town.incidents() == []
