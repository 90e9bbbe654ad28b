"""Secrets that are made once and kept in a file only their owner reads.

Several processes may make the file at the same moment: one wins, and its secrets hold for all. The file appears whole
and synced or not at all, so a process that dies in here leaves nothing half-written under its name.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_once(path: Path, body: bytes) -> None:
    """Keep `body` in `path` unless another process was first; either way the file is there afterwards."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(aside, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        aside.unlink(missing_ok=True)


__all__ = ["write_once"]
