"""Runs of backtests for tests: homes, and a replay that fires as it was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerts.backtest.fires import Fire
from alerts.model import Severity
from alerts.outages.course import Sign
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.model import BacktestRun
from alerts.ruleset.schemas import OutageRule, RuleSpec, SignalRule, Texts
from core.database import Database

DAY = timedelta(days=1)
PRESS = SignalRule(
    code="press", name=Texts(zh="按下", en="Press"), severity=Severity.HIGH, raises="sos", kind="signal", on=("sos.pressed",)
)
DARK = OutageRule(
    code="dark", name=Texts(zh="停电", en="Dark"), severity=Severity.HIGH, raises="outage", lane="fault", homes_at_least=3
)


@dataclass
class ToldReplay:
    """Fires at each home as often as told, an hour apart; `at_home` is called when a home is begun."""

    times: Mapping[int, int]
    at_home: Callable[[int], None] = lambda _home_id: None
    seen: list[int] = field(default_factory=list)

    def fires(self, rule: RuleInForce, home_id: int, start: datetime, end: datetime) -> Iterator[Fire | None]:
        del rule
        self.seen.append(home_id)
        self.at_home(home_id)
        for hour in range(self.times.get(home_id, 0)):
            at = start + timedelta(hours=hour)
            assert at < end
            yield Fire(at, home_id, "device:x", Severity.HIGH, "away" if hour % 2 else None)
            yield None

    def signs(self, home_id: int, start: datetime, end: datetime) -> Iterator[Sign | None]:
        """Its home loses its power as often as told, an hour apart, for a minute each time."""
        self.seen.append(home_id)
        self.at_home(home_id)
        for hour in range(self.times.get(home_id, 0)):
            at = start + timedelta(hours=hour, seconds=home_id % 10)
            assert at < end
            yield Sign(home_id, at, at + timedelta(minutes=1), "power", at)
            yield None


def add_run(database: Database, now: datetime, rule: RuleSpec = PRESS, /, **more: Any) -> int:
    """A run over the day before `now`."""
    with database.transaction() as session:
        run = BacktestRun(
            created_at=now, created_by="王芳", spec=rule.model_dump(mode="json"), start_at=now - DAY, end_at=now, **more
        )
        session.add(run)
        session.flush()
        return run.id


def run_of(database: Database, run_id: int) -> BacktestRun:
    with database.snapshot() as session:
        return session.scalars(sa.select(BacktestRun).where(BacktestRun.id == run_id)).one()
