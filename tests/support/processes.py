"""Processes as the kernel sees them: who works on a data folder, who has ended, who stands still."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


PATIENCE_SECONDS = 60.0
"""How long a test waits for what must come, where the time is not what it tests: a busy machine is no failure."""


def until(
    condition: Callable[[], T | None], seconds: float = PATIENCE_SECONDS, what: object = "", every_seconds: float = 0.02
) -> T:
    """Wait until a condition holds and give its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what() if callable(what) else what or condition}"
        time.sleep(every_seconds)


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def stand_still(pid: int) -> None:
    """SIGSTOP, and wait until it does: its other threads run on until one of them has taken the signal."""
    kill(pid, signal.SIGSTOP)
    until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")


def processes_of(data_dir: Path) -> dict[int, str]:
    """Every living process that was started for this data folder: its pid and command line."""
    wanted = os.fsencode(data_dir.resolve())
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        named = b"YINLING_DATA_DIR=" + wanted + b"\0" in environment + b"\0"
        if (named or wanted in command) and b"pytest" not in command and is_running(int(entry.name)):
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to one process that a test started."""
    os.kill(pid, number)
