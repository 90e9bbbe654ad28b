"""What goes wrong in the simulated town: about one alarm every two minutes, each with what follows it.

Pure: time is cut into slots of two minutes; each slot holds one alarm, a function of the slot's number and the town.
The family's home is spared, so that a newcomer's first press there opens an incident of its own.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from yinling.demo.accounts import FAMILY_HOME
from yinling.demo.census import Household
from yinling.demo.furnishing import DevicePlan
from yinling.simulate.happenings import Happening

SLOT_SECONDS = 120
_ANSWERED = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class Mishap:
    """A kind of alarm and which profiles can have it."""

    name: str
    profiles: tuple[str, ...]
    weight: int


MISHAPS: tuple[Mishap, ...] = (
    Mishap("sos", ("sos-button", "pendant", "watch"), 44),
    Mishap("fall", ("fall-sensor",), 9),
    Mishap("fall_felt", ("watch",), 7),
    Mishap("vitals", ("vitals",), 14),
    Mishap("doctor_call", ("doctor-kiosk",), 9),
    Mishap("battery", ("motion", "door", "sos-button"), 7),
    Mishap("water", ("water-leak",), 4),
    Mishap("smoke", ("smoke-alarm",), 4),
    Mishap("gas", ("gas-alarm",), 2),
)


@dataclass(frozen=True, slots=True)
class Resident:
    """A home with its devices, as the simulation walks through the town."""

    home: Household
    devices: tuple[DevicePlan, ...]


def alarms_between(town: Sequence[Resident], start: datetime, end: datetime) -> list[tuple[str, Happening]]:
    """(home code, happening) of every alarm whose slot begins in [start, end), with what follows each, in order."""
    first, last = (-int(-moment.timestamp() // SLOT_SECONDS) for moment in (start, end))
    told = [pair for slot in range(first, last) for pair in _slot(town, slot)]
    return sorted(told, key=lambda pair: pair[1].at)


def _slot(town: Sequence[Resident], slot: int) -> list[tuple[str, Happening]]:
    dice = random.Random(f"yinling-mishap-{slot}")  # noqa: S311 a town, not a secret
    at = datetime.fromtimestamp(slot * SLOT_SECONDS + dice.uniform(0, SLOT_SECONDS), UTC)
    mishap = dice.choices(MISHAPS, [mishap.weight for mishap in MISHAPS])[0]
    candidates = [
        (place.home.code, device)
        for place in town
        for device in place.devices
        if device.profile in mishap.profiles and place.home.code != FAMILY_HOME
    ]
    if not candidates:
        return []
    code, device = dice.choice(candidates)
    return [(code, happening) for happening in _story(mishap.name, device, at, dice)]


def _story(name: str, device: DevicePlan, at: datetime, dice: random.Random) -> list[Happening]:
    def tell(later: timedelta, what: str) -> Happening:
        return Happening(at + later, device.role, type=what)

    none, while_ = timedelta(), timedelta(seconds=dice.uniform(90, 300))
    taken_back = [tell(timedelta(seconds=11), "fall.cancelled")] if dice.getrandbits(1) else []
    stories = {
        "sos": [tell(none, "sos.pressed")],
        "fall": [tell(none, "fall.detected")],
        "fall_felt": [tell(none, "fall.detected"), *taken_back],
        "doctor_call": [tell(none, "call.requested"), tell(_ANSWERED + while_, "call.ended")],
        "battery": [tell(none, "battery.low"), tell(timedelta(hours=3) + while_, "battery.ok")],
        "water": [tell(none, "water.on"), tell(while_, "water.off")],
        "smoke": [tell(none, "smoke.on"), tell(while_, "smoke.off")],
        "gas": [tell(none, "gas.on"), tell(while_, "gas.off")],
    }
    if name == "vitals":
        return _bad_measurement(device, at, dice)
    return stories[name]


def _bad_measurement(device: DevicePlan, at: datetime, dice: random.Random) -> list[Happening]:
    bad = dice.choice(
        (
            {"systolic": 188.0, "diastolic": 104.0, "heart_rate": 96.0},
            {"spo2": 90.0, "heart_rate": 102.0},
            {"heart_rate": 124.0},
            {"blood_glucose": 3.4},
        )
    )
    better = {"systolic": 142.0, "diastolic": 84.0, "heart_rate": 78.0, "spo2": 96.0, "blood_glucose": 6.8}
    again = {metric: better[metric] for metric in bad}
    return [
        Happening(at, device.role, values=bad),
        Happening(at + timedelta(minutes=dice.uniform(12, 20)), device.role, values=again),
    ]
