"""Store, spool and recorder together: nothing recorded is missing while there is room, and what is lost is counted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.readings import START, MoodyStore, reading, readings

from core.clock import ManualClock
from core.database import sqlite_module
from timeseries import recorder as recorder_module
from timeseries import writing
from timeseries.recorder import Recorder
from timeseries.spool import Spool
from timeseries.sqlite_store import SqliteReadingStore

ROOM = 4 * 1024 * 1024
NO_SPACE = OSError(28, "No space left on device")


def drain_all(recorder: Recorder, clock: ManualClock, tries: int = 200) -> None:
    for _ in range(tries):
        clock.advance(timedelta(seconds=31))
        recorder.drain()
        if not recorder.is_away:
            return
    pytest.fail("the spool was never drained")


def spooled(spool: Spool) -> list[float]:
    """Everything in the spool, oldest first; it is empty then."""
    found: list[float] = []
    while (segment := spool.oldest()) is not None:
        path, batches = segment
        found += [one.value for batch in batches for one in batch]
        spool.remove(path)
    return found


def test_what_was_recorded_while_the_store_was_away_arrives_in_order(tmp_path: Path, clock: ManualClock) -> None:
    store = MoodyStore()
    recorder = Recorder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    recorder.record(readings(10))
    store.away = True
    for first in range(10, 100, 10):
        recorder.record(readings(10, start=first))
    assert recorder.health() == "spooling"
    assert len(store.kept) == 10
    store.away = False
    drain_all(recorder, clock)
    assert store.order == [float(second) for second in range(100)]
    assert recorder.health() == "ok"
    recorder.record(readings(1, start=100))
    assert len(store.kept) == 101


def test_a_store_that_is_away_is_asked_rarely_and_a_spool_survives_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    store = MoodyStore()
    store.away = True
    recorder = Recorder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    recorder.record(readings(5))
    asked = store.writes
    for _ in range(100):
        recorder.record(readings(1))
        recorder.drain()
    assert store.writes == asked
    for _ in range(300):
        clock.advance(timedelta(seconds=1))
        recorder.drain()
    assert store.writes - asked < 30
    store.away = False
    successor = Recorder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    assert successor.is_away
    drain_all(successor, clock)
    assert len(store.kept) == 5


def test_a_steady_stream_cannot_keep_the_spool_in_use_for_ever(tmp_path: Path, clock: ManualClock) -> None:
    store = MoodyStore()
    store.away = True
    recorder = Recorder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    recorder.record(readings(50_000))
    store.away = False
    ticks = 0
    while recorder.is_away and ticks < 50:
        clock.advance(timedelta(seconds=31))
        recorder.record(readings(1_000, start=100_000 + 1_000 * ticks))
        recorder.drain()
        ticks += 1
    assert not recorder.is_away
    assert len(store.kept) == 50_000 + 1_000 * ticks


def test_one_reading_the_store_will_never_take_does_not_stop_the_others(tmp_path: Path, clock: ManualClock) -> None:
    store = MoodyStore(poison=frozenset({13.0}))
    recorder = Recorder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    before = writing.refused_total._value.get()
    recorder.record(readings(40))
    assert sorted(store.order) == [float(second) for second in range(40) if second != 13]
    assert writing.refused_total._value.get() == before + 1
    store.away = True
    recorder.record(readings(40, device=2))
    store.away = False
    drain_all(recorder, clock)
    assert len(store.kept) == 78
    assert recorder.health() == "ok"


def test_a_full_spool_drops_the_oldest_and_counts_it_and_keeps_its_bound(tmp_path: Path, clock: ManualClock) -> None:
    store = MoodyStore()
    store.away = True
    bound = 64 * 1024
    spool = Spool(tmp_path, most_bytes=bound)
    recorder = Recorder(store, spool, clock)
    for first in range(0, 20_000, 50):
        recorder.record(readings(50, start=first))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= bound
    store.away = False
    drain_all(recorder, clock)
    assert store.order == [float(second) for second in range(20_000 - len(store.order), 20_000)]
    assert len(store.order) > 500
    assert len(store.order) + spool.dropped_readings == 20_000


def test_a_batch_larger_than_the_spool_keeps_its_newest_part(tmp_path: Path, clock: ManualClock) -> None:
    store = MoodyStore()
    store.away = True
    spool = Spool(tmp_path, most_bytes=8 * 1024)
    recorder = Recorder(store, spool, clock)
    recorder.record(readings(5_000))
    store.away = False
    drain_all(recorder, clock)
    assert store.order[-1] == 4_999
    assert len(store.order) + spool.dropped_readings == 5_000


def test_a_disk_that_refuses_drops_the_batch_counted_and_later_batches_are_not_lost_behind_it(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MoodyStore()
    store.away = True
    recorder = Recorder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    recorder.record(readings(10))
    before = recorder_module.dropped_total._value.get()

    def full(_descriptor: int) -> None:
        raise NO_SPACE

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        recorder.record(readings(10, start=10))
    assert recorder_module.dropped_total._value.get() == before + 10
    recorder.record(readings(10, start=20))
    store.away = False
    drain_all(recorder, clock)
    assert store.order == [float(second) for second in (*range(10), *range(20, 30))]


def test_a_tail_torn_by_a_death_ends_its_segment_and_hides_nothing_else(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=ROOM)
    spool.append(readings(5))
    spool.append(readings(5, start=5))
    (segment,) = tmp_path.iterdir()
    os.truncate(segment, segment.stat().st_size - 3)
    successor = Spool(tmp_path, most_bytes=ROOM)
    successor.append(readings(5, start=10))
    assert spooled(successor) == [0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 11.0, 12.0, 13.0, 14.0]


def test_a_folder_that_somebody_cleared_stops_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=ROOM)
    spool.append(readings(5))
    for path in tmp_path.iterdir():
        path.unlink()
    assert spool.oldest() is None
    spool.append(readings(2))
    assert spooled(spool) == [0.0, 1.0]


def test_a_locked_sqlite_file_sends_readings_to_the_spool_and_takes_them_later(tmp_path: Path, clock: ManualClock) -> None:
    store = SqliteReadingStore(tmp_path / "readings.db")
    recorder = Recorder(store, Spool(tmp_path / "spool", most_bytes=ROOM), clock)
    recorder.record(readings(5))
    other = sqlite_module().connect(str(tmp_path / "readings.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    recorder.record(readings(5, start=5))
    recorder.record([reading(10, float("nan"))])
    assert recorder.is_away
    other.close()
    drain_all(recorder, clock)
    found = store.read(1, "heart_rate", START, START + timedelta(hours=1), 100)
    assert [point.value for point in found] == [float(second) for second in range(10)]
    recorder.close()


DYING = """
import sys
from pathlib import Path
from core.clock import SystemClock
from support.readings import readings, MoodyStore
from timeseries.recorder import Recorder
from timeseries.spool import Spool
from timeseries.sqlite_store import SqliteReadingStore
folder, act = Path(sys.argv[1]), sys.argv[2]
store = MoodyStore() if act == "append" else SqliteReadingStore(folder / "readings.db")
if act == "append":
    store.away = True
recorder = Recorder(store, Spool(folder / "spool", most_bytes=4 * 1024 * 1024), SystemClock())
if act == "append":
    for first in range(0, 100, 10):
        recorder.record(readings(10, start=first))
        print(first + 10, flush=True)
else:
    while recorder.is_away:
        recorder.drain()
print("alive", flush=True)
"""


@pytest.fixture
def run_until_killed(tmp_path: Path) -> Callable[[str, str], tuple[int, list[str]]]:
    """Run the script with a fail point armed; its exit status and what it said was recorded."""

    def run(act: str, failpoint: str) -> tuple[int, list[str]]:
        tests = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", DYING, str(tmp_path), act],
            env={**os.environ, "PYTHONPATH": f"{tests.parent}:{tests}", "YINLING_FAILPOINT": failpoint},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout.split()

    return run


@pytest.mark.parametrize("failpoint", ["spool.before_append:5", "spool.after_append:5"])
def test_a_kill_around_an_append_loses_nothing_that_was_recorded(
    tmp_path: Path, run_until_killed: Callable[[str, str], tuple[int, list[str]]], failpoint: str
) -> None:
    status, said = run_until_killed("append", failpoint)
    assert status == -9
    recorded = int(said[-1])
    assert recorded == 40
    kept = spooled(Spool(tmp_path / "spool", most_bytes=ROOM))
    assert kept[:recorded] == [float(second) for second in range(recorded)]
    assert len(kept) in (recorded, recorded + 10)


def test_a_kill_between_the_store_and_the_removal_writes_again_and_changes_nothing(
    tmp_path: Path, clock: ManualClock, run_until_killed: Callable[[str, str], tuple[int, list[str]]]
) -> None:
    spool = Spool(tmp_path / "spool", most_bytes=ROOM)
    for first in range(0, 100, 10):
        spool.append(readings(10, start=first))
    status, said = run_until_killed("drain", "spool.after_drain")
    assert (status, said) == (-9, [])
    store = SqliteReadingStore(tmp_path / "readings.db")
    recorder = Recorder(store, Spool(tmp_path / "spool", most_bytes=ROOM), clock)
    assert recorder.is_away
    drain_all(recorder, clock)
    found = store.read(1, "heart_rate", START, START + timedelta(hours=1), 1_000)
    assert [point.value for point in found] == [float(second) for second in range(100)]
    recorder.close()
