"""No two supervisors share a data folder, and a restart never meets what is left of the last run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.clock import SystemClock
from yinling import folder_locks
from yinling.errors import CannotStartError
from yinling.folder_locks import data_folder_locked

CLOCK = SystemClock()


def test_the_second_supervisor_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with data_folder_locked(tmp_path, CLOCK), pytest.raises(CannotStartError, match=f"process {os.getpid()}") as refusal:  # noqa: SIM117
        with data_folder_locked(tmp_path, CLOCK):
            pass
    assert "--data-dir" in str(refusal.value)


def test_a_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with data_folder_locked(tmp_path, CLOCK):
            pass


def orphan(descriptor: int, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"], pass_fds=(descriptor,))


def test_a_start_waits_for_the_orphans_of_the_last_run(tmp_path: Path) -> None:
    with data_folder_locked(tmp_path, CLOCK) as lock:
        left = orphan(lock, 1.0)
    began = time.monotonic()
    with data_folder_locked(tmp_path, CLOCK):
        assert left.poll() is not None or time.monotonic() - began > 0.5
    left.wait(60)


def test_an_orphan_that_stays_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_locks, "ORPHANS_WAIT_SECONDS", 0.3)
    with data_folder_locked(tmp_path, CLOCK) as lock:
        left = orphan(lock, 60)
    try:
        with pytest.raises(CannotStartError, match="earlier Yinling still work"), data_folder_locked(tmp_path, CLOCK):
            pass
    finally:
        left.kill()
        left.wait(60)
