"""Rules that wait, on the real pipeline: their rows, a death in between, a restart, a step of the clock, rules that change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.worker import Bench, add_device, add_home, build_bench

from alerts.clocks import follow_step
from alerts.leases import LeaseLostError, take_lease
from alerts.model import Alert, Evidence, Poison, SignalRecord
from alerts.ruleset.model import Rule, RuleTimer, RuleVersion
from alerts.work import Desk
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from devices.model import Device
from ingest.rule_timers import CATCH_UP
from ingest.worker import FollowClock, ReloadRules
from people.model import Home, Resident

DAY = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""
FALL = {"type": "fall.detected"}


@dataclass
class Centre:
    """One home with a person in it, and the worker of it, which can die and come again."""

    database: Database
    clock: ManualClock
    settings: Settings
    folder: Path

    def __post_init__(self) -> None:
        self.clock.advance(DAY - self.clock.now())
        now = self.clock.now()
        self.home = add_home(self.database, now, "h1", latitude=39.9, longitude=116.4)
        with self.database.transaction() as session:
            session.add(Resident(id=3, home_id=self.home, name="王秀英", created_at=now))
        for code, profile, room, of in (
            ("pendant", "pendant", None, 3),
            ("watch", "watch", None, 3),
            ("hall", "motion", "客厅", None),
            ("bath", "motion", "卫生间", None),
            ("door", "door", "大门", None),
            ("scale", "vitals", None, 3),
        ):
            add_device(self.database, now, self.home, code, profile, room=room, resident_id=of)
        self._starts = 0
        self.start()

    def start(self) -> None:
        """A new worker, which knows what the stores say."""
        self._starts += 1
        self.bench: Bench[ManualClock] = build_bench(self.folder, self.database, self.clock, self.settings)
        with self.database.snapshot() as session:
            self.bench.tools.book.load_all(session)
            self.bench.tools.conditions.load(session)
        self.bench.timers.begin()
        self.clock.advance(CATCH_UP)

    def die(self) -> None:
        """The worker is gone with its memory; another one starts."""
        self.bench.store.close()
        self.start()

    def say(self, device: str, kind: str, **more: Any) -> None:
        self.bench.say(f"yl/v1/h1/{device}/event", {"id": f"{device}-{kind}-{self.clock.now().timestamp()}", "type": kind, **more})

    def measure(self, device: str, **values: float) -> None:
        self.bench.say(f"yl/v1/h1/{device}/telemetry", {"values": values})

    def wait(self, **time: float) -> list[str]:
        """Time passes; the rules whose timers found something then."""
        self.clock.advance(timedelta(**time))
        return [one.finding.rule for one in self.bench.timers.tick()]

    def timers(self, rule: str | None = None) -> list[RuleTimer]:
        with self.database.snapshot() as session:
            rows = session.scalars(sa.select(RuleTimer).order_by(RuleTimer.due_at))
            return [row for row in rows if rule in {None, row.rule}]

    def alerts(self, rule: str) -> list[Alert]:
        with self.database.snapshot() as session:
            return list(session.scalars(sa.select(Alert).where(Alert.rule == rule).order_by(Alert.id)))

    def links(self, alert: Alert) -> Sequence[tuple[str, str, str]]:
        with self.database.snapshot() as session:
            rows = session.scalars(sa.select(Evidence).where(Evidence.alert_id == alert.id).order_by(Evidence.id))
            return [(row.what, row.name, row.effect) for row in rows]

    def put(self, **spec: Any) -> None:
        """A rule of the centre, as a supervisor's change leaves it."""
        now = self.clock.now()
        code = spec["code"]
        whole = {"name": {"zh": code, "en": code}, "severity": "high", "raises": "vitals", **spec}
        with self.database.transaction() as session:
            rule = session.scalar(sa.select(Rule).where(Rule.code == code))
            if rule is None:
                rule = Rule(code=code, kind=spec["kind"], version=0)
                session.add(rule)
                session.flush()
            rule.version += 1
            session.add(RuleVersion(rule_id=rule.id, version=rule.version, spec=whole, created_at=now))
        ReloadRules(self.bench.tools)()
        self.bench.timers.begin()


@pytest.fixture
def centre(tmp_path: Path, database: Database, clock: ManualClock, settings: Settings) -> Iterator[Centre]:
    centre = Centre(database, clock, settings, tmp_path)
    yield centre
    centre.bench.store.close()


LOW_OXYGEN = {"code": "low_oxygen", "kind": "threshold", "metric": "spo2", "low": 93, "hysteresis": 1, "hold_seconds": 300}


def test_a_home_has_its_timers_from_the_start_and_gets_them_once(centre: Centre) -> None:
    assert {row.rule for row in centre.timers()} == {"no_movement", "not_up"}
    before = [(row.rule, row.due_at) for row in centre.timers()]
    centre.die()
    assert [(row.rule, row.due_at) for row in centre.timers()] == before


def test_no_movement_after_a_fall_worsens_the_alert_of_the_fall(centre: Centre) -> None:
    centre.say("pendant", "fall.detected")
    centre.say("pendant", "fall.cancelled")
    [fall] = centre.alerts("fall")
    assert fall.severity == "medium"
    assert centre.wait(seconds=61) == ["fall"]
    [fall] = centre.alerts("fall")
    assert fall.severity == "critical"
    assert ("silence", "not_followed", "worsened") in centre.links(fall)
    assert len(centre.bench.incidents()) == 1
    assert centre.timers("fall_no_movement") == []


def test_the_minute_after_a_fall_outlives_the_worker(centre: Centre) -> None:
    centre.say("pendant", "fall.detected")
    centre.die()
    assert centre.wait(seconds=61) == ["fall"]


def test_movement_after_a_fall_is_known_after_a_death_too(centre: Centre) -> None:
    centre.say("pendant", "fall.detected")
    centre.wait(seconds=5)
    centre.say("hall", "motion.seen")
    assert centre.timers("fall_no_movement") == []
    centre.die()
    assert centre.wait(seconds=120) == []


def test_a_message_that_is_not_committed_arms_nothing(centre: Centre) -> None:
    message = centre.bench.message("yl/v1/h1/pendant/event", {"id": "f1", **FALL})
    with centre.database.transaction() as session:
        take_lease(session, 0, "another worker", centre.clock.now())
    with pytest.raises(LeaseLostError):
        centre.bench.pipeline.handle([message])
    assert centre.timers("fall_no_movement") == []
    centre.die()
    centre.bench.pipeline.handle([message])
    assert len(centre.timers("fall_no_movement")) == 1


def test_a_hold_begins_with_the_first_value_and_normal_values_write_nothing(centre: Centre) -> None:
    centre.put(**LOW_OXYGEN)
    writes = count_writes(centre.database)
    for _ in range(20):
        centre.measure("watch", spo2=97)
    assert writes == []
    centre.measure("watch", spo2=92.5)
    [timer] = centre.timers("low_oxygen")
    assert timer.due_at - timer.armed_at == timedelta(minutes=5)
    begun = len(writes)
    for _ in range(20):
        centre.measure("watch", spo2=92.4)
    assert len(writes) == begun
    centre.die()
    assert centre.wait(minutes=5) == ["low_oxygen"]
    [alert] = centre.alerts("low_oxygen")
    assert (alert.severity, alert.rule_version, alert.subject) == ("high", 1, "resident:3:spo2")
    assert centre.links(alert)[0][:2] == ("reading", "spo2")


def count_writes(database: Database) -> list[str]:
    written: list[str] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"}:
            written.append(statement)

    return written


def test_a_rule_that_changed_is_in_force_at_once_and_one_taken_away_waits_for_nothing(centre: Centre) -> None:
    centre.put(**LOW_OXYGEN)
    centre.measure("watch", spo2=92)
    centre.put(**{**LOW_OXYGEN, "enabled": False})
    assert centre.wait(minutes=6) == []
    assert centre.timers("low_oxygen") == []
    centre.put(**{**LOW_OXYGEN, "hold_seconds": 0})
    centre.measure("watch", spo2=92)
    [alert] = centre.alerts("low_oxygen")
    assert alert.rule_version == 3


def test_a_rule_in_monitor_mode_reaches_the_engine_and_no_operator(centre: Centre) -> None:
    centre.put(**{**LOW_OXYGEN, "hold_seconds": 0, "monitor": True})
    for _ in range(10):
        centre.measure("watch", spo2=92.5)
    assert centre.bench.incidents() == []
    with centre.database.snapshot() as session:
        found = session.execute(sa.text("SELECT rule, because FROM suppressed")).all()
    assert [tuple(row) for row in found] == [("low_oxygen", "monitor")]


def test_twelve_hours_without_movement_and_then_somebody(centre: Centre) -> None:
    centre.put(code="no_movement", kind="inactivity", raises="inactivity", none_for_seconds=43200)
    centre.say("hall", "motion.seen")
    writes = count_writes(centre.database)
    for _ in range(10):
        centre.wait(minutes=1)
        centre.say("hall", "motion.seen")
    assert [one for one in writes if "rule_timers" in one] == []
    assert "no_movement" in centre.wait(hours=12)
    centre.die()
    assert "no_movement" not in centre.wait(hours=12)
    centre.say("hall", "motion.seen")
    [alert] = centre.alerts("no_movement")
    assert not alert.condition_active


def test_after_a_start_nobody_is_called_inactive_before_the_grace_is_over(centre: Centre) -> None:
    centre.put(code="no_movement", kind="inactivity", raises="inactivity", none_for_seconds=3600)
    centre.say("hall", "motion.seen")
    centre.clock.advance(timedelta(minutes=59, seconds=58))
    centre.die()
    assert centre.wait(seconds=2) == []
    assert centre.wait(seconds=centre.settings.restart_grace_seconds) == ["no_movement"]


def test_what_was_waiting_in_the_broker_is_heard_before_the_timers_are_judged(centre: Centre) -> None:
    centre.say("pendant", "fall.detected")
    centre.bench.store.close()
    centre.clock.advance(timedelta(minutes=2))
    centre.bench = build_bench(centre.folder, centre.database, centre.clock, centre.settings)
    assert centre.bench.timers.tick() == []
    centre.say("hall", "motion.seen")
    assert centre.wait(seconds=10) == []


def test_the_bathroom_at_night_is_known_after_a_death(centre: Centre) -> None:
    centre.clock.advance(timedelta(hours=11, minutes=30))
    centre.say("hall", "motion.seen")
    centre.clock.advance(timedelta(minutes=1))
    centre.say("bath", "motion.seen")
    centre.die()
    assert "bathroom_long" in centre.wait(minutes=60)
    [alert] = centre.alerts("bathroom_long")
    assert (alert.kind, alert.severity, alert.condition_active) == ("inactivity", "high", True)


def test_a_watch_that_leaves_its_circle(centre: Centre) -> None:
    centre.measure("watch", longitude=116.4, latitude=40.0, accuracy=20)
    [timer] = centre.timers("far_from_home")
    assert timer.subject == "device:watch"
    with centre.database.transaction() as session:
        centre.bench.tools.seen.flush(session, centre.clock.now())
    centre.die()
    assert centre.wait(minutes=5) == ["far_from_home"]


def test_a_days_weight_is_compared_with_the_days_before(centre: Centre) -> None:
    for weight in (60.0, 60.5, 63.0):
        centre.measure("scale", weight=weight)
        found = centre.wait(days=1)
    assert found.count("weight_gain") == 1
    [alert] = centre.alerts("weight_gain")
    assert [name for _, name, _ in centre.links(alert)] == ["weight"] * 3


def test_days_that_cannot_be_read_are_judged_later_and_by_nothing_else(centre: Centre) -> None:
    centre.measure("scale", weight=60.0)
    centre.wait(days=1)
    centre.measure("scale", weight=63.0)
    centre.bench.store.close()
    readings = centre.folder / "readings.db"
    aside = readings.rename(centre.folder / "aside.db")
    readings.mkdir()  # a file that cannot be opened
    assert "weight_gain" not in centre.wait(days=1)
    with centre.database.snapshot() as session:
        assert session.scalars(sa.select(Poison)).all() == []
    readings.rmdir()
    aside.rename(readings)
    assert "weight_gain" in centre.wait(minutes=1)


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_step_of_the_wall_clock_neither_hurries_nor_delays(centre: Centre, step: timedelta) -> None:
    centre.say("pendant", "fall.detected")
    centre.wait(seconds=30)
    centre.clock.step(step)
    FollowClock(centre.bench.tools, centre.bench.silence, centre.bench.timers)()
    assert centre.bench.timers.tick() == []
    centre.clock.step(step)  # the pager has a clock of its own, which notices the same step
    centre.clock.advance(-step)
    follow_step(Desk(centre.database, centre.clock, centre.settings, lambda _: None))
    assert centre.wait(seconds=25) == []
    assert centre.wait(seconds=6) == ["fall"]


def test_a_timer_that_cannot_be_judged_is_set_aside_and_stops_no_other(centre: Centre) -> None:
    centre.put(**LOW_OXYGEN)
    now = centre.clock.now()
    centre.say("pendant", "fall.detected")
    with centre.database.transaction() as session:
        broken = {"device_id": "what", "metric": "spo2", "value": 1, "at": now.isoformat()}
        session.add(RuleTimer(home_id=centre.home, rule="low_oxygen", subject="x", armed_at=now, due_at=now, state=broken))
    assert centre.wait(seconds=61) == ["fall"]
    with centre.database.snapshot() as session:
        assert [row.place for row in session.scalars(sa.select(Poison))] == ["rule_timers"]
    [left] = centre.timers("low_oxygen")
    assert left.due_at == centre.clock.now() + timedelta(minutes=1)


def test_ten_thousand_timers_due_at_once_are_all_judged(centre: Centre) -> None:
    now = centre.clock.now()
    with centre.database.transaction() as session:
        row = {"home_id": centre.home, "rule": "gone", "armed_at": now, "due_at": now, "state": {}}
        session.execute(sa.insert(RuleTimer), [{**row, "subject": f"s{number}"} for number in range(10_000)])
    assert centre.wait(seconds=1) == []
    assert centre.timers("gone") == []


def test_a_timer_of_a_home_that_changed_meanwhile_is_judged_by_what_it_is_now(centre: Centre) -> None:
    centre.put(**LOW_OXYGEN)
    centre.measure("watch", spo2=92)
    with centre.database.transaction() as session:
        session.get_one(Resident, 3).limits = {"spo2": {"low": 80}}
        session.get_one(Home, centre.home).revision += 1
    assert centre.wait(minutes=5) == []
    assert centre.alerts("low_oxygen") == []


def test_one_press_two_rules_hear_is_stored_once(centre: Centre) -> None:
    centre.put(code="second", kind="signal", severity="low", on=["sos.pressed"], raises="sos")
    for _ in range(3):
        centre.bench.say("yl/v1/h1/pendant/event", {"id": "p1", "type": "sos.pressed"})
    with centre.database.snapshot() as session:
        [row] = session.scalars(sa.select(SignalRecord))
    assert row.repeats == 2
    assert [(one.rule, one.count) for code in ("sos", "second") for one in centre.alerts(code)] == [("sos", 1), ("second", 1)]


def test_a_home_of_the_other_worker_is_left_alone(centre: Centre) -> None:
    now = centre.clock.now()
    with centre.database.transaction() as session:
        session.execute(sa.delete(RuleTimer))
        session.add(Home(code="elsewhere", name="x", address="x", created_at=now))
        session.flush()
        other = session.scalar(sa.select(Home.id).where(Home.code == "elsewhere"))
        session.add(Device(code="e1", home_id=other, profile="motion", name="e1", created_at=now, state="live"))
        session.add(RuleTimer(home_id=other, rule="gone", subject="x", armed_at=now, due_at=now, state={}))
    centre.bench.tools.book._partitions = 1_000_003
    assert centre.wait(seconds=1) == []
    assert len(centre.timers("gone")) == 1
