"""One supervised process: started, reaped, started again, stopped.

The first death after a quiet time is answered at once, further ones after 0.2 s, doubling to 5 s. A child runs in its
own process group, so that Ctrl-C reaches the supervisor alone, which then stops its children in order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from core.clock import Clock
from yinling.guard import SUPERVISOR_VARIABLE

log = structlog.get_logger()

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 5.0
QUIET_SECONDS = 10.0
"""A child that lived this long has its earlier deaths forgiven."""


def restart_delay_seconds(deaths_in_a_row: int) -> float:
    """How long to wait before starting again after the N-th death without a quiet time between."""
    if deaths_in_a_row <= 1:
        return 0.0
    return float(min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** (deaths_in_a_row - 2)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `yinling` with these arguments. A child that runs `once` is done when it exits with 0."""

    name: str
    arguments: tuple[str, ...]
    once: bool = False


class Child:
    """A process that should be there."""

    def __init__(self, plan: Plan, environment: Mapping[str, str], inherited_descriptor: int, clock: Clock) -> None:
        self.name = plan.name
        self.deaths = 0
        self.is_done = False
        self._plan = plan
        self._environment = environment
        self._inherited = inherited_descriptor
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at_seconds = 0.0
        self._deaths_in_a_row = 0
        self._start_due_seconds = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it now. Call from the main thread: the kernel ties the child to the thread that forked it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "yinling", *self._plan.arguments],
            env={**self._environment, SUPERVISOR_VARIABLE: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            pass_fds=(self._inherited,),
            process_group=0,
        )
        self._started_at_seconds = self._clock.monotonic_seconds()

    def tend(self) -> bool:
        """Reap it when it died and start it again when that is due; whether its process changed."""
        if self.is_done:
            return False
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return False
            self._note_death(code)
            if self.is_done:
                return True
        if self._clock.monotonic_seconds() < self._start_due_seconds:
            return False
        self.start()
        log.info("child_restarted", child=self.name, pid=self.pid)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def has_ended(self) -> bool:
        """Whether no process of it is left."""
        return self._process is None or self._process.poll() is not None

    def _note_death(self, code: int) -> None:
        now_seconds = self._clock.monotonic_seconds()
        self._process = None
        if self._plan.once and code == 0:
            self.is_done = True
            return
        self.deaths += 1
        lived_seconds = now_seconds - self._started_at_seconds
        self._deaths_in_a_row = 1 if lived_seconds >= QUIET_SECONDS else self._deaths_in_a_row + 1
        delay_seconds = restart_delay_seconds(self._deaths_in_a_row)
        self._start_due_seconds = now_seconds + delay_seconds
        log.warning("child_died", child=self.name, code=code, lived_seconds=round(lived_seconds, 1), again_in_seconds=delay_seconds)
