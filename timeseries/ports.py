"""What a store of readings promises, whichever it is.

A write is idempotent: the same series and time overwrites, so a replay after a death changes nothing. A store that is
away raises `StoreAwayError` and the caller spools; one that will never take a row raises `StoreRefusedError` and the
caller sets that row aside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.errors import InvalidInputError, UnavailableError

HEARD = "heard"
"""The series of signs of life: a point, always 1, for each message of a device that brought no reading of it.

With it every message leaves its trace, so that a backtest knows when a device was silent.
"""

CONNECTED = "connected"
"""The series of what was said of a device's connection: 1 or 0, for each word about it. It is no sign of life by itself."""


@dataclass(frozen=True, slots=True)
class StoredReading:
    """One value of one series. `at` is aware; the store keeps it to the microsecond."""

    home_id: int
    device_id: int
    metric: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Point:
    """One value read back."""

    at: datetime
    value: float


class StoreAwayError(UnavailableError):
    """The store does not answer or has no room; the same write may succeed later."""

    code = "readings_unavailable"


class StoreLockedOutError(StoreAwayError):
    """The store answers and does not let us in, or has no place for readings: a person must put it right."""


class StoreRefusedError(UnavailableError):
    """The store will never take (part of) this write; trying again is useless."""

    code = "readings_unavailable"


class RangeError(InvalidInputError):
    """A range of time, or a number of points, that cannot be read."""

    code = "period_invalid"


MOST_POINTS = 10_000
"""Nobody draws more."""


def check_range(start: datetime, end: datetime, points: int) -> None:
    """Raise RangeError for a range, or a number of points, that cannot be read."""
    if not 1 <= points <= MOST_POINTS:
        raise RangeError(points=points, most=MOST_POINTS)
    if start >= end:
        raise RangeError(start=start.isoformat(), end=end.isoformat())


class ReadingStore(Protocol):
    """Where readings are kept. Every method may be called from any thread."""

    def write(self, readings: Sequence[StoredReading]) -> None:
        """Keep all of them or raise; once it returns they survive a kill."""
        ...

    def read(self, device_id: int, metric: str, start: datetime, end: datetime, points: int) -> list[Point]:
        """The series within [start, end), oldest first, at most `points`, extremes kept."""
        ...

    def read_many(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime, points: int
    ) -> dict[tuple[int, str], list[Point]]:
        """`read` for several series at once; series without a point in the range are left out."""
        ...

    def scan(
        self, device_ids: Sequence[int], metrics: Collection[str] | None, start: datetime, end: datetime
    ) -> Iterator[StoredReading]:
        """Every point within [start, end) of these devices, none left out, by time, then device, then metric.

        It streams: neither a day nor a month is held in memory, and writers pass in between. `metrics` None means all.
        """
        ...

    def latest(self, device_id: int) -> Mapping[str, Point]:
        """The newest point of each metric of a device."""
        ...

    def devices(self) -> list[int]:
        """Every device that has a point, by id."""
        ...

    def delete_before(self, at: datetime) -> int:
        """Delete points older than `at`, in slices that let writers pass; how many went."""
        ...

    def check(self) -> None:
        """Raise `StoreAwayError` when the store cannot be written now."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
