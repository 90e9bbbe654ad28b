from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from alerts.model import Change, Disposition, Incident, ProbeRun
from alerts.probe import ensure_probe_homes, probe_targets, start_run
from alerts.probe_watch import needs_look, watch_probe
from core.partition import partition_of
from devices.model import Device
from people.model import Home

if TYPE_CHECKING:
    from integration.alerts.conftest import Town


def send(town: Town) -> str:
    with town.database.transaction() as session:
        return start_run(session, town.clock.now(), town.settings).event_key


def look(town: Town) -> int:
    with town.database.snapshot() as session:
        if not needs_look(session, town.clock.now()):
            return 0
    return town.desk.act(lambda session, now: watch_probe(session, now, town.settings))


def test_a_probe_goes_the_whole_way_and_into_no_queue(town: Town) -> None:
    key = send(town)
    town.later(0.25)
    outcome = town.say("sos.pressed", "probe-button", key)
    assert (outcome.disposition, outcome.receipt, outcome.incident_state) == (Disposition.OPENED, "accepted", "closed")
    (run,) = town.rows(ProbeRun)
    assert (run.outcome, run.latency_milliseconds) == ("arrived", 250)
    incident = town.incident(outcome.incident_id)
    assert (incident.probe, incident.number, incident.ring_due_at, incident.escalation_due_at) == (True, -1, None, None)
    assert town.incidents() == []
    assert [change.probe for change in town.rows(Change)] == [True]
    assert town.say("sos.pressed").incident_id is not None
    assert town.incidents()[0].number == 1


def test_a_lost_probe_is_one_critical_incident_of_the_system_that_returns_by_itself(town: Town) -> None:
    for _ in range(3):
        send(town)
        town.later(16)
        assert look(town) == 1
    (incident,) = town.incidents()
    assert (incident.kind, incident.home_id, incident.severity, incident.lane) == ("system", None, "critical", "system:probe")
    assert look(town) == 0
    assert town.alerts()[0].condition_active
    town.later(60)
    town.say("sos.pressed", "probe-button", send(town))
    look(town)
    (alert,) = town.alerts()
    assert (alert.condition_active, alert.state) == (False, "return_unacknowledged")
    assert town.incident(incident.id).state == "open"
    assert look(town) == 0


def test_a_late_probe_is_counted_as_late(town: Town) -> None:
    key = send(town)
    town.later(20)
    look(town)
    town.say("sos.pressed", "probe-button", key)
    assert town.rows(ProbeRun)[0].outcome == "late"


def test_every_partition_has_its_own_hidden_home(town: Town) -> None:
    targets = probe_targets(4)
    assert [partition_of(one.home, 4) for one in targets] == [0, 1, 2, 3]
    for _ in range(2):
        with town.database.transaction() as session:
            ensure_probe_homes(session, 4, town.clock.now())
    with town.database.snapshot() as session:
        homes = session.scalars(sa.select(Home).where(Home.code.in_([one.home for one in targets]))).all()
        assert len(homes) == 4
        assert all(home.is_probe for home in homes)
        made = [home.id for home in homes if home.id > 3]
        assert session.scalar(sa.select(sa.func.count()).select_from(Device).where(Device.home_id.in_(made))) == len(made)


def test_probes_never_ring_whatever_their_home_says(town: Town) -> None:
    town.say("smoke.on", "probe-button")
    town.later(3600)
    with town.database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Incident)) == 0
