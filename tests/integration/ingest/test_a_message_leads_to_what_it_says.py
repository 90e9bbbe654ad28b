"""The pipeline on real stores: incidents, receipts, readings, children, and what was not understood."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY
from support.worker import Bench as AnyBench
from support.worker import add_device, add_home, build_bench

from alerts.leases import LeaseLostError, take_lease
from alerts.model import Alert, Incident, Poison, Receipt, SignalRecord
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from devices.model import Device
from ingest.model import UnknownMessage, UnknownTopic
from people.model import Home

Bench = AnyBench[ManualClock]

PRESS = {"id": "7", "type": "sos.pressed"}


@pytest.fixture
def bench(tmp_path: Path, database: Database, clock: ManualClock, settings: Settings) -> Iterator[Bench]:
    home = add_home(database, clock.now(), "h1")
    add_device(database, clock.now(), home, "b1", "sos-button")
    add_device(database, clock.now(), home, "v1", "vitals")
    add_device(database, clock.now(), home, "g1", "zigbee2mqtt-gateway")
    bench = build_bench(tmp_path, database, clock, settings)
    yield bench
    bench.store.close()


def test_a_press_opens_one_critical_incident_and_is_accepted(bench: Bench) -> None:
    bench.say("yl/v1/h1/b1/event", PRESS)
    [incident] = bench.incidents()
    assert (incident.kind, incident.severity, incident.state) == ("sos", "critical", "open")
    assert bench.outbox.sent[0][0] == "yl/v1/h1/b1/receipt"
    assert bench.outbox.sent[0][1]["status"] == "accepted"
    assert bench.outbox.sent[0][1]["incident"] == incident.id


def test_the_way_from_arrival_to_commit_is_measured_once_for_each_alarm(bench: Bench) -> None:
    def measured() -> tuple[float, float]:
        values = [REGISTRY.get_sample_value(f"yinling_alarm_commit_seconds_{part}") or 0.0 for part in ("count", "sum")]
        return values[0], values[1]

    count, seconds = measured()
    message = bench.message("yl/v1/h1/b1/event", PRESS)
    bench.clock.advance(timedelta(seconds=2))
    bench.pipeline.handle([message])
    assert measured() == pytest.approx((count + 1, seconds + 2))
    bench.say("yl/v1/h1/b1/event", PRESS)
    bench.say("yl/v1/h1/v1/telemetry", {"values": {"heart_rate": 70}})
    assert measured()[0] == count + 1, "a repeat and telemetry are no alarms"


def test_the_same_id_ten_times_and_ten_ids_make_one_incident(bench: Bench) -> None:
    for _ in range(10):
        bench.say("yl/v1/h1/b1/event", PRESS)
    for number in range(10):
        bench.say("yl/v1/h1/b1/event", {"id": f"new-{number}", "type": "sos.pressed"})
    assert len(bench.incidents()) == 1
    assert bench.outbox.statuses() == ["accepted"] + ["duplicate"] * 9 + ["accepted"] * 10


def test_all_in_one_batch_makes_one_incident_too(bench: Bench) -> None:
    messages = [bench.message("yl/v1/h1/b1/event", {"id": str(n % 3), "type": "sos.pressed"}) for n in range(30)]
    bench.pipeline.handle(messages)
    assert len(bench.incidents()) == 1
    assert sorted(set(bench.outbox.statuses())) == ["accepted", "duplicate"]


def test_a_device_made_after_the_worker_started_is_found(bench: Bench) -> None:
    with bench.database.snapshot() as session:
        home = session.scalars(sa.select(Home)).one()
    add_device(bench.database, bench.clock.now(), home.id, "late", "sos-button")
    bench.say("yl/v1/h1/late/event", PRESS)
    assert len(bench.incidents()) == 1


def test_a_home_that_changed_meanwhile_is_read_again_before_the_commit(bench: Bench) -> None:
    bench.say("yl/v1/h1/b1/event", {"id": "0", "type": "device.tested"})
    with bench.database.transaction() as session:
        home = session.scalars(sa.select(Home)).one()
        home.revision += 1
        session.scalars(sa.select(Device).where(Device.code == "b1")).one().state = "registered"
    bench.say("yl/v1/h1/b1/event", PRESS)
    assert [incident.not_live for incident in bench.incidents()] == [True]


def test_a_worker_that_lost_its_lease_commits_nothing(bench: Bench) -> None:
    with bench.database.transaction() as session:
        take_lease(session, 0, "another", bench.clock.now())
    with pytest.raises(LeaseLostError):
        bench.say("yl/v1/h1/b1/event", PRESS)
    assert bench.incidents() == []
    assert bench.outbox.sent == []


def test_readings_are_stored_and_a_bad_one_raises_its_alert(bench: Bench) -> None:
    bench.say("yl/v1/h1/v1/telemetry", {"values": {"heart_rate": 72, "spo2": 70}})
    now = bench.clock.now()
    with bench.database.snapshot() as session:
        device = session.scalars(sa.select(Device).where(Device.code == "v1")).one()
    points = bench.store.read(device.id, "spo2", now - timedelta(hours=1), now + timedelta(hours=1), 10)
    assert [point.value for point in points] == [70]
    assert [incident.kind for incident in bench.incidents()] == ["vitals"]


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("yl/v1/nowhere/b1/event", PRESS, "unknown_home"),
        ("yl/v1/h1/nobody/event", PRESS, "unknown_device"),
        ("yl/v1/h1/b1/event", b"\xff\x00 not json", "malformed"),
        ("yl/v1/h1/b1/gossip/x", {"a": 1}, "unknown_channel"),
        ("yl/v1/h1/v1/telemetry", {"values": {"mood": 3}}, "unknown_metric"),
    ],
)
def test_what_is_not_understood_is_kept_and_counted(bench: Bench, topic: str, body: object, reason: str) -> None:
    bench.say(topic, body)
    bench.say(topic, body)
    with bench.database.snapshot() as session:
        [row] = session.scalars(sa.select(UnknownTopic)).all()
        kept = session.scalar(sa.select(sa.func.count()).select_from(UnknownMessage))
    assert (row.topic, row.reason, row.count, kept) == (topic, reason, 2, 2)


def test_a_gateways_child_is_registered_once_and_its_press_rings_marked_as_not_live(bench: Bench) -> None:
    for payload in ({"action": "emergency", "battery": 90}, {"action": ""}):
        bench.say("yl/v1/h1/g1/up/zigbee2mqtt/Living\u00a0room/求助 按钮", payload)
    with bench.database.snapshot() as session:
        children = session.scalars(sa.select(Device).where(Device.parent_id.is_not(None))).all()
    assert [child.name for child in children] == ["Living room/求助 按钮"]
    assert [(incident.kind, incident.not_live) for incident in bench.incidents()] == [("sos", True)]


def test_a_retained_press_is_old_news_but_stored(bench: Bench) -> None:
    bench.say("yl/v1/h1/b1/event", PRESS, retained=True)
    assert bench.incidents() == []
    with bench.database.snapshot() as session:
        assert session.scalars(sa.select(SignalRecord.disposition)).all() == ["stale_retained"]


def test_seen_goes_out_once_from_the_outbox(bench: Bench) -> None:
    bench.say("yl/v1/h1/b1/event", PRESS)
    with bench.database.transaction() as session:
        incident = session.scalars(sa.select(Incident)).one()
        device = session.scalars(sa.select(Device).where(Device.code == "b1")).one()
        session.add(
            Receipt(
                device_id=device.id,
                home_id=device.home_id,
                incident_id=incident.id,
                event_key="7",
                status="seen",
                created_at=bench.clock.now(),
            )
        )
    assert (bench.tools.receipts.drain(), bench.tools.receipts.drain()) == (1, 0)
    assert bench.outbox.sent[-1][1] | {"at": 0} == {"id": "7", "status": "seen", "incident": incident.id, "state": "open", "at": 0}
    bench.say("yl/v1/h1/b1/status", {"online": True})
    assert bench.outbox.statuses() == ["accepted", "seen", "seen"]


def test_a_silent_device_raises_one_fault_and_clears_when_heard(bench: Bench, settings: Settings) -> None:
    with bench.database.transaction() as session:
        session.scalars(sa.select(Device).where(Device.code == "b1")).one().silence_due_at = bench.clock.now()
    bench.clock.advance(timedelta(days=4))
    for _ in range(3):
        bench.tools.conditions.learn(bench.silence.tick())
        bench.clock.advance(timedelta(days=4))
    assert [(incident.kind, incident.severity) for incident in bench.incidents()] == [("silence", "low")]
    bench.say("yl/v1/h1/b1/event", {"id": "t", "type": "device.tested"})
    assert bench.tools.conditions.severity(bench.incidents()[0].home_id, "silence", "device:b1") is None
    assert settings.restart_grace_seconds < timedelta(days=4).total_seconds()


def test_nobody_is_called_silent_within_the_grace_after_our_own_outage(bench: Bench) -> None:
    with bench.database.transaction() as session:
        session.scalars(sa.select(Device).where(Device.code == "b1")).one().silence_due_at = bench.clock.now()
    bench.clock.advance(timedelta(days=4))
    bench.silence.our_ears_were_closed()
    assert bench.silence.tick() == []


def test_a_state_told_again_is_stored_once_and_a_change_is_stored(bench: Bench) -> None:
    for contact in (True, True, False, False, True):
        bench.say("yl/v1/h1/g1/up/zigbee2mqtt/door", {"contact": contact, "tamper": False})
        bench.clock.advance(timedelta(seconds=30))
    with bench.database.snapshot() as session:
        types = session.scalars(sa.select(SignalRecord.type).order_by(SignalRecord.id)).all()
    assert [one for one in types if one.startswith("door")] == ["door.closed", "door.opened", "door.closed"]
    assert types.count("tamper.off") == 1


def test_smoke_that_is_told_again_after_a_person_closed_it_rings_again(bench: Bench) -> None:
    bench.say("yl/v1/h1/g1/up/zigbee2mqtt/smoke", {"smoke": True})
    [incident] = bench.incidents()
    with bench.database.transaction() as session:
        for alert in session.scalars(sa.select(Alert)):
            alert.closed_at = bench.clock.now()
        row = session.get_one(Incident, incident.id)
        row.state, row.closed_at, row.reason = "closed", bench.clock.now(), "false_device"
    with bench.database.snapshot() as session:
        bench.tools.conditions.load(session)
    bench.clock.advance(timedelta(minutes=1))
    bench.say("yl/v1/h1/g1/up/zigbee2mqtt/smoke", {"smoke": True, "battery": 80})
    assert len(bench.incidents()) == 2


def test_an_alarm_that_could_not_be_worked_on_still_reaches_a_person(bench: Bench) -> None:
    bench.pipeline.quarantine(bench.message("yl/v1/h1/b1/event", PRESS), RuntimeError("poison"))
    bench.pipeline.quarantine(bench.message("yl/v1/h1/v1/telemetry", {"values": {}}), RuntimeError("poison"))
    [incident] = bench.incidents()
    assert (incident.kind, incident.severity, incident.home_id) == ("system", "critical", None)
    with bench.database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Poison)) == 2
