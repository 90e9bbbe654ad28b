"""Readings, and a store that can be told to refuse."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from timeseries.ports import Point, StoreAwayError, StoredReading, StoreRefusedError

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def reading(second: float = 0, value: float = 70.0, device: int = 1, metric: str = "heart_rate") -> StoredReading:
    """One reading, `second` after the start."""
    return StoredReading(1, device, metric, START + timedelta(seconds=second), value)


def readings(count: int, device: int = 1, start: int = 0) -> list[StoredReading]:
    """`count` readings, one a second."""
    return [reading(second, float(second), device) for second in range(start, start + count)]


class MoodyStore:
    """A store in memory: away while told so, and it never takes a value in `poison`."""

    def __init__(self, poison: frozenset[float] = frozenset()) -> None:
        self.away = False
        self.poison = poison
        self.kept: dict[tuple[int, str, datetime], float] = {}
        self.writes = 0
        self.order: list[float] = []

    def write(self, readings: Sequence[StoredReading]) -> None:
        """Keep or raise."""
        self.writes += 1
        if self.away:
            raise StoreAwayError(reason="told so")
        if any(one.value in self.poison for one in readings):
            raise StoreRefusedError(reason="poison")
        for one in readings:
            self.kept[one.device_id, one.metric, one.at] = one.value
            self.order.append(one.value)

    def read(self, device_id: int, metric: str, start: datetime, end: datetime, points: int) -> list[Point]:
        """Not needed by what these tests look at."""
        raise NotImplementedError

    def read_many(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime, points: int
    ) -> dict[tuple[int, str], list[Point]]:
        """Not needed by what these tests look at."""
        raise NotImplementedError

    def scan(
        self, device_ids: Sequence[int], metrics: Collection[str] | None, start: datetime, end: datetime
    ) -> Iterator[StoredReading]:
        """Not needed by what these tests look at."""
        raise NotImplementedError

    def latest(self, device_id: int) -> Mapping[str, Point]:
        """Not needed by what these tests look at."""
        raise NotImplementedError

    def devices(self) -> list[int]:
        """Whose readings were kept."""
        return sorted({key[0] for key in self.kept})

    def delete_before(self, at: datetime) -> int:
        """How many went."""
        old = [key for key in self.kept if key[2] < at]
        for key in old:
            del self.kept[key]
        return len(old)

    def check(self) -> None:
        """Raise when away."""
        if self.away:
            raise StoreAwayError(reason="told so")

    def close(self) -> None:
        """Nothing to let go of."""
