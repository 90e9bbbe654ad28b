"""A child is gone when its supervisor was killed with SIGKILL, by the kernel's word or by a watcher's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.processes import is_running, until

SUPERVISOR = """
import os, subprocess, sys, time
from yinling.guard import SUPERVISOR_VARIABLE
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], env={**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())})
print(child.pid, flush=True)
time.sleep(60)
"""
BY_KERNEL = (
    "import sys, time; from yinling.guard import follow_supervisor; follow_supervisor(); print('ready', flush=True); time.sleep(60)"
)
BY_WATCHER = (
    "import sys, time; sys.platform = 'elsewhere'; from yinling.guard import follow_supervisor; "
    "follow_supervisor(); print('ready', flush=True); time.sleep(60)"
)


@pytest.fixture
def pids() -> Iterator[list[int]]:
    """Processes that must not outlive the test."""
    started: list[int] = []
    yield started
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("program", [BY_KERNEL, BY_WATCHER], ids=["kernel", "watcher"])
def test_a_child_follows_a_killed_supervisor(pids: list[int], program: str) -> None:
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, program], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pids.append(supervisor.pid)
        child = int(supervisor.stdout.readline())
        pids.append(child)
        assert supervisor.stdout.readline().strip() == "ready"
        assert is_running(child)

        supervisor.kill()
        supervisor.wait(60)

        until(lambda: not is_running(child), what="the child is gone")


def test_a_child_that_starts_after_its_supervisor_died_ends_at_once(tmp_path: Path) -> None:
    nobody = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    ended = subprocess.run(
        [sys.executable, "-c", BY_KERNEL],
        env={**os.environ, "YINLING_SUPERVISOR_PID": nobody.stdout.strip()},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
