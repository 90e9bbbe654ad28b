"""One sheet from the store to the folder, and the pager's hourly wish for one.

The pager asks for it as a process of its own, because a page of a whole county takes seconds that no alarm may wait for. A store
that is away leaves the last sheet in place, which is what it is for.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from core.clock import Clock
from core.config import Settings
from core.database import Database
from people import audit
from yinling.guard import SUPERVISOR_VARIABLE
from yinling.sheet import paper
from yinling.sheet.facts import Moment, gather
from yinling.sheet.page import render

log = structlog.get_logger()

_FIRST_SECONDS = 300.0
"""After a start the pager has more urgent things to do."""
_PRIORITY = 10
_AGAIN_SECONDS = 300.0
"""How long after a sheet that could not be made another is tried."""


def make_sheet(database: Database, clock: Clock, settings: Settings, folder: Path | None = None) -> paper.Written:
    """Write the sheet of this moment, remove old ones, and leave an entry in the audit: it holds personal data."""
    zone = ZoneInfo(settings.timezone)
    now = clock.now()
    local = now.astimezone(zone)
    with database.snapshot() as session:
        sheet = gather(session, Moment(now, local.date(), settings.language))
    target = folder or settings.sheet_dir
    written = paper.write(target, local.strftime("%Y%m%d-%H%M"), render(sheet, settings.language, zone))
    if folder is None:
        paper.tidy(target, settings.sheets_kept)
    homes = sum(len(area.homes) for area in sheet.areas)
    with database.transaction() as session:
        audit.write(
            session, now, audit.SYSTEM, "sheet.written", subject=written.html.name, incidents=len(sheet.incidents), homes=homes
        )
    return written


class HourlySheet:
    """A chore of the pager: wishes for a sheet every `sheet_minutes`, and never for two at once."""

    def __init__(
        self, settings: Settings, clock: Clock, command: Sequence[str] = (sys.executable, "-m", "yinling", "sheet")
    ) -> None:
        self._every_seconds = settings.sheet_minutes * 60.0
        self._clock = clock
        self._command = command
        self._environment = {**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())}  # it dies with the pager
        self._due_seconds = clock.monotonic_seconds() + _FIRST_SECONDS
        self._process: subprocess.Popen[bytes] | None = None

    def tick(self) -> None:
        """Start one when it is due; see how the last one ended."""
        if not self._every_seconds:
            return
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self._process = None
            if code:
                log.warning("sheet_failed", code=code)
                self._due_seconds = min(self._due_seconds, self._clock.monotonic_seconds() + _AGAIN_SECONDS)
        if self._clock.monotonic_seconds() >= self._due_seconds:
            self._due_seconds = self._clock.monotonic_seconds() + self._every_seconds
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _PRIORITY)

    @property
    def is_idle(self) -> bool:
        """Whether none is being made."""
        return self._process is None

    def close(self) -> None:
        """Stop one that is being made."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
