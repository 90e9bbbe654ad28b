"""What the homes of the simulated town say in a day, message by message, for the bench of a home's cost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.ids import new_code
from devices.profiles import catalogue
from yinling.demo.census import Household, household
from yinling.demo.furnishing import GATEWAY_ROLE, TRIAL_ROLE, DevicePlan, code_of, furnish
from yinling.simulate.day import day_of
from yinling.simulate.happenings import Happening
from yinling.simulate.payloads import native, status, zigbee
from yinling.simulate.town import battery_of

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a home's day: when, below which topic, and what; None is the device's heartbeat."""

    at: datetime
    topic: str
    device: DevicePlan
    happening: Happening | None


def town(homes: int) -> list[Household]:
    """The first homes of the simulated town."""
    return [household(number) for number in range(1, homes + 1)]


def day_said(home: Household, zone: ZoneInfo) -> list[Said]:
    """Every message of a home's day: what its life makes its devices say, and their heartbeats."""
    devices = {device.role: device for device in furnish(home) if device.role != TRIAL_ROLE}
    midnight = datetime(2026, 11, 22, tzinfo=zone)
    said: list[Said] = []
    for happening in day_of(home, tuple(devices.values()), midnight.date(), zone):
        device = devices[happening.role]
        said.append(Said(happening.at, topic_of(home, device), device, happening))
        if device.is_child and happening.type == "motion.seen":
            over = Happening(happening.at + timedelta(seconds=90), device.role, type="motion.over")
            said.append(Said(over.at, topic_of(home, device), device, over))
    for device in devices.values():
        if device.is_child:
            continue
        every_seconds = min(catalogue()[device.profile].heartbeat_seconds * 0.4, 3600)
        beats = [midnight + timedelta(seconds=beat * every_seconds) for beat in range(int(DAY_SECONDS / every_seconds))]
        said += [Said(at, topic_of(home, device), device, None) for at in beats]
    return said


def topic_of(home: Household, device: DevicePlan) -> str:
    """Where it speaks; the child of a gateway where the gateway's port puts what it says."""
    if device.is_child:
        return f"yl/v1/{home.code}/{home.code}-{GATEWAY_ROLE}/up"
    return f"yl/v1/{home.code}/{code_of(home, device)}"


def stretch(days: Sequence[list[Said]], messages: float) -> list[Said]:
    """As much of each day as makes the messages wanted, in order; each home's begins at an hour of its own.

    So a home that says more has more of them, as in life.
    """
    chance = random.Random(1)  # noqa: S311 no secret
    length = DAY_SECONDS * messages / sum(map(len, days))
    found: list[tuple[float, Said]] = []
    for day in days:
        start = chance.uniform(0, DAY_SECONDS)
        since = [((said.at.hour * 60 + said.at.minute) * 60 + said.at.second - start) % DAY_SECONDS for said in day]
        found += [(seconds, said) for seconds, said in zip(since, day, strict=True) if seconds < length]
    return [said for _, said in sorted(found, key=lambda one: one[0])]


def words(said: Said) -> tuple[str, bytes, bool]:
    """Topic below the device's, payload, and whether the broker keeps it."""
    battery = battery_of(said.device.role, said.device)
    if said.happening is None:
        return "status", status(online=True, battery=battery, rssi=-61), True
    if said.device.is_child:
        told = zigbee(said.happening, said.device, battery or 100)
        assert told is not None
        return told.below.replace(" ", "\u00a0"), told.payload, False
    told = native(said.happening, new_code("e", 12), datetime.now(UTC))
    return told.below, told.payload, False
