"""Whether the broker can still write its file store, and when only a restart mends it.

A store that met a full disk refuses every write from then on, also when there is room again (measured, NATS 2.15.1): devices
are thrown out and stay out. So the supervisor asks every few seconds; when the store is broken and the disk has room, it
starts the broker again, which finds everything that was confirmed. Without room a restart would change nothing, and
the log says what is wrong.
"""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from pathlib import Path

import structlog

from core.clock import Clock
from yinling.ports import LOOPBACK

log = structlog.get_logger()

CHECK_EVERY_SECONDS = 2.0
ROOM_BYTES = 8 * 1024 * 1024
"""Less free space than this and the store would break again at once."""
_BROKEN = b"write error"


class BrokerStore:
    """The store of the broker this supervisor runs."""

    def __init__(self, monitor_port: int, data_dir: Path, clock: Clock) -> None:
        self._monitor_port = monitor_port
        self._data_dir = data_dir
        self._clock = clock
        self._due_at_seconds = 0.0
        self._told = False

    def wants_restart(self) -> bool:
        """Whether the broker should be started again now; asks it at most every `CHECK_EVERY_SECONDS`."""
        now_seconds = self._clock.monotonic_seconds()
        if now_seconds < self._due_at_seconds:
            return False
        self._due_at_seconds = now_seconds + CHECK_EVERY_SECONDS
        trouble = self._ask()
        if trouble is None:
            self._told = False
            return False
        has_room = shutil.disk_usage(self._data_dir).free >= ROOM_BYTES
        if not self._told:
            self._told = True
            log.error("broker_cannot_store", said=trouble, has_room=has_room)
        return has_room

    def _ask(self) -> str | None:
        """What is wrong with the store; None when nothing is, or when nobody answers, which is the supervisor's other business."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self._monitor_port}/healthz", timeout=1.0):
                return None
        except urllib.error.HTTPError as error:
            try:
                said = error.read(2000)
            except OSError:
                return None
            return said.decode(errors="replace") if _BROKEN in said else None
        except OSError:
            return None
