"""Turns of the writers of one SQLite file, over threads and processes, so that none waits while another writes again and again.

SQLite lets one writer in and makes the others look again now and then: a busy worker that begins its next transaction at
once would keep a pager out for seconds. Here whoever waits stands in the door, and whoever has just written must pass the
door too. It is a courtesy between our own processes: who does not get through in time goes on to SQLite's own lock, which
alone decides. A process that dies gives its place back with its file descriptors.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOOK_SECONDS = 0.001
_LOOKS = 3000


class Turns:
    """Two small files beside the store: the door and the room."""

    def __init__(self, store: Path) -> None:
        self._door = _Place(store.with_name(f"{store.name}-door"))
        self._room = _Place(store.with_name(f"{store.name}-room"))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the writer for a while."""
        with self._door.taken():
            self._room.take()
        try:
            yield
        finally:
            self._room.leave()

    def close(self) -> None:
        """Close the files; whoever has them still is the last."""
        self._door.close()
        self._room.close()


class _Place:
    """Room for one thread of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._here = threading.Lock()
        self._descriptor: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        self.take()
        try:
            yield
        finally:
            self.leave()

    def take(self) -> None:
        """Wait for it; after a few seconds go on without, since its owner may stand still."""
        self._here.acquire()
        descriptor = self._opened()
        if descriptor is None:
            return
        for _ in range(_LOOKS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOOK_SECONDS)
            else:
                return

    def _opened(self) -> int | None:
        if self._descriptor is None:
            with suppress(OSError):  # a full or read-only disk: SQLite says so itself, and better
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor

    def leave(self) -> None:
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._here.release()

    def close(self) -> None:
        with self._here:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


__all__ = ["Turns"]
