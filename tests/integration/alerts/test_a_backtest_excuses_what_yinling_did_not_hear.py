"""While Yinling itself was down nobody spoke to it: a backtest calls nobody silent or inactive for that, as live did not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.worker import add_device, add_home

from alerts.backtest.ears import GRACE, deaf_times
from alerts.backtest.run import as_tried
from alerts.model import ProbeRun
from alerts.ruleset.builtin import builtin_specs
from api.replaying import make_replay
from core.database import Database
from timeseries.ports import StoredReading
from timeseries.sqlite_store import SqliteReadingStore

END = datetime(2026, 11, 20, tzinfo=UTC)
START = END - timedelta(days=1)
DOWN = (START + timedelta(hours=8), START + timedelta(hours=10))
HOUR = timedelta(hours=1)


@pytest.fixture
def readings(tmp_path: Path) -> Iterator[SqliteReadingStore]:
    with closing(SqliteReadingStore(tmp_path / "readings.db")) as store:
        yield store


def live_through(database: Database, readings: SqliteReadingStore, *, probed: bool) -> int:
    """A mattress that speaks every ten minutes, but for two hours in which nothing was heard; the probe says why."""
    home = add_home(database, START - 9 * 24 * HOUR, "h-1")
    bed = add_device(database, START - 9 * 24 * HOUR, home, "bed", "bed")
    times = [START - 3 * 24 * HOUR + timedelta(minutes=10 * n) for n in range(4 * 144)]
    readings.write([StoredReading(home, bed, "rssi", at, -60.0) for at in times if not DOWN[0] < at < DOWN[1]])
    if probed:
        minutes = [START + timedelta(minutes=n) for n in range(24 * 60)]
        with database.transaction() as session:
            session.add_all(
                ProbeRun(event_key=f"p{n}", sent_at=at, due_at=at, arrived_at=at, outcome="arrived")
                for n, at in enumerate(minutes)
                if not DOWN[0] < at < DOWN[1]
            )
    return home


@pytest.mark.parametrize("probed", [False, True])
def test_silence_is_excused_where_the_probe_was_silent_too(database: Database, readings: SqliteReadingStore, probed: bool) -> None:
    home = live_through(database, readings, probed=probed)
    replay = make_replay(database, readings, "Asia/Shanghai")
    fired = [fire.at for fire in replay.fires(as_tried(builtin_specs()["silence"]), home, START, END) if fire is not None]
    assert fired == ([] if probed else [DOWN[0] + timedelta(minutes=30)])


def test_an_outage_is_a_pause_between_two_probes_with_its_grace(database: Database, readings: SqliteReadingStore) -> None:
    live_through(database, readings, probed=True)
    with database.snapshot() as session:
        assert [(one.since, one.until) for one in deaf_times(session, START, END)] == [(DOWN[0], DOWN[1] + GRACE)]
        assert deaf_times(session, START, START + HOUR) == ()
