"""What happened in the town in the week before the demonstration began: plans of incidents, all of them closed.

Pure: a function of the homes and the instant. The mix follows what services report of such work: most presses are not
emergencies, few end with an ambulance, nine in ten are answered within fifteen seconds.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.model import CloseReason, Severity

DAYS = 7
_PER_DAY_OF_200_HOMES = 64
# Share of the day's incidents by local hour: people fall at night, press in the morning and the evening.
_BY_HOUR = (2, 2, 2, 2, 3, 5, 7, 8, 7, 6, 6, 5, 4, 4, 4, 5, 5, 6, 6, 6, 5, 4, 3, 2)
_ANSWER_MEDIAN_SECONDS = 5.5
_ANSWER_SPREAD = 0.75


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of incident, what raises it, and how such ones end."""

    kind: str
    signal: str
    severity: Severity
    profiles: tuple[str, ...]
    weight: int
    endings: Mapping[CloseReason, int]


_R = CloseReason
_PRESSED = {_R.FALSE_ACCIDENTAL: 40, _R.REASSURED: 34, _R.TEST: 12, _R.REAL_ASSISTED: 11, _R.REAL_AMBULANCE: 3}
_FELL = {_R.REASSURED: 45, _R.FALSE_DEVICE: 25, _R.REAL_ASSISTED: 24, _R.REAL_AMBULANCE: 6}
_SMOKED = {_R.REASSURED: 60, _R.FALSE_DEVICE: 20, _R.REAL_ASSISTED: 20}
_WENT_FLAT = {_R.TECHNICAL: 100}
_CALLED = {_R.REAL_ASSISTED: 80, _R.REASSURED: 20}

CAUSES: tuple[Cause, ...] = (
    Cause("sos", "sos.pressed", Severity.CRITICAL, ("sos-button", "pendant", "watch"), 46, _PRESSED),
    Cause("fall", "fall.detected", Severity.CRITICAL, ("fall-sensor", "watch"), 14, _FELL),
    Cause("smoke", "smoke.on", Severity.CRITICAL, ("smoke-alarm",), 5, _SMOKED),
    Cause("gas", "gas.on", Severity.CRITICAL, ("gas-alarm",), 2, _SMOKED),
    Cause("water", "water.on", Severity.HIGH, ("water-leak",), 4, {_R.REASSURED: 55, _R.REAL_ASSISTED: 45}),
    Cause("doctor_call", "call.requested", Severity.HIGH, ("doctor-kiosk",), 9, _CALLED),
    Cause("battery", "battery.low", Severity.LOW, ("sos-button", "motion", "door"), 12, _WENT_FLAT),
    Cause("silence", "silence", Severity.LOW, ("bed", "environment", "zigbee2mqtt-gateway"), 4, _WENT_FLAT),
)


@dataclass(frozen=True, slots=True)
class PastIncident:
    """One incident from its opening to its close. `place` is the index of the device it came from."""

    cause: Cause
    place: int
    opened_at: datetime
    acknowledged_at: datetime
    dispatched_at: datetime | None
    on_scene_at: datetime | None
    closed_at: datetime
    reason: CloseReason


def plan_week(profiles: Sequence[str], homes: int, now: datetime, timezone: str) -> list[PastIncident]:
    """The incidents before `now`, oldest first; `profiles` are those of all devices that may cause one."""
    dice = random.Random("yinling-past-week")  # noqa: S311 a town, not a secret
    by_profile: dict[str, list[int]] = {}
    for place, profile in enumerate(profiles):
        by_profile.setdefault(profile, []).append(place)
    causes = [cause for cause in CAUSES if any(profile in by_profile for profile in cause.profiles)]
    planned = []
    for day in range(DAYS, 0, -1):
        for _ in range(round(_PER_DAY_OF_200_HOMES * homes / 200)):
            cause = dice.choices(causes, [cause.weight for cause in causes])[0]
            places = [place for profile in cause.profiles for place in by_profile.get(profile, ())]
            opened_at = _moment(dice, now, day, ZoneInfo(timezone))
            incident = _play(dice, cause, dice.choice(places), opened_at)
            if incident.closed_at < now:
                planned.append(incident)
    return sorted(planned, key=lambda incident: incident.opened_at)


def _moment(dice: random.Random, now: datetime, days_ago: int, zone: ZoneInfo) -> datetime:
    hour = dice.choices(range(24), _BY_HOUR)[0]
    midnight = (now.astimezone(zone) - timedelta(days=days_ago - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + timedelta(hours=hour, seconds=dice.uniform(0, 3600))
    # What today's clock has not reached yet happened a week before.
    return (moment if moment < now else moment - timedelta(days=DAYS)).astimezone(now.tzinfo)


def _play(dice: random.Random, cause: Cause, place: int, opened_at: datetime) -> PastIncident:
    is_fault = cause.severity is Severity.LOW
    reason = dice.choices(list(cause.endings), list(cause.endings.values()))[0]
    answer_seconds = _ANSWER_MEDIAN_SECONDS * dice.lognormvariate(0, _ANSWER_SPREAD) * (30 if is_fault else 1)
    acknowledged_at = opened_at + timedelta(seconds=max(1.5, answer_seconds))
    needs_visit = is_fault or reason in {_R.REAL_ASSISTED, _R.REAL_AMBULANCE, _R.FALSE_DEVICE}
    if not needs_visit or cause.kind == "doctor_call":
        closed_at = acknowledged_at + timedelta(seconds=dice.uniform(40, 420))
        return PastIncident(cause, place, opened_at, acknowledged_at, None, None, closed_at, reason)
    dispatched_at = acknowledged_at + timedelta(seconds=dice.uniform(45, 160))
    on_scene_at = dispatched_at + timedelta(minutes=dice.uniform(40, 300) if is_fault else dice.uniform(4, 16))
    closed_at = on_scene_at + timedelta(minutes=dice.uniform(6, 45))
    return PastIncident(cause, place, opened_at, acknowledged_at, dispatched_at, on_scene_at, closed_at, reason)
