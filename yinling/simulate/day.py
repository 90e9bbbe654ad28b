"""A believable day in one home: rising, meals, the door, naps, nights, measured vitals.

Pure: a function of the household and the date, so the same day is told the same way whenever it is asked for. Only
ordinary life is here; what raises an alarm is in `yinling.simulate.alarms`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from yinling.demo.census import Household
from yinling.demo.furnishing import DevicePlan
from yinling.simulate.happenings import Happening

_MEASURE_MINUTES = 10


@dataclass(frozen=True, slots=True)
class _Habits:
    """How this resident lives, in hours of the local day."""

    rises: float
    sleeps: float
    nap: tuple[float, float] | None
    outings: tuple[tuple[float, float], ...]
    restless_nights: float
    heart_rate: float
    systolic: float
    glucose: float


def day_of(home: Household, devices: tuple[DevicePlan, ...], day: date, zone: ZoneInfo) -> list[Happening]:
    """Everything ordinary that the home's devices say on this local day, in order."""
    dice = random.Random(f"yinling-day-{home.number}-{day.isoformat()}")  # noqa: S311 a town, not a secret
    habits = _habits_of(home, dice)
    midnight = datetime.combine(day, time(), zone)
    told: list[Happening] = []
    for device in devices:
        told += [
            Happening(midnight + timedelta(hours=hour), device.role, type=what, values=values)
            for hour, what, values in _life_of(device, habits, dice)
            if 0 <= hour < 24  # noqa: PLR2004 hours of a day
        ]
    return sorted(told, key=lambda happening: happening.at)


_Moment = tuple[float, str | None, dict[str, float]]


def _habits_of(home: Household, dice: random.Random) -> _Habits:
    own = random.Random(f"yinling-habits-{home.number}")  # noqa: S311 a town, not a secret
    rises = own.gauss(6.1, 0.6) + dice.gauss(0, 0.25)
    sleeps = own.gauss(21.4, 0.6) + dice.gauss(0, 0.3)
    naps = own.random() < 0.7  # noqa: PLR2004 most do
    nap_begins = own.gauss(12.8, 0.3) + dice.gauss(0, 0.15)
    outings = []
    if dice.random() < 0.75:  # noqa: PLR2004 the market, most mornings
        begins = rises + dice.uniform(1.5, 3)
        outings.append((begins, begins + dice.uniform(0.5, 1.4)))
    if dice.random() < 0.55:  # noqa: PLR2004 the square, every other afternoon
        begins = dice.uniform(15, 16.5)
        outings.append((begins, begins + dice.uniform(0.6, 1.8)))
    return _Habits(
        rises=rises,
        sleeps=min(sleeps, 23.4),
        nap=(nap_begins, nap_begins + dice.uniform(0.6, 1.5)) if naps else None,
        outings=tuple(outings),
        restless_nights=own.uniform(0.5, 2.5),
        heart_rate=own.gauss(70, 6),
        systolic=own.gauss(134, 9),
        glucose=own.gauss(6.6, 0.8),
    )


def _life_of(device: DevicePlan, habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    tells = {
        "motion": _movement,
        "presence": _presence,
        "door": _door,
        "bed": _bed,
        "vitals": _vitals,
        "watch": _watch,
        "environment": _environment,
        "fall-sensor": _bathroom,
    }.get(device.profile)
    return iter(()) if tells is None else tells(habits, dice)


def _is_home(habits: _Habits, hour: float) -> bool:
    return not any(begins <= hour < ends for begins, ends in habits.outings)


def _is_up(habits: _Habits, hour: float) -> bool:
    napping = habits.nap is not None and habits.nap[0] <= hour < habits.nap[1]
    return habits.rises <= hour < habits.sleeps and not napping


def _movement(habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    hour = habits.rises
    while hour < habits.sleeps:
        if _is_home(habits, hour) and _is_up(habits, hour):
            yield hour, "motion.seen", {}
        hour += dice.expovariate(1 / 0.22)
    for _ in range(round(habits.restless_nights)):
        yield dice.uniform(0, habits.rises), "motion.seen", {}


def _presence(habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    yield max(0.0, habits.rises - 0.1), "presence.off", {}
    if habits.nap is not None:
        yield habits.nap[0], "presence.on", {}
        yield habits.nap[1], "presence.off", {}
    yield habits.sleeps - dice.uniform(0.05, 0.3), "presence.on", {}


def _bathroom(habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    for _ in range(dice.randint(5, 9)):
        begins = dice.uniform(habits.rises, habits.sleeps)
        if _is_home(habits, begins):
            yield begins, "presence.on", {}
            yield begins + dice.uniform(0.03, 0.2), "presence.off", {}


def _door(habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    visits = [dice.uniform(9, 20) for _ in range(dice.randint(0, 2))]
    for moment in sorted([hour for outing in habits.outings for hour in outing] + visits):
        yield moment, "door.opened", {}
        yield moment + dice.uniform(4, 40) / 3600, "door.closed", {}


def _bed(habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    stays = [(0.0, habits.rises), (habits.sleeps, 24.0)]
    if habits.nap is not None:
        stays.insert(1, habits.nap)
    for begins, ends in stays:
        if begins > 0:
            yield begins, "bed.entered", {}
        hour = begins + dice.uniform(0.05, 0.15)
        while hour < min(ends, 23.99):
            deep = 4 * math.sin(math.pi * (hour % 24) / 6) if hour < habits.rises else 0
            rate = min(max(habits.heart_rate - 8 - deep + dice.gauss(0, 2), 48), 90)
            breath = min(max(dice.gauss(15, 1), 12), 19)
            yield hour, None, {"in_bed": 1, "heart_rate": round(rate), "respiration_rate": round(breath)}
            hour += _MEASURE_MINUTES / 60
        if ends < 24:  # noqa: PLR2004 who sleeps past midnight stays in bed
            yield ends, "bed.left", {}
            yield ends + 0.005, None, {"in_bed": 0}


def _vitals(habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    for hour in (habits.rises + dice.uniform(0.4, 1.0), 19 + dice.uniform(0, 1)):
        systolic = min(max(dice.gauss(habits.systolic, 7), 104), 168)
        pulse = min(max(dice.gauss(habits.heart_rate, 4), 54), 98)
        values: dict[str, float] = {"systolic": round(systolic), "diastolic": round(systolic * 0.58), "heart_rate": round(pulse)}
        if dice.random() < 0.5:  # noqa: PLR2004 every other time
            values |= {"spo2": dice.choice((95, 96, 97, 97, 98)), "body_temperature": round(dice.gauss(36.4, 0.2), 1)}
        if dice.random() < 0.4:  # noqa: PLR2004 diabetics and the careful
            values["blood_glucose"] = round(min(max(dice.gauss(habits.glucose, 0.7), 4.6), 11.5), 1)
        yield hour, None, values


def _watch(habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    steps, hour = 0, habits.rises + 0.2
    while hour < habits.sleeps:
        is_out = not _is_home(habits, hour)
        steps += dice.randint(300, 700) if is_out else dice.randint(0, 60)
        pulse = min(max(habits.heart_rate + (16 if is_out else 0) + dice.gauss(0, 4), 52), 104)
        yield hour, None, {"heart_rate": round(pulse), "steps": steps, "battery": round(95 - 2.2 * (hour - habits.rises))}
        hour += _MEASURE_MINUTES / 60


def _environment(habits: _Habits, dice: random.Random) -> Iterator[_Moment]:
    hour = dice.uniform(0, 0.2)
    while hour < 24:  # noqa: PLR2004 hours of a day
        warmth = 20 + 3 * math.sin(math.pi * (hour - 8) / 12) + (1 if _is_up(habits, hour) else 0)
        yield hour, None, {"temperature": round(warmth + dice.gauss(0, 0.2), 1), "humidity": round(dice.gauss(55, 2))}
        hour += 2 * _MEASURE_MINUTES / 60
