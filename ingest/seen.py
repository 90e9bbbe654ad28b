"""When each device was last heard, and its latest state: kept in memory, written in batches every few seconds.

Readings never write a timer. What is lost with a killed process is a few seconds of last-seen, which the grace period
after our own outage covers; alarms, readings and incidents are not kept here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import record_device
from alerts.modes.service import movement_seen
from devices.model import Device

_CHUNK = 400


@dataclass(slots=True)
class Sighting:
    """What is new about one device since the last flush; None means unchanged."""

    at: datetime
    event_at: datetime | None = None
    online: bool | None = None
    battery: float | None = None
    rssi: float | None = None
    firmware: str | None = None
    model: str | None = None
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    tell_pages: bool = False


class SeenBook:
    """The latest of every device. `touch` from the lanes, `flush` from one loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[int, Sighting] = {}
        self._last_seen: dict[int, datetime] = {}
        self._online: dict[int, bool] = {}

    def last_seen(self, device_id: int) -> datetime | None:
        """When this process last heard the device, or knew it was heard; None when never."""
        with self._lock:
            return self._last_seen.get(device_id)

    def last_seen_of_all(self) -> Mapping[int, datetime]:
        """A copy of all last-seen times."""
        with self._lock:
            return dict(self._last_seen)

    def recall(self, known: Iterable[tuple[int, datetime | None, bool | None]]) -> None:
        """Take (device id, last seen, online) from the store, at start."""
        with self._lock:
            for device_id, last_seen_at, online in known:
                if last_seen_at is not None and device_id not in self._last_seen:
                    self._last_seen[device_id] = last_seen_at
                if online is not None:
                    self._online.setdefault(device_id, online)

    def touch(self, device_id: int, at: datetime, *, watched: bool = False, is_event: bool = False) -> None:
        """The device was heard at `at` (our clock). `watched` tells pages at the next flush, as for one being installed."""
        with self._lock:
            sighting = self._sighting(device_id, at)
            if is_event:
                sighting.event_at = at
            sighting.tell_pages = sighting.tell_pages or watched or device_id not in self._last_seen
            self._last_seen[device_id] = max(at, self._last_seen.get(device_id, at))

    def update(self, device_id: int, at: datetime, **state: Any) -> bool:
        """New `online`, `battery`, `rssi`, `firmware` or `model` of a device; None leaves the old. True: it just came back."""
        with self._lock:
            sighting = self._sighting(device_id, at)
            for name, value in state.items():
                if value is not None:
                    setattr(sighting, name, value)
            online = state.get("online")
            if online is None or self._online.get(device_id) == online:
                return False
            self._online[device_id] = online
            sighting.tell_pages = True
            return bool(online)

    def value(self, device_id: int, at: datetime, metric: str, value: float, measured_at: datetime) -> None:
        """The latest value of one metric."""
        with self._lock:
            sighting = self._sighting(device_id, at)
            sighting.values[metric] = {"value": value, "at": measured_at.timestamp() * 1000}

    def has_watched(self) -> bool:
        """Whether somebody waits for the next flush."""
        with self._lock:
            return any(sighting.tell_pages for sighting in self._pending.values())

    def flush(self, session: Session, now: datetime) -> int:
        """Write what is new in the caller's transaction; the number of devices written.

        On an exception what was pending is gone from memory but for the last-seen times; the next sighting repairs it.
        """
        with self._lock:
            pending, self._pending = self._pending, {}
        ids = list(pending)
        for start in range(0, len(ids), _CHUNK):
            self._write(session, {device_id: pending[device_id] for device_id in ids[start : start + _CHUNK]}, now)
        return len(ids)

    def _write(self, session: Session, sightings: Mapping[int, Sighting], now: datetime) -> None:
        moving: set[int] = set()
        for device in session.scalars(sa.select(Device).where(Device.id.in_(sightings))):
            sighting = sightings[device.id]
            device.last_seen_at = max(sighting.at, device.last_seen_at or sighting.at)
            device.last_event_at = sighting.event_at or device.last_event_at
            for name in ("online", "battery", "rssi", "firmware", "model"):
                value = getattr(sighting, name)
                if value is not None:
                    setattr(device, name, value)
            if sighting.online is not None:
                device.offline_at = None if sighting.online else device.offline_at or sighting.at
            if sighting.values:
                device.last_values = {**(device.last_values or {}), **sighting.values}
            if sighting.tell_pages:
                record_device(session, device.id, device.home_id, now)
            if _tells_of_movement(sighting):
                moving.add(device.home_id)
        movement_seen(session, moving, now)

    def _sighting(self, device_id: int, at: datetime) -> Sighting:
        sighting = self._pending.get(device_id)
        if sighting is None:
            sighting = self._pending[device_id] = Sighting(at)
        sighting.at = max(sighting.at, at)
        return sighting


def _tells_of_movement(sighting: Sighting) -> bool:
    """Whether a reading says that somebody moves; signals are noticed where they are judged."""
    return any(sighting.values.get(metric, {}).get("value", 0) > 0 for metric in ("motion", "presence", "in_bed"))
