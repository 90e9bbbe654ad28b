"""Rules that look back read while nothing is held: a store that hangs keeps neither a press nor another timer from its commit."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.worker import Bench, add_device, add_home, build_bench

from alerts.model import Incident
from alerts.rules.context import History
from alerts.ruleset.model import RuleTimer
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from ingest.rule_timers import CATCH_UP
from people.model import Resident
from timeseries.ports import StoreAwayError

WEIGHTS = ["weight_gain", "weight_loss"]


class Hanging:
    """A store that takes a question and gives no answer until told to; then it answers, or is away."""

    def __init__(self, behind: History) -> None:
        self.behind = behind
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.gives_up = False
        self.questions = 0

    def points(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime
    ) -> Sequence[tuple[int, str, datetime, float]]:
        self.questions += 1
        self.asked.release()
        assert self.go_on.wait(60)
        if self.gives_up:
            message = "no answer"
            raise StoreAwayError(message)
        return self.behind.points(device_ids, metrics, start, end)


@pytest.fixture
def bench(database: Database, clock: ManualClock, settings: Settings, tmp_path: Path) -> Iterator[Bench[ManualClock]]:
    """Two days of weights, the third just measured and due to be judged; and a fall whose window is nearly over."""
    now = clock.now()
    home = add_home(database, now, "h1")
    with database.transaction() as session:
        session.add(Resident(id=3, home_id=home, name="王秀英", created_at=now))
    for code, profile in (("pendant", "pendant"), ("scale", "vitals"), ("hall", "motion")):
        add_device(database, now, home, code, profile, resident_id=None if code == "hall" else 3)
    bench = build_bench(tmp_path, database, clock, settings)
    with database.snapshot() as session:
        bench.tools.book.load_all(session)
        bench.tools.conditions.load(session)
    bench.timers.begin()
    clock.advance(CATCH_UP)
    for weight in (60.0, 60.5, 63.0):
        bench.say("yl/v1/h1/scale/telemetry", {"values": {"weight": weight}})
        if weight != 63.0:
            clock.advance(timedelta(days=1))
            bench.timers.tick()
    yield bench
    bench.store.close()


def due(bench: Bench[ManualClock]) -> list[str]:
    with bench.database.snapshot() as session:
        query = sa.select(RuleTimer.rule).where(RuleTimer.due_at <= bench.clock.now()).order_by(RuleTimer.rule)
        return list(session.scalars(query))


def kinds(bench: Bench[ManualClock]) -> set[str]:
    with bench.database.snapshot() as session:
        return set(session.scalars(sa.select(Incident.kind)))


def make_due(bench: Bench[ManualClock]) -> Hanging:
    """The day of the weights is over, and so is the time after a fall."""
    bench.clock.advance(timedelta(days=1))
    bench.say("yl/v1/h1/pendant/event", {"id": "f1", "type": "fall.detected"})
    bench.clock.advance(timedelta(minutes=2))
    assert set(due(bench)) > set(WEIGHTS), "one that needs no reading is due beside them"
    hanging = Hanging(bench.tools.rules.history)
    bench.tools.rules.history = hanging
    return hanging


def test_while_it_hangs_other_timers_are_judged_and_a_press_is_committed(bench: Bench[ManualClock]) -> None:
    hanging = make_due(bench)
    worker = threading.Thread(target=bench.timers.tick, daemon=True)
    worker.start()
    try:
        assert hanging.asked.acquire(timeout=30)
        assert due(bench) == WEIGHTS, "the others were judged before"
        assert "vitals" not in kinds(bench)
        bench.say("yl/v1/h1/pendant/event", {"id": "p1", "type": "sos.pressed"})
        assert worker.is_alive(), "it hangs still"
        with bench.database.snapshot() as session:
            signals = session.execute(sa.text("SELECT COUNT(*) FROM signals WHERE type = 'sos.pressed'")).scalar_one()
        assert signals == 1
    finally:
        hanging.go_on.set()
        worker.join(60)
    assert "weight_gain" not in due(bench), "the answer came, and it was judged"
    with bench.database.snapshot() as session:
        raised = session.execute(sa.text("SELECT COUNT(*) FROM alerts WHERE rule = 'weight_gain'")).scalar_one()
    assert raised == 1


def test_one_that_does_not_answer_is_asked_once_and_again_after_a_minute(bench: Bench[ManualClock]) -> None:
    hanging = make_due(bench)
    hanging.gives_up = True
    hanging.go_on.set()
    bench.timers.tick()
    assert due(bench) == [], "those that need no reading are judged, the other waits"
    assert hanging.questions == 1
    with bench.database.transaction() as session:
        session.execute(sa.update(RuleTimer).where(RuleTimer.rule == "weight_gain").values(due_at=bench.clock.now()))
    bench.timers.tick()
    assert hanging.questions == 1, "a store that hangs is not asked at every look"
    hanging.gives_up = False
    bench.clock.advance(timedelta(minutes=1, seconds=1))
    bench.timers.tick()
    with bench.database.snapshot() as session:
        raised = session.execute(sa.text("SELECT COUNT(*) FROM alerts WHERE rule = 'weight_gain'")).scalar_one()
    assert raised == 1
