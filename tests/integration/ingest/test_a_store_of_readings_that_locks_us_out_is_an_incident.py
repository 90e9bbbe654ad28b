"""A withdrawn token is told to a person while readings wait in the spool; what comes afterwards finds the way again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from support.readings import MoodyStore
from support.worker import build_bench

from alerts.model import Alert, Severity
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from ingest.readings_watch import ReadingsWatch
from timeseries.recorder import Recorder
from timeseries.spool import Spool


class LockedRecorder(Recorder):
    """A recorder whose store can be told to lock it out."""

    why: str | None = None

    @property
    def locked_out(self) -> str | None:
        return self.why


def alerts(database: Database) -> list[Alert]:
    with database.snapshot() as session:
        return list(session.scalars(sa.select(Alert).order_by(Alert.id)))


def test_it_is_raised_once_repeated_now_and_then_and_returns(
    tmp_path: Path, database: Database, clock: ManualClock, settings: Settings
) -> None:
    recorder = LockedRecorder(MoodyStore(), Spool(tmp_path / "spool", most_bytes=100_000), clock)
    bench = build_bench(tmp_path, database, clock, settings, recorder)
    watch = ReadingsWatch(bench.tools)
    watch()
    assert alerts(database) == []
    recorder.why = "401 unauthorized access"
    for _ in range(30):
        watch()
        clock.advance(timedelta(seconds=1))
    (alert,) = alerts(database)
    assert (alert.subject, alert.severity, alert.condition_active) == ("readings_store", Severity.MEDIUM, True)
    (incident,) = bench.incidents()
    assert incident.home_id is None
    clock.advance(timedelta(seconds=600))
    watch()
    (again,) = alerts(database)
    assert again.last_signal_at > alert.last_signal_at
    recorder.why = None
    watch()
    (returned,) = alerts(database)
    assert not returned.condition_active
    assert [one.state for one in bench.incidents()] == [incident.state], "a person ends it"
