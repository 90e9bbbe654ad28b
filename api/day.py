"""The last hours of a home as a picture: who moved where, which door, the bed, what alarmed, and the vitals.

Lanes are drawn from signals, vitals from the readings; the usual rhythm is the mean of the seven days before. The
drawing is pure; `day_of` reads for it, the vitals last and apart: a store of readings that is away or hangs holds no
transaction open, and takes nothing of the picture with it but the vitals, which are then said to be unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from alerts.home_today import last_movement
from alerts.model import SignalRecord
from alerts.modes.service import MOVEMENT
from api.schemas.devices import ReadingOut
from api.schemas.homes import Day, DayCode, DaySentence, Lane, Mark, Span, UsualHour, VitalSeries
from api.views.devices import HEALTH_METRICS
from api.views.homes import home_devices
from devices.model import Device
from devices.profiles import catalogue
from devices.vocabulary import CONDITIONS, METRICS
from people.model import Home
from timeseries.ports import Point, ReadingStore, StoreAwayError

log = structlog.get_logger()

USUAL_DAYS = 7
ALARMS = frozenset({"sos.pressed", "fall.detected", "smoke.on", "gas.on", "co.on", "water.on", "call.requested"})
MOVEMENT_LASTS = timedelta(minutes=5)
"""Movement seen within this of the last is one stretch: sensors of this kind rest for minutes between reports."""
VITAL_POINTS = 200
MARKS_A_LANE = 500
_HOUR_MICROSECONDS = 3_600_000_000
_LANES = {"motion": "motion", "presence": "presence", "door": "door", "bed": "bed", "stove": "stove", "zone": "zone"}


@dataclass(frozen=True, slots=True)
class Happening:
    """A signal as the picture needs it."""

    device_id: int
    type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A day as the relational store knows it, and what is needed to ask for its vitals."""

    day: Day
    devices: Sequence[Device]
    own_limits: Mapping[int, Mapping[str, Mapping[str, float]]]
    """By resident."""


def day_of(session: Session, home: Home, now: datetime, hours: int, timezone: str) -> Told:
    """Read and draw the last `hours` of a home, without its vitals."""
    start = now - timedelta(hours=hours)
    devices = home_devices(session, home.id)
    happenings = _happenings(session, home.id, start, now)
    usual = usual_rhythm(_movement_by_hour(session, home.id, start - timedelta(days=USUAL_DAYS), start), ZoneInfo(timezone))
    lanes = draw_lanes(happenings, {device.id: device for device in devices}, start, now)
    before = last_movement(session, home.id, devices)
    said = sentence(happenings, devices, usual, (now, hours), before.at if before is not None else None)
    day = Day(start=start, end=now, lanes=lanes, vitals=[], readings_away=False, usual=usual, sentence=said)
    return Told(day, devices, {one.id: one.limits for one in home.residents if one.limits})


def with_vitals(told: Told, readings: ReadingStore) -> Day:
    """The day with its vitals; call it while no transaction is open."""
    try:
        vitals = _vitals(readings, told)
    except StoreAwayError as error:
        log.warning("day_without_readings", error=str(error))
        return told.day.model_copy(update={"readings_away": True})
    return told.day.model_copy(update={"vitals": vitals})


def _happenings(session: Session, home_id: int, start: datetime, end: datetime) -> list[Happening]:
    shown = MOVEMENT | ALARMS | set(CONDITIONS) | set(CONDITIONS.values())
    query = (
        sa.select(SignalRecord.device_id, SignalRecord.type, SignalRecord.received_at)
        .where(SignalRecord.home_id == home_id, SignalRecord.received_at.between(start, end), SignalRecord.type.in_(shown))
        .order_by(SignalRecord.received_at)
    )
    return [Happening(*row) for row in session.execute(query)]


def _movement_by_hour(session: Session, home_id: int, start: datetime, end: datetime) -> dict[datetime, int]:
    # The column is integer microseconds on every database; the division makes hours since 1970.
    hour = sa.cast(SignalRecord.received_at, sa.BigInteger) // _HOUR_MICROSECONDS
    query = (
        sa.select(hour, sa.func.count())
        .where(SignalRecord.home_id == home_id, SignalRecord.received_at.between(start, end), SignalRecord.type.in_(MOVEMENT))
        .group_by(hour)
    )
    return {datetime.fromtimestamp(hours * 3600, UTC): count for hours, count in session.execute(query)}


def usual_rhythm(by_hour: Mapping[datetime, int], zone: ZoneInfo) -> list[UsualHour]:
    """The mean movement of each hour of the day over the days that have any; empty when there are none."""
    days = {hour.astimezone(zone).date() for hour in by_hour}
    sums: dict[int, int] = defaultdict(int)
    for hour, count in by_hour.items():
        sums[hour.astimezone(zone).hour] += count
    return [UsualHour(hour=hour, movement=round(sums[hour] / len(days), 2)) for hour in range(24)] if days else []


def draw_lanes(happenings: Sequence[Happening], devices: Mapping[int, Device], start: datetime, end: datetime) -> list[Lane]:
    """One lane for each device that moves or opens, in the order of devices, and one of alarms above them all."""
    alarms = [happening for happening in happenings if happening.type in ALARMS]
    lanes = [Lane(key="alarm", name="", spans=[], marks=_marks(alarms, devices))] if alarms else []
    for device in devices.values():
        own = [happening for happening in happenings if happening.device_id == device.id and happening.type not in ALARMS]
        for key in dict.fromkeys(_LANES.get(happening.type.split(".")[0]) for happening in own):
            if key is not None:
                of_lane = [happening for happening in own if happening.type.startswith(f"{key}.")]
                spans = _movement_spans(of_lane, end) if key == "motion" else _state_spans(of_lane, start, end)
                marks = _marks(of_lane, devices) if key == "door" else []
                lanes.append(Lane(key=key, name=device.room or device.name, spans=spans, marks=marks))
    return lanes


def _marks(happenings: Sequence[Happening], devices: Mapping[int, Device]) -> list[Mark]:
    names = {id_: device.room or device.name for id_, device in devices.items()}
    return [
        Mark(at=happening.at, kind=happening.type, text=names.get(happening.device_id)) for happening in happenings[-MARKS_A_LANE:]
    ]


def _movement_spans(happenings: Iterable[Happening], end: datetime) -> list[Span]:
    spans: list[Span] = []
    for happening in happenings:
        until = min(end, happening.at + MOVEMENT_LASTS)
        if spans and happening.at <= spans[-1].end:
            spans[-1] = Span(start=spans[-1].start, end=until, kind="motion")
        else:
            spans.append(Span(start=happening.at, end=until, kind="motion"))
    return spans


def _state_spans(happenings: Sequence[Happening], start: datetime, end: datetime) -> list[Span]:
    """Stretches between a beginning and its end; one that was there before the picture starts with it."""
    spans: list[Span] = []
    since: datetime | None = None
    for index, happening in enumerate(happenings):
        begins = happening.type in CONDITIONS
        if begins and since is None:
            since = happening.at
        elif not begins:
            opened = since or (start if index == 0 else None)
            if opened is not None:
                spans.append(Span(start=opened, end=happening.at, kind=_beginning(happening.type)))
            since = None
    if since is not None:
        spans.append(Span(start=since, end=end, kind=happenings[-1].type))
    return spans


def _beginning(ending: str) -> str:
    return next((begins for begins, ends in CONDITIONS.items() if ends == ending), ending)


def _vitals(readings: ReadingStore, told: Told) -> list[VitalSeries]:
    by_id = {device.id: device for device in told.devices}
    if not by_id:
        return []
    series = readings.read_many(list(by_id), sorted(HEALTH_METRICS), told.day.start, told.day.end, VITAL_POINTS)
    found = ((by_id[device_id], metric, points) for (device_id, metric), points in sorted(series.items()) if points)
    return [_vital(device, metric, points, told.own_limits.get(device.resident_id or 0, {})) for device, metric, points in found]


def _vital(device: Device, metric: str, points: Sequence[Point], own: Mapping[str, Mapping[str, float]]) -> VitalSeries:
    profile = catalogue().get(device.profile)
    limit = profile.limits.get(metric) if profile is not None else None
    low, high = (limit.low, limit.high) if limit is not None else (None, None)
    return VitalSeries(
        metric=metric,
        unit=METRICS[metric].unit,
        points=[ReadingOut(at=point.at, value=point.value) for point in points],
        low=own.get(metric, {}).get("low", low),
        high=own.get(metric, {}).get("high", high),
    )


def sentence(
    happenings: Sequence[Happening],
    devices: Sequence[Device],
    usual: Sequence[UsualHour],
    day: tuple[datetime, int],
    last_at: datetime | None,
) -> DaySentence:
    """The picture in words: how much movement there was, beside what is usual in as many hours.

    `day` is its end and its hours, `last_at` the last movement ever. Only what can notice movement says that there was
    none: a button that is heard tells nothing of whoever lives there.
    """
    now, hours = day
    movements = sum(happening.type in MOVEMENT for happening in happenings)
    expected = round(sum(hour.movement for hour in usual) * hours / 24, 1) if usual else None
    watching = [device for device in devices if _notices_movement(device)]
    heard = max((device.last_seen_at for device in watching if device.last_seen_at is not None), default=None)
    code: DayCode
    if movements:
        code = "moving"
    elif not watching:
        code = "no_devices"
    elif heard is None or heard < now - timedelta(hours=hours):
        code = "nothing_heard"
    else:
        code = "still" if last_at is not None else "never_moved"
    return DaySentence(code=code, last_movement_at=last_at, movements=movements, usual_movements=expected)


def _notices_movement(device: Device) -> bool:
    profile = catalogue().get(device.profile)
    return profile is not None and not MOVEMENT.isdisjoint(profile.signals)
