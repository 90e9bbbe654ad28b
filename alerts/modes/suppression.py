"""What a mode mutes, and what it never does. Pure: a finding and the modes that stand, nothing else.

- Away and hospital mute what follows from nothing having been seen (inactivity, routine), and the distance from home of
  whoever is away. What was seen, measured or pressed at the home is never muted: not an SOS, a fall, smoke, gas, carbon
  monoxide, water or a vital, not a door at night, not a stove, not somebody who is too long in one room.
- Out of service mutes the faults of that device and what it measured below `high`. Its presses, falls and hazards ring.
- Test and drill mute nothing: what they touch is marked, in an incident of its own, and everything else rings as always.
- A rule in monitor mode is never shown, whatever stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from alerts.lanes import FAULT
from alerts.model import Severity
from alerts.modes.model import ModeKind, SuppressedBecause

AWAY_MODES = frozenset({ModeKind.AWAY, ModeKind.HOSPITAL})
_NOTHING_SEEN = frozenset({"inactivity", "routine"})
_LIFE_KINDS = frozenset({"sos", "fall", "smoke", "gas", "co", "water", "doctor_call"})
_MEASURED = frozenset({"threshold", "trend"})


class Judged(Protocol):
    """What is read of a finding, or of an alert that stands, to judge whether a mode mutes it."""

    @property
    def rule_kind(self) -> str:
        """The kind of its rule."""
        ...

    @property
    def kind(self) -> str:
        """What it is, such as `sos` or `battery`."""
        ...

    @property
    def severity(self) -> str:
        """How bad."""
        ...

    @property
    def device_id(self) -> int | None:
        """The device it comes from."""
        ...

    @property
    def resident_id(self) -> int | None:
        """The resident it is about."""
        ...

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What made it."""
        ...


@dataclass(frozen=True, slots=True)
class StandingMode:
    """A stay in a mode, as far as it decides about findings of its home."""

    id: int
    home_id: int
    mode: ModeKind
    until_at: datetime
    resident_id: int | None = None
    device_id: int | None = None
    empties_home: bool = False
    """Away or hospital: whether nobody is left at home; set for the home's own stay and when each resident has one."""


def because(finding: Judged, standing: Iterable[StandingMode], *, lane: str, monitor: bool = False) -> SuppressedBecause | None:
    """Why a finding in `lane` is not shown, or None."""
    if monitor:
        return SuppressedBecause.MONITOR
    muting = muted_by(finding, standing, lane=lane)
    return None if muting is None else SuppressedBecause(muting.mode)


def muted_by(finding: Judged, standing: Iterable[StandingMode], *, lane: str) -> StandingMode | None:
    """The mode that mutes a finding in `lane`, or None; of several the one that lasts longest."""
    muting = [mode for mode in standing if _mutes(mode, finding, lane)]
    return max(muting, key=lambda mode: mode.until_at, default=None)


def _mutes(mode: StandingMode, finding: Judged, lane: str) -> bool:
    if mode.mode in AWAY_MODES:
        return _away_mutes(mode, finding)
    if mode.mode is ModeKind.OUT_OF_SERVICE:
        return mode.device_id is not None and finding.device_id == mode.device_id and _broken_mutes(finding, lane)
    return False


def _away_mutes(mode: StandingMode, finding: Judged) -> bool:
    about_the_away = mode.empties_home or (mode.resident_id is not None and finding.resident_id == mode.resident_id)
    if not about_the_away or rests_on_sight(finding.rule_kind, finding.evidence):
        return False
    return finding.rule_kind in _NOTHING_SEEN or finding.rule_kind == "geofence"


def _broken_mutes(finding: Judged, lane: str) -> bool:
    if finding.kind in _LIFE_KINDS or finding.severity == Severity.CRITICAL:
        return False
    if lane.partition(":")[0] == FAULT:
        return True
    return finding.rule_kind in _MEASURED and Severity(finding.severity).rank > Severity.HIGH.rank


def rests_on_sight(rule_kind: str, evidence: Mapping[str, Any]) -> bool:
    """Whether a finding follows from somebody having been seen where they should not be, or for too long."""
    if rule_kind == "inactivity":
        return evidence.get("name") == "longer_than"
    return rule_kind == "geofence" and evidence.get("outside") is False


def mark_of(finding: Judged, standing: Sequence[StandingMode]) -> ModeKind | None:
    """`test` for what a device in test mode says, `drill` for everything of a home in a drill, else None.

    What follows from nothing having been seen is no device's word: it is never a test.
    """
    testing = {mode.device_id for mode in standing if mode.mode is ModeKind.TEST} - {None}
    if finding.device_id in testing and finding.rule_kind not in _NOTHING_SEEN:
        return ModeKind.TEST
    return ModeKind.DRILL if any(mode.mode is ModeKind.DRILL for mode in standing) else None


def emptied(modes: Iterable[StandingMode], residents: Iterable[int]) -> bool:
    """Whether nobody is left: the home itself is away, or each of its residents is."""
    away = [mode for mode in modes if mode.mode in AWAY_MODES and mode.device_id is None]
    gone = {mode.resident_id for mode in away}
    people = set(residents)
    return None in gone or (bool(people) and people <= gone)


__all__ = ["AWAY_MODES", "Judged", "StandingMode", "because", "emptied", "mark_of", "muted_by", "rests_on_sight"]
