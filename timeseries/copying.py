"""Every reading of one store into another, with a place to go on from.

Devices are copied in groups, each from its first to its last reading. After each batch that the target has, the place is
synced to a small file, so a copy that is killed goes on there; what was written and not yet noted is written again, which
changes nothing. Readings that arrive meanwhile belong to whoever writes them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import orjson

from core.clock import Clock
from timeseries.influx_lines import EARLIEST, LATEST
from timeseries.ports import ReadingStore, StoredReading
from timeseries.writing import Writer

BATCH_READINGS = 5_000
_DEVICES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Place:
    """How far a copy is: all devices up to `device` are done, and of the next ones what is before `at`."""

    device: int = -(2**62)
    at: datetime | None = None
    copied: int = 0
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlaceFile:
    """Where the place is kept."""

    path: Path

    def read(self) -> Place:
        """The place of a copy that was ended before it was done; the beginning otherwise."""
        try:
            kept = orjson.loads(self.path.read_bytes())
        except FileNotFoundError:
            return Place()
        times = {name: kept[name] and datetime.fromisoformat(kept[name]) for name in ("at", "first", "last")}
        return Place(device=kept["device"], copied=kept["copied"], **times)

    def write(self, place: Place) -> None:
        """Keep the place, synced."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_suffix(".new")
        with aside.open("wb") as file:
            file.write(orjson.dumps(asdict(place)))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)

    def forget(self) -> None:
        """The copy is done."""
        self.path.unlink(missing_ok=True)


def copy(source: ReadingStore, target: ReadingStore, kept: PlaceFile, clock: Clock, told: Callable[[int, int, int], None]) -> Place:
    """Copy what is missing; `told` hears (devices done, devices, readings). Raises StoreAwayError; then it can go on later."""
    writer, place = Writer(target, clock), kept.read()
    devices = source.devices()
    left = [device for device in devices if device > place.device]
    for first in range(0, len(left), _DEVICES_AT_ONCE):
        group = left[first : first + _DEVICES_AT_ONCE]
        for batch in _batches(source.scan(group, None, place.at or EARLIEST, LATEST)):
            writer.write(batch)
            place = _further(place, batch)
            kept.write(place)
            told(len(devices) - len(left) + first, len(devices), place.copied)
        place = replace(place, device=group[-1], at=None)
        kept.write(place)
        told(len(devices) - len(left) + first + len(group), len(devices), place.copied)
    return place


def differences(source: ReadingStore, target: ReadingStore) -> Iterator[StoredReading]:
    """Readings of the source that are not, or otherwise, in the target."""
    devices = source.devices()
    for device in devices:
        there = target.scan([device], None, EARLIEST, LATEST)
        known = next(there, None)
        for reading in source.scan([device], None, EARLIEST, LATEST):
            while known is not None and _key(known) < _key(reading):
                known = next(there, None)
            if known is None or _key(known) != _key(reading) or known.value != reading.value:
                yield reading


def _key(reading: StoredReading) -> tuple[datetime, int, str]:
    return (reading.at, reading.device_id, reading.metric)


def _batches(readings: Iterator[StoredReading]) -> Iterator[list[StoredReading]]:
    while batch := list(islice(readings, BATCH_READINGS)):
        yield batch


def _further(place: Place, batch: list[StoredReading]) -> Place:
    first, last = batch[0].at.astimezone(UTC), batch[-1].at.astimezone(UTC)
    return replace(
        place,
        at=last,
        copied=place.copied + len(batch),
        first=min(first, place.first or first),
        last=max(last, place.last or last),
    )
