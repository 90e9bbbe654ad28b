"""When each device was last heard, and its latest state: kept in memory, written in batches every few seconds.

Readings never write a timer. What is lost with a killed process is a few seconds of last-seen, which the grace period
after our own outage covers; alarms, readings and incidents are not kept here. What the store did not take is taken back and
written by the next flush, under what was heard meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from prometheus_client import Gauge
from sqlalchemy.orm import Session

from alerts.changes import record_device
from alerts.modes.service import movement_seen
from alerts.poison import STORE_IS_AWAY
from devices.model import Device

WAITING = Gauge("yinling_last_seen_waiting", "Devices whose last-seen time is kept in memory because the store did not take it.")

_CHUNK = 400
_STATE = ("online", "battery", "rssi", "firmware", "model")
_OF_MOVEMENT = ("motion", "presence", "in_bed")


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
    offline_at: datetime | None = None
    """The first word of the connection that is lost now; None while `online` is not False."""
    moved: bool = False
    """Whether a reading said that somebody moves, also when a later one said that nobody does."""

    def set_online(self, *, online: bool, at: datetime) -> None:
        """The latest word about its connection."""
        self.offline_at = None if online else self.offline_at or at
        self.online = online

    def over(self, older: Sighting) -> Sighting:
        """Both in one: this one where it says something, the older one where not."""
        for name in ("event_at", *_STATE):
            if getattr(self, name) is None:
                setattr(self, name, getattr(older, name))
        if self.online is False:
            self.offline_at = older.offline_at or self.offline_at
        self.at = max(self.at, older.at)
        self.values = {**older.values, **self.values}
        self.tell_pages = self.tell_pages or older.tell_pages
        self.moved = self.moved or older.moved
        return self


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
            online = state.get("online")
            if online is not None:
                sighting.set_online(online=online, at=at)
            for name, value in state.items():
                if name != "online" and value is not None:
                    setattr(sighting, name, value)
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
            sighting.moved = sighting.moved or (metric in _OF_MOVEMENT and value > 0)

    def has_watched(self) -> bool:
        """Whether somebody waits for the next flush."""
        with self._lock:
            return any(sighting.tell_pages for sighting in self._pending.values())

    def _take(self) -> dict[int, Sighting]:
        with self._lock:
            pending, self._pending = self._pending, {}
        return pending

    def _give_back(self, pending: Mapping[int, Sighting]) -> None:
        with self._lock:
            for device_id, older in pending.items():
                newer = self._pending.get(device_id)
                self._pending[device_id] = older if newer is None else newer.over(older)

    @contextmanager
    def taken(self) -> Iterator[Mapping[int, Sighting]]:
        """What is new, to be written and committed within; when the store is busy or away it is kept for the next time.

        On any other exception it is gone but for the last-seen times here, so that a value no store takes is tried once; the
        next sighting repairs it.
        """
        pending = self._take()
        try:
            yield pending
        except STORE_IS_AWAY:
            self._give_back(pending)
            WAITING.set(len(pending))
            raise
        WAITING.set(0)

    def flush(self, session: Session, now: datetime) -> int:
        """Write what is new in the caller's transaction; the number of devices written. For whoever cannot fail to commit."""
        with self.taken() as pending:
            return write(session, pending, now)

    def _sighting(self, device_id: int, at: datetime) -> Sighting:
        sighting = self._pending.get(device_id)
        if sighting is None:
            sighting = self._pending[device_id] = Sighting(at)
        sighting.at = max(sighting.at, at)
        return sighting


def write(session: Session, sightings: Mapping[int, Sighting], now: datetime) -> int:
    """Write what is new about devices; how many."""
    ids = sorted(sightings)
    for start in range(0, len(ids), _CHUNK):
        _write_some(session, {device_id: sightings[device_id] for device_id in ids[start : start + _CHUNK]}, now)
    return len(ids)


def _write_some(session: Session, sightings: Mapping[int, Sighting], now: datetime) -> None:
    moving: set[int] = set()
    for device in session.scalars(sa.select(Device).where(Device.id.in_(sightings))):
        sighting = sightings[device.id]
        device.last_seen_at = max(sighting.at, device.last_seen_at or sighting.at)
        device.last_event_at = sighting.event_at or device.last_event_at
        for name in _STATE:
            value = getattr(sighting, name)
            if value is not None:
                setattr(device, name, value)
        if sighting.online is not None:
            device.offline_at = None if sighting.online else device.offline_at or sighting.offline_at
        if sighting.values:
            device.last_values = {**(device.last_values or {}), **sighting.values}
        if sighting.tell_pages:
            record_device(session, device.id, device.home_id, now)
        if sighting.moved:
            moving.add(device.home_id)
    movement_seen(session, moving, now)
