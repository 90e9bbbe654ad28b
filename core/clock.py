"""The one clock of the house.

Everything that needs the time is handed a `Clock`; nothing else reads the machine's clocks (a lint proves it).
`SystemClock` is anchored to the monotonic clock: between two looks it advances by monotonic time, so a timer never
sees an hour appear or vanish. When the wall clock is stepped, `take_step` reports by how much, once, so that the owner
of the timers can move open dues with it. A process that dies forgets its anchor; `since_boot` lets who kept one tell, after
a restart on the same start of the machine, whether the wall was stepped meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

# NTP slews slower than this; a larger gap between wall and monotonic time is somebody setting the clock.
STEP_THRESHOLD = timedelta(seconds=2)

_BOOT = Path("/proc/sys/kernel/random/boot_id")

EARLIEST_CREDIBLE = datetime(2020, 1, 1, tzinfo=UTC)
"""A device time before this is a clock that was never set."""

FUTURE_TOLERANCE = timedelta(minutes=5)
"""A device time further ahead than this is a wrong clock."""


@dataclass(frozen=True, slots=True)
class SinceBoot:
    """Which start of which machine this is, and how long ago it was, times of sleep included."""

    boot: str
    elapsed: timedelta


class Clock(Protocol):
    """A source of instants. `now` is UTC and aware; `monotonic_seconds` never goes back."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def monotonic_seconds(self) -> float:
        """Seconds since an arbitrary start, for durations and latencies."""
        ...

    def take_step(self) -> timedelta | None:
        """How far the wall clock was set since the last call, or None; the clock follows it from then on."""
        ...

    def since_boot(self) -> SinceBoot | None:
        """Time that no setting of the wall clock touches and no death ends; None where the system does not tell."""
        ...


class SystemClock:
    """The machine's clock, anchored: `now()` follows monotonic time until `take_step` re-anchors it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._anchor_wall = self._wall()
        self._anchor_monotonic = self.monotonic_seconds()

    def now(self) -> datetime:
        """The anchored instant, corrected for slow drift below the step threshold."""
        with self._lock:
            anchored = self._anchored()
            drift = self._wall() - anchored
            # Slow drift (NTP slewing, a suspended laptop's rounding) is followed silently; a step waits for take_step.
            return anchored if abs(drift) > STEP_THRESHOLD else anchored + drift

    def monotonic_seconds(self) -> float:
        """`time.monotonic`."""
        return time.monotonic()

    def take_step(self) -> timedelta | None:
        """Report a wall-clock step once and follow it."""
        with self._lock:
            wall = self._wall()
            drift = wall - self._anchored()
            self._anchor_wall = wall
            self._anchor_monotonic = self.monotonic_seconds()
            return drift if abs(drift) > STEP_THRESHOLD else None

    def since_boot(self) -> SinceBoot | None:
        """The kernel's word for this start of it, and CLOCK_BOOTTIME."""
        try:
            return SinceBoot(_BOOT.read_text().strip(), timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME)))
        except (OSError, AttributeError):  # not a Linux
            return None

    def _anchored(self) -> datetime:
        return self._anchor_wall + timedelta(seconds=self.monotonic_seconds() - self._anchor_monotonic)

    def _wall(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved; for tests and for replaying days."""

    def __init__(self, start: datetime, since_boot: SinceBoot | None = None) -> None:
        if start.tzinfo is None:
            message = "a ManualClock needs an aware start"
            raise ValueError(message)
        self._now = start.astimezone(UTC)
        self._elapsed_seconds = 0.0
        self._began = since_boot
        self._step: timedelta | None = None

    def now(self) -> datetime:
        """Where the clock was left."""
        return self._now

    def monotonic_seconds(self) -> float:
        """The sum of all advances, in seconds; steps do not count."""
        return self._elapsed_seconds

    def take_step(self) -> timedelta | None:
        """The step given to `step`, once."""
        step, self._step = self._step, None
        return step

    def since_boot(self) -> SinceBoot | None:
        """What it was given, and the sum of all advances."""
        began = self._began
        return None if began is None else SinceBoot(began.boot, began.elapsed + timedelta(seconds=self._elapsed_seconds))

    def advance(self, by: timedelta) -> datetime:
        """Let time pass."""
        self._now += by
        self._elapsed_seconds += by.total_seconds()
        return self._now

    def step(self, by: timedelta) -> None:
        """Set the wall clock, without time passing."""
        self._now += by
        self._step = by


_LOOK_SECONDS = 0.25


def wait(event: threading.Event, seconds: float, clock: Clock) -> bool:
    """Wait until `event` is set or `seconds` have passed, by the machine or by `clock`; whether it is set.

    A clock that is moved while somebody waits ends the wait within half a second.
    """
    began_seconds, due_seconds = clock.monotonic_seconds(), time.monotonic() + seconds
    while not event.is_set():
        left_seconds = min(due_seconds - time.monotonic(), began_seconds + seconds - clock.monotonic_seconds())
        if left_seconds <= 0:
            return False
        event.wait(min(left_seconds, _LOOK_SECONDS))
    return True


async def sleep(seconds: float, clock: Clock) -> None:
    """Sleep until `seconds` have passed, by the machine or by `clock`."""
    began_seconds, due_seconds = clock.monotonic_seconds(), time.monotonic() + seconds
    while True:
        left_seconds = min(due_seconds - time.monotonic(), began_seconds + seconds - clock.monotonic_seconds())
        if left_seconds <= 0:
            return
        await asyncio.sleep(min(left_seconds, _LOOK_SECONDS))


def credible_instant(device_time: datetime | None, received_at: datetime) -> datetime:
    """The device's time where it can be believed, else the receive time.

    A clock in 1970 or in the future means receive time (design, section 5); both are kept by the caller.
    """
    if device_time is None or device_time < EARLIEST_CREDIBLE or device_time > received_at + FUTURE_TOLERANCE:
        return received_at
    return device_time


def from_epoch_milliseconds(value: float) -> datetime | None:
    """An instant from epoch milliseconds, or None where no calendar has such a day."""
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
