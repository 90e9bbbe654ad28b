"""Named moments of death.

Code calls `reach` with its name at each moment between two writes that matters. Normally it does nothing. When the
environment variable `YINLING_FAILPOINT` is `name` or `name:N`, the process kills itself with SIGKILL at the N-th
reach (1 by default): nothing is flushed, closed or said, as in a power cut. With `YINLING_FAILPOINT_ONCE` naming a
file, the kill happens only while that file does not exist and creates it first, so that a supervisor's restart lives.

`@FILE` instead of a name arms a running process: while the file exists, it names the point and the process that dies
there (`name PID`), and the kill takes the file away first.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

POINTS: frozenset[str] = frozenset(
    {
        "ingest.received",
        "ingest.decoded",
        "ingest.before_commit",
        "ingest.after_commit",
        "ingest.after_receipt",
        "ingest.after_readings",
        "ingest.after_acknowledge",
        "timers.before_commit",
        "timers.after_commit",
        "spool.before_append",
        "spool.after_append",
        "spool.after_drain",
        "store.before_commit",
        "store.after_commit",
        "incident.before_commit",
        "incident.after_commit",
        "incident.after_hint",
        "receipts.after_send",
        "escalation.before_commit",
        "escalation.after_commit",
        "auditor.after_repair",
        "pager.after_claim",
        "pager.before_send",
        "pager.after_send",
        "pager.after_record",
    }
)
"""Every point there is; a test reaches each by killing a real process there."""

_lock = threading.Lock()
_reached = 0


def reach(point: str) -> None:
    """Die here if this point is armed."""
    armed = os.environ.get("YINLING_FAILPOINT")
    if armed is None:
        return
    if point not in POINTS:
        message = f"unknown fail point {point!r}"
        raise ValueError(message)
    if armed.startswith("@"):
        _die_if_the_file_says(Path(armed[1:]), point)
    elif _is_the_time(armed, point):
        os.kill(os.getpid(), signal.SIGKILL)


def _die_if_the_file_says(file: Path, point: str) -> None:
    with _lock:
        try:
            armed = file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return
        if armed == f"{point} {os.getpid()}":
            file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def _is_the_time(armed: str, point: str) -> bool:
    """Whether this is the N-th reach of the armed point, and the only death of its kind."""
    name, _, count = armed.partition(":")
    if name != point:
        return False
    global _reached  # noqa: PLW0603 one counter per process is the point of it
    with _lock:
        _reached += 1
        if _reached < int(count or 1):
            return False
    once = os.environ.get("YINLING_FAILPOINT_ONCE")
    if once is not None:
        if Path(once).exists():
            return False
        Path(once).touch()
    return True
