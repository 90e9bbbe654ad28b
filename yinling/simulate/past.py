"""Gives the demonstration's homes their readings and signals of the week before it began, while the centre works.

It goes back in time, so that the last day is there first, one home and day after the other, and rests three times as
long as it works. Readings are written before the signals of the same stretch, and a stretch that has its signals is
skipped, so a fill that was killed anywhere goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from alerts.model import Disposition, SignalRecord
from core.clock import Clock
from core.database import Database
from devices.codecs.native import STATE_METRICS
from devices.model import Device
from timeseries.ports import ReadingStore, StoreAwayError, StoredReading
from yinling.demo.census import household
from yinling.demo.furnishing import code_of, furnish
from yinling.simulate.day import day_of
from yinling.simulate.happenings import Happening

DAYS = 7
_REST = 3.0
"""Seconds of rest for each second of work."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the past is written."""

    database: Database
    readings: ReadingStore


class Past:
    """The week before the moment that the first fill of a data folder wrote down.

    `rest` waits for so many seconds and says whether to stop.
    """

    def __init__(self, data_dir: Path, zone: ZoneInfo, clock: Clock, rest: Callable[[float], bool]) -> None:
        self._folder = data_dir / "demo"
        self._zone = zone
        self._clock = clock
        self._rest = rest

    def fill(self, stores: Stores, homes: Sequence[int]) -> int:
        """Write what is missing of these homes (by number); how many stretches were written."""
        done = self._folder / "past-is-filled"
        if done.exists():
            return 0
        until = self._began_at()
        written = 0
        for days_ago in range(DAYS + 1):
            day = (until.astimezone(self._zone) - timedelta(days=days_ago)).date()
            for number in homes:
                began_seconds = self._clock.monotonic_seconds()
                written += self._stretch(stores, number, day, until)
                if self._rest(_REST * (self._clock.monotonic_seconds() - began_seconds)):
                    return written
        done.touch()
        log.info("past_week_filled", stretches=written)
        return written

    def _began_at(self) -> datetime:
        kept = self._folder / "began-at"
        if not kept.exists():
            aside = kept.with_suffix(".new")
            aside.write_text(self._clock.now().isoformat(), encoding="utf-8")
            aside.replace(kept)
        return datetime.fromisoformat(kept.read_text(encoding="utf-8"))

    def _stretch(self, stores: Stores, number: int, day: date, until: datetime) -> bool:
        home = household(number)
        furniture = furnish(home)
        told = [happening for happening in day_of(home, furniture, day, self._zone) if happening.at < until]
        if not told:
            return False
        with stores.database.snapshot() as session:
            codes = [code_of(home, device) for device in furniture]
            devices = {device.code: device for device in session.scalars(sa.select(Device).where(Device.code.in_(codes)))}
            by_role = {device.role: devices[code] for device, code in zip(furniture, codes, strict=True) if code in devices}
            if not by_role or _has_signals(session, by_role, day):
                return False
        try:
            stores.readings.write([reading for happening in told for reading in _readings(happening, by_role)])
        except StoreAwayError:
            log.warning("past_waits_for_readings_store", home=home.code)
            return False
        with stores.database.transaction() as session:
            session.add_all(_signals(told, by_role, day))
        return True


def _has_signals(session: Session, by_role: dict[str, Device], day: date) -> bool:
    ids = [device.id for device in by_role.values()]
    query = sa.select(SignalRecord.id).where(
        SignalRecord.device_id.in_(ids), SignalRecord.event_key.in_([_key(day, 0), _key(day, 1)])
    )
    return session.scalar(query.limit(1)) is not None


def _key(day: date, order: int) -> str:
    return f"past-{day.isoformat()}-{order}"


def _readings(happening: Happening, by_role: dict[str, Device]) -> list[StoredReading]:
    device = by_role.get(happening.role)
    if device is None:
        return []
    values = dict(happening.values)
    if happening.type in STATE_METRICS:
        metric, value = STATE_METRICS[happening.type]
        values[metric] = value
    return [StoredReading(device.home_id, device.id, metric, happening.at, float(value)) for metric, value in values.items()]


def _signals(told: Sequence[Happening], by_role: dict[str, Device], day: date) -> list[SignalRecord]:
    signals = []
    of_devices = sorted((happening for happening in told if happening.is_signal), key=lambda happening: happening.role)
    for role, happenings in groupby(of_devices, key=lambda happening: happening.role):
        device = by_role.get(role)
        if device is None:
            continue
        signals += [
            SignalRecord(
                home_id=device.home_id,
                device_id=device.id,
                event_key=_key(day, order),
                type=happening.type,
                device_at=happening.at,
                received_at=happening.at,
                disposition=Disposition.STORED,
            )
            for order, happening in enumerate(happenings)
        ]
    return signals
