"""The log of one broker node: the only place where it tells whom it refused to publish or to subscribe.

Everybody who can see the log may read it; one process tells of what stands in it, whichever locked the log's folder first.
The folder may be mounted read-only: nothing is written there, and a lock of a dead process is gone with it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ingest.log_tail import LogTail
from ingest.watch_events import LogLine, read_log_line


class NodeLog:
    """New error lines about clients of one node, and whether this process is the one to tell of them."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._tail = LogTail(path)
        self._lock: int | None = None

    def poll(self) -> Iterator[LogLine]:
        """The lines written since the last call, also where another tells of them: they say why a connection ended."""
        for line in map(read_log_line, self._tail.poll()):
            if line is not None:
                yield line

    def is_ours(self) -> bool:
        """Whether this process tells of it; where another does, whether that one has gone."""
        if self._lock is None:
            self._lock = _lock_folder(self._folder)
        return self._lock is not None

    def close(self) -> None:
        """Let the next one tell."""
        self._tail.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _lock_folder(folder: Path) -> int | None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # no broker has run here
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


__all__ = ["NodeLog"]
