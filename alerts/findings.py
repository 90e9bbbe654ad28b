"""What a rule found: the one value that crosses from the rules to the engine.

Rules are pure and make findings; the engine alone decides what becomes of them and writes it. Nothing here is stored,
so a process that dies between the two has lost nothing: the message was not acknowledged and comes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from alerts.model import Disposition, Severity
from core.clock import credible_instant

ConditionKey: TypeAlias = tuple[int | None, str, str]
"""(home id, rule, subject): at most one alert of it is open (invariant 2)."""


class Condition(StrEnum):
    """What a finding says of its condition."""

    MOMENTARY = "momentary"
    """It happened and is over at once: a press, a fall, one measurement out of range."""
    ON = "on"
    """It is so until an `OFF`: smoke, silence."""
    OFF = "off"
    """It is no longer so."""
    CANCELLED = "cancelled"
    """The wearer took it back: a fall inside its cancel window, a press."""
    NOTED = "noted"
    """Belongs on the timeline of its open alert's incident and changes nothing."""
    NONE = "none"
    """Raises nothing; the signal is stored."""


@dataclass(frozen=True, slots=True)
class EventKey:
    """The signal behind a finding, as it will be stored."""

    device_id: int
    event_key: str
    has_own_id: bool
    type: str
    data: Mapping[str, Any]
    device_at: datetime | None
    received_at: datetime
    retained: bool = False
    redelivered: bool = False

    @property
    def happened_at(self) -> datetime:
        """The device's time where it can be believed, else the receive time."""
        return credible_instant(self.device_at, self.received_at)


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a why-chain: what a rule looked at when it found something."""

    what: str
    """`signal`, `reading`, `silence` or `area`."""
    at: datetime
    name: str
    """The signal's type or the reading's metric."""
    device_id: int | None = None
    value: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """Limits, times and places the rule compared with."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule found at one home (`home_id` None: in the system itself)."""

    home_id: int | None
    device_id: int | None
    rule: str
    subject: str
    kind: str
    severity: Severity
    condition: Condition
    lane: str
    event: EventKey | None = None
    resident_id: int | None = None
    """Only for what one resident wears."""
    not_live: bool = False
    probe: bool = False
    cancel_window_seconds: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What made it: the signal, or the reading with its limit; kept with the alert."""
    rule_kind: str = "signal"
    """The kind of its rule: `signal`, `threshold`, `trend`, `sequence`, `inactivity`, `absence`, `outage`, `geofence`, `routine`,
    `battery`; `system` for Yinling's own."""
    rule_version: int = 0
    """The version of the rule; 0 is the built-in one."""
    monitor: bool = False
    """From a rule in monitor mode: evaluated and stored, never shown to operators."""
    playbook: str | None = None
    audience: tuple[str, ...] = ()
    """Who it is for: `operators` (also when empty), `supervisors`, `installers`, `family`."""
    chain: tuple[Link, ...] = ()
    """The why-chain in full, oldest first; empty: the engine makes one link of the event or the evidence."""
    area_id: int | None = None
    """For what is wrong in a whole area (`home_id` None)."""
    caused_by: EventKey | None = None
    """With `event` None: the event that another finding of the same batch carries. When that is a repeat, so is this; it
    comes before the one that carries it."""
    confirm_seconds: float | None = None
    """How long it is pending where it has a `cancel_window_seconds`; None: the centre's setting."""

    @property
    def key(self) -> ConditionKey:
        """What its alert is deduplicated by."""
        return (self.home_id, self.rule, self.subject)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a finding."""

    finding: Finding
    disposition: Disposition
    incident_id: int | None = None
    incident_state: str | None = None
    receipt: str | None = None
    """`accepted`, `duplicate` or None: what to tell a device that gave the event its own id."""


__all__ = ["Condition", "ConditionKey", "EventKey", "Finding", "Link", "Outcome"]
