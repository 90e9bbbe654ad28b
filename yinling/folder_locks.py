"""Two locks in the data folder, so that no two supervisors and no orphans ever share it.

`supervisor.lock` is held by the supervisor alone. `children.lock` is handed down to every child, so it stays held until
the last of them is gone, whatever killed the supervisor. The kernel gives both up when their holders die; no lock
outlives a power cut.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from core.clock import Clock
from yinling.errors import CannotStartError

ORPHANS_WAIT_SECONDS = 15.0


@contextlib.contextmanager
def data_folder_locked(data_dir: Path, clock: Clock) -> Iterator[int]:
    """Hold both locks; gives the descriptor that children must inherit.

    Raises:
        CannotStartError: another supervisor is alive on this folder, or processes of an earlier one do not end.
    """
    own = _open(data_dir / "supervisor.lock")
    try:
        if not _try_lock(own):
            pid = os.pread(own, 20, 0).decode(errors="replace").strip()
            message = (
                f"Another Yinling (process {pid or 'unknown'}) already runs on {data_dir}: "
                "stop it, or choose another folder with --data-dir."
            )
            raise CannotStartError(message)
        os.ftruncate(own, 0)
        os.pwrite(own, f"{os.getpid()}\n".encode(), 0)
        shared = _open(data_dir / "children.lock")
        try:
            _wait_for_orphans(shared, data_dir, clock)
            yield shared
        finally:
            os.close(shared)
    finally:
        os.close(own)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_orphans(descriptor: int, data_dir: Path, clock: Clock) -> None:
    deadline = clock.monotonic_seconds() + ORPHANS_WAIT_SECONDS
    while not _try_lock(descriptor):
        if clock.monotonic_seconds() > deadline:
            message = (
                f"Processes of an earlier Yinling still work on {data_dir} and do not end: "
                "look for them with 'ps ax | grep yinling' and stop them."
            )
            raise CannotStartError(message)
        time.sleep(0.05)
