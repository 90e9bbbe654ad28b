"""A test of the whole program moves time in every process at once; what is moved, and what a step is, stay apart."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from support.processes import PATIENCE_SECONDS, stand_still, until

from core.clock import SystemClock, sleep, wait
from core.movable_clock import VARIABLE, MovableClock, TimeFile
from yinling.bootstrap import make_clock

HOUR = timedelta(hours=1)
NEARLY = timedelta(seconds=5)


def near(one: timedelta, other: timedelta) -> bool:
    return abs(one - other) < NEARLY


def test_time_that_passes_moves_now_and_monotonic_time_together(tmp_path: Path) -> None:
    file, clock = TimeFile(tmp_path / "time"), MovableClock(tmp_path / "time")
    now, seconds = clock.now(), clock.monotonic_seconds()
    file.advance(HOUR)
    assert near(clock.now() - now, HOUR)
    assert near(timedelta(seconds=clock.monotonic_seconds() - seconds), HOUR)
    assert clock.take_step() is None, "time that passed is no step"


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_step_of_the_wall_clock_is_reported_once_and_no_time_passes(tmp_path: Path, step: timedelta) -> None:
    file, clock = TimeFile(tmp_path / "time"), MovableClock(tmp_path / "time")
    now, seconds = clock.now(), clock.monotonic_seconds()
    file.step(step)
    assert near(clock.now() - now, timedelta()), "until it is taken, timers see nothing of it"
    taken = clock.take_step()
    assert taken is not None
    assert near(taken, step)
    assert near(clock.now() - now, step)
    assert clock.monotonic_seconds() - seconds < NEARLY.total_seconds()
    assert clock.take_step() is None


def test_a_process_started_later_stands_where_the_others_stand(tmp_path: Path) -> None:
    file = TimeFile(tmp_path / "time")
    file.advance(timedelta(days=400))
    file.step(HOUR)
    clock = MovableClock(tmp_path / "time")
    assert near(clock.now() - SystemClock().now(), timedelta(days=400) + HOUR)
    assert clock.take_step() is None


def test_each_process_notes_its_rounds_since_the_last_move(tmp_path: Path) -> None:
    file = TimeFile(tmp_path / "time")
    script = (
        "import sys, time\nfrom yinling.bootstrap import make_clock\nclock = make_clock()\n"
        "while True:\n    clock.take_step()\n    time.sleep(0.01)\n"
    )
    environment = {**os.environ, VARIABLE: str(tmp_path / "time")}
    processes = [subprocess.Popen([sys.executable, "-c", script], env=environment) for _ in range(2)]
    try:
        for _ in range(3):
            for process in processes:
                stand_still(process.pid)
            file.advance(HOUR)
            assert not file.rounds(), "rounds of before the move count for nothing"
            for process in processes:
                process.send_signal(signal.SIGCONT)
            until(lambda: all(file.rounds().get(process.pid, 0) > 5 for process in processes), what="both came round")
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_wait_ends_when_time_is_moved(tmp_path: Path) -> None:
    file, clock = TimeFile(tmp_path / "time"), MovableClock(tmp_path / "time")
    mover = threading.Timer(0.1, file.advance, [HOUR])
    mover.start()
    began = time.monotonic()
    assert not wait(threading.Event(), 3000, clock)
    asyncio.run(sleep(0.3, clock))
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_a_wait_ends_when_its_event_is_set(tmp_path: Path) -> None:
    event = threading.Event()
    threading.Timer(0.1, event.set).start()
    assert wait(event, 3000, MovableClock(tmp_path / "time"))


def test_without_the_variable_the_clock_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert type(make_clock()) is SystemClock
