"""A small town and a random week in it: what its devices say, and rules of every kind that have something to find.

The week is a list of messages made from a seed, with what real devices do: repeats of one press, late redeliveries, states told
again and again, retained old news, sensors that fall silent for a day, a wearer who walks off, values that stay out of range.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from support.worker import add_device, add_home

from alerts.ruleset.service import Wanted, put_rule
from alerts.ruleset.yaml_form import ADAPTER
from core.database import Database
from devices.profiles import catalogue
from people.model import Area, Home, Resident

HOME = (25.85, 114.93)

OWN_RULES: tuple[dict[str, Any], ...] = (
    {"kind": "threshold", "code": "pulse_held", "metric": "heart_rate", "high": 100, "hysteresis": 5, "hold_seconds": 900},
    {"kind": "threshold", "code": "oxygen_watched", "metric": "spo2", "low": 95, "hysteresis": 1, "monitor": True},
    {
        "kind": "threshold",
        "code": "warm_at_night",
        "metric": "temperature",
        "high": 27,
        "hysteresis": 1,
        "during": {"named": "sleep"},
    },
    {"kind": "signal", "code": "door_at_night", "on": ["door.opened"], "off": ["door.closed"], "during": {"named": "sleep"}},
    {
        "kind": "sequence",
        "code": "came_in",
        "first": {"signals": ["door.opened"]},
        "then": {"signals": ["motion.seen"], "metric": "motion", "above": 0.5, "rooms": ["客厅"]},
        "expected": True,
        "within_seconds": 300,
    },
    {
        "kind": "sequence",
        "code": "hot_and_no_door",
        "first": {"metric": "temperature", "above": 28},
        "then": {"signals": ["door.opened"]},
        "expected": False,
        "within_seconds": 1800,
        "monitor": True,
    },
    {"kind": "inactivity", "code": "quiet_for_three_hours", "none_for_seconds": 10800},
    {"kind": "absence", "code": "motion_silent", "silence_seconds": 14400, "lane": "fault", "applies": {"profiles": ["motion"]}},
    {"kind": "trend", "code": "weight_moves", "metric": "weight", "over_days": 3, "direction": "either", "change": 1.2},
    {"kind": "battery", "code": "battery_half", "low_percent": 50, "hysteresis_percent": 5, "lane": "fault", "on": [], "off": []},
    {"kind": "outage", "code": "dark_together", "homes_at_least": 2, "share_at_least": 0.5, "within_seconds": 900, "lane": "fault"},
)
"""Beside the built-in ones."""


@dataclass(frozen=True, order=True)
class Said:
    """One message: when it comes in, on which topic, and what it says."""

    at: datetime
    topic: str = field(compare=False)
    body: Any = field(compare=False)
    flags: dict[str, bool] = field(compare=False, default_factory=dict)


def settle(database: Database, now: datetime) -> list[str]:
    """Three homes with people and devices, and the rules; the homes' codes."""
    with database.transaction() as session:
        session.add(Area(id=1, code="north", name="城北", path="/north/"))
    _furnish(database, now, "h-seen", {"btn": "sos-button", "pend": "pendant", "door": "door", "cook": "environment", "bed": "bed"})
    home = _furnish(database, now, "h-well", {"watch": "watch", "scale": "vitals", "smoke": "smoke-alarm", "gas": "gas-alarm"})
    hub = _furnish(database, now, "h-hub", {"hub": "zigbee2mqtt-gateway"})
    for room in ("客厅", "卫生间", "卧室"):
        _device(database, now, 1, f"h-seen-motion-{room}", "motion", room=room)
    for number, profile in enumerate(("motion", "door", "water-leak"), 1):
        _device(
            database,
            now,
            hub,
            f"h-hub-{profile}",
            profile,
            parent_id=_id(database, "h-hub-hub"),
            address=f"0x{number}",
            alias=profile,
        )
    with database.transaction() as session:
        session.get_one(Home, home).latitude, session.get_one(Home, home).longitude = HOME
        session.get_one(Home, 1).rhythm = {"sleep": ["21:30", "06:00"], "daylight": ["06:00", "19:30"]}
        for resident in session.query(Resident).filter(Resident.home_id == home):
            resident.limits = {"spo2": {"low": 90}}
            resident.rule_values = {"pulse_held": {"hold_seconds": 600}}
        for spec in OWN_RULES:
            whole = {"name": {"zh": spec["code"], "en": spec["code"]}, "severity": "medium", "raises": spec["kind"], **spec}
            put_rule(session, spec["code"], Wanted(ADAPTER.validate_python(whole)), now, "a test")
    return ["h-seen", "h-well", "h-hub"]


def _furnish(database: Database, now: datetime, code: str, devices: dict[str, str]) -> int:
    home = add_home(database, now, code, area_id=1)
    with database.transaction() as session:
        resident = Resident(home_id=home, name="王秀兰", created_at=now)
        session.add(resident)
        session.flush()
        resident_id = resident.id
    for name, profile in devices.items():
        worn = resident_id if catalogue()[profile].worn else None
        _device(database, now, home, f"{code}-{name}", profile, resident_id=worn)
    return home


def _device(database: Database, now: datetime, home: int, code: str, profile: str, **more: Any) -> None:
    add_device(database, now, home, code, profile, silence_due_at=now + timedelta(minutes=5), **more)


def _id(database: Database, code: str) -> int:
    from devices.model import Device  # noqa: PLC0415 only here

    with database.snapshot() as session:
        return session.query(Device.id).filter(Device.code == code).scalar() or 0


def week(seed: int, start: datetime, days: int = 7) -> list[Said]:
    """Everything the devices of the town say, in order."""
    chance = random.Random(seed)  # noqa: S311 a believable week, not a secret
    homes = (_seen, _kitchen, _presses, _well, _scale, _hub, _dark)
    end = start + timedelta(days=days)
    return sorted(said for home in homes for said in home(chance, start, days) if said.at < end)


def _moments(
    chance: random.Random, start: datetime, days: int, a_day: float, hours: tuple[float, float] = (0, 24)
) -> Iterator[datetime]:
    for day in range(days):
        for _ in range(int(chance.expovariate(1 / a_day)) if a_day < 3 else int(a_day)):
            yield start + timedelta(days=day, hours=chance.uniform(*hours), microseconds=chance.randrange(1000))


def _event(chance: random.Random, at: datetime, device: str, kind: str, **more: Any) -> Said:
    home = "-".join(device.split("-")[:2])
    body = {"id": f"{kind}-{chance.getrandbits(40):x}", "type": kind, **more}
    return Said(at, f"yl/v1/{home}/{device}/event", body)


def _seen(chance: random.Random, start: datetime, days: int) -> Iterator[Said]:
    """A home of movement: rooms, a door, a bed."""
    quiet_day = chance.randrange(days)
    for room, a_day in (("客厅", 14), ("卫生间", 5), ("卧室", 5)):
        for at in _moments(chance, start, days, a_day):
            if (at - start).days != quiet_day:
                yield _event(chance, at, f"h-seen-motion-{room}", "motion.seen")
    for at in _moments(chance, start, days, 5):
        yield _event(chance, at, "h-seen-door", "door.opened")
        yield _event(chance, at + timedelta(seconds=chance.uniform(5, 900)), "h-seen-door", "door.closed")
    for at in _moments(chance, start, days, 2):
        yield _event(chance, at, "h-seen-bed", chance.choice(["bed.entered", "bed.left"]))


def _kitchen(chance: random.Random, start: datetime, days: int) -> Iterator[Said]:
    """A stove, and how warm it is."""
    for at in _moments(chance, start, days, 2.5):
        yield _event(chance, at, "h-seen-cook", "stove.on")
        yield _event(chance, at + timedelta(seconds=chance.uniform(60, 5400)), "h-seen-cook", "stove.off")
    for at in _moments(chance, start, days, 20):
        yield Said(at, "yl/v1/h-seen/h-seen-cook/telemetry", {"values": {"temperature": round(chance.gauss(26, 2), 1)}})


def _presses(chance: random.Random, start: datetime, days: int) -> Iterator[Said]:
    """A button and a pendant: calls for help, falls, some taken back."""
    for at in _moments(chance, start, days, 1):
        yield from _press(chance, at, "h-seen-btn", "sos.pressed")
    for at in _moments(chance, start, days, 1.5):
        yield from _press(chance, at, "h-seen-pend", "fall.detected")
        if chance.random() < 0.5:
            yield _event(chance, at + timedelta(seconds=chance.uniform(3, 40)), "h-seen-pend", "fall.cancelled")
    for at in _moments(chance, start, days, 1):
        yield Said(at, "yl/v1/h-seen/h-seen-btn/status", {"online": True, "battery": chance.randrange(5, 100)})


def _press(chance: random.Random, at: datetime, device: str, kind: str) -> Iterator[Said]:
    """A press with the device's own time, sometimes told again, sometimes an old one the broker had kept."""
    first = _event(chance, at, device, kind, ts=int((at - timedelta(seconds=chance.uniform(0, 2))).timestamp() * 1000))
    yield first
    for again in range(chance.choice([0, 0, 1, 3])):
        yield Said(at + timedelta(seconds=2 + 5 * again), first.topic, first.body, {"redelivered": again == 0})
    if chance.random() < 0.2:
        later = at + timedelta(hours=chance.uniform(1, 3))
        yield Said(later, first.topic, {**first.body, "id": f"old-{chance.getrandbits(30):x}"}, {"retained": True})


def _well(chance: random.Random, start: datetime, days: int) -> Iterator[Said]:
    """A home of measurements: a watch with pulse and place."""
    topic = "yl/v1/h-well/h-well-{}/telemetry"
    off_day = chance.randrange(days)
    pulse, oxygen = 75.0, 97.0
    for day in range(days):
        for step in range(96):
            at = start + timedelta(days=day, minutes=15 * step, seconds=chance.uniform(0, 800))
            pulse = min(max(pulse + chance.gauss(0, 9) + (75 - pulse) * 0.1, 35), 150)
            oxygen = min(max(oxygen + chance.gauss(0, 1.2) + (96 - oxygen) * 0.1, 84), 100)
            values = {"heart_rate": round(pulse), "spo2": round(oxygen)}
            if day != off_day or step < 40:
                yield Said(at, topic.format("watch"), {"values": values})
    far = chance.randrange(days)
    for day in range(days):
        for step in range(48):
            at = start + timedelta(days=day, minutes=30 * step, seconds=chance.uniform(0, 1700))
            away = 0.06 if day == far and step > 20 else 0.0008
            place = {
                "latitude": HOME[0] + away * chance.random(),
                "longitude": HOME[1] + away,
                "accuracy": chance.choice([5, 30, 400]),
            }
            yield Said(at, topic.format("watch"), {"values": place})


def _scale(chance: random.Random, start: datetime, days: int) -> Iterator[Said]:
    """A scale and a cuff; smoke and gas that come and go."""
    topic = "yl/v1/h-well/h-well-{}/telemetry"
    weight = 58.0
    for at in _moments(chance, start, days, 3, (6, 9)):
        weight += chance.gauss(0, 0.9)
        yield Said(at, topic.format("scale"), {"values": {"weight": round(weight, 1), "systolic": round(chance.gauss(150, 25))}})
    for hazard, device in (("smoke", "smoke"), ("gas", "gas")):
        for at in _moments(chance, start, days, 0.6):
            yield _event(chance, at, f"h-well-{device}", f"{hazard}.on")
            yield _event(chance, at + timedelta(minutes=chance.uniform(1, 50)), f"h-well-{device}", f"{hazard}.off")
    for at in _moments(chance, start, days, 6):
        yield Said(at, "yl/v1/h-well/h-well-smoke/status", {"online": True})


def _hub(chance: random.Random, start: datetime, days: int) -> Iterator[Said]:
    """A home behind a Zigbee gateway that is cut off for a day, and repeats whole states in every message."""
    cut = chance.randrange(1, days)
    states: dict[str, dict[str, Any]] = {
        "motion": {"occupancy": False},
        "door": {"contact": True},
        "water-leak": {"water_leak": False},
    }
    for alias, state in states.items():
        level = 80.0
        for at in sorted(_moments(chance, start, days, 18)):
            if (at - start).days == cut:
                continue
            name = next(iter(state))
            level = max(level - chance.uniform(0, 1), 3)
            if chance.random() < (0.15 if alias == "water-leak" else 0.6):
                state[name] = not state[name]
            body = {**state, "battery": round(level), "linkquality": chance.randrange(20, 255)}
            yield Said(at, f"yl/v1/h-hub/h-hub-hub/zigbee2mqtt/{alias}", body)


def _dark(chance: random.Random, start: datetime, days: int) -> Iterator[Said]:
    """Power and lines that fail here and there, now and then in several homes at once, and come back when they do."""
    for at in _moments(chance, start, days, 4):
        for device in chance.sample(("h-seen-cook", "h-well-smoke", "h-hub-hub"), chance.choice([1, 2, 3])):
            lost = at + timedelta(seconds=chance.uniform(0, 700))
            back = lost + timedelta(seconds=chance.uniform(5, 20000))
            if device != "h-hub-hub" and chance.random() < 0.7:
                yield _event(chance, lost, device, "power.lost")
                yield _event(chance, back, device, "power.restored")
            else:
                topic = "yl/v1/{}/{}/status".format("-".join(device.split("-")[:2]), device)
                yield Said(lost, topic, {"online": False}, {"retained": chance.random() < 0.1})
                yield Said(back, topic, {"online": True})


__all__ = ["OWN_RULES", "Said", "settle", "week"]
