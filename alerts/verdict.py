"""Is today normal? One word for a family, decided from what was heard. Pure.

Stale is never shown as normal: where nothing was heard for too long the verdict is `unknown`, whatever was heard before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

NOTHING_HEARD_AFTER = timedelta(hours=12)
"""Nothing heard of any device of the home for this long: nobody can say that all is well."""
NO_MOVEMENT_AFTER = timedelta(hours=12)
"""No movement for this long, longer than a night, where something watches for movement."""
BATTERY_LOW_PERCENT = 15.0

Verdict = Literal["normal", "attention", "incident", "unknown"]
Sentence = Literal[
    "all_normal",
    "incident_open",
    "nothing_heard",
    "gateway_silent",
    "no_devices",
    "device_silent",
    "battery_low",
    "no_movement",
    "fault_open",
    "away",
]


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """What is known of a home at this moment; `watches_movement` is whether any device of it can see movement."""

    danger_open: bool
    devices: int
    silent_devices: int
    gateway_silent: bool
    last_seen_at: datetime | None
    lowest_battery: float | None
    watches_movement: bool
    last_movement_at: datetime | None
    fault_open: bool = False
    """Something of it waits for an engineer."""
    away: bool = False
    """The residents are away or in hospital: nobody can be missed at home."""


def judge(facts: HomeFacts, now: datetime) -> tuple[Verdict, Sentence]:
    """The verdict and the code of its sentence; what is worse is said first."""
    unheard = facts.last_seen_at is None or now - facts.last_seen_at > NOTHING_HEARD_AFTER or facts.silent_devices == facts.devices
    still = facts.watches_movement and (facts.last_movement_at is None or now - facts.last_movement_at > NO_MOVEMENT_AFTER)
    weak = facts.lowest_battery is not None and facts.lowest_battery <= BATTERY_LOW_PERCENT
    ladder: tuple[tuple[bool, Verdict, Sentence], ...] = (
        (facts.danger_open, "incident", "incident_open"),
        (facts.devices == 0, "unknown", "no_devices"),
        (facts.gateway_silent, "unknown", "gateway_silent"),
        (unheard, "unknown", "nothing_heard"),
        (facts.silent_devices > 0, "attention", "device_silent"),
        (facts.away, "unknown", "away"),
        (still, "attention", "no_movement"),
        (weak, "attention", "battery_low"),
        (facts.fault_open, "attention", "fault_open"),
    )
    return next(((verdict, sentence) for holds, verdict, sentence in ladder if holds), ("normal", "all_normal"))
